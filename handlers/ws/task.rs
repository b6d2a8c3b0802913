//! A connection's own task: lets its actor act on what comes in and on what time brings, writes what it says itself, and
//! waits for a socket that was full.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Sleep, sleep, timeout};

use crate::ws::postman::Served;

/// How long a goodbye waits for the client's own close frame.
const GOODBYE_WAIT: Duration = Duration::from_secs(1);
/// How long a socket that takes nothing is waited for once its session has done with it.
const JAM_WAIT: Duration = Duration::from_secs(2);

/// See the module. Ends when the connection is over.
pub struct ConnectionTask<S> {
    line: Served,
    /// What the actor says itself.
    own: Pin<Box<S>>,
    actor_is_over: bool,
    patience: Option<Pin<Box<Sleep>>>,
    /// What was unsent when the socket was last waited for.
    unsent: usize,
}

impl<S: Stream<Item = Result<Bytes, actix_web::Error>>> ConnectionTask<S> {
    pub fn new(line: Served, own: S) -> Self {
        Self { line, own: Box::pin(own), actor_is_over: false, patience: None, unsent: 0 }
    }

    /// Goes on until the connection is over, and closes it.
    pub async fn run(mut self) {
        std::future::poll_fn(|cx| self.poll(cx)).await;
        // The actor hears of the end before the other side does.
        let Self { line, own, .. } = self;
        drop(own);
        if line.unsent() > 0 {
            return line.cut();
        }
        // Who does not take even that is gone.
        let _ = timeout(GOODBYE_WAIT, line.shut_down()).await;
    }

    fn poll(&mut self, cx: &mut Context) -> Poll<()> {
        self.line.attend(cx.waker());
        match self.go_on(cx) {
            Poll::Ready(Err(_broken)) => return Poll::Ready(()),
            Poll::Pending => return self.wait_for_socket(cx),
            Poll::Ready(Ok(())) => {}
        }
        if self.actor_is_over || self.line.is_broken() {
            return Poll::Ready(());
        }
        if self.line.is_closing() {
            return self.wait(GOODBYE_WAIT, cx);
        }
        self.patience = None;
        Poll::Pending
    }

    /// Ready when everything that was said is written.
    fn go_on(&mut self, cx: &mut Context) -> Poll<io::Result<()>> {
        std::task::ready!(self.line.poll_flush(cx))?;
        while !self.actor_is_over {
            match self.own.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(bytes))) => self.line.say(&bytes),
                Poll::Ready(_) => {
                    self.actor_is_over = true;
                    // Its link is no more either: what the outbox says of that is not for this client.
                    self.line.close();
                }
                Poll::Pending => break,
            }
        }
        std::task::ready!(self.line.poll_flush(cx))?;
        // Before more is taken in: what that leads to must not pile up in the outbox of a client that reads.
        self.line.catch_up();
        Poll::Ready(Ok(()))
    }

    /// The socket is full: it is waited for, and once the session has done with it, only for as long as it takes something
    /// now and then.
    fn wait_for_socket(&mut self, cx: &mut Context) -> Poll<()> {
        let unsent = self.line.unsent();
        let is_stuck = unsent == std::mem::replace(&mut self.unsent, unsent);
        if !is_stuck {
            self.patience = None;
        }
        if self.actor_is_over || self.line.is_closing() || self.line.is_given_up() {
            return self.wait(JAM_WAIT, cx);
        }
        Poll::Pending
    }

    fn wait(&mut self, time: Duration, cx: &mut Context) -> Poll<()> {
        self.patience.get_or_insert_with(|| Box::pin(sleep(time))).as_mut().poll(cx)
    }
}
