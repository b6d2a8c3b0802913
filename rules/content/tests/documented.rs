//! The figures of the default world, line by line as the documents have them, written from those and not from the content.

use std::fmt::Write;

use protocol::LocationId;
use protocol::characters::{Progression, Resources, Stats};
use protocol::combat::{Rank, Targets};

use crate::content::{Ability, Amounts, Content};
use crate::progression::{Growing, LEVEL_MAX, gain_experience, level_at};

/// Class: name, cost, rounds until it can be used again, damage (+ healing), whom it meets, and what stays: rounds, and health
/// a round. What Shadow Step and Hunter's Mark leave the documents do not say.
const ABILITIES: &str = "\
Warrior: Whirlwind Strike 40st 3 25 all
Warrior: Shield Bash 30st 2 20 one stun1
Warrior: Battle Cry 25st 4 self strength3
Warrior: Execute 50st 5 60 one again below 0.3
Sorcerer: Fireball 30m 1 35 one burn3x5
Sorcerer: Ice Storm 50m 4 25 all frost2x3
Sorcerer: Mana Shield 40m 3 self defense3
Sorcerer: Lightning Bolt 35m 2 45 one
Sorcerer: Arcane Regeneration 45m 5 self regeneration5x8
Rogue: Backstab 35st 3 40 one
Rogue: Poison Blade 25st 4 15 one poison5x7
Rogue: Shadow Step 30st 3 self evasion1
Rogue: Fan of Knives 45st 4 20 all bleed3x4
Paladin: Divine Smite 35m 2 40 one
Paladin: Lay on Hands 40m 4 +50 ally
Paladin: Holy Shield 30m 5 self defense4
Paladin: Judgement 60m 5 30 all
Necromancer: Death Bolt 30m 1 35 one
Necromancer: Life Drain 40m 3 30 +20 one
Necromancer: Curse of Weakness 35m 4 one weakness4
Necromancer: Dark Ritual 30hp 3 self mana30
Necromancer: Plague Cloud 55m 5 15 all poison4x8
Ranger: Precise Shot 25st 2 35 one
Ranger: Multi-Shot 40st 3 20 all
Ranger: Hunter's Mark 20st 4 one mark3
Ranger: Nature's Blessing 35m 4 +40 ally regeneration3x5
Ranger: Explosive Arrow 50st 5 40 all burn2x6
";

/// Id, name, element, location, guardian, its level and health.
const SHARDS: &str = "\
1 Phoenix Flame|fire|Ember Volcano|Ignarok the Eternal 50 50000
2 Ocean's Tear|water|Abyssal Trench|Thalassia the Depths 48 45000
3 Mountain's Core|earth|Titan's Spine Mountains|Terrakor the Unmoved 55 75000
4 Tempest Crown|air|Storm Citadel|Zephyrath the Hurricane 52 40000
5 Dawn's Radiance|light|Celestial Cathedral|Solarius the Radiant 50 42000
6 Void Heart|darkness|Shadowfell Abyss|Nocturnyx the Void 53 38000
7 Null Sphere|void|Reality Rift|The Unmade 60 55000
8 Hourglass Eternal|time|Temporal Nexus|Chronovax the Timeless 58 48000
9 Infinity Prism|space|Dimensional Crossroads|Infinitus the Boundless 56 50000
10 Genesis Seed|life|Primordial Garden|Vitaera the Ever-Growing 51 60000
11 Reaper's Eye|death|Necropolis of Lost Souls|Mortifax the Final 57 52000
12 Entropy Engine|chaos|Maelstrom of Madness|Chaoticus the Random 59 45000
";

/// Kind, level, health.
const ENEMIES: [(&str, i32, i32); 9] = [
    ("hollow_soldier", 1, 50),
    ("corrupt_wolf", 2, 60),
    ("skeleton_warrior", 3, 70),
    ("dark_knight", 5, 150),
    ("frost_mage", 6, 100),
    ("corrupted_guardian", 8, 300),
    ("lord_of_cinders", 10, 500),
    ("crystal_shard_guardian", 12, 600),
    ("aetherfall_titan", 20, 2000),
];

/// Of the others they say no more.
const RANKS: [(&str, Rank); 3] =
    [("dark_knight", Rank::Elite), ("frost_mage", Rank::Elite), ("lord_of_cinders", Rank::Boss)];

const REALITIES: [(&str, Option<&str>); 7] = [
    ("Neutral", None),
    ("Blood Realm", Some("Crimson Covenant")),
    ("Aether Storm", Some("Aether Seekers")),
    ("Iron Age", Some("Iron Brotherhood")),
    ("Twilight Dominion", Some("Moonlit Circle")),
    ("Shadow World", Some("Shadowborn")),
    ("Radiant Era", Some("Golden Order")),
];

