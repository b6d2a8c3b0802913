//! What every session of a run hears, whatever the scenario: counted for all, numbers checked for all, contents read
//! for a sample.

use protocol::{Incoming, ServerMessage, SessionId};

use super::engine::Outgoing;
use super::inbox::Frame;
use super::sequence::{Faults, Sequence};
use super::wire::{Counted, Wire};

/// What came to one session.
#[derive(Debug, Default)]
pub struct Ear {
    /// Data frames, and their payloads' bytes.
    pub frames: u64,
    pub bytes: u64,
    /// Frames of the kind that the scenario counts.
    pub deliveries: u64,
    /// v1: the numbers of events.
    pub events: Sequence,
    /// Events since the last acknowledgement.
    unacked: u32,
    /// Contents are read, too.
    pub sampled: bool,
    pub session_id: Option<SessionId>,
    pub resume_token: String,
}

/// All sessions of a run.
#[derive(Debug)]
pub struct Crowd {
    pub wire: Wire,
    pub ears: Vec<Ear>,
    pub faults: Faults,
    /// Of deliveries, and of the bytes in them.
    pub deliveries: u64,
    pub delivery_bytes: u64,
    /// What the sample was shown before the scenario began, as frames' payloads: how the world stood.
    pub early: Vec<(usize, Vec<u8>)>,
    /// An acknowledgement after so many events; 0 = never.
    pub ack_every: u32,
}

/// A delivery, with what it says where the session is of the sample.
#[derive(Debug)]
pub struct Heard {
    /// The session's own count of deliveries, from 1.
    pub number: u64,
    pub read: Option<Box<Incoming<ServerMessage>>>,
}

impl Crowd {
    /// `sample` sessions of `clients`, spread evenly, are read in full.
    pub fn new(wire: Wire, clients: usize, sample: usize, ack_every: u32) -> Self {
        let mut ears = Vec::new();
        ears.resize_with(clients, Ear::default);
        if let Some(every) = clients.checked_div(sample.min(clients)) {
            for ear in ears.iter_mut().step_by(every.max(1)) {
                ear.sampled = wire.is_read();
            }
        }
        Self {
            wire,
            ears,
            faults: Faults::default(),
            deliveries: 0,
            delivery_bytes: 0,
            early: Vec::new(),
            ack_every,
        }
    }

    /// Counts a frame, checks its number, acknowledges where it is time; tells of a delivery.
    pub fn hear(&mut self, link: usize, frame: &Frame, out: &mut Outgoing) -> Option<Heard> {
        let ear = &mut self.ears[link];
        ear.frames += 1;
        ear.bytes += frame.len as u64;
        if self.wire.is_ours() {
            let Some(peeked) = self.wire.peek(frame) else {
                let text = String::from_utf8_lossy(frame.shown);
                self.faults.strange(|| format!("session {link}: no message: {text}"));
                return None;
            };
            if let Some(seq) = peeked.seq {
                ear.events.heard(seq, &mut self.faults, || format!("event of session {link}"));
                ear.unacked += 1;
                if self.ack_every > 0 && ear.unacked >= self.ack_every {
                    ear.unacked = 0;
                    self.wire.ack(ear.events.complete_to(), out);
                }
            }
            if !self.wire.counts(peeked.name) {
                if peeked.name == b"error" {
                    let text = String::from_utf8_lossy(frame.shown);
                    self.faults.strange(|| format!("session {link}: {text}"));
                }
                return None;
            }
        } else if !self.wire.counts_foreign(frame.shown) {
            return None;
        }
        ear.deliveries += 1;
        self.deliveries += 1;
        self.delivery_bytes += frame.len as u64;
        let number = ear.deliveries;
        let is_line = self.wire.is_ours() && self.wire.counted == Counted::Lines;
        let read = if ear.sampled && is_line && frame.is_whole() { self.read(link, frame) } else { None };
        Some(Heard { number, read })
    }

    fn read(&mut self, link: usize, frame: &Frame) -> Option<Box<Incoming<ServerMessage>>> {
        match self.wire.read(frame) {
            Ok(read) => Some(Box::new(read)),
            Err(why) => {
                self.faults.strange(|| format!("session {link}: {why}"));
                None
            }
        }
    }

    /// Deliveries count from here on.
    pub fn forget_deliveries(&mut self) {
        (self.deliveries, self.delivery_bytes) = (0, 0);
        self.ears.iter_mut().for_each(|ear| ear.deliveries = 0);
    }

    pub fn ended(&mut self, link: usize, why: &str) {
        self.faults.strange(|| format!("session {link} ended: {why}"));
    }

    /// The judgement of the numbers of events, when all that could arrive has arrived.
    pub fn finish(&mut self) {
        if self.wire.is_numbered() {
            for (link, ear) in self.ears.iter_mut().enumerate() {
                ear.events.finish(0, &mut self.faults, || format!("event of session {link}"));
            }
        }
    }
}
