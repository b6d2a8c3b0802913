//! Commands and answers, handlers, nearby players: against a scripted peer.

use std::time::Duration;

use crate::support::{Door, Peer, character, is_refused, line, welcome};
use shardmesh_client::protocol::characters::CharacterUpdate;
use shardmesh_client::protocol::combat::{ActionResult, ActionType, CombatAction, CombatDamage};
use shardmesh_client::protocol::movement::{
    LocationUpdate, Occupant, PlayerJoinedArea, PlayerLeftArea, Position,
};
use shardmesh_client::protocol::session::Done;
use shardmesh_client::protocol::{
    CharacterId, ClientMessage, Dialect, ErrorCode, ErrorMessage, LocationId, ServerMessage,
};
use shardmesh_client::{Client, ClientError, Notice, Options, compose, hear};
use tokio::sync::mpsc;

#[tokio::test]
async fn an_answer_finds_its_command_whatever_the_order() {
    let door = Door::open().await;
    let (client, mut peer) = door.pair(Options::default()).await;
    let script = async {
        let first = peer.hear().await;
        let second = peer.hear().await;
        peer.tell(&line(2, "second"), second.message_id.as_deref()).await;
        peer.tell(&line(1, "first"), first.message_id.as_deref()).await;
        (first.message, second.message)
    };
    let (first, second, script) = tokio::join!(client.send_chat("first"), client.send_chat("second"), script);
    assert_eq!(first.unwrap().content, "first");
    assert_eq!(second.unwrap().chat_id, 2);
    let ClientMessage::Chat(said) = script.0 else { panic!("{script:?}") };
    assert_eq!(&*said.content, "first");
}

#[tokio::test]
async fn a_client_with_a_small_buffer_talks_as_any_other() {
    let door = Door::open().await;
    let options = Options { receive_buffer_bytes: Some(4096), ..Options::default() };
    let (client, mut peer) = door.pair(options).await;
    let long = "x".repeat(500);
    let answer = async {
        let name = peer.hear().await.message_id;
        for _ in 0..100 {
            peer.tell(&line(1, &long), None).await;
        }
        peer.tell(&line(2, "hello"), name.as_deref()).await;
    };
    let (said, ()) = tokio::join!(client.send_chat("hello"), answer);
    assert_eq!(said.unwrap().chat_id, 2);
}

#[tokio::test]
async fn a_refusal_is_an_error_with_its_code() {
    let door = Door::open().await;
    let (client, mut peer) = door.pair(Options::default()).await;
    let refuse = async {
        let name = peer.hear().await.message_id;
        let error = ErrorMessage::new(ErrorCode::RateLimited, "slower").with("retry_after_ms", 70);
        peer.tell(&ServerMessage::Error(error), name.as_deref()).await;
    };
    let (refused, ()) = tokio::join!(client.send_chat("hello"), refuse);
    let error = refused.unwrap_err();
    assert_eq!(error.code(), Some(ErrorCode::RateLimited));
    assert_eq!(error.retry_after(), Some(Duration::from_millis(70)));
}

#[tokio::test]
async fn an_answer_of_the_wrong_type_is_said_to_be_one() {
    let door = Door::open().await;
    let (client, mut peer) = door.pair(Options::default()).await;
    let mix_up = async {
        let name = peer.hear().await.message_id;
        peer.tell(&ServerMessage::Ok(Done {}), name.as_deref()).await;
    };
    let (answer, ()) = tokio::join!(client.characters(), mix_up);
    assert_eq!(answer.unwrap_err(), ClientError::Unexpected { command: "character_list", found: "ok" });
}

#[tokio::test]
async fn a_server_that_never_answers_does_not_hold_its_caller() {
    let door = Door::open().await;
    let patience = Duration::from_millis(50);
    let (client, _peer) = door.pair(Options { patience, ..Options::default() }).await;
    let error = client.send_chat("anybody?").await.unwrap_err();
    assert_eq!(error, ClientError::NoAnswer { command: "chat", after: patience });
}

