//! Accounts and their sessions.

use protocol::{AccountId, SessionId};
use uuid::Uuid;

use super::{Disk, account, character};
use crate::accounts::{Role, by_id, by_name, change_password, create, delete, set_role};
use crate::sessions::{NewSession, by_token, create as begin, end, list, set_character, sweep, touch};
use crate::{Store, StoreError, characters};

fn id(number: u8) -> SessionId {
    SessionId(Uuid::from_u128(number.into()))
}

fn session(account_id: AccountId, number: u8, now: i64) -> NewSession {
    NewSession {
        session_id: id(number),
        account_id,
        token_hash: [number; 32],
        password_hash: None,
        now,
        idle_ms: 1000,
        absolute_ms: 5000,
        keep: 2,
    }
}

fn lives(store: &Store, number: u8, now: i64) -> bool {
    store.read(by_token([number; 32], now)).wait().unwrap().is_some()
}

#[test]
fn a_username_is_taken_once_and_stays_so() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    let again = || create("ANN".to_owned(), "ann".to_owned(), None, Role::Player, 2);
    assert_eq!(store.write(again()).wait(), Err(StoreError::Conflict("username")));
    store.write(delete(ann, 3)).wait().unwrap();
    assert_eq!(store.write(again()).wait(), Err(StoreError::Conflict("username")));
    assert_eq!(store.read(by_name("ann".to_owned())).wait(), Ok(None));
    assert_eq!(store.read(by_id(ann)).wait(), Ok(None));
    assert_eq!(store.write(delete(ann, 4)).wait(), Err(StoreError::NotFound));
}

#[test]
fn password_and_role_change() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    store.write(change_password(ann, "$argon2id$x".to_owned(), None)).wait().unwrap();
    store.write(set_role(ann, Role::Admin)).wait().unwrap();
    let found = store.read(by_name("ann".to_owned())).wait().unwrap().unwrap();
    assert_eq!((found.password_hash.as_deref(), found.role), (Some("$argon2id$x"), Role::Admin));
    assert_eq!(store.write(set_role(AccountId(99), Role::Admin)).wait(), Err(StoreError::NotFound));
}

#[test]
fn who_showed_the_old_password_gets_no_session_when_there_is_a_new_one() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    store.write(begin(session(ann, 1, 0))).wait().unwrap();
    let [old, new] = ["$argon2id$old", "$argon2id$new"].map(str::to_owned);
    assert_eq!(store.write(change_password(ann, old.clone(), None)).wait(), Ok(vec![id(1)]));
    store.write(change_password(ann, new.clone(), None)).wait().unwrap();
    let with = |password_hash| NewSession { password_hash: Some(password_hash), ..session(ann, 2, 0) };
    assert_eq!(store.write(begin(with(old))).wait(), Err(StoreError::NotFound));
    assert!(!lives(&store, 2, 1));
    store.write(begin(with(new))).wait().unwrap();
    assert!(lives(&store, 2, 1));
}

#[test]
fn a_session_ends_by_lying_unused_and_at_its_absolute_end() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    store.write(begin(session(ann, 1, 0))).wait().unwrap();
    assert!(lives(&store, 1, 999));
    assert!(!lives(&store, 1, 1000));
    store.write(touch((1..=9).map(|use_| (id(1), use_ * 900)).collect())).wait().unwrap();
    store.write(touch(vec![(id(1), 5)])).wait().unwrap();
    assert!(lives(&store, 1, 4999), "an older use takes nothing back");
    assert!(!lives(&store, 1, 5000));
    assert_eq!(store.write(sweep(4999)).wait(), Ok(vec![]));
    assert_eq!(store.write(sweep(5000)).wait(), Ok(vec![id(1)]));
}

#[test]
fn the_newer_session_wins_over_the_oldest_live_one() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    for (number, evicted) in [(1, vec![]), (2, vec![]), (3, vec![id(1)]), (4, vec![id(2)])] {
        assert_eq!(store.write(begin(session(ann, number, 7))).wait(), Ok(evicted));
    }
    let listed = store.read(list(ann, 8)).wait().unwrap();
    assert_eq!(listed.iter().map(|row| row.session_id).collect::<Vec<_>>(), [id(3), id(4)]);
    // What has ended by itself makes room without a word.
    assert_eq!(store.write(begin(session(ann, 5, 2000))).wait(), Ok(vec![]));
    assert_eq!(store.read(list(ann, 2000)).wait().unwrap().len(), 1);
    assert_eq!(store.write(begin(session(AccountId(99), 6, 7))).wait(), Err(StoreError::NotFound));
}

#[test]
fn only_ones_own_sessions_can_be_ended() {
    let disk = Disk::new();
    let store = disk.inline();
    let (ann, ben) = (account(&store, "Ann"), account(&store, "Ben"));
    store.write(begin(session(ann, 1, 0))).wait().unwrap();
    store.write(begin(session(ann, 2, 0))).wait().unwrap();
    assert_eq!(store.write(end(id(1), ben)).wait(), Ok(false));
    assert_eq!(
        store.write(change_password(ann, "$argon2id$x".to_owned(), Some(id(2)))).wait(),
        Ok(vec![id(1)])
    );
    assert_eq!(store.write(end(id(2), ann)).wait(), Ok(true));
    assert!(!lives(&store, 2, 1));
}

#[test]
fn a_session_plays_a_character_until_that_is_deleted() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    let aria = character(&store, ann, "Aria");
    store.write(begin(session(ann, 1, 0))).wait().unwrap();
    let taken = characters::take(ann, aria, 0).with(set_character(id(1), Some(aria)));
    assert_eq!(store.write(taken).wait().unwrap().epoch, 1);
    let plays = || store.read(by_token([1; 32], 1)).wait().unwrap().unwrap().character_id;
    assert_eq!(plays(), Some(aria));
    store.write(characters::delete(ann, aria, 2)).wait().unwrap();
    assert_eq!(plays(), None);
    assert_eq!(store.write(set_character(id(9), None)).wait(), Err(StoreError::NotFound));
}

#[test]
fn a_deleted_account_takes_its_characters_and_sessions_along() {
    let disk = Disk::new();
    let store = disk.inline();
    let ann = account(&store, "Ann");
    let aria = character(&store, ann, "Aria");
    store.write(begin(session(ann, 1, 0))).wait().unwrap();
    assert_eq!(store.write(delete(ann, 5)).wait(), Ok(vec![id(1)]));
    assert!(!lives(&store, 1, 1));
    assert_eq!(store.read(characters::list(ann)).wait(), Ok(vec![]));
    assert_eq!(store.write(characters::take(ann, aria, 6)).wait(), Err(StoreError::NotFound));
    drop(store);
    assert_eq!(disk.problems(), Vec::<String>::new());
}
