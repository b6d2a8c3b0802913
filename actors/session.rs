//! One signed-in player: its outbox, its limits, the venues its character is in. Survives its connections.

mod act;
mod aftermath;
mod attach;
mod blocks;
mod challenge;
mod combat;
mod ending;
mod ground;
mod inlet;
mod inventory;
mod limits;
mod news;
mod once;
mod own;
mod party;
mod patience;
mod people;
mod play;
mod quests;
mod recovery;
mod sheet;
mod talk;
mod trade;
mod venues;
mod walk;

pub use attach::{Attached, ResumeClaim, Resumed, resume_expired};
pub use challenge::ChallengeAsk;
pub use inlet::Inlet;
pub(crate) use patience::Waiting;
pub use trade::TradeAsk;
pub(crate) use walk::busy;

use std::collections::VecDeque;
use std::sync::Arc;

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use protocol::characters::Character;
use protocol::ids::CombatId;
use protocol::{
    CharacterId, ClientMessage, CloseCode, Dialect, ErrorCode, ErrorMessage, Incoming, MessageId,
    ServerMessage, SessionId,
};
use rules::venue::{Found, News};
use storage::sessions::SessionRow;
use tokio::sync::oneshot;

use crate::commands::Ticket;
use crate::entity::{Birth, Ctx, Entity, Shell, Watcher};
use crate::frame::Frame;
use crate::options::Options;
use crate::outbox::{Farewell, LinkNumber, Outbox};
use crate::registry::{Table, VenueName};
use crate::session::limits::{Limits, Verdict};
use crate::session::play::Playing;
use crate::world::World;

/// How somebody who waits for a session is told.
pub type Asked<T> = oneshot::Sender<Result<T, ErrorMessage>>;

/// Everything that can be sent to a session.
pub enum Mail {
    /// A connection signed in as this session.
    Attach {
        dialect: Dialect,
        /// Where from: what limits are counted by.
        address: Arc<str>,
        to: oneshot::Sender<Attached>,
    },
    /// A connection comes back after a drop.
    Resume {
        claim: ResumeClaim,
        to: Asked<Attached>,
    },
    /// A message came in, so many bytes long.
    Received {
        link: LinkNumber,
        incoming: Box<Incoming<ClientMessage>>,
        bytes: usize,
    },
    /// REST: do what this message asks.
    Do {
        message: Box<ClientMessage>,
        message_id: Option<MessageId>,
        to: Asked<ServerMessage>,
    },
    /// Something came in that is no message.
    Malformed {
        link: LinkNumber,
        error: ErrorMessage,
        message_id: Option<MessageId>,
        bytes: usize,
    },
    /// REST: play this character.
    Select {
        character: CharacterId,
        to: Asked<Character>,
    },
    /// The character is somebody else's now, or nobody's.
    CharacterGone {
        /// Of the session that has to let go: it may have taken the character anew since.
        epoch: i64,
        character: CharacterId,
        farewell: Option<Farewell>,
    },
    /// From a venue the character is in.
    News {
        who: CharacterId,
        /// Of the time the character was taken for: news of earlier times come too late.
        epoch: i64,
        news: News,
    },
    /// From a venue that was asked something: the session goes on with the command.
    HandedBack {
        who: CharacterId,
        epoch: i64,
        ticket: Ticket,
        found: Found,
    },
    /// Somebody near wants to trade.
    AskedToTrade(TradeAsk),
    /// What became of a request to trade.
    TradeAnswered {
        trade_id: String,
        verdict: Result<(), ErrorMessage>,
    },
    /// Somebody wants to fight, or wants help in a fight.
    Challenged(ChallengeAsk),
    /// What became of a challenge.
    ChallengeAnswered {
        combat: CombatId,
        verdict: Result<(), ErrorMessage>,
    },
    /// A venue does not have the character in it (any more).
    NotIn(VenueName),
    VenueDied(VenueName),
    /// Look for this venue again: it rested.
    Return(VenueName),
    /// Says when it has begun: its character is on its way into the world then.
    Begun(oneshot::Sender<()>),
    /// No connection for too long: leave the world.
    GraceOver,
    /// The session is no more: leave the world, say goodbye, stop.
    End {
        farewell: Farewell,
        to: Option<oneshot::Sender<()>>,
    },
}

