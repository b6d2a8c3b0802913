//! `storm`: while one speaks, all others drop at once and resume, and must then have heard every line once.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use protocol::ServerMessage;

use super::crowd::Crowd;
use super::engine::{Engine, Handler, Outgoing, Upgrade};
use super::inbox::Frame;
use super::room::{Room, SENDER};
use super::window::{Latencies, Scenario, run_until};
use crate::LabError;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Here,
    /// Waits to connect, or for the upgrade.
    Away,
    /// Has said `resume`.
    Resuming,
    /// Is resumed; events up to this one were missed.
    CatchingUp(u64),
}

/// The load.
#[derive(Debug)]
pub struct Storm {
    room: Room,
    upgrade: Upgrade,
    stages: Vec<Stage>,
    waiting: VecDeque<usize>,
    /// Of those who are on their way back at the same time.
    at_once: usize,
    under_way: usize,
    /// When everybody began to come back.
    began: Instant,
    took: Latencies,
    /// Who has caught up since this was last looked at.
    back: Vec<usize>,
    /// Events that were sent again.
    pub replayed: u64,
}

impl Storm {
    pub fn new(room: Room, clients: usize, upgrade: Upgrade, at_once: usize) -> Self {
        Self {
            room,
            upgrade,
            stages: vec![Stage::Here; clients],
            waiting: VecDeque::new(),
            at_once,
            under_way: 0,
            began: Instant::now(),
            took: Latencies::default(),
            back: Vec::new(),
            replayed: 0,
        }
    }

    /// Cuts everybody but the speaker.
    pub fn cut(&mut self, engine: &mut Engine) {
        for link in (0..self.stages.len()).filter(|link| *link != SENDER) {
            engine.cut(link);
            self.stages[link] = Stage::Away;
        }
    }

    /// Everybody who was cut comes back now.
    pub fn come_back(&mut self) {
        self.waiting = (0..self.stages.len()).filter(|link| self.stages[*link] == Stage::Away).collect();
        self.began = Instant::now();
    }

    pub fn is_over(&self) -> bool {
        self.stages.iter().all(|stage| *stage == Stage::Here)
    }

    /// How long it took each to be back with everything.
    pub fn took(&self) -> &Latencies {
        &self.took
    }

    fn advance(&mut self, link: usize, frame: &Frame) {
        let crowd = self.room.crowd();
        let read = match crowd.wire.read(frame) {
            Ok(read) => read.message,
            Err(why) => return crowd.faults.strange(|| format!("session {link}: {why}")),
        };
        if let ServerMessage::Resumed(resumed) = read {
            if let Some(gap) = resumed.gap {
                let crowd = self.room.crowd();
                crowd.faults.lost += gap.to_seq - gap.from_seq + 1;
                crowd.faults.example(|| format!("session {link}: {gap:?} is gone for good"));
            }
            self.replayed += resumed.to_seq + 1 - resumed.from_seq.min(resumed.to_seq + 1);
            self.room.crowd().ears[link].resume_token = resumed.resume_token;
            self.stages[link] = Stage::CatchingUp(resumed.to_seq);
        }
    }

    fn arrive(&mut self, link: usize) {
        self.stages[link] = Stage::Here;
        self.under_way -= 1;
        self.took.record(Instant::now().saturating_duration_since(self.began));
        self.back.push(link);
    }
}

impl Scenario for Storm {
    fn drive(&mut self, engine: &mut Engine) -> Instant {
        for link in std::mem::take(&mut self.back) {
            engine.look_at(link, self.room.crowd().ears[link].sampled);
        }
        while self.under_way < self.at_once
            && let Some(link) = self.waiting.pop_front()
        {
            self.under_way += 1;
            if let Err(error) = engine.connect(link, &self.upgrade) {
                self.closed(link, error.to_string());
            }
        }
        self.room.drive(engine)
    }

    fn stop(&mut self) {
        self.room.stop();
    }

    fn is_drained(&self) -> bool {
        self.room.is_drained() && self.is_over()
    }

    fn judge(&mut self) {
        let away = self.stages.iter().filter(|stage| **stage != Stage::Here).count();
        if away > 0 {
            self.room.crowd().faults.strange(|| format!("{away} sessions never came back"));
        }
        self.room.judge();
    }

    fn crowd(&mut self) -> &mut Crowd {
        self.room.crowd()
    }

    fn latencies(&mut self) -> &mut Latencies {
        self.room.latencies()
    }
}

impl Handler for Storm {
    fn turned(&mut self, now: Instant) {
        self.room.turned(now);
    }

    fn opened(&mut self, link: usize, out: &mut Outgoing) {
        let crowd = self.room.crowd();
        let ear = &crowd.ears[link];
        let Some(session) = ear.session_id else { return };
        // Nothing before the highest is missing, else that is a fault already.
        let last_seq = ear.events.next() - 1;
        if let Err(why) = crowd.wire.resume(session, &ear.resume_token, last_seq, out) {
            crowd.faults.strange(|| why);
        }
        self.stages[link] = Stage::Resuming;
    }

    fn frame(&mut self, link: usize, frame: Frame, out: &mut Outgoing) {
        if self.stages[link] == Stage::Resuming {
            self.advance(link, &frame);
        }
        self.room.frame(link, frame, out);
        if let Stage::CatchingUp(to_seq) = self.stages[link]
            && self.room.crowd().ears[link].events.next() > to_seq
        {
            self.arrive(link);
        }
    }

    fn closed(&mut self, link: usize, why: String) {
        if !matches!(self.stages[link], Stage::Here) {
            self.under_way = self.under_way.saturating_sub(1);
        }
        self.room.closed(link, why);
    }
}

/// How the storm goes: who is away for how long, and how long it may take.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    pub before: Duration,
    pub away: Duration,
    pub patience: Duration,
}

/// Lets it happen: talk, cut, come back.
///
/// # Errors
/// The client itself could not work.
pub fn blow(engine: &mut Engine, storm: &mut Storm, course: &Course) -> Result<(), LabError> {
    run_until(engine, storm, Instant::now() + course.before)?;
    storm.cut(engine);
    run_until(engine, storm, Instant::now() + course.away)?;
    storm.come_back();
    let end = Instant::now() + course.patience;
    while !storm.is_over() && Instant::now() < end {
        run_until(engine, storm, Instant::now() + Duration::from_millis(10))?;
    }
    // Whoever is back goes on listening.
    run_until(engine, storm, Instant::now() + course.before)
}
