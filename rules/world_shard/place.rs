//! Where somebody is, as he and his session are told.

use protocol::movement::LocationUpdate;
use protocol::{CharacterId, LocationId, ServerMessage};

use super::WorldShard;
use super::body::Body;
use crate::venue::{Effect, Moment, News};

impl WorldShard {
    /// Tells the player and its session. The session begins no new way before it has heard of an arrival in the
    /// world, or before the answer to a way is out: what it waits for comes second, so no later place is told first.
    pub(super) fn tell_arrived(&self, who: CharacterId, from: Option<LocationId>, moment: &mut Moment) {
        let update = self.location_update(who, from);
        let placed = Effect::Inform(who, News::Placed(update.location_id));
        let answer = Effect::Answer(ServerMessage::LocationUpdate(update));
        moment.effects.extend(if from.is_some() { [placed, answer] } else { [answer, placed] });
    }

    pub(super) fn location_update(&self, who: CharacterId, from: Option<LocationId>) -> LocationUpdate {
        let body = &self.bodies[&who];
        let location =
            self.content.location(body.location).expect("a body stands in a location of the content");
        let area = &self.areas[&body.location];
        let occupants = area
            .grid
            .nearest(body.position, self.sight.range_m, self.sight.others_max, who)
            .into_iter()
            .filter_map(|id| self.bodies.get(&id))
            .map(Body::occupant)
            .collect();
        LocationUpdate {
            character_id: who,
            from_location_id: from,
            location_id: location.id,
            location_name: location.name.clone(),
            position: body.position,
            exits: location.exits.clone(),
            occupants,
            occupant_count: u32::try_from(area.occupants.len().saturating_sub(1)).unwrap_or(u32::MAX),
            ground: self.lying_in(location.id),
            safe: location.safe,
            enemies: location.enemies.clone(),
            sells: location.sells.clone(),
        }
    }
}
