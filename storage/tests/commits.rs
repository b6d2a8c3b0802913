//! What is promised about writes: grouped, each by itself, answered after the commit.

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};

use super::{Disk, account};
use crate::accounts::{Role, by_name, create};
use crate::threads::QUEUE_MAX;
use crate::{Lineage, Pending, Read, Store, StoreError, Write};

/// Keeps the writer busy until the answer is dropped or used: what is asked meanwhile queues up.
fn hold(store: &Store) -> (std::sync::mpsc::Sender<()>, Pending<()>) {
    let (release, released) = channel();
    let (started, start) = channel();
    let held = store.write(Write::new(move |_| {
        started.send(()).unwrap();
        let _ = released.recv();
        Ok(())
    }));
    start.recv().unwrap();
    (release, held)
}

fn named(name: &str) -> Write<protocol::AccountId> {
    create(name.to_owned(), name.to_lowercase(), None, Role::Player, 1)
}

#[test]
fn what_queues_up_during_a_commit_is_one_transaction() {
    let disk = Disk::new();
    let store = disk.server();
    let (release, held) = hold(&store);
    let pending: Vec<_> = (0..300).map(|number| store.write(named(&format!("Bot{number}")))).collect();
    assert_eq!(store.stats().write_queue, 300);
    drop(release);
    held.wait().unwrap();
    let ids: Vec<_> = pending.into_iter().map(|pending| pending.wait().unwrap().0).collect();
    assert_eq!(ids, (1..=300).collect::<Vec<_>>(), "in the order they were asked");
    let stats = store.stats();
    assert_eq!((stats.commits, stats.writes, stats.largest_group), (3, 301, 256));
    assert_eq!(stats.write_queue, 0);
}

#[test]
fn an_answer_leaves_after_the_commit_of_its_whole_group() {
    let disk = Disk::new();
    let store = disk.server();
    let (release, held) = hold(&store);
    let first = Arc::new(Mutex::new(store.write(named("First"))));
    let look = first.clone();
    let second = store.write(Write::new(move |database| {
        let mut first = look.lock().unwrap();
        let answered = Pin::new(&mut *first).poll(&mut Context::from_waker(Waker::noop())).is_ready();
        let done: i64 = database.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0))?;
        Ok((done, answered))
    }));
    drop(release);
    held.wait().unwrap();
    assert_eq!(second.wait(), Ok((1, false)), "the first had run, and was not answered");
    let mut first = first.lock().unwrap();
    let answer = Pin::new(&mut *first).poll(&mut Context::from_waker(Waker::noop()));
    assert!(matches!(answer, Poll::Ready(Ok(_))), "{answer:?}");
}

#[test]
fn one_failing_write_does_not_fail_its_neighbours() {
    let disk = Disk::new();
    let store = disk.server();
    let (release, _held) = hold(&store);
    let before = store.write(named("Ann"));
    let half = store.write(Write::all(vec![named("Ben").quiet(), named("Ann").quiet()]));
    let panicking = store.write(Write::<()>::new(|database| {
        database.execute("DELETE FROM accounts", [])?;
        panic!("on purpose");
    }));
    let after = store.write(named("Cat"));
    drop(release);
    assert!(before.wait().is_ok());
    assert_eq!(half.wait(), Err(StoreError::Conflict("username")));
    assert_eq!(panicking.wait(), Err(StoreError::Panicked));
    assert!(after.wait().is_ok());
    assert_eq!(store.stats().commits, 2);
    let exists = |name: &str| store.read(by_name(name.to_owned())).wait().unwrap().is_some();
    assert_eq!(["ann", "ben", "cat"].map(exists), [true, false, true]);
    assert!(store.healthy());
}

#[test]
fn only_what_nobody_was_promised_goes_unsynced() {
    let disk = Disk::new();
    let store = disk.server();
    let synchronous =
        || Write::new(|database| Ok(database.pragma_query_value(None, "synchronous", |row| row.get(0))?));
    let (normal, full): (i64, i64) = (1, 2);
    assert_eq!(store.write(synchronous()).wait(), Ok(full));
    assert_eq!(store.write(synchronous().unsynced()).wait(), Ok(normal));
    assert_eq!(store.write(synchronous().unsynced().with(Write::new(|_| Ok(())))).wait(), Ok(full));
    let (release, _held) = hold(&store);
    let grouped = store.write(synchronous().unsynced());
    let promised = store.write(synchronous());
    drop(release);
    assert_eq!((grouped.wait(), promised.wait()), (Ok(full), Ok(full)));
}

