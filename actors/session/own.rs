//! How one's own character stands, as its client is told.

use protocol::ServerMessage;
use protocol::characters::CharacterUpdate;

use crate::commands::Ticket;
use crate::session::Session;
use crate::session::play::{Playing, no_character};

impl Session {
    /// One's own `character_update`.
    pub(super) fn own_state(&self) -> Option<ServerMessage> {
        self.playing.as_ref().map(|playing| ServerMessage::CharacterUpdate(playing.own_update()))
    }

    pub(super) fn tell_own_state(&self, ticket: &Ticket) {
        match self.own_state() {
            Some(state) => self.answer(ticket, state),
            None => self.refuse(ticket, no_character()),
        }
    }
}

impl Playing {
    fn own_update(&self) -> CharacterUpdate {
        let (character, resources) = (&self.character, &self.character.resources);
        CharacterUpdate {
            character_id: character.id,
            character_name: character.name.clone(),
            location_id: Some(self.location),
            position: None,
            velocity: None,
            health: Some(resources.health),
            max_health: Some(resources.max_health),
            mana: Some(resources.mana),
            max_mana: Some(resources.max_mana),
            stamina: Some(resources.stamina),
            max_stamina: Some(resources.max_stamina),
            level: Some(character.progression.level),
            faction: Some(character.faction.clone()),
        }
    }
}
