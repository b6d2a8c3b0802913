//! That no property came from nowhere: one walk through the ledger, compared with who has what now.

use std::collections::{BTreeMap, HashMap};

use rusqlite::Connection;

use super::NAMED_MAX;
use crate::StoreError;

/// Who or what holds property.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Holder {
    World,
    Character(i64),
    /// Something that lies on the ground.
    Ground(i64),
}
/// What the ledger calls the currency.
const SOULS: &str = "souls";

/// What the ledger says of who has what.
#[derive(Default)]
struct Books {
    /// Numbers for the words of assets: there are few of them.
    assets: HashMap<String, usize>,
    words: Vec<String>,
    /// What is only counted, by holder and asset.
    counted: HashMap<(Holder, usize), i128>,
    /// Items: by serial, what its kind is and who holds how much of it; nobody whose entries add up to nothing.
    items: HashMap<i64, (usize, Vec<(Holder, i64)>)>,
    /// The transfer that is being read, and what is out of balance in it so far.
    transfer: i64,
    balance: BTreeMap<(usize, Option<i64>), i128>,
    entries: u64,
}

/// What the walk found.
pub(super) struct Conservation {
    pub entries: u64,
    /// In the hands of characters.
    pub souls: i64,
    /// Things that lie on the ground, a stack once.
    pub lying: u64,
}

/// Adds a sentence for each row that is wrong.
pub(super) fn check(database: &Connection, problems: &mut Vec<String>) -> Result<Conservation, StoreError> {
    let mut books = read(database, problems)?;
    let (lying, lying_items) = ground(database, &mut books, problems)?;
    items(database, &mut books, &lying_items, problems)?;
    let souls = souls(database, &mut books, problems)?;
    stacks(database, &mut books, problems)?;
    nowhere(&books, problems);
    Ok(Conservation { entries: books.entries, souls, lying })
}

fn read(database: &Connection, problems: &mut Vec<String>) -> Result<Books, StoreError> {
    let mut books = Books::default();
    let mut found = Named::new(problems);
    // In the order they were written, which is that of the file: entries of one transfer stand together.
    let mut statement = database.prepare(
        "SELECT id, transfer_id, holder_id, asset, serial, delta, ground_id FROM ledger ORDER BY id",
    )?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, transfer): (i64, i64) = (row.get(0)?, row.get(1)?);
        let holder = match (row.get(2)?, row.get(6)?) {
            (Some(character), _) => Holder::Character(character),
            (None, Some(heap)) => Holder::Ground(heap),
            (None, None) => Holder::World,
        };
        let serial: Option<i64> = row.get(4)?;
        let asset = books.number_of(row.get_ref(3)?.as_str().unwrap_or_default());
        let delta: i64 = row.get(5)?;
        books.entries += 1;
        if transfer != books.transfer {
            books.close_transfer(&mut found);
            books.transfer = transfer;
        }
        *books.balance.entry((asset, serial)).or_default() += i128::from(delta);
        match serial {
            None => *books.counted.entry((holder, asset)).or_default() += i128::from(delta),
            Some(serial) => {
                if let Some(was) = books.enter_item(serial, asset, holder, delta) {
                    found.say(|| {
                        let (is, was) = (&books.words[asset], &books.words[was]);
                        format!("entry {id} calls item {serial} a {is}, it was a {was}")
                    });
                }
            }
        }
    }
    books.close_transfer(&mut found);
    Ok(books)
}

impl Books {
    fn number_of(&mut self, word: &str) -> usize {
        if let Some(number) = self.assets.get(word) {
            return *number;
        }
        self.words.push(word.to_owned());
        self.assets.insert(word.to_owned(), self.words.len() - 1);
        self.words.len() - 1
    }

    fn close_transfer(&mut self, found: &mut Named) {
        for ((asset, _), sum) in std::mem::take(&mut self.balance) {
            if sum != 0 {
                found.say(|| {
                    format!("transfer {} is out of balance by {sum} {}", self.transfer, self.words[asset])
                });
            }
        }
    }

    /// The kind that an earlier entry named, if it is another.
    fn enter_item(&mut self, serial: i64, asset: usize, holder: Holder, delta: i64) -> Option<usize> {
        let (kind, held) = self.items.entry(serial).or_insert_with(|| (asset, Vec::new()));
        if holder != Holder::World {
            match held.iter_mut().find(|(who, _)| *who == holder) {
                Some((_, sum)) => *sum = sum.saturating_add(delta),
                None => held.push((holder, delta)),
            }
            held.retain(|(_, sum)| *sum != 0);
        }
        (*kind != asset).then_some(*kind)
    }

    /// What the ledger calls an item.
    fn kind_of(&self, serial: i64) -> Option<&str> {
        self.items.get(&serial).map(|(asset, _)| self.words[*asset].as_str())
    }

    /// What the ledger says that a holder has, which is then taken off the books.
    fn take(&mut self, holder: Holder, asset: &str) -> Option<i128> {
        let asset = *self.assets.get(asset)?;
        self.counted.remove(&(holder, asset))
    }
}

