//! A session's account over the WebSocket: its characters, and the state of the world.

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use protocol::characters::{CharacterAnswer, CharacterDeleted, CharacterList, CreateCharacter};
use protocol::{AccountId, CharacterId, ErrorMessage, ServerMessage};

use crate::commands::Ticket;
use crate::entity::{Ctx, Shell};
use crate::session::Session;

impl Session {
    pub(super) fn list_characters(&mut self, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let Some(account) = self.account() else { return };
        let world = self.world.clone();
        self.answer_in_turn(ticket, ctx, async move {
            let characters = world.characters(account).await?;
            Ok(ServerMessage::CharacterList(CharacterList { characters }))
        });
    }

    pub(super) fn create_character(
        &mut self,
        request: &CreateCharacter,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(account) = self.account() else { return };
        let (world, request) = (self.world.clone(), request.clone());
        self.answer_in_turn(ticket, ctx, async move {
            let character = world.create_character(account, &request).await?;
            Ok(ServerMessage::CharacterCreate(CharacterAnswer { success: true, character }))
        });
    }

    pub(super) fn delete_character(&mut self, id: CharacterId, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let Some(account) = self.account() else { return };
        let world = self.world.clone();
        self.answer_in_turn(ticket, ctx, async move {
            let message = world.delete_character(account, id).await?;
            Ok(ServerMessage::CharacterDelete(CharacterDeleted { success: true, character_id: id, message }))
        });
    }

    pub(super) fn tell_world_state(&mut self, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let world = self.world.clone();
        self.answer_in_turn(
            ticket,
            ctx,
            async move { Ok(ServerMessage::WorldState(world.world_state().await?)) },
        );
    }

    pub(super) fn tell_shards(&mut self, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let world = self.world.clone();
        self.answer_in_turn(ticket, ctx, async move {
            let shards = world.crystal_shards().await?;
            Ok(ServerMessage::ShardStatus(protocol::world::ShardStatus { shards }))
        });
    }

    /// Answers when the store has; later messages wait, so that answers come in the order of their commands.
    fn answer_in_turn(
        &mut self,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
        work: impl Future<Output = Result<ServerMessage, ErrorMessage>> + 'static,
    ) {
        ctx.wait(wrap_future(work).map(move |done, shell: &mut Shell<Self>, _: &mut Ctx<Self>| match done {
            Ok(message) => shell.entity.answer(&ticket, message),
            Err(error) => shell.entity.refuse(&ticket, error),
        }));
    }

    fn account(&self) -> Option<AccountId> {
        self.row.as_ref().map(|row| row.account_id)
    }
}
