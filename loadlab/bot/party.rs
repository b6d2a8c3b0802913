//! How bots come together in parties and go apart again: each does now and then what its place in one lets it do.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use client::{Client, ClientError, hear};
use protocol::CharacterId;
use protocol::ids::PartyId;
use protocol::party::{LootSharing, PartyInvite, PartyUpdate};
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tokio::time::Instant;

use crate::bot::Bot;
use crate::measure::Timed;
use crate::stage::Stage;

/// So many neighbours invite each other: more than fit into one party.
const CIRCLE: usize = 10;

/// A bot that is in a party now and then.
#[derive(Debug, Clone)]
pub(super) struct Comrade {
    pub(super) stage: Arc<Stage>,
    pub(super) client: Client,
    pub(super) bot: usize,
    pub(super) me: CharacterId,
    dice: Arc<Mutex<Pcg64Mcg>>,
}

/// What a bot does about its party.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Deed {
    Found,
    Invite(CharacterId),
    Kick(CharacterId),
    Share(LootSharing),
    Rename,
    Talk,
    Leave,
    Disband,
}

impl Bot {
    /// Takes part in parties; to be done for each new client.
    pub(super) fn join_whom_invites(&mut self) {
        if !self.crowd().groups() && !self.crowd().fights() {
            return;
        }
        let seed = self.stage.seed.wrapping_mul(31).wrapping_add(self.index as u64);
        let comrade = Comrade {
            stage: self.stage.clone(),
            client: self.client.clone(),
            bot: self.index,
            me: self.character,
            dice: Arc::new(Mutex::new(Pcg64Mcg::seed_from_u64(seed))),
        };
        comrade.listen(self.crowd().fights());
        self.comrade = Some(comrade);
    }

    /// Does something about its party.
    pub(super) fn group(&mut self, due: Instant) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let comrade = self.comrade.clone()?;
        let cast = self.stage.cast.get()?;
        let begin = self.index / CIRCLE * CIRCLE;
        let circle = cast[begin..cast.len().min(begin + CIRCLE)].to_vec();
        Some(Box::pin(async move { comrade.do_something(&circle, due).await }))
    }
}

impl Comrade {
    fn listen(&self, is_faithful: bool) {
        let (client, bot) = (&self.client, self.bot);
        self.stage.score().oracles.parties.plays(bot, self.me);
        let of = self.clone();
        client.on::<hear::PartyInvite>(move |invite| {
            if invite.invitee_id == of.me {
                let (of, invite) = (of.clone(), invite.clone());
                // Handlers hold each other up: what asks the server something goes on beside them.
                tokio::spawn(async move { of.answer(&invite, is_faithful).await });
            }
        });
        let of = self.clone();
        client.on::<hear::PartyUpdate>(move |update| of.updated(update));
        let of = self.clone();
        client.on::<hear::PartyKick>(move |kick| {
            if kick.character_id == of.me {
                of.stage.score().oracles.hears(of.bot).parties.out(of.bot, kick.party_id);
            }
        });
        let of = self.clone();
        client.on::<hear::PartyDisband>(move |disband| {
            of.stage.score().oracles.hears(of.bot).parties.out(of.bot, disband.party_id);
        });
        let of = self.clone();
        client.on::<hear::PartyChat>(move |chat| {
            of.stage.score().oracles.hears(of.bot).parties.line(of.bot, chat)
        });
    }

    fn updated(&self, update: &PartyUpdate) {
        let mut score = self.stage.score();
        score.counts.party_updates += 1;
        score.oracles.hears(self.bot).parties.updated(self.bot, update);
    }

    /// The party that one is in, as one was told last.
    pub(super) fn party(&self) -> Option<PartyUpdate> {
        self.stage.score().oracles.parties.party_of(self.bot).cloned()
    }

