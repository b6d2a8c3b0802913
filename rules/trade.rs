//! A trade between two characters: a request, a window with two offers, two accepts of the same version, one settlement.

mod ending;
mod offer;
#[cfg(test)]
mod tests;

pub use ending::{Cause, declined};
use ending::{has_left, over};
pub use offer::{Offered, check_offer};

use std::sync::Arc;

use protocol::trade::{Offer, TradeComplete, TradeRequest, TradeUpdate};
use protocol::{CharacterId, ErrorCode, ErrorMessage, ServerMessage};

use crate::Refusal;
use crate::sheet::{Engagement, Reserved, Settlement};
use crate::venue::{Audience, Effect, Lookers, Member, Moment, News, Save, Venue};

/// Whoever was asked is in the trade before whoever asks: it does not wait long for him.
const GATHERING_MS: u64 = 5_000;

/// One trade.
#[derive(Debug)]
pub struct Trade {
    id: String,
    window_ms: u64,
    stage: Stage,
    /// Whoever asked.
    requester: Option<Side>,
    recipient: Option<Side>,
    offer_version: u32,
    /// When it began.
    since_ms: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Not both are here.
    Gathering,
    /// Whoever was asked has not answered.
    Asked,
    Open,
    /// Done, or given up.
    Over,
}

#[derive(Debug)]
struct Side {
    who: Member,
    offered: Offered,
    accepted: Option<Accept>,
}

/// An accept that stands: the sheet does not change meanwhile.
#[derive(Debug)]
struct Accept {
    /// The session's own count of its accepts: of the last one, even if that was refused.
    number: u64,
    reserved: Reserved,
}

/// As what somebody comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TradeEntry {
    /// Comes first.
    Recipient,
    Requester,
}

/// What a member can do in a trade. The session has checked it against its sheet, and locked what is offered.
#[derive(Debug)]
pub enum TradeCommand {
    Offer(Offered),
    Accept {
        offer_version: u32,
        /// Of this session's accepts: named again when it stands no more.
        number: u64,
        reserved: Box<Reserved>,
    },
    Decline,
    /// The session can't go on: its character is elsewhere.
    GiveUp,
    /// Its character is in a combat.
    Fight,
    /// Asks to be shown how it stands.
    Look,
}

/// What happens only once: the settlement of this trade.
pub fn cause_of(trade_id: &str) -> String {
    format!("trade:{trade_id}")
}

impl Trade {
    /// One that nobody is in.
    pub fn new(id: String, window_ms: u64) -> Self {
        Self {
            id,
            window_ms,
            stage: Stage::Gathering,
            requester: None,
            recipient: None,
            offer_version: 0,
            since_ms: None,
        }
    }

    /// Whether this character is one of the two.
    pub fn has(&self, who: CharacterId) -> bool {
        self.sides().any(|side| side.who.id == who)
    }

    fn engagement(&self) -> Engagement {
        Engagement::Trade(self.id.clone())
    }

    fn sides(&self) -> impl Iterator<Item = &Side> {
        self.requester.iter().chain(&self.recipient)
    }

    fn sides_mut(&mut self) -> impl Iterator<Item = &mut Side> {
        self.requester.iter_mut().chain(&mut self.recipient)
    }

    fn side_mut(&mut self, who: CharacterId) -> Result<&mut Side, Refusal> {
        self.sides_mut().find(|side| side.who.id == who).ok_or_else(over)
    }

    fn offers(&self) -> Vec<Offer> {
        self.sides().map(|side| side.offered.shown(side.who.id, side.accepted.is_some())).collect()
    }

    fn window(&self) -> ServerMessage {
        ServerMessage::TradeUpdate(TradeUpdate {
            trade_id: self.id.clone(),
            offer_version: self.offer_version,
            offers: self.offers(),
        })
    }

    fn request(&self) -> Option<ServerMessage> {
        let (requester, recipient) = (self.requester.as_ref()?, self.recipient.as_ref()?);
        Some(ServerMessage::TradeRequest(TradeRequest {
            trade_id: self.id.clone(),
            requester_id: requester.who.id,
            requester_name: requester.who.name.clone(),
            recipient_id: recipient.who.id,
        }))
    }

    fn show_to(&self, who: CharacterId, moment: &mut Moment) {
        moment.answer(self.window());
        moment.tell(Audience::Except(who), self.window());
    }