/// See the module.
pub struct Session {
    id: SessionId,
    generation: u64,
    world: World,
    outbox: Arc<Outbox>,
    /// Set before the first mail is handled.
    row: Option<SessionRow>,
    playing: Option<Playing>,
    limits: Limits,
    /// The latest move that came too early.
    late_move: Option<Incoming<ClientMessage>>,
    /// Whom it whispered to lately.
    acquaintances: VecDeque<CharacterId>,
}

impl Entity for Session {
    type Key = SessionId;
    type Kept = Arc<Outbox>;
    type Mail = Mail;

    const KIND: &'static str = "session";

    fn table(world: &World) -> &Table<Self> {
        world.sessions()
    }

    fn mailbox(options: &Options) -> usize {
        options.mailboxes.session
    }

    fn born(birth: Birth<Self>) -> Self {
        let limits = Limits::new(&birth.world);
        Self {
            id: birth.key,
            generation: birth.generation,
            world: birth.world,
            outbox: birth.kept,
            row: None,
            playing: None,
            limits,
            late_move: None,
            acquaintances: VecDeque::new(),
        }
    }

    /// Reads who it is, and puts its character back into the world if it had one.
    fn started(&mut self, ctx: &mut Ctx<Self>) {
        let now = self.world.clock().now();
        let row = self.world.store().read(storage::sessions::by_id(self.id, now.wall_ms));
        ctx.wait(wrap_future(row).map(|row, shell: &mut Shell<Self>, ctx| match row {
            Ok(Some(row)) => shell.entity.begin(row, ctx),
            Ok(None) => {
                shell.entity.stop(&Farewell::new(CloseCode::TokenEnded, "the session has ended"), ctx)
            }
            Err(error) => {
                log::error!("session {} can't be read: {error}", shell.entity.id);
                shell.entity.stop(&Farewell::new(CloseCode::Internal, "the session can't be read"), ctx);
            }
        }));
    }

    fn receive(&mut self, mail: Mail, ctx: &mut Ctx<Self>) {
        self.guarded(mail, ctx);
    }

    /// A session with a connection or a character starts again at once; its outbox was kept.
    fn buried(world: &World, key: &SessionId, _: Vec<Watcher>) {
        let Some(outbox) = world.sessions().kept(key) else { return };
        let internal = ErrorMessage::new(ErrorCode::Internal, "a defect of ours: nothing was changed");
        outbox.refuse_open(None, &internal, world.clock().now().wall_ms);
        let Err(rests) = world.session(*key) else { return };
        outbox.end_link(Farewell::new(CloseCode::Internal, "this session failed too often"));
        // Its character stands in the world still: somebody has to take it out if nobody comes back.
        let (world, key) = (world.clone(), *key);
        actix_rt::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(rests.retry_after_ms)).await;
            // Panicked too often again meanwhile: then its next death notice sees to it.
            let _ = world.session(key);
        });
    }
}

