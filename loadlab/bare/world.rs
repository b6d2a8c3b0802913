//! `world`: everybody walks and is shown those around; what counts is each new position of one entity to one viewer.

use std::f64::consts::TAU;
use std::time::{Duration, Instant};

use clap::ValueEnum;
use protocol::movement::Position;
use protocol::{CharacterId, LocationId};

use super::area::{Area, Picture, Trail, Trails};
use super::colyseus::{self, Point};
use super::crowd::Crowd;
use super::engine::{Engine, Handler, Outgoing};
use super::enter::Place;
use super::inbox::Frame;
use super::window::{Latencies, Scenario};
use super::wire::Peer;

/// The halls: places without danger, of any number, one step from where one arrives.
const LOCATIONS: [i64; 6] = [5, 6, 7, 8, 9, 10];
/// Half the width of what may be walked on.
const REACH_M: f64 = 1000.0;
/// Groups this far apart don't see each other: a view is five cells of 50 m wide.
const GROUPS_APART_M: f64 = 200.0;
/// Groups in a row, and rows.
const GROUPS_A_SIDE: usize = 10;
/// Within a view.
const VIEW_M: f64 = 250.0;
/// Everybody walks in circles, at half of what is allowed.
const RADIUS_M: f64 = 10.0;
const SPEED_MPS: f64 = 5.0;

/// Exact in 32 bits for a quarter of an hour and more.
const STAMPS_A_SECOND: f64 = 10_000.0;

/// How people stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Layout {
    /// In groups, each within one cell: all of a group are shown the same
    Groups,
    /// Evenly, so that as many are in view; people cross from cell to cell
    Spread,
}

/// What the world is like.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    pub layout: Layout,
    /// How many others each sees, about.
    pub neighbours: usize,
    pub moves_per_sec: f64,
    /// Of a peer whose frames can't be read: new positions in each.
    pub updates_per_frame: f64,
}

/// The load.
#[derive(Debug)]
pub struct World {
    crowd: Crowd,
    ages: Latencies,
    setting: Setting,
    /// Of the circles that people walk.
    middles: Vec<Position>,
    trails: Trails,
    pictures: Vec<Picture>,
    /// Of the sample: new positions that were told, and the bytes that told them.
    told: (u64, u64),
    /// Below 1 the world runs slower than it should.
    pub slowest: f64,
    begin: Instant,
    /// Moves that have been sent, of all together.
    moves: u64,
    now: Instant,
}

/// Where everybody stands at first: on the circle that one walks.
pub fn places(clients: usize, setting: &Setting) -> Vec<Place> {
    let start = |index| {
        let Place { location, position: middle } = middle(index, clients, setting);
        Place { location, position: on_circle(index, middle, 0.0).0 }
    };
    (0..clients).map(start).collect()
}

/// Where one is, and how fast one goes, after so many metres along one's circle.
fn on_circle(index: usize, middle: Position, walked: f64) -> (Position, Position) {
    let (sin, cos) = (walked / RADIUS_M + index as f64).sin_cos();
    let position =
        Position { x: RADIUS_M.mul_add(cos, middle.x), y: RADIUS_M.mul_add(sin, middle.y), z: 0.0 };
    (position, Position { x: -SPEED_MPS * sin, y: SPEED_MPS * cos, z: 0.0 })
}

