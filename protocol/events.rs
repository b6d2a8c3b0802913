//! What happens to a character by itself: quests and triggers of the world.

use serde::{Deserialize, Serialize};

use crate::nulls::left_out;

use crate::LocationId;

/// A quest of one's own moved on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct QuestUpdate {
    /// Names the quest.
    pub quest_id: String,
    /// A few words for people.
    pub title: String,
    /// A sentence or two for people.
    pub description: String,
    /// "active" or "completed".
    pub status: String,
    /// How much of it is done, for example 2 of 5.
    pub progress: u32,
    /// How much there is to do.
    pub goal: u32,
}

/// Something happened near.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct EventTrigger {
    /// Names this one event.
    pub event_id: String,
    /// What kind of event, for programs.
    pub event_type: String,
    /// A few words for people.
    pub title: String,
    /// A sentence or two for people.
    pub description: String,
    /// Where; absent when it is everywhere.
    #[serde(default, skip_serializing_if = "left_out")]
    pub location_id: Option<LocationId>,
}
