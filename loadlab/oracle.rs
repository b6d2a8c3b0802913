//! The judge: every acknowledged line is heard by everybody, exactly once, in one order.

use std::collections::BTreeMap;

/// So many faults are described; the rest are only counted.
const EXAMPLES_MAX: usize = 20;
/// Lines this far apart in `chat_id` can't be of one run.
const CHAT_IDS_MAX: u64 = 16 * 1024 * 1024;
/// So many lines may have overtaken the first one that is heard.
const OVERTAKEN_MAX: u64 = 4096;

/// One line of chat, as its sender names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Line {
    pub bot: usize,
    /// From 0, by sender.
    pub number: u64,
}

#[derive(Debug, Default, Clone)]
struct Ear {
    last: Option<u64>,
    /// One bit for each `chat_id` from the first of the run on.
    heard: Vec<u64>,
    count: u64,
    excused: bool,
}

/// What went wrong. All zero is what a run must end with.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Verdict {
    pub lost: u64,
    pub doubled: u64,
    pub out_of_order: u64,
    /// Heard under another sender or another `chat_id` than acknowledged, or told as missed by the numbers of events.
    pub inconsistent: u64,
    /// Bots that had to sign in again or were told of a gap, and are not judged.
    pub not_judged: u64,
    /// The first faults in words.
    pub examples: Vec<String>,
}

impl Verdict {
    pub fn is_clean(&self) -> bool {
        self.lost + self.doubled + self.out_of_order + self.inconsistent == 0
    }
}

/// Everything that was said, acknowledged and heard in one channel.
#[derive(Debug)]
pub struct Oracle {
    /// The `chat_id` of the first bit.
    base: Option<u64>,
    ids: BTreeMap<Line, u64>,
    acknowledged: BTreeMap<u64, Line>,
    ears: Vec<Ear>,
    verdict: Verdict,
}

impl Oracle {
    pub fn new(bots: usize) -> Self {
        Self {
            base: None,
            ids: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            ears: vec![Ear::default(); bots],
            verdict: Verdict::default(),
        }
    }

    /// A bot heard a line.
    pub fn heard(&mut self, ear: usize, line: Line, chat_id: u64) {
        self.same_id(line, chat_id);
        let Some(bit) = self.bit_of(chat_id) else {
            return self.fault(|verdict| &mut verdict.inconsistent, format!("chat_id {chat_id} of {line:?}"));
        };
        let state = &mut self.ears[ear];
        let (word, mask) = (bit / 64, 1u64 << (bit % 64));
        if state.heard.len() <= word {
            state.heard.resize(word + 1, 0);
        }
        if state.heard[word] & mask != 0 {
            return self.fault(|verdict| &mut verdict.doubled, format!("bot {ear} heard {line:?} twice"));
        }
        state.heard[word] |= mask;
        state.count += 1;
        let before = state.last.replace(chat_id);
        if let Some(before) = before.filter(|before| *before > chat_id) {
            let text = format!("bot {ear} heard {line:?} ({chat_id}) after {before}");
            self.fault(|verdict| &mut verdict.out_of_order, text);
        }
    }

    /// The server told the sender that his line is on disk and on its way to everybody.
    pub fn acknowledged(&mut self, line: Line, chat_id: u64) {
        self.same_id(line, chat_id);
        if let Some(other) = self.acknowledged.insert(chat_id, line).filter(|other| *other != line) {
            let text = format!("{line:?} and {other:?} are both chat_id {chat_id}");
            self.fault(|verdict| &mut verdict.inconsistent, text);
        }
    }

    /// A bot's session did not live on, or it was told that something is gone.
    pub fn excuse(&mut self, ear: usize) {
        self.ears[ear].excused = true;
    }

    /// Something that must not be, whatever was heard.
    pub fn strange(&mut self, text: String) {
        self.fault(|verdict| &mut verdict.inconsistent, text);
    }

    /// Lines acknowledged, and lines heard by all bots together.
    pub fn counts(&self) -> (u64, u64) {
        (self.acknowledged.len() as u64, self.ears.iter().map(|ear| ear.count).sum())
    }

    /// Whether everybody who is judged has heard everything that was acknowledged.
    pub fn is_complete(&self) -> bool {
        let judged = self.ears.iter().filter(|ear| !ear.excused);
        judged.into_iter().all(|ear| {
            ear.count >= self.acknowledged.len() as u64
                && self.acknowledged.keys().all(|id| self.has(ear, *id))
        })
    }

