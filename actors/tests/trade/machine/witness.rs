//! What one may conclude of trades from what people are told and from what they said.

use std::collections::{BTreeMap, BTreeSet};

use protocol::ground::GroundItem;
use protocol::ids::GroundId;
use protocol::trade::{Offer, TradeComplete, TradeUpdate};
use protocol::{CharacterId, LocationId};
use rules::sheet::Sheet;

use super::ledger::{Dealing, POTION};
use super::script::Play;

/// What everybody said, and what everybody's news say together, over all lives.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    /// As everybody was at first.
    pub start: Vec<Sheet>,
    /// All there were, by who asked and who was asked.
    pub trades: BTreeMap<String, (CharacterId, CharacterId)>,
    pub completed: BTreeMap<String, Vec<Offer>>,
    pub declined: BTreeSet<String>,
    /// What people said to do with what is theirs, by command.
    pub dealings: BTreeMap<String, Dealing>,
    /// The commands of these that were granted, and those that were refused for good.
    pub granted: BTreeSet<String>,
    pub refused: BTreeSet<String>,
    /// Everything that was seen to lie on the ground, and what of it does no more.
    heaps: BTreeMap<GroundId, GroundItem>,
    lifted: BTreeSet<GroundId>,
    /// The most that may have been bought, or been paid for what was sold.
    more: (i64, i64),
    /// Where everybody was last told to be.
    pub here: BTreeMap<CharacterId, LocationId>,
    /// In which step that was.
    moved: BTreeMap<CharacterId, u32>,
    steps: u32,
    /// What was offered in a version of a window.
    windows: BTreeMap<(String, u32), Vec<Offer>>,
    /// The versions that somebody said that he accepts.
    accepted: BTreeSet<(String, CharacterId, u32)>,
    /// Who has said what he offers.
    offered: BTreeSet<(String, CharacterId)>,
    /// Steps since the last one that may have cost somebody an answer.
    calm: u32,
    /// Something in this process is armed to panic.
    faulty: bool,
}

impl Witness {
    pub fn of(start: Vec<Sheet>) -> Self {
        Self { start, ..Self::default() }
    }

    pub fn begin(&mut self) {
        (self.calm, self.faulty) = (0, false);
        self.here.clear();
    }

    pub fn step(&mut self) {
        self.steps += 1;
        self.calm += 1;
    }

    pub fn disturbed(&mut self) {
        self.calm = 0;
    }

    pub fn broken(&mut self) {
        self.faulty = true;
    }

    /// Whether everything that was answered of late was heard, and nothing had to be given up.
    pub fn knows_all(&self) -> bool {
        self.calm >= 3 && !self.faulty
    }

    pub fn said_to_accept(&mut self, trade: &str, who: CharacterId, version: u32) {
        self.accepted.insert((trade.to_owned(), who, version));
    }

    pub fn said_to_offer(&mut self, trade: &str, who: CharacterId) {
        self.offered.insert((trade.to_owned(), who));
    }

    pub fn said_to_deal(&mut self, id: &str, dealing: Dealing) {
        match dealing.play {
            Play::Buy { quantity, .. } => self.more.0 += i64::from(quantity),
            // Nothing that there is costs more than this.
            Play::Sell { .. } => self.more.1 += 100,
            _ => {}
        }
        self.dealings.insert(id.to_owned(), dealing);
    }

    pub fn sees(&mut self, heaps: &[GroundItem], lifted: &[GroundId]) {
        self.heaps.extend(heaps.iter().map(|heap| (heap.ground_id, heap.clone())));
        self.lifted.extend(lifted);
    }

    /// What may still lie there, and then what does not.
    pub fn ground(&self) -> Vec<GroundItem> {
        let (gone, lying): (Vec<_>, Vec<_>) =
            self.heaps.values().cloned().partition(|heap| self.lifted.contains(&heap.ground_id));
        lying.into_iter().chain(gone).collect()
    }

