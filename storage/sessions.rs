//! Sessions: signed-in presences, each opened by a token of which only the hash is here.

use protocol::{AccountId, CharacterId, SessionId};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::accounts::Role;
use crate::{Read, StoreError, Write};

/// Used lately and not at its absolute end. `?1` is now.
const LIVE: &str = "expires_at > ?1 AND last_used_at + idle_ms > ?1";

const COLUMNS: &str =
    "sessions.id, account_id, username, role, accounts.created_at AS account_created_at, character_id, sessions.created_at,
     last_used_at, expires_at FROM sessions JOIN accounts ON accounts.id = account_id";

/// A session about to be.
#[derive(Debug, Clone)]
pub struct NewSession {
    pub session_id: SessionId,
    pub account_id: AccountId,
    /// SHA-256 of the token.
    pub token_hash: [u8; 32],
    /// The password that was shown is this one's; it may have been changed since.
    pub password_hash: Option<String>,
    /// Unix milliseconds.
    pub now: i64,
    /// How long it may lie unused.
    pub idle_ms: i64,
    /// How long it lives at most.
    pub absolute_ms: i64,
    /// How many of its account may live, this one included; at least one.
    pub keep: usize,
}

/// A live session with what its holder is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub session_id: SessionId,
    pub account_id: AccountId,
    pub username: String,
    pub role: Role,
    /// Unix milliseconds, as all times here.
    pub account_created_at: i64,
    pub character_id: Option<CharacterId>,
    pub created_at: i64,
    pub last_used_at: i64,
    /// Its absolute end; it ends earlier when it lies unused.
    pub expires_at: i64,
}

/// Answers with the oldest sessions of the account, which had to go for this one. [`StoreError::NotFound`] when the
/// account is gone or has another password by now.
pub fn create(new: NewSession) -> Write<Vec<SessionId>> {
    Write::new(move |database| {
        let made = database
            .prepare_cached(
                "INSERT INTO sessions (id, account_id, token_hash, created_at, last_used_at, idle_ms, expires_at)
                 SELECT ?1, id, ?3, ?4, ?4, ?5, ?6 FROM accounts
                 WHERE id = ?2 AND deleted_at IS NULL AND password_hash IS ?7",
            )?
            .execute(params![
                new.session_id.to_string(),
                new.account_id.0,
                new.token_hash,
                new.now,
                new.idle_ms,
                new.now.saturating_add(new.absolute_ms),
                new.password_hash,
            ])?;
        if made == 0 {
            return Err(StoreError::NotFound);
        }
        database
            .prepare_cached(&format!("DELETE FROM sessions WHERE account_id = ?2 AND NOT ({LIVE})"))?
            .execute((new.now, new.account_id.0))?;
        // Rows are numbered as they come: the order among sessions of the same millisecond.
        let sql = "DELETE FROM sessions WHERE rowid IN (SELECT rowid FROM sessions WHERE account_id = ?1
                   ORDER BY created_at DESC, rowid DESC LIMIT -1 OFFSET ?2) RETURNING id";
        let keep = i64::try_from(new.keep.max(1)).unwrap_or(i64::MAX);
        ids(database, sql, (new.account_id.0, keep))
    })
}

/// The session that this token opens, if it lives.
pub fn by_token(token_hash: [u8; 32], now: i64) -> Read<Option<SessionRow>> {
    Read::new(move |database| {
        let sql = format!("SELECT {COLUMNS} WHERE token_hash = ?2 AND {LIVE}");
        Ok(database.prepare_cached(&sql)?.query_row((now, token_hash), session).optional()?)
    })
}

/// A session by its public id, if it lives.
pub fn by_id(id: SessionId, now: i64) -> Read<Option<SessionRow>> {
    Read::new(move |database| {
        let sql = format!("SELECT {COLUMNS} WHERE sessions.id = ?2 AND {LIVE}");
        Ok(database.prepare_cached(&sql)?.query_row((now, id.to_string()), session).optional()?)
    })
}

