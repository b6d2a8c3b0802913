//! What `shardmesh check` takes on a database with a million ledger entries.

// As everybody else in the workspace calls it.
extern crate shardmesh_storage as storage;

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, criterion_group, criterion_main};
use protocol::characters::{Progression, Resources, Stats};
use protocol::ids::ItemId;
use protocol::movement::Position;
use protocol::{AccountId, LocationId};
use rules::NewCharacter;
use rules::sheet::{Asset, Settlement, Sheet};
use storage::accounts::{Role, create};
use storage::{Driver, Options, Store, audit, characters, sheets};

const PEOPLE: usize = 1_000;
/// Each enters an item and souls, from one to the other: four entries.
const TRADES: usize = 250_000;

fn newborn(number: usize) -> NewCharacter {
    NewCharacter {
        name: format!("Somebody {number}"),
        name_key: format!("somebody {number}"),
        race: "Human".to_owned(),
        class: "Warrior".to_owned(),
        faction: "Golden Order".to_owned(),
        stats: Stats::default(),
        resources: Resources::default(),
        progression: Progression { level: 1, experience: 0, souls: 100 },
        kit: vec![Asset::NewItem { kind: "longsword".to_owned() }],
        location_id: LocationId(1),
        position: Position { x: 0.0, y: 0.0, z: 0.0 },
    }
}

fn fill(path: &Path) {
    let driver = Driver::Inline { seed: 1, delay_ms_max: 0 };
    let store = Store::open(Options { driver, ..Options::new(path) }).expect("an empty directory");
    let account = store.write(create("a".to_owned(), "a".to_owned(), None, Role::Player, 1)).wait();
    let account: AccountId = account.expect("an empty world");
    let mut people: Vec<Sheet> = Vec::with_capacity(PEOPLE);
    for number in 0..PEOPLE {
        let made = store.write(characters::create(account, newborn(number), u32::MAX, 1)).wait();
        let id = made.expect("names differ").id;
        people.push(store.write(characters::take(account, id, 1)).wait().expect("it is there").sheet);
    }
    for number in 0..TRADES {
        // Neighbours hand on what they have.
        let (from, to) = (number % PEOPLE, (number + 1) % PEOPLE);
        let [one, two] = [&people[from], &people[to]];
        let item: Option<(ItemId, String)> =
            one.items.iter().next().map(|(id, item)| (*id, item.kind.clone()));
        let mut settlement = Settlement::new("trade", vec![one.party(), two.party()]);
        let (giver, taker) = (Some(one.character_id), Some(two.character_id));
        settlement = settlement.moving(giver, taker, Asset::Souls(1));
        if let Some((id, kind)) = item {
            settlement = settlement.moving(giver, taker, Asset::Item { id, kind });
        }
        let after = [one, two].map(|sheet| sheet.after(&settlement, None));
        let [Ok(first), Ok(second)] = after else { panic!("{settlement:?}: {after:?}") };
        store.write(sheets::settle(settlement, None, 1)).wait().expect("it is as it was");
        (people[from], people[to]) = (first, second);
    }
    store.close();
}

fn check(bench: &mut Criterion) {
    let directory = tempfile::tempdir().expect("there is room");
    let path = directory.path().join("world.db");
    fill(&path);
    let report = audit::check(&path).expect("it can be read");
    assert!(report.problems.is_empty() && report.ledger_entries > 1_000_000, "{report:?}");
    let mut group = bench.benchmark_group("audit");
    group.sample_size(10);
    group.bench_function("a million ledger entries", |bench| {
        bench.iter(|| black_box(audit::check(&path).expect("it can be read")));
    });
    group.finish();
}

criterion_group!(benches, check);
criterion_main!(benches);