const FACTIONS: [&str; 6] = [
    "Crimson Covenant",
    "Aether Seekers",
    "Iron Brotherhood",
    "Moonlit Circle",
    "Shadowborn",
    "Golden Order",
];

/// Strength, dexterity, intelligence, constitution, wisdom, charisma.
type Six = [i32; 6];

const RACES: [(&str, Six); 6] = [
    ("Human", [1, 1, 1, 1, 1, 1]),
    ("Elf", [0, 2, 1, 0, 1, 0]),
    ("Dwarf", [1, 0, 0, 2, 1, 0]),
    ("Tiefling", [0, 0, 1, 0, 0, 2]),
    ("Dragonborn", [2, 0, 0, 0, 0, 1]),
    ("Undead", [0, 0, 2, -1, 0, -1]),
];

/// Health, stamina and mana at first, and what a level adds, with the constitution that it adds to everybody.
const CLASSES: [(&str, [i32; 3], Six); 6] = [
    ("Warrior", [120, 120, 50], [2, 0, 0, 1 + 1, 0, 0]),
    ("Sorcerer", [70, 70, 150], [0, 0, 2, 1, 1, 0]),
    ("Rogue", [90, 130, 60], [0, 2, 0, 1, 0, 1]),
    ("Paladin", [110, 100, 90], [1, 0, 0, 1 + 1, 0, 1]),
    ("Necromancer", [80, 80, 140], [0, 0, 2, 1, 0, 1]),
    ("Ranger", [95, 110, 80], [0, 1, 0, 1 + 1, 1, 0]),
];

/// The experience at which each level begins.
const LEVELS: [i64; 25] = [
    0, 100, 300, 600, 1000, 1500, 2100, 2800, 3600, 4500, 5500, 6600, 7800, 9100, 10500, 12000, 13600, 15300,
    17100, 19000, 21000, 23100, 25300, 27600, 30000,
];

/// Name and danger of the seeded locations; the faction's seats are safe.
const LOCATIONS: [(&str, i32); 12] = [
    ("The Nexus", 0),
    ("Ember Volcano", 8),
    ("Abyssal Trench", 8),
    ("Titan's Spine Mountains", 9),
    ("Crimson Cathedral", 0),
    ("Aether Academy", 0),
    ("Iron Foundry", 0),
    ("Twilight Grove", 0),
    ("Shadow Sanctum", 0),
    ("Golden Citadel", 0),
    ("Wilderness Outpost", 3),
    ("Necropolis of Lost Souls", 9),
];

fn six(stats: &Stats) -> Six {
    let Stats { strength, dexterity, intelligence, constitution, wisdom, charisma } = *stats;
    [strength, dexterity, intelligence, constitution, wisdom, charisma]
}

/// As [`ABILITIES`] has it.
fn told(ability: &Ability, class: &str) -> String {
    let Amounts { health, stamina, mana } = ability.cost;
    let mut line = format!("{class}: {}", ability.name);
    for (amount, unit) in [(stamina, "st"), (mana, "m"), (health, "hp")] {
        if amount != 0 {
            write!(line, " {amount}{unit}").unwrap();
        }
    }
    write!(line, " {}", ability.cooldown).unwrap();
    if ability.damage != 0 {
        write!(line, " {}", ability.damage).unwrap();
    }
    if ability.healing != 0 {
        write!(line, " +{}", ability.healing).unwrap();
    }
    line.push_str(match ability.targets {
        Targets::Oneself => " self",
        Targets::Ally => " ally",
        Targets::One => " one",
        Targets::All => " all",
    });
    if let Some(effect) = ability.effect {
        write!(line, " {}{}", effect.kind.as_str(), effect.rounds).unwrap();
        if effect.amount != 0 {
            write!(line, "x{}", effect.amount).unwrap();
        }
    }
    if let Some(share) = ability.execute_below {
        write!(line, " again below {share}").unwrap();
    }
    if ability.restores_mana != 0 {
        write!(line, " mana{}", ability.restores_mana).unwrap();
    }
    line
}

