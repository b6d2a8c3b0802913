//! A session's events: what is unsent, and behind it what was sent and not yet acknowledged.

use std::collections::VecDeque;

use crate::frame::SharedFrame;

/// So many times as much may wait for the server as for the client.
const BURST: usize = 8;

/// How much an outbox holds before its connection ends.
#[derive(Debug, Clone, Copy)]
pub struct OutboxLimits {
    pub events_max: usize,
    pub bytes_max: usize,
}

impl Default for OutboxLimits {
    /// 512 events or 256 KiB, whichever comes first.
    fn default() -> Self {
        Self { events_max: 512, bytes_max: 256 * 1024 }
    }
}

impl OutboxLimits {
    /// What may wait for a client that takes all it is given: a venue's burst may come before its worker has looked after it.
    pub fn of_a_burst(self) -> Self {
        Self { events_max: self.events_max * BURST, bytes_max: self.bytes_max * BURST }
    }
}

/// One numbered event.
#[derive(Debug, Clone)]
pub struct Event {
    pub seq: u64,
    /// Bytes it counts for.
    pub size: usize,
    pub frame: SharedFrame,
}

/// Which events a client that comes back gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rewound {
    /// The first it gets; one more than `to_seq` when it has everything.
    pub from_seq: u64,
    /// The last there is.
    pub to_seq: u64,
    /// What it missed and can't get any more, first to last.
    pub gap: Option<(u64, u64)>,
}

/// The bounded window of a session's events, oldest first.
#[derive(Debug, Default)]
pub struct Ring {
    events: VecDeque<Event>,
    /// How many of the oldest were sent on the current link.
    sent: usize,
    bytes: usize,
    last_seq: u64,
    lost: u64,
    /// What waited when the current link began, on top of the limits until it was sent: whoever comes back to a full
    /// window gets the time to read it.
    allowance: (usize, usize),
    /// Nothing is sent any more: the next process goes on from here.
    frozen: bool,
}

impl Ring {
    pub fn last_seq(&self) -> u64 {
        self.last_seq
    }

    /// The number of the last event that was sent.
    pub fn last_sent(&self) -> u64 {
        self.last_seq - (self.events.len() - self.sent) as u64
    }

    /// Events held, their bytes, and how many were lost so far for want of room.
    pub fn backlog(&self) -> (usize, usize, u64) {
        (self.events.len(), self.bytes, self.lost)
    }

    /// Events that wait to be sent, and their bytes.
    pub fn unsent(&self) -> (usize, usize) {
        let unsent = self.events.iter().skip(self.sent);
        (self.events.len() - self.sent, unsent.map(|event| event.size).sum())
    }

    pub fn push(&mut self, frame: SharedFrame, size: usize) {
        self.last_seq += 1;
        self.bytes += size;
        self.events.push_back(Event { seq: self.last_seq, size, frame });
    }

    /// Takes over what an earlier process kept; it had sent what goes up to `last_sent`.
    pub fn restore(&mut self, (last_seq, last_sent): (u64, u64), events: Vec<Event>) {
        self.sent = events.iter().take_while(|event| event.seq <= last_sent).count();
        self.bytes = events.iter().map(|event| event.size).sum();
        self.events = events.into();
        self.last_seq = last_seq;
    }

    /// Makes room by forgetting the oldest, but nothing unsent within the limits for that. True: something that was never
    /// sent is among them.
    pub fn shed(&mut self, limits: &OutboxLimits, of_unsent: &OutboxLimits) -> bool {
        let mut unsent_lost = false;
        while self.exceeds(limits) {
            if self.sent == 0 {
                if !self.exceeds(of_unsent) {
                    break;
                }
                unsent_lost = true;
                self.lost += 1;
            }
            self.forget_oldest();
        }
        unsent_lost
    }

    fn exceeds(&self, limits: &OutboxLimits) -> bool {
        let (events, bytes) = self.allowance;
        self.events.len() > limits.events_max + events || self.bytes > limits.bytes_max + bytes
    }

