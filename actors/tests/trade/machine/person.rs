//! Somebody who trades, with what he was told of it.

use std::collections::BTreeMap;

use protocol::ground::{GroundItem, WhichGround};
use protocol::ids::{GroundId, ItemId};
use protocol::inventory::{Buy, InventoryUpdate, SomeOf, WhichItem};
use protocol::trade::{Offer as Side, TradeUpdate};
use protocol::{CharacterId, ClientMessage, ErrorCode, ErrorMessage, ServerMessage};

use super::ledger::{Dealing, POTION};
use super::script::Play;
use super::witness::Witness;
use crate::machine::{Client, Tally, is_passing};
use crate::peer::{Heard, text, travel};
use crate::trade::deal::{Offer, accept, decline, offer, request};

/// A command of somebody, until it is answered.
#[derive(Debug, Clone)]
pub struct Said {
    pub play: Play,
    /// Whom it is about.
    whom: CharacterId,
    trade: String,
    version: u32,
    items: Vec<ItemId>,
    /// Of these, those that were somebody else's.
    foreign: Vec<ItemId>,
    heap: Option<GroundItem>,
    /// Somebody went elsewhere before it was answered.
    pub raced: bool,
}

pub struct Person {
    pub client: Client,
    /// What was not answered yet.
    pub said: BTreeMap<String, Said>,
    /// The newest trade he has heard of, and its version.
    pub trade: Option<String>,
    version: u32,
    /// The trade he is in.
    open: Option<String>,
    /// As it was shown to him last.
    window: Option<TradeUpdate>,
}

/// Every item there is, by whose it is, his own first; and what lies around.
pub struct Things {
    pub own: Vec<ItemId>,
    pub others: Vec<ItemId>,
    pub heaps: Vec<GroundItem>,
}

impl Person {
    pub fn new(client: Client) -> Self {
        Self { client, said: BTreeMap::new(), trade: None, version: 0, open: None, window: None }
    }

    /// What was on its way may not have arrived.
    pub fn lost_sight(&mut self) {
        self.said.clear();
        (self.open, self.window) = (None, None);
    }

    /// What he sends, and what is to be remembered of it.
    pub fn about(&mut self, play: Play, others: &[CharacterId], things: &Things) -> (ClientMessage, Said) {
        let trade = self.trade.clone().unwrap_or_else(|| "none".to_owned());
        let all = || things.own.iter().chain(&things.others).copied();
        let thing = |item: usize| all().nth(item).unwrap_or(ItemId(999));
        let (mut whom, mut items, mut heap) = (self.client.peer.character, Vec::new(), None);
        let some = |item: Option<ItemId>| SomeOf {
            item_id: item,
            kind: item.is_none().then(|| text(POTION)),
            quantity: None,
        };
        let mut version = 0;
        let message = match play {
            Play::Request { whom: other } => {
                whom = others[other];
                request(whom)
            }
            Play::Offer { items: bits, potions, souls } => {
                let chosen = all().take(8).enumerate().filter(|(bit, _)| bits & (1 << bit) != 0);
                items = chosen.map(|(_, id)| id).collect();
                offer(&trade, &Offer { items: items.clone(), potions, souls })
            }
            Play::Accept { back } => {
                version = self.version.saturating_sub(back);
                accept(&trade, version)
            }
            Play::Decline => decline(&trade),
            Play::Equip { item } => {
                items = vec![thing(item)];
                ClientMessage::ItemEquip(WhichItem { item_id: items[0] })
            }
            Play::Unequip { item } => {
                items = vec![thing(item)];
                ClientMessage::ItemUnequip(WhichItem { item_id: items[0] })
            }
            Play::Sell { item } => {
                items = item.map(thing).into_iter().collect();
                ClientMessage::VendorSell(some(items.first().copied()))
            }
            Play::Use => ClientMessage::ItemUse(some(None)),
            Play::Buy { kind, quantity } => {
                ClientMessage::VendorBuy(Buy { kind: text(kind), quantity: Some(quantity) })
            }
            Play::LayDown { item } => {
                items = item.map(thing).into_iter().collect();
                ClientMessage::ItemDrop(some(items.first().copied()))
            }
            Play::PickUp { heap: number } => {
                heap = things.heaps.get(number).cloned();
                let ground_id = heap.as_ref().map_or(GroundId(999), |heap| heap.ground_id);
                ClientMessage::ItemPickup(WhichGround { ground_id })
            }
            Play::Travel { to } => {
                // The trade ends when he is there.
                (self.open, self.window) = (None, None);
                travel(to)
            }
        };
        let foreign = items.iter().filter(|id| things.others.contains(id)).copied().collect();
        (message, Said { play, whom, trade, version, items, foreign, heap, raced: false })
    }

