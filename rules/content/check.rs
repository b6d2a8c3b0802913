//! What must hold between the tables of the content, beyond the shape of each row.

use std::collections::{BTreeMap, BTreeSet};

use protocol::LocationId;

use super::enemies::Enemy;
use super::quests::Quest;
use super::source::{ContentError, Source};
use super::tables::{Ability, Amounts, Class, CrystalShard, Faction, Item, Location, Race, Reality};
use super::{BUILTIN, START};
use crate::names::fold;

/// How many items a starting kit has.
const KIT: usize = 3;
const DANGER_MAX: i32 = 10;
/// Figures of items, enemies and abilities stay far below where sums of them could overflow.
const FIGURE_MAX: i32 = 1_000_000;
/// Metres from the origin: far below where doubles lose centimetres.
const COORDINATE_MAX: f64 = 1_000_000.0;
/// Metres a second.
const SPEED_MAX: f64 = 1_000.0;
const NAME_CHARS_MAX: usize = 50;

/// Tells of a problem: the field, and what is wrong with it.
type Tell<'a> = &'a mut dyn FnMut(&str, String);

/// A file that nobody reads is a misspelt one.
pub(super) fn file_names(files: &[(&str, &str)], errors: &mut Vec<ContentError>) {
    for (file, _) in files {
        if !BUILTIN.iter().any(|(known, _)| known == file) {
            let known: Vec<_> = BUILTIN.iter().map(|(known, _)| *known).collect();
            let problem = format!("unknown file, expected one of {}", known.join(", "));
            errors.push(ContentError { file: (*file).to_owned(), line: 1, problem });
        }
    }
}

/// All tables, each well-formed.
pub(super) struct Tables<'a> {
    pub factions: Source<'a, Faction>,
    pub realities: Source<'a, Reality>,
    pub races: Source<'a, Race>,
    pub classes: Source<'a, Class>,
    pub items: Source<'a, Item>,
    pub abilities: Source<'a, Ability>,
    pub enemies: Source<'a, Enemy>,
    pub crystal_shards: Source<'a, CrystalShard>,
    pub locations: Source<'a, Location>,
    pub quests: Source<'a, Quest>,
}

