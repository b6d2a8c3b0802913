//! Who is near: kept from what the server tells of others.

use std::collections::{BTreeMap, HashMap};
use std::time::Instant;

use protocol::area::{AreaUpdate, Moved};
use protocol::characters::CharacterUpdate;
use protocol::ground::{GroundItem, GroundUpdate};
use protocol::ids::GroundId;
use protocol::movement::{Occupant, Position};
use protocol::{CharacterId, LocationId, ServerMessage};

/// More than this are not kept: whoever was unseen longest makes room.
const PLAYERS_MAX: usize = 4096;
/// More than this on the ground are not kept: more than any server lets lie in one place.
const GROUND_MAX: usize = 1024;

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
    /// In which cell each of them was last told of; empty until the world is first told in batches, which then alone say
    /// who is near.
    cells: HashMap<CharacterId, [i32; 2]>,
    /// What lies on the ground here.
    ground: BTreeMap<GroundId, GroundItem>,
}

impl Nearby {
    /// Another character was selected.
    pub fn become_character(&mut self, me: CharacterId, here: LocationId) {
        if self.me != Some(me) {
            *self = Self { me: Some(me), here: Some(here), ..Self::default() };
        }
    }

    pub fn here(&self) -> Option<LocationId> {
        self.here
    }

    pub fn ground(&self) -> Vec<GroundItem> {
        self.ground.values().cloned().collect()
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
                self.cells.clear();
                let lying = update.ground.iter().take(GROUND_MAX);
                self.ground = lying.map(|item| (item.ground_id, item.clone())).collect();
                for occupant in &update.occupants {
                    self.saw(met(occupant, update.location_id, now));
                }
            }
            ServerMessage::AreaUpdate(update) => self.look_around(update, now),
            ServerMessage::GroundUpdate(update) => self.look_down(update),
            ServerMessage::PlayerJoinedArea(joined) if self.cells.is_empty() => {
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
                // Who left another location may have come into this one since.
                let known = self.players.get(&left.character_id);
                if known.is_some_and(|known| known.location_id.is_none_or(|at| at == left.location_id)) {
                    self.players.remove(&left.character_id);
                    self.cells.remove(&left.character_id);
                }
            }
            ServerMessage::CharacterUpdate(update) => self.update(update, now),
            _ => {}
        }
    }

    fn look_around(&mut self, update: &AreaUpdate, now: Instant) {
        if update.full {
            self.players.clear();
            self.cells.clear();
        }
        for chunk in update.cells.iter().map(|chunk| chunk.update()) {
            for occupant in &chunk.enter {
                self.cells.insert(occupant.character_id, chunk.cell);
                self.saw(met(occupant, update.location_id, now));
            }
            // Who has been told of in another cell since is still near.
            for gone in &chunk.leave {
                if self.cells.get(&gone.0) == Some(&chunk.cell) {
                    self.cells.remove(&gone.0);
                    self.players.remove(&gone.0);
                }
            }
            for Moved(who, x, y, z, vx, vy, vz) in &chunk.moved {
                if let Some(known) = self.players.get_mut(who) {
                    known.position = Some(Position { x: x.0, y: y.0, z: z.0 });
                    known.velocity = Some(Position { x: vx.0, y: vy.0, z: vz.0 });
                    known.last_seen = now;
                }
            }
        }
    }

    fn look_down(&mut self, update: &GroundUpdate) {
        // News of a place that one has left since.
        if self.here != Some(update.location_id) {
            return;
        }
        for id in &update.gone {
            self.ground.remove(id);
        }
        for item in &update.items {
            if self.ground.len() < GROUND_MAX {
                self.ground.insert(item.ground_id, item.clone());
            }
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

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use protocol::area::{AreaUpdate, CellUpdate, Chunk, Coordinate, Gone, Moved};
    use protocol::ground::{GroundItem, GroundUpdate};
    use protocol::ids::GroundId;
    use protocol::movement::{LocationUpdate, Occupant, PlayerLeftArea, Position};
    use protocol::{CharacterId, LocationId, ServerMessage};

    use super::Nearby;

    fn occupant(id: i64) -> Occupant {
        Occupant {
            character_id: CharacterId(id),
            character_name: format!("Number {id}"),
            level: 1,
            faction: "Aether Seekers".to_owned(),
            position: Position::default(),
        }
    }

    fn frame(full: bool, cells: Vec<CellUpdate>) -> ServerMessage {
        let cells = cells.into_iter().map(Chunk::new).collect();
        ServerMessage::AreaUpdate(AreaUpdate {
            tick: 1,
            location_id: LocationId(1),
            dilation: 1.0,
            full,
            cells,
        })
    }

    fn names(nearby: &Nearby) -> Vec<String> {
        nearby.list(None).into_iter().map(|player| player.character_name).collect()
    }

    #[test]
    fn who_left_another_location_is_still_here() {
        let (mut nearby, now) = (Nearby::default(), Instant::now());
        nearby.become_character(CharacterId(1), LocationId(1));
        let here = CellUpdate { enter: vec![occupant(2), occupant(3)], ..CellUpdate::default() };
        nearby.learn(&frame(true, vec![here]), now);
        for (who, location) in [(2, 7), (3, 1)] {
            let left = PlayerLeftArea {
                character_id: CharacterId(who),
                character_name: format!("Number {who}"),
                location_id: LocationId(location),
                to_location_id: None,
            };
            nearby.learn(&ServerMessage::PlayerLeftArea(left), now);
        }
        assert_eq!(names(&nearby), ["Number 2"]);
    }

    #[test]
    fn what_lies_on_the_ground_is_what_was_told_of_this_place() {
        let item = |id: i64| GroundItem {
            ground_id: GroundId(id),
            item_id: None,
            kind: "health_potion".to_owned(),
            name: "Health Potion".to_owned(),
            quantity: 1,
            position: Position::default(),
        };
        let change = |location: i64, items: Vec<GroundItem>, gone: &[i64]| {
            ServerMessage::GroundUpdate(GroundUpdate {
                location_id: LocationId(location),
                reason: "drop".to_owned(),
                character_id: None,
                items,
                gone: gone.iter().copied().map(GroundId).collect(),
            })
        };
        let arrival = |location: i64, ground: Vec<GroundItem>| {
            ServerMessage::LocationUpdate(LocationUpdate {
                character_id: CharacterId(1),
                from_location_id: None,
                location_id: LocationId(location),
                location_name: "The Nexus".to_owned(),
                position: Position::default(),
                exits: Vec::new(),
                occupants: Vec::new(),
                occupant_count: 0,
                ground,
                safe: false,
                enemies: Vec::new(),
                sells: Vec::new(),
            })
        };
        let (mut nearby, now) = (Nearby::default(), Instant::now());
        for message in [
            arrival(1, vec![item(1), item(2)]),
            change(1, vec![item(3)], &[]),
            // Of a place that was left, and told again.
            change(2, vec![item(4)], &[2]),
            change(1, vec![item(3)], &[1]),
        ] {
            nearby.learn(&message, now);
        }
        assert_eq!(nearby.ground(), [item(2), item(3)]);
        nearby.learn(&arrival(2, Vec::new()), now);
        assert_eq!(nearby.ground(), []);
    }

    #[test]
    fn batches_say_who_is_near_whatever_the_order_of_their_cells() {
        let (mut nearby, now) = (Nearby::default(), Instant::now());
        nearby.become_character(CharacterId(1), LocationId(1));
        let here = |enter: Vec<Occupant>| CellUpdate { cell: [0, 0], enter, ..CellUpdate::default() };
        let there = |enter: Vec<Occupant>| CellUpdate { cell: [1, 0], enter, ..CellUpdate::default() };
        nearby.learn(&frame(true, vec![here(vec![occupant(1), occupant(2), occupant(3)])]), now);
        assert_eq!(names(&nearby), ["Number 2", "Number 3"]);
        // Both go over to the next cell; it is told of before the one they left, and behind it.
        let left = |id: i64, to| CellUpdate { leave: vec![Gone(CharacterId(id), to)], ..here(Vec::new()) };
        nearby.learn(&frame(false, vec![there(vec![occupant(2)]), left(2, Some([1, 0]))]), now);
        nearby.learn(&frame(false, vec![left(3, Some([1, 0])), there(vec![occupant(3)])]), now);
        assert_eq!(names(&nearby), ["Number 2", "Number 3"]);
        let still = Coordinate(0.0);
        let moved = vec![Moved(CharacterId(3), Coordinate(60.5), still, still, still, still, still)];
        nearby.learn(&frame(false, vec![CellUpdate { moved, ..there(Vec::new()) }]), now);
        assert_eq!(nearby.list(None)[1].position.map(|at| at.x), Some(60.5));
        let gone = vec![Gone(CharacterId(2), None), Gone(CharacterId(3), Some([9, 0]))];
        nearby.learn(&frame(false, vec![CellUpdate { leave: gone, ..there(Vec::new()) }]), now);
        assert!(names(&nearby).is_empty());
    }
}
