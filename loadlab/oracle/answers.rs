//! Answers: each command gets one, be it a refusal.

use std::collections::BTreeMap;

use crate::oracle::{Faults, Verdict};

const PROMISE: (&str, &str) = ("answers", "every command is answered, and everything that comes can be read");

/// Commands sent and answered, by name.
#[derive(Debug, Default)]
pub struct Answers {
    open: BTreeMap<&'static str, u64>,
    answered: u64,
    faults: Faults,
}

impl Answers {
    pub fn asked(&mut self, command: &'static str) {
        *self.open.entry(command).or_default() += 1;
    }

    pub fn answered(&mut self, command: &'static str) {
        if let Some(open) = self.open.get_mut(command) {
            *open = open.saturating_sub(1);
        }
        self.answered += 1;
    }

    /// Something came that can't be read.
    pub fn unreadable(&mut self, bot: usize, why: &str) {
        self.faults.add("unreadable", || format!("bot {bot}: {why}"));
    }

    pub fn verdict(self) -> Verdict {
        let mut faults = self.faults;
        for (command, open) in self.open.iter().filter(|(_, open)| **open > 0) {
            for _ in 0..*open {
                faults.add("unanswered", || format!("a {command}"));
            }
        }
        let evidence = format!("{} commands were answered", self.answered);
        Verdict::of(PROMISE, self.answered, evidence, faults)
    }
}

#[cfg(test)]
mod tests {
    use super::Answers;
    use crate::oracle::Outcome;

    #[test]
    fn what_has_no_answer_is_counted() {
        let mut answers = Answers::default();
        for _ in 0..3 {
            answers.asked("ping");
        }
        answers.answered("ping");
        let verdict = answers.verdict();
        assert_eq!((verdict.outcome, verdict.faults.of("unanswered")), (Outcome::Broken, 2));
        let mut answers = Answers::default();
        answers.asked("ping");
        answers.answered("ping");
        assert_eq!(answers.verdict().outcome, Outcome::Kept);
        let mut answers = Answers::default();
        answers.unreadable(3, "no type");
        assert_eq!(answers.verdict().faults.of("unreadable"), 1);
    }
}
