//! A session's trade: asking somebody near, being asked, and the window as its own sheet has a say in it.

use std::sync::Arc;

use protocol::ids::CombatId;
use protocol::trade::{AcceptTrade, OfferTrade};
use protocol::{CharacterId, ErrorCode, ErrorMessage, LocationId, ServerMessage};
use rules::sheet::Engagement;
use rules::trade::{Cause, Trade, TradeCommand, TradeEntry, cause_of, check_offer, declined};
use rules::world_shard::WorldCommand;

use crate::commands::Ticket;
use crate::entity::{Ctx, Door};
use crate::flight::gone;
use crate::frame::Frame;
use crate::host::{self, Host, Reply};
use crate::notify::notify;
use crate::registry::VenueName;
use crate::session::play::no_character;
use crate::session::walk::busy;
use crate::session::{Mail, Session};

/// The trade that a character is in, or has asked for.
pub struct Trading {
    pub id: String,
    /// Absent until whoever is asked is in it.
    door: Option<Door<Host<Trade>>>,
    /// The request, until whoever is asked has taken or refused it.
    request: Option<Ticket>,
    /// How often this session has accepted something.
    accepts: u64,
    /// By which the directory knows that the character is in a trade.
    _noted: Arc<()>,
}

impl Trading {
    fn new(id: String, request: Option<Ticket>, noted: Arc<()>) -> Self {
        Self { id, door: None, request, accepts: 0, _noted: noted }
    }
}

/// A request on its way to the session of whoever is asked. It is answered, whatever becomes of that session: at the
/// latest when it is dropped.
pub struct TradeAsk {
    trade_id: String,
    recipient: CharacterId,
    location: LocationId,
    to: Option<Door<Session>>,
}

impl TradeAsk {
    fn answer(mut self, verdict: Result<(), ErrorMessage>) {
        self.tell(verdict);
    }

    fn tell(&mut self, verdict: Result<(), ErrorMessage>) {
        if let Some(to) = self.to.take() {
            notify(&to, Mail::TradeAnswered { trade_id: std::mem::take(&mut self.trade_id), verdict });
        }
    }
}

impl Drop for TradeAsk {
    fn drop(&mut self) {
        self.tell(Err(not_here()));
    }
}

impl Session {
    /// Asks the shard first, which knows who is near.
    pub(super) fn request_trade(&mut self, whom: CharacterId, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let asking = self.playing.as_ref().and_then(|playing| playing.asking.clone());
        let asking = asking.is_some_and(|asking| self.outbox.is_open(&asking));
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        if whom == playing.member.id {
            let reason = "recipient_id: expected somebody else: nobody trades with himself";
            let error = ErrorMessage::new(ErrorCode::Invalid, reason).with("field", "recipient_id");
            return self.refuse(&ticket, error);
        }
        if playing.trading.is_some() || asking {
            return self.refuse(&ticket, engaged("you are"));
        }
        if let Some(fight) = &playing.fight {
            return self.refuse(&ticket, fights(fight.id));
        }
        self.unless_blocked(whom, not_here(), ticket, ctx, move |session, _, ticket, _| {
            session.approach_to_trade(whom, ticket);
        });
    }

    fn approach_to_trade(&mut self, whom: CharacterId, ticket: Ticket) {
        let Some(playing) = self.playing.as_mut() else { return self.refuse(&ticket, no_character()) };
        playing.asking = Some(ticket.clone());
        let reply = Reply { who: playing.member.id, outbox: self.outbox.clone(), ticket: Some(ticket) };
        self.send_to_shard(WorldCommand::Approach { whom }, reply);
    }

    /// They are near: asks their session.
    pub(super) fn ask_to_trade(&mut self, whom: CharacterId, ticket: Ticket) {
        if !self.outbox.is_open(&ticket) {
            // Its venue was thought dead, and it was answered so.
            return;
        }
        let (trade_id, own_door) = (self.world.new_id().to_string(), self.own_door());
        let found = self.world.directory().find(whom);
        let Some(playing) = self.playing.as_mut() else { return self.refuse(&ticket, no_character()) };
        if playing.trading.is_some() {
            return self.refuse(&ticket, engaged("you are"));
        }
        if let Some(fight) = playing.fight.as_ref().map(|fight| fight.id) {
            return self.refuse(&ticket, fights(fight));
        }
        let Some(found) = found else { return self.refuse(&ticket, not_here()) };
        let ask = TradeAsk {
            trade_id: trade_id.clone(),
            recipient: whom,
            location: playing.location,
            to: own_door,
        };
        let noted = self.world.directory().in_trade(playing.member.id, self.id);
        playing.trading = Some(Trading::new(trade_id, Some(ticket.clone()), noted));
        if found.door.post(Mail::AskedToTrade(ask)).is_err() {
            playing.trading = None;
            let reason = "they can't be asked now: try again";
            self.refuse(&ticket, ErrorMessage::new(ErrorCode::Busy, reason).with("retry_after_ms", 500));
        }
    }