/// What is counted lies where the ledger says. Answers with how much there is, and which items lie there as what.
fn ground(
    database: &Connection,
    books: &mut Books,
    problems: &mut Vec<String>,
) -> Result<(u64, HashMap<i64, i64>), StoreError> {
    let mut found = Named::new(problems);
    let (mut all, mut items) = (0, HashMap::new());
    let mut statement = database.prepare("SELECT id, kind, serial, quantity FROM ground ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, serial, quantity): (i64, Option<i64>, i64) = (row.get(0)?, row.get(2)?, row.get(3)?);
        let kind = row.get_ref(1)?.as_str().unwrap_or_default();
        all += 1;
        if let Some(serial) = serial {
            items.insert(serial, id);
            if books.kind_of(serial).is_some_and(|word| word != kind) {
                found.say(|| format!("item {serial} lies on the ground ({id}) as a {kind}, which it is not"));
            }
            continue;
        }
        let entered = books.take(Holder::Ground(id), kind).unwrap_or(0);
        if entered != i128::from(quantity) {
            found.say(|| format!("{quantity} {kind} lie on the ground ({id}), the ledger says {entered}"));
        }
    }
    Ok((all, items))
}

/// Every item is where the ledger says, and nowhere else.
fn items(
    database: &Connection,
    books: &mut Books,
    lying: &HashMap<i64, i64>,
    problems: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut found = Named::new(problems);
    let mut statement = database.prepare("SELECT serial, kind, owner_id FROM items ORDER BY serial")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (serial, owner): (i64, Option<i64>) = (row.get(0)?, row.get(2)?);
        let kind = row.get_ref(1)?.as_str().unwrap_or_default();
        let Some((asset, held)) = books.items.remove(&serial) else {
            found.say(|| format!("item {serial} ({kind}) is one that the ledger knows nothing of"));
            continue;
        };
        if books.words[asset] != kind {
            found.say(|| format!("item {serial} is a {kind}, the ledger says {}", books.words[asset]));
        }
        let heap = lying.get(&serial).copied();
        if let (Some(owner), Some(heap)) = (owner, heap) {
            found.say(|| {
                format!("item {serial} ({kind}) lies on the ground ({heap}), and character {owner} has it")
            });
        }
        let is_at = owner.map(Holder::Character).or(heap.map(Holder::Ground));
        if let Some(holder) = is_at
            && !held.contains(&(holder, 1))
        {
            let times = held.iter().find(|(who, _)| *who == holder).map_or(0, |(_, sum)| *sum);
            let by = match holder {
                Holder::Ground(heap) => format!("the ground ({heap}), where it lies"),
                _ => format!("its owner, {}", name_of(Some(holder))),
            };
            found.say(|| format!("item {serial} ({kind}) is held {times} times by {by}"));
        }
        for (holder, _) in held.into_iter().filter(|(holder, _)| Some(*holder) != is_at) {
            let (entered, owner) = (name_of(Some(holder)), name_of(is_at));
            found.say(|| format!("item {serial} is entered as held by {entered}, its owner is {owner}"));
        }
    }
    Ok(())
}

fn name_of(holder: Option<Holder>) -> String {
    match holder {
        Some(Holder::Character(id)) => format!("character {id}"),
        Some(Holder::Ground(id)) => format!("the ground ({id})"),
        Some(Holder::World) | None => "nobody".to_owned(),
    }
}

/// Everybody has the souls that the ledger says; answers with all there are.
fn souls(database: &Connection, books: &mut Books, problems: &mut Vec<String>) -> Result<i64, StoreError> {
    let mut found = Named::new(problems);
    let mut all: i64 = 0;
    let mut statement = database.prepare("SELECT id, name, souls FROM characters ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, souls): (i64, i64) = (row.get(0)?, row.get(2)?);
        let entered = books.take(Holder::Character(id), SOULS).unwrap_or(0);
        if i128::from(souls) != entered || souls < 0 {
            let name = row.get_ref(1)?.as_str().unwrap_or_default();
            found.say(|| format!("character {id} ({name}) has {souls} souls, the ledger says {entered}"));
        }
        all = all.saturating_add(souls);
    }
    Ok(all)
}

fn stacks(database: &Connection, books: &mut Books, problems: &mut Vec<String>) -> Result<(), StoreError> {
    let mut found = Named::new(problems);
    let mut statement =
        database.prepare("SELECT owner_id, kind, quantity FROM stacks ORDER BY owner_id, kind")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (owner, quantity): (i64, i64) = (row.get(0)?, row.get(2)?);
        let kind = row.get_ref(1)?.as_str().unwrap_or_default();
        match books.take(Holder::Character(owner), kind) {
            Some(entered) if entered == i128::from(quantity) => {}
            Some(entered) => {
                found.say(|| format!("character {owner} has {quantity} {kind}, the ledger says {entered}"));
            }
            None => found
                .say(|| format!("character {owner} has {quantity} {kind} that the ledger knows nothing of")),
        }
    }
    Ok(())
}

/// What the ledger says that somebody has, and nobody has.
fn nowhere(books: &Books, problems: &mut Vec<String>) {
    let mut found = Named::new(problems);
    let mut missing: Vec<_> = books.counted.iter().filter(|(_, sum)| **sum != 0).collect();
    missing.sort_unstable();
    for ((holder, asset), entered) in missing {
        if *holder != Holder::World {
            let (holder, asset) = (name_of(Some(*holder)), &books.words[*asset]);
            found.say(|| format!("{holder} has 0 {asset}, the ledger says {entered}"));
        }
    }
    let mut gone: Vec<_> = books.items.keys().collect();
    gone.sort_unstable();
    for serial in gone {
        found.say(|| format!("item {serial} is in the ledger, and nowhere else"));
    }
}

/// Names at most so many problems of one kind.
struct Named<'a> {
    problems: &'a mut Vec<String>,
    left: usize,
}

impl<'a> Named<'a> {
    fn new(problems: &'a mut Vec<String>) -> Self {
        Self { problems, left: NAMED_MAX }
    }

    fn say(&mut self, problem: impl FnOnce() -> String) {
        if self.left > 0 {
            self.left -= 1;
            self.problems.push(problem());
        }
    }
}
