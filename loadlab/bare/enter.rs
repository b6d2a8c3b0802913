//! Everybody in: connects, signs in, takes a character and goes to a place, many at once but never all.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use protocol::movement::Position;
use protocol::{CharacterId, LocationId, ServerMessage};

use super::colyseus;
use super::crowd::Crowd;
use super::engine::{Engine, Handler, Outgoing, Upgrade};
use super::inbox::Frame;
use super::sequence::Sequence;
use super::wire::{Counted, Peer};
use crate::{LabError, Token};

/// So many are on their way in at the same time; fewer than any listener keeps waiting.
const AT_ONCE: usize = 64;
/// Nobody came in for so long: nobody will.
const PATIENCE: Duration = Duration::from_secs(30);
/// Everything that somebody's coming in has caused has arrived when nothing came for so long.
const QUIET: Duration = Duration::from_millis(300);
/// Where all ways between locations meet.
const CROSSING: LocationId = LocationId(1);

/// Where one stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Place {
    pub location: LocationId,
    pub position: Position,
}

/// How far in everybody goes.
#[derive(Debug)]
pub enum Goal<'a> {
    /// Connected, and where there is such a thing, signed in.
    SignedIn,
    /// With a character, where that stood last.
    InTheWorld,
    /// With a character, at these places.
    At(&'a [Place]),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Outside,
    Connecting,
    SigningIn,
    Selecting,
    /// Has a character; the server is about to say where that is.
    Landing,
    Travelling,
    In,
}

struct Entering<'a> {
    crowd: &'a mut Crowd,
    tokens: &'a [Token],
    goal: Goal<'a>,
    stages: Vec<Stage>,
    /// Whose stage changed to `In` since this was last looked at.
    arrived: usize,
    failed: Option<String>,
    heard: u64,
}

/// Brings all sessions of the crowd in and waits until nothing more comes of it.
///
/// # Errors
/// Somebody can't get in, and why.
pub fn enter(
    engine: &mut Engine,
    crowd: &mut Crowd,
    address: SocketAddr,
    tokens: &[Token],
    goal: Goal,
) -> Result<(), LabError> {
    let wire = crowd.wire;
    let everybody: Vec<usize> = (0..crowd.ears.len()).collect();
    enter_some(engine, crowd, &everybody, |_| wire.upgrade(address), tokens, goal)
}

/// Brings these sessions in, each by an upgrade of its own.
///
/// # Errors
/// Somebody can't get in, and why.
pub fn enter_some(
    engine: &mut Engine,
    crowd: &mut Crowd,
    links: &[usize],
    upgrade: impl Fn(usize) -> Result<Upgrade, LabError>,
    tokens: &[Token],
    goal: Goal,
) -> Result<(), LabError> {
    let stages = vec![Stage::Outside; crowd.ears.len()];
    let mut entering = Entering { crowd, tokens, goal, stages, arrived: 0, failed: None, heard: 0 };
    let mut waiting: VecDeque<usize> = links.iter().copied().collect();
    let (mut inside, mut under_way, mut progress) = (0, 0, Instant::now());
    while inside < links.len() {
        while under_way < AT_ONCE
            && let Some(link) = waiting.pop_front()
        {
            let connected = engine.connect(link, &upgrade(link)?);
            connected.map_err(|error| LabError::Bench(format!("session {link}: no connection: {error}")))?;
            entering.stages[link] = Stage::Connecting;
            under_way += 1;
        }
        turn(engine, Instant::now() + Duration::from_millis(500), &mut entering)?;
        let arrived = std::mem::take(&mut entering.arrived);
        if arrived > 0 {
            progress = Instant::now();
        }
        inside += arrived;
        under_way -= arrived;
        if let Some(why) = entering.failed.take() {
            return Err(LabError::Bench(why));
        }
        if progress.elapsed() > PATIENCE {
            return Err(LabError::Bench(format!(
                "{inside} of {} are in, and nobody came for 30 s",
                links.len()
            )));
        }
    }
    settle(engine, &mut entering)?;
    for (link, ear) in entering.crowd.ears.iter().enumerate() {
        engine.look_at(link, ear.sampled);
    }
    Ok(())
}

fn settle(engine: &mut Engine, entering: &mut Entering) -> Result<(), LabError> {
    let (begin, mut before, mut since) = (Instant::now(), entering.heard, Instant::now());
    // A world that moves by itself is never quiet.
    while since.elapsed() < QUIET && begin.elapsed() < PATIENCE {
        turn(engine, Instant::now() + Duration::from_millis(50), entering)?;
        if entering.heard != before {
            before = entering.heard;
            since = Instant::now();
        }
    }
    entering.failed.take().map_or(Ok(()), |why| Err(LabError::Bench(why)))
}

