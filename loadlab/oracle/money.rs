//! Trades: whatever happens on the way, nothing is made and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};

use protocol::CharacterId;
use protocol::ids::ItemId;
use protocol::inventory::Inventory;
use protocol::trade::{Offer, TradeComplete};

use crate::oracle::{Faults, Verdict};

const PROMISE: (&str, &str) =
    ("money", "a trade happens wholly or not at all: what all have in the end is what they had");

/// Something of which somebody has so much.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Thing {
    Souls,
    /// By its serial: there is one of it.
    Item(ItemId),
    /// What is only counted, by kind.
    Stack(String),
}

/// Never 0 of a thing.
type Goods = BTreeMap<Thing, i64>;

fn add(goods: &mut Goods, thing: &Thing, many: i64) {
    let has = goods.entry(thing.clone()).or_default();
    *has += many;
    if *has == 0 {
        goods.remove(thing);
    }
}

/// What somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holding {
    character: CharacterId,
    goods: Goods,
}

impl Holding {
    fn of(character: CharacterId, all: &Inventory) -> Self {
        let mut goods = Goods::new();
        add(&mut goods, &Thing::Souls, all.souls);
        for item in &all.items {
            add(&mut goods, &Thing::Item(item.item_id), 1);
        }
        for stack in &all.stacks {
            add(&mut goods, &Thing::Stack(stack.kind.clone()), stack.quantity);
        }
        Self { character, goods }
    }
}

fn given(offer: &Offer) -> Goods {
    let mut goods = Goods::new();
    add(&mut goods, &Thing::Souls, i64::from(offer.souls));
    for item in &offer.items {
        add(&mut goods, &Thing::Item(item.item_id), 1);
    }
    for stack in &offer.stacks {
        add(&mut goods, &Thing::Stack(stack.kind.clone()), i64::from(stack.quantity));
    }
    goods
}

/// How much there is of everything, whoever has it.
fn in_all(holdings: &BTreeMap<usize, Holding>) -> Goods {
    let mut all = Goods::new();
    for (thing, many) in holdings.values().flat_map(|holding| &holding.goods) {
        add(&mut all, thing, *many);
    }
    all
}

/// What was traded, as those who traded were told.
#[derive(Debug, Default)]
pub struct Money {
    /// By bot.
    start: BTreeMap<usize, Holding>,
    end: BTreeMap<usize, Holding>,
    /// What each side gave, by trade.
    complete: BTreeMap<String, BTreeMap<CharacterId, Goods>>,
    /// Accepted by somebody, and nobody knows what became of it.
    unknown: BTreeSet<String>,
    faults: Faults,
}

impl Money {
    pub fn starts(&mut self, bot: usize, character: CharacterId, all: &Inventory) {
        self.start.insert(bot, Holding::of(character, all));
    }

    pub fn ends(&mut self, bot: usize, character: CharacterId, all: &Inventory) {
        self.end.insert(bot, Holding::of(character, all));
    }

    /// How many trades were told to be complete.
    pub fn completed(&self) -> u64 {
        self.complete.len() as u64
    }

    /// Somebody accepts: from now on it may happen.
    pub fn accepts(&mut self, trade: &str) {
        if !self.complete.contains_key(trade) {
            self.unknown.insert(trade.to_owned());
        }
    }

    pub fn declined(&mut self, trade: &str) {
        self.unknown.remove(trade);
        if self.complete.contains_key(trade) {
            self.faults.add("complete and declined", || format!("trade {trade}"));
        }
    }

    /// True: nobody had heard of it.
    pub fn completes(&mut self, told: &TradeComplete) -> bool {
        // Who lost sight of it is told that it happened, and no more.
        if told.offers.is_empty() {
            return false;
        }
        self.unknown.remove(&told.trade_id);
        let gave: BTreeMap<_, _> =
            told.offers.iter().map(|offer| (offer.character_id, given(offer))).collect();
        let before = self.complete.insert(told.trade_id.clone(), gave.clone());
        if before.as_ref().is_some_and(|before| *before != gave) {
            self.faults.add("told in two ways", || format!("trade {}: {before:?}, {gave:?}", told.trade_id));
        }
        before.is_none()
    }

