//! Who is near: kept from what the server tells of others.

use std::collections::HashMap;
use std::time::Instant;

use protocol::characters::CharacterUpdate;
use protocol::movement::{Occupant, Position};
use protocol::{CharacterId, LocationId, ServerMessage};

/// More than this are not kept: whoever was unseen longest makes room.
const PLAYERS_MAX: usize = 4096;

/// Somebody else in the same location, as far as was told.
#[derive(Debug, Clone, PartialEq)]
pub struct NearbyPlayer {
    pub character_id: CharacterId,
    pub character_name: String,
    pub location_id: Option<LocationId>,
    pub position: Option<Position>,
    /// Metres a second.
    pub velocity: Option<Position>,
    pub level: Option<i32>,
    pub faction: Option<String>,
    /// When the server last told of them.
    pub last_seen: Instant,
}

/// Everybody near, and who oneself is.
#[derive(Debug, Default)]
pub(crate) struct Nearby {
    me: Option<CharacterId>,
    here: Option<LocationId>,
    players: HashMap<CharacterId, NearbyPlayer>,
}

impl Nearby {
    /// Another character was selected.
    pub fn become_character(&mut self, me: CharacterId, here: LocationId) {
        if self.me != Some(me) {
            *self = Self { me: Some(me), here: Some(here), players: HashMap::new() };
        }
    }

    pub fn here(&self) -> Option<LocationId> {
        self.here
    }

    /// Those in `location`, or all; by name.
    pub fn list(&self, location: Option<LocationId>) -> Vec<NearbyPlayer> {
        let wanted = |player: &&NearbyPlayer| location.is_none() || player.location_id == location;
        let mut players: Vec<_> = self.players.values().filter(wanted).cloned().collect();
        players.sort_by(|a, b| a.character_name.cmp(&b.character_name));
        players
    }

    /// Learns from one message.
    pub fn learn(&mut self, message: &ServerMessage, now: Instant) {
        match message {
            ServerMessage::LocationUpdate(update) => {
                self.me = Some(update.character_id);
                self.here = Some(update.location_id);
                self.players.clear();
                for occupant in &update.occupants {
                    self.saw(met(occupant, update.location_id, now));
                }
            }
            ServerMessage::PlayerJoinedArea(joined) => {
                let occupant = Occupant {
                    character_id: joined.character_id,
                    character_name: joined.character_name.clone(),
                    level: joined.level,
                    faction: joined.faction.clone(),
                    position: joined.position,
                };
                self.saw(met(&occupant, joined.location_id, now));
            }
            ServerMessage::PlayerLeftArea(left) => {
                self.players.remove(&left.character_id);
            }
            ServerMessage::CharacterUpdate(update) => self.update(update, now),
            _ => {}
        }
    }

    fn update(&mut self, update: &CharacterUpdate, now: Instant) {
        let here = self.here;
        if let Some(known) = self.players.get_mut(&update.character_id) {
            known.location_id = update.location_id.or(known.location_id);
            known.position = update.position.or(known.position);
            known.velocity = update.velocity.or(known.velocity);
            known.level = update.level.or(known.level);
            if update.faction.is_some() {
                known.faction.clone_from(&update.faction);
            }
            known.last_seen = now;
            return;
        }
        self.saw(NearbyPlayer {
            character_id: update.character_id,
            character_name: update.character_name.clone(),
            location_id: update.location_id.or(here),
            position: update.position,
            velocity: update.velocity,
            level: update.level,
            faction: update.faction.clone(),
            last_seen: now,
        });
    }

    fn saw(&mut self, player: NearbyPlayer) {
        if Some(player.character_id) == self.me {
            return;
        }
        if self.players.len() >= PLAYERS_MAX && !self.players.contains_key(&player.character_id) {
            let oldest = self.players.values().min_by_key(|player| player.last_seen);
            if let Some(oldest) = oldest.map(|player| player.character_id) {
                self.players.remove(&oldest);
            }
        }
        self.players.insert(player.character_id, player);
    }
}

fn met(occupant: &Occupant, location: LocationId, now: Instant) -> NearbyPlayer {
    NearbyPlayer {
        character_id: occupant.character_id,
        character_name: occupant.character_name.clone(),
        location_id: Some(location),
        position: Some(occupant.position),
        velocity: None,
        level: Some(occupant.level),
        faction: Some(occupant.faction.clone()),
        last_seen: now,
    }
}
