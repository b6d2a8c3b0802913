//! The sheet of a session's character: changed by its owner, lent to venues, taken back from the disk.

use std::sync::Arc;

use protocol::ids::ItemId;
use protocol::inventory::InventoryUpdate;
use protocol::{CharacterId, ErrorCode, ErrorMessage, ServerMessage};
use rules::sheet::{Engagement, Settlement, Sheet};
use rules::{Content, Refusal, inventory};
use storage::sheets::AnswerOf;
use storage::{Pending, StoreError};

use crate::commands::Ticket;
use crate::entity::Ctx;
use crate::errors::storage_error;
use crate::faults;
use crate::flight::answer_text;
use crate::frame::Frame;
use crate::host::Reply;
use crate::repeats::answer_again;
use crate::session::Session;
use crate::session::play::no_character;

/// A sheet before and after a settlement of its owner's, until the store says which serials new items have.
#[derive(Clone)]
pub(super) struct Change {
    before: Sheet,
    after: Sheet,
    reason: &'static str,
    new_kinds: Vec<String>,
    content: Arc<Content>,
}

/// A change that a command asks for, before it is on disk.
pub(super) struct Plan {
    pub settlement: Settlement,
    pub answer: Option<AnswerOf>,
    pub change: Change,
}

impl Change {
    pub(super) fn new(before: &Sheet, after: Sheet, settlement: &Settlement, content: &Arc<Content>) -> Self {
        Self {
            before: before.clone(),
            after,
            reason: settlement.reason,
            new_kinds: settlement.made_for(before.character_id).map(str::to_owned).collect(),
            content: content.clone(),
        }
    }

    pub(super) fn of(&self) -> CharacterId {
        self.before.character_id
    }

    fn with(mut self, serials: &[ItemId]) -> (Sheet, InventoryUpdate) {
        for (id, kind) in serials.iter().zip(self.new_kinds) {
            self.after.receive(*id, kind);
        }
        let update = inventory::update(&self.before, &self.after, &self.content, self.reason);
        (self.after, update)
    }
}

impl Session {
    /// Settles a change that concerns nobody else. On disk first, then it counts; the mailbox waits, so that what the
    /// client asks next finds the sheet as it is then.
    pub(super) fn settle_own(
        &mut self,
        field: &str,
        plan: impl FnOnce(&Sheet, &Content) -> Result<Settlement, Refusal>,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
    ) {
        let Plan { settlement, answer, change } = match self.plan_own(field, plan, &ticket) {
            Ok(plan) => plan,
            Err(error) => return self.refuse(&ticket, error),
        };
        let saved = self.world.store().write(storage::sheets::settle(settlement, answer, self.wall_ms()));
        Self::wait_for(saved, ctx, move |session, saved, ctx| {
            session.settled_own(saved, change, ticket, ctx)
        });
    }

    /// What a command would change of the sheet, and its answer. A refusal is about `field` if it does not say better.
    pub(super) fn plan_own(
        &self,
        field: &str,
        plan: impl FnOnce(&Sheet, &Content) -> Result<Settlement, Refusal>,
        ticket: &Ticket,
    ) -> Result<Plan, ErrorMessage> {
        let playing = self.playing.as_ref().ok_or_else(no_character)?;
        let (who, before, content) = (playing.member.id, &playing.sheet, self.world.content());
        let planned = plan(before, content)
            .and_then(|settlement| before.after(&settlement, None).map(|after| (settlement, after)));
        let (settlement, after) = planned.map_err(|refusal| refusal.about(field))?;
        let change = Change::new(before, after, &settlement, content);
        let wall_ms = self.wall_ms();
        let answer = ticket.message_id.clone().map(|id| {
            let change = change.clone();
            let text = move |serials: &[ItemId]| {
                answer_text(&ServerMessage::InventoryUpdate(change.with(serials).1), wall_ms)
            };
            (who, id.into_string(), Box::new(text) as _)
        });
        Ok(Plan { settlement, answer, change })
    }

