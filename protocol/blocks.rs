//! Block lists: whom a player wants nothing from.

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;
use crate::{CharacterId, Text};

/// Blocks a character and all others of the same account, or does so no more; also the body of `POST /api/blocks`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Whom {
    /// Whether it is in the world or not.
    #[serde(default, skip_serializing_if = "left_out")]
    pub character_id: Option<CharacterId>,
    /// Used when `character_id` is absent.
    #[serde(default, skip_serializing_if = "left_out")]
    pub character_name: Option<Text<1, 50>>,
}

/// Everybody whom one blocks: `block_list`, `GET /api/blocks`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BlockList {
    /// The latest last.
    pub blocked: Vec<Blocked>,
}

/// One of [`BlockList`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Blocked {
    /// As it was blocked; the others of its account are not told.
    pub character_id: CharacterId,
    /// Also of one that is deleted by now.
    pub character_name: String,
    /// Unix seconds.
    pub blocked_at: f64,
}
