//! Each rule of combat on its own: what moves do, what is refused, what effects and abilities change.

use std::collections::{BTreeMap, BTreeSet};

use protocol::combat::{ActionResult, ActionType, Rank, Side};
use protocol::ids::{CrystalShardId, ItemId};
use protocol::{CharacterId, ErrorCode, ServerMessage, Text};

use super::{OUTPOST, PRIZE, Ring, act, entry, id, member, named, opening, recruit};
use crate::combat::fighter::{Stance, Supply};
use crate::combat::{Against, Joining, Prize, Terms};
use crate::content::{AbilityEffect, EffectKind};
use crate::venue::{Effect, News};

pub const WOLF: CharacterId = CharacterId(-1);
pub const ONE: CharacterId = CharacterId(1);
pub const TWO: CharacterId = CharacterId(2);

/// Two warriors, and it is the first one's turn.
pub fn duel(seed: u64) -> Ring {
    let mut ring = Ring::duel(seed, &member(1, "Golden Order"), &member(2, "Shadowborn"));
    ring.give_turn(ONE);
    ring
}

/// A duel in which the first one is of this class.
fn duel_as(class: &str, seed: u64) -> Ring {
    let mut ring = duel(seed);
    ring.fighter_mut(ONE).played_mut().unwrap().class = class.to_owned();
    ring
}

pub fn effect(kind: EffectKind, rounds: i32, amount: i32) -> AbilityEffect {
    AbilityEffect { kind, rounds, amount }
}

pub fn result_of(brought: &super::Brought) -> ActionResult {
    assert_eq!(brought.ended, Ok(()));
    let told = brought.told();
    told.iter()
        .find_map(|message| match message {
            ServerMessage::CombatAction(action) => Some(action.result),
            _ => None,
        })
        .unwrap()
}

#[test]
fn a_combat_begins_with_the_one_who_challenged() {
    let who = member(1, "Golden Order");
    let mut ring = Ring::new(1);
    let begun = ring.enter(&who, opening(&["corrupt_wolf", "corrupt_wolf", "hollow_soldier"]));
    assert_eq!(begun.ended, Ok(()));
    let Some(Effect::Answer(ServerMessage::CombatStart(start))) =
        begun.effects.iter().find(|effect| matches!(effect, Effect::Answer(_)))
    else {
        panic!("{begun:?}")
    };
    let names: Vec<&str> = start.participants.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["Player 1", "Corrupt Wolf 1", "Corrupt Wolf 2", "Hollow Soldier"]);
    let ranks: Vec<_> = start.participants.iter().map(|one| one.rank).collect();
    assert_eq!(ranks, [None, Some(Rank::Common), Some(Rank::Common), Some(Rank::Common)]);
    assert_eq!(start.location_id, OUTPOST);
    let ids: BTreeSet<i64> = start.turn_order.iter().map(|id| id.0).collect();
    assert_eq!(ids, BTreeSet::from([1, -1, -2, -3]));
    assert!(begun.effects.contains(&Effect::Inform(ONE, News::Fighting(id()))));
    assert!(begun.effects.iter().any(|effect| matches!(
        effect,
        Effect::Save(crate::venue::Save::Combat(save)) if save.joined == [(ONE, 1)] && save.state.is_some()
    )));
}

