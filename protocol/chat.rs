//! Chat: one model for every channel. The server stamps who speaks.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::nulls::{left_out, null_is_default};

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
    /// Where it is heard; `global` when absent.
    #[serde(default, deserialize_with = "null_is_default")]
    pub channel: Channel,
    /// Plain text; control characters are stripped.
    pub content: Content,
    /// With `channel: "whisper"`: who hears it.
    #[serde(default, skip_serializing_if = "left_out")]
    pub recipient_id: Option<CharacterId>,
}

/// Says something in the one channel that the message's type names (`faction_chat`, `party_chat`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SayIn {
    /// Plain text; control characters are stripped.
    pub content: Content,
}

/// Says something to one other character, by id or by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Whisper {
    /// Who hears it.
    #[serde(default, skip_serializing_if = "left_out")]
    pub recipient_id: Option<CharacterId>,
    /// Used when `recipient_id` is absent.
    #[serde(default, skip_serializing_if = "left_out")]
    pub recipient_name: Option<Text<1, 50>>,
    /// Plain text; control characters are stripped.
    pub content: Content,
}

/// A line of chat as everybody hears it; of type `chat`, `whisper`, `faction_chat` or `party_chat`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Chat {
    /// Who speaks, as the server knows it.
    pub sender_id: CharacterId,
    /// As everybody sees it.
    pub sender_name: String,
    /// Where it is heard.
    pub channel: Channel,
    /// Plain text; control characters are stripped.
    pub content: String,
    /// Of a whisper only: who hears it.
    #[serde(default, skip_serializing_if = "left_out")]
    pub recipient_id: Option<CharacterId>,
    /// Increases within a channel: the order everybody sees.
    pub chat_id: u64,
}

/// What was said lately in a channel (v1), oldest first; sent on entering it, in pages.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ChatHistory {
    /// The one channel that all lines are of.
    pub channel: Channel,
    /// Oldest first.
    pub lines: Vec<PastLine>,
}

/// One line of [`ChatHistory`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PastLine {
    /// The line's place in the order of its channel.
    pub chat_id: u64,
    /// Who speaks, as the server knows it.
    pub sender_id: CharacterId,
    /// As everybody sees it.
    pub sender_name: String,
    /// Plain text; control characters are stripped.
    pub content: String,
    /// Unix seconds.
    pub said_at: f64,
}

/// An admin speaks to the whole server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Announce {
    /// Plain text; control characters are stripped.
    pub content: Content,
}

/// What an admin said to the whole server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WorldAnnouncement {
    /// Plain text; control characters are stripped.
    pub content: String,
    /// The admin's user name.
    pub announced_by: String,
}
