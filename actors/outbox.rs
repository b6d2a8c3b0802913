//! A session's way out: a bounded queue that venues push to and the connection pulls from.
//!
//! Nobody waits here. Events keep their order and their number; of a state only the newest is kept.

mod kept;
mod keys;
mod link;
mod pull;
mod ring;
mod state;
mod tally;

pub use keys::ResumeKeys;
pub use link::{Farewell, LinkNumber, LinkState};
pub use pull::Pulled;
pub use ring::{Event, OutboxLimits, Rewound};
pub use state::StateCounts;
pub use tally::{LinkStanding, Standing, Tally};

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use protocol::encryption::Cipher;
use protocol::{CharacterId, CloseCode, Dialect, LocationId};
use rules::venue::{Looking, Vantage};

use crate::bells::{Asleep, Bell};
use crate::commands::Commands;
use crate::frame::SharedFrame;
use crate::outbox::link::{Ending, Link, Ping};
use crate::outbox::ring::Ring;
use crate::outbox::state::StateLane;

#[derive(Debug)]
struct Inner {
    ring: Ring,
    /// What a client has to show to resume.
    keys: ResumeKeys,
    state: StateLane,
    link: Option<Link>,
    gone_since_ms: u64,
    links: u64,
    tally: Tally,
    /// The goodbye of the link before this one, for a connection that has not pulled it yet.
    farewell: Option<(LinkNumber, Farewell)>,
    commands: Commands,
}

/// Shared between the session, the venues it is in, and its connection.
#[derive(Debug)]
pub struct Outbox {
    limits: OutboxLimits,
    cipher: Option<Arc<Cipher>>,
    dialect: AtomicU8,
    inner: Mutex<Inner>,
}

impl Outbox {
    pub fn new(limits: OutboxLimits, cipher: Option<Arc<Cipher>>, now_ms: u64) -> Arc<Self> {
        Arc::new(Self {
            limits,
            cipher,
            dialect: AtomicU8::new(0),
            inner: Mutex::new(Inner {
                ring: Ring::default(),
                keys: ResumeKeys::default(),
                state: StateLane::default(),
                link: None,
                gone_since_ms: now_ms,
                links: 0,
                tally: Tally::default(),
                farewell: None,
                commands: Commands::default(),
            }),
        })
    }

    /// Puts an event at the end of the queue. More than the limits allow ends the connection, not the session.
    pub fn push(&self, frame: &SharedFrame) {
        let size = frame.prepare(self.dialect(), self.cipher.as_deref());
        let mut inner = self.lock();
        self.push_sized(&mut inner, frame, size);
        inner.wake();
    }

