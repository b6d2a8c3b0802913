//! Shards change hands once an epoch, reality follows, and the world begins anew when it has to.

mod standing;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, proptest};
use protocol::ids::{CombatId, CrystalShardId};
use protocol::{CharacterId, ErrorCode, LocationId, ServerMessage};
use rand::SeedableRng;

use super::{Captor, Happening, Holding, Realm, RealmCommand, RealmRecord, Won};
use crate::combat::Prize;
use crate::content::Content;
use crate::venue::{Audience, Effect, Member, Moment, News, Save, Venue};
use crate::{Dice, Now, Refusal};

const GOLDEN: &str = "Golden Order";
const SHADOW: &str = "Shadowborn";

fn content() -> Arc<Content> {
    static CONTENT: OnceLock<Arc<Content>> = OnceLock::new();
    CONTENT.get_or_init(|| Arc::new(Content::builtin())).clone()
}

/// A combat that was not there before.
fn combat() -> CombatId {
    static COMBATS: AtomicU64 = AtomicU64::new(0);
    let number = COMBATS.fetch_add(1, Ordering::Relaxed);
    CombatId(format!("9d2c1c55-3f0b-4f0e-8f43-{number:012x}").parse().unwrap())
}

fn fresh() -> Realm {
    let record = RealmRecord { reality: "Neutral".to_owned(), stability: 100, ..RealmRecord::default() };
    Realm::restore(content(), record)
}

fn member(id: i64, faction: &str) -> Member {
    let name = format!("Player {id}");
    Member { id: CharacterId(id), name, faction: faction.to_owned(), level: 20, epoch: 1 }
}

fn prize(shard: i64, epoch: i64) -> Prize {
    Prize { shard: CrystalShardId(shard), epoch }
}

fn apply(
    realm: &mut Realm,
    who: &Member,
    command: RealmCommand,
    dice: &mut Dice,
) -> (Result<(), Refusal>, Vec<Effect>) {
    let mut moment = Moment::new(Now { wall_ms: 5, mono_ms: 5 }, dice);
    let ended = realm.apply(who, command, &mut moment);
    (ended, moment.effects)
}

fn won(who: &Member, prize: Prize) -> Won {
    Won { prize, captor: Captor { id: who.id, name: who.name.clone(), faction: who.faction.clone() } }
}

fn take(realm: &mut Realm, faction: &str, prize: Prize) -> (Result<(), Refusal>, Vec<Effect>) {
    let who = member(1, faction);
    let command = RealmCommand::Capture { combat: combat(), won: won(&who, prize) };
    apply(realm, &who, command, &mut Dice::seed_from_u64(7))
}

fn ordain(realm: &mut Realm, command: RealmCommand) -> (Result<(), Refusal>, Vec<Effect>) {
    let mut dice = Dice::seed_from_u64(1);
    let mut moment = Moment::new(Now { wall_ms: 5, mono_ms: 5 }, &mut dice);
    let ended = realm.ordain(command, &mut moment);
    (ended, moment.effects)
}

/// Whether who asked was told that he was heard.
fn is_claimed(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Inform(CharacterId(1), News::Claimed(_))))
}

fn told(effects: &[Effect]) -> Vec<&ServerMessage> {
    let told = effects.iter().filter_map(|effect| match effect {
        Effect::Tell(Audience::Everyone, message) => Some(message),
        _ => None,
    });
    told.collect()
}

fn events(effects: &[Effect]) -> Vec<&str> {
    let events = effects.iter().filter_map(|effect| match effect {
        Effect::Save(Save::Event(event)) => Some(event.event_type),
        _ => None,
    });
    events.collect()
}

/// The crystal shards that everybody is told of, and how they stand.
fn statuses(effects: &[Effect]) -> Vec<(i64, &str)> {
    let told = told(effects).into_iter().filter_map(|message| match message {
        ServerMessage::ShardStatus(status) => Some(&status.shards),
        _ => None,
    });
    told.flatten().map(|shard| (shard.id.0, shard.status.as_str())).collect()
}

