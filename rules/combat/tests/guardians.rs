//! Guardians of crystal shards: who may challenge them, and whose the shard is afterwards.

use protocol::combat::{Side, Standing};
use protocol::{CharacterId, ErrorCode};

use super::rules::WOLF;
use super::{LIMITS, PRIZE, Ring, entry, member, recruit};
use crate::combat::{Against, Opening};

#[test]
fn a_guardian_takes_four_of_whom_most_are_of_one_faction() {
    let against = Against::Guardian(PRIZE);
    for (factions, possible) in [
        (["Golden Order", "Golden Order", "Golden Order", "Shadowborn"], true),
        (["Golden Order", "Golden Order", "Shadowborn", "Shadowborn"], false),
    ] {
        let mut ring = Ring::new(3);
        for (index, faction) in factions.iter().enumerate() {
            let opens = index == 3;
            let joining = entry(against.clone(), Side::First, opens, recruit("Warrior"));
            let brought = ring.enter(&member(index as i64 + 1, faction), joining);
            assert_eq!(brought.ended.is_ok(), !opens || possible);
        }
        if possible {
            let guardian = ring.fighter(WOLF);
            assert_eq!((guardian.name.as_str(), guardian.level), ("Ignarok the Eternal", 50));
            assert_eq!(guardian.resources.max_health, 50_000 / 5);
        }
    }
}

#[test]
fn nobody_challenges_a_guardian_for_what_the_larger_faction_has() {
    for (held_by, possible) in [("Golden Order", false), ("Shadowborn", true)] {
        let mut ring = Ring::new(3);
        for (index, faction) in
            ["Golden Order", "Golden Order", "Golden Order", "Shadowborn"].iter().enumerate()
        {
            let opens = index == 3;
            let mut joining = entry(Against::Guardian(PRIZE), Side::First, opens, recruit("Warrior"));
            joining.opening =
                opens.then(|| Opening { held_by: Some(held_by.to_owned()), ..Opening::default() });
            let ended = ring.enter(&member(index as i64 + 1, faction), joining).ended;
            let expected = if opens && !possible { Err(ErrorCode::Conflict) } else { Ok(()) };
            assert_eq!(ended.map_err(|refusal| refusal.code), expected, "held by {held_by}");
        }
    }
}

#[test]
fn the_shard_is_for_the_one_of_the_larger_faction_who_did_most() {
    let against = Against::Guardian(PRIZE);
    let mut ring = Ring::new(3);
    let factions = ["Golden Order", "Shadowborn", "Golden Order", "Golden Order"];
    for (index, faction) in factions.iter().enumerate() {
        let joining = entry(against.clone(), Side::First, index == 3, recruit("Warrior"));
        assert_eq!(ring.enter(&member(index as i64 + 1, faction), joining).ended, Ok(()));
    }
    for (who, damage) in [(1, 500), (2, 9_000), (3, 900), (4, 100)] {
        let fighter = ring.fighter_mut(CharacterId(who));
        fighter.damage_dealt = damage;
        fighter.resources.health = 120;
        fighter.standing = Standing::Up;
    }
    ring.fighter_mut(WOLF).hurt(100_000);
    ring.pass(LIMITS.turn_ms);
    let prizes: Vec<_> =
        ring.aftermaths.iter().filter_map(|one| Some((one.character_id.0, one.prize?))).collect();
    assert_eq!(prizes, [(3, PRIZE)]);
    assert_eq!(ring.aftermaths.iter().map(|one| one.experience).sum::<i64>(), 5_000);
}

#[test]
fn of_a_guardian_that_runs_nothing_is_won() {
    let mut ring = Ring::new(3);
    for index in 1..=4 {
        let joining = entry(Against::Guardian(PRIZE), Side::First, index == 4, recruit("Warrior"));
        assert_eq!(ring.enter(&member(index, "Golden Order"), joining).ended, Ok(()));
    }
    ring.fighter_mut(WOLF).standing = Standing::Fled;
    ring.pass(LIMITS.turn_ms);
    assert_eq!(ring.aftermaths.len(), 4);
    for left in &ring.aftermaths {
        assert_eq!((left.prize, left.experience, left.defeated.len()), (None, 0, 0));
    }
}
