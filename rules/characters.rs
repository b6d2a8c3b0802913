//! How a character comes about: rolled or chosen stats, racial modifiers, resources, souls, starting kit.

use protocol::LocationId;
use protocol::characters::{CreateCharacter, Progression, Resources, StatMethod, Stats};
use protocol::movement::Position;
use rand::RngExt;

use crate::content::{Class, Content};
use crate::sheet::Asset;
use crate::{Dice, Refusal, names};

/// What the six stats add up to when they are chosen.
const POINT_BUY_TOTAL: i32 = 60;
/// What each stat may be when it is chosen.
const POINT_BUY_STAT: std::ops::RangeInclusive<i32> = 3..=18;
/// What a new character owns.
const SOULS: std::ops::RangeInclusive<i64> = 50..=150;

/// A character that the rules have made and the store has not.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCharacter {
    pub name: String,
    /// The name as it must be unique: normalised and folded.
    pub name_key: String,
    pub race: String,
    pub class: String,
    pub faction: String,
    pub stats: Stats,
    pub resources: Resources,
    pub progression: Progression,
    /// What it starts with.
    pub kit: Vec<Asset>,
    pub location_id: LocationId,
    pub position: Position,
}

/// Makes a character. Race, class and faction are found in whatever case and written as documented.
///
/// # Errors
/// A refusal that names the field: a name against the rules, an unknown race, class or faction (with what there
/// is), stats with a method that rolls them, or chosen ones that are missing or don't add up.
pub fn create(
    request: &CreateCharacter,
    content: &Content,
    dice: &mut Dice,
) -> Result<NewCharacter, Refusal> {
    let name = names::character_name(&request.name)?;
    let race = content
        .race(&request.race)
        .ok_or_else(|| one_of("race", content.races().iter().map(|race| &race.name)))?;
    let class = content
        .class(&request.class)
        .ok_or_else(|| one_of("class", content.classes().iter().map(|class| &class.name)))?;
    let faction = content
        .faction(&request.faction)
        .ok_or_else(|| one_of("faction", content.factions().iter().map(|faction| &faction.name)))?;
    let stats = plus(base_stats(request, dice)?, race.modifiers);
    let start = content.start();
    Ok(NewCharacter {
        name: name.shown,
        name_key: name.key,
        race: race.name.clone(),
        class: class.name.clone(),
        faction: faction.name.clone(),
        stats,
        resources: resources(class, &stats),
        progression: Progression { level: 1, experience: 0, souls: dice.random_range(SOULS) },
        kit: class.kit.iter().map(|kind| one_of_kind(kind, content)).collect(),
        location_id: start.id,
        position: start.spawn,
    })
}

fn one_of_kind(kind: &str, content: &Content) -> Asset {
    let kind = kind.to_owned();
    match content.item(&kind) {
        Some(item) if item.stackable => Asset::Stack { kind, quantity: 1 },
        _ => Asset::NewItem { kind },
    }
}

/// What a stat adds to or takes from what depends on it.
pub fn modifier(stat: i32) -> i32 {
    (stat - 10).div_euclid(2)
}

/// Stat by stat.
pub fn plus(stats: Stats, change: Stats) -> Stats {
    Stats {
        strength: stats.strength + change.strength,
        dexterity: stats.dexterity + change.dexterity,
        intelligence: stats.intelligence + change.intelligence,
        constitution: stats.constitution + change.constitution,
        wisdom: stats.wisdom + change.wisdom,
        charisma: stats.charisma + change.charisma,
    }
}

/// What a character of the first level has, all of it full.
pub(crate) fn resources(class: &Class, stats: &Stats) -> Resources {
    let constitution = modifier(stats.constitution);
    // The weakest stats must not leave a class of somebody's own content without any health.
    let health = (class.health + 5 * constitution).max(1);
    let stamina = (class.stamina + 3 * constitution).max(1);
    let mana = (class.mana + 5 * modifier(stats.intelligence) + 3 * modifier(stats.wisdom)).max(1);
    Resources { health, max_health: health, stamina, max_stamina: stamina, mana, max_mana: mana }
}

fn base_stats(request: &CreateCharacter, dice: &mut Dice) -> Result<Stats, Refusal> {
    let method = request.method.unwrap_or_default();
    let roll: fn(&mut Dice) -> i32 = match method {
        StatMethod::PointBuy => return chosen(request.stats),
        StatMethod::FourDropLowest => four_drop_lowest,
        StatMethod::ThreeDice => |dice| d6(dice) + d6(dice) + d6(dice),
        StatMethod::Heroic => |dice| d6(dice) + d6(dice) + 6,
    };
    if request.stats.is_some() {
        return Err(Refusal::invalid(
            "stats",
            "expected with the method point_buy only: the others roll them",
        ));
    }
    Ok(Stats {
        strength: roll(dice),
        dexterity: roll(dice),
        intelligence: roll(dice),
        constitution: roll(dice),
        wisdom: roll(dice),
        charisma: roll(dice),
    })
}