impl Session {
    fn take_mail(&mut self, mail: Mail, ctx: &mut Ctx<Self>) {
        match mail {
            Mail::Attach { dialect, address, to } => self.attach(dialect, address, to, ctx),
            Mail::Resume { claim, to } => self.resume(&claim, to, ctx),
            Mail::Received { link, incoming, bytes } => self.received(link, *incoming, bytes, ctx),
            Mail::Do { message, message_id, to } => self.act_for(*message, message_id, to, ctx),
            Mail::Malformed { link, error, message_id, bytes } => {
                self.malformed(link, error, message_id, bytes)
            }
            Mail::Select { character, to } => self.select_for_rest(character, to, ctx),
            Mail::CharacterGone { character, epoch, farewell } => {
                self.character_gone(character, epoch, farewell);
            }
            Mail::News { who, epoch, news } => {
                if self.plays(who, epoch) {
                    self.hear(news, ctx);
                }
            }
            Mail::HandedBack { who, epoch, ticket, found } => self.go_on(who, epoch, found, ticket, ctx),
            Mail::AskedToTrade(ask) => self.asked_to_trade(ask),
            Mail::TradeAnswered { trade_id, verdict } => self.trade_answered(&trade_id, verdict),
            Mail::Challenged(ask) => self.challenged(ask, ctx),
            Mail::ChallengeAnswered { combat, verdict } => self.challenge_answered(combat, verdict, ctx),
            Mail::NotIn(venue) => self.not_in(&venue, ctx),
            Mail::VenueDied(venue) => self.venue_died(&venue, ctx),
            Mail::Return(venue) => self.come_back(&venue, ctx),
            // Whoever asked may have given up.
            Mail::Begun(to) => drop(to.send(())),
            Mail::GraceOver => self.grace_over(ctx),
            Mail::End { farewell, to } => self.end(farewell, to, ctx),
        }
    }

    fn begin(&mut self, row: SessionRow, ctx: &mut Ctx<Self>) {
        log::debug!("session {} of {} starts", self.id, row.username);
        let character = row.character_id;
        self.limits.belong_to(row.account_id);
        self.row = Some(row);
        match character {
            Some(character) => self.resume_playing(character, ctx),
            None => self.leave_world(None, false),
        }
    }

    fn received(
        &mut self,
        link: LinkNumber,
        incoming: Incoming<ClientMessage>,
        bytes: usize,
        ctx: &mut Ctx<Self>,
    ) {
        if !self.outbox.hears(link) {
            return;
        }
        if let Some(seq) = incoming.ack {
            self.outbox.acknowledge(seq);
        }
        if let ClientMessage::Ack(ack) = &incoming.message {
            self.outbox.acknowledge(ack.seq);
        }
        match self.limits.check(&incoming.message, bytes) {
            Verdict::Pass if matches!(incoming.message, ClientMessage::Move(_)) => self.overtake(ctx),
            Verdict::Pass => {}
            Verdict::Coalesce => return self.walk_later(incoming, ctx),
            Verdict::Refuse(wait) => {
                let error = limits::limited(wait);
                return self.refuse_unopened(error, incoming.message_id);
            }
            Verdict::Strike(wait) => {
                self.refuse_unopened(limits::limited(wait), incoming.message_id);
                let reason = "limits were ignored again and again";
                return self.outbox.end_link(Farewell::new(CloseCode::Abuse, reason));
            }
        }
        self.open(incoming, ctx);
    }

    fn malformed(&mut self, link: LinkNumber, error: ErrorMessage, id: Option<MessageId>, bytes: usize) {
        if !self.outbox.hears(link) {
            return;
        }
        match self.limits.check_malformed(bytes) {
            Verdict::Pass | Verdict::Coalesce => self.refuse_unopened(error, id),
            Verdict::Refuse(wait) => self.refuse_unopened(limits::limited(wait), id),
            Verdict::Strike(wait) => {
                self.refuse_unopened(limits::limited(wait), id);
                let reason = "limits were ignored again and again";
                self.outbox.end_link(Farewell::new(CloseCode::Abuse, reason));
            }
        }
    }

    /// Answers something that never became a command.
    fn refuse_unopened(&self, error: ErrorMessage, id: Option<MessageId>) {
        let wall_ms = self.wall_ms();
        self.outbox.push(&Frame::answering(id, ServerMessage::Error(error), wall_ms));
    }

    fn answer(&self, ticket: &Ticket, message: ServerMessage) {
        self.outbox.answer(ticket, message, self.wall_ms());
    }

    fn done(&self, ticket: &Ticket) {
        self.outbox.done(ticket, self.wall_ms());
    }

    fn refuse(&self, ticket: &Ticket, error: impl Into<ErrorMessage>) {
        self.outbox.refuse(ticket, error.into(), self.wall_ms());
    }

    fn wall_ms(&self) -> i64 {
        self.world.clock().now().wall_ms
    }
}
