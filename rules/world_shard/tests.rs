//! What a shard wants on disk, and what it knows of the ground.

use std::sync::Arc;

use protocol::ids::GroundId;
use protocol::movement::Position;
use protocol::{CharacterId, ErrorCode, LocationId, ServerMessage};
use rand::SeedableRng;

use super::{Arrival, Grounded, Sight, WorldCommand, WorldShard};
use crate::content::BUILTIN;
use crate::ground::Heap;
use crate::sheet::{Asset, Spot};
use crate::venue::{Audience, Effect, Found, Member, Moment, Save, Venue};
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

const NEXUS: LocationId = LocationId(1);

fn member(id: i64) -> Member {
    let (name, faction) = (format!("Number {id}"), "Golden Order".to_owned());
    Member { id: CharacterId(id), name, faction, level: 1, epoch: 1 }
}

/// What one input of a shard wants to happen.
fn moment(apply: impl FnOnce(&mut Moment)) -> Vec<Effect> {
    let mut dice = Dice::seed_from_u64(1);
    let now = Now { wall_ms: 0, mono_ms: 0 };
    let mut moment = Moment { now, dice: &mut dice, effects: Vec::new() };
    apply(&mut moment);
    moment.effects
}

/// A shard of several locations, with two in the nexus and one elsewhere.
fn peopled() -> WorldShard {
    let mut files: Vec<(&str, String)> =
        BUILTIN.iter().map(|(name, text)| (*name, (*text).to_owned())).collect();
    files.iter_mut().for_each(|(_, text)| *text = text.replace("fire-and-depth", "heart"));
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let mut shard = WorldShard::new("heart", Arc::new(Content::parse(&files).unwrap()), SIGHT);
    for (id, location) in [(1, NEXUS), (2, NEXUS), (3, LocationId(2))] {
        let arrival = Arrival { location, position: None, from: None, exempt: true };
        moment(|moment| shard.enter(&member(id), arrival, moment).unwrap());
    }
    shard
}

fn heap(id: i64, x: f64) -> Heap {
    let asset = Asset::Stack { kind: "health_potion".to_owned(), quantity: 1 };
    let position = Position { x, y: 0.0, z: 0.0 };
    Heap { id: GroundId(id), spot: Spot { location: NEXUS, position }, asset }
}

fn note(shard: &mut WorldShard, news: Grounded) -> Vec<Effect> {
    moment(|moment| shard.ordain(WorldCommand::Ground { location: NEXUS, news }, moment).unwrap())
}

fn lying(shard: &WorldShard) -> Vec<i64> {
    shard.lying_in(NEXUS).into_iter().map(|item| item.ground_id.0).collect()
}

#[test]
fn those_who_are_there_hear_what_was_laid_there_and_who_comes_sees_it() {
    let mut shard = peopled();
    let told = note(&mut shard, Grounded::Laid { by: CharacterId(1), heap: heap(5, 0.0) });
    let [Effect::Tell(Audience::These(whom), ServerMessage::GroundUpdate(update))] = &told[..] else {
        panic!("{told:?}")
    };
    assert_eq!((&whom[..], update.items.len()), (&[CharacterId(1), CharacterId(2)][..], 1));
    let arrival = Arrival { location: NEXUS, position: None, from: None, exempt: true };
    let arrived = moment(|moment| shard.enter(&member(4), arrival, moment).unwrap());
    let seen = arrived.iter().find_map(|effect| match effect {
        Effect::Answer(ServerMessage::LocationUpdate(update)) => Some(update.ground.clone()),
        _ => None,
    });
    assert_eq!(seen, Some(update.items.clone()));
    note(&mut shard, Grounded::Lifted { by: CharacterId(2), id: GroundId(5) });
    assert_eq!(lying(&shard), Vec::<i64>::new());
}

#[test]
fn what_is_picked_up_lies_here_and_is_near() {
    let mut shard = peopled();
    shard.strew(vec![heap(5, 90.0), heap(6, 2_000.0)], GroundId(6));
    let reach = |shard: &mut WorldShard, who: i64, id: i64| {
        let mut refused = None;
        let effects = moment(|moment| {
            refused = shard.apply(&member(who), WorldCommand::PickUp { id: GroundId(id) }, moment).err();
        });
        (effects, refused.map(|refusal| (refusal.code, refusal.details["field"].clone())))
    };
    let (effects, _) = reach(&mut shard, 1, 5);
    assert_eq!(effects, [Effect::HandBack(Found::Reached(heap(5, 90.0)))]);
    for (who, id, code) in [
        (1, 6, ErrorCode::TooFar),
        (1, 7, ErrorCode::NotFound),
        // Somebody in another location of the same shard.
        (3, 5, ErrorCode::NotFound),
    ] {
        assert_eq!(reach(&mut shard, who, id), (Vec::new(), Some((code, "ground_id".into()))));
    }
    let news = Grounded::Expired(vec![GroundId(5)]);
    let forged = WorldCommand::Ground { location: NEXUS, news };
    let mut refused = None;
    moment(|moment| refused = shard.apply(&member(1), forged, moment).err());
    assert_eq!(refused.map(|refusal| refusal.code), Some(ErrorCode::Forbidden));
}

#[test]
fn late_news_of_what_was_read_lay_nothing_there_twice() {
    let mut shard = peopled();
    // 4 had been laid and taken again by the time the ground was read.
    shard.strew(vec![heap(5, 0.0)], GroundId(5));
    for (id, told) in [(4, 0), (5, 1), (6, 1)] {
        let effects = note(&mut shard, Grounded::Laid { by: CharacterId(1), heap: heap(id, 0.0) });
        assert_eq!(effects.len(), told, "{id}");
    }
    assert_eq!(lying(&shard), [5, 6]);
    let effects = note(&mut shard, Grounded::Expired(vec![GroundId(5), GroundId(6)]));
    assert_eq!((effects.len(), lying(&shard)), (1, Vec::new()));
}
