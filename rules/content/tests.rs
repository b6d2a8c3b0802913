//! The default world is as documented, and what is wrong with another is told where it is wrong.

mod documented;

use super::{BUILTIN, Content, ContentError, SPEED_DEFAULT};
use protocol::LocationId;

/// The default world with one text of one file replaced, once.
fn with(file: &str, old: &str, new: &str) -> Result<Content, Vec<ContentError>> {
    let texts: Vec<(&str, String)> = BUILTIN
        .iter()
        .map(|(name, text)| {
            assert!(*name != file || text.contains(old), "{file} has no {old:?}");
            (*name, if *name == file { text.replacen(old, new, 1) } else { (*text).to_owned() })
        })
        .collect();
    Content::parse(&texts.iter().map(|(name, text)| (*name, text.as_str())).collect::<Vec<_>>())
}

#[test]
fn the_default_world_is_the_documented_one() {
    let content = Content::builtin();
    let names: Vec<&str> = content.locations().iter().map(|location| location.name.as_str()).collect();
    let documented = [
        "The Nexus",
        "Ember Volcano",
        "Abyssal Trench",
        "Titan's Spine Mountains",
        "Crimson Cathedral",
        "Aether Academy",
        "Iron Foundry",
        "Twilight Grove",
        "Shadow Sanctum",
        "Golden Citadel",
        "Wilderness Outpost",
        "Necropolis of Lost Souls",
        "Storm Citadel",
        "Celestial Cathedral",
        "Shadowfell Abyss",
        "Reality Rift",
        "Temporal Nexus",
        "Dimensional Crossroads",
        "Primordial Garden",
        "Maelstrom of Madness",
    ];
    assert_eq!(names, documented);
    for location in content.locations() {
        let dangerous = location.danger > 0;
        assert_eq!(
            (location.capacity, location.safe),
            (dangerous.then_some(20), !dangerous),
            "{}",
            location.name
        );
        assert_eq!(location.speed, SPEED_DEFAULT);
    }
    let seeded = content.crystal_shards().iter().filter_map(|shard| shard.location_id).map(|id| id.0);
    assert_eq!(seeded.collect::<Vec<_>>(), [2, 3, 4, 13, 14, 15, 16, 17, 18, 19, 12, 20]);
    let of_classes = content.abilities().iter().filter(|ability| ability.class.is_some());
    assert_eq!((of_classes.count(), content.enemies().len()), (27, 9));
    assert_eq!(content.reality_of(None).name, "Neutral");
    assert_eq!(content.reality_of(Some("Golden Order")).name, "Radiant Era");
}

#[test]
fn every_location_is_in_one_world_shard() {
    let content = Content::builtin();
    let mut ids: Vec<LocationId> = content
        .world_shards()
        .into_iter()
        .flat_map(|shard| content.locations_of(shard).map(|location| location.id).collect::<Vec<_>>())
        .collect();
    ids.sort();
    assert_eq!(ids, content.locations().iter().map(|location| location.id).collect::<Vec<_>>());
}

#[test]
fn names_are_found_in_whatever_case() {
    let content = Content::builtin();
    assert_eq!(content.race("  hUMAN ").map(|race| race.name.as_str()), Some("Human"));
    assert_eq!(content.item("Longsword"), None, "kinds are exact");
    assert_eq!(content.location(LocationId(99)), None);
}

