//! One example of everything the server may send.

mod property;

use std::collections::BTreeMap;

use crate::area::{AreaUpdate, CellUpdate, Chunk, Coordinate, Gone, Moved};
use crate::auth::AuthResponse;
use crate::blocks::{BlockList, Blocked};
use crate::characters::{
    Character, CharacterAnswer, CharacterDeleted, CharacterList, CharacterUpdate, Progression, Resources,
    Stats,
};
use crate::chat::{Channel, Chat, ChatHistory, PastLine, WorldAnnouncement};
use crate::combat::{Ability, Targets};
use crate::events::{EventTrigger, QuestUpdate};
use crate::ids::{CrystalShardId, PartyId};
use crate::movement::{LocationUpdate, Occupant, PlayerJoinedArea, PlayerLeftArea, Position};
use crate::party::{LootSharing, PartyDecline, PartyDisband, PartyInvite, PartyKick, PartyUpdate};
use crate::session::{Disconnect, Done, Pong, Resumed, SeqRange};
use crate::world::{Aetherfall, CrystalShard, RealityShift, ShardCaptured, ShardStatus, WorldState};
use crate::{
    AccountId, CharacterId, CloseCode, ErrorCode, ErrorMessage, LocationId, ServerMessage, SessionId,
};

const MIRA: CharacterId = CharacterId(7);
const TOMAS: CharacterId = CharacterId(9);
const NEXUS: LocationId = LocationId(1);
const VOLCANO: LocationId = LocationId(2);
const HERE: Position = Position { x: 12.5, y: -3.25, z: 0.0 };

pub(super) fn all() -> Vec<ServerMessage> {
    let mut all = session();
    all.extend(characters());
    all.extend(movement());
    all.extend(chat());
    all.extend(party());
    all.extend(super::combat::from_server());
    all.extend(world());
    all.extend(property::all());
    all.extend(events());
    all.extend(errors());
    all
}

fn session() -> Vec<ServerMessage> {
    vec![
        ServerMessage::AuthResponse(AuthResponse {
            success: true,
            session_token: Some("Zk3n0qZ9f1vJm0m2R1lC7yQd5w8uT6bXh4sPaE2oGgI".to_owned()),
            player_id: Some(AccountId(3)),
            message: Some("WebSocket authenticated".to_owned()),
            server_time: 1_730_000_000.5,
            error_code: None,
            retry_after_ms: None,
            session_id: Some(SessionId(uuid::uuid!("5f0c8e0a-4e0e-4b8e-9a53-0d6f3c1a2b44"))),
            resume_token: Some("q7Yt2mWb0cXe5rUo8pLk1hGj4fDs6aZv9nBx3iQwErT".to_owned()),
            last_seq: Some(0),
        }),
        ServerMessage::Resumed(Resumed {
            session_id: SessionId(uuid::uuid!("5f0c8e0a-4e0e-4b8e-9a53-0d6f3c1a2b44")),
            resume_token: "aK5nVx0tJd8sQh2gMw7yRb4eCz1uPf6oLi3TqXmYvNs".to_owned(),
            from_seq: 45,
            to_seq: 52,
            gap: Some(SeqRange { from_seq: 42, to_seq: 44 }),
        }),
        ServerMessage::Disconnect(Disconnect {
            reason: "The server restarts.".to_owned(),
            code: CloseCode::Restart.number(),
            retry_after_ms: Some(3200),
        }),
        ServerMessage::Pong(Pong { server_time: 1_730_000_000.5 }),
        ServerMessage::Ok(Done {}),
    ]
}

fn mira() -> Character {
    Character {
        id: MIRA,
        name: "Mira Sol".to_owned(),
        is_player: true,
        race: "Elf".to_owned(),
        class: "Sorcerer".to_owned(),
        faction: "Aether Seekers".to_owned(),
        stats: Stats {
            strength: 8,
            dexterity: 12,
            intelligence: 16,
            constitution: 10,
            wisdom: 10,
            charisma: 8,
        },
        resources: Resources {
            health: 70,
            max_health: 70,
            stamina: 70,
            max_stamina: 70,
            mana: 165,
            max_mana: 165,
        },
        progression: Progression { level: 1, experience: 0, souls: 120 },
        location_id: NEXUS,
        created_at: "2026-03-01T18:00:00Z".to_owned(),
        updated_at: "2026-03-01T18:30:00Z".to_owned(),
    }
}

fn fireball() -> Ability {
    Ability {
        name: "Fireball".to_owned(),
        health: 0,
        stamina: 0,
        mana: 30,
        cooldown: 1,
        targets: Targets::One,
        damage: 35,
        healing: 0,
        restores_mana: 0,
        effect: Some("burn".to_owned()),
        effect_turns: Some(3),
    }
}

