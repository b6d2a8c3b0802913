//! Trades: whatever happens on the way, nothing is made and nothing is lost.

use std::collections::{BTreeMap, BTreeSet};

use protocol::CharacterId;
use protocol::ids::ItemId;
use protocol::inventory::Inventory;
use protocol::trade::TradeComplete;

use crate::oracle::{Faults, Verdict};

const PROMISE: (&str, &str) =
    ("money", "a trade happens wholly or not at all: what all have in the end is what they had");

/// What somebody has.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Holding {
    character: CharacterId,
    souls: i64,
    items: BTreeSet<ItemId>,
}

impl Holding {
    fn of(character: CharacterId, all: &Inventory) -> Self {
        let items = all.items.iter().map(|item| item.item_id).collect();
        Self { character, souls: all.souls, items }
    }
}

/// What was traded, as those who traded were told.
#[derive(Debug, Default)]
pub struct Money {
    /// By bot.
    start: BTreeMap<usize, Holding>,
    end: BTreeMap<usize, Holding>,
    /// What each side gave, in souls, by trade.
    complete: BTreeMap<String, BTreeMap<CharacterId, i64>>,
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
            told.offers.iter().map(|offer| (offer.character_id, i64::from(offer.souls))).collect();
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
        let souls = |all: &BTreeMap<usize, Holding>| all.values().map(|one| one.souls).sum::<i64>();
        let items = |all: &BTreeMap<usize, Holding>| {
            let mut items: Vec<ItemId> = all.values().flat_map(|one| one.items.iter().copied()).collect();
            items.sort_unstable();
            items
        };
        let (had, has) = (souls(&self.start), souls(&self.end));
        if had != has {
            self.faults.add("souls made or lost", || format!("all had {had}, and have {has}"));
        }
        if items(&self.start) != items(&self.end) {
            self.faults.add("items made or lost", || "the serials are not the same".to_owned());
        }
        if self.unknown.is_empty() {
            self.check_each();
        }
        let evidence = format!(
            "{} trades of {} bots, what became of {} is unknown to them",
            self.complete.len(),
            self.start.len(),
            self.unknown.len()
        );
        Some(Verdict::of(PROMISE, self.complete.len() as u64, evidence, self.faults))
    }

    /// Each has what his trades have made of what he had.
    fn check_each(&mut self) {
        let mut moved: BTreeMap<CharacterId, i64> = BTreeMap::new();
        for gave in self.complete.values() {
            let all: i64 = gave.values().sum();
            for (who, souls) in gave {
                *moved.entry(*who).or_default() += all - 2 * souls;
            }
        }
        for (bot, before) in &self.start {
            let expected = before.souls + moved.get(&before.character).copied().unwrap_or(0);
            if let Some(after) = self.end.get(bot).filter(|after| after.souls != expected) {
                self.faults.add("not what was traded", || {
                    format!("bot {bot} should have {expected} souls, and has {}", after.souls)
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::CharacterId;
    use protocol::inventory::Inventory;
    use protocol::trade::{Offer, TradeComplete};

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
}
