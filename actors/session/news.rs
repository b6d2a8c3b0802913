//! What a session hears from the venues its character is in.

use rules::venue::News;

use crate::entity::Ctx;
use crate::session::Session;

impl Session {
    pub(super) fn hear(&mut self, news: News, ctx: &mut Ctx<Self>) {
        match news {
            News::Placed(location) => {
                self.placed(location, ctx);
                self.no_longer_arriving(location, ctx);
            }
            News::Settled { by, settlement, done } => self.settled(&by, &settlement, done, ctx),
            News::Released { by } => self.released(&by),
            News::Thawed { by, number } => self.thawed(&by, number),
            News::Ambushed { location, enemy } => self.ambushed(location, enemy, ctx),
            News::Fighting(combat) => self.fighting(combat),
            News::InParty { party, members } => self.in_party(party, members, ctx),
            News::OutOfParty(party) => self.out_of_party(party),
            News::Invited(invitation) => self.invited(*invitation),
            News::Fought(combat) => self.fought(combat, ctx),
            News::Claimed(combat) => self.claimed(combat, ctx),
        }
    }
}