fn characters() -> Vec<ServerMessage> {
    vec![
        ServerMessage::CharacterList(CharacterList { characters: vec![mira()] }),
        ServerMessage::CharacterSelect(CharacterAnswer {
            success: true,
            character: mira(),
            abilities: vec![fireball()],
        }),
        ServerMessage::CharacterCreate(CharacterAnswer {
            success: true,
            character: mira(),
            abilities: vec![fireball()],
        }),
        ServerMessage::CharacterUpdate(CharacterUpdate {
            character_id: MIRA,
            character_name: "Mira Sol".to_owned(),
            location_id: Some(NEXUS),
            position: Some(HERE),
            velocity: Some(Position { x: 2.0, y: 0.5, z: 0.0 }),
            health: Some(70),
            max_health: Some(70),
            mana: Some(165),
            max_mana: Some(165),
            stamina: Some(70),
            max_stamina: Some(70),
            level: Some(1),
            faction: Some("Aether Seekers".to_owned()),
        }),
        ServerMessage::CharacterDelete(CharacterDeleted {
            success: true,
            character_id: CharacterId(8),
            message: "Character Old Tomas deleted".to_owned(),
        }),
    ]
}

fn movement() -> Vec<ServerMessage> {
    vec![
        ServerMessage::LocationUpdate(LocationUpdate {
            character_id: MIRA,
            from_location_id: Some(NEXUS),
            location_id: VOLCANO,
            location_name: "Ember Volcano".to_owned(),
            position: HERE,
            exits: vec![NEXUS],
            occupants: vec![Occupant {
                character_id: TOMAS,
                character_name: "Tomas".to_owned(),
                level: 4,
                faction: "Iron Brotherhood".to_owned(),
                position: Position { x: 20.0, y: 4.5, z: 0.0 },
            }],
            occupant_count: 1,
            ground: vec![property::lying()],
            safe: false,
            enemies: ["dark_knight", "corrupted_guardian"].map(str::to_owned).into(),
            sells: Vec::new(),
        }),
        area_update(),
        ServerMessage::PlayerJoinedArea(PlayerJoinedArea {
            character_id: TOMAS,
            character_name: "Tomas".to_owned(),
            location_id: VOLCANO,
            level: 4,
            faction: "Iron Brotherhood".to_owned(),
            position: HERE,
        }),
        ServerMessage::PlayerLeftArea(PlayerLeftArea {
            character_id: TOMAS,
            character_name: "Tomas".to_owned(),
            location_id: VOLCANO,
            to_location_id: Some(NEXUS),
        }),
    ]
}

fn area_update() -> ServerMessage {
    let metres = Coordinate;
    let tomas = Occupant {
        character_id: TOMAS,
        character_name: "Tomas".to_owned(),
        level: 4,
        faction: "Iron Brotherhood".to_owned(),
        position: Position { x: 20.0, y: 4.5, z: 0.0 },
    };
    let here = CellUpdate {
        cell: [0, 0],
        enter: vec![tomas],
        leave: vec![Gone(CharacterId(9), Some([-1, 0])), Gone(CharacterId(10), None)],
        moved: vec![Moved(
            MIRA,
            metres(12.5),
            metres(3.0),
            metres(0.0),
            metres(1.25),
            metres(0.0),
            metres(0.0),
        )],
    };
    ServerMessage::AreaUpdate(AreaUpdate {
        tick: 4711,
        location_id: VOLCANO,
        dilation: 1.0,
        full: false,
        cells: vec![Chunk::new(here)],
    })
}

fn said(channel: Channel, content: &str, recipient_id: Option<CharacterId>) -> Chat {
    Chat {
        sender_id: MIRA,
        sender_name: "Mira Sol".to_owned(),
        channel,
        content: content.to_owned(),
        recipient_id,
        chat_id: 815,
    }
}

fn chat() -> Vec<ServerMessage> {
    vec![
        ServerMessage::Chat(said(Channel::Global, "Anyone for the Ember Volcano?", None)),
        ServerMessage::Whisper(said(Channel::Whisper, "Meet me at the gate.", Some(TOMAS))),
        ServerMessage::PartyChat(said(Channel::Party, "Ready?", None)),
        ServerMessage::FactionChat(said(Channel::Faction, "The Nexus is ours.", None)),
        ServerMessage::ChatHistory(ChatHistory {
            channel: Channel::Global,
            lines: vec![PastLine {
                chat_id: 814,
                sender_id: TOMAS,
                sender_name: "Tomas".to_owned(),
                content: "Hello, world.".to_owned(),
                said_at: 1_729_999_990.25,
            }],
        }),
        ServerMessage::WorldAnnouncement(WorldAnnouncement {
            content: "Restart at midnight.".to_owned(),
            announced_by: "gamemaster".to_owned(),
        }),
    ]
}