    fn offer(&mut self, who: CharacterId, offered: Offered, moment: &mut Moment) -> Result<(), Refusal> {
        if matches!(self.stage, Stage::Gathering | Stage::Over) {
            return Err(over());
        }
        let next = self.offer_version.checked_add(1).ok_or_else(over)?;
        self.side_mut(who)?.offered = offered;
        if self.recipient.as_ref().is_some_and(|side| side.who.id == who) {
            self.stage = Stage::Open;
        }
        self.offer_version = next;
        self.clear_accepts(moment);
        self.show_to(who, moment);
        Ok(())
    }

    /// Nobody has accepted anything any more: the sheets are their owners' again.
    fn clear_accepts(&mut self, moment: &mut Moment) {
        let by = self.engagement();
        for side in self.sides_mut() {
            if let Some(Accept { number, .. }) = side.accepted.take() {
                thaw(side.who.id, &by, number, moment);
            }
        }
    }

    fn accept(
        &mut self,
        who: CharacterId,
        offer_version: u32,
        number: u64,
        reserved: Reserved,
        moment: &mut Moment,
    ) -> Result<(), Refusal> {
        if let Err(refusal) = self.check_accept(offer_version) {
            match self.side_mut(who).ok().and_then(|side| side.accepted.as_mut()) {
                // The session has lent its sheet once for both: it comes back with the one that stands.
                Some(stands) => stands.number = number,
                None => thaw(who, &self.engagement(), number, moment),
            }
            return Err(refusal);
        }
        self.side_mut(who)?.accepted = Some(Accept { number, reserved });
        let Some((one, other)) = self.both_accepted() else {
            self.show_to(who, moment);
            return Ok(());
        };
        match settlement(&self.id, one, other) {
            Ok(settlement) => {
                self.complete(who, settlement, moment);
                Ok(())
            }
            Err((whose, refusal)) => {
                // Both have to do something about it, so both get their sheets back.
                self.clear_accepts(moment);
                let window = self.window();
                let refusal = refusal.with("character_id", whose.0);
                moment.answer(ServerMessage::Error(ErrorMessage::from(refusal)));
                moment.tell(Audience::Everyone, window);
                Ok(())
            }
        }
    }

    fn check_accept(&self, offer_version: u32) -> Result<(), Refusal> {
        match self.stage {
            Stage::Open => {}
            Stage::Asked => {
                return Err(Refusal::new(ErrorCode::Conflict, "the request has not been answered yet"));
            }
            Stage::Gathering | Stage::Over => return Err(over()),
        }
        if offer_version != self.offer_version {
            let reason = "the offers have changed: look at them again";
            return Err(Refusal::new(ErrorCode::Conflict, reason)
                .with("field", "offer_version")
                .with("offer_version", self.offer_version));
        }
        if self.sides().all(|side| side.offered.is_nothing()) {
            return Err(Refusal::new(ErrorCode::Conflict, "nothing is offered"));
        }
        Ok(())
    }

    fn both_accepted(&self) -> Option<(&Side, &Side)> {
        let (one, other) = (self.requester.as_ref()?, self.recipient.as_ref()?);
        (one.accepted.is_some() && other.accepted.is_some()).then_some((one, other))
    }

    fn complete(&mut self, who: CharacterId, settlement: Settlement, moment: &mut Moment) {
        let complete = || {
            ServerMessage::TradeComplete(TradeComplete { trade_id: self.id.clone(), offers: self.offers() })
        };
        let settlement = Arc::new(settlement);
        moment.save(Save::Settlement(settlement.clone()));
        // The sessions know before the clients do: whatever these do next finds the sheets as they are then.
        for side in self.sides() {
            let (by, settlement) = (self.engagement(), settlement.clone());
            moment.effects.push(Effect::Inform(side.who.id, News::Settled { by, settlement, done: true }));
        }
        moment.answer(complete());
        moment.tell(Audience::Except(who), complete());
        self.stage = Stage::Over;
    }

    /// Ends it without an exchange.
    fn end(&mut self, cause: Cause, reason: &str, moment: &mut Moment) {
        if self.stage == Stage::Over {
            return;
        }
        self.stage = Stage::Over;
        for side in self.sides() {
            moment.effects.push(Effect::Inform(side.who.id, News::Released { by: self.engagement() }));
        }
        moment.tell(Audience::Everyone, declined(&self.id, cause, reason));
    }