#[tokio::test]
async fn what_is_too_long_is_not_sent() {
    let door = Door::open().await;
    let (client, _peer) = door.pair(Options::default()).await;
    assert!(matches!(client.send_chat("x".repeat(501)).await, Err(ClientError::Length(_))));
}

#[tokio::test]
async fn handlers_hear_everything_in_order() {
    let door = Door::open().await;
    let (client, mut peer) = door.pair(Options { inbox_max: 4, ..Options::default() }).await;
    let (heard, mut lines) = mpsc::channel(1);
    let second = heard.clone();
    client.on_async::<hear::Chat, _>(move |line| {
        let heard = heard.clone();
        async move { heard.send(format!("a{}", line.chat_id)).await.unwrap() }
    });
    client.on_rest_async(move |incoming| {
        let heard = second.clone();
        async move {
            if let ServerMessage::Whisper(line) = incoming.message {
                heard.send(format!("rest{}", line.chat_id)).await.unwrap();
            }
        }
    });
    let talk = async {
        for number in 1..=50 {
            peer.tell(&line(number, "hello"), None).await;
        }
        let ServerMessage::Chat(whispered) = line(51, "psst") else { unreachable!() };
        peer.tell(&ServerMessage::Whisper(whispered), None).await;
    };
    let listen = async {
        for number in 1..=50 {
            assert_eq!(lines.recv().await.unwrap(), format!("a{number}"));
        }
        assert_eq!(lines.recv().await.unwrap(), "rest51");
    };
    tokio::join!(talk, listen);
}

/// Whoever follows a fight by its events hears his own move before what came of it.
#[tokio::test]
async fn ones_own_move_is_heard_in_its_place() {
    let door = Door::open().await;
    let (client, mut peer) = door.pair(Options::default()).await;
    let (heard, mut events) = mpsc::channel(16);
    let of = heard.clone();
    client.on::<hear::CombatAction>(move |action| {
        of.try_send(format!("{} acts", action.character_id)).unwrap()
    });
    client.on::<hear::CombatDamage>(move |damage| heard.try_send(format!("{} left", damage.health)).unwrap());
    let act = compose::combat_action("f", ActionType::Attack).unwrap();
    let script = async {
        let asked = peer.hear().await;
        let wound = |health| {
            ServerMessage::CombatDamage(CombatDamage {
                combat_id: "f".to_owned(),
                source_id: None,
                target_id: CharacterId(-1),
                amount: 3,
                critical: false,
                health,
            })
        };
        let action = CombatAction {
            combat_id: "f".to_owned(),
            character_id: CharacterId(7),
            action_type: ActionType::Attack,
            target_id: None,
            ability_name: None,
            item_id: None,
            item_kind: None,
            result: ActionResult::Hit,
        };
        peer.tell(&wound(9), None).await;
        peer.tell(&ServerMessage::CombatAction(action), asked.message_id.as_deref()).await;
        peer.tell(&wound(6), None).await;
    };
    let (answer, ()) = tokio::join!(client.send_combat_action(act), script);
    assert_eq!(answer.unwrap().result, ActionResult::Hit);
    for expected in ["9 left", "7 acts", "6 left"] {
        assert_eq!(events.recv().await.unwrap(), expected);
    }
}

#[tokio::test]
async fn gaps_repeats_and_riddles_are_told() {
    let door = Door::open().await;
    let (client, mut peer) = door.pair(Options::default()).await;
    let (heard, mut news) = mpsc::channel(16);
    client.on_notice(move |notice| heard.try_send(notice.clone()).unwrap());
    let (lines_sender, mut lines) = mpsc::channel(16);
    client.on::<hear::Chat>(move |line| lines_sender.try_send(line.chat_id).unwrap());
    for (seq, chat_id) in [(1, 1), (4, 4), (4, 4), (5, 5)] {
        peer.tell_as(seq, &line(chat_id, "hello"), None).await;
    }
    peer.say_raw("{\"type\":\"hologram\"}".to_owned()).await;
    assert_eq!(news.recv().await, Some(Notice::Missed { from_seq: 2, to_seq: 3 }));
    assert_eq!(news.recv().await, Some(Notice::Repeated { seq: 4 }));
    assert!(matches!(news.recv().await, Some(Notice::Unreadable { why }) if why.contains("hologram")));
    let heard = [lines.recv().await, lines.recv().await, lines.recv().await];
    assert_eq!(heard, [Some(1), Some(4), Some(5)]);
}