#[test]
fn what_can_not_be_fought_is_refused() {
    let who = member(1, "Golden Order");
    let enemies = |location: i64, kinds: &[&str]| Joining {
        terms: Terms {
            location_id: protocol::LocationId(location),
            against: Against::Enemies(kinds.iter().map(|kind| (*kind).to_owned()).collect()),
        },
        ..opening(&[])
    };
    let guardian = |shard| {
        entry(
            Against::Guardian(Prize { shard: CrystalShardId(shard), ..PRIZE }),
            Side::First,
            true,
            recruit("Rogue"),
        )
    };
    let mut tired = opening(&["corrupt_wolf"]);
    tired.recruit.resources.health = 0;
    let second = Joining { side: Side::Second, ..opening(&["corrupt_wolf"]) };
    let nobody = entry(Against::Characters, Side::First, true, recruit("Rogue"));
    for (what, entry, code) in [
        ("a safe place", enemies(1, &[]), ErrorCode::Forbidden),
        ("nowhere", enemies(99, &["corrupt_wolf"]), ErrorCode::NotFound),
        ("not met here", enemies(11, &["lord_of_cinders"]), ErrorCode::Invalid),
        ("nobody", enemies(11, &[]), ErrorCode::Invalid),
        ("too many", enemies(11, &["corrupt_wolf"; 7]), ErrorCode::Invalid),
        ("another's guardian", guardian(2), ErrorCode::NotFound),
        ("a guardian alone", guardian(1), ErrorCode::Conflict),
        ("down", tired, ErrorCode::Conflict),
        ("on the enemies' side", second, ErrorCode::Conflict),
        ("nobody came", nobody, ErrorCode::Conflict),
    ] {
        let mut ring = Ring::new(1);
        let before = ring.combat.course.clone();
        let refused = ring.enter(&who, entry);
        assert_eq!(refused.ended.map_err(|refusal| refusal.code), Err(code), "{what}");
        assert_eq!(ring.combat.course, before, "{what}");
        assert_eq!(refused.effects, [], "{what}");
    }
}

#[test]
fn whoever_may_not_act_is_told_why_and_nothing_changes() {
    let mut ring = duel(5);
    let (one, two, stranger) = (member(1, "Golden Order"), member(2, "Shadowborn"), member(9, "Shadowborn"));
    let mut foreign = act(ActionType::Attack);
    foreign.combat_id = Text::new("9d2c1c55-0000-4f0e-8f43-6a1f0c2b7d10").unwrap();
    let at =
        |target| protocol::combat::Act { target_id: Some(CharacterId(target)), ..act(ActionType::Attack) };
    let item = |kind: &str| protocol::combat::Act {
        item_kind: Some(Text::new(kind).unwrap()),
        ..act(ActionType::Item)
    };
    let serial = protocol::combat::Act { item_id: Some(ItemId(77)), ..act(ActionType::Item) };
    let cases = [
        ("another combat", &one, foreign, ErrorCode::NotFound, "combat_id"),
        ("not in it", &stranger, act(ActionType::Attack), ErrorCode::NotFound, "combat_id"),
        ("out of turn", &two, act(ActionType::Attack), ErrorCode::NotYourTurn, "active_character_id"),
        ("oneself", &one, at(1), ErrorCode::Invalid, "target_id"),
        ("nobody", &one, at(3), ErrorCode::Invalid, "target_id"),
        ("no such blow", &one, named(ActionType::Attack, "wild"), ErrorCode::Invalid, "ability_name"),
        ("no such guard", &one, named(ActionType::Defend, "hide"), ErrorCode::Invalid, "ability_name"),
        ("no ability", &one, act(ActionType::Spell), ErrorCode::Invalid, "ability_name"),
        ("another class's", &one, named(ActionType::Spell, "Fireball"), ErrorCode::Invalid, "ability_name"),
        ("an enemy's", &one, named(ActionType::Spell, "Titan Slam"), ErrorCode::Invalid, "ability_name"),
        ("no item", &one, act(ActionType::Item), ErrorCode::Invalid, "item_id"),
        ("none of his", &one, serial, ErrorCode::NotFound, "item_id"),
        ("none of that", &one, item("mana_potion"), ErrorCode::NotFound, "item_kind"),
        ("useless", &one, item("ancient_coin"), ErrorCode::Invalid, "item_kind"),
    ];
    for (what, who, act, code, detail) in cases {
        let (before, dice) = (ring.combat.course.clone(), ring.dice.clone());
        let refused = ring.act(who, act);
        let refusal = refused.ended.expect_err(what);
        assert_eq!(refusal.code, code, "{what}");
        let named =
            refusal.details.contains_key(detail) || refusal.details.get("field") == Some(&detail.into());
        assert!(named, "{what}: {refusal:?}");
        assert_eq!((&ring.combat.course, refused.effects.len()), (&before, 0), "{what}");
        assert_eq!(ring.dice, dice, "{what}: a refusal costs no roll");
    }
    ring.fighter_mut(ONE).resources.stamina = 14;
    let refusal = ring.act(&one, act(ActionType::Attack)).ended.unwrap_err();
    assert_eq!((refusal.code, &refusal.details["resource"]), (ErrorCode::NotEnough, &"stamina".into()));
    let shown = (&refusal.details["needed"], &refusal.details["available"]);
    assert_eq!(shown, (&15.into(), &14.into()));
}