impl Tables<'_> {
    pub(super) fn check(&self, errors: &mut Vec<ContentError>) {
        self.check_names(errors);
        self.check_realities(errors);
        self.check_classes(errors);
        self.items.check(errors, item);
        self.check_abilities(errors);
        self.check_enemies(errors);
        self.check_crystal_shards(errors);
        self.check_locations(errors);
        self.check_quests(errors);
    }

    fn check_names(&self, errors: &mut Vec<ContentError>) {
        self.factions.check(errors, unique("name", |row: &Faction| fold(&row.name)));
        self.realities.check(errors, unique("name", |row: &Reality| fold(&row.name)));
        self.races.check(errors, unique("name", |row: &Race| fold(&row.name)));
        self.classes.check(errors, unique("name", |row: &Class| fold(&row.name)));
        self.items.check(errors, unique("kind", |row: &Item| row.kind.clone()));
        self.abilities.check(errors, unique("name", |row: &Ability| fold(&row.name)));
        self.enemies.check(errors, unique("kind", |row: &Enemy| row.kind.clone()));
        self.crystal_shards.check(errors, unique("name", |row: &CrystalShard| fold(&row.name)));
        self.crystal_shards.check(errors, unique("id", |row: &CrystalShard| row.id.to_string()));
        self.locations.check(errors, unique("name", |row: &Location| fold(&row.name)));
        self.locations.check(errors, unique("id", |row: &Location| row.id.to_string()));
    }

    fn check_realities(&self, errors: &mut Vec<ContentError>) {
        let factions: BTreeSet<_> = self.factions.rows().map(|faction| faction.name.as_str()).collect();
        self.realities.check(errors, |reality, tell| match &reality.faction {
            Some(faction) if !factions.contains(faction.as_str()) => {
                tell("faction", format!("there is no faction {faction:?} in factions.toml"));
            }
            _ => {}
        });
        let owner = |row: &Reality| row.faction.clone().unwrap_or_else(|| "nobody".to_owned());
        self.realities.check(errors, unique("faction", owner));
        let owned: BTreeSet<_> = self.realities.rows().map(|reality| reality.faction.as_deref()).collect();
        self.factions.check(errors, |faction, tell| {
            if !owned.contains(&Some(faction.name.as_str())) {
                tell("name", format!("{:?} has no reality in realities.toml", faction.name));
            }
        });
        if !owned.contains(&None) {
            errors.push(self.realities.problem("expected one reality without a faction"));
        }
    }

    fn check_classes(&self, errors: &mut Vec<ContentError>) {
        let kinds: BTreeSet<_> = self.items.rows().map(|item| item.kind.as_str()).collect();
        self.classes.check(errors, |class, tell| {
            in_range("health", class.health, 1, tell);
            in_range("stamina", class.stamina, 1, tell);
            in_range("mana", class.mana, 1, tell);
            if class.kit.len() != KIT {
                tell("kit", format!("expected {KIT} items, found {}", class.kit.len()));
            }
            for kind in class.kit.iter().filter(|kind| !kinds.contains(kind.as_str())) {
                tell("kit", format!("there is no item {kind:?} in items.toml"));
            }
        });
    }

    fn check_abilities(&self, errors: &mut Vec<ContentError>) {
        let classes: BTreeSet<_> = self.classes.rows().map(|class| class.name.as_str()).collect();
        self.abilities.check(errors, |ability, tell| {
            if let Some(class) = &ability.class
                && !classes.contains(class.as_str())
            {
                tell("class", format!("there is no class {class:?} in classes.toml"));
            }
            ability_figures(ability, tell);
        });
    }

    fn check_enemies(&self, errors: &mut Vec<ContentError>) {
        let items: BTreeSet<_> = self.items.rows().map(|item| item.kind.as_str()).collect();
        let abilities = self.abilities.rows().filter(|ability| ability.class.is_none());
        let abilities: BTreeSet<_> = abilities.map(|ability| ability.name.as_str()).collect();
        self.enemies.check(errors, |enemy, tell| {
            enemy_figures(enemy, tell);
            for name in enemy.abilities.iter().filter(|name| !abilities.contains(name.as_str())) {
                tell("abilities", format!("there is no ability {name:?} without a class in abilities.toml"));
            }
            for loot in &enemy.loot {
                if !items.contains(loot.item.as_str()) {
                    tell("loot", format!("there is no item {:?} in items.toml", loot.item));
                }
                if !(1..=100).contains(&loot.percent) {
                    tell("loot", format!("expected 1 to 100 percent, found {}", loot.percent));
                }
            }
        });
    }

    fn check_crystal_shards(&self, errors: &mut Vec<ContentError>) {
        let names: BTreeMap<_, _> = self.locations.rows().map(|row| (row.id, row.name.as_str())).collect();
        self.crystal_shards.check(errors, |shard, tell| {
            let Some(id) = shard.location_id else {
                if names.values().any(|name| *name == shard.location_name) {
                    tell("location_name", format!("{:?} exists: give its location_id", shard.location_name));
                }
                return;
            };
            match names.get(&id) {
                None => tell("location_id", format!("there is no location {id} in locations.toml")),
                Some(name) if *name != shard.location_name => {
                    tell("location_id", format!("location {id} is {name:?}, not {:?}", shard.location_name));
                }
                Some(_) => {}
            }
        });
        let kinds: BTreeSet<_> = self.enemies.rows().map(|enemy| enemy.kind.as_str()).collect();
        self.crystal_shards.check(errors, |shard, tell| {
            if shard.id.0 < 1 {
                tell("id", "expected 1 or more".to_owned());
            }
            in_range("guardian", shard.guardian.level, 1, tell);
            in_range("guardian", shard.guardian.health, 1, tell);
            if !kinds.contains(shard.guardian.kind.as_str()) {
                tell("guardian", format!("there is no enemy {:?} in enemies.toml", shard.guardian.kind));
            }
            if shard.power_level < 0 {
                tell("power_level", "expected 0 or more".to_owned());
            }
        });
    }

    fn check_locations(&self, errors: &mut Vec<ContentError>) {
        let exits: BTreeMap<LocationId, &[LocationId]> =
            self.locations.rows().map(|row| (row.id, row.exits.as_slice())).collect();
        let kinds: BTreeSet<_> = self.items.rows().map(|item| item.kind.as_str()).collect();
        let enemies: BTreeSet<_> = self.enemies.rows().map(|enemy| enemy.kind.as_str()).collect();
        self.locations.check(errors, |location, tell| {
            location_figures(location, tell);
            for kind in location.enemies.iter().filter(|kind| !enemies.contains(kind.as_str())) {
                tell("enemies", format!("there is no enemy {kind:?} in enemies.toml"));
            }
            for (index, kind) in location.sells.iter().enumerate() {
                if !kinds.contains(kind.as_str()) {
                    tell("sells", format!("there is no item {kind:?} in items.toml"));
                } else if location.sells[..index].contains(kind) {
                    tell("sells", format!("{kind:?} is there twice"));
                }
            }
            for (index, exit) in location.exits.iter().enumerate() {
                match exits.get(exit) {
                    None => tell("exits", format!("there is no location {exit}")),
                    Some(_) if *exit == location.id => tell("exits", "it leads to itself".to_owned()),
                    Some(back) if !back.contains(&location.id) => {
                        tell("exits", format!("location {exit} does not lead back to {}", location.id));
                    }
                    Some(_) if location.exits[..index].contains(exit) => {
                        tell("exits", format!("{exit} is there twice"));
                    }
                    Some(_) => {}
                }
            }
        });
        if !exits.contains_key(&START) {
            errors.push(
                self.locations.problem(&format!("there is no location {START}, where characters begin")),
            );
            return;
        }
        let reachable = reachable_from_start(&exits);
        self.locations.check(errors, |location, tell| {
            if !reachable.contains(&location.id) {
                tell("exits", format!("no way leads here from location {START}"));
            }
        });
    }
}

