//! A session's block list, and those of whoever it wants something of.

use protocol::blocks::Whom;
use protocol::{AccountId, CharacterId, ErrorMessage, ServerMessage};
use rules::blocks::not_from_you;
use serde_json::Value;
use storage::requests::Keep;

use crate::commands::Ticket;
use crate::directory::Playing;
use crate::entity::Ctx;
use crate::errors::storage_error;
use crate::flight::answer_text;
use crate::session::Session;
use crate::session::play::no_character;
use crate::world::World;

impl Session {
    pub(super) fn block(&mut self, whom: Whom, ticket: Ticket, ctx: &mut Ctx<Self>) {
        self.change_blocks(ticket, ctx, async move |world, account, keep| {
            world.block(account, &whom, keep).await
        });
    }

    pub(super) fn unblock(&mut self, whom: Whom, ticket: Ticket, ctx: &mut Ctx<Self>) {
        self.change_blocks(ticket, ctx, async move |world, account, keep| {
            world.unblock(account, &whom, keep).await
        });
    }

    /// Has the account's list changed, once for one message id.
    fn change_blocks(
        &mut self,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
        change: impl AsyncFnOnce(World, AccountId, Option<Keep<String>>) -> Result<String, ErrorMessage> + 'static,
    ) {
        let Some(account) = self.account() else { return };
        let (world, once) = (self.world.clone(), self.once(account, &ticket));
        let keep =
            once.clone().map(|once| Keep::new(once.clone(), move |_: &String| answer_text(&ok(), once.now)));
        self.answer_once(once, ticket, ctx, async move {
            change(world, account, keep).await?;
            Ok(ok())
        });
    }

    pub(super) fn tell_blocked(&mut self, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let Some(account) = self.account() else { return };
        let world = self.world.clone();
        self.answer_in_turn(ticket, ctx, async move {
            Ok(ServerMessage::BlockList(world.block_list(account).await?))
        });
    }

    /// Finds somebody in the world whom a command is about, and goes on with it if they take such things from this
    /// account. `absent` is for who is not there, and names the command's field.
    pub(super) fn unless_blocked(
        &mut self,
        whom: CharacterId,
        absent: ErrorMessage,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
        then: impl FnOnce(&mut Self, Playing, Ticket, &mut Ctx<Self>) + 'static,
    ) {
        if self.playing.is_none() {
            // Who is in the world is for those to know who are in it.
            return self.refuse(&ticket, no_character());
        }
        let field = absent.details.get("field").and_then(Value::as_str).unwrap_or_default().to_owned();
        let Some(found) = self.world.directory().find(whom) else { return self.refuse(&ticket, absent) };
        self.if_taken_by(found, field, ticket, ctx, then);
    }

    /// Goes on with a command of the character if `found` takes such things from this account: the disk knows.
    pub(super) fn if_taken_by(
        &mut self,
        found: Playing,
        field: String,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
        then: impl FnOnce(&mut Self, Playing, Ticket, &mut Ctx<Self>) + 'static,
    ) {
        let Some(own) = self.account() else { return };
        let blocks = self.world.store().read(storage::blocks::blocks(found.account, own));
        Self::wait_for(blocks, ctx, move |session, blocks, ctx| match blocks {
            Ok(false) => then(session, found, ticket, ctx),
            Ok(true) => session.refuse(&ticket, not_from_you(&field)),
            Err(error) => session.refuse(&ticket, storage_error(&error)),
        });
    }
}

fn ok() -> ServerMessage {
    ServerMessage::Ok(protocol::session::Done {})
}
