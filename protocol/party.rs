//! Parties: groups of characters that invite each other, talk among themselves and share what they find.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::ids::PartyId;
use crate::nulls::left_out;
use crate::{CharacterId, Text};

/// Who gets what a party finds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum LootSharing {
    /// Everybody of a fight in turn, beginning with any of them.
    #[default]
    Equal,
    /// The leader.
    Leader,
    /// Whoever is lucky.
    Roll,
}

impl LootSharing {
    /// As it is on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "equal",
            Self::Leader => "leader",
            Self::Roll => "roll",
        }
    }

    /// What is called this.
    pub fn named(name: &str) -> Option<Self> {
        [Self::Equal, Self::Leader, Self::Roll].into_iter().find(|mode| mode.as_str() == name)
    }
}

impl fmt::Display for LootSharing {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// Creates a party with oneself as its leader; also the body of `POST /api/party/create`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreateParty {
    /// "Adventuring Party" when absent.
    #[serde(default, skip_serializing_if = "left_out")]
    pub party_name: Option<Text<1, 50>>,
    /// "equal" when absent.
    #[serde(default, skip_serializing_if = "left_out")]
    pub loot_sharing: Option<LootSharing>,
}

/// Changes the party one leads; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChangeParty {
    /// Its new name.
    #[serde(default, skip_serializing_if = "left_out")]
    pub party_name: Option<Text<1, 50>>,
    /// Who gets what it finds from now on.
    #[serde(default, skip_serializing_if = "left_out")]
    pub loot_sharing: Option<LootSharing>,
}

/// Invites a character into one's party; also the body of `POST /api/party/invite`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Invite {
    /// Who is invited: somebody in the world.
    pub invitee_id: CharacterId,
}

/// Answers an invitation; also the body of `POST /api/party/accept` and `/decline`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WhichParty {
    /// Which invitation; the newest open one when absent.
    #[serde(default, skip_serializing_if = "left_out")]
    pub party_id: Option<PartyId>,
}

/// Leaves, or disbands, the party one is in; also the body of `POST /api/party/leave` and `/disband`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OwnParty {
    /// One's own when absent; `NOT_FOUND` for another.
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
    /// Until when it can be accepted, Unix seconds.
    pub expires_at: f64,
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
    /// Those of them who are not in the world now.
    #[serde(default)]
    pub away_ids: Vec<CharacterId>,
    /// How many there can be; 4 unless the server's settings say otherwise.
    pub max_members: u32,
    /// Who gets what it finds.
    pub loot_sharing: LootSharing,
}

/// An invitation was declined, as the members of the party hear it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartyDecline {
    /// Names the party.
    pub party_id: PartyId,
    /// Who declined.
    pub character_id: CharacterId,
    /// The name of who declined.
    pub character_name: String,
}

/// The leader removed somebody from the party.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartyKick {
    /// Names the party.
    pub party_id: PartyId,
    /// Who had to go.
    pub character_id: CharacterId,
    /// The name of who had to go.
    pub character_name: String,
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

/// `POST /api/party/create`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CreatedParty {
    /// Always true.
    pub success: bool,
    /// Names the party.
    pub party_id: PartyId,
    /// As it was asked for.
    pub party_name: String,
}

/// `GET /api/party/{id}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PartyView {
    /// Names the party.
    pub id: PartyId,
    /// As its leader named it.
    pub party_name: String,
    /// Who leads it.
    pub leader_id: CharacterId,
    /// Always true: what is no more is not found.
    pub is_active: bool,
    /// How many there can be.
    pub max_members: u32,
    /// How many there are.
    pub member_count: u32,
    /// The leader among them, by the time they joined.
    pub member_ids: Vec<CharacterId>,
    /// In the order of `member_ids`.
    pub member_names: Vec<String>,
    /// Who gets what it finds.
    pub loot_sharing: LootSharing,
}
