//! Resuming: a session goes on after a drop, and what was missed follows, each event once.

use crate::oracle::{Faults, Verdict};

const PROMISE: (&str, &str) = ("resume", "sessions go on after a drop, without loss and without doubling");

/// What became of dropped connections.
#[derive(Debug, Default)]
pub struct Resumption {
    resumed: u64,
    gaps: u64,
    faults: Faults,
}

impl Resumption {
    pub fn resumed(&mut self) {
        self.resumed += 1;
    }

    /// The server said that events are gone for good: allowed, where its window was too small for them.
    pub fn gap(&mut self) {
        self.gaps += 1;
    }

    /// Events are missing, and nobody said so.
    pub fn hole(&mut self, bot: usize, (from_seq, to_seq): (u64, u64)) {
        self.faults.add("hole", || format!("bot {bot} never got its events {from_seq} to {to_seq}"));
    }

    /// An event came twice.
    pub fn repeated(&mut self, bot: usize, seq: u64) {
        self.faults.add("repeated", || format!("bot {bot} got its event {seq} twice"));
    }

    /// A session that should have gone on did not.
    pub fn refused(&mut self, bot: usize, why: &str) {
        self.faults.add("not_resumed", || format!("bot {bot}: {why}"));
    }

    pub fn verdict(mut self, in_resumes: Faults) -> Verdict {
        self.faults.join(in_resumes);
        let evidence =
            format!("{} sessions went on, {} of them with a gap that was told", self.resumed, self.gaps);
        Verdict::of(PROMISE, self.resumed, evidence, self.faults)
    }
}

#[cfg(test)]
mod tests {
    use super::Resumption;
    use crate::oracle::{Faults, Outcome};

    #[test]
    fn each_fault_breaks_the_promise() {
        type Breach = fn(&mut Resumption);
        let breaches: [(Breach, &str); 3] = [
            (|resume| resume.hole(1, (4, 5)), "hole"),
            (|resume| resume.repeated(1, 4), "repeated"),
            (|resume| resume.refused(1, "signed in anew"), "not_resumed"),
        ];
        for (breach, kind) in breaches {
            let mut resume = Resumption::default();
            resume.resumed();
            breach(&mut resume);
            let verdict = resume.verdict(Faults::default());
            assert_eq!((verdict.outcome, verdict.faults.of(kind)), (Outcome::Broken, 1));
        }
        let mut lost = Faults::default();
        lost.add("lost", || "a line".to_owned());
        let mut resume = Resumption::default();
        resume.resumed();
        assert_eq!(resume.verdict(lost).outcome, Outcome::Broken);
    }

    #[test]
    fn without_a_drop_nothing_is_proved() {
        assert_eq!(Resumption::default().verdict(Faults::default()).outcome, Outcome::Unproved);
        let mut resume = Resumption::default();
        resume.resumed();
        resume.gap();
        assert_eq!(resume.verdict(Faults::default()).outcome, Outcome::Kept);
    }
}
