//! How a character comes about: rolled or chosen stats, racial modifiers, resources, souls, starting kit.

use protocol::LocationId;
use protocol::characters::{CreateCharacter, Progression, Resources, StatMethod, Stats};
use protocol::movement::Position;
use rand::RngExt;

use crate::content::{Class, Content};
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
    /// Kinds of the items it starts with, for example "longsword"; `content/items.toml` lists them.
    pub kit: Vec<String>,
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
        kit: class.kit.clone(),
        location_id: start.id,
        position: start.spawn,
    })
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
fn resources(class: &Class, stats: &Stats) -> Resources {
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