    fn is_late(&self, now_ms: u64) -> bool {
        let patience_ms = if self.stage == Stage::Gathering { GATHERING_MS } else { self.window_ms };
        self.since_ms.is_some_and(|since_ms| now_ms.saturating_sub(since_ms) >= patience_ms)
    }
}

fn thaw(who: CharacterId, by: &Engagement, number: u64, moment: &mut Moment) {
    moment.effects.push(Effect::Inform(who, News::Thawed { by: by.clone(), number }));
}

/// What both have accepted; or whose sheet does not allow it, and why.
fn settlement(trade_id: &str, one: &Side, other: &Side) -> Result<Settlement, (CharacterId, Refusal)> {
    let sheets = [one, other].map(|side| side.accepted.as_ref().map(|accept| accept.reserved.sheet()));
    let [Some(first), Some(second)] = sheets else { return Err((one.who.id, over())) };
    let parties = vec![first.party(), second.party()];
    let mut settlement = Settlement::new("trade", parties).caused_by(cause_of(trade_id));
    for (from, to) in [(one, other), (other, one)] {
        for asset in from.offered.assets() {
            settlement = settlement.moving(Some(from.who.id), Some(to.who.id), asset);
        }
    }
    let by = Engagement::Trade(trade_id.to_owned());
    for sheet in [first, second] {
        sheet.after(&settlement, Some(&by)).map_err(|refusal| (sheet.character_id, refusal))?;
    }
    Ok(settlement)
}

impl Venue for Trade {
    type Entry = TradeEntry;
    type Command = TradeCommand;
    type Exit = ();

    fn enter(&mut self, who: &Member, entry: TradeEntry, moment: &mut Moment) -> Result<(), Refusal> {
        let side = Side { who: who.clone(), offered: Offered::default(), accepted: None };
        self.since_ms.get_or_insert(moment.now.mono_ms);
        let comes_late = self.stage == Stage::Over && entry == TradeEntry::Requester;
        if !comes_late && self.stage != Stage::Gathering || self.has(who.id) {
            return Err(over());
        }
        if comes_late {
            moment.answer(has_left());
            let released = News::Released { by: self.engagement() };
            moment.effects.push(Effect::Inform(who.id, released));
            return Ok(());
        }
        match entry {
            TradeEntry::Recipient => {
                self.recipient = Some(side);
                return Ok(());
            }
            TradeEntry::Requester => self.requester = Some(side),
        }
        match self.request() {
            Some(request) => {
                self.stage = Stage::Asked;
                moment.answer(request.clone());
                moment.tell(Audience::Except(who.id), request);
            }
            None => {
                moment.answer(has_left());
                self.end(Cause::Left, "Whoever was asked has left.", moment);
            }
        }
        Ok(())
    }

    fn apply(&mut self, who: &Member, command: TradeCommand, moment: &mut Moment) -> Result<(), Refusal> {
        match command {
            TradeCommand::Offer(offered) => self.offer(who.id, offered, moment),
            TradeCommand::Accept { offer_version, number, reserved } => {
                self.accept(who.id, offer_version, number, *reserved, moment)
            }
            TradeCommand::Decline if self.stage == Stage::Over => Err(over()),
            TradeCommand::Decline => {
                self.end(Cause::Declined, &format!("{} declined.", who.name), moment);
                Ok(())
            }
            TradeCommand::GiveUp => {
                self.end(Cause::Left, &format!("{} has left.", who.name), moment);
                Ok(())
            }
            TradeCommand::Fight => {
                self.end(Cause::Fight, &format!("{} fights now.", who.name), moment);
                Ok(())
            }
            TradeCommand::Look => {
                match self.stage {
                    Stage::Open => moment.answer(self.window()),
                    Stage::Asked => moment.effects.extend(self.request().map(Effect::Answer)),
                    Stage::Gathering | Stage::Over => {}
                }
                Ok(())
            }
        }
    }

    fn leave(&mut self, who: &Member, (): (), moment: &mut Moment) {
        self.end(Cause::Left, &format!("{} has left.", who.name), moment);
    }

    fn tick(&mut self, _lookers: &Lookers, moment: &mut Moment) {
        if self.is_late(moment.now.mono_ms) {
            self.end(Cause::Expired, "It took too long.", moment);
        }
    }
}
