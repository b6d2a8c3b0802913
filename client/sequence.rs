//! Whether events arrive once each and in order, and when to acknowledge them (v1).

use std::time::Duration;

use protocol::SessionId;
use protocol::session::Resumed;
use tokio::time::Instant;

/// So many events are acknowledged at once.
const ACK_EVENTS: u64 = 32;
/// An event is acknowledged within a second: the link looks every quarter of one.
const ACK_AFTER: Duration = Duration::from_millis(750);

/// What an event's number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arrival {
    /// The next one, or one without a number.
    Next,
    /// These did not arrive; the event itself is new.
    After { from_seq: u64, to_seq: u64 },
    /// It was here before.
    Again { seq: u64 },
}

/// The numbers of one session's events, over all its connections.
#[derive(Debug, Default)]
pub(crate) struct Sequence {
    session: Option<SessionId>,
    last: Option<u64>,
    acked: u64,
    /// What was missed goes up to here.
    missed_until: u64,
    unacked_since: Option<Instant>,
}

impl Sequence {
    /// A connection was signed in; `last_seq` is what the server counted before it. Returns what was lost
    /// between two connections of the same session.
    pub fn signed_in(&mut self, session: Option<SessionId>, last_seq: Option<u64>) -> Arrival {
        let before = self.last.filter(|_| session.is_some() && session == self.session);
        self.session = session;
        self.last = last_seq.or(before);
        self.acked = self.last.unwrap_or(0);
        self.missed_until = 0;
        self.unacked_since = None;
        match (before, last_seq) {
            (Some(before), Some(last)) if last > before => {
                Arrival::After { from_seq: before + 1, to_seq: last }
            }
            // Fewer than we have seen: the server was restarted, and counts anew.
            _ => Arrival::Next,
        }
    }

    /// The session goes on. Returns what is gone for good.
    pub fn resumed(&mut self, resumed: &Resumed) -> Arrival {
        if resumed.gap.is_some() {
            self.last = Some(resumed.from_seq.saturating_sub(1));
        }
        // What was said to have come needs no acknowledgement any more.
        self.acked = self.last.unwrap_or(0);
        self.missed_until = resumed.to_seq;
        self.unacked_since = None;
        match resumed.gap {
            Some(gap) => Arrival::After { from_seq: gap.from_seq, to_seq: gap.to_seq },
            None => Arrival::Next,
        }
    }

    /// The highest number up to which everything came, or was told to be gone.
    pub fn last(&self) -> Option<u64> {
        self.last
    }

    /// Whether all that was missed while away is here.
    pub fn is_caught_up(&self) -> bool {
        self.last.unwrap_or(0) >= self.missed_until
    }

    pub fn arrived(&mut self, seq: Option<u64>, now: Instant) -> Arrival {
        let Some(seq) = seq else { return Arrival::Next };
        let arrival = match self.last {
            Some(last) if seq <= last => return Arrival::Again { seq },
            Some(last) if seq > last + 1 => Arrival::After { from_seq: last + 1, to_seq: seq - 1 },
            _ => Arrival::Next,
        };
        self.last = Some(seq);
        self.unacked_since.get_or_insert(now);
        arrival
    }

    /// What to acknowledge with a message that goes out anyway.
    pub fn ack(&mut self) -> Option<u64> {
        self.unacked_since.take()?;
        self.acked = self.last?;
        self.last
    }

