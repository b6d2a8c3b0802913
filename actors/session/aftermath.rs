//! What a fight leaves of a session's character: put into effect on its sheet, once, whatever happened in between.

use std::collections::VecDeque;
use std::time::Duration;

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use protocol::ServerMessage;
use protocol::combat::Outcome;
use protocol::ids::CombatId;
use rules::combat::Aftermath;
use rules::realm::{Captor, RealmCommand};
use rules::venue::Member;
use storage::StoreError;
use storage::combats::Left;

use crate::entity::{Ctx, Shell};
use crate::frame::Frame;
use crate::host::{self, Reply};
use crate::session::Session;
use crate::session::sheet::Change;

/// How long it takes until what could not be put into effect is tried again.
const AGAIN: Duration = Duration::from_secs(2);

impl Session {
    /// The combat has let the character go: what it leaves of it is on disk.
    pub(super) fn fought(&mut self, id: CombatId, ctx: &mut Ctx<Self>) {
        if let Some(fight) = self.fight(id) {
            fight.over = true;
            self.leave_fight();
            self.conclude(ctx);
        }
    }

    /// The crystal shard that was won is taken, or can't be any more: the disk knows which.
    pub(super) fn claimed(&mut self, id: CombatId, ctx: &mut Ctx<Self>) {
        if let Some(playing) = self.playing.as_mut() {
            playing.claimed = Some(id);
            self.conclude(ctx);
        }
    }

    /// Puts into effect what is not yet; the mailbox waits, so that what the client asks next finds the sheet as it is
    /// then.
    pub(super) fn conclude(&mut self, ctx: &mut Ctx<Self>) {
        let Some(playing) = &self.playing else { return };
        let left = self.world.store().read(storage::combats::aftermaths(playing.member.id));
        ctx.wait(wrap_future(left).map(|left, shell: &mut Shell<Self>, ctx: &mut Ctx<Self>| {
            let session = &mut shell.entity;
            match left {
                Ok(left) => session.put_into_effect(left.into(), ctx),
                Err(error) => session.conclude_later(&error.to_string(), ctx),
            }
        }));
    }

    fn put_into_effect(&mut self, mut left: VecDeque<Left>, ctx: &mut Ctx<Self>) {
        let Some(Left { aftermath, taken }) = left.pop_front() else {
            return self.over_unless_under_way(ctx);
        };
        let Some(playing) = &self.playing else { return };
        let claimed = playing.claimed.is_some_and(|combat| combat == aftermath.combat_id);
        if aftermath.prize.is_some() && !taken && !claimed {
            return self.claim(&aftermath, ctx);
        }
        let (before, content, by) = (&playing.sheet, self.world.content(), aftermath.engagement());
        let settlement = aftermath.settlement(before, content);
        let after = match before.after(&settlement, Some(&by)) {
            Ok(after) => after,
            // A trade has the sheet: it is over soon.
            Err(refusal) => return self.conclude_later(&refusal.reason, ctx),
        };
        let (epoch, now_ms, steps) =
            (before.epoch, self.wall_ms(), self.quest_steps(&aftermath, taken, &after));
        let change = Change::new(before, after, &settlement, content);
        let settle = storage::sheets::settle(settlement, None, now_ms)
            .with(storage::combats::settle_aftermath(aftermath.character_id, aftermath.combat_id))
            .with(storage::quests::keep(aftermath.character_id, epoch, steps.clone(), now_ms));
        let settled = self.world.store().write(settle);
        ctx.wait(wrap_future(settled).map(move |settled, shell: &mut Shell<Self>, ctx: &mut Ctx<Self>| {
            let session = &mut shell.entity;
            match settled {
                Ok(serials) => {
                    session.let_rest(aftermath.outcome);
                    // Of a fight that ended while nobody was there, or just as this session took the character.
                    if session.fight(aftermath.combat_id).is_none_or(|fight| !fight.seen) {
                        let end = ServerMessage::CombatEnd(aftermath.message());
                        session.outbox.push(&Frame::new(end, session.wall_ms()));
                    }
                    session.adopt(change, &serials, &by);
                    session.advance_quests(&steps);
                    session.put_into_effect(left, ctx);
                }
                // By an earlier try whose answer was lost, or the sheet was another one.
                Err(StoreError::NotFound | StoreError::Conflict("cause") | StoreError::StaleSheet) => {
                    session.retake_sheet(ctx);
                    session.conclude_later("the sheet has changed", ctx);
                }
                // Whoever has the character now puts it into effect.
                Err(StoreError::StaleEpoch) => {}
                Err(error) => session.conclude_later(&error.to_string(), ctx),
            }
        }));
    }

    /// Nothing is left to be put into effect. A fight that one is still in goes on.
    fn over_unless_under_way(&mut self, ctx: &mut Ctx<Self>) {
        let fight = self.playing.as_ref().and_then(|playing| playing.fight.as_ref());
        if fight.is_some_and(|fight| fight.over) {
            self.end_fight();
        }
        self.note_deeds(&[], ctx);
    }

    /// The realm first: once the aftermath is put into effect, its character does not remember the shard. The combat has said
    /// it, too; whoever of the winners asks makes sure that it was heard.
    fn claim(&mut self, aftermath: &Aftermath, ctx: &mut Ctx<Self>) {
        let Some(playing) = &self.playing else { return };
        let Member { id, name, faction, .. } = playing.member.clone();
        let Some(won) = aftermath.won(|| Captor { id, name, faction }) else { return };
        if let Some(door) = &playing.realm {
            let who = playing.member.id;
            let reply = Reply { who, outbox: self.outbox.clone(), ticket: None };
            let command = RealmCommand::Capture { combat: aftermath.combat_id, won };
            // Not heard, it is asked again.
            let _ = door.post(host::Mail::Command { who, session: self.id, command, reply });
        }
        self.conclude_later("the realm is asked", ctx);
    }

    fn conclude_later(&self, why: &str, ctx: &mut Ctx<Self>) {
        log::debug!("session {}: what a fight left is not in effect yet: {why}", self.id);
        let Some(who) = self.playing.as_ref().map(|playing| playing.member.id) else { return };
        ctx.run_later(AGAIN, move |shell, ctx| {
            let session = &mut shell.entity;
            if session.playing.as_ref().is_some_and(|playing| playing.member.id == who) {
                session.conclude(ctx);
            }
        });
    }

    /// Nothing lies in wait for somebody who has just fought; and whoever was defeated is left alone by others who would
    /// like to fight him.
    fn let_rest(&mut self, outcome: Outcome) {
        let now_ms = self.world.clock().mono_ms();
        let world = self.world.clone();
        let combat = &world.options().combat;
        let Some(playing) = self.playing.as_mut() else { return };
        playing.calm_until_ms = now_ms + combat.ambush_pause_ms;
        if outcome == Outcome::Lost {
            playing.spared_until_ms = now_ms + combat.truce_ms;
        }
    }
}