#[tokio::test]
async fn thirty_two_events_are_acknowledged_at_once_and_fewer_soon() {
    let door = Door::open().await;
    let (_client, mut peer) = door.pair(Options::default()).await;
    for number in 1..=33 {
        peer.tell(&line(number, "hello"), None).await;
    }
    for expected in [32, 33] {
        let Some(ClientMessage::Ack(ack)) = peer.hear_all().await.map(|incoming| incoming.message) else {
            panic!("no ack")
        };
        assert_eq!(ack.seq, expected);
    }
}

#[tokio::test]
async fn classic_is_spoken_as_documented() {
    let door = Door::open().await;
    let (client, mut peer) = door.pair(Options { dialect: Dialect::Classic, ..Options::default() }).await;
    assert_eq!(peer.dialect, Dialect::Classic);
    let answer = async {
        let name = peer.hear().await.message_id;
        peer.say(&line(1, "hello"), name.as_deref()).await;
    };
    let (line, ()) = tokio::join!(client.send_chat("hello"), answer);
    assert_eq!(line.unwrap().chat_id, 1);
}

#[tokio::test]
async fn a_refused_sign_in_says_why() {
    let door = Door::open().await;
    let refuse = async {
        let mut peer = door.accept().await;
        peer.hear().await;
        let mut no = welcome(1, 0);
        no.success = false;
        no.message = Some("Invalid session token".to_owned());
        peer.say(&ServerMessage::AuthResponse(no), None).await;
    };
    let connecting = Client::connect_with_token(&door.url, "token", Options::default());
    let (refused, ()) = tokio::join!(connecting, refuse);
    assert!(is_refused(&refused.unwrap_err()));
}

#[tokio::test]
async fn who_is_near_follows_what_the_server_tells() {
    let door = Door::open().await;
    let (client, mut peer) = door.pair(Options::default()).await;
    let enter = async {
        let name = peer.hear().await.message_id;
        peer.tell(&character(7, "Mira"), name.as_deref()).await;
    };
    let (selected, ()) = tokio::join!(client.select_character(CharacterId(7)), enter);
    assert_eq!(selected.unwrap().name, "Mira");
    let here = LocationId(1);
    let at = |x| Position { x, y: 0.0, z: 0.0 };
    let near = |id: i64, name: &str| Occupant {
        character_id: CharacterId(id),
        character_name: name.to_owned(),
        level: 2,
        faction: "Golden Order".to_owned(),
        position: at(1.0),
    };
    let arrival = LocationUpdate {
        character_id: CharacterId(7),
        from_location_id: None,
        location_id: here,
        location_name: "The Nexus".to_owned(),
        position: at(0.0),
        exits: vec![LocationId(2)],
        occupants: vec![near(8, "Zoe"), near(9, "Ann")],
        occupant_count: 2,
        ground: Vec::new(),
        safe: false,
        enemies: Vec::new(),
        sells: Vec::new(),
    };
    let mut update = CharacterUpdate {
        character_id: CharacterId(8),
        character_name: "Zoe".to_owned(),
        location_id: None,
        position: Some(at(5.0)),
        velocity: None,
        health: None,
        max_health: None,
        mana: None,
        max_mana: None,
        stamina: None,
        max_stamina: None,
        level: None,
        faction: None,
    };
    peer.tell(&ServerMessage::LocationUpdate(arrival), None).await;
    peer.say(&ServerMessage::CharacterUpdate(update.clone()), None).await;
    update.character_id = CharacterId(7);
    peer.say(&ServerMessage::CharacterUpdate(update), None).await;
    in_step(&client, &mut peer).await;
    let players = client.get_nearby_players(Some(here));
    let names: Vec<&str> = players.iter().map(|player| player.character_name.as_str()).collect();
    assert_eq!(names, ["Ann", "Zoe"]);
    assert_eq!((players[1].position, players[1].level), (Some(at(5.0)), Some(2)));
    assert!(client.get_nearby_players(Some(LocationId(2))).is_empty());

    let left = PlayerLeftArea {
        character_id: CharacterId(8),
        character_name: "Zoe".to_owned(),
        location_id: here,
        to_location_id: None,
    };
    let joined = PlayerJoinedArea {
        character_id: CharacterId(10),
        character_name: "Bo".to_owned(),
        location_id: here,
        level: 3,
        faction: "Golden Order".to_owned(),
        position: at(2.0),
    };
    peer.tell(&ServerMessage::PlayerLeftArea(left), None).await;
    peer.tell(&ServerMessage::PlayerJoinedArea(joined), None).await;
    in_step(&client, &mut peer).await;
    let names: Vec<String> =
        client.get_nearby_players(None).into_iter().map(|player| player.character_name).collect();
    assert_eq!(names, ["Ann", "Bo"]);
}