#[test]
fn where_there_is_a_choice_a_target_has_to_be_named() {
    let who = member(1, "Golden Order");
    let mut ring = Ring::alone_against(8, &who, &["corrupt_wolf", "hollow_soldier"]);
    ring.give_turn(ONE);
    let refusal = ring.act(&who, act(ActionType::Attack)).ended.unwrap_err();
    assert_eq!((refusal.code, &refusal.details["field"]), (ErrorCode::Invalid, &"target_id".into()));
    ring.fighter_mut(CharacterId(-2)).hurt(1_000);
    assert_eq!(ring.act(&who, act(ActionType::Attack)).ended, Ok(()));
}

#[test]
fn an_ability_costs_and_rests() {
    let mut ring = duel(4);
    let (one, two) = (member(1, "Golden Order"), member(2, "Shadowborn"));
    assert_eq!(ring.act(&one, named(ActionType::Spell, "shield bash")).ended, Ok(()));
    let caster = ring.fighter(ONE);
    // 120 − 30, and 10 at the beginning of the turn that is his again, because the other one is stunned.
    assert_eq!((caster.resources.stamina, caster.cooldowns.get("Shield Bash")), (100, Some(&1)));
    assert!(!ring.fighter(TWO).is_under(EffectKind::Stun), "the stun cost one turn");
    let refusal = ring.act(&one, named(ActionType::Spell, "Shield Bash")).ended.unwrap_err();
    assert_eq!((refusal.code, &refusal.details["rounds"]), (ErrorCode::OnCooldown, &1.into()));
    let told = ring.fighter(ONE).participant();
    assert_eq!(told.cooldowns, BTreeMap::from([("Shield Bash".to_owned(), 1)]));
    assert_eq!(ring.act(&one, act(ActionType::Defend)).ended, Ok(()));
    assert_eq!(ring.act(&two, named(ActionType::Spell, "battle cry")).ended, Ok(()));
    let told = ring.fighter(TWO).participant();
    assert_eq!((&told.effects[..], told.effect_turns["strength"]), (&["strength".to_owned()][..], 3));
    assert_eq!(ring.act(&one, named(ActionType::Spell, "Shield Bash")).ended, Ok(()));
}

#[test]
fn abilities_do_what_the_table_says() {
    // Strength 14: 20 × (1 + 2 × 1.2 × 0.1) = 24.8, less half of a defence of 19, is 14.5.
    let mut ring = duel(4);
    ring.act(&member(1, "Golden Order"), named(ActionType::Spell, "Shield Bash"));
    assert_eq!(ring.fighter(TWO).resources.health, 120 - 14);

    // Charisma 14: 50 × (1 + 2 × 2.0 × 0.1) = 70.
    let mut ring = duel_as("Paladin", 4);
    ring.fighter_mut(ONE).resources.health = 20;
    ring.act(&member(1, "Golden Order"), named(ActionType::Spell, "Lay on Hands"));
    assert_eq!((ring.fighter(ONE).resources.health, ring.fighter(ONE).resources.mana), (90, 80));

    // Health turns into mana; what is left must be some.
    let mut ring = duel_as("Necromancer", 4);
    ring.fighter_mut(ONE).resources.mana = 50;
    assert_eq!(ring.act(&member(1, "Golden Order"), named(ActionType::Spell, "Dark Ritual")).ended, Ok(()));
    assert_eq!((ring.fighter(ONE).resources.health, ring.fighter(ONE).resources.mana), (90, 80));
    ring.give_turn(ONE);
    ring.fighter_mut(ONE).cooldowns.clear();
    ring.fighter_mut(ONE).resources.health = 30;
    let refusal =
        ring.act(&member(1, "Golden Order"), named(ActionType::Spell, "Dark Ritual")).ended.unwrap_err();
    assert_eq!((refusal.code, &refusal.details["resource"]), (ErrorCode::NotEnough, &"health".into()));

    // 30 × 1.36 = 40.8 less 9.5; 20 × 1.36 = 27.2 back.
    let mut ring = duel_as("Necromancer", 4);
    ring.fighter_mut(ONE).resources.health = 50;
    ring.act(&member(1, "Golden Order"), named(ActionType::Spell, "Life Drain"));
    assert_eq!((ring.fighter(ONE).resources.health, ring.fighter(TWO).resources.health), (77, 120 - 30));

    // Who is nearly down takes it twice: 60 × 1.4 = 84, of 30 that is more than enough; of 100 it is not.
    let mut ring = duel(4);
    ring.fighter_mut(TWO).resources = recruit("Rogue").resources;
    ring.fighter_mut(TWO).resources.max_health = 1_000;
    ring.fighter_mut(TWO).resources.health = 299;
    ring.act(&member(1, "Golden Order"), named(ActionType::Spell, "Execute"));
    assert_eq!(ring.fighter(TWO).resources.health, 299 - (2 * 84 - 9) + 1);
}

