//! Parties: whoever is in one is in that one alone, and all of it see it in the same way.

mod step;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use protocol::CharacterId;
use protocol::chat::Chat;
use protocol::ids::PartyId;
use protocol::party::PartyUpdate;

use crate::oracle::{Faults, Verdict};

const PROMISE: (&str, &str) = (
    "parties",
    "nobody is in two, a leader is a member, no more than fit are in one, and its members agree on it",
);

/// A change of a party, as its members hear it: what it was, and what it is.
type Change = (String, String);

/// What one bot knows of its party.
#[derive(Debug)]
struct Member {
    character: CharacterId,
    view: Option<PartyUpdate>,
    /// Its connection ended, and not all that happened meanwhile was told.
    missed: bool,
    /// Of the party's chat, the last line that it heard.
    last_line: Option<(PartyId, u64)>,
}

/// What is known of the parties.
#[derive(Debug, Default)]
pub struct Parties {
    members: BTreeMap<usize, Member>,
    /// By party and change: how often each bot heard it who was in it before and after.
    heard: BTreeMap<PartyId, BTreeMap<Change, BTreeMap<usize, u64>>>,
    /// Who missed something of a party: it is not held against anybody.
    gaps: BTreeMap<PartyId, BTreeSet<usize>>,
    updates: u64,
    founded: u64,
    faults: Faults,
}

impl Parties {
    /// A bot takes part.
    pub fn plays(&mut self, bot: usize, character: CharacterId) {
        let new = Member { character, view: None, missed: false, last_line: None };
        self.members.entry(bot).or_insert(new);
    }

    /// A bot hears how its party stands.
    pub fn updated(&mut self, bot: usize, update: &PartyUpdate) {
        self.updates += 1;
        let Some(member) = self.members.get_mut(&bot) else { return };
        let (id, ids) = (update.party_id, &update.member_ids);
        for (kind, what) in step::unsound(member.character, update) {
            self.faults.add(kind, || format!("bot {bot} is told of party {id}: {what}"));
        }
        let before = member.view.replace(update.clone());
        let missed = std::mem::take(&mut member.missed);
        match before {
            None => {
                self.founded += u64::from(ids.len() == 1 && !missed);
            }
            Some(before) if before.party_id != id => {
                if !missed {
                    let other = before.party_id;
                    self.faults.add("in two parties", || format!("bot {bot} is in {other} and in {id}"));
                }
            }
            Some(_) if missed => {
                self.gaps.entry(id).or_default().insert(bot);
            }
            Some(before) => {
                if let Err(why) = step::check(&before, update) {
                    self.faults.add("out of order", || format!("bot {bot}, party {id}: {why}"));
                }
                let change = (step::shown(&before), step::shown(update));
                if change.0 != change.1 {
                    let heard = self.heard.entry(id).or_default().entry(change).or_default();
                    *heard.entry(bot).or_default() += 1;
                }
            }
        }
    }

    /// A bot left its party, was removed from it, or the party ended.
    pub fn out(&mut self, bot: usize, party: PartyId) {
        if let Some(member) = self.members.get_mut(&bot) {
            member.view.take_if(|view| view.party_id == party);
        }
    }

    /// A line of the party's chat.
    pub fn line(&mut self, bot: usize, chat: &Chat) {
        let Some(member) = self.members.get_mut(&bot) else { return };
        let Some(party) =
            member.view.as_ref().map(|view| (view.party_id, view.member_ids.contains(&chat.sender_id)))
        else {
            return;
        };
        if !party.1 && !member.missed {
            self.faults
                .add("a stranger's line", || format!("bot {bot} hears {} in its party", chat.sender_id));
        }
        let last = member.last_line.replace((party.0, chat.chat_id));
        if last.is_some_and(|(before, chat_id)| before == party.0 && chat_id >= chat.chat_id) {
            self.faults.add("lines out of order", || format!("bot {bot} hears line {} late", chat.chat_id));
        }
    }

    /// What comes next to this bot is not what came next.
    pub fn interrupted(&mut self, bot: usize) {
        if let Some(member) = self.members.get_mut(&bot) {
            member.missed = true;
            if let Some(view) = &member.view {
                self.gaps.entry(view.party_id).or_default().insert(bot);
            }
        }
    }

    /// In what this bot believes itself to be.
    pub fn party_of(&self, bot: usize) -> Option<&PartyUpdate> {
        self.members.get(&bot)?.view.as_ref()
    }

    /// The party that a bot believes itself to be in, of which it may have missed the end.
    pub fn doubtful(&self, bot: usize) -> Option<PartyId> {
        let member = self.members.get(&bot)?;
        member.view.as_ref().filter(|_| member.missed).map(|view| view.party_id)
    }

    /// What the server says of the party that a bot is in, when nothing happens any more; none: of no party.
    pub fn confirmed(&mut self, bot: usize, party: Option<(PartyId, CharacterId, Vec<CharacterId>)>) {
        let view = self.party_of(bot).map(|view| (view.party_id, view.leader_id, view.member_ids.clone()));
        if view != party {
            self.faults
                .add("not as it is", || format!("bot {bot} believes {view:?}, the server says {party:?}"));
        }
    }

    /// Where members of a party believe different things of it.
    pub fn disagreements(&self) -> Vec<String> {
        let by_character: BTreeMap<CharacterId, (usize, &Member)> =
            self.members.iter().map(|(bot, member)| (member.character, (*bot, member))).collect();
        let views = self.members.iter().filter_map(|(bot, member)| Some((bot, member.view.as_ref()?)));
        views
            .flat_map(|(bot, view)| {
                let others = view.member_ids.iter().filter_map(|id| by_character.get(id));
                others
                    .filter(|(_, other)| other.view.as_ref().map(step::shown) != Some(step::shown(view)))
                    .map(move |(other, theirs)| {
                        let theirs = theirs.view.as_ref().map(step::shown);
                        format!("bot {bot} believes {}, bot {other} {theirs:?}", step::shown(view))
                    })
            })
            .collect()
    }

    /// Of what everybody who was in a party before and after a change must have heard, what some heard more often.
    fn uneven(&self) -> Vec<String> {
        let mut uneven = Vec::new();
        let none = BTreeSet::new();
        for (party, changes) in &self.heard {
            let gaps = self.gaps.get(party).unwrap_or(&none);
            for ((before, after), heard) in changes {
                let witness = |bot: &usize| {
                    let id = format!(" {} ", self.members[bot].character);
                    before.contains(&id) && after.contains(&id) && !gaps.contains(bot)
                };
                let all = self.members.keys().filter(|bot| witness(bot));
                let counts: BTreeMap<usize, u64> =
                    all.map(|bot| (*bot, heard.get(bot).copied().unwrap_or(0))).collect();
                let (least, most) = (counts.values().min(), counts.values().max());
                if least != most {
                    uneven.push(format!("party {party} from {before} to {after}, by bot: {counts:?}"));
                }
            }
        }
        uneven
    }

    /// None: nobody was in a party.
    pub fn verdict(mut self) -> Option<Verdict> {
        if self.members.is_empty() {
            return None;
        }
        for what in self.disagreements() {
            self.faults.add("disagreement", || what);
        }
        for what in self.uneven() {
            self.faults.add("not heard by all", || what);
        }
        let evidence = format!(
            "{} updates heard by {} bots, {} parties founded, {} with gaps that were told",
            self.updates,
            self.members.len(),
            self.founded,
            self.gaps.len()
        );
        Some(Verdict::of(PROMISE, self.updates, evidence, self.faults))
    }
}
