//! A session's party: founding one, coming into one, what its member says to it, and going.
//!
//! The disk knows in which party a character is: whenever a session doubts it, it looks there.

use std::sync::Arc;

use protocol::ids::PartyId;
use protocol::party::{ChangeParty, CreateParty, Invite, OwnParty, PartyInvite};
use protocol::{CharacterId, ErrorCode, ErrorMessage, ServerMessage};
use rules::party::{Mate, NAME, Party, PartyCommand, PartyEntry, PartyExit, PartyRecord, clean_name};
use storage::StoreError;
use storage::parties::{Belonging, NewParty};

use crate::commands::Ticket;
use crate::entity::{Ctx, Door};
use crate::errors::storage_error;
use crate::flight::answer_text;
use crate::frame::Frame;
use crate::host::{self, Host, Reply};
use crate::notify::notify;
use crate::registry::VenueName;
use crate::repeats::answer_again;
use crate::session::play::no_character;
use crate::session::venues::return_later;
use crate::session::walk::busy;
use crate::session::{Mail, Session};

/// The party that a character is in.
pub struct Grouped {
    pub id: PartyId,
    /// Absent while it can't be had.
    pub door: Option<Door<Host<Party>>>,
    /// Everybody in it, by the time they joined; empty until it has said so.
    pub members: Arc<[CharacterId]>,
}

impl Grouped {
    pub fn new(id: PartyId) -> Self {
        Self { id, door: None, members: Arc::default() }
    }
}

impl Session {
    /// On disk first: the database is who says that nobody is in two.
    pub(super) fn create_party(&mut self, request: &CreateParty, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let name = request.party_name.as_ref().map_or(Ok(NAME.to_owned()), |name| clean_name(name));
        let name = match self.check_free().and_then(|()| name.map_err(Into::into)) {
            Ok(name) => name,
            Err(error) => return self.refuse(&ticket, error),
        };
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let (member, wall_ms) = (&playing.member, self.wall_ms());
        let record = PartyRecord {
            name,
            leader: member.id,
            loot_sharing: request.loot_sharing.unwrap_or_default(),
            max_members: self.world.options().party.members_max,
            members: vec![Mate { id: member.id, name: member.name.clone() }],
            ..PartyRecord::default()
        };
        let new = NewParty {
            name: record.name.clone(),
            loot_sharing: record.loot_sharing,
            max_members: record.max_members,
            founder: member.id,
            epoch: member.epoch,
            now: wall_ms,
        };
        let update = move |id| ServerMessage::PartyUpdate(record.update(id));
        let kept = update.clone();
        let answer = ticket.message_id.clone().map(|id| {
            (id.into_string(), Box::new(move |party| answer_text(&kept(party), wall_ms)) as Box<_>)
        });
        let made = self.world.store().write(storage::parties::create(new, answer));
        Self::wait_for(made, ctx, move |session, made, ctx| session.created(made, update, ticket, ctx));
    }

    fn created(
        &mut self,
        made: Result<PartyId, StoreError>,
        update: impl FnOnce(PartyId) -> ServerMessage,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(playing) = self.playing.as_mut() else { return self.refuse(&ticket, no_character()) };
        let who = playing.member.id;
        match made {
            Ok(id) => {
                playing.party = Some(Grouped::new(id));
                self.answer(&ticket, update(id));
                self.return_to_party(true, ctx);
            }
            Err(StoreError::Conflict("message_id")) => {
                let reply = Reply { who, outbox: self.outbox.clone(), ticket: Some(ticket) };
                answer_again(&self.world, reply);
            }
            Err(StoreError::Conflict(_)) => {
                self.refuse(&ticket, grouped());
                self.look_up_party(None, ctx);
            }
            Err(StoreError::StaleEpoch) => self.refuse(&ticket, no_character()),
            Err(error) => self.refuse(&ticket, storage_error(&error)),
        }
    }

    fn check_free(&self) -> Result<(), ErrorMessage> {
        let playing = self.playing.as_ref().ok_or_else(no_character)?;
        if playing.party.is_some() {
            return Err(grouped());
        }
        if playing.joining.as_ref().is_some_and(|joining| self.outbox.is_open(joining)) {
            return Err(ErrorMessage::new(ErrorCode::Conflict, "you are just coming into a party"));
        }
        Ok(())
    }

    pub(super) fn invite_to_party(&mut self, invite: &Invite, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let absent = ErrorMessage::new(ErrorCode::NotOnline, "they are not in the world right now");
        let absent = absent.with("field", "invitee_id");
        self.unless_blocked(invite.invitee_id, absent, ticket, ctx, |session, found, ticket, _| {
            let command = PartyCommand::Invite { invitee: found.character, invitee_name: found.name };
            session.send_to_party(command, ticket);
        });
    }

