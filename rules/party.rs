//! A party: who is in it, who leads it, who is invited, and what is said in it.

mod invite;
mod record;
#[cfg(test)]
mod tests;

pub use record::{Invitation, Mate, PartyRecord, PartySave};

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::chat::{Channel, Chat};
use protocol::ids::PartyId;
use protocol::party::{LootSharing, PartyDisband, PartyKick, PartyUpdate};
use protocol::{CharacterId, ErrorCode, ServerMessage};

use crate::room::in_channel;
use crate::venue::{Audience, ChatLine, Effect, Lookers, Member, Moment, News, RoomKey, Save, Venue};
use crate::{Refusal, chat};

/// What a party is called that nobody gave a name.
pub const NAME: &str = "Adventuring Party";

/// How long a party waits, and how many it may invite.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PartyLimits {
    /// An invitation can be accepted for so long.
    pub invite_ms: i64,
    /// Invitations that are open at the same time.
    pub invites_max: usize,
    /// A leader who is out of the world for so long hands over to somebody who is in it.
    pub leader_away_ms: u64,
    /// Who is out of the world for so long is out of the party.
    pub away_ms: u64,
}

/// One party. Without members it is no more.
#[derive(Debug, Clone, PartialEq)]
pub struct Party {
    id: PartyId,
    limits: PartyLimits,
    record: PartyRecord,
    /// Who is out of the world, and since when.
    away_since_ms: BTreeMap<CharacterId, u64>,
    declined_at_ms: BTreeMap<CharacterId, u64>,
}

/// How somebody comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartyEntry {
    /// A member whose character came (back) into the world. `shown`: it knows how the party stands.
    Return { shown: bool },
    /// Whoever is invited.
    Accept,
}

/// What one can do in a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartyCommand {
    Invite {
        invitee: CharacterId,
        invitee_name: String,
    },
    /// For who is invited; everything else is for members.
    Decline,
    Leave,
    Kick {
        whom: CharacterId,
    },
    Change {
        name: Option<String>,
        loot_sharing: Option<LootSharing>,
    },
    Disband,
    Say {
        content: String,
    },
    /// Asks to be told how it stands.
    Look,
}

/// How somebody goes out of the world.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PartyExit {
    /// It does not come back: the character is deleted.
    pub for_good: bool,
}

/// The name of a party as it is shown.
///
/// # Errors
/// `INVALID`: nothing visible is in it.
pub fn clean_name(name: &str) -> Result<String, Refusal> {
    chat::clean(name).map_err(|_| Refusal::invalid("party_name", "expected something visible"))
}

impl Party {
    /// As it was saved, with nobody in the world but those who are `here`.
    pub fn restore(
        id: PartyId,
        limits: PartyLimits,
        record: Option<PartyRecord>,
        here: &[CharacterId],
        now_ms: u64,
    ) -> Self {
        let record = record.unwrap_or_default();
        let away = record.members.iter().filter(|mate| !here.contains(&mate.id));
        let away_since_ms = away.map(|mate| (mate.id, now_ms)).collect();
        Self { id, limits, record, away_since_ms, declined_at_ms: BTreeMap::new() }
    }

    pub fn record(&self) -> &PartyRecord {
        &self.record
    }

    pub fn has(&self, who: CharacterId) -> bool {
        self.record.has(who)
    }

    /// It has ended, or never was.
    pub fn is_over(&self) -> bool {
        self.record.members.is_empty()
    }

    fn ids(&self) -> Vec<CharacterId> {
        self.record.members.iter().map(|mate| mate.id).collect()
    }

    fn others(&self, who: CharacterId) -> Audience {
        Audience::These(self.ids().into_iter().filter(|id| *id != who).collect())
    }

    fn update(&self) -> ServerMessage {
        let away_ids = self.away_since_ms.keys().copied().collect();
        ServerMessage::PartyUpdate(PartyUpdate { away_ids, ..self.record.update(self.id) })
    }

    /// The sessions know before the clients do.
    fn inform(&self, whom: &[CharacterId], moment: &mut Moment) {
        let members: Arc<[CharacterId]> = self.ids().into();
        for who in whom {
            let news = News::InParty { party: self.id, members: members.clone() };
            moment.effects.push(Effect::Inform(*who, news));
        }
    }

