//! Backups made under load, put back, and what the audit finds in a database that was tampered with.

use std::sync::atomic::{AtomicBool, Ordering};

use super::{Disk, account, character, newborn};
use crate::{Options, Store, StoreError, Write, audit, characters, restore};

#[test]
fn a_backup_under_load_restores_to_a_sound_world() {
    let (disk, elsewhere) = (Disk::new(), Disk::new());
    let copy = elsewhere.directory.path().join("copy.backup");
    let store = disk.server();
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for player in ["Ann", "Ben"] {
            let (store, stop) = (&store, &stop);
            scope.spawn(move || {
                let account = account(store, player);
                let mut number = 0;
                while !stop.load(Ordering::Relaxed) {
                    let new = newborn(&format!("{player}{number}"));
                    store.write(characters::create(account, new, u32::MAX, 1)).wait().unwrap();
                    number += 1;
                }
            });
        }
        while audit::check(&disk.path()).unwrap().characters < 20 {}
        let before = audit::check(&disk.path()).unwrap();
        store.backup(&copy).wait().unwrap();
        // Over the first, while the load goes on.
        store.backup(&copy).wait().unwrap();
        stop.store(true, Ordering::Relaxed);
        assert_eq!(restore(&copy, &elsewhere.path()), Ok(None));
        let restored = audit::check(&elsewhere.path()).unwrap();
        assert_eq!(restored.problems, Vec::<String>::new());
        assert!(restored.characters >= before.characters);
        assert_eq!(restored.items, 2 * restored.characters);
    });
    let restored = elsewhere.server();
    account(&restored, "Cat");
}

#[test]
fn restoring_keeps_what_was_there_and_needs_a_stopped_server() {
    let disk = Disk::new();
    let copy = disk.directory.path().join("copy.backup");
    let store = disk.server();
    account(&store, "Ann");
    store.backup(&copy).wait().unwrap();
    account(&store, "Ben");
    assert_eq!(restore(&copy, &disk.path()), Err(StoreError::AlreadyRunning));
    store.close();
    let kept = restore(&copy, &disk.path()).unwrap().unwrap();
    assert_eq!(audit::check(&disk.path()).unwrap().accounts, 1);
    assert_eq!(audit::check(&kept).unwrap().accounts, 2);
    let store = disk.server();
    account(&store, "Ben");
}

#[test]
fn a_log_that_was_left_behind_does_not_reach_the_restored_database() {
    let disk = Disk::new();
    let copy = disk.directory.path().join("copy.backup");
    let store = disk.server();
    account(&store, "Ann");
    store.backup(&copy).wait().unwrap();
    for number in 0..20 {
        account(&store, &format!("Late{number}"));
    }
    // As a crash leaves it: the files as they are while the server runs.
    let crashed = Disk::new();
    for suffix in ["", "-wal"] {
        let file = |disk: &Disk| crate::lock::beside(&disk.path(), suffix);
        std::fs::copy(file(&disk), file(&crashed)).unwrap();
    }
    let kept = restore(&copy, &crashed.path()).unwrap().unwrap();
    assert_eq!(audit::check(&kept).unwrap().accounts, 21);
    let report = audit::check(&crashed.path()).unwrap();
    assert_eq!((report.accounts, report.problems), (1, vec![]));
}

#[test]
fn an_unfit_backup_changes_nothing() {
    let disk = Disk::new();
    let store = disk.server();
    account(&store, "Ann");
    store.close();
    let copy = disk.directory.path().join("copy.backup");
    for bytes in [Vec::new(), b"no database".to_vec(), half_of(&disk)] {
        std::fs::write(&copy, bytes).unwrap();
        let refused = restore(&copy, &disk.path());
        assert!(matches!(refused, Err(StoreError::Corrupt(_))), "{refused:?}");
        assert!(!crate::lock::beside(&disk.path(), ".part").exists());
    }
    let missing = restore(&disk.directory.path().join("none"), &disk.path());
    assert!(matches!(missing, Err(StoreError::File(_))), "{missing:?}");
    assert_eq!(audit::check(&disk.path()).unwrap().accounts, 1);
}

