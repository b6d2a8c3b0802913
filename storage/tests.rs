//! Tests of the store as a whole: what is promised about writes, processes, copies and simulation.

mod accounts;
mod blocks;
mod combats;
mod commits;
mod copies;
mod ground;
mod parties;
mod play;
mod processes;
mod sheets;
mod simulation;
mod world;

use std::path::PathBuf;

use protocol::characters::{Progression, Resources, Stats};
use protocol::movement::Position;
use protocol::{AccountId, CharacterId, LocationId};
use rules::NewCharacter;
use rules::sheet::Asset;
use tempfile::TempDir;

use crate::accounts::{Role, create};
use crate::{Driver, Options, Store, audit, characters};

/// A database that goes away with the test, and what is opened on it.
struct Disk {
    directory: TempDir,
}

impl Disk {
    fn new() -> Self {
        Self { directory: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("world.db")
    }

    fn server(&self) -> Store {
        Store::open(Options::new(self.path())).unwrap()
    }

    /// Without threads and delays.
    fn inline(&self) -> Store {
        let driver = Driver::Inline { seed: 1, delay_ms_max: 0 };
        Store::open(Options { driver, ..Options::new(self.path()) }).unwrap()
    }

    fn problems(&self) -> Vec<String> {
        audit::check(&self.path()).unwrap().problems
    }
}

fn account(store: &Store, name: &str) -> AccountId {
    store.write(create(name.to_owned(), name.to_lowercase(), None, Role::Player, 1)).wait().unwrap()
}

fn newborn(name: &str) -> NewCharacter {
    NewCharacter {
        name: name.to_owned(),
        name_key: name.to_lowercase(),
        race: "Human".to_owned(),
        class: "Warrior".to_owned(),
        faction: "Aether Seekers".to_owned(),
        stats: Stats {
            strength: 12,
            dexterity: 11,
            intelligence: 10,
            constitution: 14,
            wisdom: 9,
            charisma: 8,
        },
        resources: Resources {
            health: 130,
            max_health: 130,
            stamina: 126,
            max_stamina: 126,
            mana: 47,
            max_mana: 47,
        },
        progression: Progression { level: 1, experience: 0, souls: 120 },
        kit: vec![
            Asset::NewItem { kind: "longsword".to_owned() },
            Asset::NewItem { kind: "shield".to_owned() },
            Asset::Stack { kind: "health_potion".to_owned(), quantity: 1 },
        ],
        location_id: LocationId(1),
        position: Position { x: 1.5, y: -2.0, z: 0.25 },
    }
}

fn character(store: &Store, account: AccountId, name: &str) -> CharacterId {
    store.write(characters::create(account, newborn(name), 8, 1000)).wait().unwrap().id
}
