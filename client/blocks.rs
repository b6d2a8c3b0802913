//! Whom a player wants nothing from.

use protocol::blocks::{Blocked, Whom};
use protocol::session::Bare;
use protocol::{ClientMessage, ServerMessage, Text};

use crate::commands::ask;
use crate::compose::Recipient;
use crate::{Client, ClientError};

/// Every command fails with what the server refused, or with what [`Client::request`] fails with.
#[allow(clippy::missing_errors_doc)]
impl Client {
    /// Wants nothing more from somebody, nor from the other characters of the same account. `NOT_FOUND`; `CONFLICT` when
    /// the list is full.
    pub async fn block(&self, whom: impl Into<Recipient>) -> Result<(), ClientError> {
        let whom = named(whom.into())?;
        ask!(self, ClientMessage::Block(whom), ServerMessage::Ok(_) => ())
    }

    /// Blocks somebody no more. `NOT_FOUND` when they are not blocked.
    pub async fn unblock(&self, whom: impl Into<Recipient>) -> Result<(), ClientError> {
        let whom = named(whom.into())?;
        ask!(self, ClientMessage::Unblock(whom), ServerMessage::Ok(_) => ())
    }

    /// Whom one blocks.
    pub async fn blocked(&self) -> Result<Vec<Blocked>, ClientError> {
        ask!(self, ClientMessage::BlockList(Bare {}), ServerMessage::BlockList(list) => list.blocked)
    }
}

fn named(whom: Recipient) -> Result<Whom, ClientError> {
    Ok(match whom {
        Recipient::Id(id) => Whom { character_id: Some(id), character_name: None },
        Recipient::Name(name) => Whom { character_id: None, character_name: Some(Text::new(name)?) },
    })
}
