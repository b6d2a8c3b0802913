//! How far characters are with their quests.

use protocol::CharacterId;
use rules::quests::{Progress, QuestLog, Step};
use rusqlite::Connection;

use crate::{StoreError, Write};

/// Keeps what has come further. [`StoreError::StaleEpoch`] when somebody else has taken the character.
pub fn keep(who: CharacterId, epoch: i64, steps: Vec<Step>, now: i64) -> Write<()> {
    Write::new(move |database| {
        for Step { quest_id, progress } in &steps {
            let kept = database
                .prepare_cached(
                    "INSERT INTO quests (character_id, quest_id, progress, completed_at)
                     SELECT id, ?3, ?4, ?5 FROM characters WHERE id = ?1 AND epoch = ?2 AND deleted_at IS NULL
                     ON CONFLICT (character_id, quest_id) DO UPDATE SET
                         progress = max(progress, excluded.progress),
                         completed_at = coalesce(completed_at, excluded.completed_at)",
                )?
                .execute((who.0, epoch, quest_id, progress.done, progress.completed.then_some(now)))?;
            if kept == 0 {
                return Err(StoreError::StaleEpoch);
            }
        }
        Ok(())
    })
}

pub(crate) fn of(database: &Connection, who: CharacterId) -> Result<QuestLog, StoreError> {
    let mut statement = database
        .prepare_cached("SELECT quest_id, progress, completed_at FROM quests WHERE character_id = ?1")?;
    let rows = statement.query_map([who.0], |row| {
        let completed = row.get::<_, Option<i64>>("completed_at")?.is_some();
        Ok((row.get("quest_id")?, Progress { done: row.get("progress")?, completed }))
    })?;
    Ok(QuestLog::restore(rows.collect::<Result<Vec<_>, _>>()?))
}
