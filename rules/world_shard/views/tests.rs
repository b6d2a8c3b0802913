//! What viewers are told adds up: whoever follows the frames knows exactly who is in view, and where.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::{Strategy, prop};
use proptest::{prop_oneof, proptest};
use protocol::area::AreaUpdate;
use protocol::movement::Position;
use protocol::{CharacterId, LocationId};
use rand::SeedableRng;

use crate::content::Content;
use crate::grid::Cell;
use crate::venue::{Dice, Effect, Lookers, Looking, Member, Moment, Vantage, Venue};
use crate::world_shard::{Arrival, Departure, Sight, WorldCommand, WorldShard};
use crate::{Now, Refusal};

const SHARD: &str = "sanctums";
const HERE: LocationId = LocationId(5);
const THERE: LocationId = LocationId(6);
const PEOPLE: i64 = 8;

#[derive(Debug, Clone)]
enum Step {
    Come(i64, LocationId, Position),
    Walk(i64, f64, f64),
    Travel(i64, LocationId, Position),
    Go(i64),
    /// The client comes back, or could not take a frame.
    Lose(i64),
    Tick,
}

fn place() -> impl Strategy<Value = Position> {
    (-6..6_i32, -2..2_i32).prop_map(|(x, y)| Position {
        x: f64::from(x) * 24.0,
        y: f64::from(y) * 24.0,
        z: 0.0,
    })
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let who = || 0..PEOPLE;
    let location = || prop_oneof![3 => proptest::strategy::Just(HERE), 1 => proptest::strategy::Just(THERE)];
    let step = prop_oneof![
        2 => (who(), location(), place()).prop_map(|(who, to, at)| Step::Come(who, to, at)),
        6 => (who(), -5.0..5.0, -5.0..5.0).prop_map(|(who, x, y)| Step::Walk(who, x, y)),
        3 => (who(), location(), place()).prop_map(|(who, to, at)| Step::Travel(who, to, at)),
        1 => who().prop_map(Step::Go),
        1 => who().prop_map(Step::Lose),
        8 => proptest::strategy::Just(Step::Tick),
    ];
    prop::collection::vec(step, 0..160)
}

fn member(who: i64) -> Member {
    let name = format!("Number {who}");
    Member { id: CharacterId(who), name, faction: "Aether Seekers".to_owned(), level: 1, epoch: 1 }
}

/// A client that believes what it is told.
#[derive(Debug, Default)]
struct Viewer {
    knows: Option<Vantage>,
    others: BTreeMap<CharacterId, (Cell, [f64; 2])>,
}

impl Viewer {
    fn hear(&mut self, at: Vantage, updates: &[AreaUpdate]) {
        let sees = |cell: Cell| (cell.0 - at.cell.0).abs() <= 2 && (cell.1 - at.cell.1).abs() <= 2;
        for update in updates {
            assert_eq!(update.location_id, at.location);
            if update.full {
                self.others.clear();
            }
            let chunks = || update.cells.iter().map(|chunk| chunk.update());
            for chunk in chunks() {
                let cell = (chunk.cell[0], chunk.cell[1]);
                assert!(sees(cell), "{cell:?} is out of view of {at:?}");
                for one in &chunk.enter {
                    let came = self.others.insert(one.character_id, (cell, [one.position.x, one.position.y]));
                    assert!(came.is_none_or(|(from, _)| from != cell), "{one:?} was there already");
                }
            }
            for chunk in chunks() {
                let cell = (chunk.cell[0], chunk.cell[1]);
                for gone in &chunk.leave {
                    let (was_in, _) = *self.others.get(&gone.0).expect("who leaves was known");
                    if gone.1.is_none_or(|to| !sees((to[0], to[1]))) {
                        assert_eq!(was_in, cell);
                        self.others.remove(&gone.0);
                    }
                }
                for moved in &chunk.moved {
                    let (was_in, at) = self.others.get_mut(&moved.0).expect("who moves was known");
                    assert_eq!(*was_in, cell, "{moved:?} moves within its cell");
                    *at = [moved.1.0, moved.2.0];
                }
            }
        }
        self.knows = Some(at);
    }
}

