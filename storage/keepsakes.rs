//! What a planned stop keeps for the next start: the events of sessions that somebody may come back to.

use protocol::SessionId;
use rusqlite::Connection;

use crate::sessions::session_id;
use crate::{StoreError, Write};

/// A frame that one or more sessions hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptFrame {
    pub number: i64,
    /// The message, as JSON.
    pub message: String,
    /// The command it answers.
    pub message_id: Option<String>,
    /// Unix milliseconds.
    pub told_at_ms: i64,
}

/// A session with the numbers of its events: (`seq`, the frame's number), oldest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptSession {
    pub session_id: SessionId,
    /// SHA-256 of the token that resumes it.
    pub token_hash: [u8; 32],
    /// Of the token before it, while that holds too.
    pub older_hash: Option<[u8; 32]>,
    pub last_seq: u64,
    pub last_sent: u64,
    pub events: Vec<(u64, i64)>,
}

/// Keeps these and forgets whatever an earlier stop kept.
pub fn keep(frames: Vec<KeptFrame>, sessions: Vec<KeptSession>, now: i64) -> Write<()> {
    Write::new(move |database| {
        forget(database)?;
        let mut insert = database.prepare_cached(
            "INSERT INTO kept_frames (number, message, message_id, told_at) VALUES (?1, ?2, ?3, ?4)",
        )?;
        for frame in &frames {
            insert.execute((frame.number, &frame.message, &frame.message_id, frame.told_at_ms))?;
        }
        let mut insert = database.prepare_cached(
            "INSERT INTO kept_sessions
                 (session_id, token_hash, older_hash, last_seq, last_sent, events, kept_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )?;
        for session in &sessions {
            let events = serde_json::to_string(&session.events).unwrap_or_default();
            let number = |seq: u64| i64::try_from(seq).unwrap_or(i64::MAX);
            insert.execute((
                session.session_id.to_string(),
                session.token_hash,
                session.older_hash,
                number(session.last_seq),
                number(session.last_sent),
                events,
                now,
            ))?;
        }
        Ok(())
    })
}

/// Takes everything that was kept: once.
pub fn take() -> Write<(Vec<KeptSession>, Vec<KeptFrame>)> {
    Write::new(|database| {
        let sessions = sessions(database)?;
        let frames = database
            .prepare_cached("SELECT number, message, message_id, told_at FROM kept_frames")?
            .query_map([], |row| {
                Ok(KeptFrame {
                    number: row.get(0)?,
                    message: row.get(1)?,
                    message_id: row.get(2)?,
                    told_at_ms: row.get(3)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        forget(database)?;
        Ok((sessions, frames))
    })
}

fn sessions(database: &Connection) -> Result<Vec<KeptSession>, StoreError> {
    let mut statement = database.prepare_cached(
        "SELECT session_id AS id, token_hash, older_hash, last_seq, last_sent, events FROM kept_sessions",
    )?;
    let mut rows = statement.query([])?;
    let mut sessions = Vec::new();
    while let Some(row) = rows.next()? {
        let number = |column| row.get(column).map(i64::unsigned_abs);
        let events: String = row.get("events")?;
        sessions.push(KeptSession {
            session_id: session_id(row)?,
            token_hash: row.get("token_hash")?,
            older_hash: row.get("older_hash")?,
            last_seq: number("last_seq")?,
            last_sent: number("last_sent")?,
            events: serde_json::from_str(&events).map_err(|error| StoreError::Corrupt(error.to_string()))?,
        });
    }
    Ok(sessions)
}

fn forget(database: &Connection) -> Result<(), StoreError> {
    database.execute_batch("DELETE FROM kept_sessions; DELETE FROM kept_frames;")?;
    Ok(())
}
