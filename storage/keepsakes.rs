//! What a planned stop keeps for the next start: the events of sessions that somebody may come back to.

use protocol::SessionId;
use rusqlite::{Connection, OptionalExtension};

use crate::{Read, StoreError, Write};

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
    pub last_seq: u64,
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
            "INSERT INTO kept_sessions (session_id, token_hash, last_seq, events, kept_at)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for session in &sessions {
            let events = serde_json::to_string(&session.events).unwrap_or_default();
            let last_seq = i64::try_from(session.last_seq).unwrap_or(i64::MAX);
            insert.execute((session.session_id.to_string(), session.token_hash, last_seq, events, now))?;
        }
        Ok(())
    })
}

/// Takes a kept session, with its frames: once.
pub fn take(session: SessionId) -> Write<Option<(KeptSession, Vec<KeptFrame>)>> {
    Write::new(move |database| {
        let found: Option<([u8; 32], i64, String)> = database
            .prepare_cached(
                "DELETE FROM kept_sessions WHERE session_id = ?1 RETURNING token_hash, last_seq, events",
            )?
            .query_row([session.to_string()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
            .optional()?;
        let Some((token_hash, last_seq, events)) = found else { return Ok(None) };
        let events: Vec<(u64, i64)> =
            serde_json::from_str(&events).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let mut statement = database.prepare_cached(
            "SELECT number, message, message_id, told_at FROM kept_frames WHERE number = ?1",
        )?;
        let mut frames: Vec<KeptFrame> = Vec::with_capacity(events.len());
        for (_, number) in &events {
            let frame = statement.query_row([number], |row| {
                Ok(KeptFrame {
                    number: row.get(0)?,
                    message: row.get(1)?,
                    message_id: row.get(2)?,
                    told_at_ms: row.get(3)?,
                })
            })?;
            frames.push(frame);
        }
        let last_seq = last_seq.unsigned_abs();
        Ok(Some((KeptSession { session_id: session, token_hash, last_seq, events }, frames)))
    })
}

/// Forgets everything kept: the time to come back is over.
pub fn clear() -> Write<()> {
    Write::new(forget)
}

/// How many sessions are kept.
pub fn count() -> Read<u32> {
    Read::new(|database| {
        Ok(database.prepare_cached("SELECT count(*) FROM kept_sessions")?.query_row([], |row| row.get(0))?)
    })
}

fn forget(database: &Connection) -> Result<(), StoreError> {
    database.execute_batch("DELETE FROM kept_sessions; DELETE FROM kept_frames;")?;
    Ok(())
}
