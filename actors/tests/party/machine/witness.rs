//! What one may conclude from what people are told: whoever was granted something had a right to it, and whoever was
//! refused had not. What somebody hears is in the order in which it happened; what two hear is not.

use std::collections::{BTreeMap, BTreeSet};

use protocol::ids::PartyId;
use protocol::party::{PartyInvite, PartyUpdate};
use protocol::{CharacterId, ErrorCode, ErrorMessage, ServerMessage};
use rules::party::PartyRecord;

use super::script::Play;
use super::{INVITE_MS, INVITES_MAX, MEMBERS_MAX};
use crate::machine::Tally;

/// A command of somebody, until it is answered.
#[derive(Debug, Clone, Copy)]
pub struct Said {
    pub play: Play,
    /// Whom it is about.
    pub whom: CharacterId,
    pub at_ms: i64,
    /// Somebody else's command was under way.
    pub raced: bool,
}

/// Where somebody stands, by what he was told.
#[derive(Debug, Clone, Default)]
pub enum Standing {
    #[default]
    Unknown,
    Alone,
    In(PartyUpdate),
}

impl Standing {
    fn party(&self) -> Option<&PartyUpdate> {
        match self {
            Self::In(party) => Some(party),
            Self::Unknown | Self::Alone => None,
        }
    }
}

/// From the disk to whoever is told takes less than this.
const COMMIT_MS: i64 = 200;

type Key = (PartyId, CharacterId);

/// What everybody's news say together, and the disk.
#[derive(Debug, Clone, Default)]
pub struct Witness {
    /// Invitations by when they run out: as on disk, and heard of since.
    open: BTreeMap<Key, BTreeSet<i64>>,
    /// The last of each, whatever became of it.
    known_until_ms: BTreeMap<Key, i64>,
    /// Those of them that are not on disk any more.
    missing_since_ms: BTreeMap<(Key, i64), i64>,
    /// Those that brought somebody in.
    used: BTreeSet<(Key, i64)>,
    /// The last time somebody declined.
    declined_ms: BTreeMap<Key, i64>,
    on_disk: BTreeMap<PartyId, PartyRecord>,
    looked_ms: i64,
    /// Refused although these seemed to be open: if they still are at the next look, they were.
    doubted: Vec<(CharacterId, Vec<(Key, i64)>)>,
    /// Made while this one was open: it must have been answered.
    suspected: Vec<(Key, i64)>,
    /// Steps since the last one that may have cost somebody an answer.
    calm: u32,
    /// Something in this process is armed to panic.
    faulty: bool,
}

impl Witness {
    pub fn disturbed(&mut self) {
        self.calm = 0;
    }

    pub fn broken(&mut self) {
        self.faulty = true;
    }

    pub fn is_faulty(&self) -> bool {
        self.faulty
    }

    /// Whether everything that was answered of late was heard.
    fn knows_all(&self) -> bool {
        self.calm >= 3 && !self.faulty
    }

    /// Once a step, before what was told is judged.
    pub fn look_at_disk(
        &mut self,
        parties: BTreeMap<PartyId, PartyRecord>,
        away: &BTreeSet<CharacterId>,
        now_ms: i64,
        tally: &Tally,
    ) {
        self.calm += 1;
        let mut written: BTreeSet<(Key, i64)> = BTreeSet::new();
        let mut asked: BTreeMap<CharacterId, u32> = BTreeMap::new();
        for (id, party) in &parties {
            let open = party.invitations.iter().filter(|invitation| invitation.is_open(now_ms));
            assert!(open.clone().count() <= INVITES_MAX, "{id}: {party:?}");
            for invitation in open {
                *asked.entry(invitation.invitee).or_default() += 1;
                written.insert(((*id, invitation.invitee), invitation.expires_at_ms));
            }
            if let Some(before) = self.on_disk.get(id) {
                compare(before, party, away, tally);
            }
        }
        if asked.values().any(|many| *many > 1) {
            tally.note("invited by two at once");
        }
        for (who, doubted) in std::mem::take(&mut self.doubted) {
            assert!(!doubted.iter().all(|one| written.contains(one)), "{who} can't answer {doubted:?}");
        }
        for (key, until_ms) in &written {
            self.saw(*key, *until_ms);
        }
        let known = self.open.iter().flat_map(|(key, open)| open.iter().map(|until_ms| (*key, *until_ms)));
        // What was made since the last look may not be there yet.
        let gone = known.filter(|one| !written.contains(one) && one.1 - INVITE_MS <= self.looked_ms);
        self.missing_since_ms =
            gone.map(|one| (one, self.missing_since_ms.get(&one).copied().unwrap_or(now_ms))).collect();
        (self.on_disk, self.looked_ms) = (parties, now_ms);
    }