fn chosen(stats: Option<Stats>) -> Result<Stats, Refusal> {
    let Some(stats) = stats else {
        return Err(Refusal::invalid("stats", "expected all six with the method point_buy"));
    };
    let each = [
        stats.strength,
        stats.dexterity,
        stats.intelligence,
        stats.constitution,
        stats.wisdom,
        stats.charisma,
    ];
    if each.iter().any(|stat| !POINT_BUY_STAT.contains(stat)) {
        return Err(Refusal::invalid("stats", "expected 3 to 18 each"));
    }
    let total: i32 = each.iter().sum();
    if total != POINT_BUY_TOTAL {
        return Err(Refusal::invalid("stats", format!("expected {POINT_BUY_TOTAL} in all, found {total}")));
    }
    Ok(stats)
}

fn four_drop_lowest(dice: &mut Dice) -> i32 {
    let rolls = [d6(dice), d6(dice), d6(dice), d6(dice)];
    rolls.iter().sum::<i32>() - rolls.iter().min().expect("four dice were rolled")
}

fn d6(dice: &mut Dice) -> i32 {
    dice.random_range(1..=6)
}

fn one_of<'a>(field: &str, names: impl Iterator<Item = &'a String>) -> Refusal {
    let names: Vec<&str> = names.map(String::as_str).collect();
    Refusal::invalid(field, format!("expected one of {}", names.join(", "))).with("possible", names)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::{prop_assert, prop_assert_eq, proptest};
    use rand::SeedableRng;

    use super::{NewCharacter, SOULS, create, modifier, plus, resources};
    use crate::sheet::Asset;
    use crate::{Content, Dice, Refusal};
    use protocol::Text;
    use protocol::characters::{CreateCharacter, StatMethod, Stats};

    fn request(method: Option<StatMethod>, stats: Option<Stats>) -> CreateCharacter {
        let text = |text: &str| Text::new(text).expect("it is short");
        CreateCharacter {
            name: Text::new("Anna").expect("it is short"),
            race: text("Human"),
            class: text("Warrior"),
            faction: text("Iron Brotherhood"),
            method,
            stats,
        }
    }

    fn stats(of: [i32; 6]) -> Stats {
        let [strength, dexterity, intelligence, constitution, wisdom, charisma] = of;
        Stats { strength, dexterity, intelligence, constitution, wisdom, charisma }
    }

    fn each(stats: &Stats) -> [i32; 6] {
        [
            stats.strength,
            stats.dexterity,
            stats.intelligence,
            stats.constitution,
            stats.wisdom,
            stats.charisma,
        ]
    }

    fn made(request: &CreateCharacter) -> Result<NewCharacter, Refusal> {
        create(request, &Content::builtin(), &mut Dice::seed_from_u64(7))
    }

    #[test]
    fn the_same_dice_make_the_same_character() {
        assert_eq!(made(&request(None, None)), made(&request(Some(StatMethod::FourDropLowest), None)));
    }

    #[test]
    fn chosen_stats_get_the_modifiers_of_the_race() {
        for (race, expected) in [
            ("Human", [11, 11, 11, 11, 11, 11]),
            ("Elf", [10, 12, 11, 10, 11, 10]),
            ("Dwarf", [11, 10, 10, 12, 11, 10]),
            ("Tiefling", [10, 10, 11, 10, 10, 12]),
            ("Dragonborn", [12, 10, 10, 10, 10, 11]),
            ("Undead", [10, 10, 12, 9, 10, 9]),
        ] {
            let mut request = request(Some(StatMethod::PointBuy), Some(stats([10; 6])));
            request.race = Text::new(race).expect("it is short");
            assert_eq!(made(&request).map(|new| new.stats), Ok(stats(expected)), "{race}");
        }
    }

    #[test]
    fn resources_follow_the_documented_formulas() {
        let content = Content::builtin();
        for (class, constitution, intelligence, wisdom, expected) in [
            ("Warrior", 10, 10, 10, [120, 120, 50]),
            ("Warrior", 16, 9, 8, [135, 129, 42]),
            ("Sorcerer", 9, 18, 13, [65, 67, 173]),
            ("Rogue", 10, 10, 10, [90, 130, 60]),
            ("Paladin", 10, 10, 10, [110, 100, 90]),
            ("Necromancer", 2, 3, 3, [60, 68, 108]),
            ("Ranger", 20, 20, 20, [120, 125, 120]),
        ] {
            let class = content.class(class).expect("the class exists");
            let full = resources(class, &stats([10, 10, intelligence, constitution, wisdom, 10]));
            assert_eq!([full.health, full.stamina, full.mana], expected, "{}", class.name);
            assert_eq!([full.max_health, full.max_stamina, full.max_mana], expected, "{}", class.name);
        }
    }

    #[test]
    fn a_modifier_is_rounded_down() {
        for (stat, expected) in [(1, -5), (3, -4), (8, -1), (9, -1), (10, 0), (11, 0), (12, 1), (18, 4)] {
            assert_eq!(modifier(stat), expected, "of {stat}");
        }
    }

    #[test]
    fn a_new_character_stands_in_the_nexus_with_its_kit() {
        let mut request = request(None, None);
        request.class = Text::new("rOGUE").expect("it is short");
        request.faction = Text::new("golden order").expect("it is short");
        let new = made(&request).expect("nothing is wrong with it");
        assert_eq!(
            (new.class.as_str(), new.faction.as_str(), new.race.as_str()),
            ("Rogue", "Golden Order", "Human")
        );
        assert_eq!((new.name.as_str(), new.name_key.as_str()), ("Anna", "anna"));
        let item = |kind: &str| Asset::NewItem { kind: kind.to_owned() };
        let draught = Asset::Stack { kind: "stamina_draught".to_owned(), quantity: 1 };
        assert_eq!(new.kit, [item("twin_daggers"), item("leather_armor"), draught]);
        assert_eq!(new.location_id.0, 1);
        assert_eq!((new.progression.level, new.progression.experience), (1, 0));
    }

    #[test]
    fn what_is_wrong_with_a_request_is_named() {
        let point_buy = Some(StatMethod::PointBuy);
        for (method, chosen, what) in [
            (point_buy, None, "missing"),
            (point_buy, Some([10, 10, 10, 10, 10, 9]), "59 in all"),
            (point_buy, Some([10, 10, 10, 10, 10, 11]), "61 in all"),
            (point_buy, Some([2, 18, 10, 10, 10, 10]), "one too low"),
            (point_buy, Some([19, 3, 9, 9, 10, 10]), "one too high"),
            (point_buy, Some([i32::MAX, i32::MIN, 0, 0, 0, 61]), "one far too high"),
            (None, Some([10; 6]), "chosen and rolled"),
            (Some(StatMethod::Heroic), Some([10; 6]), "chosen and rolled"),
        ] {
            let refusal = made(&request(method, chosen.map(stats))).expect_err(what);
            assert_eq!(refusal.details["field"], "stats", "{what}");
        }
        let wrong = || Text::new("Pirate").expect("it is short");
        let race = CreateCharacter { race: wrong(), ..request(None, None) };
        let class = CreateCharacter { class: wrong(), ..request(None, None) };
        let faction = CreateCharacter { faction: wrong(), ..request(None, None) };
        for (request, field, count) in [(race, "race", 6), (class, "class", 6), (faction, "faction", 6)] {
            let refusal = made(&request).expect_err("there are no pirates");
            assert_eq!(refusal.details["field"], field);
            assert_eq!(refusal.details["possible"].as_array().map(Vec::len), Some(count));
        }
        let nameless =
            CreateCharacter { name: Text::new("R2D2").expect("it is short"), ..request(None, None) };
        assert_eq!(made(&nameless).expect_err("digits").details["field"], "name");
    }

    proptest! {
        #[test]
        fn whatever_is_rolled_lies_within_what_the_method_can_roll(seed in any::<u64>(), race in 0..6_usize) {
            let content = Content::builtin();
            let race = &content.races()[race];
            for (method, least) in
                [(StatMethod::FourDropLowest, 3), (StatMethod::ThreeDice, 3), (StatMethod::Heroic, 8)]
            {
                let mut request = request(Some(method), None);
                request.race = Text::new(race.name.as_str()).expect("it is short");
                let new = create(&request, &content, &mut Dice::seed_from_u64(seed)).expect("nothing is wrong");
                let (low, high) = (plus(stats([least; 6]), race.modifiers), plus(stats([18; 6]), race.modifiers));
                for ((stat, low), high) in each(&new.stats).into_iter().zip(each(&low)).zip(each(&high)) {
                    prop_assert!((low..=high).contains(&stat));
                }
                prop_assert!(SOULS.contains(&new.progression.souls));
                prop_assert_eq!(new.kit.len(), 3);
                prop_assert!(content.start().bounds.contains(new.position));
            }
        }
    }
}
