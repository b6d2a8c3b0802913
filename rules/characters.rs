//! How a character comes about: rolled or chosen stats, racial modifiers, resources, souls, starting kit.

use protocol::LocationId;
use protocol::characters::{Progression, Resources, Stats};
use protocol::movement::Position;

/// A character that the rules have made and the store has not.
#[derive(Debug, Clone, PartialEq)]
pub struct NewCharacter {
    pub name: String,
    /// The name as it must be unique: normalised and folded.
    pub name_key: String,
    pub race: String,
    pub class: String,
    pub faction: String,
    pub stats: Stats,
    pub resources: Resources,
    pub progression: Progression,
    /// Kinds of the items it starts with, for example "longsword"; `content/items.toml` lists them.
    pub kit: Vec<String>,
    pub location_id: LocationId,
    pub position: Position,
}
