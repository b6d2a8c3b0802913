//! What one fighter has, as it was told change by change.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use protocol::combat::{CombatEnd, Outcome};
use protocol::ids::ItemId;
use protocol::inventory::{Inventory, InventoryUpdate};

use super::Sheet;

type Fault = (&'static str, String);
/// By kind.
type Counts = BTreeMap<String, i64>;

/// Why a change happened that a fight brought.
const BY_COMBAT: &str = "combat";
/// The server read the sheet anew: whatever changed meanwhile comes at once.
const BY_SYNC: &str = "sync";

#[derive(Debug)]
pub(super) struct Purse {
    start: Sheet,
    pub(super) end: Option<Sheet>,
    /// As it was told last.
    now_souls: i64,
    items: BTreeMap<ItemId, String>,
    stacks: Counts,
    /// Different things there is room for.
    slots: usize,
    /// Ends that are not in effect yet, the oldest first.
    owed: VecDeque<CombatEnd>,
    /// Souls of what came into effect before its end was told: the disk knew of it first.
    early: Vec<i64>,
    /// Used up in the fights under way.
    used: BTreeMap<String, Counts>,
    /// Fights that it was told the end of.
    ended: BTreeSet<String>,
    /// Fights that it knows no end of.
    open: BTreeSet<String>,
    /// Not everything was told: from then on what it was told is not all that happened.
    missed: bool,
    pub(super) fights: u64,
    pub(super) souls: i64,
    pub(super) experience: i64,
    pub(super) quests: u64,
}

impl Purse {
    pub(super) fn new(start: Sheet, all: &Inventory) -> Self {
        Self {
            now_souls: start.souls,
            start,
            end: None,
            items: all.items.iter().map(|item| (item.item_id, item.kind.clone())).collect(),
            stacks: all.stacks.iter().map(|stack| (stack.kind.clone(), stack.quantity)).collect(),
            slots: all.slots as usize,
            owed: VecDeque::new(),
            early: Vec::new(),
            used: BTreeMap::new(),
            ended: BTreeSet::new(),
            open: BTreeSet::new(),
            missed: false,
            fights: 0,
            souls: 0,
            experience: 0,
            quests: 0,
        }
    }

    pub(super) fn begins(&mut self, combat: &str) {
        self.open.insert(combat.to_owned());
    }

    pub(super) fn uses(&mut self, combat: &str, kind: &str) {
        let used = self.used.entry(combat.to_owned()).or_default();
        *used.entry(kind.to_owned()).or_default() += 1;
    }

    pub(super) fn ended(&mut self, end: &CombatEnd) {
        // A challenge that came to nothing changes nothing, and nothing is told of it.
        if !self.open.remove(&end.combat_id) && end.outcome == Outcome::Ended {
            return;
        }
        if !self.ended.insert(end.combat_id.clone()) {
            // Told again, because what it brought was not in effect before the server was killed.
            return;
        }
        self.fights += 1;
        self.souls += end.souls;
        self.experience += end.experience;
        match self.early.iter().position(|souls| *souls == end.souls) {
            Some(early) => drop(self.early.swap_remove(early)),
            None => self.owed.push_back(end.clone()),
        }
    }

    pub(super) fn interrupted(&mut self) {
        self.missed = true;
        self.owed.clear();
        self.early.clear();
    }

    /// Whether it was told of everything that changed what it has.
    pub(super) fn is_exact(&self) -> bool {
        !self.missed && self.open.is_empty()
    }

    fn counts(&self) -> Counts {
        let mut counts: Counts = self
            .stacks
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(kind, count)| (kind.clone(), *count))
            .collect();
        for kind in self.items.values() {
            *counts.entry(kind.clone()).or_default() += 1;
        }
        counts
    }

    pub(super) fn updated(&mut self, update: &InventoryUpdate) -> Result<(), Fault> {
        let (before, slots_used) = (self.counts(), self.items.len() + self.stacks.len());
        let gained = update.souls - std::mem::replace(&mut self.now_souls, update.souls);
        for gone in &update.gone {
            self.items.remove(gone);
        }
        self.items.extend(update.items.iter().map(|item| (item.item_id, item.kind.clone())));
        self.stacks.extend(update.stacks.iter().map(|stack| (stack.kind.clone(), stack.quantity)));
        self.stacks.retain(|_, count| *count > 0);
        if update.reason == BY_SYNC {
            self.interrupted();
        }
        if update.reason != BY_COMBAT || self.missed {
            return Ok(());
        }
        let owed = self.owed.iter().position(|end| end.souls == gained);
        let Some(end) = owed.and_then(|place| self.owed.remove(place)) else {
            self.early.push(gained);
            return Ok(());
        };
        let used = self.used.remove(&end.combat_id).unwrap_or_default();
        // What there is no room for stays behind.
        if slots_used + end.loot.len() > self.slots {
            return Ok(());
        }
        let mut expected = before;
        for (kind, count) in &used {
            *expected.entry(kind.clone()).or_default() -= count;
        }
        for kind in &end.loot {
            *expected.entry(kind.clone()).or_default() += 1;
        }
        expected.retain(|_, count| *count != 0);
        let found = self.counts();
        if expected != found {
            return Err(("not what was won", format!("after {end:?} it has {found:?}, not {expected:?}")));
        }
        Ok(())
    }

    /// What a sheet shows that can't be by what was told.
    pub(super) fn faults_of(&self, sheet: &Sheet) -> Vec<Fault> {
        let mut faults = Vec::new();
        let (had, has) = (self.start.experience + self.experience, sheet.experience);
        // Of a fight whose end it was not told, and of a quest, it may have more.
        let may_have_more = self.quests > 0 || !self.open.is_empty();
        if has < had || (has > had && !may_have_more) {
            faults.push(("experience", format!("it should have {had}, and has {has}")));
        }
        if self.missed {
            return faults;
        }
        if sheet.souls != self.now_souls {
            faults.push(("souls", format!("it should have {}, and has {}", self.now_souls, sheet.souls)));
        }
        if sheet.things != self.counts() {
            faults
                .push(("things", format!("it should have {:?}, and has {:?}", self.counts(), sheet.things)));
        }
        for end in &self.owed {
            faults.push(("never had", format!("{end:?}")));
        }
        for souls in &self.early {
            faults.push((
                "had twice",
                format!("{souls} souls of no fight, or of one that had brought them before"),
            ));
        }
        faults
    }
}
