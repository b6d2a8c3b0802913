//! A session's character lays something on the ground, or picks something up. The shard knows where it stands and what
//! is near; the session settles it, and the database says who was first.

use protocol::ids::GroundId;
use protocol::inventory::SomeOf;
use protocol::{CharacterId, ErrorCode, ErrorMessage};
use rules::ground::{self, Heap};
use rules::sheet::{Sheet, Spot};
use rules::venue::Found;
use rules::world_shard::{Grounded, WorldCommand, nothing_there};
use rules::{Content, Refusal};
use storage::StoreError;
use storage::ground::OF_ONE_ACCOUNT;
use tokio::sync::oneshot;

use crate::commands::Ticket;
use crate::entity::Ctx;
use crate::flight::gone;
use crate::ground::tell_shard;
use crate::host::Reply;
use crate::session::Session;
use crate::session::play::no_character;
use crate::session::sheet::Plan;

impl Session {
    pub(super) fn drop_thing(&self, what: SomeOf, ticket: Ticket) {
        self.stoop(WorldCommand::LayDown { what }, ticket);
    }

    pub(super) fn pick_up(&self, id: GroundId, ticket: Ticket) {
        self.stoop(WorldCommand::PickUp { id }, ticket);
    }

    fn stoop(&self, command: WorldCommand, ticket: Ticket) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let reply = Reply { who: playing.member.id, outbox: self.outbox.clone(), ticket: Some(ticket) };
        self.send_to_shard(command, reply);
    }

    /// The shard has found out what a command has to know.
    pub(super) fn go_on(
        &mut self,
        who: CharacterId,
        epoch: i64,
        found: Found,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
    ) {
        if !self.plays(who, epoch) {
            // Another character stands elsewhere.
            return self.refuse(&ticket, gone());
        }
        if !self.outbox.is_open(&ticket) {
            // The shard was thought dead, and it was answered so.
            return;
        }
        match found {
            Found::Near(whom) => self.ask_to_trade(whom, ticket),
            Found::Standing { what, spot } => self.lay_down(&what, spot, ticket, ctx),
            Found::Reached(heap) => self.lift(&heap, ticket, ctx),
        }
    }

    fn lay_down(&mut self, what: &SomeOf, spot: Spot, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let (limits, now_ms) = (self.world.options().world.ground, self.wall_ms());
        let plan = |sheet: &Sheet, _: &Content| ground::lay_down(sheet, what, spot, &limits, now_ms);
        let full = move |error: &StoreError| {
            let (reason, most) = match error {
                StoreError::TooMany => ("things can lie on the ground here", limits.most),
                StoreError::Conflict(OF_ONE_ACCOUNT) => ("things of yours can lie around", limits.most_each),
                _ => return None,
            };
            let refusal = Refusal::new(ErrorCode::GroundFull, format!("no more than {most} {reason}"));
            Some(refusal.with("most", most))
        };
        let planned = self.plan_own("item_id", plan, &ticket);
        self.settle_on_ground(planned, |by, heap| Grounded::Laid { by, heap }, full, ticket, ctx);
    }

    fn lift(&mut self, heap: &Heap, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let planned = self.plan_own("ground_id", |sheet, _| ground::pick_up(sheet, heap), &ticket);
        let id = heap.id;
        let gone = move |error: &StoreError| (*error == StoreError::NotFound).then(|| nothing_there(id));
        self.settle_on_ground(planned, |by, heap| Grounded::Lifted { by, id: heap.id }, gone, ticket, ctx);
    }

    /// On disk first. The shard hears of it even if this session dies meanwhile.
    fn settle_on_ground(
        &mut self,
        planned: Result<Plan, ErrorMessage>,
        news: fn(CharacterId, Heap) -> Grounded,
        too_late: impl FnOnce(&StoreError) -> Option<Refusal> + 'static,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
    ) {
        let Plan { settlement, answer, change } = match planned {
            Ok(planned) => planned,
            Err(error) => return self.refuse(&ticket, error),
        };
        let who = change.of();
        let settled = self.world.store().write(storage::ground::settle(settlement, answer, self.wall_ms()));
        let (world, (tell, told)) = (self.world.clone(), oneshot::channel());
        actix_rt::spawn(async move {
            let settled = settled.await.map(|heap| tell_shard(&world, heap.spot.location, news(who, heap)));
            // The session may be gone.
            let _ = tell.send(settled);
        });
        Self::wait_for(told, ctx, move |session, told, ctx| {
            let settled = told.unwrap_or(Err(StoreError::Closed));
            match settled.as_ref().err().and_then(too_late) {
                Some(refusal) => session.refuse(&ticket, refusal),
                None => session.settled_own(settled.map(|()| Vec::new()), change, ticket, ctx),
            }
        });
    }
}
