//! Crystal shards: each change of hands is one, everybody hears of it, and whoever takes one has defeated its guardian.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use protocol::CharacterId;
use protocol::combat::{CombatEnd, Outcome};
use protocol::ids::CrystalShardId;
use protocol::world::{ShardCaptured, ShardOwnership};

use crate::oracle::{Faults, Verdict};

const PROMISE: (&str, &str) = (
    "captures",
    "a crystal shard is taken once at a time, by who defeated its guardian, and everybody hears of it",
);

/// More of a shard's history is not shown at once.
const HISTORY_MAX: usize = 100;

/// A change of hands.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Capture {
    by: Option<CharacterId>,
    faction: Option<String>,
    from: Option<String>,
}

impl Capture {
    fn heard(told: &ShardCaptured) -> Self {
        let from = told.previous_owner_faction.clone();
        Self { by: Some(told.captured_by_character_id), faction: Some(told.faction.clone()), from }
    }

    fn recorded(row: &ShardOwnership) -> Self {
        Self {
            by: row.captured_by_character_id,
            faction: row.faction.clone(),
            from: row.previous_faction.clone(),
        }
    }
}

/// A shard's record, the oldest first.
#[derive(Debug, Default)]
struct Record {
    before: usize,
    rows: Vec<Capture>,
}

impl Record {
    /// Those after the first so many. What the end of the world releases is told in another way.
    fn after(&self, before: usize) -> Vec<Capture> {
        let new = self.rows.iter().skip(before);
        new.filter(|capture| capture.faction.is_some()).cloned().collect()
    }
}

/// What was heard of captures, and what the server has on record.
#[derive(Debug, Default)]
pub struct Captures {
    records: BTreeMap<CrystalShardId, Record>,
    /// By bot and shard, in parts between which something may be missing.
    heard: BTreeMap<usize, BTreeMap<CrystalShardId, Vec<Vec<Capture>>>>,
    interrupted: BTreeSet<usize>,
    /// Fights against guardians.
    guardians: BTreeSet<String>,
    /// Fights that somebody was told the end of, with those who were told that they won.
    winners: BTreeMap<String, BTreeSet<CharacterId>>,
    faults: Faults,
}

impl Captures {
    /// A bot listens for captures.
    pub fn plays(&mut self, bot: usize) {
        self.heard.entry(bot).or_default();
    }

    pub fn heard(&mut self, bot: usize, told: &ShardCaptured) {
        let shards = self.heard.entry(bot).or_default();
        let parts = shards.entry(told.shard_id).or_insert_with(|| vec![Vec::new()]);
        parts.last_mut().expect("there is one").push(Capture::heard(told));
    }

    pub fn interrupted(&mut self, bot: usize) {
        self.interrupted.insert(bot);
        for parts in self.heard.get_mut(&bot).into_iter().flat_map(BTreeMap::values_mut) {
            parts.push(Vec::new());
        }
    }

    /// A fight is one against a guardian.
    pub fn challenged(&mut self, combat: &str) {
        self.guardians.insert(combat.to_owned());
    }

    /// A fight ended for somebody, be it against a guardian or not.
    pub fn fought(&mut self, who: CharacterId, end: &CombatEnd) {
        let winners = self.winners.entry(end.combat_id.clone()).or_default();
        if end.outcome == Outcome::Won {
            winners.insert(who);
        }
    }

    /// A shard's history as the server tells it, the latest first: before the run, and when nothing happens any more.
    pub fn recorded(&mut self, shard: CrystalShardId, rows: &[ShardOwnership], is_end: bool) {
        let record = self.records.entry(shard).or_default();
        record.rows = rows.iter().rev().map(Capture::recorded).collect();
        if !is_end {
            record.before = rows.len();
        }
    }

    /// Those on record since the beginning.
    pub fn taken(&self) -> u64 {
        let taken = self.records.keys().filter_map(|shard| self.since_the_beginning(*shard));
        taken.map(|captures| captures.len() as u64).sum()
    }