fn middle(index: usize, clients: usize, setting: &Setting) -> Place {
    let in_view = setting.neighbours + 1;
    let (hall, x, y) = match setting.layout {
        Layout::Groups => {
            let (group, member) = (index / in_view, index % in_view);
            let (hall, group) = (group / GROUPS_A_SIDE.pow(2), group % GROUPS_A_SIDE.pow(2));
            // The middle of a cell, and within it some metres for each, so that the circles stay in the cell.
            let middle = |step: usize| GROUPS_APART_M.mul_add(step as f64, 25.0 - REACH_M);
            let turn = TAU * member as f64 / in_view as f64;
            let (x, y) = (middle(group % GROUPS_A_SIDE), middle(group / GROUPS_A_SIDE));
            (hall, x + 10.0 * turn.cos(), y + 10.0 * turn.sin())
        }
        Layout::Spread => {
            let apart = VIEW_M / (in_view as f64).sqrt();
            let a_side = (2.0 * (REACH_M - RADIUS_M) / apart) as usize;
            let (hall, rest) = (index / (a_side * a_side), index % (a_side * a_side));
            let here = (clients - hall * a_side * a_side).min(a_side * a_side);
            let a_row = (here as f64).sqrt().ceil() as usize;
            let at = |step: usize| (step as f64 - a_row as f64 / 2.0 + 0.5) * apart;
            (hall, at(rest % a_row), at(rest / a_row))
        }
    };
    let location = LocationId(LOCATIONS[hall % LOCATIONS.len()]);
    Place { location, position: Position { x, y, z: 0.0 } }
}

impl World {
    pub fn new(crowd: Crowd, setting: Setting, characters: &[CharacterId]) -> Self {
        let clients = crowd.ears.len();
        let who = characters.iter().enumerate().map(|(index, who)| (*who, index)).collect();
        let mut trails = Trails { of: vec![Trail::default(); clients], who };
        let now = Instant::now();
        for (trail, place) in trails.of.iter_mut().zip(places(clients, &setting)) {
            trail.say(place.position.x, place.position.y, now);
        }
        let mut world = Self {
            crowd,
            ages: Latencies::default(),
            setting,
            middles: (0..clients).map(|index| middle(index, clients, &setting).position).collect(),
            trails,
            pictures: vec![Picture::default(); clients],
            told: (0, 0),
            slowest: 1.0,
            begin: now,
            moves: 0,
            now,
        };
        for (link, payload) in std::mem::take(&mut world.crowd.early) {
            world.look(link, &payload);
        }
        world
    }

    /// How many one of the sample sees, on average, itself included.
    pub fn in_view(&self) -> f64 {
        let sample: Vec<usize> =
            (0..self.pictures.len()).filter(|link| self.crowd.ears[*link].sampled).collect();
        let seen: usize = sample.iter().map(|link| self.pictures[*link].in_view()).sum();
        seen as f64 / sample.len().max(1) as f64
    }

    fn look(&mut self, link: usize, payload: &[u8]) {
        if !self.crowd.ears[link].sampled {
            return;
        }
        let Crowd { wire, faults, .. } = &mut self.crowd;
        match Area::read(wire.form, payload) {
            Ok(area) => {
                self.told.0 += area.updates();
                self.told.1 += payload.len() as u64;
                self.slowest = self.slowest.min(area.dilation);
                self.pictures[link].take(link, &area, self.now, &self.trails, &mut self.ages, faults);
            }
            Err(why) => faults.strange(|| format!("session {link}: no area_update: {why}")),
        }
    }

    /// The same of a patch of Colyseus' state.
    fn look_at_patch(&mut self, link: usize, payload: &[u8]) {
        if !self.crowd.ears[link].sampled {
            return;
        }
        let Self { crowd, told, ages, now, begin, .. } = self;
        let read = colyseus::positions(payload, |x, _| {
            told.0 += 1;
            if let Some(x) = x {
                let sent = *begin + Duration::from_secs_f64(f64::from(x.max(0.0)) / STAMPS_A_SECOND);
                ages.record(now.saturating_duration_since(sent));
            }
        });
        match read {
            Ok(()) => told.1 += payload.len() as u64,
            Err(why) => crowd.faults.strange(|| format!("session {link}: {why}")),
        }
    }

    fn step(&mut self, link: usize, due: Instant, out: &mut Outgoing) {
        let walked = due.saturating_duration_since(self.begin).as_secs_f64() * SPEED_MPS;
        let (position, velocity) = on_circle(link, self.middles[link], walked);
        self.trails.of[link].say(position.x, position.y, due);
        if self.crowd.wire.peer == Peer::Colyseus {
            // Nobody checks where one goes there: the position itself says when it was sent.
            let x = (due.saturating_duration_since(self.begin).as_secs_f64() * STAMPS_A_SECOND) as f32;
            return colyseus::say("move", &Point { x, y: link as f32 }, out);
        }
        self.crowd.wire.go(LocationId(0), position, Some(velocity), out);
    }
}

