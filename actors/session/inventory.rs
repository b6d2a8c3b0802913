//! A session's own things: looking at them, wearing, using, buying and selling them.

use protocol::ids::ItemId;
use protocol::inventory::{Buy, SomeOf};
use protocol::{ErrorMessage, ServerMessage};
use rules::content::Location;
use rules::sheet::Sheet;
use rules::{Content, inventory};

use crate::commands::Ticket;
use crate::entity::Ctx;
use crate::session::Session;
use crate::session::play::no_character;

impl Session {
    pub(super) fn tell_inventory(&self, ticket: &Ticket) {
        let Some(playing) = &self.playing else { return self.refuse(ticket, no_character()) };
        let all = inventory::inventory(&playing.sheet, self.world.content());
        self.answer(ticket, ServerMessage::Inventory(all));
    }

    pub(super) fn equip(&mut self, id: ItemId, ticket: Ticket, ctx: &mut Ctx<Self>) {
        self.settle_own("item_id", |sheet, content| inventory::equip(sheet, content, id), ticket, ctx);
    }

    pub(super) fn unequip(&mut self, id: ItemId, ticket: Ticket, ctx: &mut Ctx<Self>) {
        self.settle_own("item_id", |sheet, _| inventory::unequip(sheet, id), ticket, ctx);
    }

    pub(super) fn use_up(&mut self, what: &SomeOf, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let plan = |sheet: &Sheet, content: &Content| inventory::use_up(sheet, content, what);
        self.settle_own(inventory::field_of(what), plan, ticket, ctx);
    }

    pub(super) fn tell_wares(&self, ticket: &Ticket) {
        match self.here() {
            Ok(location) => match inventory::wares(self.world.content(), location) {
                Ok(wares) => self.answer(ticket, ServerMessage::VendorList(wares)),
                Err(refusal) => self.refuse(ticket, refusal),
            },
            Err(error) => self.refuse(ticket, error),
        }
    }

    pub(super) fn buy(&mut self, what: &Buy, ticket: Ticket, ctx: &mut Ctx<Self>) {
        match self.here().cloned() {
            Ok(here) => {
                let plan = |sheet: &Sheet, content: &Content| inventory::buy(sheet, content, &here, what);
                self.settle_own("kind", plan, ticket, ctx);
            }
            Err(error) => self.refuse(&ticket, error),
        }
    }

    pub(super) fn sell(&mut self, what: &SomeOf, ticket: Ticket, ctx: &mut Ctx<Self>) {
        match self.here().cloned() {
            Ok(here) => {
                let plan = |sheet: &Sheet, content: &Content| inventory::sell(sheet, content, &here, what);
                self.settle_own(inventory::field_of(what), plan, ticket, ctx);
            }
            Err(error) => self.refuse(&ticket, error),
        }
    }

    fn here(&self) -> Result<&Location, ErrorMessage> {
        let location =
            self.playing.as_ref().and_then(|playing| self.world.content().location(playing.location));
        location.ok_or_else(no_character)
    }
}