struct Stage {
    shard: WorldShard,
    viewers: BTreeMap<CharacterId, Viewer>,
    dice: Dice,
    mono_ms: u64,
}

impl Stage {
    fn new() -> Self {
        let sight = Sight { range_m: 100.0, others_max: 20, every_ticks: 2, save_every_ticks: 20 };
        Self {
            shard: WorldShard::new(SHARD, Arc::new(Content::builtin()), sight),
            viewers: BTreeMap::new(),
            dice: Dice::seed_from_u64(1),
            mono_ms: 0,
        }
    }

    fn input(
        &mut self,
        apply: impl FnOnce(&mut WorldShard, &mut Moment) -> Result<(), Refusal>,
    ) -> (Result<(), Refusal>, Vec<Effect>) {
        self.mono_ms += 1_000;
        let now = Now { wall_ms: 0, mono_ms: self.mono_ms };
        let mut moment = Moment::new(now, &mut self.dice);
        let done = apply(&mut self.shard, &mut moment);
        (done, moment.effects)
    }

    fn take(&mut self, step: Step) {
        match step {
            Step::Come(who, location, position) => {
                let arrival = Arrival { location, position: Some(position), from: None, exempt: true };
                self.input(|shard, moment| shard.enter(&member(who), arrival, moment))
                    .0
                    .expect("room for all");
                self.viewers.entry(CharacterId(who)).or_default();
            }
            Step::Walk(who, x, y) => {
                let Some(body) = self.shard.bodies.get(&CharacterId(who)) else { return };
                let position = Position { x: body.position.x + x, y: body.position.y + y, z: 0.0 };
                let walk = WorldCommand::Move { position, velocity: None };
                // Too far for one step is refused, and changes nothing.
                let _ = self.input(|shard, moment| shard.apply(&member(who), walk, moment));
            }
            Step::Travel(who, to, at) => {
                let travel = WorldCommand::Travel { to, position: Some(at) };
                let _ = self.input(|shard, moment| shard.apply(&member(who), travel, moment));
            }
            Step::Go(who) => {
                let leave = |shard: &mut WorldShard, moment: &mut Moment| {
                    shard.leave(&member(who), Departure::default(), moment);
                    Ok(())
                };
                self.input(leave).0.expect("leaving is never refused");
                self.viewers.remove(&CharacterId(who));
            }
            Step::Lose(who) => {
                if let Some(viewer) = self.viewers.get_mut(&CharacterId(who)) {
                    viewer.knows = None;
                }
            }
            Step::Tick => self.tick(),
        }
    }

    fn tick(&mut self) {
        let around = |viewer: &Viewer| Looking::Around { knows: viewer.knows };
        let each = self.viewers.iter().map(|(who, viewer)| (*who, around(viewer))).collect();
        let lookers = Lookers { each, dilation: 1.0 };
        let (_, effects) = self.input(|shard, moment| {
            shard.tick(&lookers, moment);
            Ok(())
        });
        for effect in effects {
            if let Effect::View { to, at, updates, .. } = effect {
                for who in to {
                    self.viewers.get_mut(&who).expect("only viewers are told").hear(at, &updates);
                }
            }
        }
        let is_far_tick = self.shard.ticks.is_multiple_of(4);
        for (who, viewer) in &self.viewers {
            self.check(*who, viewer, is_far_tick);
        }
    }

