//! A socket after its upgrade, as the two see it that write to it: the connection's own task, and the worker's postman, who
//! brings what the outbox has.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::ErrorKind;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use std::{io, mem};

use actix_http::ws::{OpCode, Parser};
use actors::bells::Bell;
use actors::clock::Clock;
use actors::frame::Frame;
use actors::outbox::{LinkNumber, Outbox, Pulled};
use bytes::{Buf, Bytes, BytesMut};
use futures_util::Stream;
use protocol::{Dialect, codec};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::ws::io::Io;
use crate::ws::lull::Lull;
use crate::ws::wire::{close_reason, op_code, write_frame};

/// About how much one pull may take: a few writes' worth, so that one client's backlog does not hold up others.
const PULL_BYTES: usize = 32 * 1024;
/// How much is read at once.
const READ_BYTES: usize = 16 * 1024;

thread_local! {
    // What is read is handed on before the next read: one buffer does for all connections of a worker.
    static READ: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_BYTES].into());
}

/// See the module. Everything is written in the order in which it is said.
pub struct Line {
    io: RefCell<Io>,
    dialect: Dialect,
    clock: Clock,
    bell: Bell,
    lull: Rc<Lull>,
    outbox: RefCell<Option<(LinkNumber, Arc<Outbox>)>>,
    /// What the socket has not taken yet. While there is something, nothing is pulled.
    unsent: RefCell<BytesMut>,
    /// The connection's own task, which waits for the socket.
    task: RefCell<Waker>,
    is_closing: Cell<bool>,
    is_broken: Cell<bool>,
}

impl Line {
    pub fn new(io: Io, dialect: Dialect, clock: Clock, bell: Bell, lull: Rc<Lull>) -> Self {
        Self {
            io: RefCell::new(io),
            dialect,
            clock,
            bell,
            lull,
            outbox: RefCell::default(),
            unsent: RefCell::default(),
            task: RefCell::new(Waker::noop().clone()),
            is_closing: Cell::new(false),
            is_broken: Cell::new(false),
        }
    }

    /// A message came in; somebody may wait for the answer to it.
    pub fn heard(&self, is_awaited: bool) {
        self.lull.heard(is_awaited);
    }

    /// There is a session: from here on its outbox is brought.
    pub fn join(&self, link: LinkNumber, outbox: Arc<Outbox>) {
        *self.outbox.borrow_mut() = Some((link, outbox));
    }

    /// A close frame goes out, or nobody listens any more: nothing may follow.
    pub fn close(&self) {
        self.is_closing.set(true);
    }

    pub fn is_closing(&self) -> bool {
        self.is_closing.get()
    }

    /// The socket takes nothing any more.
    pub fn is_broken(&self) -> bool {
        self.is_broken.get()
    }

    /// Whether the session has nothing more to do with this connection, which may not know yet.
    pub fn is_given_up(&self) -> bool {
        self.outbox.borrow().as_ref().is_some_and(|(link, outbox)| outbox.is_over(*link))
    }

    /// Bytes that wait for the socket.
    pub fn unsent(&self) -> usize {
        self.unsent.borrow().len()
    }

    /// The task that waits for the socket.
    pub fn attend(&self, task: &Waker) {
        self.task.borrow_mut().clone_from(task);
    }

    /// Says something of the connection's own, which is written with [`Self::poll_flush`].
    pub fn say(&self, bytes: &[u8]) {
        self.unsent.borrow_mut().extend_from_slice(bytes);
    }

    /// Writes what waits to be written.
    ///
    /// # Errors
    /// The socket is broken.
    pub fn poll_flush(&self, cx: &mut Context) -> Poll<io::Result<()>> {
        let (mut io, mut unsent) = (self.io.borrow_mut(), self.unsent.borrow_mut());
        let waited = !unsent.is_empty();
        while !unsent.is_empty() {
            match ready!(Pin::new(&mut *io).poll_write(cx, &unsent))? {
                0 => return Poll::Ready(Err(ErrorKind::WriteZero.into())),
                written => unsent.advance(written),
            }
        }
        // An idle connection keeps no memory for what may come.
        if waited {
            *unsent = BytesMut::new();
        }
        Pin::new(&mut *io).poll_flush(cx)
    }

    /// Brings what the outbox has, if the socket can take it. `page` is empty before and after.
    pub fn bring(&self, page: &mut BytesMut) {
        let outbox = self.outbox.borrow();
        let Some((link, outbox)) = outbox.as_ref().filter(|_| !self.is_closing()) else { return };
        if !self.unsent.borrow().is_empty() {
            outbox.jam(*link);
            // It looks again when the socket has taken that.
            return self.call();
        }
        let dialect = self.dialect;
        let mut write = |seq: Option<u64>, text: &[u8]| match seq {
            Some(seq) => {
                let (prefix, rest) = codec::numbered(dialect, seq, text);
                write_frame(page, op_code(dialect, text), &prefix, rest);
            }
            None => write_frame(page, op_code(dialect, text), &[], text),
        };
        match outbox.pull(*link, PULL_BYTES, &mut write, &self.bell) {
            Pulled::Some { ping, more } => {
                if ping {
                    write_frame(page, OpCode::Ping, &[], &[]);
                }
                self.write(page);
                if more {
                    self.bell.ring();
                }
            }
            Pulled::Idle => {}
            Pulled::Ended(farewell) => {
                let goodbye = Frame::new(farewell.disconnect(), self.clock.now().wall_ms);
                let text = goodbye.encoded(dialect, None);
                write_frame(page, op_code(dialect, text), &[], text);
                Parser::write_close(page, Some(close_reason(&farewell)), false);
                self.close();
                self.write(page);
                self.call();
            }
        }
    }

    /// Writes the page as far as the socket takes it; the rest waits for it.
    fn write(&self, page: &mut BytesMut) {
        let written = match self.io.borrow_mut().write_now(page, &self.task.borrow()) {
            Ok(written) => written,
            Err(error) if error.kind() == ErrorKind::WouldBlock => 0,
            Err(_) => {
                self.is_broken.set(true);
                page.len()
            }
        };
        if written < page.len() {
            self.say(&page[written..]);
        }
        if written < page.len() || self.is_broken() {
            self.call();
        }
        page.clear();
    }

    fn call(&self) {
        self.task.borrow().wake_by_ref();
    }

    /// Lets go of a socket that takes nothing: the kernel is to keep nothing of it either.
    pub fn cut(&self) {
        // It may be gone already; that is all we want.
        let _ = self.io.borrow().socket().set_linger(Some(Duration::ZERO));
    }

    /// Tells the other end that nothing more comes.
    pub async fn shut_down(&self) {
        // It may be gone already.
        let _ = poll_fn(|cx| Pin::new(&mut *self.io.borrow_mut()).poll_shutdown(cx)).await;
    }
}

/// What comes in on a line: first what was read before the upgrade.
pub struct Incoming {
    line: Rc<Line>,
    first: Bytes,
}

impl Incoming {
    pub fn new(line: Rc<Line>, first: Bytes) -> Self {
        Self { line, first }
    }
}

impl Stream for Incoming {
    type Item = io::Result<Bytes>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        if !this.first.is_empty() {
            return Poll::Ready(Some(Ok(mem::take(&mut this.first))));
        }
        READ.with_borrow_mut(|bytes| {
            let mut bytes = ReadBuf::new(bytes);
            ready!(Pin::new(&mut *this.line.io.borrow_mut()).poll_read(cx, &mut bytes))?;
            let read = bytes.filled();
            Poll::Ready((!read.is_empty()).then(|| Ok(Bytes::copy_from_slice(read))))
        })
    }
}