    /// Somebody near wants to trade. Whoever is free is in the trade at once; whether to open the window is for the
    /// player to say.
    pub(super) fn asked_to_trade(&mut self, ask: TradeAsk) {
        let verdict = self.may_be_asked(&ask);
        if verdict.is_ok()
            && let Some(playing) = self.playing.as_mut()
        {
            let noted = self.world.directory().in_trade(playing.member.id, self.id);
            playing.trading = Some(Trading::new(ask.trade_id.clone(), None, noted));
            self.enter_trade(TradeEntry::Recipient, None);
        }
        ask.answer(verdict);
    }

    fn may_be_asked(&self, ask: &TradeAsk) -> Result<(), ErrorMessage> {
        let playing = self.playing.as_ref().filter(|playing| playing.member.id == ask.recipient);
        let playing = playing.ok_or_else(not_here)?;
        if playing.location != ask.location {
            // On the way: the shard that he leaves has him still.
            let error = ErrorMessage::new(ErrorCode::TooFar, "they have just gone to another location");
            return Err(error.with("field", "recipient_id"));
        }
        if playing.trading.is_some() {
            return Err(engaged("they are").with("field", "recipient_id"));
        }
        if playing.fight.is_some() {
            let error = ErrorMessage::new(ErrorCode::Conflict, "they are in a fight");
            return Err(error.with("field", "recipient_id"));
        }
        Ok(())
    }

    pub(super) fn trade_answered(&mut self, trade_id: &str, verdict: Result<(), ErrorMessage>) {
        let Some(trading) = self.trading(trade_id) else { return };
        let Some(ticket) = trading.request.take() else { return };
        match verdict {
            Ok(()) => self.enter_trade(TradeEntry::Requester, Some(ticket)),
            Err(error) => {
                self.forget_trade();
                self.refuse(&ticket, error);
            }
        }
    }

    fn enter_trade(&mut self, entry: TradeEntry, ticket: Option<Ticket>) {
        let (Some(newcomer), watcher) = (self.newcomer(), self.watcher()) else { return };
        let outbox = self.outbox.clone();
        let Some(trading) = self.playing.as_mut().and_then(|playing| playing.trading.as_mut()) else {
            return;
        };
        let name = VenueName::Trade(trading.id.clone());
        if let Some(ticket) = &ticket {
            outbox.entrust(ticket, name.clone());
        }
        let reply = Reply { who: newcomer.member.id, outbox, ticket };
        match self.world.trades().find_watched(&self.world, &trading.id, || (), watcher) {
            Ok(door) => {
                notify(&door, host::Mail::Enter { newcomer, entry, reply });
                trading.door = Some(door);
            }
            Err(_) => {
                self.forget_trade();
                reply.refuse(busy(&name), self.wall_ms());
            }
        }
    }

    /// What is offered is locked before anybody sees it.
    pub(super) fn offer_trade(&mut self, offer: &OfferTrade, ticket: Ticket) {
        let lines_max = self.world.options().trade.lines_max;
        if let Err(error) = self.check_trade(&offer.trade_id) {
            return self.refuse(&ticket, error);
        }
        let Some(playing) = self.playing.as_mut() else { return self.refuse(&ticket, no_character()) };
        let by = Engagement::Trade(offer.trade_id.to_string());
        let before = playing.sheet.clone();
        let offered = check_offer(&playing.sheet, offer, lines_max).and_then(|offered| {
            playing.sheet.hold(&by, offered.goods())?;
            Ok(offered)
        });
        match offered {
            Ok(offered) => {
                if !self.send_to_trade(TradeCommand::Offer(offered), Some(ticket))
                    && let Some(playing) = self.playing.as_mut()
                {
                    playing.sheet = before;
                }
            }
            Err(refusal) => self.refuse(&ticket, refusal),
        }
    }

    /// Lends the sheet to the trade: nothing changes in it while the accept stands.
    pub(super) fn accept_trade(&mut self, accept: &AcceptTrade, ticket: Ticket) {
        if let Err(error) = self.check_trade(&accept.trade_id) {
            return self.refuse(&ticket, error);
        }
        let Some(playing) = self.playing.as_mut() else { return self.refuse(&ticket, no_character()) };
        let by = Engagement::Trade(accept.trade_id.to_string());
        let stood_before = playing.sheet.is_frozen_by(&by);
        let reserved = match playing.sheet.freeze(&by) {
            Ok(reserved) => Box::new(reserved),
            Err(refusal) => return self.refuse(&ticket, refusal),
        };
        let Some(trading) = playing.trading.as_mut() else { return };
        trading.accepts += 1;
        let (offer_version, number) = (accept.offer_version, trading.accepts);
        let command = TradeCommand::Accept { offer_version, number, reserved };
        if !self.send_to_trade(command, Some(ticket))
            && !stood_before
            && let Some(playing) = self.playing.as_mut()
        {
            playing.sheet.thaw(&by);
        }
    }

    pub(super) fn decline_trade(&mut self, trade_id: &str, ticket: Ticket) {
        match self.check_trade(trade_id) {
            Ok(()) => drop(self.send_to_trade(TradeCommand::Decline, Some(ticket))),
            Err(error) => self.refuse(&ticket, error),
        }
    }

