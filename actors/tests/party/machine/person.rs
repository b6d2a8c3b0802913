//! Somebody who is or is not in a party, with what he was told of it.

use std::collections::BTreeMap;

use protocol::ids::PartyId;
use protocol::party::{ChangeParty, LootSharing};
use protocol::{CharacterId, ClientMessage, ErrorCode, ServerMessage};

use super::script::Play;
use super::witness::{Said, Standing, Witness};
use crate::machine::{Client, Tally, is_passing};
use crate::party::{accept, create, decline, disband, invite, kick, leave, say};
use crate::peer::{Heard, text};

pub struct Person {
    pub client: Client,
    /// What was not answered yet.
    pub said: BTreeMap<String, Said>,
    /// What he lost sight of: an answer that comes all the same says where he stands.
    lost: BTreeMap<String, Said>,
    pub here_since_ms: i64,
    /// The last line he heard of each party.
    pub heard: BTreeMap<PartyId, u64>,
    standing: Standing,
    /// The newest party he was invited to.
    invited: Option<PartyId>,
}

impl Person {
    pub fn new(client: Client, now_ms: i64) -> Self {
        Self {
            client,
            said: BTreeMap::new(),
            lost: BTreeMap::new(),
            here_since_ms: now_ms,
            heard: BTreeMap::new(),
            standing: Standing::Unknown,
            invited: None,
        }
    }

    /// What was on its way may not have arrived.
    pub fn lost_sight(&mut self, now_ms: i64) {
        self.lost.append(&mut self.said);
        self.standing = Standing::Unknown;
        self.here_since_ms = now_ms;
    }

    /// What he sends, and what is to be remembered of it.
    pub fn about(
        &self,
        play: Play,
        others: &[CharacterId],
        raced: bool,
        now_ms: i64,
    ) -> (ClientMessage, Said) {
        let which = |by_name: bool| if by_name { self.invited } else { None };
        let mut whom = self.client.peer.character;
        let message = match play {
            Play::Create => create(),
            Play::Invite { whom: other } => {
                whom = others[other];
                invite(whom)
            }
            Play::Accept { by_name } => accept(which(by_name)),
            Play::Decline { by_name } => decline(which(by_name)),
            Play::Leave => leave(),
            Play::Kick { whom: other } => {
                whom = others[other];
                kick(whom)
            }
            Play::Change => {
                let loot_sharing = Some(LootSharing::Roll);
                ClientMessage::PartyUpdate(ChangeParty { party_name: Some(text("Lanterns")), loot_sharing })
            }
            Play::Disband => disband(),
            Play::Say => say("hello"),
        };
        (message, Said { play, whom, at_ms: now_ms, raced })
    }

    /// Judges what he was told.
    pub fn look(&mut self, news: Vec<Heard>, witness: &mut Witness, now_ms: i64, tally: &Tally) {
        let me = self.client.peer.character;
        for Heard { id, message, .. } in news {
            // Without a name it is news; what is told once more says nothing.
            let said = id.as_ref().map(|id| self.said.get(id).copied());
            if matches!(said, Some(None)) {
                let lost = id.as_ref().and_then(|id| self.lost.remove(id));
                if lost.is_some() {
                    self.learn(&message, lost);
                }
                continue;
            }
            match (said.flatten(), &message) {
                (Some(_), refused) if is_passing(refused) => {
                    self.standing = Standing::Unknown;
                    witness.disturbed();
                    continue;
                }
                (Some(said), ServerMessage::Error(error)) => {
                    // The rules know before the disk does what can't be.
                    assert_ne!(error.error_code, ErrorCode::Storage, "{me}: {said:?} {error:?}");
                    witness.refused(me, &self.standing, &said, error, now_ms, tally);
                }
                (Some(said), answer) => witness.granted(me, &self.standing, &said, answer, tally),
                (None, ServerMessage::PartyDecline(decline)) => {
                    witness.declined((decline.party_id, decline.character_id), now_ms);
                }
                (None, _) => {}
            }
            if let Some(id) = &id {
                self.said.remove(id);
            }
            self.hears(&message);
            self.learn(&message, said.flatten());
        }
    }

    /// Lines come in order and once.
    pub fn hears(&mut self, message: &ServerMessage) {
        let me = self.client.peer.character;
        match message {
            ServerMessage::PartyInvite(invite) if invite.invitee_id == me => {
                self.invited = Some(invite.party_id)
            }
            ServerMessage::PartyChat(_) => {
                let alone = matches!(self.standing, Standing::Alone);
                assert!(!alone, "{me} hears what is said in a party");
            }
            _ => {}
        }
    }

    fn learn(&mut self, message: &ServerMessage, said: Option<Said>) {
        let me = self.client.peer.character;
        match message {
            ServerMessage::PartyUpdate(update) => {
                let members = &update.member_ids;
                assert!(members.contains(&me), "{me} is told: {update:?}");
                assert!(members.contains(&update.leader_id), "{update:?}");
                assert!(members.len() <= update.max_members as usize, "{update:?}");
                assert!(update.away_ids.iter().all(|away| members.contains(away)), "{update:?}");
                let twice = members.iter().enumerate().any(|(at, id)| members[..at].contains(id));
                assert!(!twice, "{update:?}");
                self.standing = Standing::In(update.clone());
            }
            ServerMessage::PartyKick(kick) if kick.character_id == me => self.standing = Standing::Alone,
            ServerMessage::PartyDisband(_) => self.standing = Standing::Alone,
            ServerMessage::Ok(_) if said.is_some_and(|said| matches!(said.play, Play::Leave)) => {
                self.standing = Standing::Alone;
            }
            _ => {}
        }
    }
}
