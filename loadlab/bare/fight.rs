//! `combat`: pairs that fight each other, a move a second each; what counts is how long a move takes to be answered.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

use protocol::combat::{Act, ActionType, StartCombat};
use protocol::movement::Position;
use protocol::{CharacterId, ClientMessage, LocationId, ServerMessage, Text};

use super::crowd::Crowd;
use super::engine::{Engine, Handler, Outgoing};
use super::enter::Place;
use super::inbox::Frame;
use super::window::{Latencies, Scenario};

/// Where pairs stand: the halls, so that not everybody hears of everybody. A server that is measured lets them be
/// fought in (a world of its own, `safe = false`).
const LOCATIONS: [i64; 6] = [5, 6, 7, 8, 9, 10];
/// Challenges that are under way at the same time.
const CHALLENGES_AT_ONCE: usize = 32;
/// What everybody does in turn: one blow in four, so that a fight lasts for minutes, and breath for it.
const MOVES: [(ActionType, Option<&str>); 4] = [
    (ActionType::Attack, Some("light")),
    (ActionType::Defend, Some("rest")),
    (ActionType::Defend, Some("block")),
    (ActionType::Defend, Some("rest")),
];

/// One who fights.
#[derive(Debug, Default)]
struct Fighter {
    combat_id: String,
    moves: usize,
    /// When the move under way was due.
    due: Option<Instant>,
    /// When the next one may be made at the earliest.
    next: Option<Instant>,
    over: bool,
}

/// The load.
#[derive(Debug)]
pub struct Fights {
    crowd: Crowd,
    latencies: Latencies,
    characters: Vec<CharacterId>,
    fighters: Vec<Fighter>,
    /// Moves that can be made, by when.
    due: BinaryHeap<Reverse<(Instant, usize)>>,
    every: Duration,
    /// Pairs that have been brought together, and how many of them fight.
    challenged: usize,
    begun: usize,
    /// Fights that came to an end.
    pub ended: u64,
    now: Instant,
    going: bool,
}

/// Where everybody stands: each pair side by side.
pub fn places(clients: usize) -> Vec<Place> {
    let place = |link: usize| {
        let pair = link / 2;
        let location = LocationId(LOCATIONS[pair % LOCATIONS.len()]);
        let (row, column) = ((pair / LOCATIONS.len()) / 30, (pair / LOCATIONS.len()) % 30);
        let position = Position {
            x: 60.0f64.mul_add(column as f64, -900.0 + (link % 2) as f64),
            y: 60.0f64.mul_add(row as f64, -900.0),
            z: 0.0,
        };
        Place { location, position }
    };
    (0..clients).map(place).collect()
}

impl Fights {
    pub fn new(crowd: Crowd, characters: &[CharacterId], moves_per_sec: f64) -> Self {
        let clients = crowd.ears.len();
        let mut fighters = Vec::new();
        fighters.resize_with(clients, Fighter::default);
        Self {
            crowd,
            latencies: Latencies::default(),
            characters: characters.to_vec(),
            fighters,
            due: BinaryHeap::new(),
            every: Duration::from_secs_f64(1.0 / moves_per_sec),
            challenged: 0,
            begun: 0,
            ended: 0,
            now: Instant::now(),
            going: true,
        }
    }

    /// Brings the next pairs together.
    fn challenge(&mut self, engine: &mut Engine) {
        let pairs = self.fighters.len() / 2;
        while self.challenged < pairs && self.challenged < self.begun + CHALLENGES_AT_ONCE {
            let link = 2 * self.challenged;
            self.challenged += 1;
            let target_id = Some(self.characters[link + 1]);
            let challenge = ClientMessage::CombatStart(StartCombat { target_id, enemy: None });
            let mut out = Outgoing::default();
            self.crowd.wire.command(&challenge, &format!("challenge {link}"), &mut out);
            let challenge = out.take();
            engine.send(link, self, |out| out.ready_made(&challenge));
        }
    }

