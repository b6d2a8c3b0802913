//! Chat: what was said in each room, in the order everybody saw it.

use protocol::CharacterId;
use rules::room::RoomRecord;
use rules::venue::{ChatLine, RoomKey};
use rusqlite::Connection;

use crate::error::or_taken;
use crate::{Read, StoreError, Write, answers};

/// [`StoreError::Conflict`]`("chat_id")` when the room has such a line already.
pub fn append(line: ChatLine) -> Write<()> {
    Write::new(move |database| keep(database, &line))
}

/// What a whisper is, before it has its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewWhisper {
    pub sender_id: CharacterId,
    pub sender_name: String,
    pub recipient_id: CharacterId,
    pub content: String,
    /// Unix milliseconds.
    pub said_at_ms: i64,
}

/// A command's name, and what its answer is once the whisper has its number.
pub type WhisperAnswer = (String, Box<dyn FnOnce(u64) -> String + Send>);

/// Keeps a whisper, with the answer to the command that caused it; answers with its `chat_id`.
///
/// [`StoreError::Conflict`]`("message_id")` when the command had its effect before.
pub fn whisper(new: NewWhisper, answer: Option<WhisperAnswer>) -> Write<u64> {
    Write::new(move |database| {
        database
            .prepare_cached(
                "INSERT INTO whispers (sender_id, sender_name, recipient_id, content, said_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((new.sender_id.0, &new.sender_name, new.recipient_id.0, &new.content, new.said_at_ms))?;
        let chat_id = database.last_insert_rowid().unsigned_abs();
        if let Some((message_id, answer)) = answer {
            answers::insert(database, new.sender_id, &message_id, &answer(chat_id), new.said_at_ms)?;
        }
        Ok(chat_id)
    })
}

/// Forgets all but the newest `keep` whispers; answers how many.
pub fn prune_whispers(keep: usize) -> Write<usize> {
    Write::new(move |database| {
        Ok(database
            .prepare_cached("DELETE FROM whispers WHERE chat_id <= (SELECT max(chat_id) FROM whispers) - ?1")?
            .execute([count(keep.max(1))])?)
    })
}

/// What a room starts from: its last id and its newest lines, at most `history`.
pub fn record(room: &RoomKey, history: usize) -> Read<RoomRecord> {
    let room = room.clone();
    Read::new(move |database| {
        let history = newest(database, &room, history)?;
        let last_chat_id = match history.last() {
            Some(line) => line.chat_id,
            None => newest(database, &room, 1)?.first().map_or(0, |line| line.chat_id),
        };
        Ok(RoomRecord { last_chat_id, history })
    })
}

/// The newest lines of a room, at most `limit`, oldest first.
pub fn recent(room: &RoomKey, limit: usize) -> Read<Vec<ChatLine>> {
    let room = room.clone();
    Read::new(move |database| newest(database, &room, limit))
}

fn newest(database: &Connection, room: &RoomKey, limit: usize) -> Result<Vec<ChatLine>, StoreError> {
    let mut statement = database.prepare_cached(
        "SELECT chat_id, sender_id, sender_name, content, said_at FROM chat_lines
             WHERE room = ?1 ORDER BY chat_id DESC LIMIT ?2",
    )?;
    let rows = statement.query_map((room.to_string(), count(limit)), |row| {
        Ok(ChatLine {
            room: room.clone(),
            chat_id: row.get::<_, i64>("chat_id")?.unsigned_abs(),
            sender_id: CharacterId(row.get("sender_id")?),
            sender_name: row.get("sender_name")?,
            content: row.get("content")?,
            said_at_ms: row.get("said_at")?,
        })
    })?;
    let mut lines = rows.collect::<Result<Vec<_>, _>>()?;
    lines.reverse();
    Ok(lines)
}

/// The id of the room's newest line; 0: nothing was said yet.
pub fn last_id(room: &RoomKey) -> Read<u64> {
    let room = room.to_string();
    Read::new(move |database| {
        let last: Option<i64> = database
            .prepare_cached("SELECT max(chat_id) FROM chat_lines WHERE room = ?1")?
            .query_row([room], |row| row.get(0))?;
        Ok(last.unwrap_or(0).unsigned_abs())
    })
}

/// Forgets all but the newest `keep` lines of a room (at least one: ids go on from it); answers how many.
pub fn prune(room: &RoomKey, keep: usize) -> Write<usize> {
    let room = room.to_string();
    Write::new(move |database| {
        Ok(database
            .prepare_cached(
                "DELETE FROM chat_lines WHERE room = ?1 AND chat_id <=
                 (SELECT chat_id FROM chat_lines WHERE room = ?1 ORDER BY chat_id DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute((room, count(keep.max(1))))?)
    })
}

pub(crate) fn keep(database: &Connection, line: &ChatLine) -> Result<(), StoreError> {
    let id = i64::try_from(line.chat_id).map_err(|_| StoreError::Sql("chat_id is too large".to_owned()))?;
    database
        .prepare_cached(
            "INSERT INTO chat_lines (room, chat_id, sender_id, sender_name, content, said_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?
        .execute((
            line.room.to_string(),
            id,
            line.sender_id.0,
            &line.sender_name,
            &line.content,
            line.said_at_ms,
        ))
        .map_err(or_taken("chat_id"))?;
    Ok(())
}

fn count(lines: usize) -> i64 {
    i64::try_from(lines).unwrap_or(i64::MAX)
}