impl Scenario for World {
    fn drive(&mut self, engine: &mut Engine) -> Instant {
        self.now = Instant::now();
        let clients = self.middles.len() as u64;
        let apart = 1.0 / (self.setting.moves_per_sec * clients as f64);
        loop {
            let due = self.begin + Duration::from_secs_f64(self.moves as f64 * apart);
            if due > self.now {
                return due;
            }
            let link = (self.moves % clients) as usize;
            self.moves += 1;
            if !engine.is_open(link) {
                continue;
            }
            let mut out = Outgoing::default();
            self.step(link, due, &mut out);
            let step = out.take();
            engine.send(link, self, |out| out.ready_made(&step));
        }
    }

    /// Nothing here answers anything: whoever walks simply stops.
    fn stop(&mut self) {}

    fn is_drained(&self) -> bool {
        true
    }

    fn judge(&mut self) {
        self.crowd.finish();
    }

    fn crowd(&mut self) -> &mut Crowd {
        &mut self.crowd
    }

    fn latencies(&mut self) -> &mut Latencies {
        &mut self.ages
    }

    fn sampled(&self) -> (u64, u64) {
        if self.crowd.wire.is_read() {
            return self.told;
        }
        let told = self.crowd.deliveries as f64 * self.setting.updates_per_frame;
        (told as u64, self.crowd.delivery_bytes)
    }
}

impl Handler for World {
    fn turned(&mut self, now: Instant) {
        self.now = now;
    }

    fn opened(&mut self, _link: usize, _out: &mut Outgoing) {}

    fn frame(&mut self, link: usize, frame: Frame, out: &mut Outgoing) {
        if self.crowd.hear(link, &frame, out).is_none() {
            return;
        }
        match self.crowd.wire.peer {
            Peer::Shardmesh => self.look(link, frame.shown),
            Peer::Colyseus => self.look_at_patch(link, frame.shown),
            Peer::Floor | Peer::Ws => {}
        }
    }

    fn closed(&mut self, link: usize, why: String) {
        self.crowd.ended(link, &why);
    }
}

#[cfg(test)]
mod tests {
    use super::{Layout, REACH_M, Setting, places};

    fn seen_by(clients: usize, layout: Layout) -> (Vec<usize>, usize) {
        let setting = Setting { layout, neighbours: 50, moves_per_sec: 10.0, updates_per_frame: 0.0 };
        let places = places(clients, &setting);
        let cell = |metres: f64| (metres / 50.0).floor() as i32;
        let counts = places.iter().map(|me| {
            let near = |a: f64, b: f64| (cell(a) - cell(b)).abs() <= 2;
            let (at, mut seen) = (me.position, 0);
            for other in places.iter().filter(|other| other.location == me.location) {
                assert!(other.position.x.abs() <= REACH_M && other.position.y.abs() <= REACH_M);
                seen += usize::from(near(at.x, other.position.x) && near(at.y, other.position.y));
            }
            seen
        });
        let mut locations: Vec<i64> = places.iter().map(|place| place.location.0).collect();
        locations.dedup();
        (counts.collect(), locations.len())
    }

    #[test]
    fn in_groups_each_sees_exactly_its_own() {
        let (counts, locations) = seen_by(1020, Layout::Groups);
        assert!(counts.iter().all(|count| *count == 51), "{counts:?}");
        assert_eq!(locations, 1);
        assert_eq!(seen_by(5151, Layout::Groups).1, 2);
    }

    #[test]
    fn spread_out_each_sees_about_as_many() {
        let (counts, _) = seen_by(1000, Layout::Spread);
        let average = counts.iter().sum::<usize>() / counts.len();
        assert!((35..=60).contains(&average), "{average}");
    }
}
