//! What a shard wants on disk.

use std::sync::Arc;

use protocol::{CharacterId, LocationId};
use rand::SeedableRng;

use super::{Arrival, Sight, WorldShard};
use crate::venue::{Effect, Member, Moment, Save, Venue};
use crate::{Content, Dice, Now};

const SIGHT: Sight = Sight { range_m: 100.0, others_max: 20, every_ticks: 2, save_every_ticks: 20 };

fn saved_on_entering(from: Option<LocationId>) -> Vec<Save> {
    let content = Arc::new(Content::builtin());
    let start = content.start().clone();
    let mut shard = WorldShard::new(&start.world_shard, content, SIGHT);
    let (name, faction) = ("Anna".to_owned(), "Golden Order".to_owned());
    let anna = Member { id: CharacterId(1), name, faction, level: 1, epoch: 1 };
    let mut dice = Dice::seed_from_u64(1);
    let now = Now { wall_ms: 0, mono_ms: 0 };
    let mut moment = Moment { now, dice: &mut dice, effects: Vec::new() };
    let arrival = Arrival { location: start.id, position: None, from, exempt: from.is_none() };
    shard.enter(&anna, arrival, &mut moment).unwrap();
    let saves = moment.effects.into_iter();
    saves.filter_map(|effect| if let Effect::Save(save) = effect { Some(save) } else { None }).collect()
}

#[test]
fn only_who_comes_from_elsewhere_is_moved_on_disk() {
    let woken = saved_on_entering(None);
    assert!(matches!(woken[..], [Save::Step(_)]), "it must not undo a way that overtook it: {woken:?}");
    let arrived = saved_on_entering(Some(LocationId(2)));
    assert!(matches!(arrived[..], [Save::Whereabouts(_)]), "{arrived:?}");
}