fn party() -> Vec<ServerMessage> {
    let party_name = Some("Torchbearers".to_owned());
    let blocked = Blocked {
        character_id: CharacterId(12),
        character_name: "Old Bo".to_owned(),
        blocked_at: 1_730_000_000.25,
    };
    vec![
        ServerMessage::BlockList(BlockList { blocked: vec![blocked] }),
        ServerMessage::PartyInvite(PartyInvite {
            party_id: PartyId(3),
            inviter_id: MIRA,
            inviter_name: "Mira Sol".to_owned(),
            invitee_id: TOMAS,
            invitee_name: "Tomas".to_owned(),
            party_name: party_name.clone(),
            expires_at: 1_730_000_300.5,
        }),
        ServerMessage::PartyUpdate(PartyUpdate {
            party_id: PartyId(3),
            party_name,
            leader_id: MIRA,
            member_ids: vec![MIRA, TOMAS],
            member_names: vec!["Mira Sol".to_owned(), "Tomas".to_owned()],
            away_ids: vec![TOMAS],
            max_members: 4,
            loot_sharing: LootSharing::Equal,
        }),
        ServerMessage::PartyDecline(PartyDecline {
            party_id: PartyId(3),
            character_id: TOMAS,
            character_name: "Tomas".to_owned(),
        }),
        ServerMessage::PartyKick(PartyKick {
            party_id: PartyId(3),
            character_id: TOMAS,
            character_name: "Tomas".to_owned(),
        }),
        ServerMessage::PartyDisband(PartyDisband {
            party_id: PartyId(3),
            reason: "The leader ended the party.".to_owned(),
        }),
    ]
}

fn world() -> Vec<ServerMessage> {
    let seekers = || "Aether Seekers".to_owned();
    vec![
        ServerMessage::WorldState(WorldState {
            current_reality: "Neutral".to_owned(),
            reality_stability: 92.5,
            faction_shard_counts: BTreeMap::from([(seekers(), 2), ("Iron Brotherhood".to_owned(), 1)]),
            contested_shards: vec![CrystalShardId(1)],
            dominant_faction: Some(seekers()),
            active_players: 31,
            total_aetherfalls: 0,
        }),
        ServerMessage::ShardCaptured(ShardCaptured {
            shard_id: CrystalShardId(1),
            shard_name: "Phoenix Flame".to_owned(),
            captured_by_character_id: MIRA,
            captured_by_character_name: "Mira Sol".to_owned(),
            faction: seekers(),
            previous_owner_faction: None,
        }),
        ServerMessage::ShardStatus(ShardStatus {
            shards: vec![CrystalShard {
                id: CrystalShardId(1),
                shard_number: 1,
                name: "Phoenix Flame".to_owned(),
                description: "A crystal of living fire.".to_owned(),
                element: "fire".to_owned(),
                location_id: Some(VOLCANO),
                is_captured: true,
                owning_faction: Some(seekers()),
                status: "contested".to_owned(),
                guardian_name: "Ignarok the Eternal".to_owned(),
                guardian_defeated: true,
                power_level: 100,
            }],
        }),
        ServerMessage::RealityShift(RealityShift {
            from_reality: "Neutral".to_owned(),
            to_reality: "Aether Storm".to_owned(),
            faction: Some(seekers()),
            reality_stability: 81.0,
        }),
        ServerMessage::Aetherfall(Aetherfall {
            total_aetherfalls: 1,
            winning_faction: Some(seekers()),
            new_reality: "Aether Storm".to_owned(),
        }),
    ]
}

fn events() -> Vec<ServerMessage> {
    vec![
        ServerMessage::QuestUpdate(QuestUpdate {
            quest_id: "wolves_of_the_outpost".to_owned(),
            title: "Wolves of the Outpost".to_owned(),
            description: "Five of them, before the winter.".to_owned(),
            status: "active".to_owned(),
            progress: 2,
            goal: 5,
        }),
        ServerMessage::EventTrigger(EventTrigger {
            event_id: "e-77".to_owned(),
            event_type: "eruption".to_owned(),
            title: "The volcano stirs".to_owned(),
            description: "Ash falls on the northern slope.".to_owned(),
            location_id: Some(VOLCANO),
        }),
    ]
}

fn errors() -> Vec<ServerMessage> {
    let reason = "Message validation failed: content: expected 1 to 500 characters, found 0";
    let error = || ErrorMessage::new(ErrorCode::ProtocolError, reason).with("field", "content");
    vec![ServerMessage::Error(error()), ServerMessage::InvalidMessage(error())]
}
