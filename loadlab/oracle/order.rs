//! One channel: every acknowledged line is heard by everybody in it, exactly once, in one order.

use std::collections::BTreeMap;

use crate::oracle::Faults;
use crate::oracle::bits::Bits;

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

/// What interrupted somebody's hearing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// The connection dropped. If the session goes on, nothing may be missing.
    Dropped,
    /// The server said that so many events are gone for good.
    Gap { events: u64 },
    /// It signed in anew, or was away on purpose: whatever was said meanwhile may be missing.
    Away,
}

/// A part of a channel's history, as a newcomer is shown it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Page {
    /// The numbers of its first and its last line, whoever said them.
    pub span: Option<(u64, u64)>,
    /// Those of this run.
    pub lines: Vec<(Line, u64)>,
}

/// From one line that was heard to the next, with a break between them.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    after: u64,
    /// `None` while nothing was heard since.
    until: Option<u64>,
    may_miss: u64,
}

impl Window {
    fn holds(&self, chat_id: u64) -> bool {
        chat_id > self.after && self.until.is_none_or(|until| chat_id < until)
    }
}

#[derive(Debug, Default)]
struct Ear {
    last: Option<u64>,
    /// `chat_id` from the first of the run on.
    heard: Bits,
    /// Of those, what it heard as history only.
    shown: Bits,
    count: u64,
    /// In the order they happened; only the last may be open.
    breaks: Vec<Window>,
}

impl Ear {
    fn open_break(&mut self) -> Option<&mut Window> {
        self.breaks.last_mut().filter(|window| window.until.is_none())
    }

    fn reaches(&mut self, chat_id: u64) {
        if let Some(window) = self.open_break() {
            window.until = Some(chat_id);
        }
    }
}

/// Everything that was said, acknowledged and heard in one channel.
#[derive(Debug)]
pub struct Order {
    /// The `chat_id` of the first bit.
    base: Option<u64>,
    ids: BTreeMap<Line, u64>,
    acknowledged: BTreeMap<u64, Line>,
    owed: Bits,
    ears: BTreeMap<usize, Ear>,
    faults: Faults,
    in_resumes: Faults,
}

impl Order {
    pub fn new(members: impl IntoIterator<Item = usize>) -> Self {
        Self {
            base: None,
            ids: BTreeMap::new(),
            acknowledged: BTreeMap::new(),
            owed: Bits::default(),
            ears: members.into_iter().map(|ear| (ear, Ear::default())).collect(),
            faults: Faults::default(),
            in_resumes: Faults::default(),
        }
    }

    /// A bot heard a line.
    pub fn heard(&mut self, ear: usize, line: Line, chat_id: u64) {
        self.same_id(line, chat_id);
        let Some(bit) = self.bit_of(chat_id) else {
            return self.faults.add("inconsistent", || format!("chat_id {chat_id} of {line:?}"));
        };
        let Some(state) = self.ears.get_mut(&ear) else {
            return self.faults.add("misdirected", || format!("bot {ear} heard {line:?}, not meant for it"));
        };
        if !state.heard.insert(bit) {
            // Its own line, in the history already when the lost answer to it was asked for again.
            if ear == line.bot && state.shown.remove(bit) {
                return;
            }
            let faults = if state.open_break().is_some() { &mut self.in_resumes } else { &mut self.faults };
            return faults.add("doubled", || format!("bot {ear} heard {line:?} ({chat_id}) twice"));
        }
        state.count += 1;
        state.reaches(chat_id);
        let before = state.last.replace(chat_id);
        if let Some(before) = before.filter(|before| *before > chat_id) {
            self.faults
                .add("out_of_order", || format!("bot {ear} heard {line:?} ({chat_id}) after {before}"));
        }
    }