    /// None: nobody traded.
    pub fn verdict(mut self) -> Option<Verdict> {
        if self.start.is_empty() {
            return None;
        }
        for bot in self.start.keys().filter(|bot| !self.end.contains_key(bot)) {
            self.faults.add("not looked at", || format!("bot {bot} did not say what it has in the end"));
        }
        let (had, has) = (in_all(&self.start), in_all(&self.end));
        let things: BTreeSet<&Thing> = had.keys().chain(has.keys()).collect();
        let many = |goods: &Goods, thing: &Thing| goods.get(thing).copied().unwrap_or(0);
        for thing in things {
            let (had, has) = (many(&had, thing), many(&has, thing));
            if had != has {
                self.faults.add("made or lost", || format!("{thing:?}: all had {had}, and have {has}"));
            }
        }
        if self.unknown.is_empty() {
            self.check_each();
        }
        let goods = self.complete.values().flat_map(BTreeMap::values);
        let things = goods.flat_map(Goods::keys).filter(|thing| **thing != Thing::Souls).count();
        let evidence = format!(
            "{} trades of {} bots, {things} times with more than souls, what became of {} is unknown to them",
            self.complete.len(),
            self.start.len(),
            self.unknown.len()
        );
        Some(Verdict::of(PROMISE, self.complete.len() as u64, evidence, self.faults))
    }

