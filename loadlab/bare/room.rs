//! `room`: one says lines that everybody hears; so many are under way, or so many a second, whatever becomes of them.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use protocol::ServerMessage;

use super::crowd::Crowd;
use super::engine::{Engine, Handler, Outgoing};
use super::inbox::Frame;
use super::sequence::Sequence;
use super::window::{Latencies, Scenario};

/// Who speaks.
pub const SENDER: usize = 0;

/// When the next line is said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Pace {
    /// When everybody has heard one of so many under way.
    InFlight(usize),
    /// So many a second, so many of them at the same moment.
    PerSecond { rate: f64, burst: usize },
}

/// What the room is like.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    pub pace: Pace,
    /// Characters of a line.
    pub line_len: usize,
    /// Sets this run's lines apart from what else is said.
    pub run: u32,
}

/// A line that not everybody has heard.
#[derive(Debug)]
struct Line {
    intended: Instant,
    copies: usize,
}

/// The load.
#[derive(Debug)]
pub struct Room {
    crowd: Crowd,
    latencies: Latencies,
    setting: Setting,
    /// Lines that have been said, and of those the ones that all have heard.
    said: u64,
    complete: u64,
    under_way: VecDeque<Line>,
    /// Who is to hear the lines, and how many these are.
    listens: Vec<bool>,
    listeners: usize,
    /// What the sample heard, by the numbers in the lines.
    heard: Vec<Sequence>,
    next: Instant,
    now: Instant,
    /// No line is said any more.
    over: bool,
}

impl Room {
    /// All of the crowd listen, but those whom `deaf` names.
    pub fn new(crowd: Crowd, setting: Setting, deaf: impl Fn(usize) -> bool) -> Self {
        let listens: Vec<bool> = (0..crowd.ears.len()).map(|link| !deaf(link)).collect();
        let now = Instant::now();
        Self {
            heard: vec![Sequence::starting_at(1); crowd.ears.len()],
            listeners: listens.iter().filter(|listens| **listens).count(),
            listens,
            crowd,
            latencies: Latencies::default(),
            setting,
            said: 0,
            complete: 0,
            under_way: VecDeque::new(),
            next: now,
            now,
            over: false,
        }
    }

    fn say(&mut self, intended: Instant, out: &mut Outgoing) {
        self.said += 1;
        self.under_way.push_back(Line { intended, copies: 0 });
        let mut text = format!("bench {:08x} {} ", self.setting.run, self.said);
        text.extend(std::iter::repeat_n('.', self.setting.line_len.saturating_sub(text.len())));
        if let Err(why) = self.crowd.wire.line(&text, out) {
            self.crowd.faults.strange(|| why);
        }
    }

    /// Lines that are due now.
    fn due(&mut self) -> Vec<Instant> {
        if self.over {
            return Vec::new();
        }
        match self.setting.pace {
            Pace::InFlight(most) => vec![self.now; most.saturating_sub(self.under_way.len())],
            Pace::PerSecond { rate, burst } => {
                let every = Duration::from_secs_f64(burst as f64 / rate);
                let mut due = Vec::new();
                while self.next <= self.now {
                    due.extend(std::iter::repeat_n(self.next, burst));
                    self.next += every;
                }
                due
            }
        }
    }

    /// The number in a line of this run.
    fn number(&self, content: &str) -> Option<u64> {
        let mut words = content.split(' ');
        let ours = words.next() == Some("bench")
            && u32::from_str_radix(words.next()?, 16).ok() == Some(self.setting.run);
        if ours { words.next()?.parse().ok() } else { None }
    }

    fn copy(&mut self, link: usize, number: u64) {
        let Some(line) = number.checked_sub(self.complete + 1) else {
            self.crowd.faults.doubled += 1;
            return self
                .crowd
                .faults
                .example(|| format!("session {link}: a copy of {number}, which all have"));
        };
        let Some(line) = self.under_way.get_mut(line as usize) else {
            self.crowd.faults.doubled += 1;
            return self
                .crowd
                .faults
                .example(|| format!("session {link}: more copies than {} lines", self.said));
        };
        line.copies += 1;
        self.latencies.record(self.now.saturating_duration_since(line.intended));
        while self.under_way.front().is_some_and(|line| line.copies >= self.listeners) {
            self.under_way.pop_front();
            self.complete += 1;
        }
    }
}

impl Scenario for Room {
    fn drive(&mut self, engine: &mut Engine) -> Instant {
        self.now = Instant::now();
        let due = self.due();
        if !due.is_empty() {
            let mut out = Outgoing::default();
            due.into_iter().for_each(|intended| self.say(intended, &mut out));
            let lines = out.take();
            engine.send(SENDER, self, |out| out.ready_made(&lines));
        }
        match self.setting.pace {
            Pace::InFlight(_) => self.now + Duration::from_secs(1),
            Pace::PerSecond { .. } => self.next,
        }
    }

    fn stop(&mut self) {
        self.over = true;
    }

    fn is_drained(&self) -> bool {
        self.under_way.is_empty()
    }

    fn crowd(&mut self) -> &mut Crowd {
        &mut self.crowd
    }

