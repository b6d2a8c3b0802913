//! What those in a world shard are shown of each other at a tick.

use std::collections::BTreeMap;

use protocol::{CharacterId, LocationId};

use crate::venue::{Effect, Lookers, Looking, Moment, Vantage};
use crate::world_shard::WorldShard;
use crate::world_shard::views::Views;

impl WorldShard {
    /// Shows everybody who looks at each of the nearest those who moved, or who came into view.
    pub(super) fn show(&mut self, lookers: &Lookers, moment: &mut Moment) {
        let mut viewers_of: BTreeMap<CharacterId, Vec<CharacterId>> = BTreeMap::new();
        for (viewer, looking) in &lookers.each {
            let Some(body) = self.bodies.get(viewer).filter(|_| *looking == Looking::AtEach) else {
                continue;
            };
            if let Some(area) = self.areas.get(&body.location).filter(|area| area.stirred) {
                let mut in_view =
                    area.grid.nearest(body.position, self.sight.range_m, self.sight.others_max, *viewer);
                in_view.sort_unstable();
                for seen in &in_view {
                    let moved = self.bodies.get(seen).is_some_and(|body| body.moved);
                    if moved || body.sees.binary_search(seen).is_err() {
                        viewers_of.entry(*seen).or_default().push(*viewer);
                    }
                }
                if let Some(body) = self.bodies.get_mut(viewer) {
                    body.sees = in_view;
                }
            }
        }
        for (about, to) in viewers_of {
            if let Some(body) = self.bodies.get(&about) {
                moment.effects.push(Effect::Show { to, about, message: body.update() });
            }
        }
        for area in self.areas.values_mut() {
            area.stirred = false;
        }
        for body in self.bodies.values_mut() {
            body.moved = false;
        }
    }

    /// Tells everybody who looks around in batches what changed.
    pub(super) fn tell_views(&mut self, lookers: &Lookers, moment: &mut Moment) {
        let mut viewers: BTreeMap<LocationId, Vec<(CharacterId, Option<Vantage>)>> = BTreeMap::new();
        for (who, looking) in &lookers.each {
            if let (Looking::Around { knows }, Some(body)) = (looking, self.bodies.get(who)) {
                viewers.entry(body.location).or_default().push((*who, *knows));
            }
        }
        for (location, area) in &mut self.areas {
            let viewers = viewers.remove(location).unwrap_or_default();
            if area.changed || !viewers.is_empty() {
                let pace = (self.ticks, lookers.dilation);
                Views::new(pace, *location, area, &mut self.bodies).tell(&viewers, &mut moment.effects);
            }
        }
    }
}