    /// Judges what he was told.
    pub fn look(&mut self, news: Vec<Heard>, witness: &mut Witness, tally: &Tally) {
        for Heard { id, message, .. } in news {
            // Without a name it is news; what is told once more says nothing.
            let said = id.as_ref().map(|id| self.said.get(id).cloned());
            if matches!(said, Some(None)) {
                // But where he is he knows from that, too.
                if let ServerMessage::LocationUpdate(update) = &message {
                    witness.is_at(self.client.peer.character, update.location_id);
                }
                continue;
            }
            match (said.flatten(), &message) {
                (Some(_), refused) if is_passing(refused) => {
                    self.window = None;
                    witness.disturbed();
                    continue;
                }
                (Some(said), ServerMessage::Error(error)) => {
                    witness.refused.extend(id.clone());
                    self.refused(&said, error, witness, tally);
                }
                (Some(said), answer) => {
                    witness.granted.extend(id.clone());
                    self.granted(&said, answer, witness, tally);
                }
                (None, ServerMessage::TradeRequest(request)) => {
                    // His own, told once more after a drop, is no second one.
                    let other = self.open.as_ref().filter(|open| **open != request.trade_id);
                    assert!(other.is_none() || !witness.knows_all(), "{request:?} while in {other:?}");
                }
                (None, _) => {}
            }
            if let Some(id) = &id {
                self.said.remove(id);
            }
            self.learn(&message, witness, tally);
        }
    }

    fn side(&self) -> Option<&Side> {
        let me = self.client.peer.character;
        self.window.as_ref()?.offers.iter().find(|offer| offer.character_id == me)
    }

    fn granted(&self, said: &Said, answer: &ServerMessage, witness: &Witness, tally: &Tally) {
        let me = self.client.peer.character;
        match (said.play, answer) {
            (Play::Request { .. }, ServerMessage::TradeRequest(request)) => {
                assert_eq!((request.requester_id, request.recipient_id), (me, said.whom));
                assert_ne!(me, said.whom);
                assert!(self.open.is_none() || !witness.knows_all(), "{me} asks while in {:?}", self.open);
                let [mine, other] = [me, said.whom].map(|who| witness.here.get(&who));
                let apart = mine.zip(other).is_some_and(|(mine, other)| mine != other);
                assert!(!apart || said.raced || !witness.knows_all(), "asked from afar: {request:?}");
            }
            (Play::Offer { potions, souls, .. }, ServerMessage::TradeUpdate(update)) => {
                let mine =
                    update.offers.iter().find(|offer| offer.character_id == me).expect("one's own side");
                let items: Vec<_> = mine.items.iter().map(|item| item.item_id).collect();
                let mut asked = said.items.clone();
                asked.sort_unstable();
                let shown = mine.stacks.iter().map(|stack| stack.quantity).sum::<u32>();
                assert_eq!((items, shown, mine.souls), (asked, potions, souls));
                assert!(
                    said.foreign.is_empty() || !witness.knows_all(),
                    "{me} offers others' things: {said:?}"
                );
                assert!(!update.offers.iter().any(|offer| offer.accepted), "an accept stands: {update:?}");
            }
            (Play::Accept { .. }, ServerMessage::TradeUpdate(update)) => {
                let accepted = update.offers.iter().any(|offer| offer.character_id == me && offer.accepted);
                assert!(accepted && update.offer_version == said.version, "{said:?}: {update:?}");
            }
            (Play::Accept { .. }, ServerMessage::TradeComplete(_)) => tally.note("completed"),
            (Play::Decline, ServerMessage::Ok(_)) => tally.note("declined"),
            (play, ServerMessage::InventoryUpdate(update)) => {
                let (situation, reason) = match play {
                    Play::Equip { .. } => ("put on", "equip"),
                    Play::Unequip { .. } => ("taken off", "unequip"),
                    Play::Sell { .. } => ("sold", "sell"),
                    Play::Use => ("used", "use"),
                    Play::Buy { .. } => ("bought", "buy"),
                    Play::LayDown { .. } => ("dropped", "drop"),
                    Play::PickUp { .. } => ("picked up", "pickup"),
                    _ => panic!("{me}: {play:?} was answered {update:?}"),
                };
                assert_eq!(update.reason, reason, "{me}: {play:?}");
                tally.note(situation);
                self.changed(said, update);
            }
            (Play::Travel { .. }, _) => {}
            (play, answer) => panic!("{me}: {play:?} was answered {answer:?}"),
        }
    }