/// The account's live sessions, oldest first.
pub fn list(account: AccountId, now: i64) -> Read<Vec<SessionRow>> {
    Read::new(move |database| {
        let sql = format!(
            "SELECT {COLUMNS} WHERE account_id = ?2 AND {LIVE} ORDER BY sessions.created_at, sessions.rowid"
        );
        let mut statement = database.prepare_cached(&sql)?;
        let rows = statement.query_map((now, account.0), session)?;
        Ok(rows.collect::<Result<_, _>>()?)
    })
}

/// Notes when sessions were used last, Unix milliseconds each. A session that has ended stays ended.
pub fn touch(used: Vec<(SessionId, i64)>) -> Write<()> {
    Write::new(move |database| {
        let mut statement = database
            .prepare_cached("UPDATE sessions SET last_used_at = max(last_used_at, ?2) WHERE id = ?1")?;
        for (session, at) in used {
            statement.execute((session.to_string(), at))?;
        }
        Ok(())
    })
}

/// Ends a session of this account; false: it has none such.
pub fn end(session: SessionId, account: AccountId) -> Write<bool> {
    Write::new(move |database| {
        let ended = database
            .prepare_cached("DELETE FROM sessions WHERE id = ?1 AND account_id = ?2")?
            .execute((session.to_string(), account.0))?;
        Ok(ended > 0)
    })
}

/// Which character the session plays from now on; no other one plays it then.
pub fn set_character(session: SessionId, character: Option<CharacterId>) -> Write<()> {
    Write::new(move |database| {
        if let Some(character) = character {
            database
                .prepare_cached(
                    "UPDATE sessions SET character_id = NULL WHERE character_id = ?2 AND id <> ?1",
                )?
                .execute((session.to_string(), character.0))?;
        }
        let changed = database
            .prepare_cached("UPDATE sessions SET character_id = ?2 WHERE id = ?1")?
            .execute((session.to_string(), character.map(|character| character.0)))?;
        if changed == 0 { Err(StoreError::NotFound) } else { Ok(()) }
    })
}

/// Removes what has ended by itself; answers with those.
pub fn sweep(now: i64) -> Write<Vec<SessionId>> {
    Write::new(move |database| {
        ids(database, &format!("DELETE FROM sessions WHERE NOT ({LIVE}) RETURNING id"), [now])
    })
}

pub(crate) fn end_all_of(
    database: &Connection,
    account: AccountId,
    except: Option<SessionId>,
) -> Result<Vec<SessionId>, StoreError> {
    let except = except.map(|session| session.to_string());
    ids(
        database,
        "DELETE FROM sessions WHERE account_id = ?1 AND id IS NOT ?2 RETURNING id",
        (account.0, except),
    )
}

fn ids(
    database: &Connection,
    sql: &str,
    params: impl rusqlite::Params,
) -> Result<Vec<SessionId>, StoreError> {
    let mut statement = database.prepare_cached(sql)?;
    let rows = statement.query_map(params, session_id)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

pub(crate) fn session_id(row: &Row) -> rusqlite::Result<SessionId> {
    let text: String = row.get("id")?;
    let id = uuid::Uuid::parse_str(&text);
    id.map(SessionId).map_err(|error| rusqlite::types::FromSqlError::Other(error.into()).into())
}

fn session(row: &Row) -> rusqlite::Result<SessionRow> {
    Ok(SessionRow {
        session_id: session_id(row)?,
        account_id: AccountId(row.get("account_id")?),
        username: row.get("username")?,
        role: row.get("role")?,
        account_created_at: row.get("account_created_at")?,
        character_id: row.get::<_, Option<i64>>("character_id")?.map(CharacterId),
        created_at: row.get("created_at")?,
        last_used_at: row.get("last_used_at")?,
        expires_at: row.get("expires_at")?,
    })
}
