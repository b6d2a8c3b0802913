//! How somebody comes into a party: invited by a member, by an answer of his own.

use protocol::party::PartyDecline;
use protocol::{CharacterId, ErrorCode, ServerMessage};

use super::{Invitation, Mate, Party};
use crate::Refusal;
use crate::venue::{Audience, Effect, Member, Moment, News};

/// Whoever declined is not invited again by the same party so soon.
pub(super) const DECLINED_MS: u64 = 60_000;

impl Party {
    pub(super) fn invite(
        &mut self,
        who: &Member,
        (invitee, invitee_name): (CharacterId, String),
        moment: &mut Moment,
    ) -> Result<(), Refusal> {
        self.check_invite(invitee, moment)?;
        let invitation = Invitation {
            invitee,
            invitee_name,
            inviter: who.id,
            inviter_name: who.name.clone(),
            expires_at_ms: moment.now.wall_ms.saturating_add(self.limits.invite_ms),
        };
        self.record.invitations.push(invitation.clone());
        self.save(None, moment);
        let message = invitation.message(self.id, &self.record.name);
        // Who is invited is not in here: the session that asked passes it on.
        moment.effects.push(Effect::Inform(who.id, News::Invited(Box::new(message.clone()))));
        moment.answer(ServerMessage::PartyInvite(message));
        Ok(())
    }

    fn check_invite(&self, invitee: CharacterId, moment: &Moment) -> Result<(), Refusal> {
        let conflict = |reason: &str| Refusal::new(ErrorCode::Conflict, reason).with("field", "invitee_id");
        if self.has(invitee) {
            return Err(conflict("they are in the party already"));
        }
        if self.is_full() {
            return Err(self.full());
        }
        let open = |invitation: &&Invitation| invitation.is_open(moment.now.wall_ms);
        let mut invitations = self.record.invitations.iter().filter(open);
        if invitations.clone().count() >= self.limits.invites_max {
            return Err(conflict("too many invitations are open"));
        }
        if invitations.any(|invitation| invitation.invitee == invitee) {
            return Err(conflict("they are invited already"));
        }
        if let Some(at_ms) = self.declined_at_ms.get(&invitee) {
            let wait_ms = DECLINED_MS.saturating_sub(moment.now.mono_ms.saturating_sub(*at_ms));
            if wait_ms > 0 {
                return Err(conflict("they have just declined").with("retry_after_ms", wait_ms));
            }
        }
        Ok(())
    }

    fn is_full(&self) -> bool {
        self.record.members.len() >= self.record.max_members as usize
    }

    fn full(&self) -> Refusal {
        let reason = format!("the party is full: it has {} members", self.record.members.len());
        Refusal::new(ErrorCode::Conflict, reason).with("max_members", self.record.max_members)
    }

    pub(super) fn accept(&mut self, who: &Member, moment: &mut Moment) -> Result<(), Refusal> {
        self.check_invited(who.id, moment)?;
        if self.is_full() {
            return Err(self.full());
        }
        self.record.uninvite(who.id);
        self.record.members.push(Mate { id: who.id, name: who.name.clone() });
        self.save(Some(who), moment);
        self.inform(&self.ids(), moment);
        moment.answer(self.update());
        moment.tell(self.others(who.id), self.update());
        Ok(())
    }

    pub(super) fn decline(&mut self, who: &Member, moment: &mut Moment) -> Result<(), Refusal> {
        self.check_invited(who.id, moment)?;
        self.record.uninvite(who.id);
        self.declined_at_ms.insert(who.id, moment.now.mono_ms);
        self.save(None, moment);
        let decline =
            PartyDecline { party_id: self.id, character_id: who.id, character_name: who.name.clone() };
        moment.tell(Audience::These(self.ids()), ServerMessage::PartyDecline(decline));
        Ok(())
    }

    fn check_invited(&self, who: CharacterId, moment: &Moment) -> Result<(), Refusal> {
        let mut invitations = self.record.invitations.iter();
        if invitations.any(|open| open.invitee == who && open.is_open(moment.now.wall_ms)) {
            return Ok(());
        }
        Err(Refusal::new(ErrorCode::NotFound, "there is no open invitation into this party")
            .with("field", "party_id"))
    }
}