    pub(super) fn change_party(&self, change: &ChangeParty, ticket: Ticket) {
        let name = change.party_name.as_ref().map(|name| name.to_string());
        self.send_to_party(PartyCommand::Change { name, loot_sharing: change.loot_sharing }, ticket);
    }

    /// If the command names a party, it has to be this one.
    pub(super) fn send_to_own_party(&self, which: &OwnParty, command: PartyCommand, ticket: Ticket) {
        let own = self.playing.as_ref().and_then(|playing| playing.party.as_ref()).map(|party| party.id);
        if own.is_some() && which.party_id.is_some_and(|id| own != Some(id)) {
            let error = ErrorMessage::new(ErrorCode::NotFound, "you are not in that party");
            return self.refuse(&ticket, error.with("field", "party_id"));
        }
        self.send_to_party(command, ticket);
    }

    pub(super) fn send_to_party(&self, command: PartyCommand, ticket: Ticket) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let Some(party) = &playing.party else {
            let error = ErrorMessage::new(ErrorCode::NotFound, "you are in no party");
            return self.refuse(&ticket, error);
        };
        let name = VenueName::Party(party.id);
        let Some(door) = &party.door else { return self.refuse(&ticket, busy(&name)) };
        self.outbox.entrust(&ticket, name.clone());
        let who = playing.member.id;
        let reply = Reply { who, outbox: self.outbox.clone(), ticket: Some(ticket.clone()) };
        if door.post(host::Mail::Command { who, session: self.id, command, reply }).is_err() {
            self.refuse(&ticket, busy(&name));
        }
    }

    /// Whoever comes back without having heard everything is told how it stands.
    pub(super) fn look_at_party(&self) {
        let Some(playing) = &self.playing else { return };
        let Some(door) = playing.party.as_ref().and_then(|party| party.door.as_ref()) else { return };
        let (who, command) = (playing.member.id, PartyCommand::Look);
        let reply = Reply { who, outbox: self.outbox.clone(), ticket: None };
        // A party that is too busy to say it now says it with the next change.
        let _ = door.post(host::Mail::Command { who, session: self.id, command, reply });
    }

    pub(super) fn accept_party(&mut self, which: Option<PartyId>, ticket: Ticket, ctx: &mut Ctx<Self>) {
        if let Err(error) = self.check_free() {
            return self.refuse(&ticket, error);
        }
        self.with_invitation(which, ticket, ctx, |session, id, ticket| {
            if let Some(playing) = session.playing.as_mut() {
                playing.joining = Some(ticket.clone());
            }
            session.at_the_door(id, ticket, |door, newcomer, reply| {
                notify(door, host::Mail::Enter { newcomer, entry: PartyEntry::Accept, reply });
            });
        });
    }

    pub(super) fn decline_party(&mut self, which: Option<PartyId>, ticket: Ticket, ctx: &mut Ctx<Self>) {
        self.with_invitation(which, ticket, ctx, |session, id, ticket| {
            session.at_the_door(id, ticket, |door, newcomer, reply| {
                let who = newcomer.door.clone();
                let knock =
                    host::Mail::Knock { newcomer, command: PartyCommand::Decline, reply: reply.clone() };
                if door.post(knock).is_err() {
                    reply.refuse(busy(&VenueName::Party(id)), session.wall_ms());
                    notify(&who, Mail::NotIn(VenueName::Party(id)));
                }
            });
        });
    }

    /// The one that is named, or the newest that is open: the disk has all of them.
    fn with_invitation(
        &mut self,
        which: Option<PartyId>,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
        then: impl FnOnce(&mut Self, PartyId, Ticket) + 'static,
    ) {
        let Some(who) = self.playing.as_ref().map(|playing| playing.member.id) else {
            return self.refuse(&ticket, no_character());
        };
        if let Some(id) = which {
            return then(self, id, ticket);
        }
        let belonging = self.world.store().read(storage::parties::of(who, self.wall_ms()));
        Self::wait_for(belonging, ctx, move |session, belonging, _| match belonging {
            Ok(Belonging { invitations, .. }) => match invitations.last() {
                Some(newest) => then(session, newest.party_id, ticket),
                None => session.refuse(&ticket, not_invited()),
            },
            Err(error) => session.refuse(&ticket, storage_error(&error)),
        });
    }

    /// Watches the party for as long as the answer is open: its death answers, too.
    fn at_the_door(
        &self,
        id: PartyId,
        ticket: Ticket,
        go: impl FnOnce(&Door<Host<Party>>, host::Newcomer, Reply),
    ) {
        let (Some(newcomer), watcher) = (self.newcomer(), self.watcher()) else { return };
        let name = VenueName::Party(id);
        self.outbox.entrust(&ticket, name.clone());
        let outbox = self.outbox.clone();
        let reply = Reply { who: newcomer.member.id, outbox, ticket: Some(ticket) };
        match self.world.parties().find_watched(&self.world, &id, || (), watcher) {
            Ok(door) => go(&door, newcomer, reply),
            Err(_) => reply.refuse(busy(&name), self.wall_ms()),
        }
    }

    /// Back into the party that the character is in. `shown`: its client knows how it stands.
    pub(super) fn return_to_party(&mut self, shown: bool, ctx: &mut Ctx<Self>) {
        let (Some(newcomer), watcher) = (self.newcomer(), self.watcher()) else { return };
        let outbox = self.outbox.clone();
        let Some(party) = self.playing.as_mut().and_then(|playing| playing.party.as_mut()) else { return };
        match self.world.parties().find_watched(&self.world, &party.id, || (), watcher) {
            Ok(door) => {
                let reply = Reply { who: newcomer.member.id, outbox, ticket: None };
                notify(&door, host::Mail::Enter { newcomer, entry: PartyEntry::Return { shown }, reply });
                party.door = Some(door);
            }
            Err(rests) => return_later(VenueName::Party(party.id), rests.retry_after_ms, ctx),
        }
    }

    /// The character came into the world: its party is told so, and its client who wants it.
    pub(super) fn belong(&mut self, belonging: Belonging, ctx: &mut Ctx<Self>) {
        for invitation in belonging.invitations {
            self.outbox.push(&Frame::new(ServerMessage::PartyInvite(invitation), self.wall_ms()));
        }
        if let (Some(id), Some(playing)) = (belonging.party, self.playing.as_mut()) {
            playing.party = Some(Grouped::new(id));
            self.return_to_party(false, ctx);
        }
    }

    /// Looks on the disk where the character belongs; `doubted` is the party that does not have it (any more).
    pub(super) fn look_up_party(&mut self, doubted: Option<PartyId>, ctx: &mut Ctx<Self>) {
        let Some(who) = self.playing.as_ref().map(|playing| playing.member.id) else { return };
        let belonging = self.world.store().read(storage::parties::of(who, self.wall_ms()));
        Self::wait_for(belonging, ctx, move |session, belonging, ctx| {
            let Some(playing) = session.playing.as_mut() else { return };
            let at = |party: &Option<Grouped>| party.as_ref().map(|party| party.id);
            match belonging {
                Ok(Belonging { party, .. }) if party != at(&playing.party) => {
                    session.leave_party(PartyExit::default());
                    if let (Some(id), Some(playing)) = (party, session.playing.as_mut()) {
                        playing.party = Some(Grouped::new(id));
                    }
                }
                Ok(_) => {}
                Err(error) => log::error!("session {}: which party it is in: {error}", session.id),
            }
            let party = session.playing.as_ref().and_then(|playing| playing.party.as_ref());
            if let Some(doubted) = doubted.filter(|id| party.is_none_or(|party| party.id != *id)) {
                session.world.parties().unwatch(&doubted, session.id);
            }
            if party.is_some_and(|party| party.door.is_none()) {
                session.return_to_party(false, ctx);
            }
        });
    }

    pub(super) fn in_party(&mut self, id: PartyId, members: Arc<[CharacterId]>, ctx: &mut Ctx<Self>) {
        let Some(playing) = self.playing.as_mut() else { return };
        match playing.party.as_mut().filter(|party| party.id == id) {
            Some(party) => party.members = members,
            None => {
                let door = self.world.parties().running(&id);
                playing.party = Some(Grouped { id, door, members });
                if playing.party.as_ref().is_some_and(|party| party.door.is_none()) {
                    self.return_to_party(true, ctx);
                }
            }
        }
    }

    pub(super) fn out_of_party(&mut self, id: PartyId) {
        let party = self.playing.as_ref().and_then(|playing| playing.party.as_ref());
        if party.is_some_and(|party| party.id == id) {
            self.leave_party(PartyExit::default());
        }
    }

    /// One's invitation is on disk: whoever is invited hears it now, or with his next sign-in.
    pub(super) fn invited(&self, invitation: PartyInvite) {
        if let Some(found) = self.world.directory().find(invitation.invitee_id) {
            let frame = Frame::new(ServerMessage::PartyInvite(invitation), self.wall_ms());
            found.outbox.push(&frame);
        }
    }

    /// Out of its actor; whether out of the party too, that one decides.
    pub(super) fn leave_party(&mut self, exit: PartyExit) {
        let id = self.id;
        let Some(playing) = self.playing.as_mut() else { return };
        let Some(party) = playing.party.take() else { return };
        self.world.parties().unwatch(&party.id, id);
        if let Some(door) = party.door {
            notify(&door, host::Mail::Leave { who: playing.member.id, session: id, exit, gone: None });
        }
    }
}

fn grouped() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::Conflict, "you are in a party already: leave it first")
}

fn not_invited() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::NotFound, "there is no open invitation").with("field", "party_id")
}
