//! The vocabulary: every message, once, with its wire name, its direction and its body.

use serde::{Deserialize, Serialize};

use crate::{
    area, auth, blocks, characters, chat, combat, errors, events, ground, inventory, movement, party,
    session, trade, world,
};

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
    ($(#[$doc:meta])* $name:ident { $(
        #[doc = $purpose:literal]
        $wire:literal $variant:ident($body:ty) $($priority:ident)?,
    )* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq)]
        pub enum $name {
            $(#[doc = $purpose] $variant($body),)*
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
            /// Every message of this direction: its wire name, its purpose and the JSON Schema of its body.
            pub fn schemas() -> Vec<(&'static str, &'static str, schemars::Schema)> {
                vec![$(($wire, $purpose.trim_ascii(), schemars::schema_for!($body))),*]
            }
        }
    };
}

vocabulary! {
    /// What a client may send.
    ClientMessage {
        /// Signs the connection in, by a session token or by user name and password.
        "auth_request" AuthRequest(auth::AuthRequest),
        /// v1: goes on with a session after its connection dropped; the first message, instead of `auth_request`.
        "resume" Resume(session::Resume),
        /// Says that the client is leaving: ends the connection, not the session.
        "disconnect" Disconnect(session::Leave),
        /// Asks for a sign of life; answered with `pong`.
        "ping" Ping(session::Bare),
        /// Answers nothing but is accepted, for clients that send it of their own accord.
        "pong" Pong(session::Bare),
        /// v1: has everything up to `seq`; the server may forget events it keeps for a resume.
        "ack" Ack(session::Ack),
        /// Asks for one's own characters; answered with `character_list`.
        "character_list" CharacterList(session::Bare),
        /// Takes a character into the world; answered with `character_select`.
        "character_select" CharacterSelect(characters::WhichCharacter),
        /// Creates a character; answered with `character_create`.
        "character_create" CharacterCreate(characters::CreateCharacter),
        /// Asks how one's own character stands; answered with `character_update`. What a client says of itself is ignored.
        "character_update" CharacterUpdate(session::Bare),
        /// Deletes one of one's own characters, unless it is in a combat or a trade; answered with `character_delete`.
        "character_delete" CharacterDelete(characters::WhichCharacter),
        /// Goes to a neighbouring location, or to a point of the same one.
        "move" Move(movement::Move),
        /// Says something in a channel. The server stamps who speaks: sender fields are ignored.
        "chat" Chat(chat::Say),
        /// Says something to one other character, by id or by name.
        "whisper" Whisper(chat::Whisper),
        /// Says something to one's party.
        "party_chat" PartyChat(chat::SayIn),
        /// Says something to one's faction.
        "faction_chat" FactionChat(chat::SayIn),
        /// Says something to the whole server; admins only.
        "world_announcement" WorldAnnouncement(chat::Announce),
        /// Wants nothing more from a character and all others of its account: no invitation, trade, challenge or whisper.
        "block" Block(blocks::Whom),
        /// Blocks a character no more.
        "unblock" Unblock(blocks::Whom),
        /// Asks whom one blocks; answered with `block_list`.
        "block_list" BlockList(session::Bare),
        /// Creates a party with oneself as its leader; answered with `party_update`.
        "party_create" PartyCreate(party::CreateParty),
        /// Invites a character into one's party; answered with one's own copy of `party_invite`.
        "party_invite" PartyInvite(party::Invite),
        /// Accepts an invitation; answered with `party_update`.
        "party_accept" PartyAccept(party::WhichParty),
        /// Declines an invitation.
        "party_decline" PartyDecline(party::WhichParty),
        /// Leaves one's party.
        "party_leave" PartyLeave(party::OwnParty),
        /// Removes a member from the party one leads.
        "party_kick" PartyKick(party::Kick),
        /// Changes the party one leads: its name, who gets what it finds; answered with `party_update`.
        "party_update" PartyUpdate(party::ChangeParty),
        /// Ends the party one leads.
        "party_disband" PartyDisband(party::OwnParty),
        /// Starts a combat: against another character, or against an enemy of the location.
        "combat_start" CombatStart(combat::StartCombat),
        /// One's own move in a combat.
        "combat_action" CombatAction(combat::Act),
        /// Asks for the state of the world; answered with `world_state`.
        "world_state" WorldState(session::Bare),
        /// Asks for all crystal shards; answered with `shard_status`.
        "shard_status" ShardStatus(session::Bare),
        /// Asks for everything that one's character carries and wears; answered with `inventory`.
        "inventory" Inventory(session::Bare),
        /// Puts on one of one's own items, instead of what is worn there; answered with `inventory_update`.
        "item_equip" ItemEquip(inventory::WhichItem),
        /// Takes off what one wears; answered with `inventory_update`.
        "item_unequip" ItemUnequip(inventory::WhichItem),
        /// Uses something up, outside of combat; answered with `inventory_update`.
        "item_use" ItemUse(inventory::SomeOf),
        /// Lays something of one's own on the ground where one stands; answered with `inventory_update`.
        "item_drop" ItemDrop(inventory::SomeOf),
        /// Picks up what lies near on the ground; answered with `inventory_update`.
        "item_pickup" ItemPickup(ground::WhichGround),
        /// Asks what the vendor of the location sells; answered with `vendor_list`.
        "vendor_list" VendorList(session::Bare),
        /// Buys from the vendor of the location; answered with `inventory_update`.
        "vendor_buy" VendorBuy(inventory::Buy),
        /// Sells something of one's own to the vendor of the location; answered with `inventory_update`.
        "vendor_sell" VendorSell(inventory::SomeOf),
        /// Asks how one's quests stand; each that one is at comes as a `quest_update`, then `ok`.
        "quest_update" QuestUpdate(session::Bare),
        /// Asks a character nearby to trade; answered with one's own copy of `trade_request`.
        "trade_request" TradeRequest(trade::RequestTrade),
        /// Sets one's own side of a trade, whole; that of whoever was asked opens the window. Answered with `trade_update`.
        "trade_update" TradeUpdate(trade::OfferTrade),
        /// Accepts what the window showed at `offer_version`; answered with `trade_update`, or `trade_complete` when both have.
        "trade_accept" TradeAccept(trade::AcceptTrade),
        /// Ends a trade, or refuses a request.
        "trade_decline" TradeDecline(trade::WhichTrade),
    }
}