    /// The judgement, when all that could arrive has arrived.
    pub fn verdict(mut self) -> Verdict {
        let ears = std::mem::take(&mut self.ears);
        for (number, ear) in ears.iter().enumerate() {
            if ear.excused {
                self.verdict.not_judged += 1;
                continue;
            }
            let lost: Vec<(u64, Line)> = self
                .acknowledged
                .iter()
                .filter(|(id, _)| !self.has(ear, **id))
                .map(|(id, line)| (*id, *line))
                .collect();
            for (chat_id, line) in lost {
                let text = format!("bot {number} never heard {line:?} ({chat_id})");
                self.fault(|verdict| &mut verdict.lost, text);
            }
        }
        self.verdict
    }

    fn has(&self, ear: &Ear, chat_id: u64) -> bool {
        let Some(bit) = self.base.and_then(|base| chat_id.checked_sub(base)) else { return false };
        let word = ear.heard.get((bit / 64) as usize).copied().unwrap_or(0);
        word & (1 << (bit % 64)) != 0
    }

    /// A line has one `chat_id`, whoever tells of it: two mean that it was said twice.
    fn same_id(&mut self, line: Line, chat_id: u64) {
        let known = *self.ids.entry(line).or_insert(chat_id);
        if known != chat_id {
            let text = format!("{line:?} is in the world twice, as {known} and as {chat_id}");
            self.fault(|verdict| &mut verdict.doubled, text);
        }
    }

    fn bit_of(&mut self, chat_id: u64) -> Option<usize> {
        let base = *self.base.get_or_insert(chat_id.saturating_sub(OVERTAKEN_MAX));
        let bit = chat_id.checked_sub(base)?;
        (bit < CHAT_IDS_MAX).then_some(bit as usize)
    }

    fn fault(&mut self, kind: impl Fn(&mut Verdict) -> &mut u64, text: String) {
        *kind(&mut self.verdict) += 1;
        if self.verdict.examples.len() < EXAMPLES_MAX {
            self.verdict.examples.push(text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, Oracle, Verdict};

    /// Three bots; bot 0 says three lines, acknowledged as 10, 12 and 15; all hear them all.
    fn said() -> Oracle {
        let mut oracle = Oracle::new(3);
        for (number, id) in [(0, 10), (1, 12), (2, 15)] {
            oracle.acknowledged(line(number), id);
        }
        oracle
    }

    fn line(number: u64) -> Line {
        Line { bot: 0, number }
    }

    fn hear(oracle: &mut Oracle, ear: usize, lines: &[(u64, u64)]) {
        for (number, id) in lines {
            oracle.heard(ear, line(*number), *id);
        }
    }

    #[test]
    fn all_heard_once_and_in_order_is_clean() {
        let mut oracle = said();
        for ear in 0..3 {
            assert!(!oracle.is_complete());
            hear(&mut oracle, ear, &[(0, 10), (1, 12), (2, 15)]);
        }
        assert!(oracle.is_complete());
        assert_eq!(oracle.counts(), (3, 9));
        assert_eq!(oracle.verdict(), Verdict::default());
    }

    #[test]
    fn every_fault_is_found_by_its_name() {
        type Fault = (&'static [(u64, u64)], [u64; 4]);
        let faults: [Fault; 5] = [
            (&[(0, 10), (2, 15)], [1, 0, 0, 0]),
            (&[(0, 10), (1, 12), (1, 12), (2, 15)], [0, 1, 0, 0]),
            (&[(0, 10), (2, 15), (1, 12)], [0, 0, 1, 0]),
            (&[(0, 10), (1, 12), (1, 13), (2, 15)], [0, 1, 0, 0]),
            (&[(0, 10), (1, 12), (2, 15), (3, 1 << 40)], [0, 0, 0, 1]),
        ];
        for (heard, expected) in faults {
            let mut oracle = said();
            hear(&mut oracle, 0, &[(0, 10), (1, 12), (2, 15)]);
            hear(&mut oracle, 1, heard);
            oracle.excuse(2);
            let verdict = oracle.verdict();
            let found = [verdict.lost, verdict.doubled, verdict.out_of_order, verdict.inconsistent];
            assert_eq!(found, expected, "{heard:?}: {:?}", verdict.examples);
            assert_eq!(verdict.not_judged, 1);
            assert!(!verdict.is_clean());
        }
    }

    #[test]
    fn what_was_not_acknowledged_may_be_heard_or_not() {
        let mut oracle = said();
        for ear in 0..3 {
            hear(&mut oracle, ear, &[(0, 10), (1, 12), (2, 15)]);
        }
        hear(&mut oracle, 1, &[(3, 16)]);
        assert!(oracle.verdict().is_clean());
    }
}
