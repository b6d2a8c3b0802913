//! The judge of one stream of numbers: each once, in order, none left out.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

/// So many faults are described; the rest are only counted.
const EXAMPLES_MAX: usize = 10;
/// Numbers further ahead than this are no gap but nonsense.
const LEAP_MAX: u64 = 1 << 20;

/// What went wrong. All zero is what a run must end with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Faults {
    pub lost: u64,
    pub doubled: u64,
    pub reordered: u64,
    /// What must not be, whatever was heard: a position nobody sent, an answer to nothing, a connection that ended.
    pub strange: u64,
    /// The first ones in words.
    pub examples: Vec<String>,
}

impl Faults {
    pub fn is_clean(&self) -> bool {
        self.lost + self.doubled + self.reordered + self.strange == 0
    }

    pub fn strange(&mut self, text: impl FnOnce() -> String) {
        self.strange += 1;
        self.example(text);
    }

    /// Describes what is counted elsewhere.
    pub fn example(&mut self, text: impl FnOnce() -> String) {
        if self.examples.len() < EXAMPLES_MAX {
            self.examples.push(text());
        }
    }
}

/// The numbers one listener heard of one stream.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sequence {
    next: u64,
    missing: BTreeSet<u64>,
}

impl Sequence {
    pub fn starting_at(next: u64) -> Self {
        Self { next, missing: BTreeSet::new() }
    }

    /// The highest number that was heard with all before it.
    pub fn complete_to(&self) -> u64 {
        self.missing.first().copied().unwrap_or(self.next).saturating_sub(1)
    }

    /// One more than the highest number that was heard.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// Takes a number in; `who` names the listener where a fault is described.
    pub fn heard(&mut self, number: u64, faults: &mut Faults, who: impl Fn() -> String) {
        if number == self.next {
            self.next += 1;
        } else if number > self.next {
            if number - self.next > LEAP_MAX {
                return faults.strange(|| format!("{}: {number} came where {} was next", who(), self.next));
            }
            self.missing.extend(self.next..number);
            self.next = number + 1;
        } else if self.missing.remove(&number) {
            faults.reordered += 1;
            faults.example(|| format!("{}: {number} came after {}", who(), self.next - 1));
        } else {
            faults.doubled += 1;
            faults.example(|| format!("{}: {number} came twice", who()));
        }
    }

    /// The judgement, when all that could arrive has arrived: everything before `end` should have.
    pub fn finish(&mut self, end: u64, faults: &mut Faults, who: impl Fn() -> String) {
        let lost = self.missing.len() as u64 + end.saturating_sub(self.next);
        if lost > 0 {
            let first = self.missing.first().copied().unwrap_or(self.next);
            faults.lost += lost;
            faults.example(|| format!("{}: {lost} never came, the first of them {first}", who()));
        }
        self.missing.clear();
        self.next = self.next.max(end);
    }
}

#[cfg(test)]
mod tests {
    use super::{Faults, Sequence};

    fn found(heard: &[u64], end: u64) -> [u64; 4] {
        let (mut sequence, mut faults) = (Sequence::starting_at(1), Faults::default());
        for number in heard {
            sequence.heard(*number, &mut faults, || "a test".to_owned());
        }
        sequence.finish(end, &mut faults, || "a test".to_owned());
        let found = [faults.lost, faults.doubled, faults.reordered, faults.strange];
        assert_eq!(faults.is_clean(), found == [0; 4]);
        assert_eq!(faults.examples.is_empty(), faults.is_clean());
        found
    }

    #[test]
    fn every_fault_is_found_by_its_name() {
        for (heard, expected) in [
            (&[1, 2, 3][..], [0, 0, 0, 0]),
            (&[1, 3], [1, 0, 0, 0]),
            (&[1, 2], [1, 0, 0, 0]),
            (&[1, 2, 2, 3], [0, 1, 0, 0]),
            (&[1, 3, 2], [0, 0, 1, 0]),
            (&[1, 3, 2, 2], [0, 1, 1, 0]),
            (&[1, 2, 3, u64::MAX], [0, 0, 0, 1]),
            (&[], [3, 0, 0, 0]),
        ] {
            assert_eq!(found(heard, 4), expected, "{heard:?}");
        }
    }

    #[test]
    fn what_is_complete_ends_before_the_first_gap() {
        let (mut sequence, mut faults) = (Sequence::starting_at(1), Faults::default());
        for (number, complete, next) in [(1, 1, 2), (2, 2, 3), (5, 2, 6), (3, 3, 6), (4, 5, 6)] {
            sequence.heard(number, &mut faults, String::new);
            assert_eq!((sequence.complete_to(), sequence.next()), (complete, next));
        }
    }
}