#[test]
fn what_hits_all_hits_all_and_leaves_its_effect() {
    let who = member(1, "Golden Order");
    let mut ring = Ring::alone_against(2, &who, &["corrupt_wolf", "corrupt_wolf"]);
    ring.fighter_mut(ONE).played_mut().unwrap().class = "Sorcerer".to_owned();
    for wolf in [WOLF, CharacterId(-2)] {
        let wolf = ring.fighter_mut(wolf);
        wolf.resources.health = 60;
        wolf.stance = Stance::Open;
    }
    ring.give_turn(ONE);
    let before = ring.combat.course.turn;
    assert_eq!(result_of(&ring.act(&who, named(ActionType::Spell, "Ice Storm"))), ActionResult::Hit);
    assert!(ring.combat.course.turn > before);
    for wolf in [WOLF, CharacterId(-2)] {
        assert!(ring.fighter(wolf).resources.health < 60);
        assert!(ring.fighter(wolf).is_under(EffectKind::Frost));
    }
}

#[test]
fn regeneration_heals_and_wounds_hurt() {
    let mut ring = duel(6);
    let two = ring.fighter_mut(TWO);
    two.resources.health = 50;
    two.put_under(effect(EffectKind::Regeneration, 2, 8));
    ring.act(&member(1, "Golden Order"), act(ActionType::Defend));
    assert_eq!(ring.fighter(TWO).resources.health, 58);
    ring.act(&member(2, "Shadowborn"), act(ActionType::Defend));
    ring.act(&member(1, "Golden Order"), act(ActionType::Defend));
    assert_eq!(ring.fighter(TWO).resources.health, 66);
    ring.act(&member(2, "Shadowborn"), act(ActionType::Defend));
    ring.act(&member(1, "Golden Order"), act(ActionType::Defend));
    assert_eq!(ring.fighter(TWO).resources.health, 66, "two rounds, not three");

    let two = ring.fighter_mut(TWO);
    for (kind, amount) in [(EffectKind::Poison, 7), (EffectKind::Burn, 6), (EffectKind::Bleed, 5)] {
        two.put_under(effect(kind, 1, amount));
    }
    ring.give_turn(ONE);
    ring.act(&member(1, "Golden Order"), act(ActionType::Defend));
    assert_eq!(ring.fighter(TWO).resources.health, 66 - 18, "armour does not help against it");
}

#[test]
fn effects_change_what_they_say() {
    let mut ring = duel(1);
    let plain = ring.fighter(ONE).figures();
    let one = ring.fighter_mut(ONE);
    assert_eq!((one.strength(), one.defense_percent(), one.exposed_percent()), (10_000, 100, 100));
    one.put_under(effect(EffectKind::Strength, 3, 0));
    assert_eq!(one.strength(), 12_500);
    one.put_under(effect(EffectKind::Weakness, 3, 0));
    assert_eq!(one.strength(), 9_375);
    one.put_under(effect(EffectKind::Defense, 3, 0));
    one.put_under(effect(EffectKind::Mark, 3, 0));
    assert_eq!((one.defense_percent(), one.exposed_percent()), (125, 125));
    one.put_under(effect(EffectKind::Frost, 2, 3));
    let slowed = one.figures();
    assert_eq!(
        (
            plain.evasion - slowed.evasion,
            plain.accuracy - slowed.accuracy,
            plain.initiative - slowed.initiative
        ),
        (12, 9, 3)
    );
    assert!(!one.dodges());
    one.put_under(effect(EffectKind::Evasion, 1, 0));
    assert!(one.dodges());
    // Not doubled, but as long as the longer.
    one.put_under(effect(EffectKind::Frost, 5, 1));
    let frost = one.effects.iter().filter(|active| active.kind == EffectKind::Frost);
    let frost: Vec<(i32, i32)> = frost.map(|active| (active.rounds, active.amount)).collect();
    assert_eq!(frost, [(5, 3)]);
}

