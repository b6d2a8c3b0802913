//! A session's account over the WebSocket: its characters, and the state of the world.

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use protocol::characters::{Character, CharacterDeleted, CharacterList, CreateCharacter};
use protocol::{AccountId, CharacterId, ErrorMessage, ServerMessage};
use storage::requests::{Keep, Once};

use crate::commands::Ticket;
use crate::entity::{Ctx, Shell};
use crate::errors::storage_error;
use crate::flight::answer_text;
use crate::queries::{character_answer, character_deleted};
use crate::repeats::kept_message;
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
        let (world, request, once) = (self.world.clone(), request.clone(), self.once(account, &ticket));
        let content = self.world.content().clone();
        let answer = move |made| ServerMessage::CharacterCreate(character_answer(made, &content));
        self.answer_once(once.clone(), ticket, ctx, async move {
            let keep = once.map(|once| {
                let (now_ms, answer) = (once.now, answer.clone());
                Keep::new(once, move |made: &Character| answer_text(&answer(made.clone()), now_ms))
            });
            Ok(answer(world.create_character(account, &request, keep).await?))
        });
    }

    pub(super) fn delete_character(&mut self, id: CharacterId, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let Some(account) = self.account() else { return };
        let (world, once) = (self.world.clone(), self.once(account, &ticket));
        let answer = move |message| {
            ServerMessage::CharacterDelete(CharacterDeleted { success: true, character_id: id, message })
        };
        self.answer_once(once.clone(), ticket, ctx, async move {
            let keep = once.map(|once| {
                let now_ms = once.now;
                Keep::new(once, move |name: &String| answer_text(&answer(character_deleted(name)), now_ms))
            });
            Ok(answer(world.delete_character(account, id, keep).await?))
        });
    }

    pub(super) fn tell_world_state(&mut self, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let world = self.world.clone();
        self.answer_in_turn(ticket, ctx, async move {
            Ok(ServerMessage::WorldState((*world.world_state().await?).clone()))
        });
    }

    pub(super) fn tell_shards(&mut self, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let world = self.world.clone();
        self.answer_in_turn(ticket, ctx, async move {
            let shards = (*world.crystal_shards().await?).clone();
            Ok(ServerMessage::ShardStatus(protocol::world::ShardStatus { shards }))
        });
    }

    /// What a command of the account is called, if its client gave it a name. There may be no character yet whose
    /// answers are kept.
    pub(super) fn once(&self, account: AccountId, ticket: &Ticket) -> Option<Once> {
        let id = ticket.message_id.as_ref()?;
        Some(Once { account, name: format!("ws:{}", &**id), fingerprint: Vec::new(), now: self.wall_ms() })
    }

    /// Does `work`, unless it was done before: then that answer is given again.
    pub(super) fn answer_once(
        &mut self,
        once: Option<Once>,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
        work: impl Future<Output = Result<ServerMessage, ErrorMessage>> + 'static,
    ) {
        let store = self.world.store().clone();
        self.answer_in_turn(ticket, ctx, async move {
            if let Some(Once { account, name, .. }) = once {
                let kept = store.read(storage::requests::find(account, name)).await;
                let kept = kept.map_err(|error| storage_error(&error))?;
                if let Some(answer) = kept.and_then(|kept| kept_message(&kept.answer)) {
                    return Ok(answer);
                }
            }
            work.await
        });
    }

    /// Answers when the store has; later messages wait, so that answers come in the order of their commands.
    pub(super) fn answer_in_turn(
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

    pub(super) fn account(&self) -> Option<AccountId> {
        self.row.as_ref().map(|row| row.account_id)
    }
}