    fn roll<T>(&self, with: impl FnOnce(&mut Pcg64Mcg) -> T) -> T {
        with(&mut self.dice.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, invite: &PartyInvite, is_faithful: bool) {
        let (id, declines) = (Some(invite.party_id), self.roll(|dice| dice.random_bool(0.2)));
        if declines && !is_faithful {
            self.settle("party_decline", self.client.decline_party(id)).await;
        } else {
            self.settle("party_accept", self.client.accept_party(id)).await;
        }
    }

    async fn do_something(self, circle: &[CharacterId], due: Instant) {
        let party = self.party();
        let deed = self.roll(|dice| choose(party.as_ref(), self.me, circle, dice));
        let Some(deed) = deed else { return };
        if self.carry_out(deed, party.map(|party| party.party_id)).await {
            self.stage.score().time(Timed::Party, due.elapsed());
        }
    }

    /// Whether it was done.
    async fn carry_out(&self, deed: Deed, party: Option<PartyId>) -> bool {
        let client = &self.client;
        match deed {
            Deed::Found => self.settle("party_create", client.create_party("Lab rats")).await.is_some(),
            Deed::Invite(whom) => self.invite(whom).await,
            Deed::Kick(whom) => self.settle("party_kick", client.kick_from_party(whom)).await.is_some(),
            Deed::Share(loot) => self.settle("party_update", client.share_loot(loot)).await.is_some(),
            Deed::Rename => {
                let name = format!("Lab rats {}", self.roll(|dice| dice.random_range(0..1_000_000)));
                self.settle("party_update", client.rename_party(&name)).await.is_some()
            }
            Deed::Talk => {
                self.settle("party_chat", client.party_chat("Is this still a party?")).await.is_some()
            }
            Deed::Disband => self.settle("party_disband", client.disband_party()).await.is_some(),
            Deed::Leave => {
                let left = self.settle("party_leave", client.leave_party()).await.is_some();
                if let (true, Some(party)) = (left, party) {
                    self.stage.score().oracles.parties.out(self.bot, party);
                }
                left
            }
        }
    }

    pub(super) async fn found(&self) {
        self.carry_out(Deed::Found, None).await;
    }

    pub(super) async fn invite(&self, whom: CharacterId) -> bool {
        self.settle("party_invite", self.client.invite_to_party(whom)).await.is_some()
    }

    /// A refusal is no trouble here: the party may be another one by now.
    pub(super) async fn settle<T>(
        &self,
        command: &'static str,
        asked: impl Future<Output = Result<T, ClientError>>,
    ) -> Option<T> {
        self.stage.score().oracles.answers.asked(command);
        let answer = asked.await;
        let mut score = self.stage.score();
        match answer {
            Ok(answer) => {
                score.oracles.answers.answered(command);
                score.counts.party_deeds += 1;
                return Some(answer);
            }
            Err(ClientError::Refused { .. }) => {
                score.oracles.answers.answered(command);
                score.counts.party_refused += 1;
            }
            Err(error) => score.trouble(error.to_string()),
        }
        None
    }
}

/// What to do next: nothing is a choice, too.
fn choose(
    party: Option<&PartyUpdate>,
    me: CharacterId,
    circle: &[CharacterId],
    dice: &mut Pcg64Mcg,
) -> Option<Deed> {
    let Some(party) = party else { return dice.random_bool(0.05).then_some(Deed::Found) };
    let leads = party.leader_id == me;
    let outsiders: Vec<_> = circle.iter().filter(|id| !party.member_ids.contains(id)).collect();
    let others: Vec<_> = party.member_ids.iter().filter(|id| **id != me).collect();
    let invite = outsiders.choose(dice).map(|whom| Deed::Invite(**whom));
    match dice.random_range(0..20) {
        0..9 => invite,
        9..11 => Some(Deed::Talk),
        11 => Some(Deed::Leave),
        12 if leads => Some(Deed::Disband),
        13..15 if leads => others.choose(dice).map(|whom| Deed::Kick(**whom)),
        15 if leads => Some(Deed::Rename),
        16 if leads => {
            let modes = [LootSharing::Equal, LootSharing::Leader, LootSharing::Roll];
            modes.into_iter().find(|mode| *mode != party.loot_sharing).map(Deed::Share)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use protocol::CharacterId;
    use protocol::ids::PartyId;
    use protocol::party::{LootSharing, PartyUpdate};
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::{Deed, choose};

    #[test]
    fn only_the_leader_does_what_only_the_leader_may() {
        let circle = [1, 2, 3, 4, 5].map(CharacterId);
        let party = PartyUpdate {
            party_id: PartyId(1),
            party_name: None,
            leader_id: CharacterId(1),
            member_ids: vec![CharacterId(1), CharacterId(2)],
            member_names: Vec::new(),
            away_ids: Vec::new(),
            max_members: 4,
            loot_sharing: LootSharing::Equal,
        };
        let mut dice = Pcg64Mcg::seed_from_u64(1);
        let mut deeds = |me| -> Vec<Deed> {
            (0..300).filter_map(|_| choose(Some(&party), CharacterId(me), &circle, &mut dice)).collect()
        };
        let (leads, follows) = (deeds(1), deeds(2));
        let of_leaders =
            |deed: &Deed| matches!(deed, Deed::Kick(_) | Deed::Share(_) | Deed::Rename | Deed::Disband);
        assert!(leads.contains(&Deed::Disband) && leads.contains(&Deed::Kick(CharacterId(2))));
        assert!(!follows.iter().any(of_leaders) && follows.contains(&Deed::Leave));
        assert!(
            !leads.contains(&Deed::Invite(CharacterId(2))) && leads.contains(&Deed::Invite(CharacterId(5)))
        );
    }
}