    /// Of a shard whose record is longer than it is shown: by somebody who heard all of it, if that ends as the record does.
    fn since_the_beginning(&self, shard: CrystalShardId) -> Option<Vec<Capture>> {
        let record = self.records.get(&shard)?;
        if record.rows.len() < HISTORY_MAX {
            return Some(record.after(record.before));
        }
        let shown = record.after(0);
        let whole = self.heard.iter().filter(|(bot, _)| !self.interrupted.contains(bot));
        let mut told = whole.filter_map(|(_, shards)| Some(shards.get(&shard)?.concat()));
        told.find(|heard| heard.ends_with(&shown))
    }

    /// Whether all bots that were there all the time have heard of all there is on record.
    pub fn is_settled(&self) -> bool {
        let all = self.taken();
        let whole = self.heard.iter().filter(|(bot, _)| !self.interrupted.contains(bot));
        whole
            .into_iter()
            .all(|(_, shards)| shards.values().flatten().map(|part| part.len() as u64).sum::<u64>() >= all)
    }

    /// None: nobody listened for captures.
    pub fn verdict(mut self) -> Option<Verdict> {
        if self.heard.is_empty() {
            return None;
        }
        let mut captors: BTreeMap<CharacterId, u64> = BTreeMap::new();
        let mut taken = 0;
        for (shard, record) in &self.records {
            for pair in record.rows.windows(2) {
                if pair[1].from != pair[0].faction {
                    self.faults
                        .add("two captors", || format!("shard {shard}: {:?}, then {:?}", pair[0], pair[1]));
                }
            }
            let Some(new) = self.since_the_beginning(*shard) else {
                self.faults.add("not as it was", || {
                    format!("shard {shard}: nobody heard the {HISTORY_MAX} changes that are shown of it")
                });
                continue;
            };
            for capture in &new {
                taken += 1;
                *captors.entry(capture.by.unwrap_or(CharacterId(0))).or_default() += 1;
                if capture.faction == capture.from {
                    self.faults.add("taken from oneself", || format!("shard {shard}: {capture:?}"));
                }
            }
            for (bot, shards) in &self.heard {
                let none = vec![Vec::new()];
                let parts = shards.get(shard).unwrap_or(&none);
                let is_there = |part: &Vec<Capture>| {
                    part.is_empty() || new.windows(part.len()).any(|window| window == part.as_slice())
                };
                let is_well = match self.interrupted.contains(bot) {
                    true => parts.iter().all(is_there),
                    false => parts.concat() == new,
                };
                if !is_well {
                    self.faults.add("not as it was", || {
                        let (heard, most) = (parts.concat(), new.len());
                        let first = (0..most).find(|nth| heard.get(*nth) != new.get(*nth)).unwrap_or(most);
                        let (heard, recorded) = (heard.get(first), new.get(first));
                        format!(
                            "shard {shard}, {first}: bot {bot} heard {heard:?}, on record is {recorded:?}"
                        )
                    });
                }
            }
        }
        let ended = self.guardians.iter().filter_map(|combat| self.winners.get(combat));
        let unknown = (self.guardians.len() - ended.clone().count()) as u64;
        for (captor, count) in &captors {
            let won = ended.clone().filter(|winners| winners.contains(captor)).count() as u64;
            if *count > won + unknown {
                self.faults.add("not fought for", || format!("{captor} took {count}, and won {won} fights"));
            }
        }
        let won = ended.filter(|winners| !winners.is_empty()).count() as u64;
        if taken > won + unknown {
            self.faults
                .add("more than were fought for", || format!("{taken} were taken, {won} guardians defeated"));
        }
        let evidence = format!(
            "{taken} captures by {} captors, {won} guardians defeated and {unknown} perhaps, heard by {} bots",
            captors.len(),
            self.heard.len()
        );
        Some(Verdict::of(PROMISE, taken, evidence, self.faults))
    }
}