    /// Puts several events at the end, and leaves it to the caller to wake the connection if it sleeps: once, after all that
    /// there is to push.
    pub fn push_all<'f>(&self, frames: impl Iterator<Item = &'f SharedFrame>, asleep: &mut Asleep) {
        let mut frames = frames.peekable();
        if frames.peek().is_none() {
            return;
        }
        let mut inner = self.lock();
        // Most of the time the frame was prepared for the recipient before.
        for frame in frames {
            let size = frame.prepare(self.dialect(), self.cipher.as_deref());
            self.push_sized(&mut inner, frame, size);
        }
        asleep.extend(inner.awaken());
    }

    /// Too much unsent ends the connection, not the session; of a client whose socket takes what it is given, only a multiple of
    /// that: it has not been looked after yet. What waited is let go at once: a jammed client must not
    /// hold memory; who resumes is told of the gap.
    fn push_sized(&self, inner: &mut Inner, frame: &SharedFrame, size: usize) {
        inner.ring.push(frame.clone(), size);
        let waits_for_us = inner.link.as_ref().is_some_and(|link| !link.is_jammed);
        let of_unsent = if waits_for_us { self.limits.of_a_burst() } else { self.limits };
        if inner.ring.shed(&self.limits, &of_unsent) && inner.link.is_some() {
            inner.state.clear();
            inner.ring.clear();
            inner.tally.overflows += u64::from(!inner.is_ending());
            inner.end(Farewell::new(CloseCode::TooSlow, "too slow: more waited to be sent than is kept"));
            inner.hold_back();
        }
    }

    /// Shows how `about` stands now. Replaces what was not sent yet; nothing is kept for a client that is away.
    pub fn show(&self, about: CharacterId, frame: &SharedFrame, asleep: &mut Asleep) {
        let mut inner = self.lock();
        if inner.link.is_some() && !self.dialect().is_v1() {
            inner.state.put(about, frame);
            asleep.extend(inner.awaken());
        }
    }

    /// How this client looks at the world at this tick, `None` if it is away or has to catch up; and, of one that kept up so
    /// far, whether frames of an earlier tick still wait.
    pub fn look(&self) -> (Option<Looking>, Option<bool>) {
        let mut inner = self.lock();
        if inner.link.is_none() {
            return (None, None);
        }
        if !self.dialect().is_v1() {
            return (Some(Looking::AtEach), None);
        }
        let is_late = (inner.state.every_ticks() == 1).then(|| !inner.state.is_empty());
        (inner.state.look(), is_late)
    }

    /// Shows what is around. What could not be sent is replaced, later, by a whole view.
    pub fn show_view(&self, at: Vantage, full: bool, frames: &Arc<[SharedFrame]>, asleep: &mut Asleep) {
        let mut inner = self.lock();
        if inner.link.is_some() && self.dialect().is_v1() {
            inner.state.put_view(at, full, frames);
            asleep.extend(inner.awaken());
        }
    }

    /// The character is in this location from here on: the client, which is told so next, is shown no other. On the way
    /// from one shard to another it is in both for a moment.
    pub fn stand_in(&self, location: LocationId) {
        self.lock().state.stand_in(location);
    }

    /// What this client was shown comes from a world that had to be restored: it is shown everything anew.
    pub fn forget_view(&self) {
        self.lock().state.forget();
    }

    /// Makes a new connection the one that drains this outbox; an older one is told that it was replaced. What was
    /// sent before is not sent again: the client did not say what it has. Returns the number of the last event sent.
    pub fn attach(&self, dialect: Dialect, now_ms: u64) -> (LinkNumber, u64) {
        let mut inner = self.lock();
        inner.ring.forget_sent();
        let last_seq = inner.ring.last_sent();
        (self.link(&mut inner, dialect, now_ms), last_seq)
    }

    /// Like [`Self::attach`], for a client that says up to where it has everything: the rest is sent again. `None`:
    /// it claims more than there ever was; nothing is changed.
    pub fn resume(&self, dialect: Dialect, last_seq: u64, now_ms: u64) -> Option<(LinkNumber, Rewound)> {
        let mut inner = self.lock();
        let rewound = inner.ring.rewind(last_seq)?;
        inner.tally.resumes += 1;
        inner.tally.gaps += u64::from(rewound.gap.is_some());
        Some((self.link(&mut inner, dialect, now_ms), rewound))
    }

    fn link(&self, inner: &mut Inner, dialect: Dialect, now_ms: u64) -> LinkNumber {
        inner.end(Farewell::new(CloseCode::Replaced, "replaced by a newer connection of the same session"));
        inner.retire_link(now_ms);
        self.dialect.store(dialect.slot() as u8, Ordering::Relaxed);
        inner.links += 1;
        let number = LinkNumber(inner.links);
        inner.state.clear();
        inner.ring.allow_backlog(true);
        inner.link = Some(Link {
            number,
            bell: None,
            is_asleep: false,
            is_jammed: false,
            heard_ms: now_ms,
            ping: Ping::None,
            ending: None,
        });
        number
    }

    /// The client has every event up to here.
    pub fn acknowledge(&self, seq: u64) {
        self.lock().ring.acknowledge(seq);
    }

    /// Whether a connection is still being sent what it is to get before its end.
    pub(crate) fn is_flushing(&self) -> bool {
        let inner = self.lock();
        inner.link.is_some() && inner.ring.last_sent() < inner.ring.last_seq()
    }

    /// The keys that open a resume, to check, renew or keep them.
    pub(crate) fn with_keys<T>(&self, work: impl FnOnce(&mut ResumeKeys) -> T) -> T {
        work(&mut self.lock().keys)
    }

    /// The peer started to encrypt: what it gets from now on is sealed.
    pub fn seal(&self, number: LinkNumber) {
        let inner = self.lock();
        if inner.is_current(number) && self.dialect() == Dialect::Classic {
            self.dialect.store(Dialect::ClassicEncrypted.slot() as u8, Ordering::Relaxed);
        }
    }

    /// The connection is gone. Returns whether it was the current one.
    pub fn detach(&self, number: LinkNumber, now_ms: u64) -> bool {
        let mut inner = self.lock();
        let current = inner.is_current(number);
        if current {
            inner.retire_link(now_ms);
            inner.state.clear();
        }
        current
    }

    /// Ends the current connection after everything pushed so far has gone out.
    pub fn end_link(&self, farewell: Farewell) {
        self.lock().end(farewell);
    }

    /// Gives up a connection whose socket may never take its goodbye: input from it is ignored from now on.
    pub fn abandon_link(&self, now_ms: u64) {
        let mut inner = self.lock();
        inner.tally.evictions += u64::from(inner.link.is_some());
        inner.retire_link(now_ms);
        inner.state.clear();
    }

    /// Something came in on this connection: it lives.
    pub fn heard(&self, number: LinkNumber, now_ms: u64) {
        let mut inner = self.lock();
        if inner.is_current(number)
            && let Some(link) = inner.link.as_mut()
        {
            link.heard_ms = now_ms;
            link.ping = Ping::None;
            inner.keys.settle();
        }
    }

    /// Asks the connection for a ping frame.
    pub fn ask_ping(&self) {
        let mut inner = self.lock();
        if let Some(link) = inner.link.as_mut()
            && link.ping == Ping::None
        {
            link.ping = Ping::Due;
        }
        inner.wake();
    }

    pub fn link_state(&self) -> LinkState {
        let inner = self.lock();
        match &inner.link {
            Some(link) => LinkState::Linked { heard_ms: link.heard_ms, pinged: link.ping != Ping::None },
            None => LinkState::Gone { since_ms: inner.gone_since_ms },
        }
    }

    pub fn is_linked(&self) -> bool {
        self.lock().link.is_some()
    }

    /// Whether this is the connection that drains now.
    pub fn is_current(&self, number: LinkNumber) -> bool {
        self.lock().is_current(number)
    }

    /// Whether a connection has nothing to wait for any more but its goodbye.
    pub fn is_over(&self, number: LinkNumber) -> bool {
        let inner = self.lock();
        inner.is_ending() || !inner.is_current(number)
    }

    /// Whether what came in on this connection counts: also when it was closed right behind it, but not when it was
    /// replaced or given up.
    pub fn hears(&self, number: LinkNumber) -> bool {
        self.lock().hears(number)
    }

    /// Events held, their bytes, and how many were lost to overflow so far.
    pub fn backlog(&self) -> (usize, usize, u64) {
        self.lock().ring.backlog()
    }

    pub fn dialect(&self) -> Dialect {
        Dialect::from_slot(self.dialect.load(Ordering::Relaxed).into())
    }

    /// The open commands and kept answers, under the same lock that gives `seq`.
    pub(crate) fn with_commands<T>(&self, work: impl FnOnce(&mut Commands) -> T) -> T {
        work(&mut self.lock().commands)
    }

    /// Pushes what `choose` makes of the commands, under one lock: so that a command is answered once.
    pub(crate) fn push_if(&self, choose: impl FnOnce(&mut Commands) -> Option<SharedFrame>) {
        let mut inner = self.lock();
        if let Some(frame) = choose(&mut inner.commands) {
            let size = frame.prepare(self.dialect(), self.cipher.as_deref());
            self.push_sized(&mut inner, &frame, size);
            inner.wake();
        }
    }

    // A panic while the lock is held can only come from a failed allocation; the queue itself is whole.
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn is_current(&self, number: LinkNumber) -> bool {
        self.link.as_ref().is_some_and(|link| link.number == number)
    }

    fn hears(&self, number: LinkNumber) -> bool {
        match &self.link {
            Some(link) => link.number == number,
            None => {
                let given_up = self.farewell.as_ref().is_some_and(|(of, _)| *of == number);
                number.0 == self.links && !given_up
            }
        }
    }

    fn is_ending(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.ending.is_some())
    }

    /// The bell of a connection that waits to be told, which from now on does not wait.
    fn awaken(&mut self) -> Option<&Bell> {
        self.link.as_mut()?.awaken()
    }

    fn wake(&mut self) {
        if let Some(bell) = self.awaken() {
            bell.ring();
        }
    }

    fn end(&mut self, farewell: Farewell) {
        let last_seq = self.ring.last_seq();
        if let Some(link) = self.link.as_mut()
            && link.ending.is_none()
        {
            link.ending = Some(Ending { farewell, last_seq });
            link.alarm();
        }
    }

    /// Nothing more goes out on a link that ends: its socket is jammed.
    fn hold_back(&mut self) {
        if let Some(ending) = self.link.as_mut().and_then(|link| link.ending.as_mut()) {
            ending.last_seq = 0;
        }
    }

    fn retire_link(&mut self, now_ms: u64) {
        if let Some(mut link) = self.link.take() {
            self.gone_since_ms = now_ms;
            self.tally.pings_unanswered += u64::from(link.ping == Ping::Sent);
            self.ring.allow_backlog(false);
            link.alarm();
            if let Some(ending) = link.ending {
                self.farewell = Some((link.number, ending.farewell));
            }
        }
    }

    fn farewell_of(&self, number: LinkNumber) -> Farewell {
        match &self.farewell {
            Some((of, farewell)) if *of == number => farewell.clone(),
            _ => Farewell::new(CloseCode::Replaced, "replaced by a newer connection of the same session"),
        }
    }
}