    /// Each has what his trades have made of what he had.
    fn check_each(&mut self) {
        let mut expected: BTreeMap<CharacterId, Goods> =
            self.start.values().map(|before| (before.character, before.goods.clone())).collect();
        for gave in self.complete.values() {
            for (giver, goods) in gave {
                for (thing, many) in goods {
                    for who in gave.keys() {
                        let Some(has) = expected.get_mut(who) else { continue };
                        add(has, thing, if who == giver { -many } else { *many });
                    }
                }
            }
        }
        for (bot, after) in &self.end {
            let expected = expected.get(&after.character);
            if expected != Some(&after.goods) {
                self.faults.add("not what was traded", || {
                    format!("bot {bot} should have {expected:?}, and has {:?}", after.goods)
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::CharacterId;
    use protocol::ids::ItemId;
    use protocol::inventory::{Inventory, OwnedItem, OwnedStack};
    use protocol::trade::{Offer, OfferedItem, OfferedStack, TradeComplete};

    use super::Money;
    use crate::oracle::Outcome;

    fn having(souls: i64) -> Inventory {
        Inventory { souls, slots: 40, items: Vec::new(), stacks: Vec::new() }
    }

    fn complete(trade: &str, gave: [u32; 2]) -> TradeComplete {
        let offer = |at: usize| Offer {
            character_id: CharacterId(at as i64),
            items: Vec::new(),
            stacks: Vec::new(),
            souls: gave[at],
            accepted: true,
        };
        TradeComplete { trade_id: trade.to_owned(), offers: vec![offer(0), offer(1)] }
    }

    fn judge(end: [i64; 2], trades: impl FnOnce(&mut Money)) -> Outcome {
        let mut money = Money::default();
        for bot in 0..2 {
            money.starts(bot, CharacterId(bot as i64), &having(10));
        }
        trades(&mut money);
        for (bot, souls) in end.into_iter().enumerate() {
            money.ends(bot, CharacterId(bot as i64), &having(souls));
        }
        money.verdict().unwrap().outcome
    }

    #[test]
    fn what_was_traded_is_what_moved() {
        let one = |money: &mut Money| {
            money.accepts("t");
            assert!(money.completes(&complete("t", [3, 1])));
            assert!(!money.completes(&complete("t", [3, 1])));
        };
        assert_eq!(judge([8, 12], one), Outcome::Kept);
        assert_eq!(judge([10, 10], one), Outcome::Broken);
        assert_eq!(judge([8, 13], one), Outcome::Broken);
        assert_eq!(judge([10, 10], |_| {}), Outcome::Unproved);
    }

    #[test]
    fn what_nobody_was_told_may_have_happened() {
        let unknown = |money: &mut Money| {
            money.completes(&complete("t", [1, 1]));
            money.accepts("u");
        };
        assert_eq!(judge([7, 13], unknown), Outcome::Kept);
        assert_eq!(judge([7, 12], unknown), Outcome::Broken);
        let declined = |money: &mut Money| {
            unknown(money);
            money.declined("u");
        };
        assert_eq!(judge([7, 13], declined), Outcome::Broken);
        let both = |money: &mut Money| {
            money.completes(&complete("t", [1, 1]));
            money.declined("t");
        };
        assert_eq!(judge([10, 10], both), Outcome::Broken);
        let differently = |money: &mut Money| {
            money.completes(&complete("t", [1, 1]));
            money.completes(&complete("t", [2, 2]));
        };
        assert_eq!(judge([10, 10], differently), Outcome::Broken);
    }

    /// With a sword of each of these serials, and so many potions.
    fn with(serials: &[i64], potions: i64) -> Inventory {
        let (kind, name) = ("longsword".to_owned(), "Longsword".to_owned());
        let item = |serial: &i64| OwnedItem {
            item_id: ItemId(*serial),
            kind: kind.clone(),
            name: name.clone(),
            slot: None,
            equipped: false,
            value: 60,
        };
        let potion = "health_potion".to_owned();
        let stack = OwnedStack { kind: potion.clone(), name: potion, quantity: potions, value: 15 };
        Inventory { items: serials.iter().map(item).collect(), stacks: vec![stack], ..having(10) }
    }

    #[test]
    fn a_doubled_serial_and_a_lost_potion_are_found() {
        let judge = |end: [Inventory; 2], unknown: bool| {
            let mut money = Money::default();
            money.starts(0, CharacterId(0), &with(&[1, 2], 2));
            money.starts(1, CharacterId(1), &with(&[3, 4], 1));
            let mut told = complete("t", [1, 1]);
            told.offers[0].items.push(OfferedItem { item_id: ItemId(1), kind: "longsword".to_owned() });
            told.offers[1].stacks.push(OfferedStack { kind: "health_potion".to_owned(), quantity: 1 });
            money.completes(&told);
            if unknown {
                money.accepts("u");
            }
            for (bot, all) in end.iter().enumerate() {
                money.ends(bot, CharacterId(bot as i64), all);
            }
            money.verdict().unwrap().outcome
        };
        assert_eq!(judge([with(&[2], 3), having(10)], false), Outcome::Broken, "two swords are gone");
        let whole = |mine: &[i64], theirs: &[i64], potions| {
            let mut their = with(theirs, 0);
            their.stacks.clear();
            [with(mine, potions), their]
        };
        assert_eq!(judge(whole(&[2], &[1, 3, 4], 3), false), Outcome::Kept);
        assert_eq!(judge(whole(&[2], &[1, 3, 4], 3), true), Outcome::Kept);
        for unknown in [false, true] {
            assert_eq!(judge(whole(&[1, 2], &[1, 3, 4], 3), unknown), Outcome::Broken, "doubled");
            assert_eq!(judge(whole(&[2], &[1, 1, 3, 4], 3), unknown), Outcome::Broken, "doubled with one");
            assert_eq!(judge(whole(&[2], &[3, 4], 3), unknown), Outcome::Broken, "a sword is lost");
            assert_eq!(judge(whole(&[2], &[1, 3, 4], 2), unknown), Outcome::Broken, "a potion is lost");
        }
        assert_eq!(judge(whole(&[1], &[2, 3, 4], 3), false), Outcome::Broken, "another sword was traded");
    }
}