    fn saw(&mut self, key: Key, until_ms: i64) {
        if self.used.contains(&(key, until_ms)) {
            return;
        }
        let open = self.open.entry(key).or_default();
        self.known_until_ms.insert(key, until_ms);
        if open.insert(until_ms) {
            let made_ms = until_ms - INVITE_MS;
            let earlier = open.iter().filter(|earlier| **earlier < until_ms && made_ms < **earlier);
            self.suspected.extend(earlier.map(|earlier| (key, *earlier)));
        }
    }

    /// Of everybody's news first: whoever accepts may have been asked in the same moment.
    pub fn heard_of(&mut self, invite: &PartyInvite) {
        self.saw((invite.party_id, invite.invitee_id), millis(invite));
    }

    /// After everybody's news: nobody has two invitations into the same party, and what was answered is gone.
    pub fn conclude(&mut self) {
        for (key, earlier) in std::mem::take(&mut self.suspected) {
            let declined = self.declined_ms.get(&key).is_some_and(|at_ms| *at_ms >= self.looked_ms);
            let answered = declined || self.used.contains(&(key, earlier));
            assert!(answered || !self.knows_all(), "{key:?} had an invitation when it got another: {self:?}");
        }
        for ((key, until_ms), since_ms) in &self.missing_since_ms {
            if self.looked_ms - since_ms >= COMMIT_MS
                && let Some(open) = self.open.get_mut(key)
            {
                open.remove(until_ms);
            }
        }
    }

    /// Takes the invitation that somebody came in by. False: there was none.
    fn use_up(&mut self, key: Key, said_ms: i64) -> bool {
        let declined_ms = self.declined_ms.get(&key).copied().unwrap_or(i64::MIN);
        let open = self.open.get(&key).into_iter().flatten();
        let used = open.copied().find(|until_ms| *until_ms > said_ms && *until_ms - INVITE_MS >= declined_ms);
        if let Some(until_ms) = used {
            self.used.insert((key, until_ms));
            self.open.entry(key).or_default().remove(&until_ms);
        }
        used.is_some() || !self.knows_all()
    }

    /// As the members of a party hear it.
    pub fn declined(&mut self, key: Key, now_ms: i64) {
        self.declined_ms.insert(key, now_ms);
    }

    /// Somebody's command was done.
    pub fn granted(
        &mut self,
        me: CharacterId,
        standing: &Standing,
        said: &Said,
        answer: &ServerMessage,
        tally: &Tally,
    ) {
        let (party, alone) = (standing.party(), matches!(standing, Standing::Alone));
        let leads = party.is_none_or(|party| party.leader_id == me);
        match (said.play, answer) {
            (Play::Create, ServerMessage::PartyUpdate(made)) => {
                assert!(party.is_none(), "{me} founds a party in one: {party:?}");
                assert_eq!((made.leader_id, &made.member_ids[..]), (me, &[me][..]));
            }
            (Play::Invite { .. }, ServerMessage::PartyInvite(invite)) => {
                assert!(!alone, "{me} invites into no party");
                assert_eq!((invite.inviter_id, invite.invitee_id), (me, said.whom));
                self.invited(invite, party);
            }
            (Play::Accept { .. }, ServerMessage::PartyUpdate(joined)) => {
                assert!(party.is_none(), "{me} is in {party:?} and accepted {joined:?}");
                assert!(joined.member_ids.contains(&me), "{joined:?}");
                let key = (joined.party_id, me);
                assert!(self.use_up(key, said.at_ms), "{me} was not asked: {said:?} {joined:?} {self:?}");
            }
            (Play::Decline { .. }, ServerMessage::Ok(_)) => {
                // Which one it was for is not said.
                let open = |until_ms: &i64| *until_ms > said.at_ms;
                let mut mine = self.open.iter().filter(|((_, whom), _)| *whom == me);
                let asked = mine.any(|(_, until_ms)| until_ms.iter().any(open));
                assert!(asked || !self.knows_all(), "{me} declined nothing: {said:?} {self:?}");
            }
            (Play::Leave, ServerMessage::Ok(_)) => {
                assert!(!alone, "{me} left nothing");
                if party.is_some_and(|party| party.leader_id == me && party.member_ids.len() > 1) {
                    tally.note("a leader left the others");
                }
            }
            (Play::Kick { .. }, ServerMessage::PartyKick(kick)) => {
                assert!(
                    leads && kick.character_id == said.whom && said.whom != me,
                    "{me}: {kick:?} {party:?}"
                );
                assert!(
                    party.is_none_or(|party| party.member_ids.contains(&said.whom)),
                    "{kick:?} {party:?}"
                );
                tally.note("a leader kicked");
            }
            (Play::Change, ServerMessage::PartyUpdate(_)) => assert!(leads, "{me} changed {party:?}"),
            (Play::Disband, ServerMessage::PartyDisband(_)) => {
                assert!(leads, "{me} disbanded {party:?}");
                if said.raced {
                    tally.note("a race with a disband");
                }
            }
            (Play::Say, ServerMessage::PartyChat(_)) => assert!(!alone, "{me} speaks in no party"),
            (play, answer) => panic!("{me}: {play:?} was answered {answer:?}"),
        }
    }