vocabulary! {
    /// What the server may send.
    ServerMessage {
        /// Whether signing in succeeded.
        "auth_response" AuthResponse(auth::AuthResponse),
        /// v1: the session goes on where its connection dropped: answers `resume`.
        "resumed" Resumed(session::Resumed),
        /// The connection ends: the last message before the close frame.
        "disconnect" Disconnect(session::Disconnect),
        /// Answers `ping`.
        "pong" Pong(session::Pong),
        /// The command named by `message_id` was carried out, and has no documented reply of its own.
        "ok" Ok(session::Done),
        /// One's own characters.
        "character_list" CharacterList(characters::CharacterList),
        /// The character that is in the world now.
        "character_select" CharacterSelect(characters::CharacterAnswer),
        /// The new character.
        "character_create" CharacterCreate(characters::CharacterAnswer),
        /// How a character stands now: one's own after a change, others' when they are near.
        "character_update" CharacterUpdate(characters::CharacterUpdate),
        /// The character is deleted.
        "character_delete" CharacterDelete(characters::CharacterDeleted),
        /// Where one is now: answers a change of location, and sent on entering the world.
        "location_update" LocationUpdate(movement::LocationUpdate),
        /// v1: who is around and how they move; without `seq`, never sent again.
        "area_update" AreaUpdate(area::AreaUpdate),
        /// Somebody entered the location one is in.
        "player_joined_area" PlayerJoinedArea(movement::PlayerJoinedArea),
        /// Somebody left the location one is in.
        "player_left_area" PlayerLeftArea(movement::PlayerLeftArea),
        /// A line of chat: `channel` says which.
        "chat" Chat(chat::Chat),
        /// A line from one character to another; the sender gets a copy.
        "whisper" Whisper(chat::Chat),
        /// A line to one's party.
        "party_chat" PartyChat(chat::Chat),
        /// A line to one's faction.
        "faction_chat" FactionChat(chat::Chat),
        /// v1: what was said lately in a channel, oldest first; sent on entering it, in pages.
        "chat_history" ChatHistory(chat::ChatHistory),
        /// What an admin said to the whole server.
        "world_announcement" WorldAnnouncement(chat::WorldAnnouncement),
        /// Whom one blocks.
        "block_list" BlockList(blocks::BlockList),
        /// Somebody invites one into a party; answered with `party_accept` or `party_decline`.
        "party_invite" PartyInvite(party::PartyInvite),
        /// A party as its members see it, after every change.
        "party_update" PartyUpdate(party::PartyUpdate),
        /// Somebody declined to come into one's party.
        "party_decline" PartyDecline(party::PartyDecline),
        /// Somebody was removed from the party: oneself, or another member.
        "party_kick" PartyKick(party::PartyKick),
        /// The party is no more.
        "party_disband" PartyDisband(party::PartyDisband),
        /// A combat began: one wanted it, was challenged, or was come upon by an enemy that lay in wait.
        "combat_start" CombatStart(combat::CombatStart),
        /// A fighter's move, as everybody in the combat sees it.
        "combat_action" CombatAction(combat::CombatAction),
        /// Somebody was hurt.
        "combat_damage" CombatDamage(combat::CombatDamage),
        /// Somebody was healed.
        "combat_heal" CombatHeal(combat::CombatHeal),
        /// A combat is over, with what it brought. Told when one is back where one may not have heard it: perhaps twice.
        "combat_end" CombatEnd(combat::CombatEnd),
        /// The whole of a combat, at each player's turn, at its end, and for whoever comes back to it.
        "combat_state" CombatState(combat::CombatState),
        /// The state of the world.
        "world_state" WorldState(world::WorldState),
        /// A faction took a crystal shard.
        "shard_captured" ShardCaptured(world::ShardCaptured) HIGH,
        /// Crystal shards: all when asked for; unasked the one that stands otherwise from now on.
        "shard_status" ShardStatus(world::ShardStatus),
        /// The world took on another reality.
        "reality_shift" RealityShift(world::RealityShift),
        /// The world ended and began again.
        "aetherfall" Aetherfall(world::Aetherfall),
        /// Everything that one's character carries and wears.
        "inventory" Inventory(inventory::Inventory),
        /// What has changed of it, as it is now: answers a command, and follows what others bring about.
        "inventory_update" InventoryUpdate(inventory::InventoryUpdate),
        /// Something was dropped in the location one is in, picked up, or lay there for too long.
        "ground_update" GroundUpdate(ground::GroundUpdate),
        /// What the vendor of the location sells.
        "vendor_list" VendorList(inventory::VendorList),
        /// Somebody asks to trade; to be answered with `trade_update` or `trade_decline`.
        "trade_request" TradeRequest(trade::TradeRequest),
        /// The trade window as both see it; any change of an offer raises `offer_version` and clears both accepts.
        "trade_update" TradeUpdate(trade::TradeUpdate),
        /// The trade ended without an exchange.
        "trade_decline" TradeDecline(trade::TradeDecline),
        /// The trade happened; it is on disk.
        "trade_complete" TradeComplete(trade::TradeComplete),
        /// A quest of one's own moved on.
        "quest_update" QuestUpdate(events::QuestUpdate),
        /// Something happened near.
        "event_trigger" EventTrigger(events::EventTrigger),
        /// A message was refused, and why. Nothing was changed.
        "error" Error(errors::ErrorMessage) HIGH,
        /// The documents' second name for `error`. Clients should take it like one; the server sends `error`.
        "invalid_message" InvalidMessage(errors::ErrorMessage) HIGH,
    }
}
