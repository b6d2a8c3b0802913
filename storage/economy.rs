//! Property: items, stacks, souls, and the ledger that every change of hands is entered into.

use protocol::CharacterId;
use protocol::ids::{GroundId, ItemId};
use rules::ground::Heap;
use rules::sheet::{Asset, Movement};
use rusqlite::Connection;

use crate::StoreError;
use crate::error::or_taken;

/// A change of hands in the making: entries are added to it in the transaction that moves the property.
pub(crate) struct Transfer<'a> {
    database: &'a Connection,
    id: i64,
    now: i64,
    /// What lies on the ground, and takes the world's part.
    heap: Option<GroundId>,
}

/// Who gains or loses.
#[derive(Debug, Clone, Copy)]
enum Holder {
    World,
    Character(CharacterId),
    Ground(GroundId),
}

impl<'a> Transfer<'a> {
    /// [`StoreError::Conflict`]`("cause")` when what it is caused by has had its effect before.
    pub(crate) fn begin(
        database: &'a Connection,
        reason: &str,
        cause: Option<&str>,
        now: i64,
    ) -> Result<Self, StoreError> {
        database
            .prepare_cached("INSERT INTO transfers (reason, cause, made_at) VALUES (?1, ?2, ?3)")?
            .execute((reason, cause, now))
            .map_err(or_taken("cause"))?;
        Ok(Self { database, id: database.last_insert_rowid(), now, heap: None })
    }

    /// What is given to nobody goes there, what comes from nobody comes from there: not from the world.
    pub(crate) fn by(self, heap: Option<GroundId>) -> Self {
        Self { heap, ..self }
    }

    /// Enters that something does not lie on the ground any more, and is gone.
    pub(crate) fn expire(&self, heap: &Heap) -> Result<(), StoreError> {
        let (from, to) = (Holder::Ground(heap.id), Holder::World);
        match &heap.asset {
            Asset::Item { id, kind } => self.enter_both(from, to, kind, Some(*id), 1),
            Asset::Stack { kind, quantity } => self.enter_both(from, to, kind, None, *quantity),
            // Neither lies around.
            Asset::Souls(_) | Asset::NewItem { .. } => Err(StoreError::StaleSheet),
        }
    }

    /// Moves property and enters it; answers with the serial of an item that was made for it. Souls move with the
    /// sheets of those who have them, and are only entered here.
    ///
    /// # Errors
    /// [`StoreError::StaleSheet`] when it is not where it is said to come from.
    pub(crate) fn carry(&self, movement: &Movement) -> Result<Option<ItemId>, StoreError> {
        let Movement { from, to, asset } = movement;
        match asset {
            Asset::Souls(quantity) => self.enter(*from, *to, "souls", None, *quantity).map(|()| None),
            Asset::Stack { kind, quantity } => {
                if let Some(from) = from {
                    self.take_from_stack(*from, kind, *quantity)?;
                }
                if let Some(to) = to {
                    self.put_on_stack(*to, kind, *quantity)?;
                }
                self.enter(*from, *to, kind, None, *quantity).map(|()| None)
            }
            Asset::Item { id, kind } => {
                let moved = self
                    .database
                    .prepare_cached(
                        "UPDATE items SET owner_id = ?3
                         WHERE serial = ?1 AND owner_id IS ?2 AND kind = ?4 AND worn IS NULL",
                    )?
                    .execute((id.0, from.map(|from| from.0), to.map(|to| to.0), kind))?;
                expect_one(moved)?;
                self.enter(*from, *to, kind, Some(*id), 1).map(|()| None)
            }
            Asset::NewItem { kind } => {
                let made = self.make(kind, *to)?;
                self.enter(*from, *to, kind, Some(made), 1).map(|()| Some(made))
            }
        }
    }

    fn make(&self, kind: &str, owner: Option<CharacterId>) -> Result<ItemId, StoreError> {
        self.database
            .prepare_cached("INSERT INTO items (kind, owner_id, created_at) VALUES (?1, ?2, ?3)")?
            .execute((kind, owner.map(|owner| owner.0), self.now))?;
        Ok(ItemId(self.database.last_insert_rowid()))
    }

    fn take_from_stack(&self, from: CharacterId, kind: &str, quantity: i64) -> Result<(), StoreError> {
        let less = self
            .database
            .prepare_cached(
                "UPDATE stacks SET quantity = quantity - ?3
                 WHERE owner_id = ?1 AND kind = ?2 AND quantity > ?3",
            )?
            .execute((from.0, kind, quantity))?;
        if less == 1 {
            return Ok(());
        }
        let none = self
            .database
            .prepare_cached("DELETE FROM stacks WHERE owner_id = ?1 AND kind = ?2 AND quantity = ?3")?
            .execute((from.0, kind, quantity))?;
        expect_one(none)
    }

    fn put_on_stack(&self, to: CharacterId, kind: &str, quantity: i64) -> Result<(), StoreError> {
        self.database
            .prepare_cached(
                "INSERT INTO stacks (owner_id, kind, quantity) VALUES (?1, ?2, ?3)
                 ON CONFLICT (owner_id, kind) DO UPDATE SET quantity = quantity + excluded.quantity",
            )?
            .execute((to.0, kind, quantity))?;
        Ok(())
    }

    /// Enters both sides; `None` is the world, or what takes its part.
    fn enter(
        &self,
        from: Option<CharacterId>,
        to: Option<CharacterId>,
        asset: &str,
        serial: Option<ItemId>,
        quantity: i64,
    ) -> Result<(), StoreError> {
        let nobody = self.heap.map_or(Holder::World, Holder::Ground);
        let [from, to] = [from, to].map(|who| who.map_or(nobody, Holder::Character));
        self.enter_both(from, to, asset, serial, quantity)
    }

    /// What `to` gains, `from` loses.
    fn enter_both(
        &self,
        from: Holder,
        to: Holder,
        asset: &str,
        serial: Option<ItemId>,
        quantity: i64,
    ) -> Result<(), StoreError> {
        let mut entry = self.database.prepare_cached(
            "INSERT INTO ledger (transfer_id, holder_id, ground_id, asset, serial, delta)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )?;
        let serial = serial.map(|serial| serial.0);
        for (holder, delta) in [(from, -quantity), (to, quantity)] {
            let (character, ground) = match holder {
                Holder::World => (None, None),
                Holder::Character(id) => (Some(id.0), None),
                Holder::Ground(id) => (None, Some(id.0)),
            };
            entry.execute((self.id, character, ground, asset, serial, delta))?;
        }
        Ok(())
    }
}

/// Enters what a character is born with; makes its items.
pub(crate) fn endow(
    database: &Connection,
    character: CharacterId,
    souls: i64,
    kit: &[Asset],
    now: i64,
) -> Result<(), StoreError> {
    let transfer = Transfer::begin(database, "creation", None, now)?;
    let souls = (souls != 0).then_some(Asset::Souls(souls));
    for asset in souls.into_iter().chain(kit.iter().cloned()) {
        transfer.carry(&Movement { from: None, to: Some(character), asset })?;
    }
    Ok(())
}

/// What memory says was there, was there.
pub(crate) fn expect_one(rows: usize) -> Result<(), StoreError> {
    if rows == 1 { Ok(()) } else { Err(StoreError::StaleSheet) }
}