    pub fn is_at(&mut self, who: CharacterId, location: LocationId) {
        self.here.insert(who, location);
        self.moved.insert(who, self.steps);
    }

    /// Two of whom one has gone, and not just now.
    fn are_apart(&self, who: [CharacterId; 2]) -> bool {
        let [one, other] = who.map(|who| self.here.get(&who));
        let moved = who.iter().filter_map(|who| self.moved.get(who)).max().copied().unwrap_or(0);
        one.zip(other).is_some_and(|(one, other)| one != other) && self.steps >= moved + 2
    }

    fn has_answered(&self, trade: &str) -> bool {
        let asked = self.trades.get(trade);
        asked.is_none_or(|(_, whom)| self.offered.contains(&(trade.to_owned(), *whom)))
    }

    /// A window as somebody sees it: of one version there is one content, and it is there.
    pub fn shown(&mut self, update: &TradeUpdate) {
        let offers = without_accepts(&update.offers);
        let (potions, souls) = self.there_are();
        for offer in &offers {
            assert!(i64::from(offer.souls) <= souls, "{update:?}");
            let potions_offered: i64 = offer.stacks.iter().map(|stack| i64::from(stack.quantity)).sum();
            assert!(potions_offered <= potions, "{update:?}");
        }
        let items: Vec<_> = offers.iter().flat_map(|offer| &offer.items).map(|item| item.item_id).collect();
        assert_eq!(items.iter().collect::<BTreeSet<_>>().len(), items.len(), "{update:?}");
        for offer in update.offers.iter().filter(|offer| offer.accepted) {
            let said = (update.trade_id.clone(), offer.character_id, update.offer_version);
            assert!(self.accepted.contains(&said), "{said:?} was not accepted: {update:?}");
            assert!(self.has_answered(&update.trade_id), "accepted before it was open: {update:?}");
        }
        let key = (update.trade_id.clone(), update.offer_version);
        let before = self.windows.entry(key).or_insert_with(|| offers.clone());
        assert_eq!(*before, offers, "two windows of one version: {update:?}");
    }

    /// The most that anybody can have.
    fn there_are(&self) -> (i64, i64) {
        let potions: i64 = self.start.iter().map(|sheet| sheet.stacks[POTION]).sum();
        let souls: i64 = self.start.iter().map(|sheet| sheet.progression.souls).sum();
        (potions + self.more.0, souls + self.more.1)
    }

    /// Both have accepted just this, and nothing newer was shown to anybody.
    pub fn complete(&mut self, complete: &TradeComplete) {
        let (trade, offers) = (&complete.trade_id, without_accepts(&complete.offers));
        let before = self.completed.insert(trade.clone(), offers.clone());
        assert!(before.is_none_or(|before| before == offers), "both saw the same");
        let windows = self.windows.range((trade.clone(), 0)..=(trade.clone(), u32::MAX));
        let (last, content) = windows.last().expect("nobody accepts what nobody saw");
        assert_eq!(*content, offers, "what was shown last is what changed hands");
        for offer in &offers {
            let said = (trade.clone(), offer.character_id, last.1);
            assert!(self.accepted.contains(&said), "{said:?} was not accepted: {complete:?}");
        }
        let nothing = |offer: &Offer| offer.items.is_empty() && offer.stacks.is_empty() && offer.souls == 0;
        assert!(!offers.iter().all(nothing), "nothing was traded: {complete:?}");
        assert!(self.has_answered(trade), "{complete:?}");
        let apart = self.trades.get(trade).is_some_and(|(one, other)| self.are_apart([*one, *other]));
        assert!(!apart || !self.knows_all(), "they are not in one place: {complete:?}");
    }
}

fn without_accepts(offers: &[Offer]) -> Vec<Offer> {
    offers.iter().map(|offer| Offer { accepted: false, ..offer.clone() }).collect()
}