    fn forget_oldest(&mut self) {
        if let Some(event) = self.events.pop_front() {
            self.bytes -= event.size;
            self.sent = self.sent.saturating_sub(1);
        }
    }

    /// Hands the events to send to `write`, in order, up to `until`, for as long as that wants more. Sent ones are kept
    /// only to be sent again after a drop.
    pub fn send(&mut self, until: Option<u64>, keep: bool, mut write: impl FnMut(&Event) -> bool) {
        if self.frozen {
            return;
        }
        let unsent = self.events.range(self.sent..);
        for event in unsent.take_while(|event| until.is_none_or(|until| event.seq <= until)) {
            self.sent += 1;
            if !write(event) {
                break;
            }
        }
        if self.sent == self.events.len() {
            self.allowance = (0, 0);
        }
        if !keep {
            self.forget_sent();
        }
    }

    /// The client has everything up to here. What was not sent yet can't be acknowledged.
    pub fn acknowledge(&mut self, seq: u64) {
        while self.sent > 0 && self.events.front().is_some_and(|event| event.seq <= seq) {
            self.forget_oldest();
        }
    }

    /// Forgets what was sent: the client came back without saying what it has.
    pub fn forget_sent(&mut self) {
        while self.sent > 0 {
            self.forget_oldest();
        }
    }

    /// A link begins, or there is none any more.
    pub fn allow_backlog(&mut self, linked: bool) {
        self.allowance = if linked { (self.events.len(), self.bytes) } else { (0, 0) };
    }

    /// Forgets everything: the client is too far behind for any of it to be of use in order.
    pub fn clear(&mut self) {
        self.lost += (self.events.len() - self.sent) as u64;
        self.events.clear();
        self.sent = 0;
        self.bytes = 0;
        self.allowance = (0, 0);
    }

    /// Goes back to where the client says it is; everything after that is unsent again. `None`: it claims to have
    /// what there never was.
    pub fn rewind(&mut self, last_seq: u64) -> Option<Rewound> {
        if last_seq > self.last_seq {
            return None;
        }
        while self.events.front().is_some_and(|event| event.seq <= last_seq) {
            self.forget_oldest();
        }
        self.sent = 0;
        let from_seq = self.events.front().map_or(self.last_seq + 1, |event| event.seq);
        let gap = (from_seq > last_seq + 1).then(|| (last_seq + 1, from_seq - 1));
        Some(Rewound { from_seq, to_seq: self.last_seq, gap })
    }

    /// From now on nothing is sent: what was is known.
    pub fn freeze(&mut self) {
        self.frozen = true;
    }

    /// Everything held, oldest first.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, proptest};
    use protocol::ServerMessage;
    use protocol::session::Pong;

    use super::{OutboxLimits, Rewound, Ring};
    use crate::frame::Frame;

    fn ring_of(count: u64) -> Ring {
        let mut ring = Ring::default();
        for _ in 0..count {
            push(&mut ring);
        }
        ring
    }

    fn push(ring: &mut Ring) {
        ring.push(Frame::new(ServerMessage::Pong(Pong { server_time: 0.0 }), 0), 10);
    }

    fn send(ring: &mut Ring, keep: bool) -> Vec<u64> {
        send_up_to(usize::MAX, ring, keep)
    }

    fn send_up_to(many: usize, ring: &mut Ring, keep: bool) -> Vec<u64> {
        let mut sent = Vec::new();
        if many > 0 {
            ring.send(None, keep, |event| {
                sent.push(event.seq);
                sent.len() < many
            });
        }
        sent
    }

    #[test]
    fn what_was_not_acknowledged_is_sent_again() {
        let mut ring = ring_of(5);
        assert_eq!(send(&mut ring, true), [1, 2, 3, 4, 5]);
        ring.acknowledge(2);
        assert_eq!(ring.rewind(3), Some(Rewound { from_seq: 4, to_seq: 5, gap: None }));
        assert_eq!(send(&mut ring, true), [4, 5]);
        assert_eq!(ring.rewind(5), Some(Rewound { from_seq: 6, to_seq: 5, gap: None }));
        assert_eq!(ring.rewind(6), None);
    }

