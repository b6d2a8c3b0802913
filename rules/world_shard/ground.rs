//! What lies on the ground of its locations, as those see it who are there. The database says what lies where: the shard
//! hears of each change when it is on disk, and finds out who is near enough.

use protocol::ground::{GroundItem, GroundUpdate};
use protocol::ids::GroundId;
use protocol::{CharacterId, ErrorCode, LocationId, ServerMessage};

use super::{Area, WorldShard, not_here};
use crate::Refusal;
use crate::ground::Heap;
use crate::movement::distance;
use crate::sheet::Spot;
use crate::venue::{Audience, Effect, Found, Moment};

/// What is on disk of the ground of one location by now.
#[derive(Debug, Clone, PartialEq)]
pub enum Grounded {
    /// Somebody has dropped this.
    Laid { by: CharacterId, heap: Heap },
    /// Somebody has picked this up.
    Lifted { by: CharacterId, id: GroundId },
    /// Nobody has picked these up in time.
    Expired(Vec<GroundId>),
}

impl WorldShard {
    /// Goes on with what lay in its locations when it was read; `last` is the newest that had ever been laid by then.
    pub fn strew(&mut self, heaps: Vec<Heap>, last: GroundId) {
        self.ground_read_to = last;
        for heap in heaps {
            if let Some(area) = self.areas.get_mut(&heap.spot.location) {
                area.ground.insert(heap.id, heap);
            }
        }
    }

    pub(super) fn lying_in(&self, location: LocationId) -> Vec<GroundItem> {
        let area = self.areas.get(&location);
        area.into_iter().flat_map(|area| area.ground.values()).map(|heap| heap.shown(&self.content)).collect()
    }

    /// Where somebody stands who wants to lay something down.
    pub(super) fn spot_of(&self, who: CharacterId) -> Result<Spot, Refusal> {
        let body = self.bodies.get(&who).ok_or_else(not_here)?;
        Ok(Spot { location: body.location, position: body.position })
    }

    /// What somebody wants to pick up, if he is near enough.
    pub(super) fn reach(&self, who: CharacterId, id: GroundId, moment: &mut Moment) -> Result<(), Refusal> {
        let me = self.bodies.get(&who).ok_or_else(not_here)?;
        let heap = self.areas.get(&me.location).and_then(|area| area.ground.get(&id));
        let heap = heap.ok_or_else(|| nothing_there(id))?;
        let range_m = self.sight.range_m;
        if distance(heap.spot.position, me.position) > range_m {
            let reason = format!("it does not lie within {range_m} m");
            let refusal = Refusal::new(ErrorCode::TooFar, reason).with("field", "ground_id");
            return Err(refusal.with("range_m", range_m));
        }
        moment.effects.push(Effect::HandBack(Found::Reached(heap.clone())));
        Ok(())
    }

    /// Something is on disk by now: those who are there hear of it.
    pub(super) fn note_ground(&mut self, location: LocationId, news: Grounded, moment: &mut Moment) {
        let last = self.ground_read_to;
        let Some(area) = self.areas.get_mut(&location) else { return };
        let mut update = GroundUpdate {
            location_id: location,
            reason: "expire".to_owned(),
            character_id: None,
            items: Vec::new(),
            gone: Vec::new(),
        };
        match news {
            Grounded::Laid { by, heap } => {
                // What was laid before the ground was read, and is not there, has been taken since.
                if heap.id <= last && !area.ground.contains_key(&heap.id) {
                    return;
                }
                (update.reason, update.character_id) = ("drop".to_owned(), Some(by));
                update.items.push(heap.shown(&self.content));
                area.ground.insert(heap.id, heap);
            }
            Grounded::Lifted { by, id } => {
                area.ground.remove(&id);
                (update.reason, update.character_id) = ("pickup".to_owned(), Some(by));
                update.gone.push(id);
            }
            Grounded::Expired(ids) => {
                ids.iter().for_each(|id| drop(area.ground.remove(id)));
                update.gone = ids;
            }
        }
        tell_all(area, update, moment);
    }
}

fn tell_all(area: &Area, update: GroundUpdate, moment: &mut Moment) {
    let here: Vec<CharacterId> = area.occupants.iter().copied().collect();
    if !here.is_empty() {
        moment.tell(Audience::These(here), ServerMessage::GroundUpdate(update));
    }
}

/// What a command names does not lie there (any more).
pub fn nothing_there(id: GroundId) -> Refusal {
    let reason = format!("nothing lies here as {id} (any more)");
    Refusal::new(ErrorCode::NotFound, reason).with("field", "ground_id").with("ground_id", id.0)
}
