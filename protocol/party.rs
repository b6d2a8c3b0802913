//! Parties: groups of characters. The vocabulary; the rules come with the feature.

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;

use crate::ids::PartyId;
use crate::{CharacterId, Text};

/// Creates a party with oneself as its leader; also the body of `POST /api/party/create`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateParty {
    #[serde(default, skip_serializing_if = "left_out")]
    pub party_name: Option<Text<1, 50>>,
}

/// Invites a character into one's party.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Invite {
    pub invitee_id: CharacterId,
}

/// Answers an invitation; without `party_id` the newest open one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WhichParty {
    #[serde(default, skip_serializing_if = "left_out")]
    pub party_id: Option<PartyId>,
}

/// Removes a member from the party one leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Kick {
    pub character_id: CharacterId,
}

/// An invitation, as the invited character gets it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartyInvite {
    pub party_id: PartyId,
    pub inviter_id: CharacterId,
    pub inviter_name: String,
    pub invitee_id: CharacterId,
    pub invitee_name: String,
    #[serde(default, skip_serializing_if = "left_out")]
    pub party_name: Option<String>,
}

/// A party as its members see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartyUpdate {
    pub party_id: PartyId,
    #[serde(default, skip_serializing_if = "left_out")]
    pub party_name: Option<String>,
    pub leader_id: CharacterId,
    pub member_ids: Vec<CharacterId>,
    pub member_names: Vec<String>,
    pub max_members: u32,
    /// "equal", "leader" or "roll".
    pub loot_sharing: String,
}

/// The party is no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartyDisband {
    pub party_id: PartyId,
    pub reason: String,
}
