//! What one session is shown of the world, and whether it can be true: nobody moves unseen, everybody is where they said.

use std::collections::{HashMap, VecDeque};
use std::time::Instant;

use protocol::CharacterId;
use serde::Deserialize;

use super::sequence::Faults;
use super::window::Latencies;
use super::wire::Form;

/// So many positions of each mover are remembered: some seconds' worth.
const REMEMBERED: usize = 64;
/// The wire keeps a millimetre; two positions of one walk are further apart.
const EXACT_M: f64 = 0.01;
/// Nobody is shown further away, in cells: the view, and one for those who are about to change theirs.
const SIGHT_CELLS: i32 = 3;

/// `area_update`, as protocol.md writes it down: read here once more, so that server and judge don't share a mistake.
#[derive(Debug, Deserialize)]
pub struct Area {
    pub tick: u64,
    pub dilation: f64,
    pub full: bool,
    pub cells: Vec<CellNews>,
}

/// One cell of it.
#[derive(Debug, Deserialize)]
pub struct CellNews {
    pub cell: [i32; 2],
    #[serde(default)]
    pub enter: Vec<Entered>,
    #[serde(default)]
    pub leave: Vec<(CharacterId, Option<[i32; 2]>)>,
    /// Who, x, y, z and the velocity along them.
    #[serde(default, rename = "move")]
    pub moved: Vec<(CharacterId, f64, f64, f64, f64, f64, f64)>,
}

/// Somebody who is in a cell now.
#[derive(Debug, Deserialize)]
pub struct Entered {
    pub character_id: CharacterId,
}

impl Area {
    /// Reads the payload of a frame.
    ///
    /// # Errors
    /// Why it is none.
    pub fn read(form: Form, payload: &[u8]) -> Result<Self, String> {
        match form {
            Form::Msgpack => rmp_serde::from_slice(payload).map_err(|error| error.to_string()),
            Form::Json | Form::Classic => serde_json::from_slice(payload).map_err(|error| error.to_string()),
        }
    }

    /// Entities whose new position it tells.
    pub fn updates(&self) -> u64 {
        self.cells.iter().map(|cell| cell.moved.len() as u64).sum()
    }
}

/// What one mover said of itself.
#[derive(Debug, Clone, Default)]
pub struct Trail {
    /// The number of the first one that is remembered.
    first: u64,
    said: VecDeque<(f64, f64, Instant)>,
}

impl Trail {
    pub fn say(&mut self, x: f64, y: f64, intended: Instant) {
        if self.said.len() == REMEMBERED {
            self.said.pop_front();
            self.first += 1;
        }
        self.said.push_back((x, y, intended));
    }

    /// Which of the positions this is, by its number from 0, and when it should have been sent.
    fn find(&self, x: f64, y: f64) -> Option<(u64, Instant)> {
        let near = |said: &&(f64, f64, Instant)| (said.0 - x).abs() < EXACT_M && (said.1 - y).abs() < EXACT_M;
        let (index, said) = self.said.iter().enumerate().rev().find(|(_, said)| near(said))?;
        Some((self.first + index as u64, said.2))
    }
}

/// All movers, by the names under which others see them.
#[derive(Debug, Default)]
pub struct Trails {
    pub of: Vec<Trail>,
    pub who: HashMap<CharacterId, usize>,
}

/// One session's picture of the world.
#[derive(Debug, Clone, Default)]
pub struct Picture {
    /// The cell in which somebody was seen last.
    in_view: HashMap<CharacterId, [i32; 2]>,
    /// The number of the newest position of each that was seen.
    newest: HashMap<CharacterId, u64>,
    /// The cell that the viewer was shown itself in.
    own_cell: Option<[i32; 2]>,
    tick: u64,
    /// The first frame to be looked at has to be full.
    began: bool,
}

impl Picture {
    pub fn in_view(&self) -> usize {
        self.in_view.len()
    }

    /// Takes a frame in: judges it and records how old its positions are.
    pub fn take(
        &mut self,
        viewer: usize,
        area: &Area,
        now: Instant,
        trails: &Trails,
        ages: &mut Latencies,
        faults: &mut Faults,
    ) {
        if area.full {
            self.in_view.clear();
            self.own_cell = None;
            self.began = true;
        }
        if !self.began {
            return faults.strange(|| format!("session {viewer}: an area_update before a full one"));
        }
        if area.tick < self.tick {
            faults.reordered += 1;
            faults.example(|| format!("session {viewer}: tick {} after {}", area.tick, self.tick));
        }
        self.tick = self.tick.max(area.tick);
        for news in &area.cells {
            self.leave(viewer, news, faults);
            for entered in &news.enter {
                self.in_view.insert(entered.character_id, news.cell);
                if trails.who.get(&entered.character_id) == Some(&viewer) {
                    self.own_cell = Some(news.cell);
                }
            }
        }
        // Where the viewer said to be lately may be news to this frame.
        let far = |news: &&CellNews| self.own_cell.is_some_and(|own| distance(own, news.cell) > SIGHT_CELLS);
        for news in area.cells.iter().filter(far) {
            for Entered { character_id } in &news.enter {
                let own = self.own_cell;
                faults.strange(|| format!("session {viewer} in {own:?}: {character_id} in {:?}", news.cell));
            }
        }
        for &(who, x, y, ..) in area.cells.iter().flat_map(|news| &news.moved) {
            self.moved(viewer, who, (x, y), now, trails, ages, faults);
        }
    }