fn reachable_from_start(exits: &BTreeMap<LocationId, &[LocationId]>) -> BTreeSet<LocationId> {
    let mut reached = BTreeSet::from([START]);
    let mut ahead = vec![START];
    while let Some(here) = ahead.pop() {
        for exit in exits.get(&here).copied().unwrap_or_default() {
            if reached.insert(*exit) {
                ahead.push(*exit);
            }
        }
    }
    reached
}

/// A check that no two rows have the same key, and that it is no empty or endless one.
fn unique<T>(field: &'static str, key: impl Fn(&T) -> String) -> impl FnMut(&T, Tell) {
    let mut seen = BTreeSet::new();
    move |row, tell| {
        let key = key(row);
        if key.trim() != key || key.is_empty() || key.chars().count() > NAME_CHARS_MAX {
            tell(field, format!("expected 1 to {NAME_CHARS_MAX} characters without spaces around them"));
        } else if seen.contains(&key) {
            tell(field, format!("{key:?} is there twice"));
        }
        seen.insert(key);
    }
}

fn in_range(field: &str, found: i32, min: i32, tell: Tell) {
    if !(min..=FIGURE_MAX).contains(&found) {
        tell(field, format!("expected {min} to {FIGURE_MAX}, found {found}"));
    }
}

fn share(field: &str, found: Option<f64>, tell: Tell) {
    if found.is_some_and(|share| !(0.0..=1.0).contains(&share)) {
        tell(field, "expected a share, 0.0 to 1.0".to_owned());
    }
}