    #[test]
    fn what_an_earlier_process_sent_is_sent_again_only_to_who_resumes() {
        let mut before = ring_of(4);
        send_up_to(2, &mut before, true);
        let restored = || {
            let mut ring = Ring::default();
            ring.restore((before.last_seq(), before.last_sent()), before.events().cloned().collect());
            ring
        };
        let mut ring = restored();
        ring.forget_sent();
        assert_eq!(send(&mut ring, true), [3, 4]);
        let mut ring = restored();
        assert_eq!(ring.rewind(1), Some(Rewound { from_seq: 2, to_seq: 4, gap: None }));
        assert_eq!(send(&mut ring, true), [2, 3, 4]);
    }

    #[test]
    fn without_keeping_what_is_sent_is_gone() {
        let mut ring = ring_of(3);
        assert_eq!(send_up_to(1, &mut ring, false), [1]);
        assert_eq!(ring.backlog().0, 2);
        assert_eq!(ring.last_sent(), 1);
    }

    #[test]
    fn sent_events_make_room_before_unsent_ones_are_lost() {
        let limits = OutboxLimits { events_max: 4, bytes_max: 1_000 };
        let mut ring = ring_of(4);
        send_up_to(1, &mut ring, true);
        push(&mut ring);
        assert!(!ring.shed(&limits, &limits));
        push(&mut ring);
        assert!(ring.shed(&limits, &limits));
        assert_eq!(ring.rewind(0), Some(Rewound { from_seq: 3, to_seq: 6, gap: Some((1, 2)) }));
    }

    #[test]
    fn who_comes_back_to_a_full_window_gets_time_to_read_it() {
        let limits = OutboxLimits { events_max: 4, bytes_max: 1_000 };
        let mut ring = ring_of(4);
        ring.allow_backlog(true);
        push(&mut ring);
        assert!(!ring.shed(&limits, &limits));
        assert_eq!(send(&mut ring, true), [1, 2, 3, 4, 5]);
        push(&mut ring);
        assert!(!ring.shed(&limits, &limits), "only what was sent makes room");
        assert_eq!(send(&mut ring, true), [6]);
    }

    proptest! {
        // A client that counts what it gets misses exactly what it was told is a gap, whatever happens.
        #[test]
        fn nothing_comes_twice_or_goes_missing_unsaid(steps in proptest::collection::vec((0u8..5, any::<u8>()), 0..200)) {
            let limits = OutboxLimits { events_max: 16, bytes_max: 10_000 };
            let mut ring = Ring::default();
            let mut has = 0;
            for (step, random) in steps {
                match step {
                    0 | 1 => {
                        push(&mut ring);
                        if ring.shed(&limits, &limits) {
                            // What an overflow does: the link ends, the client comes back.
                            let Rewound { from_seq, gap, .. } = ring.rewind(has).unwrap();
                            assert_eq!(gap, (from_seq > has + 1).then(|| (has + 1, from_seq - 1)));
                            has = from_seq - 1;
                        }
                    }
                    2 => {
                        for seq in send_up_to((random % 4).into(), &mut ring, true) {
                            assert_eq!(seq, has + 1);
                            has = seq;
                        }
                    }
                    3 => ring.acknowledge(has.saturating_sub(u64::from(random % 3))),
                    _ => {
                        // Some of what was sent last may not have arrived.
                        let acknowledged = ring.events().next().map_or(ring.last_seq(), |event| event.seq - 1);
                        has = has.saturating_sub(u64::from(random % 3)).max(acknowledged);
                        let Rewound { from_seq, .. } = ring.rewind(has).unwrap();
                        assert_eq!(from_seq, has + 1);
                    }
                }
            }
        }
    }
}