    /// What is offered stays, and what is accepted does, too.
    fn changed(&self, said: &Said, update: &InventoryUpdate) {
        let Some(mine) = self.side() else { return };
        assert!(!mine.accepted, "{said:?} while this stands: {mine:?}");
        if self.said.values().any(|said| matches!(said.play, Play::Offer { .. })) {
            // What he offers now is locked from when his session heard it, and shown when the trade did.
            return;
        }
        let offered = mine.items.iter().any(|item| said.items.contains(&item.item_id));
        assert!(!offered, "{said:?} while it is offered: {mine:?}");
        assert!(
            update.souls >= i64::from(mine.souls),
            "{said:?} {update:?} while they are offered: {mine:?}"
        );
        for left in &update.stacks {
            let offered = mine.stacks.iter().find(|stack| stack.kind == left.kind);
            let offered = offered.map_or(0, |stack| i64::from(stack.quantity));
            assert!(left.quantity >= offered, "{said:?} {update:?} while they are offered: {mine:?}");
        }
    }

    fn refused(&self, said: &Said, error: &ErrorMessage, witness: &Witness, tally: &Tally) {
        let me = self.client.peer.character;
        // The rules know before the disk does what can't be, unless somebody was taken over in between.
        let storage = error.error_code == ErrorCode::Storage;
        assert!(!storage || !witness.knows_all(), "{me}: {said:?} {error:?}");
        match (said.play, error.error_code) {
            (Play::Accept { .. }, ErrorCode::Conflict) if error.details.contains_key("offer_version") => {
                assert_ne!(error.details["offer_version"], said.version, "{me}: {error:?}");
                tally.note("accepted an old version");
            }
            (Play::Accept { .. }, ErrorCode::Conflict) => tally.note("accepted nothing, or too early"),
            (Play::Request { .. }, ErrorCode::Conflict) => tally.note("asked while trading"),
            (Play::Request { .. }, ErrorCode::TooFar | ErrorCode::NotOnline) => tally.note("asked from afar"),
            (Play::Request { .. }, ErrorCode::Invalid) => assert_eq!(said.whom, me),
            (Play::Offer { .. }, ErrorCode::NotEnough) => tally.note("offered more than there is"),
            (Play::Offer { .. }, ErrorCode::NotFound) if !said.foreign.is_empty() => {
                tally.note("offered what is another's");
            }
            (Play::PickUp { .. }, ErrorCode::NotFound) => tally.note("not there to be picked up"),
            (play, ErrorCode::Locked | ErrorCode::NotEnough) => self.note_lock(play, error.error_code, tally),
            _ => {}
        }
    }