#[test]
fn the_abilities_of_the_classes_are_the_documented_ones() {
    let content = Content::builtin();
    let of_classes =
        content.abilities().iter().filter_map(|ability| Some((ability, ability.class.as_ref()?)));
    let told: Vec<String> = of_classes.clone().map(|(ability, class)| told(ability, class)).collect();
    assert_eq!(told, ABILITIES.lines().collect::<Vec<_>>());
    for (ability, _) in of_classes {
        let scales = ability.damage > 0 || ability.healing > 0;
        assert_eq!(scales, !ability.scales_with.is_empty(), "{}", ability.name);
        for factor in ability.scales_with.values() {
            assert!((1.2..=2.5).contains(factor), "{}: {factor}", ability.name);
        }
    }
}

#[test]
fn the_crystal_shards_are_the_documented_ones() {
    let content = Content::builtin();
    let told = content.crystal_shards().iter().map(|shard| {
        assert_eq!(shard.power_level, 100, "{}", shard.name);
        assert_eq!(shard.guardian.kind, "crystal_shard_guardian", "{}", shard.name);
        let guardian = &shard.guardian;
        format!(
            "{} {}|{}|{}|{} {} {}",
            shard.id.0,
            shard.name,
            shard.element,
            shard.location_name,
            guardian.name,
            guardian.level,
            guardian.health
        )
    });
    assert_eq!(told.collect::<Vec<_>>(), SHARDS.lines().collect::<Vec<_>>());
}

#[test]
fn the_enemies_are_the_documented_ones() {
    let content = Content::builtin();
    let told = content.enemies().iter().map(|enemy| (enemy.kind.as_str(), enemy.level, enemy.health));
    assert_eq!(told.collect::<Vec<_>>(), ENEMIES);
    for (kind, rank) in RANKS {
        assert_eq!(content.enemy(kind).map(|enemy| enemy.rank), Some(rank), "{kind}");
    }
    for enemy in content.enemies() {
        // × (1 + 0.15 (level − 1)), rounded down.
        let grown = enemy.strength * (100 + 15 * (enemy.level - 1)) / 100;
        assert_eq!(enemy.grown_stats().strength, grown, "{}", enemy.kind);
    }
}

#[test]
fn the_factions_and_their_realities_are_the_documented_ones() {
    let content = Content::builtin();
    let factions = content.factions().iter().map(|faction| faction.name.as_str());
    assert_eq!(factions.collect::<Vec<_>>(), FACTIONS);
    let realities = content.realities().iter();
    let told = realities.map(|reality| (reality.name.as_str(), reality.faction.as_deref()));
    assert_eq!(told.collect::<Vec<_>>(), REALITIES);
}

#[test]
fn the_races_are_the_documented_ones() {
    let content = Content::builtin();
    let told = content.races().iter().map(|race| (race.name.as_str(), six(&race.modifiers)));
    assert_eq!(told.collect::<Vec<_>>(), RACES);
}

#[test]
fn the_classes_begin_and_grow_as_documented() {
    let content = Content::builtin();
    let told = content.classes().iter().map(|class| {
        let mut stats = Stats::default();
        let mut resources =
            Resources { health: 1, max_health: 40, stamina: 1, max_stamina: 50, mana: 1, max_mana: 60 };
        let mut progression = Progression { level: 1, experience: 0, souls: 0 };
        let growing =
            Growing { class, stats: &mut stats, resources: &mut resources, progression: &mut progression };
        assert_eq!(gain_experience(growing, LEVELS[1]).unwrap(), 1);
        // 10, 8 and 12 more, and whole again.
        let grown =
            Resources { health: 50, max_health: 50, stamina: 58, max_stamina: 58, mana: 72, max_mana: 72 };
        assert_eq!(resources, grown, "{}", class.name);
        assert_eq!(class.kit.len(), 3, "{}", class.name);
        (class.name.as_str(), [class.health, class.stamina, class.mana], six(&stats))
    });
    assert_eq!(told.collect::<Vec<_>>(), CLASSES);
}

#[test]
fn levels_begin_at_the_documented_experience() {
    assert_eq!(LEVEL_MAX, 25);
    for (level, begins) in (1..).zip(LEVELS) {
        assert_eq!(level_at(begins), level, "{begins}");
        assert_eq!(level_at(begins - 1), (level - 1).max(1), "{begins}");
    }
    assert_eq!(level_at(i64::MAX), 25);
}

#[test]
fn the_seeded_locations_are_the_documented_ones() {
    let content = Content::builtin();
    let told = content.locations().iter().map(|location| (location.name.as_str(), location.danger));
    assert_eq!(told.take(LOCATIONS.len()).collect::<Vec<_>>(), LOCATIONS);
    for location in content.locations().iter().skip(1) {
        assert_eq!(location.exits, [LocationId(1)], "{} is connected to The Nexus only", location.name);
    }
}