    fn invited(&self, invite: &PartyInvite, party: Option<&PartyUpdate>) {
        let key = (invite.party_id, invite.invitee_id);
        let made_ms = millis(invite) - INVITE_MS;
        if let Some(party) = party {
            assert!(!party.member_ids.contains(&invite.invitee_id), "{invite:?} {party:?}");
            assert!(party.member_ids.len() < party.max_members as usize, "{invite:?} {party:?}");
        }
        let declined_ms = self.declined_ms.get(&key).filter(|_| !self.faulty);
        assert!(declined_ms.is_none_or(|at_ms| made_ms <= *at_ms), "asked anew after declining: {invite:?}");
    }

    /// Somebody's command was refused.
    pub fn refused(
        &mut self,
        me: CharacterId,
        standing: &Standing,
        said: &Said,
        error: &ErrorMessage,
        now_ms: i64,
        tally: &Tally,
    ) {
        let full = error.details.contains_key("max_members");
        match (said.play, error.error_code) {
            (Play::Kick { .. } | Play::Change | Play::Disband, ErrorCode::Forbidden) => {
                assert!(standing.party().is_none_or(|party| party.leader_id != me), "{me} leads: {error:?}");
                tally.note("refused as no leader");
                if matches!(said.play, Play::Kick { .. }) {
                    tally.note("a member can't kick");
                }
            }
            (Play::Invite { .. }, ErrorCode::Conflict) if full => {
                let has_room = |party: &PartyUpdate| party.member_ids.len() < party.max_members as usize;
                assert!(standing.party().is_none_or(|party| !has_room(party)), "{standing:?}");
                tally.note("no invitation into a full party");
            }
            (Play::Invite { .. }, ErrorCode::Conflict) if error.details.contains_key("retry_after_ms") => {
                tally.note("asked again too soon");
            }
            (Play::Accept { .. }, ErrorCode::Conflict) if full => tally.note("turned away at a full party"),
            (Play::Accept { .. }, ErrorCode::Conflict) => tally.note("accepting while in another party"),
            (Play::Accept { .. } | Play::Decline { .. }, ErrorCode::NotFound) => {
                self.not_asked(me, said, now_ms, tally);
            }
            (Play::Create | Play::Leave | Play::Say, ErrorCode::Forbidden) => panic!("{me}: {error:?}"),
            _ => {}
        }
    }

    fn not_asked(&mut self, me: CharacterId, said: &Said, now_ms: i64, tally: &Tally) {
        let mine = self.open.iter().filter(|((_, whom), _)| *whom == me);
        let mine = mine.flat_map(|(key, open)| open.iter().map(|until_ms| (*key, *until_ms)));
        let was_open = |until_ms: i64| until_ms > now_ms && until_ms - INVITE_MS < said.at_ms;
        let open: Vec<(Key, i64)> = mine.filter(|(_, until_ms)| was_open(*until_ms)).collect();
        let ran_out = |(key, until_ms): (&Key, &i64)| {
            key.1 == me && *until_ms <= said.at_ms && !self.used.contains(&(*key, *until_ms))
        };
        if self.known_until_ms.iter().any(ran_out) {
            tally.note("an invitation ran out");
        }
        if matches!(said.play, Play::Accept { .. }) && self.declined_ms.keys().any(|(_, whom)| *whom == me) {
            tally.note("accepted after declining");
        }
        let by_name = matches!(said.play, Play::Accept { by_name: true } | Play::Decline { by_name: true });
        // By name it may have been for one that is not among them.
        if self.knows_all() && !by_name && !open.is_empty() {
            self.doubted.push((me, open));
        }
    }
}

/// What became of a party since the last look.
fn compare(before: &PartyRecord, now: &PartyRecord, away: &BTreeSet<CharacterId>, tally: &Tally) {
    if now.members.len() == MEMBERS_MAX && before.members.len() < MEMBERS_MAX {
        tally.note("a party is full");
    }
    if before.leader != now.leader && now.has(before.leader) && away.contains(&before.leader) {
        tally.note("a leader was missed");
    }
    if before.members.iter().any(|mate| away.contains(&mate.id) && !now.has(mate.id)) {
        tally.note("a member was missed");
    }
}

fn millis(invite: &PartyInvite) -> i64 {
    (invite.expires_at * 1_000.0).round() as i64
}