    /// What to acknowledge now, with a message of its own.
    pub fn ack_due(&mut self, now: Instant) -> Option<u64> {
        let many = self.last.unwrap_or(0).saturating_sub(self.acked) >= ACK_EVENTS;
        let old = self.unacked_since.is_some_and(|since| now.duration_since(since) >= ACK_AFTER);
        if many || old { self.ack() } else { None }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use protocol::SessionId;
    use protocol::session::{Resumed, SeqRange};
    use tokio::time::Instant;

    use super::{Arrival, Sequence};

    fn session(number: u8) -> Option<SessionId> {
        serde_json::from_value(format!("00000000-0000-4000-8000-0000000000{number:02}").into()).ok()
    }

    #[test]
    fn gaps_and_repeats_are_seen() {
        let (mut sequence, now) = (Sequence::default(), Instant::now());
        assert_eq!(sequence.signed_in(session(1), Some(4)), Arrival::Next);
        assert_eq!(sequence.arrived(Some(5), now), Arrival::Next);
        assert_eq!(sequence.arrived(None, now), Arrival::Next);
        assert_eq!(sequence.arrived(Some(8), now), Arrival::After { from_seq: 6, to_seq: 7 });
        assert_eq!(sequence.arrived(Some(8), now), Arrival::Again { seq: 8 });
        assert_eq!(sequence.arrived(Some(9), now), Arrival::Next);
    }

    #[test]
    fn what_was_lost_between_two_connections_of_a_session_is_known() {
        let (mut sequence, now) = (Sequence::default(), Instant::now());
        sequence.signed_in(session(1), Some(0));
        sequence.arrived(Some(1), now);
        assert_eq!(sequence.signed_in(session(1), Some(3)), Arrival::After { from_seq: 2, to_seq: 3 });
        assert_eq!(sequence.arrived(Some(4), now), Arrival::Next);
        for (number, why) in [(2, "another session"), (2, "a restarted server")] {
            assert_eq!(sequence.signed_in(session(number), Some(0)), Arrival::Next, "{why}");
            assert_eq!(sequence.arrived(Some(1), now), Arrival::Next, "{why}");
            assert_eq!(sequence.arrived(Some(2), now), Arrival::Next, "{why}");
        }
    }

    fn resumed(from_seq: u64, to_seq: u64, gap: Option<(u64, u64)>) -> Resumed {
        let gap = gap.map(|(from_seq, to_seq)| SeqRange { from_seq, to_seq });
        let session_id = session(1).unwrap();
        Resumed { session_id, resume_token: String::new(), from_seq, to_seq, gap }
    }

    #[test]
    fn a_session_that_goes_on_is_caught_up_with_the_last_event_it_missed() {
        let (mut sequence, now) = (Sequence::default(), Instant::now());
        sequence.signed_in(session(1), Some(4));
        assert!(sequence.is_caught_up());
        assert_eq!(sequence.resumed(&resumed(5, 6, None)), Arrival::Next);
        assert_eq!(sequence.arrived(Some(5), now), Arrival::Next);
        assert!(!sequence.is_caught_up());
        assert_eq!(sequence.arrived(Some(6), now), Arrival::Next);
        assert!(sequence.is_caught_up());
        assert_eq!(sequence.resumed(&resumed(7, 6, None)), Arrival::Next);
        assert!(sequence.is_caught_up());
        let gone = Arrival::After { from_seq: 7, to_seq: 9 };
        assert_eq!(sequence.resumed(&resumed(10, 10, Some((7, 9)))), gone);
        assert_eq!((sequence.last(), sequence.is_caught_up()), (Some(9), false));
        assert_eq!(sequence.arrived(Some(10), now), Arrival::Next);
        assert_eq!(sequence.ack(), Some(10));
    }

    #[test]
    fn thirty_two_events_or_three_quarters_of_a_second_are_acknowledged() {
        let (mut sequence, now) = (Sequence::default(), Instant::now());
        sequence.signed_in(session(1), Some(0));
        for seq in 1..=31 {
            sequence.arrived(Some(seq), now);
        }
        assert_eq!(sequence.ack_due(now), None);
        sequence.arrived(Some(32), now);
        assert_eq!(sequence.ack_due(now), Some(32));
        sequence.arrived(Some(33), now);
        assert_eq!(sequence.ack_due(now), None);
        assert_eq!(sequence.ack_due(now + Duration::from_millis(750)), Some(33));
        assert_eq!(sequence.ack_due(now + Duration::from_secs(9)), None);
    }
}
