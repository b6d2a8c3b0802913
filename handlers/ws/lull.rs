//! A worker's short rests between steps that come in by the thousands.
//!
//! To wake a thread costs more than to read a step, and nobody waits for an answer to one. So a worker that hears nothing else
//! listens at most a thousand times a second, each time to all that has come: what arrives meanwhile waits in its socket, up to
//! a millisecond. A bell ends the rest, and after anything that wants an answer there is none.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::{Poll, Waker};
use std::time::Duration;

use actors::bells::Bells;
use actors::clock::Spacing;

/// From one look at the sockets to the next.
const APART: Duration = Duration::from_millis(1);

/// See the module.
pub struct Lull {
    /// Something came that can wait.
    is_due: Cell<bool>,
    /// So did something that somebody waits for.
    is_awaited: Cell<bool>,
    rests: RefCell<Waker>,
}

impl Lull {
    /// The rests of this thread, for as long as somebody holds this.
    pub fn start(bells: Arc<Bells>) -> Rc<Self> {
        let rests = RefCell::new(Waker::noop().clone());
        let lull = Rc::new(Self { is_due: Cell::default(), is_awaited: Cell::default(), rests });
        actix_rt::spawn(rest(Rc::downgrade(&lull), bells));
        lull
    }

    /// Something came in, which is answered at once if it `is_awaited`.
    pub fn heard(&self, is_awaited: bool) {
        if is_awaited {
            self.is_awaited.set(true);
        } else if !self.is_due.replace(true) {
            self.rests.borrow().wake_by_ref();
        }
    }

    fn poll_due(&self, waker: &Waker) -> Poll<()> {
        if self.is_due.take() {
            return Poll::Ready(());
        }
        self.rests.borrow_mut().clone_from(waker);
        Poll::Pending
    }
}

/// Its turn comes behind all who have something to read: the first of them calls it.
async fn rest(lull: Weak<Lull>, bells: Arc<Bells>) {
    let mut spacing = Spacing::new();
    loop {
        let due = poll_fn(|cx| match lull.upgrade() {
            Some(lull) => lull.poll_due(cx.waker()).map(|()| Some(lull.is_awaited.take())),
            None => Poll::Ready(None),
        });
        let Some(is_awaited) = due.await else { return };
        let wait = spacing.wait(APART);
        if !is_awaited && !wait.is_zero() {
            bells.rest(wait);
        }
        spacing.mark();
    }
}
