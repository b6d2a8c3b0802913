//! The world as data: the tables of `content/`, checked, and how to look things up in them.

mod check;
mod enemies;
mod quests;
mod source;
mod tables;
#[cfg(test)]
mod tests;

pub use enemies::{Behaviour, Enemy, Loot};
pub use quests::{GUARDIAN, Goal, Quest};
pub use source::ContentError;
pub use tables::{
    Ability, AbilityEffect, Amounts, Bounds, Class, CrystalShard, EffectKind, Faction, Guardian, Item,
    Location, Race, Reality, SPEED_DEFAULT, Slot, Stat,
};

use std::collections::BTreeSet;

use protocol::LocationId;
use protocol::ids::CrystalShardId;
use source::Source;

use crate::names::fold;

/// Where new characters begin.
pub const START: LocationId = LocationId(1);

macro_rules! builtin {
    ($($file:literal),* $(,)?) => {
        /// The default world, as it was when the server was built: file names and texts.
        pub const BUILTIN: &[(&str, &str)] = &[$(($file, include_str!(concat!("../content/", $file)))),*];
    };
}

builtin!(
    "abilities.toml",
    "classes.toml",
    "crystal_shards.toml",
    "enemies.toml",
    "factions.toml",
    "items.toml",
    "locations.toml",
    "quests.toml",
    "races.toml",
    "realities.toml",
);

/// Everything the world is made of. What one table says of another holds: see [`Content::parse`].
#[derive(Debug, Clone, PartialEq)]
pub struct Content {
    factions: Vec<Faction>,
    realities: Vec<Reality>,
    races: Vec<Race>,
    classes: Vec<Class>,
    items: Vec<Item>,
    abilities: Vec<Ability>,
    enemies: Vec<Enemy>,
    crystal_shards: Vec<CrystalShard>,
    quests: Vec<Quest>,
    /// In order of id.
    locations: Vec<Location>,
}

impl Content {
    /// The default world.
    pub fn builtin() -> Self {
        Self::parse(BUILTIN).expect("the content that the binary is built with is tested")
    }

