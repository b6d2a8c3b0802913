//! The response body of a WebSocket: what the connection says itself, then what the session's outbox has.
//!
//! It is polled only when the socket can take more; what waits meanwhile waits in the outbox, bounded.

use std::cell::{Cell, RefCell};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_http::ws::{CloseReason, OpCode, Parser};
use actors::clock::Clock;
use actors::frame::Frame;
use actors::outbox::{Farewell, LinkNumber, Outbox, Pulled};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use protocol::{Dialect, codec, compression};

/// About how much one pull may take: a few writes' worth, so that one client's backlog does not hold up others.
const PULL_BYTES: usize = 32 * 1024;
/// How long a goodbye waits for the client's own close frame.
const GOODBYE_WAIT: Duration = Duration::from_secs(1);

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
    dialect: Dialect,
    clock: Clock,
    line: Rc<Line>,
    numbered: Vec<u8>,
    goodbye: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl<S> PulledBody<S> {
    pub fn new(socket: S, line: Rc<Line>, dialect: Dialect, clock: Clock) -> Self {
        Self { socket: Box::pin(socket), dialect, clock, line, numbered: Vec::new(), goodbye: None }
    }
}

impl<S: Stream<Item = Result<Bytes, actix_web::Error>>> Stream for PulledBody<S> {
    type Item = Result<Bytes, actix_web::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if let Poll::Ready(item) = this.socket.as_mut().poll_next(cx) {
            return Poll::Ready(item);
        }
        if this.line.is_closing() {
            let wait = this.goodbye.get_or_insert_with(|| Box::pin(tokio::time::sleep(GOODBYE_WAIT)));
            return wait.as_mut().poll(cx).map(|()| None);
        }
        let Some((link, outbox)) = this.line.outbox.borrow().clone() else { return Poll::Pending };
        let dialect = this.dialect;
        let (mut out, numbered) = (BytesMut::new(), &mut this.numbered);
        let mut write = |seq: Option<u64>, text: &[u8]| match seq {
            Some(seq) => {
                numbered.clear();
                codec::with_seq(dialect, seq, text, numbered);
                Parser::write_message(&mut out, &*numbered, op_code(dialect, text), true, false);
            }
            None => Parser::write_message(&mut out, text, op_code(dialect, text), true, false),
        };
        match outbox.pull(link, PULL_BYTES, &mut write, cx.waker()) {
            Pulled::Some { ping } => {
                if ping {
                    Parser::write_message(&mut out, b"", OpCode::Ping, true, false);
                }
                Poll::Ready(Some(Ok(out.freeze())))
            }
            Pulled::Idle => Poll::Pending,
            Pulled::Ended(farewell) => {
                let goodbye = Frame::new(farewell.disconnect(), this.clock.now().wall_ms);
                let text = goodbye.encoded(dialect, None);
                Parser::write_message(&mut out, text, op_code(dialect, text), true, false);
                Parser::write_close(&mut out, Some(close_reason(&farewell)), false);
                this.line.close();
                Poll::Ready(Some(Ok(out.freeze())))
            }
        }
    }
}
