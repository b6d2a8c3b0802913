//! What a session's character says, and to whom.

use actix::AsyncContext;
use actix::fut::{ActorFutureExt, wrap_future};
use protocol::chat::{Announce, Channel, Chat, Say, SayIn, Whisper};
use protocol::{CharacterId, ErrorCode, ErrorMessage};
use rules::chat::clean;
use rules::party::PartyCommand;
use rules::room::{RoomCommand, in_channel};
use rules::venue::RoomKey;
use storage::StoreError;
use storage::accounts::Role;
use storage::chat::NewWhisper;

use crate::commands::Ticket;
use crate::directory;
use crate::entity::{Ctx, Shell};
use crate::errors::storage_error;
use crate::faults;
use crate::flight::answer_text;
use crate::frame::Frame;
use crate::host::{self, Reply};
use crate::registry::VenueName;
use crate::repeats::answer_again;
use crate::session::Session;
use crate::session::limits::limited;
use crate::session::play::no_character;
use crate::session::walk::busy;

/// How many people somebody may have whispered to before the first are strangers again.
const ACQUAINTANCES_MAX: usize = 256;
/// An account that was made less than a day ago is a stranger itself.
const YOUNG_MS: i64 = 24 * 3_600_000;

impl Session {
    pub(super) fn chat(&mut self, say: Say, ticket: Ticket, ctx: &mut Ctx<Self>) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let room = match say.channel {
            Channel::Global => RoomKey::Global,
            Channel::Say => RoomKey::Say(playing.location),
            Channel::Faction => playing.faction.key.clone(),
            Channel::Party => {
                return self.send_to_party(PartyCommand::Say { content: say.content.into_string() }, ticket);
            }
            Channel::Whisper => {
                let whisper =
                    Whisper { recipient_id: say.recipient_id, recipient_name: None, content: say.content };
                return self.whisper(whisper, ticket, ctx);
            }
        };
        self.send_to_room(&room, RoomCommand::Say { content: say.content.into_string() }, ticket);
    }

    pub(super) fn faction_chat(&mut self, say: &SayIn, ticket: Ticket) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let room = playing.faction.key.clone();
        self.send_to_room(&room, RoomCommand::Say { content: say.content.to_string() }, ticket);
    }

    pub(super) fn announce(&mut self, announce: &Announce, ticket: Ticket) {
        let Some(row) = &self.row else { return };
        if row.role != Role::Admin {
            let error = ErrorMessage::new(ErrorCode::Forbidden, "only admins announce to the whole world");
            return self.refuse(&ticket, error);
        }
        let announced_by = row.username.clone();
        let command = RoomCommand::Announce { content: announce.content.to_string(), announced_by };
        self.send_to_room(&RoomKey::Global, command, ticket);
    }

    fn send_to_room(&self, key: &RoomKey, command: RoomCommand, ticket: Ticket) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let name = VenueName::Room(key.clone());
        let Some(door) = playing.room(key).and_then(|joined| joined.door.as_ref()) else {
            return self.refuse(&ticket, busy(&name));
        };
        self.outbox.entrust(&ticket, name.clone());
        let who = playing.member.id;
        let reply = Reply { who, outbox: self.outbox.clone(), ticket: Some(ticket.clone()) };
        if door.post(host::Mail::Command { who, session: self.id, command, reply }).is_err() {
            self.refuse(&ticket, busy(&name));
        }
    }

    /// Somebody who is not in the world hears nothing, and the sender is told so.
    pub(super) fn whisper(&mut self, whisper: Whisper, ticket: Ticket, ctx: &mut Ctx<Self>) {
        if self.playing.is_none() {
            return self.refuse(&ticket, no_character());
        }
        let content = match clean(&whisper.content) {
            Ok(content) => content,
            Err(refusal) => return self.refuse(&ticket, refusal),
        };
        let recipient = match self.recipient(&whisper) {
            Ok(recipient) => recipient,
            Err(error) => return self.refuse(&ticket, error),
        };
        if let Err(error) = self.greet(recipient.character) {
            return self.refuse(&ticket, error);
        }
        let field = if whisper.recipient_id.is_some() { "recipient_id" } else { "recipient_name" };
        self.if_taken_by(recipient, field.to_owned(), ticket, ctx, |session, recipient, ticket, ctx| {
            session.whisper_to(recipient, content, ticket, ctx);
        });
    }

    /// On disk first, then both hear it.
    fn whisper_to(
        &self,
        recipient: directory::Playing,
        content: String,
        ticket: Ticket,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(playing) = &self.playing else { return self.refuse(&ticket, no_character()) };
        let (who, name) = (playing.member.id, playing.member.name.clone());
        let now_ms = self.wall_ms();
        let new = NewWhisper {
            sender_id: who,
            sender_name: name.clone(),
            recipient_id: recipient.character,
            content: content.clone(),
            said_at_ms: now_ms,
        };
        let line = move |chat_id| {
            in_channel(Chat {
                sender_id: who,
                sender_name: name.clone(),
                channel: Channel::Whisper,
                content: content.clone(),
                recipient_id: Some(recipient.character),
                chat_id,
            })
        };
        let keep_line = line.clone();
        let answer = ticket.message_id.clone().map(|id| {
            let text = move |chat_id| answer_text(&keep_line(chat_id), now_ms);
            (id.into_string(), Box::new(text) as Box<dyn FnOnce(u64) -> String + Send>)
        });
        let saved = self.world.store().write(storage::chat::whisper(new, answer));
        ctx.spawn(wrap_future(saved).map(move |saved, shell: &mut Shell<Self>, _: &mut Ctx<Self>| {
            faults::hit("whisper.saved");
            let session = &shell.entity;
            match saved {
                Ok(chat_id) => {
                    let message = line(chat_id);
                    if recipient.character != who {
                        recipient.outbox.push(&Frame::new(message.clone(), now_ms));
                    }
                    session.answer(&ticket, message);
                }
                Err(StoreError::Conflict("message_id")) => {
                    let reply = Reply { who, outbox: session.outbox.clone(), ticket: Some(ticket) };
                    answer_again(&session.world, reply);
                }
                Err(error) => session.refuse(&ticket, storage_error(&error)),
            }
        }));
    }

    fn recipient(&self, whisper: &Whisper) -> Result<directory::Playing, ErrorMessage> {
        let directory = self.world.directory();
        let found = match (&whisper.recipient_id, &whisper.recipient_name) {
            (Some(id), _) => directory.find(*id),
            (None, Some(name)) => directory.find_by_name(name),
            (None, None) => {
                let reason = "recipient_id: expected recipient_id or recipient_name";
                return Err(ErrorMessage::new(ErrorCode::Invalid, reason).with("field", "recipient_id"));
            }
        };
        found.ok_or_else(|| {
            let reason = "nobody of that name or id is in the world right now; nothing was delivered or kept";
            ErrorMessage::new(ErrorCode::NotOnline, reason).with("field", "recipient_id")
        })
    }

    /// Whispering to ever new people is limited; to those one knows it is not.
    fn greet(&mut self, whom: CharacterId) -> Result<(), ErrorMessage> {
        if !self.world.options().limits_enabled || self.acquaintances.contains(&whom) {
            return Ok(());
        }
        if let Some(row) = &self.row {
            let limiters = self.world.limiters();
            let is_young = self.wall_ms() - row.account_created_at < YOUNG_MS;
            let bucket = if is_young { &limiters.whisper_new_young } else { &limiters.whisper_new };
            bucket.take(&row.account_id).map_err(limited)?;
        }
        self.acquaintances.push_back(whom);
        if self.acquaintances.len() > ACQUAINTANCES_MAX {
            self.acquaintances.pop_front();
        }
        Ok(())
    }
}
