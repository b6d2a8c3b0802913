//! Who meets whom: what others have to be near for.

use protocol::{CharacterId, ErrorCode};

use super::{WorldShard, not_here};
use crate::Refusal;
use crate::movement::distance;
use crate::venue::{Effect, Found, Moment};

impl WorldShard {
    pub(super) fn approach(
        &self,
        who: CharacterId,
        whom: CharacterId,
        moment: &mut Moment,
    ) -> Result<(), Refusal> {
        let me = self.bodies.get(&who).ok_or_else(not_here)?;
        let range_m = self.sight.range_m;
        let near = self.bodies.get(&whom).is_some_and(|other| {
            other.location == me.location && distance(other.position, me.position) <= range_m
        });
        if !near {
            let reason = format!("they are not within {range_m} m");
            let refusal = Refusal::new(ErrorCode::TooFar, reason).with("field", "recipient_id");
            return Err(refusal.with("range_m", range_m));
        }
        moment.effects.push(Effect::HandBack(Found::Near(whom)));
        Ok(())
    }
}