    /// Of what is only counted that is offered which is not left for anything else.
    fn note_lock(&self, play: Play, code: ErrorCode, tally: &Tally) {
        let offers = |what: fn(&Side) -> bool| self.side().is_some_and(what);
        let potions = offers(|mine| !mine.stacks.is_empty());
        match play {
            Play::Use if potions => tally.note("locked: use"),
            Play::LayDown { item: None } | Play::Sell { item: None } if potions => {
                tally.note("locked: potions to drop or to sell");
            }
            Play::Buy { .. } if offers(|mine| mine.souls > 0) => tally.note("locked: buy"),
            Play::LayDown { .. } if code == ErrorCode::Locked => tally.note("locked: drop"),
            Play::Sell { .. } if code == ErrorCode::Locked => tally.note("locked: sell"),
            Play::PickUp { .. } if code == ErrorCode::Locked => tally.note("locked: pick up"),
            Play::Equip { .. } | Play::Unequip { .. } if code == ErrorCode::Locked => {
                tally.note("locked: wear");
            }
            _ => {}
        }
    }

    fn learn(&mut self, message: &ServerMessage, witness: &mut Witness, tally: &Tally) {
        let me = self.client.peer.character;
        match message {
            ServerMessage::TradeRequest(request) => {
                let ends = (request.requester_id, request.recipient_id);
                witness.trades.insert(request.trade_id.clone(), ends);
                (self.trade, self.version) = (Some(request.trade_id.clone()), 0);
                (self.open, self.window) = (Some(request.trade_id.clone()), None);
            }
            ServerMessage::TradeUpdate(update) => {
                witness.shown(update);
                let accepts = |offers: &[Side]| offers.iter().filter(|offer| offer.accepted).count();
                let same = self.window.as_ref().filter(|window| window.trade_id == update.trade_id);
                if same.is_some_and(|before| accepts(&before.offers) > accepts(&update.offers)) {
                    tally.note("an accept was cleared");
                }
                if self.trade.as_ref() == Some(&update.trade_id) {
                    self.version = self.version.max(update.offer_version);
                    (self.open, self.window) = (self.trade.clone(), Some(update.clone()));
                }
            }
            ServerMessage::TradeComplete(complete) => {
                self.ended(&complete.trade_id);
                if !complete.offers.is_empty() {
                    witness.complete(complete);
                }
            }
            ServerMessage::TradeDecline(decline) => {
                self.ended(&decline.trade_id);
                witness.declined.insert(decline.trade_id.clone());
                match decline.cause.as_str() {
                    "expired" => tally.note("ran out"),
                    "left" => tally.note("left"),
                    "interrupted" => tally.note("interrupted"),
                    _ => {}
                }
            }
            ServerMessage::LocationUpdate(update) => {
                witness.is_at(me, update.location_id);
                witness.sees(&update.ground, &[]);
            }
            ServerMessage::GroundUpdate(update) => witness.sees(&update.items, &update.gone),
            _ => {}
        }
    }

    fn ended(&mut self, trade: &str) {
        self.open.take_if(|open| open == trade);
        self.window.take_if(|window| window.trade_id == trade);
    }

    /// Notes what he says that others may be bound by.
    pub fn note(&self, id: &str, said: &Said, witness: &mut Witness) {
        let me = self.client.peer.character;
        match said.play {
            Play::Accept { .. } => witness.said_to_accept(&said.trade, me, said.version),
            Play::Offer { .. } => witness.said_to_offer(&said.trade, me),
            Play::Sell { .. } | Play::Use | Play::Buy { .. } | Play::LayDown { .. } | Play::PickUp { .. } => {
                let (item, heap) = (said.items.first().copied(), said.heap.clone());
                witness.said_to_deal(id, Dealing { who: me, play: said.play, item, heap });
            }
            _ => {}
        }
    }
}
