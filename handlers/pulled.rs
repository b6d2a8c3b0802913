//! The response body of a WebSocket: what the connection says itself, then what the session's outbox has.
//!
//! It is polled only when the socket can take more; what waits meanwhile waits in the outbox, bounded.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use actix_http::ws::{CloseReason, OpCode, Parser};
use actors::clock::Clock;
use actors::frame::Frame;
use actors::outbox::{Farewell, LinkNumber, Outbox, Pulled};
use bytes::{BufMut, Bytes, BytesMut};
use futures_util::Stream;
use futures_util::task::AtomicWaker;
use protocol::{Dialect, codec, compression};

/// About how much one pull may take: a few writes' worth, so that one client's backlog does not hold up others.
const PULL_BYTES: usize = 32 * 1024;
/// How long a goodbye waits for the client's own close frame.
const GOODBYE_WAIT: Duration = Duration::from_secs(1);

const FIN: u8 = 0x80;
/// The longest head of an unmasked frame.
const HEAD_MAX: usize = 10;

thread_local! {
    // What is pulled is copied by actix-http before the next pull: one buffer does for all connections of a worker.
    static PAGE: RefCell<BytesMut> = RefCell::new(BytesMut::with_capacity(PULL_BYTES));
}

/// What a connection and its response body share.
#[derive(Debug, Default)]
pub struct Line {
    outbox: RefCell<Option<(LinkNumber, Arc<Outbox>)>>,
    closing: Cell<bool>,
}

impl Line {
    /// There is a session: from here on the body pulls from its outbox.
    pub fn join(&self, link: LinkNumber, outbox: Arc<Outbox>) {
        *self.outbox.borrow_mut() = Some((link, outbox));
    }

    /// A close frame goes out: nothing may follow it.
    pub fn close(&self) {
        self.closing.set(true);
    }

    pub fn is_closing(&self) -> bool {
        self.closing.get()
    }
}

/// The close frame of a farewell.
pub fn close_reason(farewell: &Farewell) -> CloseReason {
    CloseReason { code: farewell.code.number().into(), description: Some(farewell.reason.clone()) }
}

/// What the frame of an encoded message is.
pub fn op_code(dialect: Dialect, encoded: &[u8]) -> OpCode {
    let binary = dialect.is_binary() || compression::is_compressed(encoded);
    if binary { OpCode::Binary } else { OpCode::Text }
}

/// The response body: the connection's own frames first, then what the outbox has.
pub struct PulledBody<S> {
    socket: Pin<Box<S>>,
    /// Whether there is anything for the connection itself to do: most often it is only the outbox that has something.
    called: Arc<Called>,
    dialect: Dialect,
    clock: Clock,
    line: Rc<Line>,
    goodbye: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl<S> PulledBody<S> {
    pub fn new(socket: S, line: Rc<Line>, dialect: Dialect, clock: Clock) -> Self {
        Self { socket: Box::pin(socket), called: Arc::default(), dialect, clock, line, goodbye: None }
    }
}

impl<S: Stream<Item = Result<Bytes, actix_web::Error>>> Stream for PulledBody<S> {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Some(waker) = this.called.answer(cx.waker()) {
            let item = this.socket.as_mut().poll_next(&mut Context::from_waker(&waker));
            if item.is_ready() {
                // There may be more.
                this.called.is_called.store(true, Ordering::Release);
                return item;
            }
        }
        if this.line.is_closing() {
            let wait = this.goodbye.get_or_insert_with(|| Box::pin(tokio::time::sleep(GOODBYE_WAIT)));
            return wait.as_mut().poll(cx).map(|()| None);
        }
        let joined = this.line.outbox.borrow();
        let Some((link, outbox)) = joined.as_ref() else { return Poll::Pending };
        PAGE.with_borrow_mut(|page| this.pull(*link, outbox, page, cx))
    }
}

/// The waker that a connection gets: it remembers that it was called.
struct Called {
    is_called: AtomicBool,
    task: AtomicWaker,
}

impl Default for Called {
    /// Called: a connection begins with something to do.
    fn default() -> Self {
        Self { is_called: AtomicBool::new(true), task: AtomicWaker::new() }
    }
}

impl Called {
    /// The waker to poll the connection with, if it was called since the last time.
    fn answer(self: &Arc<Self>, task: &Waker) -> Option<Waker> {
        self.task.register(task);
        self.is_called.swap(false, Ordering::AcqRel).then(|| Waker::from(self.clone()))
    }
}

impl Wake for Called {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.is_called.swap(true, Ordering::AcqRel) {
            self.task.wake();
        }
    }
}

impl<S> PulledBody<S> {
    fn pull(
        &self,
        link: LinkNumber,
        outbox: &Outbox,
        page: &mut BytesMut,
        cx: &mut Context,
    ) -> Poll<Option<Result<Bytes, actix_web::Error>>> {
        let dialect = self.dialect;
        let mut write = |seq: Option<u64>, text: &[u8]| match seq {
            Some(seq) => {
                let (prefix, rest) = codec::numbered(dialect, seq, text);
                write_frame(page, op_code(dialect, text), &prefix, rest);
            }
            None => write_frame(page, op_code(dialect, text), &[], text),
        };
        match outbox.pull(link, PULL_BYTES, &mut write, cx.waker()) {
            Pulled::Some { ping } => {
                if ping {
                    write_frame(page, OpCode::Ping, &[], &[]);
                }
            }
            Pulled::Idle => return Poll::Pending,
            Pulled::Ended(farewell) => {
                let goodbye = Frame::new(farewell.disconnect(), self.clock.now().wall_ms);
                let text = goodbye.encoded(dialect, None);
                write_frame(page, op_code(dialect, text), &[], text);
                Parser::write_close(page, Some(close_reason(&farewell)), false);
                self.line.close();
            }
        }
        Poll::Ready(Some(Ok(page.split().freeze())))
    }
}

/// Writes a frame whose payload comes in two parts: unmasked, whole, as servers do (RFC 6455, 5.2).
pub fn write_frame(out: &mut BytesMut, op_code: OpCode, first: &[u8], rest: &[u8]) {
    let payload = first.len() + rest.len();
    out.reserve(payload + HEAD_MAX);
    out.put_u8(FIN | u8::from(op_code));
    match (u8::try_from(payload), u16::try_from(payload)) {
        (Ok(short @ ..=125), _) => out.put_u8(short),
        (_, Ok(middle)) => {
            out.put_u8(126);
            out.put_u16(middle);
        }
        _ => {
            out.put_u8(127);
            out.put_u64(payload as u64);
        }
    }
    out.put_slice(first);
    out.put_slice(rest);
}
