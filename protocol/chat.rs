//! Chat: one model for every channel. The server stamps who speaks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;

use crate::{CharacterId, Text};

/// A line of chat, as long as the documents allow.
pub type Content = Text<1, 500>;

/// Where a line is heard.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Everybody.
    #[default]
    Global,
    /// Everybody in the same location.
    Say,
    /// One's faction.
    Faction,
    /// One's party.
    Party,
    /// One other character.
    Whisper,
}

impl fmt::Display for Channel {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Self::Global => "global",
            Self::Say => "say",
            Self::Faction => "faction",
            Self::Party => "party",
            Self::Whisper => "whisper",
        })
    }
}

/// Says something in a channel. Sender fields are accepted and ignored: the server knows who speaks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Say {
    #[serde(default)]
    pub channel: Channel,
    pub content: Content,
    /// With `channel: "whisper"`: who hears it.
    #[serde(default, skip_serializing_if = "left_out")]
    pub recipient_id: Option<CharacterId>,
}

/// Says something in the one channel that the message's type names (`faction_chat`, `party_chat`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SayIn {
    pub content: Content,
}

/// Says something to one other character, by id or by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Whisper {
    #[serde(default, skip_serializing_if = "left_out")]
    pub recipient_id: Option<CharacterId>,
    /// Used when `recipient_id` is absent.
    #[serde(default, skip_serializing_if = "left_out")]
    pub recipient_name: Option<Text<1, 50>>,
    pub content: Content,
}

/// A line of chat as everybody hears it; of type `chat`, `whisper`, `faction_chat` or `party_chat`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Chat {
    pub sender_id: CharacterId,
    pub sender_name: String,
    pub channel: Channel,
    pub content: String,
    #[serde(default, skip_serializing_if = "left_out")]
    pub recipient_id: Option<CharacterId>,
    /// Increases within a channel: the order everybody sees.
    pub chat_id: u64,
}

/// What was said lately in a channel (v1), oldest first; sent on entering it, in pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatHistory {
    pub channel: Channel,
    pub lines: Vec<PastLine>,
}

/// One line of [`ChatHistory`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PastLine {
    pub chat_id: u64,
    pub sender_id: CharacterId,
    pub sender_name: String,
    pub content: String,
    /// Unix seconds.
    pub said_at: f64,
}

/// An admin speaks to the whole server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Announce {
    pub content: Content,
}

/// What an admin said to the whole server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorldAnnouncement {
    pub content: String,
    /// The admin's user name.
    pub announced_by: String,
}