    fn make_move(&mut self, link: usize, due: Instant, engine: &mut Engine) {
        let fighter = &mut self.fighters[link];
        let (action_type, manner) = MOVES[fighter.moves % MOVES.len()];
        fighter.moves += 1;
        fighter.due = Some(due);
        fighter.next = Some(due + self.every);
        let Ok(combat_id) = Text::new(&fighter.combat_id) else { return };
        let act = ClientMessage::CombatAction(Act {
            combat_id,
            action_type,
            target_id: None,
            ability_name: manner.and_then(|manner| Text::new(manner).ok()),
            item_id: None,
            item_kind: None,
        });
        let mut out = Outgoing::default();
        self.crowd.wire.command(&act, &format!("move {}", fighter.moves), &mut out);
        let act = out.take();
        engine.send(link, self, |out| out.ready_made(&act));
    }

    fn take(&mut self, link: usize, message: ServerMessage) {
        let own = self.characters[link];
        let fighter = &mut self.fighters[link];
        match message {
            ServerMessage::CombatStart(start) => {
                fighter.combat_id = start.combat_id;
                self.begun += usize::from(link.is_multiple_of(2));
            }
            ServerMessage::CombatState(state) if state.active_character_id == own => {
                // Whoever has had a turn already acts a second after it, or as soon as it is his.
                let due = fighter.next.map_or(self.now, |next| next.max(self.now));
                self.due.push(Reverse((due, link)));
            }
            ServerMessage::CombatAction(action) if action.character_id == own => {
                if let Some(due) = fighter.due.take() {
                    self.latencies.record(self.now.saturating_duration_since(due));
                }
            }
            ServerMessage::CombatEnd(_) => {
                fighter.over = true;
                self.ended += u64::from(link.is_multiple_of(2));
            }
            _ => {}
        }
    }
}

impl Scenario for Fights {
    fn drive(&mut self, engine: &mut Engine) -> Instant {
        self.now = Instant::now();
        if self.going {
            self.challenge(engine);
        }
        while let Some(Reverse((due, link))) = self.due.peek().copied() {
            if due > self.now {
                return due;
            }
            self.due.pop();
            if self.going && !self.fighters[link].over && engine.is_open(link) {
                self.make_move(link, due, engine);
            }
        }
        self.now + Duration::from_millis(20)
    }

    fn stop(&mut self) {
        self.going = false;
    }

    fn is_drained(&self) -> bool {
        self.fighters.iter().all(|fighter| fighter.due.is_none())
    }

    fn judge(&mut self) {
        let lost = self.fighters.iter().filter(|fighter| fighter.due.is_some()).count();
        if lost > 0 {
            self.crowd.faults.lost += lost as u64;
            self.crowd.faults.example(|| format!("{lost} moves were not answered"));
        }
        self.crowd.finish();
    }

    fn crowd(&mut self) -> &mut Crowd {
        &mut self.crowd
    }

    fn latencies(&mut self) -> &mut Latencies {
        &mut self.latencies
    }
}

impl Handler for Fights {
    fn turned(&mut self, now: Instant) {
        self.now = now;
    }

    fn opened(&mut self, _link: usize, _out: &mut Outgoing) {}

    fn frame(&mut self, link: usize, frame: Frame, out: &mut Outgoing) {
        self.crowd.hear(link, &frame, out);
        let wire = self.crowd.wire;
        let of_combat = wire.peek(&frame).is_some_and(|peeked| peeked.name.starts_with(b"combat_"));
        if !of_combat {
            return;
        }
        match wire.read(&frame) {
            Ok(read) => self.take(link, read.message),
            Err(why) => self.crowd.faults.strange(|| format!("session {link}: {why}")),
        }
    }

    fn closed(&mut self, link: usize, why: String) {
        self.crowd.ended(link, &why);
    }
}

#[cfg(test)]
mod tests {
    use super::{LOCATIONS, places};

    #[test]
    fn each_pair_stands_together_and_the_halls_share_them() {
        let places = places(2000);
        for pair in places.chunks(2) {
            assert_eq!(pair[0].location, pair[1].location);
            assert!((pair[0].position.x - pair[1].position.x).abs() <= 1.0);
            assert!(pair[0].position.x.abs() <= 1000.0 && pair[0].position.y.abs() <= 1000.0);
        }
        for hall in LOCATIONS {
            let there = places.iter().filter(|place| place.location.0 == hall).count();
            assert!((330..=336).contains(&there), "{there}");
        }
    }
}