    /// Reads a world from `(file name, text)` pairs: one for each file of [`BUILTIN`].
    ///
    /// # Errors
    /// Everything that is wrong, with file and line: what is no TOML, unknown or missing fields, figures out of
    /// range, doubled names or ids, references to what does not exist, ways that lead in one direction only.
    pub fn parse(files: &[(&str, &str)]) -> Result<Self, Vec<ContentError>> {
        let mut errors = Vec::new();
        check::file_names(files, &mut errors);
        let tables = check::Tables {
            factions: Source::read(files, "factions.toml", "faction", &mut errors),
            realities: Source::read(files, "realities.toml", "reality", &mut errors),
            races: Source::read(files, "races.toml", "race", &mut errors),
            classes: Source::read(files, "classes.toml", "class", &mut errors),
            items: Source::read(files, "items.toml", "item", &mut errors),
            abilities: Source::read(files, "abilities.toml", "ability", &mut errors),
            enemies: Source::read(files, "enemies.toml", "enemy", &mut errors),
            crystal_shards: Source::read(files, "crystal_shards.toml", "crystal_shard", &mut errors),
            locations: Source::read(files, "locations.toml", "location", &mut errors),
            quests: Source::read(files, "quests.toml", "quest", &mut errors),
        };
        // References into a table that could not be read would only repeat its error.
        if errors.is_empty() {
            tables.check(&mut errors);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        let mut locations = tables.locations.into_rows();
        locations.sort_by_key(|location| location.id);
        for location in &mut locations {
            location.exits.sort_unstable();
        }
        let mut crystal_shards = tables.crystal_shards.into_rows();
        crystal_shards.sort_by_key(|shard| shard.id);
        Ok(Self {
            factions: tables.factions.into_rows(),
            realities: tables.realities.into_rows(),
            races: tables.races.into_rows(),
            classes: tables.classes.into_rows(),
            items: tables.items.into_rows(),
            abilities: tables.abilities.into_rows(),
            enemies: tables.enemies.into_rows(),
            crystal_shards,
            quests: tables.quests.into_rows(),
            locations,
        })
    }

    /// In the order of the file, as are races, classes, items, abilities and enemies.
    pub fn factions(&self) -> &[Faction] {
        &self.factions
    }

    /// In the order of the file.
    pub fn quests(&self) -> &[Quest] {
        &self.quests
    }

    /// By name, in whatever case, as are races and classes.
    pub fn faction(&self, name: &str) -> Option<&Faction> {
        named(&self.factions, name, |faction| &faction.name)
    }

    pub fn realities(&self) -> &[Reality] {
        &self.realities
    }

    /// The reality of a faction, or the one of nobody.
    pub fn reality_of(&self, faction: Option<&str>) -> &Reality {
        let theirs = |reality: &&Reality| reality.faction.as_deref() == faction;
        let nobodys = |reality: &&Reality| reality.faction.is_none();
        let found = self.realities.iter().find(theirs).or_else(|| self.realities.iter().find(nobodys));
        found.expect("parse has seen that one reality belongs to nobody")
    }

    pub fn races(&self) -> &[Race] {
        &self.races
    }

    pub fn race(&self, name: &str) -> Option<&Race> {
        named(&self.races, name, |race| &race.name)
    }

    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    pub fn class(&self, name: &str) -> Option<&Class> {
        named(&self.classes, name, |class| &class.name)
    }

    pub fn items(&self) -> &[Item] {
        &self.items
    }

    pub fn item(&self, kind: &str) -> Option<&Item> {
        self.items.iter().find(|item| item.kind == kind)
    }

    pub fn abilities(&self) -> &[Ability] {
        &self.abilities
    }

    /// What a class can do.
    pub fn abilities_of(&self, class: &str) -> impl Iterator<Item = &Ability> {
        self.abilities.iter().filter(move |ability| ability.class.as_deref() == Some(class))
    }

    /// By name, in whatever case.
    pub fn ability(&self, name: &str) -> Option<&Ability> {
        named(&self.abilities, name, |ability| &ability.name)
    }

    pub fn enemies(&self) -> &[Enemy] {
        &self.enemies
    }

    pub fn enemy(&self, kind: &str) -> Option<&Enemy> {
        self.enemies.iter().find(|enemy| enemy.kind == kind)
    }

    /// In order of id.
    pub fn crystal_shards(&self) -> &[CrystalShard] {
        &self.crystal_shards
    }

    pub fn crystal_shard(&self, id: CrystalShardId) -> Option<&CrystalShard> {
        self.crystal_shards.iter().find(|shard| shard.id == id)
    }

    /// In order of id.
    pub fn locations(&self) -> &[Location] {
        &self.locations
    }

    pub fn location(&self, id: LocationId) -> Option<&Location> {
        self.locations.binary_search_by_key(&id, |location| location.id).ok().map(|at| &self.locations[at])
    }

    /// Where new characters begin.
    pub fn start(&self) -> &Location {
        self.location(START).expect("parse has seen that the start exists")
    }

    /// The names of the world's partitions, in alphabetical order.
    pub fn world_shards(&self) -> BTreeSet<&str> {
        self.locations.iter().map(|location| location.world_shard.as_str()).collect()
    }

    /// The locations of one partition, in order of id.
    pub fn locations_of<'a>(&'a self, world_shard: &'a str) -> impl Iterator<Item = &'a Location> {
        self.locations.iter().filter(move |location| location.world_shard == world_shard)
    }
}

fn named<'a, T>(rows: &'a [T], name: &str, name_of: impl Fn(&T) -> &String) -> Option<&'a T> {
    let key = fold(name.trim());
    rows.iter().find(|row| fold(name_of(row)) == key)
}