    fn latencies(&mut self) -> &mut Latencies {
        &mut self.latencies
    }

    fn judge(&mut self) {
        let crowd = &mut self.crowd;
        for (link, ear) in crowd.ears.iter().enumerate().filter(|(link, _)| self.listens[*link]) {
            let missing = self.said.saturating_sub(ear.deliveries);
            if ear.sampled {
                self.heard[link]
                    .finish(self.said + 1, &mut crowd.faults, || format!("line to session {link}"));
            } else if missing > 0 {
                crowd.faults.lost += missing;
                crowd
                    .faults
                    .example(|| format!("session {link} heard {} of {} lines", ear.deliveries, self.said));
            }
        }
        crowd.finish();
    }
}

impl Handler for Room {
    fn turned(&mut self, now: Instant) {
        self.now = now;
    }

    fn opened(&mut self, _link: usize, _out: &mut Outgoing) {}

    fn frame(&mut self, link: usize, frame: Frame, out: &mut Outgoing) {
        let Some(heard) = self.crowd.hear(link, &frame, out) else { return };
        if let Some(ServerMessage::Chat(chat)) = heard.read.map(|read| read.message) {
            match self.number(&chat.content) {
                Some(number) => {
                    let who = || format!("line to session {link}");
                    self.heard[link].heard(number, &mut self.crowd.faults, who);
                }
                None => self
                    .crowd
                    .faults
                    .strange(|| format!("session {link}: a line of others: {}", chat.content)),
            }
        }
        if self.listens[link] {
            self.copy(link, heard.number);
        }
    }

    fn closed(&mut self, link: usize, why: String) {
        if self.listens[link] {
            self.crowd.ended(link, &why);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::crowd::Crowd;
    use super::super::engine::{Handler, Outgoing};
    use super::super::frame::TEXT;
    use super::super::inbox::Frame;
    use super::super::sequence::{Faults, Sequence};
    use super::super::window::Scenario;
    use super::super::wire::{Counted, Form, Peer, Wire};
    use super::{Pace, Room, Setting};

    /// Two sessions of which the first is read in full, and three lines said.
    fn room() -> Room {
        let wire = Wire { peer: Peer::Shardmesh, form: Form::Json, counted: Counted::Lines };
        let mut crowd = Crowd::new(wire, 2, 1, 0);
        crowd.ears.iter_mut().for_each(|ear| ear.events = Sequence::starting_at(1));
        let mut room = Room::new(crowd, Setting { pace: Pace::InFlight(3), line_len: 40, run: 7 }, |_| false);
        (0..3).for_each(|_| room.say(Instant::now(), &mut Outgoing::default()));
        room
    }

    /// Lets both sessions hear lines, given as their events' numbers and their own.
    fn heard(lines: [&[(u64, u64)]; 2]) -> Faults {
        let mut room = room();
        for (link, lines) in lines.into_iter().enumerate() {
            for (seq, number) in lines {
                let text = format!(
                    r#"{{"seq":{seq},"type":"chat","timestamp":1.0,"sender_id":1,"sender_name":"Mira",
                    "channel":"global","content":"bench 00000007 {number} ...","chat_id":{number}}}"#
                );
                let frame = Frame { opcode: TEXT, len: text.len(), shown: text.as_bytes() };
                room.frame(link, frame, &mut Outgoing::default());
            }
        }
        room.judge();
        std::mem::take(&mut room.crowd.faults)
    }

    const ALL: &[(u64, u64)] = &[(1, 1), (2, 2), (3, 3)];

    #[test]
    fn everything_once_and_in_order_is_clean() {
        assert_eq!(heard([ALL, ALL]), Faults::default());
    }

    #[test]
    fn a_session_of_the_sample_is_judged_by_what_it_heard() {
        let lost = heard([&[(1, 1), (2, 3)], ALL]);
        assert_eq!((lost.lost, lost.doubled, lost.reordered), (1, 0, 0), "{lost:?}");
        let doubled = heard([&[(1, 1), (2, 2), (3, 2), (4, 3)], ALL]);
        assert!(doubled.doubled >= 1 && doubled.lost == 0, "{doubled:?}");
        let swapped = heard([&[(1, 1), (2, 3), (3, 2)], ALL]);
        assert_eq!((swapped.lost, swapped.doubled, swapped.reordered), (0, 0, 1), "{swapped:?}");
    }

    #[test]
    fn the_others_are_judged_by_their_numbers_and_counts() {
        let lost = heard([ALL, &[(1, 1), (3, 3)]]);
        assert_eq!((lost.lost, lost.doubled), (2, 0), "an event and a line: {lost:?}");
        let unnumbered_loss = heard([ALL, &[(1, 1), (2, 3)]]);
        assert_eq!(unnumbered_loss.lost, 1, "{unnumbered_loss:?}");
        let doubled = heard([ALL, &[(1, 1), (2, 2), (2, 2), (3, 3)]]);
        assert!(doubled.doubled >= 1, "{doubled:?}");
        let swapped = heard([ALL, &[(2, 2), (1, 1), (3, 3)]]);
        assert!(swapped.lost + swapped.doubled + swapped.reordered >= 1, "{swapped:?}");
    }
}
