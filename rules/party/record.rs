//! What of a party is on disk.

use protocol::CharacterId;
use protocol::ids::PartyId;
use protocol::party::{LootSharing, PartyInvite, PartyUpdate, PartyView};

/// A member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mate {
    pub id: CharacterId,
    pub name: String,
}

/// An invitation that nobody has answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    pub invitee: CharacterId,
    pub invitee_name: String,
    pub inviter: CharacterId,
    pub inviter_name: String,
    /// Unix milliseconds.
    pub expires_at_ms: i64,
}

/// A party as it is saved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartyRecord {
    pub name: String,
    /// One of the members, if there are any.
    pub leader: CharacterId,
    pub loot_sharing: LootSharing,
    pub max_members: u32,
    /// By the time they joined.
    pub members: Vec<Mate>,
    pub invitations: Vec<Invitation>,
    /// The highest `chat_id` given so far; saved with the lines.
    pub last_chat_id: u64,
}

/// What is to be on disk of a party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartySave {
    pub party_id: PartyId,
    /// Absent: it is no more.
    pub record: Option<PartyRecord>,
    /// Who is new in it, with the epoch that must still be the character's.
    pub joined: Option<(CharacterId, i64)>,
}

impl Default for PartyRecord {
    /// Of a party that is no more: nobody is in it.
    fn default() -> Self {
        Self {
            name: String::new(),
            leader: CharacterId(0),
            loot_sharing: LootSharing::default(),
            max_members: 0,
            members: Vec::new(),
            invitations: Vec::new(),
            last_chat_id: 0,
        }
    }
}

impl Invitation {
    pub fn is_open(&self, wall_ms: i64) -> bool {
        wall_ms < self.expires_at_ms
    }

    /// As it is told.
    pub fn message(&self, party_id: PartyId, party_name: &str) -> PartyInvite {
        PartyInvite {
            party_id,
            inviter_id: self.inviter,
            inviter_name: self.inviter_name.clone(),
            invitee_id: self.invitee,
            invitee_name: self.invitee_name.clone(),
            party_name: Some(party_name.to_owned()),
            expires_at: self.expires_at_ms as f64 / 1000.0,
        }
    }
}

impl PartyRecord {
    pub fn has(&self, who: CharacterId) -> bool {
        self.mate(who).is_some()
    }

    pub(super) fn mate(&self, who: CharacterId) -> Option<&Mate> {
        self.members.iter().find(|mate| mate.id == who)
    }

    pub(super) fn uninvite(&mut self, who: CharacterId) {
        self.invitations.retain(|invitation| invitation.invitee != who);
    }

    fn ids_and_names(&self) -> (Vec<CharacterId>, Vec<String>) {
        self.members.iter().map(|mate| (mate.id, mate.name.clone())).unzip()
    }

    /// As its members see it, everybody in the world.
    pub fn update(&self, id: PartyId) -> PartyUpdate {
        let (member_ids, member_names) = self.ids_and_names();
        PartyUpdate {
            party_id: id,
            party_name: Some(self.name.clone()),
            leader_id: self.leader,
            member_ids,
            member_names,
            away_ids: Vec::new(),
            max_members: self.max_members,
            loot_sharing: self.loot_sharing,
        }
    }

    /// As REST shows it.
    pub fn view(&self, id: PartyId) -> PartyView {
        let (member_ids, member_names) = self.ids_and_names();
        PartyView {
            id,
            party_name: self.name.clone(),
            leader_id: self.leader,
            is_active: true,
            max_members: self.max_members,
            member_count: u32::try_from(self.members.len()).unwrap_or(u32::MAX),
            member_ids,
            member_names,
            loot_sharing: self.loot_sharing,
        }
    }
}
