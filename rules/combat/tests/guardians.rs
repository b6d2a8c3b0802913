//! Guardians of crystal shards: who may challenge them, and whose the shard is afterwards.

use protocol::combat::{Side, Standing};
use protocol::{CharacterId, ErrorCode};

use super::rules::WOLF;
use super::{Brought, LIMITS, PRIZE, Ring, entry, id, member, recruit};
use crate::combat::{Against, Opening};
use crate::realm::{Captor, RealmCommand, Won};
use crate::venue::Effect;

/// What the realm is told.
fn errands(brought: &Brought) -> Vec<&RealmCommand> {
    let errands = brought.effects.iter().filter_map(|effect| match effect {
        Effect::Errand(errand) => Some(errand),
        _ => None,
    });
    errands.collect()
}

#[test]
fn a_guardian_takes_four_of_whom_most_are_of_one_faction() {
    let against = Against::Guardian(PRIZE);
    for (factions, possible) in [
        (["Golden Order", "Golden Order", "Golden Order", "Shadowborn"], true),
        (["Golden Order", "Golden Order", "Shadowborn", "Shadowborn"], false),
    ] {
        let mut ring = Ring::new(3);
        let mut last = Brought { ended: Ok(()), effects: Vec::new() };
        for (index, faction) in factions.iter().enumerate() {
            let opens = index == 3;
            let joining = entry(against.clone(), Side::First, opens, recruit("Warrior"));
            last = ring.enter(&member(index as i64 + 1, faction), joining);
            assert_eq!(last.ended.is_ok(), !opens || possible);
            assert!(opens || errands(&last).is_empty(), "it has not begun");
        }
        if possible {
            let shard = PRIZE.shard;
            assert_eq!(errands(&last), [&RealmCommand::Contest { combat: id(), shard }]);
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
    let ended = ring.pass(LIMITS.turn_ms);
    let captor =
        Captor { id: CharacterId(3), name: "Player 3".to_owned(), faction: "Golden Order".to_owned() };
    let won = Won { prize: PRIZE, captor: captor.clone() };
    let calm = RealmCommand::Calm { combat: id(), shard: Some(PRIZE.shard), won: Some(won) };
    assert_eq!(errands(&ended), [&calm]);
    // All of them have fought for it, and know who takes it.
    assert_eq!(ring.aftermaths.len(), 4);
    for left in &ring.aftermaths {
        assert_eq!((left.prize, left.captor.as_ref()), (Some(PRIZE), Some(&captor)));
    }
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
    let ended = ring.pass(LIMITS.turn_ms);
    let calm = RealmCommand::Calm { combat: id(), shard: Some(PRIZE.shard), won: None };
    assert_eq!(errands(&ended), [&calm]);
    assert_eq!(ring.aftermaths.len(), 4);
    for left in &ring.aftermaths {
        assert_eq!((left.prize, left.experience, left.defeated.len()), (None, 0, 0));
    }
}
