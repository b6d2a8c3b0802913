//! The vocabulary: every message, once, with its wire name, its direction and its body.

use serde::{Deserialize, Serialize};

use crate::{auth, characters, chat, combat, errors, events, movement, party, session, trade, world};

/// What the codec has to know of a set of messages.
pub trait Vocabulary: Sized {
    /// Every wire name, in the order of the documents.
    const NAMES: &[&str];

    /// The wire name of this message.
    fn name(&self) -> &'static str;

    /// 0 low, 1 normal, 2 high, 3 critical.
    fn priority(&self) -> u8;

    /// Reads the body of a message called `name`; `None` for a name that is not in this vocabulary.
    fn read<'de, D: serde::Deserializer<'de>>(name: &str, from: D) -> Option<Result<Self, D::Error>>;

    /// Writes the body alone, without the envelope.
    fn write<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error>;
}

/// Priority of a message that says nothing else.
const NORMAL: u8 = 1;
/// Priority of `error` and `shard_captured`, as documented.
const HIGH: u8 = 2;

macro_rules! priority {
    () => {
        NORMAL
    };
    ($priority:ident) => {
        $priority
    };
}

macro_rules! vocabulary {
    ($(#[$doc:meta])* $name:ident { $($wire:literal $variant:ident($body:ty) $($priority:ident)?,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $($variant($body),)*
        }

        impl Vocabulary for $name {
            const NAMES: &[&str] = &[$($wire),*];

            fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => $wire),* }
            }

            fn priority(&self) -> u8 {
                match self { $(Self::$variant(_) => priority!($($priority)?)),* }
            }

            fn read<'de, D: serde::Deserializer<'de>>(name: &str, from: D) -> Option<Result<Self, D::Error>> {
                Some(match name {
                    $($wire => <$body>::deserialize(from).map(Self::$variant),)*
                    _ => return None,
                })
            }

            fn write<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                match self { $(Self::$variant(body) => body.serialize(to)),* }
            }
        }

        #[cfg(feature = "schema")]
        impl $name {
            /// Every message of this direction with the JSON Schema of its body.
            pub fn schemas() -> Vec<(&'static str, schemars::Schema)> {
                vec![$(($wire, schemars::schema_for!($body))),*]
            }
        }
    };
}

vocabulary! {
    /// What a client may send.
    ClientMessage {
        "auth_request" AuthRequest(auth::AuthRequest),
        "disconnect" Disconnect(session::Leave),
        "ping" Ping(session::Bare),
        "pong" Pong(session::Bare),
        "ack" Ack(session::Ack),
        "character_list" CharacterList(session::Bare),
        "character_select" CharacterSelect(characters::WhichCharacter),
        "character_create" CharacterCreate(characters::CreateCharacter),
        "character_update" CharacterUpdate(session::Bare),
        "character_delete" CharacterDelete(characters::WhichCharacter),
        "move" Move(movement::Move),
        "chat" Chat(chat::Say),
        "whisper" Whisper(chat::Whisper),
        "party_chat" PartyChat(chat::SayIn),
        "faction_chat" FactionChat(chat::SayIn),
        "world_announcement" WorldAnnouncement(chat::Announce),
        "party_create" PartyCreate(party::CreateParty),
        "party_invite" PartyInvite(party::Invite),
        "party_accept" PartyAccept(party::WhichParty),
        "party_decline" PartyDecline(party::WhichParty),
        "party_leave" PartyLeave(session::Bare),
        "party_kick" PartyKick(party::Kick),
        "party_disband" PartyDisband(session::Bare),
        "combat_start" CombatStart(combat::StartCombat),
        "combat_action" CombatAction(combat::Act),
        "world_state" WorldState(session::Bare),
        "shard_status" ShardStatus(session::Bare),
        "trade_request" TradeRequest(trade::RequestTrade),
        "trade_update" TradeUpdate(trade::OfferTrade),
        "trade_accept" TradeAccept(trade::AcceptTrade),
        "trade_decline" TradeDecline(trade::WhichTrade),
    }
}

vocabulary! {
    /// What the server may send.
    ServerMessage {
        "auth_response" AuthResponse(auth::AuthResponse),
        "disconnect" Disconnect(session::Disconnect),
        "pong" Pong(session::Pong),
        "ok" Ok(session::Done),
        "character_list" CharacterList(characters::CharacterList),
        "character_select" CharacterSelect(characters::CharacterAnswer),
        "character_create" CharacterCreate(characters::CharacterAnswer),
        "character_update" CharacterUpdate(characters::CharacterUpdate),
        "character_delete" CharacterDelete(characters::CharacterDeleted),
        "location_update" LocationUpdate(movement::LocationUpdate),
        "player_joined_area" PlayerJoinedArea(movement::PlayerJoinedArea),
        "player_left_area" PlayerLeftArea(movement::PlayerLeftArea),
        "chat" Chat(chat::Chat),
        "whisper" Whisper(chat::Chat),
        "party_chat" PartyChat(chat::Chat),
        "faction_chat" FactionChat(chat::Chat),
        "chat_history" ChatHistory(chat::ChatHistory),
        "world_announcement" WorldAnnouncement(chat::WorldAnnouncement),
        "party_invite" PartyInvite(party::PartyInvite),
        "party_update" PartyUpdate(party::PartyUpdate),
        "party_disband" PartyDisband(party::PartyDisband),
        "combat_start" CombatStart(combat::CombatStart),
        "combat_action" CombatAction(combat::CombatAction),
        "combat_damage" CombatDamage(combat::CombatDamage),
        "combat_heal" CombatHeal(combat::CombatHeal),
        "combat_end" CombatEnd(combat::CombatEnd),
        "combat_state" CombatState(combat::CombatState),
        "world_state" WorldState(world::WorldState),
        "shard_captured" ShardCaptured(world::ShardCaptured) HIGH,
        "shard_status" ShardStatus(world::ShardStatus),
        "reality_shift" RealityShift(world::RealityShift),
        "aetherfall" Aetherfall(world::Aetherfall),
        "trade_request" TradeRequest(trade::TradeRequest),
        "trade_update" TradeUpdate(trade::TradeUpdate),
        "trade_decline" TradeDecline(trade::TradeDecline),
        "trade_complete" TradeComplete(trade::TradeComplete),
        "quest_update" QuestUpdate(events::QuestUpdate),
        "event_trigger" EventTrigger(events::EventTrigger),
        "error" Error(errors::ErrorMessage) HIGH,
        "invalid_message" InvalidMessage(errors::ErrorMessage) HIGH,
    }
}
