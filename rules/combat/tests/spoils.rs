//! What a combat leaves: for who got away, for winners and losers, for who may take a crystal shard.

use std::collections::BTreeSet;

use protocol::CharacterId;
use protocol::combat::{ActionResult, ActionType, Outcome, Side, Standing};
use protocol::party::LootSharing;

use super::rules::{ONE, TWO, WOLF, duel, result_of};
use super::{PRIZE, Ring, act, entry, id, member, opening, recruit};
use crate::combat::{Against, Joining, Opening, Sharing};
use crate::venue::{Effect, News};

#[test]
fn who_flees_is_out_of_it_with_what_is_left() {
    let (mut fled, mut failed) = (0, 0);
    for seed in 0..100 {
        let mut ring = duel(seed);
        let tried = ring.act(&member(1, "Golden Order"), act(ActionType::Flee));
        match result_of(&tried) {
            ActionResult::Failed => failed += 1,
            ActionResult::Done => {
                fled += 1;
                assert_eq!(ring.fighter(ONE).standing, Standing::Fled);
                // Nobody is left on his side: the other one has won.
                let outcomes: Vec<_> =
                    ring.aftermaths.iter().map(|one| (one.character_id, one.outcome)).collect();
                assert_eq!(outcomes, [(ONE, Outcome::Fled), (TWO, Outcome::Won)]);
                assert!(ring.combat.is_over());
                assert!(tried.effects.contains(&Effect::Inform(ONE, News::Fought(id()))));
            }
            other => panic!("{other:?}"),
        }
    }
    assert!((30..70).contains(&fled) && failed == 100 - fled, "{fled} of 100 from an equal");
}

#[test]
fn winners_share_what_enemies_leave() {
    let members = [member(1, "Golden Order"), member(2, "Golden Order"), member(3, "Golden Order")];
    let mut ring = Ring::new(11);
    for who in &members[..2] {
        ring.enter(who, Joining { opening: None, ..opening(&["corrupt_wolf", "skeleton_warrior"]) });
    }
    ring.enter(&members[2], opening(&["corrupt_wolf", "skeleton_warrior"]));
    for enemy in [WOLF, CharacterId(-2)] {
        ring.fighter_mut(enemy).resources.health = 1;
    }
    ring.fighter_mut(ONE).hurt(1_000);
    ring.give_turn(TWO);
    for _ in 0..400 {
        let Some(active) = ring.combat.course.active_place() else { break };
        let who = members.iter().find(|who| who.id == ring.combat.course.fighters[active].id).unwrap();
        let foe = ring.combat.course.foes_up(active).next().unwrap();
        let mut blow = act(ActionType::Attack);
        blow.target_id = Some(ring.combat.course.fighters[foe].id);
        if ring.act(who, blow).ended.is_err() {
            ring.act(who, act(ActionType::Defend));
        }
    }
    assert_eq!(ring.aftermaths.len(), 3);
    let experience: Vec<i64> = ring.aftermaths.iter().map(|one| one.experience).collect();
    // Levels 2 and 3: 500 for three.
    assert_eq!(experience, [167, 167, 166]);
    let souls: i64 = ring.aftermaths.iter().map(|one| one.souls).sum();
    assert!((250..=750).contains(&souls), "{souls}");
    let who_was_down = &ring.aftermaths[0];
    assert_eq!((who_was_down.health, who_was_down.outcome), (30, Outcome::Won), "gets up with a quarter");
}

/// Who of four finds how much of what a crystal shard's guardian leaves, with their party sharing in this way.
fn finders(loot: LootSharing, leader: CharacterId) -> Vec<usize> {
    let members = [1, 2, 3, 4].map(|id| member(id, "Golden Order"));
    let mut ring = Ring::new(5);
    for (index, who) in members.iter().enumerate() {
        let opens = index == 3;
        let joining = entry(Against::Guardian(PRIZE), Side::First, opens, recruit("Warrior"));
        let opening =
            opens.then(|| Opening { sharing: Some(Sharing { loot, leader }), ..Opening::default() });
        assert_eq!(ring.enter(who, Joining { opening, ..joining }).ended, Ok(()));
    }
    ring.fighter_mut(WOLF).resources.health = 1;
    while !ring.combat.is_over() {
        let active = ring.combat.course.active_place().unwrap();
        let who = members.iter().find(|who| who.id == ring.combat.course.fighters[active].id).unwrap();
        if ring.act(who, act(ActionType::Attack)).ended.is_err() {
            assert_eq!(ring.act(who, act(ActionType::Defend)).ended, Ok(()));
        }
    }
    ring.aftermaths.sort_by_key(|one| one.character_id);
    ring.aftermaths.iter().map(|one| one.loot.len()).collect()
}

#[test]
fn a_party_shares_what_it_finds_as_it_has_agreed() {
    // A guardian leaves three things for sure.
    let mut equal = finders(LootSharing::Equal, ONE);
    equal.sort_unstable();
    assert_eq!(equal, [0, 1, 1, 1]);
    assert_eq!(finders(LootSharing::Leader, TWO), [0, 3, 0, 0]);
    assert_eq!(finders(LootSharing::Roll, TWO).iter().sum::<usize>(), 3);
}

#[test]
fn characters_win_nothing_from_each_other() {
    let mut ring = duel(3);
    ring.fighter_mut(TWO).resources.health = 1;
    for _ in 0..100 {
        ring.give_turn(ONE);
        ring.fighter_mut(ONE).resources.stamina = 100;
        ring.act(&member(1, "Golden Order"), act(ActionType::Attack));
        if ring.combat.is_over() {
            break;
        }
    }
    let of = |who| ring.aftermaths.iter().find(|one| one.character_id == who).unwrap();
    let (won, lost) = (of(ONE), of(TWO));
    assert_eq!((won.outcome, won.experience, won.souls, won.loot.len()), (Outcome::Won, 0, 0, 0));
    assert_eq!(lost.outcome, Outcome::Lost);
}

#[test]
fn loot_drops() {
    let mut found = BTreeSet::new();
    for seed in 0..60 {
        let who = member(1, "Golden Order");
        let mut ring = Ring::alone_against(seed, &who, &["corrupt_wolf"]);
        while !ring.combat.is_over() {
            ring.fighter_mut(WOLF).resources.health = 1;
            ring.fighter_mut(ONE).resources = recruit("Warrior").resources;
            ring.act(&who, act(ActionType::Attack));
        }
        found.extend(ring.aftermaths[0].loot.iter().cloned());
    }
    assert_eq!(found, BTreeSet::from(["sharp_fang".to_owned(), "wolf_pelt".to_owned()]));
}