/// After an answer, everything said before it has been understood.
async fn in_step(client: &Client, peer: &mut Peer) {
    let answer = async {
        let name = peer.hear().await.message_id;
        peer.tell(&ServerMessage::Ok(Done {}), name.as_deref()).await;
    };
    let (done, ()) = tokio::join!(client.request(compose::ping()), answer);
    done.unwrap();
}

#[cfg(feature = "encryption")]
#[tokio::test]
async fn all_but_the_sign_in_is_sealed_and_both_kinds_are_read() {
    use shardmesh_client::protocol::Stamp;
    use shardmesh_client::protocol::codec::{decode, encode};
    use shardmesh_client::protocol::encryption::{Cipher, looks_sealed};

    let cipher = Cipher::from_password("test", 10);
    let door = Door::open().await;
    // welcome() reads auth_request as plain text.
    let (client, mut peer) = door.pair(Options { cipher: Some(cipher.clone()), ..Options::default() }).await;
    let answer = async {
        for sealed_answer in [true, false] {
            let wire = peer.hear_raw().await;
            assert!(looks_sealed(wire.as_bytes()));
            let text = cipher.open(wire.as_bytes()).unwrap();
            let name = decode::<ClientMessage>(Dialect::Classic, &text).unwrap().message_id;
            let stamp = Stamp { message_id: name.as_deref(), ..Stamp::default() };
            let text = encode(Dialect::Classic, &line(1, "hello"), stamp);
            let wire = if sealed_answer { cipher.seal(&text) } else { text };
            peer.say_raw(String::from_utf8(wire).unwrap()).await;
        }
    };
    let talk = async {
        assert_eq!(client.send_chat("hello").await.unwrap().content, "hello");
        assert_eq!(client.send_chat("hello").await.unwrap().content, "hello");
    };
    tokio::join!(answer, talk);
}

#[tokio::test]
async fn large_messages_are_compressed_both_ways_where_that_was_asked_for() {
    let dragons = "\u{1f409}".repeat(500);
    for dialect in [Dialect::V1JsonDeflate, Dialect::V1MsgPackDeflate] {
        let door = Door::open().await;
        let (client, mut peer) = door.pair(Options { dialect, ..Options::default() }).await;
        let answer = async {
            let said = peer.hear().await;
            let ClientMessage::Chat(say) = said.message else { panic!("{said:?}") };
            assert_eq!(*say.content, *dragons);
            peer.tell(&line(1, &say.content), said.message_id.as_deref()).await;
        };
        let (answer, ()) = tokio::join!(client.send_chat(&*dragons), answer);
        assert_eq!(answer.unwrap().content, dragons);
        assert_eq!(peer.compressed, (1, 1), "read and written");
    }
}