#[test]
fn who_is_slow_acts_later() {
    let mut ring = duel(1);
    for (who, initiative) in [(ONE, 20), (TWO, 18)] {
        ring.fighter_mut(who).initiative = initiative;
    }
    assert_eq!(ring.combat.course.ranked(), [ONE, TWO]);
    ring.fighter_mut(ONE).put_under(effect(EffectKind::Frost, 2, 3));
    assert_eq!(ring.combat.course.ranked(), [TWO, ONE]);
}

#[test]
fn guards_do_what_they_are_for() {
    let mut seen = BTreeSet::new();
    for seed in 0..200 {
        for stance in [Stance::Blocking, Stance::Dodging, Stance::Parrying] {
            let mut ring = duel(seed);
            ring.fighter_mut(TWO).stance = stance;
            let result = result_of(&ring.act(&member(1, "Golden Order"), act(ActionType::Attack)));
            let lost = 120 - ring.fighter(TWO).resources.health;
            let paid_back = 120 - ring.fighter(ONE).resources.health;
            seen.insert((format!("{stance:?}"), format!("{result:?}"), lost, paid_back));
        }
    }
    let has = |stance: &str, result: &str, lost: i32, paid_back: i32| {
        seen.contains(&(stance.to_owned(), result.to_owned(), lost, paid_back))
    };
    // An attack of 20: 20 − 9.5 = 10.5, with a guard 4.2; half of it turned back, less 9.5, is at least 1.
    assert!(has("Blocking", "Blocked", 4, 0), "{seen:?}");
    assert!(has("Dodging", "Hit", 10, 0) && has("Dodging", "Dodged", 0, 0), "{seen:?}");
    assert!(has("Parrying", "Hit", 10, 0) && has("Parrying", "Parried", 0, 1), "{seen:?}");
    assert!(seen.iter().any(|(_, result, lost, _)| result == "Critical" && *lost > 10));
    assert!(has("Blocking", "Missed", 0, 0));
}

#[test]
fn a_heavy_blow_may_bleed() {
    let mut bleeding = 0;
    for seed in 0..300 {
        let mut ring = duel(seed);
        ring.act(&member(1, "Golden Order"), named(ActionType::Attack, "heavy"));
        let two = ring.fighter(TWO);
        assert_eq!(ring.fighter(ONE).resources.stamina, 120 - 35);
        bleeding += usize::from(two.is_under(EffectKind::Bleed));
    }
    assert!((20..100).contains(&bleeding), "{bleeding} of 300: half of them meet, 30 % of those bleed");
}

#[test]
fn potions_are_used_up() {
    let mut ring = duel(3);
    let one = member(1, "Golden Order");
    ring.fighter_mut(ONE).resources.health = 30;
    let mut drink = act(ActionType::Item);
    drink.item_kind = Some(Text::new("health_potion").unwrap());
    for (health, left) in [(80, 1), (120, 0)] {
        ring.give_turn(ONE);
        let drunk = ring.act(&one, drink.clone());
        assert_eq!(drunk.ended, Ok(()));
        assert_eq!(ring.fighter(ONE).resources.health, health);
        let supplies = &ring.fighter(ONE).played().unwrap().supplies;
        let potions = supplies.iter().find(|supply| supply.kind == "health_potion");
        assert_eq!(potions.map_or(0, |supply| supply.quantity), left);
    }
    ring.give_turn(ONE);
    assert_eq!(ring.act(&one, drink).ended.unwrap_err().code, ErrorCode::NotFound);
    let used = &ring.fighter(ONE).played().unwrap().used;
    assert_eq!(*used, [Supply { item_id: None, kind: "health_potion".to_owned(), quantity: 2 }]);
}
