//! What an account's named requests were answered: a repetition has its effect once and gets the same answer.
//!
//! For what belongs to an account; what a character does has its own answers.

use protocol::AccountId;
use rusqlite::{Connection, OptionalExtension};

use crate::error::or_taken;
use crate::{Read, StoreError, Write};

/// How long an answer is kept: 24 hours.
const KEPT_MS: i64 = 24 * 3600 * 1000;
/// How many one sweep removes, so that nobody waits long behind it.
const SWEEP_MAX: i64 = 5000;

/// A request that is to have its effect once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Once {
    pub account: AccountId,
    /// The client's name for it, after that of the way it came: a request over REST and a message may be called the
    /// same.
    pub name: String,
    /// Tells another request of the same name from a repetition; may be empty.
    pub fingerprint: Vec<u8>,
    /// Unix milliseconds.
    pub now: i64,
}

/// A request with the answer to what it brings about.
pub struct Keep<T> {
    once: Once,
    answer: Box<dyn FnOnce(&T) -> String + Send>,
}

impl<T> Keep<T> {
    pub fn new(once: Once, answer: impl FnOnce(&T) -> String + Send + 'static) -> Self {
        Self { once, answer: Box::new(answer) }
    }
}

/// An answer of before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    pub fingerprint: Vec<u8>,
    pub answer: String,
}

impl<T: 'static> Write<T> {
    /// Keeps the answer in the same transaction. [`StoreError::Conflict`]`("message_id")` when there is one already:
    /// the request had its effect before.
    pub fn keeping(self, keep: Option<Keep<T>>) -> Self {
        let Some(Keep { once, answer }) = keep else { return self };
        let (synced, lineage) = (self.synced, self.lineage);
        let step = Box::new(move |database: &Connection| {
            // First: the effect of before would refuse this one with a reason of its own.
            if look_up(database, once.account, &once.name)?.is_some() {
                return Err(StoreError::Conflict("message_id"));
            }
            let done = (self.step)(database)?;
            insert(database, &once, &answer(&done))?;
            Ok(done)
        });
        Self { step, synced, lineage }
    }
}

/// Keeps the answer to a request whose effect may come twice without harm. The first that was kept stays.
pub fn keep(once: Once, answer: String) -> Write<()> {
    Write::new(move |database| match insert(database, &once, &answer) {
        Err(StoreError::Conflict(_)) => Ok(()),
        kept => kept,
    })
}

pub fn find(account: AccountId, name: String) -> Read<Option<Kept>> {
    Read::new(move |database| look_up(database, account, &name))
}

/// Forgets what is older than 24 hours, at most 5,000 at a time; answers how many.
pub fn sweep(now: i64) -> Write<usize> {
    Write::new(move |database| {
        Ok(database
            .prepare_cached(
                "DELETE FROM requests WHERE rowid IN (SELECT rowid FROM requests WHERE kept_at <= ?1 LIMIT ?2)",
            )?
            .execute((now.saturating_sub(KEPT_MS), SWEEP_MAX))?)
    })
}

fn look_up(database: &Connection, account: AccountId, name: &str) -> Result<Option<Kept>, StoreError> {
    Ok(database
        .prepare_cached("SELECT fingerprint, answer FROM requests WHERE account_id = ?1 AND name = ?2")?
        .query_row((account.0, name), |row| {
            Ok(Kept { fingerprint: row.get("fingerprint")?, answer: row.get("answer")? })
        })
        .optional()?)
}

fn insert(database: &Connection, once: &Once, answer: &str) -> Result<(), StoreError> {
    let Once { account, name, fingerprint, now } = once;
    database
        .prepare_cached(
            "INSERT INTO requests (account_id, name, fingerprint, answer, kept_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute((account.0, name, fingerprint, answer, now))
        .map_err(or_taken("message_id"))?;
    Ok(())
}
