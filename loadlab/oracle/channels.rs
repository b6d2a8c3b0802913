//! All channels of a run: who hears whom, and the judge of each.

use std::collections::HashMap;

use protocol::chat::Channel;

use crate::oracle::order::{Break, Line, Order, Page};
use crate::oracle::{Faults, Verdict};

const PROMISE: (&str, &str) =
    ("order", "every acknowledged line is heard by everybody in its channel, exactly once and in one order");

/// Bots that hear each other in a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub channel: Channel,
    pub members: Vec<usize>,
}

/// The channels that bots talk in.
#[derive(Debug, Default)]
pub struct Channels {
    orders: Vec<Order>,
    of: HashMap<(Channel, usize), usize>,
    ears: usize,
    faults: Faults,
}

impl Channels {
    pub fn new(groups: &[Group]) -> Self {
        let mut of = HashMap::new();
        for (index, group) in groups.iter().enumerate() {
            of.extend(group.members.iter().map(|member| ((group.channel, *member), index)));
        }
        let orders = groups.iter().map(|group| Order::new(group.members.iter().copied())).collect();
        let ears = groups.iter().map(|group| group.members.len()).sum();
        Self { orders, of, ears, faults: Faults::default() }
    }

    pub fn heard(&mut self, ear: usize, channel: Channel, line: Line, chat_id: u64) {
        if let Some(order) = self.order(channel, line.bot) {
            order.heard(ear, line, chat_id);
        }
    }

    pub fn told(&mut self, ear: usize, channel: Channel, page: &Page) {
        if let Some(order) = self.order(channel, ear) {
            order.told(ear, page);
        }
    }

    pub fn acknowledged(&mut self, channel: Channel, line: Line, chat_id: u64) {
        if let Some(order) = self.order(channel, line.bot) {
            order.acknowledged(line, chat_id);
        }
    }

    /// A bot's hearing was interrupted, whatever the channel.
    pub fn interrupted(&mut self, ear: usize, by: Break) {
        self.orders.iter_mut().for_each(|order| order.interrupted(ear, by));
    }

    /// A line came from somebody who did not say it.
    pub fn wrong_sender(&mut self, text: impl FnOnce() -> String) {
        self.faults.add("inconsistent", text);
    }

    /// Lines acknowledged, and lines heard by all together.
    pub fn counts(&self) -> (u64, u64) {
        let counts = self.orders.iter().map(Order::counts);
        counts.fold((0, 0), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    pub fn is_complete(&self) -> bool {
        self.orders.iter().all(Order::is_complete)
    }

    /// The verdict, and what was wrong in resumes.
    pub fn verdict(mut self) -> (Verdict, Faults) {
        let (acknowledged, heard) = self.counts();
        let channels = self.orders.len();
        let mut in_resumes = Faults::default();
        for (faults, resumed) in self.orders.into_iter().map(Order::judge) {
            self.faults.join(faults);
            in_resumes.join(resumed);
        }
        let evidence = format!(
            "{acknowledged} lines in {channels} channel{}, heard {heard} times by {} ears",
            if channels == 1 { "" } else { "s" },
            self.ears
        );
        (Verdict::of(PROMISE, acknowledged.min(heard), evidence, self.faults), in_resumes)
    }

    fn order(&mut self, channel: Channel, member: usize) -> Option<&mut Order> {
        self.orders.get_mut(*self.of.get(&(channel, member))?)
    }
}

#[cfg(test)]
mod tests {
    use protocol::chat::Channel;

    use super::{Channels, Group};
    use crate::oracle::{Line, Outcome};

    fn two_factions() -> Channels {
        let group = |members: &[usize]| Group { channel: Channel::Faction, members: members.to_vec() };
        Channels::new(&[group(&[0, 1]), group(&[2, 3])])
    }

    #[test]
    fn each_group_is_judged_by_its_own_order() {
        let mut channels = two_factions();
        for (bot, id) in [(0, 5), (2, 5)] {
            let line = Line { bot, number: 0 };
            channels.acknowledged(Channel::Faction, line, id);
            for ear in [bot, bot + 1] {
                channels.heard(ear, Channel::Faction, line, id);
            }
        }
        assert_eq!(channels.counts(), (2, 4));
        let (verdict, in_resumes) = channels.verdict();
        assert_eq!((verdict.outcome, in_resumes.total()), (Outcome::Kept, 0), "{verdict:?}");
    }

    #[test]
    fn a_line_for_others_is_a_fault() {
        let mut channels = two_factions();
        channels.heard(2, Channel::Faction, Line { bot: 0, number: 0 }, 5);
        assert_eq!(channels.verdict().0.faults.of("misdirected"), 1);
    }

    #[test]
    fn silence_proves_nothing() {
        assert_eq!(two_factions().verdict().0.outcome, Outcome::Unproved);
    }
}
