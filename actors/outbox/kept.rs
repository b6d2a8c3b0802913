//! What an outbox leaves to the next process.

use protocol::Dialect;

use crate::frame::SharedFrame;
use crate::outbox::{Event, Inner, Outbox, ResumeKeys};

impl Outbox {
    /// Everything of a session that the next process needs to go on with it. Nothing is sent after this.
    pub(crate) fn to_keep(&self) -> (ResumeKeys, (u64, u64), Vec<Event>) {
        let Inner { keys, ring, .. } = &mut *self.lock();
        ring.freeze();
        (*keys, (ring.last_seq(), ring.last_sent()), ring.events().cloned().collect())
    }

    /// Takes over what an earlier process kept.
    pub(crate) fn take_over(&self, keys: ResumeKeys, last: (u64, u64), events: Vec<(u64, SharedFrame)>) {
        let sized = events.into_iter().map(|(seq, frame)| {
            let size = frame.encoded(Dialect::V1Json, None).len();
            Event { seq, size, frame }
        });
        let mut inner = self.lock();
        inner.keys = keys;
        inner.ring.restore(last, sized.collect());
    }
}
