//! Accounts: people who can sign in.

use protocol::{AccountId, SessionId};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use rusqlite::{Connection, OptionalExtension, Row, ToSql};

use crate::blocks;
use crate::characters::delete_all_of;
use crate::error::or_taken;
use crate::sessions::end_all_of;
use crate::{Read, StoreError, Write};

/// What an account may do.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    #[default]
    Player,
    Moderator,
    Admin,
}

/// A person who can sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    pub id: AccountId,
    pub username: String,
    /// A PHC string; `None` can't sign in by password.
    pub password_hash: Option<String>,
    pub role: Role,
    /// Unix milliseconds.
    pub created_at: i64,
}

/// [`StoreError::Conflict`]`("username")` when the key is taken, if by a deleted account.
pub fn create(
    username: String,
    username_key: String,
    password_hash: Option<String>,
    role: Role,
    now: i64,
) -> Write<AccountId> {
    Write::new(move |database| {
        database
            .prepare_cached(
                "INSERT INTO accounts (username, username_key, password_hash, role, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((username, username_key, password_hash, role, now))
            .map_err(or_taken("username"))?;
        Ok(AccountId(database.last_insert_rowid()))
    })
}

/// Those that are not deleted.
pub fn by_name(username_key: String) -> Read<Option<Account>> {
    Read::new(move |database| find(database, "username_key = ?1", username_key))
}

/// Those that are not deleted.
pub fn by_id(account: AccountId) -> Read<Option<Account>> {
    Read::new(move |database| find(database, "id = ?1", account.0))
}

/// A new password. All sessions but `except` end with the old one, in one transaction; answers with those.
pub fn change_password(
    account: AccountId,
    password_hash: String,
    except: Option<SessionId>,
) -> Write<Vec<SessionId>> {
    Write::new(move |database| {
        change(database, "password_hash = ?2", account, password_hash)?;
        end_all_of(database, account, except)
    })
}

/// The same password, hashed anew; sessions live on. [`StoreError::NotFound`] when it is not `old` that is there.
pub fn renew_hash(account: AccountId, old: Option<String>, new: String) -> Write<()> {
    Write::new(move |database| {
        let sql = "UPDATE accounts SET password_hash = ?3 WHERE id = ?1 AND password_hash IS ?2 AND deleted_at IS NULL";
        match database.prepare_cached(sql)?.execute((account.0, old, new))? {
            0 => Err(StoreError::NotFound),
            _ => Ok(()),
        }
    })
}

pub fn set_role(account: AccountId, role: Role) -> Write<()> {
    Write::new(move |database| change(database, "role = ?2", account, role))
}

/// Deletes an account with its characters and sessions; answers with the sessions that ended so. Its name stays taken.
/// [`StoreError::Conflict`]`("combat")` while one of its characters fights.
pub fn delete(account: AccountId, now: i64) -> Write<Vec<SessionId>> {
    Write::new(move |database| {
        change(database, "deleted_at = ?2, password_hash = NULL", account, now)?;
        let ended = end_all_of(database, account, None)?;
        delete_all_of(database, account, now)?;
        blocks::forget(database, account)?;
        Ok(ended)
    })
}

fn find(database: &Connection, which: &str, key: impl ToSql) -> Result<Option<Account>, StoreError> {
    let sql = format!(
        "SELECT id, username, password_hash, role, created_at FROM accounts WHERE {which} AND deleted_at IS NULL"
    );
    Ok(database.prepare_cached(&sql)?.query_row([key], account).optional()?)
}

fn account(row: &Row) -> rusqlite::Result<Account> {
    Ok(Account {
        id: AccountId(row.get("id")?),
        username: row.get("username")?,
        password_hash: row.get("password_hash")?,
        role: row.get("role")?,
        created_at: row.get("created_at")?,
    })
}

fn change(database: &Connection, what: &str, account: AccountId, to: impl ToSql) -> Result<(), StoreError> {
    let sql = format!("UPDATE accounts SET {what} WHERE id = ?1 AND deleted_at IS NULL");
    match database.prepare_cached(&sql)?.execute((account.0, to))? {
        0 => Err(StoreError::NotFound),
        _ => Ok(()),
    }
}

impl Role {
    /// As it is stored and shown.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Player => "player",
            Self::Moderator => "moderator",
            Self::Admin => "admin",
        }
    }
}

impl ToSql for Role {
    fn to_sql(&self) -> rusqlite::Result<rusqlite::types::ToSqlOutput<'_>> {
        Ok(self.as_str().into())
    }
}

impl FromSql for Role {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        match value.as_str()? {
            "player" => Ok(Self::Player),
            "moderator" => Ok(Self::Moderator),
            "admin" => Ok(Self::Admin),
            other => Err(FromSqlError::Other(format!("no role: {other}").into())),
        }
    }
}