fn amounts(field: &str, found: &Amounts, tell: Tell) {
    for amount in [found.health, found.stamina, found.mana] {
        in_range(field, amount, 0, tell);
    }
}

fn item(item: &Item, tell: Tell) {
    if !(0..=i64::from(FIGURE_MAX)).contains(&item.value) {
        tell("value", format!("expected 0 to {FIGURE_MAX}, found {}", item.value));
    }
    if item.stackable && item.slot.is_some() {
        tell("stackable", "what is worn can't be stacked".to_owned());
    }
    in_range("attack_bonus", item.attack_bonus, 0, tell);
    in_range("defense_bonus", item.defense_bonus, 0, tell);
    amounts("restores", &item.restores, tell);
}

fn ability_figures(ability: &Ability, tell: Tell) {
    amounts("cost", &ability.cost, tell);
    in_range("cooldown", ability.cooldown, 0, tell);
    in_range("damage", ability.damage, 0, tell);
    in_range("healing", ability.healing, 0, tell);
    in_range("restores_mana", ability.restores_mana, 0, tell);
    share("execute_below", ability.execute_below, tell);
    if ability.scales_with.values().any(|factor| !(0.0..=10.0).contains(factor)) {
        tell("scales_with", "expected factors of 0.0 to 10.0".to_owned());
    }
    if let Some(effect) = ability.effect {
        in_range("effect", effect.rounds, 1, tell);
        in_range("effect", effect.amount, 0, tell);
    }
}

fn enemy_figures(enemy: &Enemy, tell: Tell) {
    in_range("level", enemy.level, 1, tell);
    in_range("health", enemy.health, 1, tell);
    in_range("stamina", enemy.stamina, 1, tell);
    in_range("mana", enemy.mana, 0, tell);
    in_range("strength", enemy.strength, 1, tell);
    in_range("dexterity", enemy.dexterity, 1, tell);
    in_range("constitution", enemy.constitution, 1, tell);
    in_range("intelligence", enemy.intelligence, 1, tell);
    share("enrage_below", enemy.enrage_below, tell);
}

fn location_figures(location: &Location, tell: Tell) {
    let (min, max) = (location.bounds.min, location.bounds.max);
    let far = [min.x, min.y, min.z, max.x, max.y, max.z]
        .into_iter()
        .any(|c| c.is_nan() || c.abs() > COORDINATE_MAX);
    if location.id.0 < 1 {
        tell("id", "expected 1 or more: 0 means \"the same location\" in a move".to_owned());
    }
    if location.world_shard.is_empty() {
        tell("world_shard", "expected the name of a part of the world".to_owned());
    }
    if !(0..=DANGER_MAX).contains(&location.danger) {
        tell("danger", format!("expected 0 to {DANGER_MAX}, found {}", location.danger));
    }
    if location.safe && location.danger > 0 {
        tell("safe", "a safe location has no danger".to_owned());
    }
    if location.safe && !location.enemies.is_empty() {
        tell("enemies", "nobody fights in a safe location".to_owned());
    }
    if !(0..=100).contains(&location.ambush_percent) {
        tell("ambush_percent", format!("expected 0 to 100, found {}", location.ambush_percent));
    }
    if location.ambush_percent > 0 && location.enemies.is_empty() {
        tell("ambush_percent", "there is nobody here to lie in wait: no enemies".to_owned());
    }
    if far || min.x >= max.x || min.y >= max.y || min.z > max.z {
        tell("bounds", format!("expected min below max, and both within {COORDINATE_MAX} m"));
    }
    if !location.bounds.contains(location.spawn) {
        tell("spawn", "it lies outside the bounds".to_owned());
    }
    if !(0.0..=SPEED_MAX).contains(&location.speed) || location.speed == 0.0 {
        tell("speed", format!("expected more than 0 and at most {SPEED_MAX} m/s, found {}", location.speed));
    }
    if location.capacity == Some(0) {
        tell("capacity", "expected 1 or more, or no capacity for any number".to_owned());
    }
}