    /// The store says what became of it.
    pub(super) fn settled_own(
        &mut self,
        saved: Result<Vec<ItemId>, StoreError>,
        change: Change,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
    ) {
        faults::hit("session.saved");
        match saved {
            Ok(serials) => {
                let (after, update) = change.with(&serials);
                self.answer(&ticket, ServerMessage::InventoryUpdate(update));
                self.take_over(after);
                self.note_deeds(&[], ctx);
            }
            Err(StoreError::Conflict("message_id")) => {
                let who = change.before.character_id;
                answer_again(&self.world, Reply { who, outbox: self.outbox.clone(), ticket: Some(ticket) });
            }
            Err(StoreError::StaleEpoch) => {
                let reason = "another session has taken your character";
                self.refuse(&ticket, ErrorMessage::new(ErrorCode::NoCharacter, reason));
            }
            Err(StoreError::StaleSheet) => {
                let reason = "your character has changed meanwhile: try again";
                self.refuse(&ticket, ErrorMessage::new(ErrorCode::Busy, reason).with("retry_after_ms", 100));
                self.retake_sheet(ctx);
            }
            Err(error) => self.refuse(&ticket, storage_error(&error)),
        }
    }

    /// A venue has settled something about the sheet.
    pub(super) fn settled(
        &mut self,
        by: &Engagement,
        settlement: &Settlement,
        done: bool,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(playing) = &self.playing else { return };
        let before = &playing.sheet;
        // What was made for it has serials that only the store knows.
        let knows_all = settlement.made_for(playing.member.id).next().is_none();
        let Some(mut after) = before.after(settlement, Some(by)).ok().filter(|_| knows_all) else {
            if done {
                self.engagement_over(by);
            }
            return self.retake_sheet(ctx);
        };
        if done {
            after.release(by);
        }
        let update = inventory::update(before, &after, self.world.content(), settlement.reason);
        self.tell_update(update);
        self.take_over(after);
        if done {
            self.engagement_over(by);
        }
        self.note_deeds(&[], ctx);
    }

    /// What was settled for nobody else is on disk.
    pub(super) fn adopt_own(&mut self, change: Change, serials: &[ItemId]) {
        let (after, update) = change.with(serials);
        self.tell_update(update);
        self.take_over(after);
    }

    /// What was settled for a venue is on disk, and the venue has no say over the sheet any more.
    pub(super) fn adopt(&mut self, change: Change, serials: &[ItemId], by: &Engagement) {
        let (mut after, update) = change.with(serials);
        after.release(by);
        self.tell_update(update);
        self.take_over(after);
    }

    /// A venue has no say over the sheet any more, and has left it as it was.
    pub(super) fn released(&mut self, by: &Engagement) {
        if let Some(playing) = self.playing.as_mut() {
            playing.sheet.release(by);
        }
        self.engagement_over(by);
    }

    fn engagement_over(&mut self, by: &Engagement) {
        if let Engagement::Trade(id) = by {
            self.trade_over(id);
        }
    }

    /// Reads the sheet from the disk, behind everything that was asked of it before. What it was lent to has no say over
    /// it any more.
    pub(super) fn retake_sheet(&mut self, ctx: &mut Ctx<Self>) {
        let Some(taken) = self.ask_for_sheet() else { return };
        // What lies in a trade would not be locked any more.
        self.give_up_trade();
        Self::wait_for(taken, ctx, |session, taken, _| session.retook_sheet(taken));
    }

    pub(super) fn ask_for_sheet(&self) -> Option<Pending<Sheet>> {
        let playing = self.playing.as_ref()?;
        let retake = storage::sheets::retake(playing.member.id, playing.member.epoch);
        Some(self.world.store().write(retake))
    }

    pub(super) fn retook_sheet(&mut self, taken: Result<Sheet, StoreError>) {
        let Some(playing) = &self.playing else { return };
        match taken {
            Ok(sheet) => {
                let update = inventory::update(&playing.sheet, &sheet, self.world.content(), "sync");
                self.tell_update(update);
                self.take_over(sheet);
            }
            // Whoever has the character now says so by itself.
            Err(StoreError::StaleEpoch) => {}
            Err(error) => log::error!("session {}: its sheet can't be read: {error}", self.id),
        }
    }

    /// Goes on with another sheet; tells the client how its character stands if that changed.
    fn take_over(&mut self, sheet: Sheet) {
        let Some(playing) = self.playing.as_mut() else { return };
        let same = playing.sheet.resources == sheet.resources
            && playing.sheet.progression.level == sheet.progression.level;
        sheet.show_in(&mut playing.character);
        playing.member.level = sheet.progression.level;
        playing.sheet = sheet;
        if let (false, Some(state)) = (same, self.own_state()) {
            self.outbox.push(&Frame::new(state, self.wall_ms()));
        }
    }

    fn tell_update(&self, update: InventoryUpdate) {
        self.outbox.push(&Frame::new(ServerMessage::InventoryUpdate(update), self.wall_ms()));
    }
}