    /// A bot was shown what was said before it came.
    pub fn told(&mut self, ear: usize, page: &Page) {
        for (line, chat_id) in &page.lines {
            self.same_id(*line, *chat_id);
        }
        let bits: Vec<usize> = page.lines.iter().filter_map(|(_, chat_id)| self.bit_of(*chat_id)).collect();
        let (Some(state), Some((first, last))) = (self.ears.get_mut(&ear), page.span) else { return };
        for bit in bits {
            if state.heard.insert(bit) {
                state.shown.insert(bit);
            }
        }
        state.reaches(first);
        state.last = state.last.max(Some(last));
    }

    /// The server told the sender that his line is on disk and on its way to everybody.
    pub fn acknowledged(&mut self, line: Line, chat_id: u64) {
        self.same_id(line, chat_id);
        if let Some(bit) = self.bit_of(chat_id) {
            self.owed.insert(bit);
        }
        if let Some(other) = self.acknowledged.insert(chat_id, line).filter(|other| *other != line) {
            self.faults.add("inconsistent", || format!("{line:?} and {other:?} are both chat_id {chat_id}"));
        }
    }

    /// A bot's hearing was interrupted; several breaks before the next line are one.
    pub fn interrupted(&mut self, ear: usize, by: Break) {
        let Some(state) = self.ears.get_mut(&ear) else { return };
        let more = match by {
            Break::Dropped => 0,
            Break::Gap { events } => events,
            Break::Away => u64::MAX,
        };
        let after = state.last.unwrap_or(0);
        match state.open_break() {
            Some(window) => window.may_miss = window.may_miss.saturating_add(more),
            None => state.breaks.push(Window { after, until: None, may_miss: more }),
        }
    }

    /// Lines acknowledged, and lines heard by all together.
    pub fn counts(&self) -> (u64, u64) {
        (self.acknowledged.len() as u64, self.ears.values().map(|ear| ear.count).sum())
    }

    /// Whether everybody has heard everything that is owed to them.
    pub fn is_complete(&self) -> bool {
        self.ears.values().all(|ear| self.missing(ear).is_empty())
    }

    /// What was wrong, and what was wrong in resumes, when all that could arrive has arrived.
    pub fn judge(mut self) -> (Faults, Faults) {
        for (number, ear) in std::mem::take(&mut self.ears) {
            for (chat_id, in_resume) in self.missing(&ear) {
                let line = self.acknowledged.get(&chat_id).copied();
                let faults = if in_resume { &mut self.in_resumes } else { &mut self.faults };
                faults.add("lost", || match line {
                    Some(line) => format!("bot {number} never heard {line:?} ({chat_id})"),
                    None => format!("bot {number} never heard chat_id {chat_id}"),
                });
            }
        }
        (self.faults, self.in_resumes)
    }

    /// What was acknowledged and not heard without an excuse, and whether that was while a connection was away.
    fn missing(&self, ear: &Ear) -> Vec<(u64, bool)> {
        let base = self.base.unwrap_or(0);
        let mut excused = vec![0u64; ear.breaks.len()];
        let mut missing = Vec::new();
        for bit in self.owed.without(&ear.heard) {
            let chat_id = base + bit as u64;
            let at = ear.breaks.partition_point(|window| window.after < chat_id);
            let window = at.checked_sub(1).map(|at| (at, &ear.breaks[at]));
            match window.filter(|(_, window)| window.holds(chat_id)) {
                Some((at, window)) if excused[at] < window.may_miss => excused[at] += 1,
                found => missing.push((chat_id, found.is_some())),
            }
        }
        missing
    }

    /// A line has one `chat_id`, whoever tells of it: two mean that it was said twice.
    fn same_id(&mut self, line: Line, chat_id: u64) {
        let known = *self.ids.entry(line).or_insert(chat_id);
        if known != chat_id {
            self.faults
                .add("doubled", || format!("{line:?} is in the world twice, as {known} and as {chat_id}"));
        }
    }

    fn bit_of(&mut self, chat_id: u64) -> Option<usize> {
        let base = *self.base.get_or_insert(chat_id.saturating_sub(OVERTAKEN_MAX));
        let bit = chat_id.checked_sub(base)?;
        (bit < CHAT_IDS_MAX).then_some(bit as usize)
    }
}

#[cfg(test)]
mod tests;
