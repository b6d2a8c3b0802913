//! A restart: what was acknowledged before it is there afterwards.

use std::collections::{BTreeMap, BTreeSet};

use protocol::LocationId;

use crate::oracle::order::{Line, Page};
use crate::oracle::{Faults, Verdict};

const PROMISE: (&str, &str) = ("kept", "what was acknowledged before a restart is there after it, once");

/// What the server owes after a restart.
#[derive(Debug, Default)]
pub struct Kept {
    /// Of the global channel, by `chat_id`.
    acknowledged: BTreeMap<u64, Line>,
    /// The last of them before the restart.
    last_before: Option<u64>,
    /// What a newcomer was shown in the end.
    shown: BTreeMap<u64, Line>,
    shown_from: Option<u64>,
    /// Where each bot was told it is.
    places: BTreeMap<usize, LocationId>,
    /// Who was seen there again.
    found: BTreeSet<usize>,
    is_struck: bool,
    faults: Faults,
}

impl Kept {
    pub fn acknowledged(&mut self, line: Line, chat_id: u64) {
        self.acknowledged.insert(chat_id, line);
    }

    /// A change of location is asked for: until the answer, it may be in either.
    pub fn sets_out(&mut self, bot: usize) {
        self.places.remove(&bot);
    }

    /// A change of location was acknowledged.
    pub fn arrived(&mut self, bot: usize, place: LocationId) {
        self.places.insert(bot, place);
    }

    /// The server is being restarted now.
    pub fn struck(&mut self) {
        self.is_struck = true;
        self.last_before = self.acknowledged.last_key_value().map(|(chat_id, _)| *chat_id);
    }

    /// The server says where a bot is that came into the world again.
    pub fn woke(&mut self, bot: usize, place: LocationId) {
        let Some(expected) = self.places.get(&bot).filter(|_| self.is_struck) else { return };
        if place == *expected {
            self.found.insert(bot);
        } else {
            self.faults
                .add("misplaced", || format!("bot {bot} was in location {expected}, and wakes in {place}"));
        }
    }

    /// What the history shows in the end to somebody who was not there.
    pub fn shown(&mut self, page: &Page) {
        let Some((first, _)) = page.span else { return };
        self.shown_from = Some(self.shown_from.map_or(first, |from| from.min(first)));
        self.shown.extend(page.lines.iter().map(|(line, chat_id)| (*chat_id, *line)));
    }

    /// `None` where no restart was asked for.
    pub fn verdict(mut self) -> Option<Verdict> {
        if !self.is_struck {
            return None;
        }
        let from = self.shown_from.unwrap_or(u64::MAX);
        let judged: Vec<(u64, Line)> =
            self.acknowledged.range(from..).map(|(id, line)| (*id, *line)).collect();
        let before = judged.iter().filter(|(id, _)| Some(*id) <= self.last_before).count();
        for (chat_id, line) in &judged {
            match self.shown.get(chat_id) {
                Some(shown) if shown == line => {}
                Some(shown) => {
                    self.faults.add("altered", || format!("{chat_id} was {line:?}, and is {shown:?}"));
                }
                None => self.faults.add("lost", || format!("{line:?} ({chat_id}) was acknowledged")),
            }
        }
        let mut numbers: BTreeMap<Line, u64> = BTreeMap::new();
        for (chat_id, line) in &self.shown {
            if let Some(other) = numbers.insert(*line, *chat_id) {
                self.faults.add("doubled", || format!("{line:?} is there as {other} and as {chat_id}"));
            }
        }
        let older = self.acknowledged.len() - judged.len();
        let mut evidence = format!(
            "{before} lines of before the restart and {} of after it are in the history, {} bots where they were",
            judged.len() - before,
            self.found.len()
        );
        if older > 0 {
            evidence += &format!("; {older} lines are older than the history shows and were not looked at");
        }
        Some(Verdict::of(PROMISE, (before + self.found.len()) as u64, evidence, self.faults))
    }
}

#[cfg(test)]
mod tests {
    use protocol::LocationId;

    use super::Kept;
    use crate::oracle::{Line, Outcome, Page, Verdict};

    fn line(number: u64) -> Line {
        Line { bot: 1, number }
    }

    /// Lines 0 and 1 are acknowledged as 10 and 11 before a restart, line 2 as 12 after it; then this is shown.
    fn verdict(span: (u64, u64), shown: &[(u64, u64)]) -> Verdict {
        let mut kept = Kept::default();
        kept.acknowledged(line(0), 10);
        kept.acknowledged(line(1), 11);
        kept.struck();
        kept.acknowledged(line(2), 12);
        let lines = shown.iter().map(|(number, id)| (line(*number), *id)).collect();
        kept.shown(&Page { span: Some(span), lines });
        kept.verdict().unwrap()
    }

    #[test]
    fn all_that_was_acknowledged_is_there() {
        assert_eq!(verdict((5, 12), &[(0, 10), (1, 11), (2, 12)]).outcome, Outcome::Kept);
        let unanswered = verdict((5, 13), &[(0, 10), (1, 11), (2, 12), (3, 13)]);
        assert_eq!(unanswered.outcome, Outcome::Kept, "{unanswered:?}");
    }

    #[test]
    fn each_fault_is_found() {
        for (shown, kind) in [
            (&[(0, 10), (2, 12)][..], "lost"),
            (&[(0, 10), (7, 11), (2, 12)], "altered"),
            (&[(0, 10), (1, 11), (2, 12), (1, 13)], "doubled"),
        ] {
            let verdict = verdict((5, 13), shown);
            assert_eq!((verdict.outcome, verdict.faults.of(kind)), (Outcome::Broken, 1), "{verdict:?}");
        }
    }

    #[test]
    fn what_the_history_does_not_reach_is_not_judged_and_said() {
        let verdict = verdict((11, 12), &[(1, 11), (2, 12)]);
        assert!(
            verdict.outcome == Outcome::Kept && verdict.evidence.contains("1 lines are older"),
            "{verdict:?}"
        );
        let nothing = super::tests::verdict((12, 12), &[(2, 12)]);
        assert_eq!(nothing.outcome, Outcome::Unproved);
        // Where somebody is was acknowledged, too.
        let mut kept = Kept::default();
        kept.arrived(3, LocationId(5));
        kept.struck();
        kept.woke(3, LocationId(5));
        assert_eq!(kept.verdict().unwrap().outcome, Outcome::Kept);
    }

    #[test]
    fn everybody_wakes_where_they_were() {
        let mut kept = Kept::default();
        kept.arrived(3, LocationId(5));
        kept.woke(3, LocationId(1));
        kept.struck();
        kept.woke(3, LocationId(5));
        kept.woke(4, LocationId(1));
        assert_eq!(kept.faults.total(), 0);
        kept.sets_out(3);
        kept.woke(3, LocationId(1));
        assert_eq!(kept.faults.total(), 0);
        kept.arrived(3, LocationId(5));
        kept.woke(3, LocationId(1));
        assert_eq!(kept.verdict().unwrap().faults.of("misplaced"), 1);
    }
}