    /// The character is elsewhere now.
    pub(super) fn give_up_trade(&self) {
        self.send_to_trade(TradeCommand::GiveUp, None);
    }

    pub(super) fn fight_instead_of_trade(&self) {
        self.send_to_trade(TradeCommand::Fight, None);
    }

    /// Whoever comes back without having heard everything is shown the window.
    pub(super) fn look_at_trade(&self) {
        self.send_to_trade(TradeCommand::Look, None);
    }

    /// False: it is not on its way, and was refused.
    fn send_to_trade(&self, command: TradeCommand, ticket: Option<Ticket>) -> bool {
        let Some(playing) = &self.playing else { return false };
        let Some(trading) = &playing.trading else { return false };
        let Some(door) = &trading.door else { return false };
        let name = VenueName::Trade(trading.id.clone());
        if let Some(ticket) = &ticket {
            self.outbox.entrust(ticket, name.clone());
        }
        let who = playing.member.id;
        let reply = Reply { who, outbox: self.outbox.clone(), ticket: ticket.clone() };
        let sent = door.post(host::Mail::Command { who, session: self.id, command, reply }).is_ok();
        if let (false, Some(ticket)) = (sent, &ticket) {
            self.refuse(ticket, busy(&name));
        }
        sent
    }

    /// An accept stands no more, unless a later one has been sent.
    pub(super) fn thawed(&mut self, by: &Engagement, number: u64) {
        let Engagement::Trade(id) = by else { return };
        let Some(trading) = self.trading(id) else { return };
        if trading.accepts <= number
            && let Some(playing) = self.playing.as_mut()
        {
            playing.sheet.thaw(by);
        }
    }

    /// It is over, and what was locked for it is free: lets go of its actor.
    pub(super) fn trade_over(&mut self, id: &str) {
        if self.trading(id).is_some() {
            self.forget_trade();
        }
    }

    /// The actor of the trade lost it. Whether it was settled before that, the disk knows.
    pub(super) fn trade_interrupted(&mut self, id: &str, ctx: &mut Ctx<Self>) {
        if self.trading(id).is_none() {
            return;
        }
        self.forget_trade();
        let Some(taken) = self.ask_for_sheet() else { return };
        let (id, store) = (id.to_owned(), self.world.store().clone());
        let cause = cause_of(&id);
        let both = async move {
            let taken = taken.await;
            // Behind the sheet: nothing of the trade can be settled after that was taken.
            (taken, store.read(storage::sheets::is_settled(cause)).await)
        };
        Self::wait_for(both, ctx, move |session, (taken, settled), _| {
            session.retook_sheet(taken);
            match settled {
                Ok(settled) => session.outbox.push(&Frame::new(end_of(&id, settled), session.wall_ms())),
                Err(error) => log::error!("session {}: what became of its trade: {error}", session.id),
            }
        });
    }

    /// Leaves the trade with the world, or to begin anew. Both clients are told by the trade, whatever became of it.
    pub(super) fn leave_trade(&mut self) {
        self.give_up_trade();
        self.forget_trade();
    }

    fn forget_trade(&mut self) -> Option<Trading> {
        let playing = self.playing.as_mut()?;
        let trading = playing.trading.take()?;
        let who = playing.member.id;
        // First, so that a trade that is left by both is not kept for us.
        self.world.trades().unwatch(&trading.id, self.id);
        if let Some(door) = &trading.door {
            notify(door, host::Mail::Leave { who, session: self.id, exit: (), gone: None });
        }
        if let Some(ticket) = &trading.request {
            self.refuse(ticket, gone());
        }
        Some(trading)
    }

    fn trading(&mut self, id: &str) -> Option<&mut Trading> {
        self.playing.as_mut()?.trading.as_mut().filter(|trading| trading.id == id)
    }

    fn check_trade(&mut self, id: &str) -> Result<(), ErrorMessage> {
        if self.playing.is_none() {
            return Err(no_character());
        }
        let trading = self.trading(id).filter(|trading| trading.door.is_some());
        let known = trading.map(|_| ());
        known.ok_or_else(|| {
            ErrorMessage::new(ErrorCode::NotFound, "you are in no trade of this id").with("field", "trade_id")
        })
    }
}

/// How a trade ended that was lost sight of.
fn end_of(id: &str, settled: bool) -> ServerMessage {
    if settled {
        let (trade_id, offers) = (id.to_owned(), Vec::new());
        return ServerMessage::TradeComplete(protocol::trade::TradeComplete { trade_id, offers });
    }
    declined(id, Cause::Interrupted, "The trade was interrupted: nothing has changed hands.")
}

fn not_here() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::NotOnline, "they are not here").with("field", "recipient_id")
}

fn fights(combat: CombatId) -> ErrorMessage {
    ErrorMessage::new(ErrorCode::Locked, "you are in a fight: nobody trades in one")
        .with("combat_id", combat.to_string())
}

fn engaged(who: &str) -> ErrorMessage {
    ErrorMessage::new(ErrorCode::Conflict, format!("{who} in a trade, or about to be"))
}