    fn leave(&mut self, viewer: usize, news: &CellNews, faults: &mut Faults) {
        for (who, _) in &news.leave {
            match self.in_view.get(who) {
                Some(cell) if *cell == news.cell => {
                    self.in_view.remove(who);
                }
                // Has entered another cell of the view in the same frame.
                Some(_) => {}
                None => faults.strange(|| format!("session {viewer}: {who} left {:?} unseen", news.cell)),
            }
        }
    }

    #[expect(clippy::too_many_arguments)]
    fn moved(
        &mut self,
        viewer: usize,
        who: CharacterId,
        (x, y): (f64, f64),
        now: Instant,
        trails: &Trails,
        ages: &mut Latencies,
        faults: &mut Faults,
    ) {
        if !self.in_view.contains_key(&who) {
            return faults.strange(|| format!("session {viewer}: {who} moved unseen"));
        }
        // Somebody who is not of this run may be about.
        let Some(trail) = trails.who.get(&who).map(|index| &trails.of[*index]) else { return };
        let Some((number, intended)) = trail.find(x, y) else {
            return faults.strange(|| format!("session {viewer}: {who} never said to be at {x}, {y}"));
        };
        match self.newest.insert(who, number) {
            Some(before) if before > number => {
                faults.reordered += 1;
                faults.example(|| format!("session {viewer}: {who} went back from {before} to {number}"));
            }
            Some(before) if before == number => {}
            _ => ages.record(now.saturating_duration_since(intended)),
        }
    }
}

fn distance(from: [i32; 2], to: [i32; 2]) -> i32 {
    (from[0] - to[0]).abs().max((from[1] - to[1]).abs())
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use protocol::CharacterId;
    use serde_json::{Value, json};

    use super::super::sequence::Faults;
    use super::super::window::Latencies;
    use super::super::wire::Form;
    use super::{Area, Picture, Trail, Trails};

    /// Character 7 is session 0 and has said three positions, 100 ms apart; 9 is not of this run.
    fn trails(begin: Instant) -> Trails {
        let mut trail = Trail::default();
        for number in 0..3 {
            trail.say(f64::from(number) + 0.0005, 2.0, begin + Duration::from_millis(100) * number);
        }
        Trails { of: vec![trail], who: [(CharacterId(7), 0)].into() }
    }

    fn frame(tick: u64, full: bool, cell: [i32; 2], news: Value) -> Value {
        let mut cell_news = news;
        cell_news["cell"] = json!(cell);
        json!({"type": "area_update", "tick": tick, "location_id": 5, "dilation": 1.0, "full": full, "cells": [cell_news]})
    }

    fn judged(frames: &[Value]) -> (Faults, Latencies, usize) {
        let begin = Instant::now();
        let (trails, mut picture) = (trails(begin), Picture::default());
        let (mut faults, mut ages) = (Faults::default(), Latencies::default());
        for frame in frames {
            for (form, payload) in [
                (Form::Json, serde_json::to_vec(frame).unwrap()),
                (Form::Msgpack, rmp_serde::to_vec_named(frame).unwrap()),
            ] {
                let area = Area::read(form, &payload).unwrap();
                if form == Form::Json {
                    let now = begin + Duration::from_millis(1000);
                    picture.take(0, &area, now, &trails, &mut ages, &mut faults);
                }
            }
        }
        (faults, ages, picture.in_view())
    }

    fn enter(who: &[i64]) -> Value {
        let each: Vec<Value> = who.iter().map(|who| json!({"character_id": who, "level": 1})).collect();
        json!({"enter": each, "leave": [], "move": []})
    }

    fn moved(who: i64, x: f64) -> Value {
        json!({"move": [[who, x, 2, 0, 0, 0, 0]]})
    }

    #[test]
    fn an_honest_world_is_believed() {
        let (faults, ages, in_view) = judged(&[
            frame(1, true, [0, 0], enter(&[7, 9])),
            frame(2, false, [0, 0], moved(7, 0.001)),
            frame(3, false, [0, 0], moved(7, 2.001)),
            frame(3, false, [0, 0], moved(7, 2.001)),
            frame(4, false, [0, 0], json!({"leave": [[9, null]]})),
        ]);
        assert_eq!(faults, Faults::default());
        assert_eq!(in_view, 1);
        assert_eq!((ages.0.len(), ages.us(1.0).round() as u64 / 10_000), (2, 100));
    }

    #[test]
    fn what_cannot_be_is_found() {
        let full = || frame(1, true, [0, 0], enter(&[7]));
        let worlds: [(Vec<Value>, &str); 7] = [
            (vec![frame(1, false, [0, 0], enter(&[7]))], "before a full one"),
            (vec![full(), frame(2, false, [0, 0], moved(9, 0.0))], "moved unseen"),
            (vec![full(), frame(2, false, [0, 0], moved(7, 0.5))], "never said"),
            (
                vec![full(), frame(2, false, [0, 0], moved(7, 2.0)), frame(3, false, [0, 0], moved(7, 1.0))],
                "went back",
            ),
            (vec![full(), frame(2, false, [0, 0], json!({"leave": [[9, null]]}))], "unseen"),
            (vec![full(), frame(2, false, [9, 0], enter(&[9]))], "in [9, 0]"),
            (vec![full(), frame(0, false, [0, 0], enter(&[9]))], "tick 0 after 1"),
        ];
        for (frames, expected) in worlds {
            let (faults, ..) = judged(&frames);
            assert!(!faults.is_clean() && faults.examples[0].contains(expected), "{expected}: {faults:?}");
        }
    }
}
