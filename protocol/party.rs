//! Parties: groups of characters. The vocabulary; the rules come with the feature.

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;

use crate::ids::PartyId;
use crate::{CharacterId, Text};

/// Creates a party with oneself as its leader; also the body of `POST /api/party/create`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateParty {
    /// "Adventuring Party" when absent.
    #[serde(default, skip_serializing_if = "left_out")]
    pub party_name: Option<Text<1, 50>>,
}

/// Invites a character into one's party.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Invite {
    /// Who is invited.
    pub invitee_id: CharacterId,
}

/// Answers an invitation; without `party_id` the newest open one.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WhichParty {
    /// Which invitation; the newest open one when absent.
    #[serde(default, skip_serializing_if = "left_out")]
    pub party_id: Option<PartyId>,
}

/// Removes a member from the party one leads.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Kick {
    /// Who has to go.
    pub character_id: CharacterId,
}

/// An invitation, as the invited character gets it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartyInvite {
    /// Names the party.
    pub party_id: PartyId,
    /// Who invites.
    pub inviter_id: CharacterId,
    /// The name of who invites.
    pub inviter_name: String,
    /// Who is invited.
    pub invitee_id: CharacterId,
    /// The name of who is invited.
    pub invitee_name: String,
    /// As its leader named it.
    #[serde(default, skip_serializing_if = "left_out")]
    pub party_name: Option<String>,
}

/// A party as its members see it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartyUpdate {
    /// Names the party.
    pub party_id: PartyId,
    /// As its leader named it.
    #[serde(default, skip_serializing_if = "left_out")]
    pub party_name: Option<String>,
    /// Who leads it.
    pub leader_id: CharacterId,
    /// The leader among them, by the time they joined.
    pub member_ids: Vec<CharacterId>,
    /// In the order of `member_ids`.
    pub member_names: Vec<String>,
    /// How many there can be; 4 unless the content says otherwise.
    pub max_members: u32,
    /// "equal", "leader" or "roll".
    pub loot_sharing: String,
}

/// The party is no more.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartyDisband {
    /// Names the party.
    pub party_id: PartyId,
    /// One sentence for a person.
    pub reason: String,
}