    fn is_here(&self, who: CharacterId) -> bool {
        self.has(who) && !self.away_since_ms.contains_key(&who)
    }

    fn check_leads(&self, who: CharacterId) -> Result<(), Refusal> {
        if self.record.leader == who {
            return Ok(());
        }
        let reason = "only the leader of the party may do that";
        Err(Refusal::new(ErrorCode::Forbidden, reason).with("leader_id", self.record.leader.0))
    }

    /// What is on disk is always the whole of it: few are in a party.
    fn save(&self, joined: Option<&Member>, moment: &mut Moment) {
        let record = (!self.is_over()).then(|| self.record.clone());
        let joined = joined.map(|who| (who.id, who.epoch));
        moment.save(Save::Party(Box::new(PartySave { party_id: self.id, record, joined })));
    }

    fn kick(&mut self, who: &Member, whom: CharacterId, moment: &mut Moment) -> Result<(), Refusal> {
        self.check_leads(who.id)?;
        if whom == who.id {
            let expected = "expected somebody else: whoever wants to go leaves";
            return Err(Refusal::invalid("character_id", expected));
        }
        let Some(mate) = self.record.mate(whom) else {
            return Err(
                Refusal::new(ErrorCode::NotFound, "they are not in the party").with("field", "character_id")
            );
        };
        let character_name = mate.name.clone();
        let kick = PartyKick { party_id: self.id, character_id: whom, character_name };
        let kick = ServerMessage::PartyKick(kick);
        let told = self.others(who.id);
        self.part_with(&[whom], moment);
        moment.tell(told, kick.clone());
        moment.answer(kick);
        moment.tell(Audience::These(self.ids()), self.update());
        Ok(())
    }

    fn go(&mut self, who: CharacterId, moment: &mut Moment) {
        self.part_with(&[who], moment);
        moment.tell(Audience::These(self.ids()), self.update());
    }

    /// Takes these out, hands over if the leader is one of them, and saves it.
    fn part_with(&mut self, whom: &[CharacterId], moment: &mut Moment) {
        self.record.members.retain(|mate| !whom.contains(&mate.id));
        for who in whom {
            self.away_since_ms.remove(who);
            moment.effects.push(Effect::Inform(*who, News::OutOfParty(self.id)));
        }
        match self.heir() {
            // It is over: nobody is asked into it any more.
            None => self.record = PartyRecord::default(),
            Some(heir) if !self.has(self.record.leader) => self.record.leader = heir,
            Some(_) => {}
        }
        self.inform(&self.ids(), moment);
        self.save(None, moment);
    }

    /// Who leads next: of those in the world, else of all, whoever has been a member for longest.
    fn heir(&self) -> Option<CharacterId> {
        let ids = self.ids();
        ids.iter().find(|id| self.is_here(**id)).or(ids.first()).copied()
    }

    fn change(
        &mut self,
        who: &Member,
        name: Option<String>,
        loot_sharing: Option<LootSharing>,
        moment: &mut Moment,
    ) -> Result<(), Refusal> {
        self.check_leads(who.id)?;
        let name = name.map(|name| clean_name(&name)).transpose()?;
        if let Some(name) = name {
            self.record.name = name;
        }
        if let Some(loot_sharing) = loot_sharing {
            self.record.loot_sharing = loot_sharing;
        }
        self.save(None, moment);
        moment.answer(self.update());
        moment.tell(self.others(who.id), self.update());
        Ok(())
    }

    fn disband(&mut self, who: &Member, moment: &mut Moment) -> Result<(), Refusal> {
        self.check_leads(who.id)?;
        let (all, others) = (self.ids(), self.others(who.id));
        self.part_with(&all, moment);
        let reason = format!("{} ended the party.", who.name);
        let disband = ServerMessage::PartyDisband(PartyDisband { party_id: self.id, reason });
        moment.answer(disband.clone());
        moment.tell(others, disband);
        Ok(())
    }

