//! Fights are worth fighting: who begins has a chance against what he meets first, and none against what he meets last.

use protocol::CharacterId;
use protocol::characters::{Progression, Stats};
use protocol::combat::{ActionType, Outcome, Side};

use super::{Ring, act, content, entry, member, named};
use crate::characters::resources;
use crate::combat::{Against, Recruit, Terms};
use crate::content::{Content, Item};
use crate::progression::{Growing, gain_experience};
use crate::venue::Member;

/// A character of this class, at this level, with its kit on.
fn grown(content: &Content, class: &str, level: i32) -> (Member, Recruit) {
    let class = content.class(class).unwrap();
    let mut stats =
        Stats { strength: 12, dexterity: 12, intelligence: 12, constitution: 12, wisdom: 12, charisma: 12 };
    let mut left = resources(class, &stats);
    let mut progression = Progression { level: 1, experience: 0, souls: 0 };
    let begins = crate::progression::next_level_at(level - 1).unwrap_or(0);
    let growing = Growing { class, stats: &mut stats, resources: &mut left, progression: &mut progression };
    gain_experience(growing, begins).unwrap();
    assert_eq!(progression.level, level);
    let kit: Vec<&Item> = class.kit.iter().filter_map(|kind| content.item(kind)).collect();
    let recruit = Recruit {
        class: class.name.clone(),
        stats,
        resources: left,
        attack_bonus: kit.iter().map(|item| item.attack_bonus).sum(),
        defense_bonus: kit.iter().map(|item| item.defense_bonus).sum(),
        supplies: Vec::new(),
    };
    (Member { level, ..member(1, "Golden Order") }, recruit)
}

/// How many of so many fights somebody wins who uses what he can and strikes otherwise.
fn wins(class: &str, level: i32, enemy: &str, location: i64) -> usize {
    let content = content();
    let (who, recruit) = grown(&content, class, level);
    let fight = |seed: u64| {
        let mut ring = Ring::new(seed);
        let mut opening = entry(Against::Enemies(vec![enemy.to_owned()]), Side::First, true, recruit.clone());
        opening.terms = Terms { location_id: protocol::LocationId(location), ..opening.terms };
        assert_eq!(ring.enter(&who, opening).ended, Ok(()));
        while !ring.combat.is_over() {
            let spells = content.abilities_of(class).filter(|ability| ability.damage > 0);
            let mut moves: Vec<_> = spells.map(|ability| named(ActionType::Spell, &ability.name)).collect();
            moves.extend([act(ActionType::Attack), named(ActionType::Defend, "rest")]);
            let done = moves.into_iter().any(|act| ring.act(&who, act).ended.is_ok());
            assert!(done, "one can always rest");
        }
        ring.aftermaths[0].outcome == Outcome::Won && ring.fighter(CharacterId(1)).is_up()
    };
    (0..60).filter(|seed| fight(*seed)).count()
}

#[test]
fn beginners_beat_what_they_meet_first_and_not_what_they_meet_last() {
    for class in content().classes() {
        for (level, enemy, location, expected) in [
            (1, "hollow_soldier", 11, 45..=60),
            (10, "dark_knight", 2, 45..=60),
            (1, "lord_of_cinders", 2, 0..=0),
            (25, "aetherfall_titan", 4, 0..=5),
        ] {
            let won = wins(&class.name, level, enemy, location);
            assert!(
                expected.contains(&won),
                "{} of level {level} wins {won} of 60 against {enemy}",
                class.name
            );
        }
    }
}
