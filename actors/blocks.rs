//! Block lists: an account's own, and whether somebody is on one.

use protocol::blocks::{BlockList, Whom};
use protocol::{AccountId, ErrorCode, ErrorMessage};
use rules::blocks::{BLOCKS_MAX, oneself, too_many};
use storage::StoreError;
use storage::blocks::Named;
use storage::requests::Keep;

use crate::errors::storage_error;
use crate::world::World;

impl World {
    /// Blocks a character; once more does nothing. Answers with its name.
    ///
    /// # Errors
    /// `INVALID` and `NOT_FOUND` naming the field, `CONFLICT` when the list is full; `BUSY`, `STORAGE`; `CONFLICT` when
    /// `keep` names a request that was served before.
    pub async fn block(
        &self,
        account: AccountId,
        whom: &Whom,
        keep: Option<Keep<String>>,
    ) -> Result<String, ErrorMessage> {
        let (named, field) = named(whom)?;
        let block = storage::blocks::add(account, named, BLOCKS_MAX, self.clock().now().wall_ms);
        self.store().write(block.keeping(keep)).await.map_err(|error| match error {
            StoreError::NotFound => nobody(field, "there is no such character"),
            StoreError::Conflict("self") => oneself(field).into(),
            StoreError::TooMany => too_many().into(),
            error => storage_error(&error),
        })
    }

    /// Blocks a character no more. Answers with its name.
    ///
    /// # Errors
    /// `INVALID`, and `NOT_FOUND` when it is not blocked, naming the field; `BUSY`, `STORAGE`; `CONFLICT` when `keep`
    /// names a request that was served before.
    pub async fn unblock(
        &self,
        account: AccountId,
        whom: &Whom,
        keep: Option<Keep<String>>,
    ) -> Result<String, ErrorMessage> {
        let (named, field) = named(whom)?;
        let unblock = storage::blocks::remove(account, named);
        self.store().write(unblock.keeping(keep)).await.map_err(|error| match error {
            StoreError::NotFound => nobody(field, "you do not block them"),
            error => storage_error(&error),
        })
    }

    /// Everybody whom an account blocks.
    ///
    /// # Errors
    /// `BUSY`, `STORAGE`.
    pub async fn block_list(&self, account: AccountId) -> Result<BlockList, ErrorMessage> {
        let blocked = self.store().read(storage::blocks::list(account)).await;
        Ok(BlockList { blocked: blocked.map_err(|error| storage_error(&error))? })
    }
}

fn named(whom: &Whom) -> Result<(Named, &'static str), ErrorMessage> {
    match (whom.character_id, &whom.character_name) {
        (Some(id), _) => Ok((Named::Id(id), "character_id")),
        (None, Some(name)) => Ok((Named::Key(rules::names::fold(name)), "character_name")),
        (None, None) => {
            let reason = "character_id: expected character_id or character_name";
            Err(ErrorMessage::new(ErrorCode::Invalid, reason).with("field", "character_id"))
        }
    }
}

fn nobody(field: &str, reason: &str) -> ErrorMessage {
    ErrorMessage::new(ErrorCode::NotFound, reason).with("field", field)
}