#[test]
fn what_is_wrong_is_told_with_file_and_line() {
    for (file, old, new, expected) in [
        (
            "locations.toml",
            "exits = [1]",
            "exits = [1, 99]",
            "locations.toml:33: exits: there is no location 99",
        ),
        ("locations.toml", "[2, 3,", "[3,", "locations.toml:33: exits: location 1 does not lead back to 2"),
        ("locations.toml", "[2, 3,", "[1, 2, 3,", "locations.toml:21: exits: it leads to itself"),
        ("locations.toml", "[2, 3,", "[2, 2, 3,", "locations.toml:21: exits: 2 is there twice"),
        ("locations.toml", "id = 3", "id = 2", "locations.toml:38: id: \"2\" is there twice"),
        (
            "locations.toml",
            "\"Ember Volcano\"",
            "\"the nexus\"",
            "locations.toml:25: name: \"the nexus\" is there twice",
        ),
        (
            "locations.toml",
            "spawn = [0, 0, 0]",
            "spawn = [0, 0, 401]",
            "locations.toml:15: spawn: it lies outside the bounds",
        ),
        (
            "locations.toml",
            "spawn = [0, 0, 0]",
            "spawn = [0, nan, 0]",
            "locations.toml:15: spawn: it lies outside the bounds",
        ),
        ("locations.toml", "spawn = [0, 0, 0]", "spawn = [0, 0]", "locations.toml:15: invalid length 2"),
        (
            "locations.toml",
            "capacity = 20",
            "capacity = 0",
            "locations.toml:32: capacity: expected 1 or more",
        ),
        ("locations.toml", "capacity = 20", "capacty = 20", "locations.toml:32: unknown field `capacty`"),
        (
            "locations.toml",
            "danger = 8",
            "danger = 80",
            "locations.toml:28: danger: expected 0 to 10, found 80",
        ),
        (
            "locations.toml",
            "safe = true",
            "safe = true\nambush_percent = 1",
            "locations.toml:14: ambush_percent: there is nobody here to lie in wait",
        ),
        (
            "locations.toml",
            "ambush_percent = 4",
            "ambush_percent = 101",
            "locations.toml:35: ambush_percent: expected 0 to 100, found 101",
        ),
        (
            "locations.toml",
            "safe = true",
            "safe = true\nspeed = -1",
            "locations.toml:14: speed: expected more than 0",
        ),
        (
            "locations.toml",
            "max = [1000, 1000, 400]",
            "max = [-1000, inf, 0]",
            "locations.toml:14: bounds: expected min below max",
        ),
        (
            "realities.toml",
            "faction = \"Golden Order\"",
            "faction = \"Pirates\"",
            "realities.toml:34: faction: there is no faction \"Pirates\"",
        ),
        (
            "realities.toml",
            "faction = \"Golden Order\"",
            "",
            "realities.toml:32: faction: \"nobody\" is there twice",
        ),
        (
            "locations.toml",
            "\"longbow\"",
            "\"fork\"",
            "locations.toml:16: sells: there is no item \"fork\" in items.toml",
        ),
        (
            "locations.toml",
            "\"longbow\"",
            "\"longsword\"",
            "locations.toml:16: sells: \"longsword\" is there twice",
        ),
        ("classes.toml", "\"longsword\"", "\"spoon\"", "classes.toml:11: kit: there is no item \"spoon\""),
        ("classes.toml", "\"longsword\", ", "", "classes.toml:11: kit: expected 3 items, found 2"),
        ("classes.toml", "strength = 2", "strenght = 2", "classes.toml:10: unknown field `strenght`"),
        (
            "abilities.toml",
            "class = \"Warrior\"",
            "class = \"Cook\"",
            "abilities.toml:7: class: there is no class \"Cook\"",
        ),
        (
            "crystal_shards.toml",
            "location_id = 2",
            "location_id = 99",
            "crystal_shards.toml:10: location_id: there is no location 99",
        ),
        (
            "crystal_shards.toml",
            "location_id = 2",
            "location_id = 3",
            "crystal_shards.toml:10: location_id: location 3 is \"Abyssal Trench\"",
        ),
        (
            "crystal_shards.toml",
            "location_id = 2\n",
            "",
            "crystal_shards.toml:9: location_name: \"Ember Volcano\" exists",
        ),
        ("items.toml", "value = 60", "value = \"much\"", "items.toml:8: invalid type: string \"much\""),
        (
            "items.toml",
            "kind = \"chainmail\"",
            "kind = \"longsword\"",
            "items.toml:12: kind: \"longsword\" is there twice",
        ),
        ("items.toml", "[[item]]", "[[itme]]", "items.toml:4: unknown table itme"),
        (
            "enemies.toml",
            "health = 50",
            "health = 0",
            "enemies.toml:9: health: expected 1 to 1000000, found 0",
        ),
        (
            "enemies.toml",
            "item = \"rusty_sword\"",
            "item = \"spoon\"",
            "enemies.toml:18: loot: there is no item \"spoon\"",
        ),
        (
            "enemies.toml",
            "percent = 10 ",
            "percent = 0 ",
            "enemies.toml:18: loot: expected 1 to 100 percent, found 0",
        ),
        (
            "enemies.toml",
            "[\"Bleeding Bite\"]",
            "[\"Fireball\"]",
            "enemies.toml:36: abilities: there is no ability \"Fireball\" without a class",
        ),
        (
            "locations.toml",
            "[\"dark_knight\", ",
            "[\"pirate\", ",
            "locations.toml:34: enemies: there is no enemy \"pirate\"",
        ),
        (
            "locations.toml",
            "exits = [2, 3,",
            "enemies = [\"corrupt_wolf\"]\nexits = [2, 3,",
            "locations.toml:21: enemies: nobody fights in a safe location",
        ),
        (
            "crystal_shards.toml",
            "health = 50000 }",
            "health = 50000, kind = \"pirate\" }",
            "crystal_shards.toml:11: guardian: there is no enemy \"pirate\"",
        ),
        (
            "quests.toml",
            "{ visit = 11",
            "{ visit = 99",
            "quests.toml:12: goal: there is no such thing in the world",
        ),
        (
            "quests.toml",
            "after = \"beyond-the-palisade\"",
            "after = \"clear-the-outpost\"",
            "quests.toml:20: after: nobody can ever begin it",
        ),
        (
            "quests.toml",
            "after = \"beyond-the-palisade\"",
            "after = \"elsewhere\"",
            "quests.toml:20: after: there is no quest \"elsewhere\"",
        ),
        ("races.toml", "name = \"Human\"", "name = Human", "races.toml:4: "),
        (
            "factions.toml",
            "name = \"Golden Order\"",
            "name = \"Silver Order\"",
            "factions.toml:24: name: \"Silver Order\" has no reality",
        ),
    ] {
        let errors = with(file, old, new).expect_err(expected);
        let told: Vec<String> = errors.iter().map(ContentError::to_string).collect();
        assert!(
            told.iter().any(|error| error.starts_with(expected)),
            "expected {expected:?}, was told {told:#?}"
        );
    }
}

#[test]
fn a_world_one_cannot_walk_to_the_end_of_is_refused() {
    let exits = "[2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20]";
    let errors = with("locations.toml", exits, "[]").expect_err("the Nexus has no exits");
    let lost = errors.iter().filter(|error| error.problem.contains("no way leads here"));
    assert_eq!(lost.count(), 19);
}

#[test]
fn missing_and_unknown_files_are_told() {
    let errors = Content::parse(&[("itmes.toml", "")]).expect_err("nearly everything is missing");
    assert_eq!(errors.len(), 1 + BUILTIN.len());
    assert!(errors[0].to_string().starts_with("itmes.toml:1: unknown file"));
    assert!(errors.iter().any(|error| error.to_string() == "items.toml:1: the file is missing"));
}