#[test]
fn a_full_queue_is_busy_at_once() {
    let disk = Disk::new();
    let store = disk.server();
    let (release, _held) = hold(&store);
    let queued: Vec<_> = (0..QUEUE_MAX).map(|_| store.write(Write::new(|_| Ok(())))).collect();
    assert_eq!(store.write(Write::new(|_| Ok(()))).wait(), Err(StoreError::Busy));
    drop(release);
    assert!(queued.into_iter().all(|pending| pending.wait().is_ok()));
}

#[test]
fn after_a_failed_commit_the_store_only_reads() {
    let disk = Disk::new();
    let store = disk.server();
    let ann = account(&store, "Ann");
    let (release, _held) = hold(&store);
    let lost = [store.write(named("Ben")), store.write(named("Cat"))];
    store.fail_next_commit();
    drop(release);
    for pending in lost {
        assert!(matches!(pending.wait(), Err(StoreError::Failed(_))));
    }
    assert!(!store.healthy());
    assert!(matches!(store.write(named("Dan")).wait(), Err(StoreError::Failed(_))));
    let found = store.read(by_name("ann".to_owned())).wait().unwrap().unwrap();
    assert_eq!(found.id, ann);
    store.close();
    let again = disk.server();
    assert_eq!(again.read(by_name("ben".to_owned())).wait(), Ok(None));
    again.write(named("Ben")).wait().unwrap();
}

#[test]
fn a_read_cannot_write_and_a_panicking_one_harms_nobody() {
    let disk = Disk::new();
    let store = disk.server();
    let sly = Read::new(|database| Ok(database.execute("DELETE FROM accounts", [])?));
    assert!(matches!(store.read(sly).wait(), Err(StoreError::Failed(_) | StoreError::Sql(_))));
    for _ in 0..8 {
        assert_eq!(store.read(Read::<()>::new(|_| panic!("on purpose"))).wait(), Err(StoreError::Panicked));
    }
    assert_eq!(store.read(by_name("ann".to_owned())).wait(), Ok(None));
    assert!(store.healthy());
}

#[test]
fn closing_finishes_what_is_queued_and_takes_no_more() {
    let disk = Disk::new();
    let store = disk.server();
    let (release, _held) = hold(&store);
    let queued = store.write(named("Ann"));
    let closing = std::thread::spawn({
        let store = store.clone();
        move || store.close()
    });
    drop(release);
    assert!(queued.wait().is_ok());
    closing.join().unwrap();
    assert_eq!(store.write(named("Ben")).wait(), Err(StoreError::Closed));
    assert_eq!(store.read(by_name("ann".to_owned())).wait(), Err(StoreError::Closed));
    assert!(!disk.path().with_extension("db-wal").exists(), "all is in the database file");
    store.close();
}

#[test]
fn what_builds_on_a_write_that_failed_does_not_happen() {
    for open in [Disk::server, Disk::inline] {
        let disk = Disk::new();
        let store = open(&disk);
        let (ours, others) = (Lineage::default(), Lineage::default());
        store.write(named("First").following(&ours)).wait().unwrap();
        // All in one group, if there are groups.
        let taken = store.write(named("First").following(&ours));
        let behind = store.write(named("Behind").following(&ours));
        let other = store.write(named("Other").following(&others));
        assert_eq!(taken.wait(), Err(StoreError::Conflict("username")));
        assert_eq!(behind.wait(), Err(StoreError::Forgone));
        assert!(other.wait().is_ok());
        assert_eq!(store.write(named("Later").following(&ours)).wait(), Err(StoreError::Forgone));
        for (what, there) in [("first", true), ("behind", false), ("later", false), ("other", true)] {
            assert_eq!(store.read(by_name(what.to_owned())).wait().unwrap().is_some(), there, "{what}");
        }
    }
}

#[test]
fn what_builds_on_a_write_that_found_no_room_does_not_happen() {
    let disk = Disk::new();
    let store = disk.server();
    let (release, held) = hold(&store);
    let full: Vec<_> = (0..QUEUE_MAX).map(|number| store.write(named(&format!("Bot{number}")))).collect();
    let ours = Lineage::default();
    let turned_away = store.write(named("Nobody").following(&ours));
    assert_eq!(turned_away.wait(), Err(StoreError::Busy));
    drop(release);
    held.wait().unwrap();
    for pending in full {
        pending.wait().unwrap();
    }
    assert_eq!(store.write(named("Behind").following(&ours)).wait(), Err(StoreError::Forgone));
}
