//! A session's quests: what its character does moves them, and what a completed one brings is had once.

use protocol::ServerMessage;
use rules::combat::Aftermath;
use rules::quests::{Deed, Progress, Step};
use rules::sheet::Sheet;
use storage::StoreError;

use crate::commands::Ticket;
use crate::entity::Ctx;
use crate::frame::Frame;
use crate::session::Session;
use crate::session::play::no_character;
use crate::session::sheet::Change;

impl Session {
    /// How those stand that one is at.
    pub(super) fn tell_quests(&self, ticket: &Ticket) {
        let Some(playing) = &self.playing else { return self.refuse(ticket, no_character()) };
        for quest in playing.quests.open(self.world.content()) {
            self.tell_quest(ServerMessage::QuestUpdate(playing.quests.message(quest)));
        }
        self.done(ticket);
    }

    fn tell_quest(&self, message: ServerMessage) {
        self.outbox.push(&Frame::new(message, self.wall_ms()));
    }

    /// Something was done, or what one has with one is different. On disk first; the mailbox waits.
    pub(super) fn note_deeds(&mut self, deeds: &[Deed], ctx: &mut Ctx<Self>) {
        let Some(playing) = &self.playing else { return };
        let steps = playing.quests.after(deeds, &playing.sheet, self.world.content());
        if steps.is_empty() {
            return self.complete_quests(ctx);
        }
        let (who, epoch) = (playing.member.id, playing.member.epoch);
        let kept = self.world.store().write(storage::quests::keep(who, epoch, steps.clone(), self.wall_ms()));
        Self::wait_for(kept, ctx, move |session, kept, ctx| match kept {
            Ok(()) => {
                session.advance_quests(&steps);
                session.complete_quests(ctx);
            }
            // Whoever has the character now says so by itself.
            Err(StoreError::StaleEpoch) => {}
            Err(error) => log::warn!("session {}: a quest can't be saved: {error}", session.id),
        });
    }

    /// What a fight makes of them, for the transaction that puts it into effect. `after`: the sheet, with what was found.
    /// `taken`: the crystal shard that was fought for.
    pub(super) fn quest_steps(&self, aftermath: &Aftermath, taken: bool, after: &Sheet) -> Vec<Step> {
        let Some(playing) = &self.playing else { return Vec::new() };
        let mut deeds: Vec<Deed> = aftermath.defeated.iter().cloned().map(Deed::Defeated).collect();
        deeds.extend(aftermath.prize.filter(|_| taken).map(|prize| Deed::Captured(prize.shard)));
        playing.quests.after(&deeds, after, self.world.content())
    }

    /// These are on disk.
    pub(super) fn advance_quests(&mut self, steps: &[Step]) {
        let content = self.world.content().clone();
        let Some(playing) = self.playing.as_mut() else { return };
        playing.quests.take(steps);
        let moved =
            content.quests().iter().filter(|quest| steps.iter().any(|step| step.quest_id == quest.id));
        let told: Vec<_> = moved.map(|quest| playing.quests.message(quest)).collect();
        for message in told {
            self.tell_quest(ServerMessage::QuestUpdate(message));
        }
    }

    /// Rewards what is done, one after the other. What can't be taken in now (in a fight, or without room for it) is tried
    /// again when something has changed.
    pub(super) fn complete_quests(&mut self, ctx: &mut Ctx<Self>) {
        let content = self.world.content().clone();
        let Some(playing) = &self.playing else { return };
        let Some(quest) = playing.quests.due(&content) else { return };
        let before = &playing.sheet;
        let planned = quest.reward(before, &content).and_then(|reward| {
            let after = before.after(&reward, None)?;
            Ok((reward, after))
        });
        let Ok((reward, after)) = planned else { return };
        let change = Change::new(before, after, &reward, &content);
        let (who, epoch, now_ms) = (playing.member.id, playing.member.epoch, self.wall_ms());
        let step =
            Step { quest_id: quest.id.clone(), progress: Progress { done: quest.count, completed: true } };
        let settle = storage::sheets::settle(reward, None, now_ms).with(storage::quests::keep(
            who,
            epoch,
            vec![step.clone()],
            now_ms,
        ));
        let settled = self.world.store().write(settle);
        Self::wait_for(settled, ctx, move |session, settled, ctx| match settled {
            Ok(serials) => {
                session.adopt_own(change, &serials);
                session.advance_quests(std::slice::from_ref(&step));
                session.announce_after(&step.quest_id);
                session.note_deeds(&[], ctx);
            }
            Err(StoreError::StaleSheet) => session.retake_sheet(ctx),
            Err(StoreError::StaleEpoch) => {}
            Err(error) => log::warn!("session {}: a quest can't be rewarded: {error}", session.id),
        });
    }

    /// Tells of those that can be begun now.
    fn announce_after(&self, quest_id: &str) {
        let Some(playing) = &self.playing else { return };
        let content = self.world.content();
        let next = playing.quests.open(content).filter(|quest| quest.after.as_deref() == Some(quest_id));
        for quest in next {
            self.tell_quest(ServerMessage::QuestUpdate(playing.quests.message(quest)));
        }
    }
}