    fn check(&self, who: CharacterId, viewer: &Viewer, is_far_tick: bool) {
        let me = &self.shard.bodies[&who];
        let grid = &self.shard.areas[&me.location].grid;
        let from = grid.cell(who).expect("a body is in the grid");
        let distance = |cell: Cell| (cell.0 - from.0).abs().max((cell.1 - from.1).abs());
        let in_view: BTreeSet<CharacterId> =
            grid.everybody().filter(|id| grid.cell(*id).is_some_and(|cell| distance(cell) <= 2)).collect();
        assert_eq!(viewer.others.keys().copied().collect::<BTreeSet<_>>(), in_view, "in view of {who}");
        for (id, (cell, at)) in &viewer.others {
            assert_eq!(grid.cell(*id), Some(*cell));
            let position = grid.position(*id).expect("a body is in the grid");
            if distance(*cell) <= 1 || is_far_tick {
                assert_eq!(*at, [position.x, position.y], "where {who} sees {id}");
            }
        }
    }
}

proptest! {
    #[test]
    fn whoever_follows_the_frames_knows_exactly_who_is_in_view(steps in steps()) {
        let mut stage = Stage::new();
        for step in steps {
            stage.take(step);
        }
        stage.tick();
    }
}

#[test]
fn a_crowd_is_told_in_frames_of_bounded_size_and_moves_less_often() {
    let mut stage = Stage::new();
    for who in 0..300 {
        let position = Position { x: (who % 40) as f64, y: (who / 40) as f64, z: 0.0 };
        stage.take(Step::Come(who, HERE, position));
    }
    stage.viewers.retain(|who, _| who.0 == 0);
    stage.tick();
    assert_eq!(stage.viewers[&CharacterId(0)].others.len(), 300);
    let at = Vantage { location: HERE, cell: (0, 0) };
    let mut told = Vec::new();
    for _ in 0..8 {
        for who in 0..300 {
            stage.take(Step::Walk(who, 1.0, 1.0));
        }
        let each = vec![(CharacterId(0), Looking::Around { knows: Some(at) })];
        let (_, effects) = stage.input(|shard, moment| {
            shard.tick(&Lookers { each, dilation: 1.0 }, moment);
            Ok(())
        });
        let views = effects.into_iter().filter_map(|effect| match effect {
            Effect::View { updates, .. } => Some(updates),
            _ => None,
        });
        let updates: Vec<AreaUpdate> = views.flatten().collect();
        let moved = updates.iter().flat_map(|update| &update.cells).map(|chunk| chunk.update().moved.len());
        told.push(moved.sum::<usize>());
        for update in &updates {
            let text = protocol::area::encode(protocol::Dialect::V1Json, update, protocol::Stamp::default());
            assert!(text.len() <= 8 * 1024, "a frame of {} bytes", text.len());
        }
    }
    assert_eq!(told.iter().filter(|count| **count == 300).count(), 2, "told every fourth tick: {told:?}");
    assert_eq!(told.iter().sum::<usize>(), 600);
}

#[test]
fn a_step_is_told_even_if_the_crowd_that_delayed_it_is_gone() {
    for goes_after in 0..6 {
        let mut stage = Stage::new();
        for who in 0..300 {
            let position = Position { x: (who % 40) as f64, y: (who / 40) as f64, z: 0.0 };
            stage.take(Step::Come(who, HERE, position));
        }
        stage.viewers.retain(|who, _| who.0 == 0);
        stage.tick();
        for tick in 0..12 {
            if tick == goes_after {
                (10..300).for_each(|who| stage.take(Step::Go(who)));
            }
            // The last step of each of them is before or after the crowd goes.
            if tick < 6 {
                stage.take(Step::Walk(tick + 1, 1.0, 1.0));
            }
            let viewer = &stage.viewers[&CharacterId(0)];
            let each = vec![(CharacterId(0), Looking::Around { knows: viewer.knows })];
            let (_, effects) = stage.input(|shard, moment| {
                shard.tick(&Lookers { each, dilation: 1.0 }, moment);
                Ok(())
            });
            for effect in effects {
                if let Effect::View { at, updates, .. } = effect {
                    stage.viewers.get_mut(&CharacterId(0)).unwrap().hear(at, &updates);
                }
            }
        }
        let viewer = &stage.viewers[&CharacterId(0)];
        stage.check(CharacterId(0), viewer, true);
    }
}