#[test]
fn a_shard_is_taken_and_everybody_hears_of_it() {
    let mut realm = fresh();
    let (ended, effects) = take(&mut realm, GOLDEN, prize(1, 0));
    assert_eq!(ended, Ok(()));
    let [ServerMessage::ShardCaptured(captured)] = told(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!((captured.shard_name.as_str(), captured.faction.as_str()), ("Phoenix Flame", GOLDEN));
    assert_eq!(captured.previous_owner_faction, None);
    assert_eq!(events(&effects), ["shard_capture"]);
    assert!(is_claimed(&effects));
    let Some(Save::Realm(save)) = effects.iter().find_map(|effect| match effect {
        Effect::Save(save @ Save::Realm(_)) => Some(save),
        _ => None,
    }) else {
        panic!("{effects:?}")
    };
    assert_eq!((save.changes.len(), save.changes[0].epoch), (1, 1));

    let (ended, effects) = take(&mut realm, SHADOW, prize(1, 1));
    assert_eq!(ended, Ok(()));
    let ServerMessage::ShardCaptured(captured) = told(&effects)[0] else { panic!("{effects:?}") };
    assert_eq!(captured.previous_owner_faction.as_deref(), Some(GOLDEN));
    assert_eq!(events(&effects), ["shard_capture", "faction_war"]);
}

#[test]
fn who_asks_again_for_what_his_combat_has_won_has_it_once() {
    let mut realm = fresh();
    let (who, combat, mut dice) = (member(1, GOLDEN), combat(), Dice::seed_from_u64(7));
    let command = || RealmCommand::Capture { combat, won: won(&who, prize(1, 0)) };
    assert_eq!(apply(&mut realm, &who, command(), &mut dice).0, Ok(()));
    let before = realm.record.clone();
    let (ended, effects) = apply(&mut realm, &who, command(), &mut dice);
    assert_eq!(ended, Ok(()));
    assert!(effects.len() == 1 && is_claimed(&effects), "{effects:?}");
    assert_eq!(realm.record, before);
    // Once it is somebody else's it is too late, as for anybody.
    take(&mut realm, SHADOW, prize(1, 1)).0.unwrap();
    assert_eq!(apply(&mut realm, &who, command(), &mut dice).0.unwrap_err().code, ErrorCode::Conflict);
}

#[test]
fn what_can_not_be_taken_is_refused_and_changes_nothing() {
    let mut realm = fresh();
    take(&mut realm, GOLDEN, prize(1, 0)).0.unwrap();
    realm.record.shards.insert(CrystalShardId(2), Holding { sealed: true, ..Holding::default() });
    let before = realm.record.clone();
    for (what, prize, code) in [
        ("too late", prize(1, 0), ErrorCode::Conflict),
        ("too early", prize(1, 2), ErrorCode::Conflict),
        ("one's own", prize(1, 1), ErrorCode::Conflict),
        ("sealed", prize(2, 0), ErrorCode::Forbidden),
        ("not there", prize(13, 0), ErrorCode::NotFound),
    ] {
        let (ended, effects) = take(&mut realm, GOLDEN, prize);
        assert_eq!(ended.map_err(|refusal| refusal.code), Err(code), "{what}");
        assert!(effects.len() == 1 && is_claimed(&effects), "{what}: {effects:?}");
        assert_eq!(realm.record, before, "{what}");
    }
}

#[test]
fn reality_follows_who_holds_the_most() {
    let mut realm = fresh();
    let mut heard = Vec::new();
    for (shard, faction) in [(1, GOLDEN), (2, GOLDEN), (3, SHADOW), (4, SHADOW), (5, SHADOW), (6, GOLDEN)] {
        let (_, effects) = take(&mut realm, faction, prize(shard, 0));
        for message in told(&effects) {
            if let ServerMessage::RealityShift(shift) = message {
                heard.push((shard, shift.to_reality.clone(), shift.faction.clone()));
                let lost = 100.0 - shift.reality_stability;
                assert!((5.0..=15.0).contains(&lost), "{lost}");
                assert!(events(&effects).contains(&"reality_shift"));
            }
        }
    }
    // Up to three it stays neutral, and so it does while two hold as many.
    assert_eq!(heard, [(5, "Shadow World".to_owned(), Some(SHADOW.to_owned()))]);
    assert_eq!(realm.record.reality, "Shadow World");
}

#[test]
fn whoever_holds_all_ends_the_world() {
    let mut realm = fresh();
    let mut last = Vec::new();
    for shard in 1..=12 {
        let (ended, effects) = take(&mut realm, GOLDEN, prize(shard, 0));
        assert_eq!(ended, Ok(()), "{shard}");
        last = effects;
    }
    let fall = told(&last).into_iter().find_map(|message| match message {
        ServerMessage::Aetherfall(fall) => Some(fall.clone()),
        _ => None,
    });
    let fall = fall.unwrap();
    assert_eq!((fall.total_aetherfalls, fall.winning_faction.as_deref()), (1, Some(GOLDEN)));
    assert_eq!(fall.new_reality, "Radiant Era");
    let RealmRecord { stability, aetherfalls, shards, .. } = &realm.record;
    assert_eq!((*stability, *aetherfalls), (100, 1));
    assert!(shards.values().all(|holding| holding.owner.is_none()));
    assert_eq!(shards[&CrystalShardId(12)].epoch, 2, "taken and released");
    assert_eq!(take(&mut realm, SHADOW, prize(12, 1)).0.unwrap_err().code, ErrorCode::Conflict);
    assert_eq!(take(&mut realm, SHADOW, prize(12, 2)).0, Ok(()));
}

#[test]
fn an_admin_can_end_the_world() {
    let mut realm = fresh();
    take(&mut realm, GOLDEN, prize(1, 0)).0.unwrap();
    let mut dice = Dice::seed_from_u64(1);
    let (refused, _) = apply(&mut realm, &member(9, SHADOW), RealmCommand::EndWorld, &mut dice);
    assert_eq!(refused.unwrap_err().code, ErrorCode::Forbidden, "players can't");
    assert_eq!(ordain(&mut realm, RealmCommand::EndWorld).0, Ok(()));
    assert_eq!((realm.record.reality.as_str(), realm.record.aetherfalls), ("Neutral", 1));
    assert_eq!(realm.record.shards[&CrystalShardId(1)].owner, None);
}

#[test]
fn what_an_admin_seals_nobody_takes_until_it_is_unsealed() {
    let mut realm = fresh();
    let seal = |shard: i64, sealed| RealmCommand::Seal { shard: CrystalShardId(shard), sealed };
    assert_eq!(ordain(&mut realm, seal(13, true)).0.unwrap_err().code, ErrorCode::NotFound);
    let (done, effects) = ordain(&mut realm, seal(3, true));
    assert_eq!((done, statuses(&effects)), (Ok(()), vec![(3, "sealed")]));
    assert_eq!(events(&effects), ["announcement"]);
    assert_eq!(ordain(&mut realm, seal(3, true)), (Ok(()), Vec::new()), "sealed as it was");
    assert_eq!(take(&mut realm, GOLDEN, prize(3, 0)).0.unwrap_err().code, ErrorCode::Forbidden);
    ordain(&mut realm, RealmCommand::EndWorld).0.unwrap();
    assert_eq!(take(&mut realm, GOLDEN, prize(3, 0)).0.unwrap_err().code, ErrorCode::Forbidden);
    let (done, effects) = ordain(&mut realm, seal(3, false));
    assert_eq!((done, statuses(&effects)), (Ok(()), vec![(3, "unclaimed")]));
    assert_eq!(events(&effects), ["announcement"]);
    let before = take(&mut realm, GOLDEN, prize(3, 0)).0.unwrap_err();
    assert_eq!(before.code, ErrorCode::Conflict, "fought for before the seal");
    assert_eq!(take(&mut realm, GOLDEN, prize(3, 1)).0, Ok(()));
}

#[test]
fn what_an_admin_lets_happen_is_remembered_and_everybody_hears_of_it() {
    let mut realm = fresh();
    let happening = |faction: Option<&str>, location: Option<i64>| {
        RealmCommand::Happen(Happening {
            event_type: "announcement",
            title: "An omen".to_owned(),
            description: "Birds fly backwards.".to_owned(),
            faction: faction.map(str::to_owned),
            location_id: location.map(LocationId),
        })
    };
    for (faction, location, field) in [(Some("Nobody"), None, "faction"), (None, Some(99), "location_id")] {
        let (refused, effects) = ordain(&mut realm, happening(faction, location));
        let refused = refused.unwrap_err();
        assert_eq!((refused.code, refused.details["field"].as_str()), (ErrorCode::NotFound, Some(field)));
        assert_eq!(effects, []);
    }
    let (done, effects) = ordain(&mut realm, happening(Some(GOLDEN), Some(2)));
    assert_eq!(done, Ok(()));
    assert_eq!(events(&effects), ["announcement"]);
    let [ServerMessage::EventTrigger(trigger)] = told(&effects)[..] else { panic!("{effects:?}") };
    assert_eq!((trigger.title.as_str(), trigger.location_id), ("An omen", Some(LocationId(2))));
}

#[test]
fn a_reality_that_shifts_too_often_ends_too() {
    let mut realm = fresh();
    let mut dice = Dice::seed_from_u64(3);
    let mut epochs: BTreeMap<i64, i64> = BTreeMap::new();
    let mut turns = 0;
    while realm.record.aetherfalls == 0 {
        // Four shards go back and forth as a whole.
        let faction = if (turns / 4) % 2 == 0 { GOLDEN } else { SHADOW };
        let shard = turns % 4 + 1;
        let epoch = epochs.entry(shard).or_default();
        let who = member(1, faction);
        let command = RealmCommand::Capture { combat: combat(), won: won(&who, prize(shard, *epoch)) };
        let (ended, _) = apply(&mut realm, &who, command, &mut dice);
        assert_eq!(ended, Ok(()));
        *epoch += 1;
        turns += 1;
        assert!(turns < 200, "it ends");
    }
    assert_eq!((realm.record.stability, realm.record.reality.as_str()), (100, "Neutral"));
}

proptest! {
    /// Whoever tries in whatever order with whatever he knew: each epoch of a shard has one winner.
    #[test]
    fn one_wins_each_epoch(
        seed in any::<u64>(),
        tries in prop::collection::vec((1..14_i64, 0..4_i64, 0..6_usize), 1..120),
    ) {
        let (mut realm, mut dice) = (fresh(), Dice::seed_from_u64(seed));
        let factions: Vec<String> = content().factions().iter().map(|faction| faction.name.clone()).collect();
        let mut winners: BTreeMap<(i64, i64), usize> = BTreeMap::new();
        for (index, (shard, epoch, faction)) in tries.into_iter().enumerate() {
            let who = member(index as i64 + 1, &factions[faction]);
            let (before, falls) = (realm.record.clone(), realm.record.aetherfalls);
            let command = RealmCommand::Capture { combat: combat(), won: won(&who, prize(shard, epoch)) };
            let (ended, effects) = apply(&mut realm, &who, command, &mut dice);
            let told_of = told(&effects).len();
            if ended.is_err() {
                prop_assert_eq!(&realm.record, &before);
                prop_assert_eq!(told_of, 0);
                continue;
            }
            *winners.entry((shard, epoch)).or_default() += 1;
            prop_assert!(told_of >= 1);
            if realm.record.aetherfalls == falls {
                let holding = &realm.record.shards[&CrystalShardId(shard)];
                prop_assert_eq!(holding.owner.as_deref(), Some(who.faction.as_str()));
                prop_assert_eq!(holding.epoch, epoch + 1);
            }
            prop_assert!((1..=100).contains(&realm.record.stability));
            prop_assert!(content().realities().iter().any(|reality| reality.name == realm.record.reality));
        }
        prop_assert!(winners.values().all(|count| *count == 1));
    }

    /// A hundred at once, all of whom defeated the same guardian.
    #[test]
    fn of_a_hundred_one_takes_it(order in shuffled()) {
        let mut realm = fresh();
        let mut dice = Dice::seed_from_u64(1);
        let won = order.iter().filter(|id| {
            let who = member(**id, if *id % 2 == 0 { GOLDEN } else { SHADOW });
            let command = RealmCommand::Capture { combat: combat(), won: won(&who, prize(1, 0)) };
            apply(&mut realm, &who, command, &mut dice).0.is_ok()
        });
        prop_assert_eq!(won.count(), 1);
    }
}

fn shuffled() -> impl Strategy<Value = Vec<i64>> {
    Just((1..=100).collect::<Vec<i64>>()).prop_shuffle()
}
