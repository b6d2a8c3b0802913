//! Property: items, stacks, souls, and the ledger that every change of hands is entered into.

use protocol::CharacterId;
use rusqlite::Connection;

use crate::StoreError;

/// A change of hands in the making: entries are added to it in the transaction that moves the property.
pub(crate) struct Transfer<'a> {
    database: &'a Connection,
    id: i64,
}

impl<'a> Transfer<'a> {
    pub(crate) fn begin(database: &'a Connection, reason: &str, now: i64) -> Result<Self, StoreError> {
        database
            .prepare_cached("INSERT INTO transfers (reason, made_at) VALUES (?1, ?2)")?
            .execute((reason, now))?;
        Ok(Self { database, id: database.last_insert_rowid() })
    }

    /// Enters both sides: what `to` gains, `from` loses. `None` is the world.
    pub(crate) fn enter(
        &self,
        from: Option<CharacterId>,
        to: Option<CharacterId>,
        asset: &str,
        serial: Option<i64>,
        quantity: i64,
    ) -> Result<(), StoreError> {
        let mut entry = self.database.prepare_cached(
            "INSERT INTO ledger (transfer_id, holder_id, asset, serial, delta) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?;
        for (holder, delta) in [(from, -quantity), (to, quantity)] {
            entry.execute((self.id, holder.map(|holder| holder.0), asset, serial, delta))?;
        }
        Ok(())
    }
}

/// Enters what a character is born with; makes its items.
pub(crate) fn endow(
    database: &Connection,
    character: CharacterId,
    souls: i64,
    kit: &[String],
    now: i64,
) -> Result<(), StoreError> {
    let transfer = Transfer::begin(database, "creation", now)?;
    if souls != 0 {
        transfer.enter(None, Some(character), "souls", None, souls)?;
    }
    for kind in kit {
        database
            .prepare_cached("INSERT INTO items (kind, owner_id, created_at) VALUES (?1, ?2, ?3)")?
            .execute((kind, character.0, now))?;
        transfer.enter(None, Some(character), kind, Some(database.last_insert_rowid()), 1)?;
    }
    Ok(())
}
