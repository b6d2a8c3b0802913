//! What a player can do about parties.

use protocol::ids::PartyId;
use protocol::party::{
    ChangeParty, CreateParty, Invite, Kick, LootSharing, OwnParty, PartyDisband, PartyInvite, PartyKick,
    PartyUpdate, PartyView, WhichParty,
};
use protocol::{CharacterId, ClientMessage, ServerMessage, Text};

use crate::commands::ask;
use crate::{Client, ClientError};

/// Every command fails with what the server refused, or with what [`Client::request`] fails with.
#[allow(clippy::missing_errors_doc)]
impl Client {
    /// Makes a party with oneself as its leader. `CONFLICT` in one.
    pub async fn create_party(&self, name: &str) -> Result<PartyUpdate, ClientError> {
        let create = CreateParty { party_name: Some(Text::new(name)?), loot_sharing: None };
        ask!(self, ClientMessage::PartyCreate(create), ServerMessage::PartyUpdate(party) => party)
    }

    /// Invites somebody who is in the world. `CONFLICT` when there is no room, or they are in it or invited already;
    /// `NOT_ONLINE`.
    pub async fn invite_to_party(&self, whom: CharacterId) -> Result<PartyInvite, ClientError> {
        let invite = Invite { invitee_id: whom };
        ask!(self, ClientMessage::PartyInvite(invite), ServerMessage::PartyInvite(invite) => invite)
    }

    /// Accepts an invitation, the newest open one if none is named. `NOT_FOUND` when it has run out.
    pub async fn accept_party(&self, which: Option<PartyId>) -> Result<PartyUpdate, ClientError> {
        let which = WhichParty { party_id: which };
        ask!(self, ClientMessage::PartyAccept(which), ServerMessage::PartyUpdate(party) => party)
    }

    /// Declines an invitation, the newest open one if none is named.
    pub async fn decline_party(&self, which: Option<PartyId>) -> Result<(), ClientError> {
        let which = WhichParty { party_id: which };
        ask!(self, ClientMessage::PartyDecline(which), ServerMessage::Ok(_) => ())
    }

    /// Leaves one's party. Whoever leads it hands over.
    pub async fn leave_party(&self) -> Result<(), ClientError> {
        ask!(self, ClientMessage::PartyLeave(OwnParty::default()), ServerMessage::Ok(_) => ())
    }

    /// Removes somebody from the party one leads. `FORBIDDEN` for others.
    pub async fn kick_from_party(&self, whom: CharacterId) -> Result<PartyKick, ClientError> {
        let kick = Kick { character_id: whom };
        ask!(self, ClientMessage::PartyKick(kick), ServerMessage::PartyKick(kick) => kick)
    }

    /// Changes who gets what the party one leads finds. `FORBIDDEN` for others.
    pub async fn share_loot(&self, loot_sharing: LootSharing) -> Result<PartyUpdate, ClientError> {
        let change = ChangeParty { party_name: None, loot_sharing: Some(loot_sharing) };
        ask!(self, ClientMessage::PartyUpdate(change), ServerMessage::PartyUpdate(party) => party)
    }

    /// Gives the party one leads another name. `FORBIDDEN` for others.
    pub async fn rename_party(&self, name: &str) -> Result<PartyUpdate, ClientError> {
        let change = ChangeParty { party_name: Some(Text::new(name)?), loot_sharing: None };
        ask!(self, ClientMessage::PartyUpdate(change), ServerMessage::PartyUpdate(party) => party)
    }

    /// Ends the party one leads. `FORBIDDEN` for others.
    pub async fn disband_party(&self) -> Result<PartyDisband, ClientError> {
        ask!(self, ClientMessage::PartyDisband(OwnParty::default()), ServerMessage::PartyDisband(party) => party)
    }

    /// A party that one is in, or invited into.
    pub async fn get_party(&self, id: PartyId) -> Result<PartyView, ClientError> {
        self.rest().party(id).await
    }
}
