//! One example of everything a client may send.

use crate::auth::AuthRequest;
use crate::blocks::Whom;
use crate::characters::{CreateCharacter, StatMethod, Stats, WhichCharacter};
use crate::chat::{Announce, Channel, Say, SayIn, Whisper};
use crate::ground::WhichGround;
use crate::ids::{GroundId, ItemId, PartyId};
use crate::inventory::{Buy, SomeOf, WhichItem};
use crate::movement::{Move, Position};
use crate::party::{ChangeParty, CreateParty, Invite, Kick, LootSharing, OwnParty, WhichParty};
use crate::session::{Ack, Bare, Leave, Resume};
use crate::trade::{AcceptTrade, OfferTrade, Portion, RequestTrade, WhichTrade};
use crate::{CharacterId, ClientMessage, LocationId, SessionId, Text};

fn text<const MIN: usize, const MAX: usize>(text: &str) -> Text<MIN, MAX> {
    Text::new(text).expect("examples have the length they should have")
}

pub(super) fn all() -> Vec<ClientMessage> {
    let mut all = session();
    all.extend(characters());
    all.extend(chat());
    all.extend(party());
    all.extend(super::combat::from_client());
    all.extend([ClientMessage::WorldState(Bare {}), ClientMessage::ShardStatus(Bare {})]);
    all.extend(inventory());
    all.push(ClientMessage::QuestUpdate(Bare {}));
    all.extend(trade());
    all
}

fn session() -> Vec<ClientMessage> {
    vec![
        ClientMessage::AuthRequest(AuthRequest {
            username: Some(text("mira")),
            password: Some(text("")),
            session_token: Some(text("Zk3n0qZ9f1vJm0m2R1lC7yQd5w8uT6bXh4sPaE2oGgI")),
        }),
        ClientMessage::Resume(Resume {
            session_id: SessionId(uuid::uuid!("5f0c8e0a-4e0e-4b8e-9a53-0d6f3c1a2b44")),
            resume_token: text("q7Yt2mWb0cXe5rUo8pLk1hGj4fDs6aZv9nBx3iQwErT"),
            last_seq: 41,
        }),
        ClientMessage::Disconnect(Leave { reason: Some(text("good night")) }),
        ClientMessage::Ping(Bare {}),
        ClientMessage::Pong(Bare {}),
        ClientMessage::Ack(Ack { seq: 32 }),
    ]
}

fn characters() -> Vec<ClientMessage> {
    vec![
        ClientMessage::CharacterList(Bare {}),
        ClientMessage::CharacterSelect(WhichCharacter { character_id: CharacterId(7) }),
        ClientMessage::CharacterCreate(CreateCharacter {
            name: text("Mira Sol"),
            race: text("Elf"),
            class: text("Sorcerer"),
            faction: text("Aether Seekers"),
            method: Some(StatMethod::PointBuy),
            stats: Some(Stats {
                strength: 8,
                dexterity: 10,
                intelligence: 15,
                constitution: 10,
                wisdom: 9,
                charisma: 8,
            }),
        }),
        ClientMessage::CharacterUpdate(Bare {}),
        ClientMessage::CharacterDelete(WhichCharacter { character_id: CharacterId(8) }),
        ClientMessage::Move(Move {
            from_location_id: Some(LocationId(1)),
            to_location_id: LocationId::SAME,
            position: Some(Position { x: 12.5, y: -3.25, z: 0.0 }),
            velocity: Some(Position { x: 2.0, y: 0.5, z: 0.0 }),
        }),
    ]
}

fn chat() -> Vec<ClientMessage> {
    vec![
        ClientMessage::Chat(Say {
            channel: Channel::Global,
            content: text("Anyone for the Ember Volcano?"),
            recipient_id: None,
        }),
        ClientMessage::Whisper(Whisper {
            recipient_id: Some(CharacterId(9)),
            recipient_name: None,
            content: text("Meet me at the gate."),
        }),
        ClientMessage::PartyChat(SayIn { content: text("Ready?") }),
        ClientMessage::FactionChat(SayIn { content: text("The Nexus is ours.") }),
        ClientMessage::WorldAnnouncement(Announce { content: text("Restart at midnight.") }),
    ]
}

fn party() -> Vec<ClientMessage> {
    vec![
        ClientMessage::Block(Whom { character_id: Some(CharacterId(9)), character_name: None }),
        ClientMessage::Unblock(Whom { character_id: None, character_name: Some(text("Old Bo")) }),
        ClientMessage::BlockList(Bare {}),
        ClientMessage::PartyCreate(CreateParty {
            party_name: Some(text("Torchbearers")),
            loot_sharing: Some(LootSharing::Equal),
        }),
        ClientMessage::PartyInvite(Invite { invitee_id: CharacterId(9) }),
        ClientMessage::PartyAccept(WhichParty { party_id: Some(PartyId(3)) }),
        ClientMessage::PartyDecline(WhichParty { party_id: Some(PartyId(3)) }),
        ClientMessage::PartyLeave(OwnParty { party_id: Some(PartyId(3)) }),
        ClientMessage::PartyKick(Kick { character_id: CharacterId(9) }),
        ClientMessage::PartyUpdate(ChangeParty {
            party_name: Some(text("Lanterns")),
            loot_sharing: Some(LootSharing::Roll),
        }),
        ClientMessage::PartyDisband(OwnParty { party_id: None }),
    ]
}

fn inventory() -> Vec<ClientMessage> {
    let potions = |quantity| SomeOf { item_id: None, kind: Some(text("health_potion")), quantity };
    vec![
        ClientMessage::Inventory(Bare {}),
        ClientMessage::ItemEquip(WhichItem { item_id: ItemId(1001) }),
        ClientMessage::ItemUnequip(WhichItem { item_id: ItemId(1001) }),
        ClientMessage::ItemUse(potions(None)),
        ClientMessage::ItemDrop(potions(Some(1))),
        ClientMessage::ItemPickup(WhichGround { ground_id: GroundId(12) }),
        ClientMessage::VendorList(Bare {}),
        ClientMessage::VendorBuy(Buy { kind: text("mana_potion"), quantity: Some(3) }),
        ClientMessage::VendorSell(potions(Some(2))),
    ]
}

fn trade() -> Vec<ClientMessage> {
    vec![
        ClientMessage::TradeRequest(RequestTrade { recipient_id: CharacterId(9) }),
        ClientMessage::TradeUpdate(OfferTrade {
            trade_id: text("t-5"),
            items: vec![ItemId(1001)],
            stacks: vec![Portion { kind: text("health_potion"), quantity: 2 }],
            souls: 50,
        }),
        ClientMessage::TradeAccept(AcceptTrade { trade_id: text("t-5"), offer_version: 4 }),
        ClientMessage::TradeDecline(WhichTrade { trade_id: text("t-5") }),
    ]
}
