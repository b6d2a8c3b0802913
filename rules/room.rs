//! A chat room: who says what, in which order, and what newcomers get to read.

use std::collections::VecDeque;

use protocol::chat::{Channel, Chat, ChatHistory, PastLine, WorldAnnouncement};
use protocol::{ErrorCode, ServerMessage};

use crate::venue::{Audience, ChatLine, Member, Moment, NewEvent, RoomKey, Save, Venue};
use crate::{Refusal, chat};

/// What of a room is on disk.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RoomRecord {
    /// The highest `chat_id` given so far.
    pub last_chat_id: u64,
    /// The newest lines, oldest first.
    pub history: Vec<ChatLine>,
}

/// How much newcomers get to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryLimits {
    pub lines: usize,
    /// Longest message; more lines go into a further one.
    pub page_bytes: usize,
}

/// One chat room.
#[derive(Debug, Clone, PartialEq)]
pub struct Room {
    key: RoomKey,
    limits: HistoryLimits,
    last_chat_id: u64,
    history: VecDeque<ChatLine>,
}

/// Coming in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RoomEntry {
    /// Whether the newcomer's dialect has `chat_history`, and it is new here.
    pub wants_history: bool,
}

/// What a member can do in a room.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RoomCommand {
    Say {
        content: String,
    },
    /// Admins only; whoever sends it on has checked that.
    Announce {
        content: String,
        announced_by: String,
    },
}

impl Room {
    pub fn restore(key: RoomKey, limits: HistoryLimits, record: RoomRecord) -> Self {
        Self { key, limits, last_chat_id: record.last_chat_id, history: record.history.into() }
    }

    fn say(&mut self, who: &Member, content: &str, moment: &mut Moment) -> Result<(), Refusal> {
        let content = chat::clean(content)?;
        self.last_chat_id += 1;
        let line = ChatLine {
            room: self.key.clone(),
            chat_id: self.last_chat_id,
            sender_id: who.id,
            sender_name: who.name.clone(),
            content,
            said_at_ms: moment.now.wall_ms,
        };
        let heard = in_channel(Chat {
            sender_id: line.sender_id,
            sender_name: line.sender_name.clone(),
            channel: self.key.channel(),
            content: line.content.clone(),
            recipient_id: None,
            chat_id: line.chat_id,
        });
        moment.save(Save::Chat(line.clone()));
        moment.answer(heard.clone());
        moment.tell(Audience::Except(who.id), heard);
        self.remember(line);
        Ok(())
    }

    fn announce(content: &str, announced_by: String, moment: &mut Moment) -> Result<(), Refusal> {
        let content = chat::clean(content)?;
        moment.save(Save::Event(NewEvent {
            event_type: "announcement",
            title: format!("Announcement by {announced_by}"),
            description: content.clone(),
            faction: None,
            at_ms: moment.now.wall_ms,
        }));
        let announcement = WorldAnnouncement { content, announced_by };
        moment.tell(Audience::Everyone, ServerMessage::WorldAnnouncement(announcement));
        Ok(())
    }

    fn remember(&mut self, line: ChatLine) {
        self.history.push_back(line);
        while self.history.len() > self.limits.lines {
            self.history.pop_front();
        }
    }

    /// The history in messages of bounded size, oldest first.
    fn pages(&self) -> Vec<ChatHistory> {
        let mut pages: Vec<ChatHistory> = Vec::new();
        let mut room_left = 0;
        for line in &self.history {
            let size = line_bytes(line);
            if size > room_left {
                pages.push(ChatHistory { channel: self.key.channel(), lines: Vec::new() });
                room_left = self.limits.page_bytes.saturating_sub(ENVELOPE_BYTES);
            }
            room_left = room_left.saturating_sub(size);
            if let Some(page) = pages.last_mut() {
                page.lines.push(PastLine {
                    chat_id: line.chat_id,
                    sender_id: line.sender_id,
                    sender_name: line.sender_name.clone(),
                    content: line.content.clone(),
                    said_at: line.said_at_ms as f64 / 1000.0,
                });
            }
        }
        pages
    }
}

/// What an envelope and the braces of a history take.
const ENVELOPE_BYTES: usize = 160;

/// At most what a line takes in JSON: a character may be escaped to six bytes, names and numbers come on top.
fn line_bytes(line: &ChatLine) -> usize {
    let escaped = |text: &str| {
        text.chars().map(|c| if c.is_ascii_graphic() { 2 } else { c.len_utf8().max(2) }).sum::<usize>()
    };
    escaped(&line.content) + escaped(&line.sender_name) + 140
}

/// The message type that a line's channel is told in.
pub fn in_channel(chat: Chat) -> ServerMessage {
    match chat.channel {
        Channel::Global | Channel::Say => ServerMessage::Chat(chat),
        Channel::Faction => ServerMessage::FactionChat(chat),
        Channel::Party => ServerMessage::PartyChat(chat),
        Channel::Whisper => ServerMessage::Whisper(chat),
    }
}

impl Venue for Room {
    type Entry = RoomEntry;
    type Command = RoomCommand;
    type Exit = ();

    fn enter(&mut self, who: &Member, entry: RoomEntry, moment: &mut Moment) -> Result<(), Refusal> {
        if entry.wants_history {
            for page in self.pages() {
                moment.tell(Audience::These(vec![who.id]), ServerMessage::ChatHistory(page));
            }
        }
        Ok(())
    }

    fn apply(&mut self, who: &Member, command: RoomCommand, moment: &mut Moment) -> Result<(), Refusal> {
        match command {
            RoomCommand::Say { content } => self.say(who, &content, moment),
            RoomCommand::Announce { content, announced_by } => Self::announce(&content, announced_by, moment),
        }
    }

    fn ordain(&mut self, command: RoomCommand, moment: &mut Moment) -> Result<(), Refusal> {
        match command {
            RoomCommand::Announce { content, announced_by } => Self::announce(&content, announced_by, moment),
            RoomCommand::Say { .. } => Err(Refusal::new(ErrorCode::Forbidden, "who speaks is in the room")),
        }
    }

    fn leave(&mut self, _who: &Member, _exit: (), _moment: &mut Moment) {}
}
