//! A character as it stands in a world shard.

use protocol::characters::CharacterUpdate;
use protocol::movement::{Occupant, Position};
use protocol::{CharacterId, LocationId, ServerMessage};

use crate::encounter::Wandering;
use crate::grid::Cell;
use crate::movement::SpeedBudget;
use crate::venue::{Member, Whereabouts};

#[derive(Debug)]
pub(super) struct Body {
    pub(super) member: Member,
    pub(super) location: LocationId,
    pub(super) position: Position,
    pub(super) velocity: Option<Position>,
    pub(super) budget: SpeedBudget,
    pub(super) unsaved: bool,
    pub(super) moved: bool,
    /// Who was in view at the last show, in order of id.
    pub(super) sees: Vec<CharacterId>,
    /// The cell that those who look around in batches were last told of.
    pub(super) told_in: Option<Cell>,
    /// The tick that tells of its coming there.
    pub(super) entered_at: u64,
    /// The tick that tells of its last step.
    pub(super) moved_at: u64,
    pub(super) wandering: Wandering,
}

impl Body {
    pub(super) fn new(member: Member, location: LocationId, position: Position) -> Self {
        Self {
            member,
            location,
            position,
            velocity: None,
            budget: SpeedBudget::default(),
            unsaved: false,
            moved: true,
            sees: Vec::new(),
            told_in: None,
            entered_at: 0,
            moved_at: 0,
            wandering: Wandering::default(),
        }
    }

    pub(super) fn whereabouts(&self) -> Whereabouts {
        Whereabouts {
            character_id: self.member.id,
            epoch: self.member.epoch,
            location_id: self.location,
            position: self.position,
        }
    }

    pub(super) fn occupant(&self) -> Occupant {
        Occupant {
            character_id: self.member.id,
            character_name: self.member.name.clone(),
            level: self.member.level,
            faction: self.member.faction.clone(),
            position: self.position,
        }
    }

    pub(super) fn update(&self) -> ServerMessage {
        ServerMessage::CharacterUpdate(CharacterUpdate {
            character_id: self.member.id,
            character_name: self.member.name.clone(),
            location_id: Some(self.location),
            position: Some(self.position),
            velocity: self.velocity,
            health: None,
            max_health: None,
            mana: None,
            max_mana: None,
            stamina: None,
            max_stamina: None,
            level: Some(self.member.level),
            faction: Some(self.member.faction.clone()),
        })
    }
}