/// One turn of the engine, with the lab's kind of error.
///
/// # Errors
/// epoll itself failed.
pub fn turn(engine: &mut Engine, until: Instant, handler: &mut impl Handler) -> Result<(), LabError> {
    engine.turn(until, handler).map_err(|error| LabError::Bench(format!("epoll: {error}")))
}

impl Entering<'_> {
    fn arrive(&mut self, link: usize) {
        self.stages[link] = Stage::In;
        self.arrived += 1;
    }

    fn advance(&mut self, link: usize, frame: &Frame, out: &mut Outgoing) -> Result<(), String> {
        let message = self.crowd.wire.read(frame)?.message;
        let next = match (self.stages[link], message) {
            (_, ServerMessage::Error(error)) => {
                return Err(format!("{}: {}", error.error_code, error.error_message));
            }
            (Stage::SigningIn, ServerMessage::AuthResponse(answer)) => {
                if !answer.success {
                    return Err(answer.message.unwrap_or_else(|| "signing in failed".to_owned()));
                }
                let ear = &mut self.crowd.ears[link];
                ear.session_id = answer.session_id;
                ear.resume_token = answer.resume_token.unwrap_or_default();
                ear.events = Sequence::starting_at(answer.last_seq.unwrap_or(0) + 1);
                match self.goal {
                    Goal::SignedIn => Stage::In,
                    Goal::InTheWorld | Goal::At(_) => {
                        self.crowd.wire.select(self.tokens[link].character_id, out);
                        Stage::Selecting
                    }
                }
            }
            (Stage::Selecting, ServerMessage::CharacterSelect(_)) => Stage::Landing,
            (Stage::Landing | Stage::Travelling, ServerMessage::LocationUpdate(update)) => {
                self.walk_on(link, update.character_id, update.location_id, out)
            }
            (stage, _) => stage,
        };
        if next == Stage::In && self.stages[link] != Stage::In {
            self.arrive(link);
        }
        self.stages[link] = next;
        Ok(())
    }

    /// Only who enters a location may choose where: whoever is in the right one already steps out first.
    fn walk_on(&mut self, link: usize, who: CharacterId, here: LocationId, out: &mut Outgoing) -> Stage {
        let Goal::At(places) = self.goal else { return Stage::In };
        let place = places[link];
        let landing = self.stages[link] == Stage::Landing;
        if who != self.tokens[link].character_id || (here == place.location && !landing) {
            return if who == self.tokens[link].character_id { Stage::In } else { self.stages[link] };
        }
        let to = if here == CROSSING { place.location } else { CROSSING };
        self.crowd.wire.go(to, place.position, None, out);
        Stage::Travelling
    }
}

impl Handler for Entering<'_> {
    fn opened(&mut self, link: usize, out: &mut Outgoing) {
        self.stages[link] = Stage::SigningIn;
        match self.crowd.wire.peer {
            Peer::Shardmesh => {
                if let Err(why) = self.crowd.wire.sign_in(&self.tokens[link].session_token, out) {
                    self.failed = Some(why);
                }
            }
            // Waits to be told that it may join.
            Peer::Colyseus => {}
            Peer::Floor | Peer::Ws => self.arrive(link),
        }
    }

    fn frame(&mut self, link: usize, frame: Frame, out: &mut Outgoing) {
        self.heard += 1;
        if self.crowd.wire.peer == Peer::Colyseus && self.stages[link] != Stage::In {
            match frame.shown.first() {
                Some(&colyseus::JOIN_ROOM) => {
                    colyseus::join(out);
                    self.arrive(link);
                }
                Some(&colyseus::ERROR) => {
                    let why = String::from_utf8_lossy(frame.shown);
                    self.failed = Some(format!("session {link} can't join: {why}"));
                }
                _ => {}
            }
        }
        if self.crowd.wire.is_ours()
            && self.stages[link] != Stage::In
            && let Err(why) = self.advance(link, &frame, out)
        {
            self.failed = Some(format!("session {link} can't get in: {why}"));
        }
        let counted = self.crowd.hear(link, &frame, out).is_some();
        let wire = &self.crowd.wire;
        if counted && wire.is_ours() && wire.counted == Counted::Areas && self.crowd.ears[link].sampled {
            self.crowd.early.push((link, frame.shown.to_vec()));
        }
    }

    fn closed(&mut self, link: usize, why: String) {
        self.failed = Some(format!("session {link} can't get in: {why}"));
    }
}