    fn say(&mut self, who: &Member, content: &str, moment: &mut Moment) -> Result<(), Refusal> {
        let content = chat::clean(content)?;
        self.record.last_chat_id += 1;
        let chat_id = self.record.last_chat_id;
        moment.save(Save::Chat(ChatLine {
            room: RoomKey::Party(self.id),
            chat_id,
            sender_id: who.id,
            sender_name: who.name.clone(),
            content: content.clone(),
            said_at_ms: moment.now.wall_ms,
        }));
        let heard = in_channel(Chat {
            sender_id: who.id,
            sender_name: who.name.clone(),
            channel: Channel::Party,
            content,
            recipient_id: None,
            chat_id,
        });
        moment.answer(heard.clone());
        moment.tell(self.others(who.id), heard);
        Ok(())
    }

    /// True: somebody is, or leads, who was not before.
    fn miss(&mut self, moment: &mut Moment) -> bool {
        let now_ms = moment.now.mono_ms;
        let is_late = |since_ms: &u64, patience_ms| now_ms.saturating_sub(*since_ms) >= patience_ms;
        let late = self.away_since_ms.iter().filter(|(_, since_ms)| is_late(since_ms, self.limits.away_ms));
        let late: Vec<_> = late.map(|(who, _)| *who).collect();
        if !late.is_empty() {
            self.part_with(&late, moment);
            return true;
        }
        let leader = self.away_since_ms.get(&self.record.leader);
        let heir = self.ids().into_iter().find(|who| self.is_here(*who));
        match (leader, heir) {
            (Some(since_ms), Some(heir)) if is_late(since_ms, self.limits.leader_away_ms) => {
                self.record.leader = heir;
                self.save(None, moment);
                true
            }
            _ => false,
        }
    }
}

impl Venue for Party {
    type Entry = PartyEntry;
    type Command = PartyCommand;
    type Exit = PartyExit;

    fn enter(&mut self, who: &Member, entry: PartyEntry, moment: &mut Moment) -> Result<(), Refusal> {
        match entry {
            PartyEntry::Accept => self.accept(who, moment),
            PartyEntry::Return { .. } if !self.has(who.id) => Err(not_a_member()),
            PartyEntry::Return { shown } => {
                self.inform(&[who.id], moment);
                if self.away_since_ms.remove(&who.id).is_some() {
                    moment.tell(self.others(who.id), self.update());
                }
                if !shown {
                    moment.tell(Audience::These(vec![who.id]), self.update());
                }
                Ok(())
            }
        }
    }

    fn apply(&mut self, who: &Member, command: PartyCommand, moment: &mut Moment) -> Result<(), Refusal> {
        if command != PartyCommand::Decline && !self.has(who.id) {
            return Err(not_a_member());
        }
        match command {
            PartyCommand::Invite { invitee, invitee_name } => {
                self.invite(who, (invitee, invitee_name), moment)
            }
            PartyCommand::Decline => self.decline(who, moment),
            PartyCommand::Leave => {
                self.go(who.id, moment);
                Ok(())
            }
            PartyCommand::Kick { whom } => self.kick(who, whom, moment),
            PartyCommand::Change { name, loot_sharing } => self.change(who, name, loot_sharing, moment),
            PartyCommand::Disband => self.disband(who, moment),
            PartyCommand::Say { content } => self.say(who, &content, moment),
            PartyCommand::Look => {
                moment.answer(self.update());
                Ok(())
            }
        }
    }

    /// Out of the world is not out of the party.
    fn leave(&mut self, who: &Member, exit: PartyExit, moment: &mut Moment) {
        if !self.has(who.id) {
            return;
        }
        if exit.for_good {
            return self.go(who.id, moment);
        }
        self.away_since_ms.insert(who.id, moment.now.mono_ms);
        moment.tell(self.others(who.id), self.update());
    }

    fn tick(&mut self, _lookers: &Lookers, moment: &mut Moment) {
        self.record.invitations.retain(|invitation| invitation.is_open(moment.now.wall_ms));
        self.declined_at_ms
            .retain(|_, at_ms| moment.now.mono_ms.saturating_sub(*at_ms) < invite::DECLINED_MS);
        if self.miss(moment) && !self.is_over() {
            moment.tell(Audience::These(self.ids()), self.update());
        }
    }
}

fn not_a_member() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "you are not in this party")
}
