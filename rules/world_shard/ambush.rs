//! Who lies in wait: told to the session of whoever is come upon, which knows whether he can fight now.

use protocol::CharacterId;

use super::WorldShard;
use crate::encounter;
use crate::venue::{Effect, Moment, News};

impl WorldShard {
    /// Somebody has gone so far.
    pub(super) fn may_be_seen(&mut self, who: CharacterId, metres: f64, moment: &mut Moment) {
        let Some(body) = self.bodies.get_mut(&who) else { return };
        let Some(here) = self.content.location(body.location) else { return };
        let level = body.member.level;
        if let Some(kind) = body.wandering.go_on(metres, &self.content, here, level, moment.dice) {
            let (location, enemy) = (here.id, kind.to_owned());
            moment.effects.push(Effect::Inform(who, News::Ambushed { location, enemy }));
        }
    }

    /// Somebody has just come from elsewhere.
    pub(super) fn may_be_awaited(&self, who: CharacterId, moment: &mut Moment) {
        let Some(body) = self.bodies.get(&who) else { return };
        let Some(here) = self.content.location(body.location) else { return };
        if let Some(kind) = encounter::comes_upon(&self.content, here, body.member.level, moment.dice) {
            let (location, enemy) = (here.id, kind.to_owned());
            moment.effects.push(Effect::Inform(who, News::Ambushed { location, enemy }));
        }
    }
}
