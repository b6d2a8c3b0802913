//! From where an account was signed in to lately: its owner is not slowed down there by strangers' failures.
//!
//! On disk, so that a restart is no help to whoever wants to keep somebody out.

use protocol::{AccountId, ErrorMessage};
use sha2::{Digest, Sha256};

use crate::errors::storage_error;
use crate::world::World;

impl World {
    /// Whether the account was made or signed in to from this address in the last 30 days.
    pub(crate) async fn is_known_here(&self, account_key: &str, address: &str) -> Result<bool, ErrorMessage> {
        let known = storage::places::is_known(place(account_key, address), self.clock().now().wall_ms);
        self.store().read(known).await.map_err(|error| storage_error(&error))
    }

    pub(crate) async fn remember_here(
        &self,
        account: AccountId,
        account_key: &str,
        address: &str,
    ) -> Result<(), ErrorMessage> {
        let note = storage::places::note(place(account_key, address), account, self.clock().now().wall_ms);
        self.store().write(note).await.map_err(|error| storage_error(&error))
    }
}

fn place(account_key: &str, address: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(account_key.as_bytes());
    hash.update([0]);
    hash.update(address.as_bytes());
    hash.finalize().into()
}
