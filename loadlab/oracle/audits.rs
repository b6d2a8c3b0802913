//! The server's own audit of its database, as a command said.

use crate::oracle::{Faults, Verdict};

const PROMISE: (&str, &str) = ("audit", "the server's own audit of what everybody has finds nothing wrong");

/// What audits found.
#[derive(Debug, Default)]
pub struct Audits {
    passed: u64,
    faults: Faults,
}

impl Audits {
    /// `why`: what a failed audit said.
    pub fn audited(&mut self, when: &str, outcome: Result<(), String>) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(why) => self.faults.add("failed", || format!("{when}: {why}")),
        }
    }

    /// None: nobody asked for one.
    pub fn verdict(self) -> Option<Verdict> {
        let audits = self.passed + self.faults.total();
        (audits > 0).then(|| Verdict::of(PROMISE, audits, format!("{audits} audits"), self.faults))
    }
}

#[cfg(test)]
mod tests {
    use super::Audits;
    use crate::oracle::Outcome;

    #[test]
    fn one_failure_is_enough() {
        let mut audits = Audits::default();
        audits.audited("then", Ok(()));
        audits.audited("now", Err("a serial twice".to_owned()));
        let verdict = audits.verdict().unwrap();
        assert_eq!(verdict.outcome, Outcome::Broken);
        assert!(verdict.faults.examples[0].contains("a serial twice"));
        assert!(Audits::default().verdict().is_none());
    }
}
