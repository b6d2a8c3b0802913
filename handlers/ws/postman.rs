//! A worker's postman: brings what the outboxes of its connections have to their sockets.
//!
//! He goes to those whose bell was rung, in one round for all of them, and not through the connections' own tasks: a
//! broadcast would wake each of them, and their memory is cold by the time its turn comes.

use std::cell::RefCell;
use std::future::poll_fn;
use std::mem;
use std::ops::Deref;
use std::rc::{Rc, Weak};
use std::sync::Arc;
use std::task::Poll;

use actors::bells::{Bell, Bells};
use actors::clock::Clock;
use bytes::BytesMut;
use protocol::Dialect;
use slab::Slab;

use crate::ws::io::Io;
use crate::ws::line::Line;
use crate::ws::lull::Lull;

/// Connections served before the worker's other tasks get a turn.
const TURN: usize = 64;

/// See the module.
pub struct Postman {
    bells: Arc<Bells>,
    lines: RefCell<Slab<Rc<Line>>>,
    /// What is pulled is written before the next pull: one page does for all.
    page: RefCell<BytesMut>,
    lull: Rc<Lull>,
}

impl Postman {
    /// One that works on this thread for as long as somebody holds him.
    pub fn start() -> Rc<Self> {
        let bells = Arc::default();
        let lull = Lull::start(Arc::clone(&bells));
        let postman = Rc::new(Self { bells, lines: RefCell::default(), page: RefCell::default(), lull });
        actix_rt::spawn(rounds(Rc::downgrade(&postman), postman.bells.clone()));
        postman
    }

    /// Brings a connection what its outbox has, from when it has one.
    pub fn serve(self: &Rc<Self>, io: Io, dialect: Dialect, clock: Clock) -> Served {
        let mut lines = self.lines.borrow_mut();
        let place = lines.vacant_entry();
        let key = place.key();
        // There are no more sockets than numbers.
        let bell = Bell::new(&self.bells, key as u32);
        let line = Rc::new(Line::new(io, dialect, clock, bell, self.lull.clone()));
        place.insert(line.clone());
        Served { postman: self.clone(), key, line }
    }

    fn bring(&self, number: u32) {
        // It may have gone since it was rung, and another may have come in its place, who is looked after in vain.
        let line = self.lines.borrow().get(number as usize).cloned();
        if let Some(line) = line {
            line.bring(&mut self.page.borrow_mut());
        }
    }
}

async fn rounds(postman: Weak<Postman>, bells: Arc<Bells>) {
    let mut rung = Vec::new();
    loop {
        poll_fn(|cx| bells.poll_rung(cx, &mut rung)).await;
        for turn in rung.chunks(TURN) {
            let Some(postman) = postman.upgrade() else { return };
            turn.iter().for_each(|number| postman.bring(*number));
            drop(postman);
            step_aside().await;
        }
        rung.clear();
    }
}

/// Lets each task that is ready have one turn. Tokio's own `yield_now` would let busy ones have many: it comes back only after the
/// runtime has looked for events.
async fn step_aside() {
    let mut has_stepped = false;
    poll_fn(|cx| {
        if mem::replace(&mut has_stepped, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The line of a connection, which the postman forgets when this goes.
pub struct Served {
    postman: Rc<Postman>,
    key: usize,
    line: Rc<Line>,
}

impl Served {
    /// The line, to share.
    pub fn line(&self) -> &Rc<Line> {
        &self.line
    }

    /// Brings what the outbox has now, without waiting for a round.
    pub fn catch_up(&self) {
        self.line.bring(&mut self.postman.page.borrow_mut());
    }
}

impl Deref for Served {
    type Target = Line;

    fn deref(&self) -> &Line {
        &self.line
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.postman.lines.borrow_mut().remove(self.key);
    }
}
