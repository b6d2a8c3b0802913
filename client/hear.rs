//! What a client can listen to: one word for each message of the server, and the handlers behind them.

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use protocol::messages::Vocabulary;
use protocol::{Incoming, ServerMessage};
use protocol::{
    area, auth, blocks, characters, chat, combat, errors, events, ground, inventory, movement, party,
    session, trade, world,
};
use tokio::sync::mpsc::Receiver;

use crate::Notice;

/// One kind of message to listen to, for example [`Chat`].
pub trait Hear {
    /// What the message says.
    type Body: Clone + Send + 'static;
    /// Its wire name.
    const NAME: &'static str;

    /// The body, if `message` is of this kind.
    fn pick(message: &ServerMessage) -> Option<&Self::Body>;
}

macro_rules! hear {
    ($($wire:literal $name:ident($body:ty),)*) => {
        $(
            #[doc = concat!("The message `", $wire, "`.")]
            #[derive(Debug, Clone, Copy)]
            pub enum $name {}

            impl Hear for $name {
                type Body = $body;
                const NAME: &'static str = $wire;

                fn pick(message: &ServerMessage) -> Option<&Self::Body> {
                    match message {
                        ServerMessage::$name(body) => Some(body),
                        _ => None,
                    }
                }
            }
        )*

        #[cfg(test)]
        const ALL: &[&str] = &[$($wire),*];
    };
}

hear! {
    "auth_response" AuthResponse(auth::AuthResponse),
    "resumed" Resumed(session::Resumed),
    "disconnect" Disconnect(session::Disconnect),
    "pong" Pong(session::Pong),
    "ok" Ok(session::Done),
    "character_list" CharacterList(characters::CharacterList),
    "character_select" CharacterSelect(characters::CharacterAnswer),
    "character_create" CharacterCreate(characters::CharacterAnswer),
    "character_update" CharacterUpdate(characters::CharacterUpdate),
    "character_delete" CharacterDelete(characters::CharacterDeleted),
    "location_update" LocationUpdate(movement::LocationUpdate),
    "area_update" AreaUpdate(area::AreaUpdate),
    "player_joined_area" PlayerJoinedArea(movement::PlayerJoinedArea),
    "player_left_area" PlayerLeftArea(movement::PlayerLeftArea),
    "chat" Chat(chat::Chat),
    "whisper" Whisper(chat::Chat),
    "party_chat" PartyChat(chat::Chat),
    "faction_chat" FactionChat(chat::Chat),
    "chat_history" ChatHistory(chat::ChatHistory),
    "world_announcement" WorldAnnouncement(chat::WorldAnnouncement),
    "block_list" BlockList(blocks::BlockList),
    "party_invite" PartyInvite(party::PartyInvite),
    "party_update" PartyUpdate(party::PartyUpdate),
    "party_decline" PartyDecline(party::PartyDecline),
    "party_kick" PartyKick(party::PartyKick),
    "party_disband" PartyDisband(party::PartyDisband),
    "combat_start" CombatStart(combat::CombatStart),
    "combat_action" CombatAction(combat::CombatAction),
    "combat_damage" CombatDamage(combat::CombatDamage),
    "combat_heal" CombatHeal(combat::CombatHeal),
    "combat_end" CombatEnd(combat::CombatEnd),
    "combat_state" CombatState(combat::CombatState),
    "world_state" WorldState(world::WorldState),
    "shard_captured" ShardCaptured(world::ShardCaptured),
    "shard_status" ShardStatus(world::ShardStatus),
    "reality_shift" RealityShift(world::RealityShift),
    "aetherfall" Aetherfall(world::Aetherfall),
    "inventory" Inventory(inventory::Inventory),
    "inventory_update" InventoryUpdate(inventory::InventoryUpdate),
    "ground_update" GroundUpdate(ground::GroundUpdate),
    "vendor_list" VendorList(inventory::VendorList),
    "trade_request" TradeRequest(trade::TradeRequest),
    "trade_update" TradeUpdate(trade::TradeUpdate),
    "trade_decline" TradeDecline(trade::TradeDecline),
    "trade_complete" TradeComplete(trade::TradeComplete),
    "quest_update" QuestUpdate(events::QuestUpdate),
    "event_trigger" EventTrigger(events::EventTrigger),
    "error" Error(errors::ErrorMessage),
    "invalid_message" InvalidMessage(errors::ErrorMessage),
}

/// What waits for the handlers.
#[derive(Debug)]
pub(crate) enum Event {
    Message(Box<Incoming<ServerMessage>>),
    Notice(Notice),
}

type Later = Pin<Box<dyn Future<Output = ()> + Send>>;
/// Runs at once, and returns what is left to await.
pub(crate) type Handler = Box<dyn FnMut(&Incoming<ServerMessage>) -> Option<Later> + Send>;
pub(crate) type NoticeHandler = Box<dyn FnMut(&Notice) + Send>;

/// A handler and what it is for.
pub(crate) enum Registration {
    Named(&'static str, Handler),
    Rest(Handler),
    Notices(NoticeHandler),
}

/// Handlers on their way to the task that runs them. Not the table itself: a handler may register others.
#[derive(Default)]
pub(crate) struct Newcomers(Mutex<Vec<Registration>>);

impl fmt::Debug for Newcomers {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("Newcomers")
    }
}

impl Newcomers {
    pub fn add(&self, registration: Registration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(registration);
    }

    fn take(&self) -> Vec<Registration> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

pub(crate) fn sync_handler<H: Hear>(mut handler: impl FnMut(&H::Body) + Send + 'static) -> Handler {
    Box::new(move |incoming| {
        if let Some(body) = H::pick(&incoming.message) {
            handler(body);
        }
        None
    })
}

pub(crate) fn async_handler<H: Hear, F: Future<Output = ()> + Send + 'static>(
    mut handler: impl FnMut(H::Body) -> F + Send + 'static,
) -> Handler {
    Box::new(move |incoming| {
        let body = H::pick(&incoming.message)?.clone();
        Some(Box::pin(handler(body)))
    })
}

/// Runs the handlers, one message after the other, until the link has ended and everything was heard.
pub(crate) async fn run_handlers(mut events: Receiver<Event>, newcomers: &Newcomers) {
    let mut table = Table::default();
    while let Some(event) = events.recv().await {
        table.welcome(newcomers.take());
        match event {
            Event::Message(incoming) => table.hear(&incoming).await,
            Event::Notice(notice) => table.notices.iter_mut().for_each(|handler| handler(&notice)),
        }
    }
}

#[derive(Default)]
struct Table {
    named: HashMap<&'static str, Vec<Handler>>,
    rest: Vec<Handler>,
    notices: Vec<NoticeHandler>,
}

impl Table {
    fn welcome(&mut self, newcomers: Vec<Registration>) {
        for newcomer in newcomers {
            match newcomer {
                Registration::Named(name, handler) => self.named.entry(name).or_default().push(handler),
                Registration::Rest(handler) => self.rest.push(handler),
                Registration::Notices(handler) => self.notices.push(handler),
            }
        }
    }

    async fn hear(&mut self, incoming: &Incoming<ServerMessage>) {
        let handlers = match self.named.get_mut(incoming.message.name()) {
            Some(handlers) => handlers,
            None => &mut self.rest,
        };
        for handler in handlers {
            if let Some(later) = handler(incoming) {
                later.await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use protocol::ServerMessage;
    use protocol::messages::Vocabulary;

    use super::ALL;

    #[test]
    fn every_message_of_the_server_can_be_listened_to() {
        assert_eq!(ALL, ServerMessage::NAMES);
    }
}