fn half_of(disk: &Disk) -> Vec<u8> {
    let mut bytes = std::fs::read(disk.path()).unwrap();
    bytes.truncate(bytes.len() / 2);
    bytes
}

#[test]
fn the_audit_names_the_rows_that_are_wrong() {
    for (tampering, expected) in [
        ("UPDATE characters SET souls = souls + 1", "character 1 (Aria) has 121 souls, the ledger says 120"),
        (
            "UPDATE items SET owner_id = 2 WHERE serial = 2",
            "item 2 (shield) is held 0 times by its owner, character 2",
        ),
        (
            "INSERT INTO items (kind, owner_id, created_at) VALUES ('crown', 1, 1)",
            "item 5 (crown) is one that the ledger knows nothing of",
        ),
        (
            "INSERT INTO stacks VALUES (1, 'arrow', 20)",
            "character 1 has 20 arrow that the ledger knows nothing of",
        ),
        (
            "DELETE FROM ledger WHERE holder_id IS NULL AND asset = 'souls'",
            "transfer 1 is out of balance by 120 souls",
        ),
    ] {
        let disk = Disk::new();
        let store = disk.inline();
        let ann = account(&store, "Ann");
        character(&store, ann, "Aria");
        character(&store, ann, "Brom");
        assert_eq!(disk.problems(), Vec::<String>::new());
        store.write(Write::new(|database| Ok(database.execute(tampering, [])?))).wait().unwrap();
        let problems = disk.problems();
        assert!(problems.iter().any(|problem| problem.starts_with(expected)), "{tampering}: {problems:?}");
    }
}

#[test]
fn what_an_older_schema_holds_is_audited_in_a_copy() {
    for schema in 1..crate::migrate::LATEST {
        let disk = Disk::new();
        let mut old = rusqlite::Connection::open(disk.path()).unwrap();
        crate::migrate::make_old(&mut old, usize::try_from(schema).unwrap());
        old.execute_batch(
            "PRAGMA journal_mode = WAL;
             INSERT INTO accounts (username, username_key, created_at) VALUES ('Ann', 'ann', 1);
             INSERT INTO characters (account_id, name, name_key, race, class, faction, strength, dexterity,
                intelligence, constitution, wisdom, charisma, health, max_health, stamina, max_stamina, mana, max_mana,
                level, experience, souls, location_id, x, y, z, created_at, updated_at)
             VALUES (1, 'Aria', 'aria', '', '', '', 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 5, 1, 0, 0, 0, 1, 1);",
        )
        .unwrap();
        let report = audit::check(&disk.path()).unwrap();
        assert_eq!(report.problems, ["character 1 (Aria) has 5 souls, the ledger says 0"]);
        assert_eq!((report.schema, report.accounts, report.souls), (schema, 1, 5));
        assert_eq!(crate::migrate::version(&old), Ok(schema), "it stays as it is");
        drop(old);
        // A step that can't be taken is named too, by its number.
        let blocked = rusqlite::Connection::open(disk.path()).unwrap();
        blocked.execute_batch("CREATE TABLE IF NOT EXISTS ground (a); PRAGMA user_version = 1").unwrap();
        let problems = disk.problems();
        assert!(
            problems[0].starts_with(&format!("it can't be brought to schema {}: ", crate::migrate::LATEST)),
            "{problems:?}"
        );
    }
}

#[test]
fn the_audit_counts_what_there_is() {
    let disk = Disk::new();
    let store = Store::open(Options::new(disk.path())).unwrap();
    let ann = account(&store, "Ann");
    character(&store, ann, "Aria");
    let report = audit::check(&disk.path()).unwrap();
    assert_eq!((report.accounts, report.characters, report.items), (1, 1, 2));
    assert_eq!((report.schema, report.schema_latest), (crate::migrate::LATEST, crate::migrate::LATEST));
}
