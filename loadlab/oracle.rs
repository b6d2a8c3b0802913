//! The judges: each says what is promised, watches for what breaks it, and gives a verdict in the end.

mod answers;
mod area;
mod audits;
mod bits;
mod captures;
mod channels;
mod fights;
mod kept;
mod money;
mod order;
mod parties;
mod resume;
mod spoils;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

pub use answers::Answers;
pub use area::{Area, Looked};
pub use audits::Audits;
pub use captures::Captures;
pub use channels::{Channels, Group};
pub use fights::{Fights, Told};
pub use kept::Kept;
pub use money::Money;
pub use order::{Break, Line, Order, Page};
pub use parties::Parties;
pub use resume::Resumption;
pub use spoils::{Sheet, Spoils};

/// So many faults are described; the rest are only counted.
const EXAMPLES_MAX: usize = 20;

/// What an oracle found wrong.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Faults {
    /// By kind.
    pub counts: BTreeMap<&'static str, u64>,
    /// The first ones in words.
    pub examples: Vec<String>,
}

impl Faults {
    pub fn add(&mut self, kind: &'static str, text: impl FnOnce() -> String) {
        *self.counts.entry(kind).or_default() += 1;
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(format!("{kind}: {}", text()));
        }
    }

    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }

    pub fn of(&self, kind: &str) -> u64 {
        self.counts.get(kind).copied().unwrap_or(0)
    }

    pub fn join(&mut self, other: Self) {
        for (kind, count) in other.counts {
            *self.counts.entry(kind).or_default() += count;
        }
        let room = EXAMPLES_MAX.saturating_sub(self.examples.len());
        self.examples.extend(other.examples.into_iter().take(room));
    }
}

/// How a promise fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    Kept,
    Broken,
    /// It was at stake, but nothing happened that could have broken it.
    Unproved,
}

/// What an oracle says in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    pub oracle: &'static str,
    pub promise: &'static str,
    pub outcome: Outcome,
    /// How much was looked at, in words.
    pub evidence: String,
    pub faults: Faults,
}

impl Verdict {
    /// Of `faults`, where `cases` is how often the promise could have been broken.
    pub fn of(
        (oracle, promise): (&'static str, &'static str),
        cases: u64,
        evidence: String,
        faults: Faults,
    ) -> Self {
        let outcome = match (faults.total(), cases) {
            (0, 0) => Outcome::Unproved,
            (0, _) => Outcome::Kept,
            _ => Outcome::Broken,
        };
        Self { oracle, promise, outcome, evidence, faults }
    }
}

/// All judges of a run.
#[derive(Debug, Default)]
pub struct Oracles {
    pub channels: Channels,
    pub resume: Resumption,
    pub answers: Answers,
    pub area: Area,
    pub kept: Kept,
    pub money: Money,
    pub parties: Parties,
    pub fights: Fights,
    pub spoils: Spoils,
    pub captures: Captures,
    pub audits: Audits,
    /// Whose connection is gone.
    away: BTreeSet<usize>,
}

/// What is at stake in a run: promises that nothing tested are then named as unproved, instead of left out.
#[derive(Debug, Clone, Copy, Default)]
pub struct Stakes {
    pub chat: bool,
    pub drops: bool,
    pub area: bool,
    pub captures: bool,
}

impl Oracles {
    /// Whether everything that may still come has come.
    pub fn is_complete(&self) -> bool {
        self.channels.is_complete() && self.area.is_settled()
    }

    /// This bot's connection is gone.
    pub fn is_away(&mut self, bot: usize) {
        self.away.insert(bot);
    }

    /// Its session goes on: what it missed follows.
    pub fn is_back(&mut self, bot: usize) {
        self.away.remove(&bot);
    }

    /// Something of the game is told to this bot. Who signs in anew may be told so before it is known that it has; what
    /// a resume brings comes after that.
    pub fn hears(&mut self, bot: usize) -> &mut Self {
        if self.away.remove(&bot) {
            self.interrupted(bot);
        }
        self
    }

    /// Not all that happened to this bot meanwhile was told to it, and it knows so.
    pub fn interrupted(&mut self, bot: usize) {
        self.parties.interrupted(bot);
        self.fights.interrupted(bot);
        self.spoils.interrupted(bot);
        self.captures.interrupted(bot);
    }

    /// The verdicts, when all that could arrive has arrived.
    pub fn verdicts(self, stakes: Stakes) -> Vec<Verdict> {
        let (order, in_resumes) = self.channels.verdict();
        let resume = self.resume.verdict(in_resumes);
        let area = (self.area.verdict(), stakes.area);
        let all = [(order, stakes.chat), (resume, stakes.drops), (self.answers.verdict(), false), area];
        let told = |(verdict, at_stake): (Verdict, bool)| {
            (at_stake || verdict.outcome != Outcome::Unproved).then_some(verdict)
        };
        all.into_iter()
            .filter_map(told)
            .chain(self.kept.verdict())
            .chain(self.money.verdict())
            .chain(self.parties.verdict())
            .chain(self.fights.verdict())
            .chain(self.spoils.verdict())
            .chain(
                self.captures
                    .verdict()
                    .filter(|verdict| stakes.captures || verdict.outcome != Outcome::Unproved),
            )
            .chain(self.audits.verdict())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use protocol::CharacterId;
    use protocol::combat::CombatState;

    use super::{Oracles, Outcome, Told};

    #[test]
    fn who_signs_in_anew_may_be_told_of_a_fight_before_it_is_known_that_it_has() {
        let state = CombatState {
            combat_id: "f".to_owned(),
            turn_number: 3,
            active_character_id: CharacterId(1),
            turn_ends_in_ms: None,
            participants: Vec::new(),
            combat_log: Vec::new(),
            is_finished: false,
        };
        for (resumes, outcome) in [(false, Outcome::Unproved), (true, Outcome::Broken)] {
            let mut oracles = Oracles::default();
            oracles.is_away(0);
            if resumes {
                oracles.is_back(0);
            }
            oracles.hears(0).fights.told(0, Told::State(&state));
            assert_eq!(oracles.fights.verdict().unwrap().outcome, outcome);
        }
    }
}
