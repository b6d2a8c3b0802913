//! The inline driver under paused time: one seed, one course of events.

use std::sync::{Arc, Mutex};

use tokio::task::JoinSet;
use tokio::time::Instant;

use super::{Disk, account};
use crate::accounts::{Role, by_id, create};
use crate::{Driver, Options, Store, StoreError};

fn simulated(disk: &Disk, seed: u64) -> Store {
    let driver = Driver::Inline { seed, delay_ms_max: 50 };
    Store::open(Options { driver, ..Options::new(disk.path()) }).unwrap()
}

/// Asks for ten writes and ten reads at once; what was answered when, in milliseconds of the paused clock.
fn course(seed: u64) -> Vec<(String, u128)> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let disk = Disk::new();
        let store = simulated(&disk, seed);
        let (begin, heard) = (Instant::now(), Arc::new(Mutex::new(Vec::new())));
        let mut all = JoinSet::new();
        for number in 1..=10 {
            let name = format!("bot{number}");
            let write = store.write(create(name.clone(), name, None, Role::Player, 1));
            let read = store.read(by_id(protocol::AccountId(number)));
            let heard = heard.clone();
            let note = move |what: &str| {
                heard.lock().unwrap().push((format!("{what} {number}"), begin.elapsed().as_millis()));
            };
            let note_read = note.clone();
            all.spawn(async move {
                write.await.unwrap();
                note("write");
            });
            all.spawn(async move {
                read.await.unwrap().expect("inline writes have happened when they were asked");
                note_read("read");
            });
        }
        all.join_all().await;
        Arc::into_inner(heard).unwrap().into_inner().unwrap()
    })
}

#[test]
fn one_seed_is_one_course_of_events() {
    assert_eq!(course(7), course(7));
    assert_ne!(course(7), course(8));
}

#[test]
fn answers_take_their_time_and_those_of_writes_keep_their_order() {
    for seed in 0..20 {
        let course = course(seed);
        let writes: Vec<_> = course.iter().filter(|(what, _)| what.starts_with("write")).collect();
        assert!(writes.is_sorted_by_key(|(what, _)| what[6..].parse::<u32>().unwrap()), "{course:?}");
        assert!(course.iter().any(|(_, at)| *at > 0) && course.iter().all(|(_, at)| *at <= 51), "{course:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn closing_and_failing_are_as_with_threads() {
    let disk = Disk::new();
    let store = simulated(&disk, 1);
    store.fail_next_commit();
    let new = |name: &str| create(name.to_owned(), name.to_owned(), None, Role::Player, 1);
    assert!(matches!(store.write(new("ann")).await, Err(StoreError::Failed(_))));
    assert!(matches!(store.write(new("ben")).await, Err(StoreError::Failed(_))));
    assert_eq!(store.read(by_id(protocol::AccountId(1))).await, Ok(None));
    store.close();
    assert_eq!(store.read(by_id(protocol::AccountId(1))).await, Err(StoreError::Closed));
    assert_eq!(store.write(new("cat")).await, Err(StoreError::Closed));
}

#[test]
fn without_delay_no_runtime_is_needed() {
    let disk = Disk::new();
    let store = disk.inline();
    assert_eq!(account(&store, "Ann").0, 1);
    assert_eq!(store.backup(&disk.directory.path().join("copy")).wait(), Ok(()));
}
