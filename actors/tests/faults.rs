//! Panics in every message and every input: an error for the sender, nothing for anybody else.

use actors::faults::arm;
use protocol::characters::WhichCharacter;
use protocol::chat::{Announce, Channel, SayIn, Whisper};
use protocol::messages::Vocabulary;
use protocol::{ClientMessage, Dialect, ErrorCode, LocationId, ServerMessage, codec};
use storage::accounts::Role;

use crate::peer::{Peer, chat, step, text, travel};
use crate::stage::{Plan, Stage, pass, play};

/// A message of this name; its contents do not matter, since the panic comes first.
fn message_named(name: &str) -> ClientMessage {
    let text = format!(
        r#"{{"type":"{name}","to_location_id":0,"position":{{"x":1,"y":1}},"content":"x","character_id":1,
            "name":"Somebody","race":"Human","class":"Warrior","faction":"Golden Order","seq":1,
            "party_id":1,"party_name":"p","invitee_id":1,"member_id":1,"target_id":1,"combat_id":"c",
            "action_type":"attack","trade_id":"t","offer_version":1,"recipient_id":1,"items":[],"souls":0,
            "partner_id":1,"kicked_id":1,"item_id":1,"kind":"k","session_id":"00000000-0000-4000-8000-000000000001",
            "resume_token":"t","last_seq":0,"ground_id":1}}"#
    );
    let text = text.replace('\n', " ");
    match codec::decode::<ClientMessage>(Dialect::V1Json, text.as_bytes()) {
        Ok(incoming) => incoming.message,
        Err(malformed) => panic!("{name}: {malformed:?}"),
    }
}

async fn everybody_talks(peers: &mut [&mut Peer], word: &str) {
    for speaker in 0..peers.len() {
        let line = format!("{word} {speaker}");
        peers[speaker].say(Channel::Global, &line).await;
        for (_, listener) in peers.iter_mut().enumerate().filter(|(at, _)| *at != speaker) {
            listener.hear(&line).await;
        }
    }
}

#[test]
fn a_panic_in_any_message_is_an_error_for_its_sender_alone() {
    // `ack` is no command: nothing answers it.
    for name in ClientMessage::NAMES.iter().filter(|name| **name != "ack") {
        play(Plan::seeded(1, 5), |stage: Stage| async move {
            let (mut anna, mut berta) = (stage.player().await, stage.player().await);
            anna.ask(step(2.0, 2.0)).await;
            pass(1_100).await;
            arm(name, 1);
            let message = message_named(name);
            let error = anna.refused(message.clone()).await;
            assert_eq!(error.error_code, ErrorCode::Internal, "{name}");
            anna.linger(500).await;
            everybody_talks(&mut [&mut anna, &mut berta], "after").await;
            assert_eq!(anna.place().await, LocationId(1), "{name}");
            // Without a name it is no silence either. A ping needs no session then.
            if *name == "ping" {
                return;
            }
            arm(name, 1);
            anna.inbox.clear();
            anna.send_as(message, None).unwrap();
            anna.error(ErrorCode::Internal).await;
            everybody_talks(&mut [&mut anna, &mut berta], "again").await;
            assert_eq!((anna.ended.clone(), berta.ended.clone()), (None, None), "{name}");
            let ids: Vec<u64> = berta.lines(Channel::Global).iter().map(|line| line.chat_id).collect();
            assert_eq!(ids, [1, 2, 3, 4], "{name}");
        });
    }
}

#[test]
fn commands_behind_one_that_panics_are_answered_all_the_same() {
    play(Plan::seeded(2, 5), |stage: Stage| async move {
        let mut anna = stage.player().await;
        arm("whisper", 1);
        let whisper = Whisper { recipient_id: None, recipient_name: None, content: text("x") };
        let before = anna.send(chat(Channel::Global, "before"));
        let bad = anna.send(ClientMessage::Whisper(whisper));
        let behind: Vec<String> =
            (0..5).map(|number| anna.send(chat(Channel::Global, &format!("behind {number}")))).collect();
        anna.answer(&before).await;
        assert!(matches!(anna.answer(&bad).await, ServerMessage::Error(_)));
        for id in behind {
            anna.answer(&id).await;
        }
    });
}

/// Every input of a room and of a world shard, and what causes it.
fn inputs() -> Vec<(&'static str, ClientMessage)> {
    let announce = ClientMessage::WorldAnnouncement(Announce { content: text("hear") });
    let faction = ClientMessage::FactionChat(SayIn { content: text("we") });
    vec![
        ("room.say", chat(Channel::Global, "boom")),
        ("room.say", chat(Channel::Say, "boom")),
        ("room.say", faction),
        ("room.announce", announce),
        ("world_shard.move", step(2.5, 2.5)),
        ("world_shard.travel", travel(11)),
        ("world_shard.enter", travel(2)),
    ]
}

#[test]
fn a_panic_in_any_input_of_a_venue_is_an_error_for_its_sender_alone() {
    for (name, message) in inputs() {
        let mut plan = Plan::seeded(3, 20);
        if name == "world_shard.travel" {
            plan = plan.on_one_shard();
        }
        play(plan, |stage: Stage| async move {
            let mut anna = stage.guest_as(Role::Admin).await;
            anna.make_character(0).await;
            anna.enter().await;
            let mut berta = stage.player().await;
            anna.ask(step(2.0, 2.0)).await;
            everybody_talks(&mut [&mut anna, &mut berta], "before").await;
            pass(1_500).await;
            arm(name, 1);
            let error = anna.refused(message.clone()).await;
            assert_eq!(error.error_code, ErrorCode::Internal, "{name}");
            everybody_talks(&mut [&mut anna, &mut berta], "after").await;
            // The same again does what it should: nothing of the first try is left.
            let done = anna.ask(message).await;
            assert!(!matches!(done, ServerMessage::Error(_)), "{name}: {done:?}");
            berta.linger(1_000).await;
            let ids: Vec<u64> = berta.lines(Channel::Global).iter().map(|line| line.chat_id).collect();
            assert!(ids.windows(2).all(|pair| pair[0] < pair[1]), "{ids:?}");
        });
    }
}

#[test]
fn who_met_a_panic_on_the_way_in_gets_in_at_once() {
    for name in ["room.enter", "world_shard.enter"] {
        play(Plan::seeded(4, 20), |stage: Stage| async move {
            let mut berta = stage.player().await;
            let mut anna = stage.guest().await;
            anna.make_character(0).await;
            arm(name, 1);
            anna.enter().await;
            anna.linger(500).await;
            everybody_talks(&mut [&mut anna, &mut berta], "in").await;
            anna.say(Channel::Faction, "in too").await;
            anna.say(Channel::Say, "here").await;
            berta.hear("here").await;
            assert_eq!(anna.place().await, LocationId(1), "{name}");
            let done = anna.ask(step(1.0, 1.0)).await;
            assert!(matches!(done, ServerMessage::Ok(_)), "{name}: {done:?}");
        });
    }
}

#[test]
fn a_panic_at_leaving_or_at_a_tick_leaves_everybody_else_where_he_was() {
    for name in ["room.leave", "world_shard.leave", "world_shard.tick", "world_shard.look"] {
        play(Plan::seeded(5, 20), |stage: Stage| async move {
            let (mut anna, mut berta) = (stage.player().await, stage.player().await);
            let mut carla = stage.player().await;
            berta.ask(step(4.0, 0.0)).await;
            pass(1_500).await;
            arm(name, 1);
            stage.world.sign_out(carla.signed.account_id, carla.signed.session_id).await.unwrap();
            carla.goodbye().await;
            anna.reconnect().await;
            anna.linger(500).await;
            berta.linger(10).await;
            everybody_talks(&mut [&mut anna, &mut berta], "on").await;
            let mut again = stage.again(&carla).await;
            let place = again.enter().await;
            assert_eq!(place.occupant_count, 2, "{name}");
            let berta_stands = place.occupants.iter().find(|who| who.character_id == berta.character);
            assert_eq!(berta_stands.map(|who| who.position.x), Some(4.0), "{name}");
            again.say(Channel::Global, "back again").await;
            anna.hear("back again").await;
        });
    }
}

#[test]
fn a_room_that_panics_too_often_rests_and_comes_back_while_others_go_on() {
    play(Plan::seeded(6, 10), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        everybody_talks(&mut [&mut anna, &mut berta], "before").await;
        arm("room.say", 4);
        for _ in 0..4 {
            assert_eq!(anna.refused(chat(Channel::Global, "boom")).await.error_code, ErrorCode::Internal);
        }
        anna.linger(50).await;
        assert_eq!(anna.refused(chat(Channel::Global, "anybody?")).await.error_code, ErrorCode::Busy);
        assert_eq!(berta.refused(chat(Channel::Global, "hello?")).await.error_code, ErrorCode::Busy);
        // Its neighbours are well.
        anna.say(Channel::Say, "nearby").await;
        berta.hear("nearby").await;
        anna.ask(step(1.0, 1.0)).await;
        let resting = |stage: &Stage| {
            let entities = stage.world.mesh_view().entities;
            entities.into_iter().filter(|entity| entity.state == "quarantined").count()
        };
        assert_eq!(resting(&stage), 1);
        for _ in 0..13 {
            anna.linger(5_000).await;
            berta.linger(10).await;
        }
        assert_eq!(resting(&stage), 0);
        let line = anna.say(Channel::Global, "at last").await;
        assert_eq!(line.chat_id, 3, "the numbers go on where they were");
        assert_eq!(berta.hear("at last").await, line);
    });
}

#[test]
fn a_session_that_panics_too_often_loses_its_connection_and_its_character_leaves_in_the_end() {
    play(Plan::seeded(7, 10), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        arm("ping", 4);
        for _ in 0..4 {
            let ping = ClientMessage::Ping(protocol::session::Bare {});
            assert_eq!(anna.refused(ping).await.error_code, ErrorCode::Internal);
            anna.linger(20).await;
        }
        assert_eq!(anna.goodbye().await.code, protocol::CloseCode::Internal);
        anna.drop_connection();
        assert!(stage.world.attach(anna.signed.session_id, Dialect::V1Json, "here").await.is_err());
        berta.say(Channel::Global, "I am well").await;
        for _ in 0..26 {
            berta.linger(5_000).await;
        }
        assert_eq!(stage.world.directory().len(), 1, "nobody came back for anna's character");
        anna.reconnect().await;
        anna.enter().await;
        anna.say(Channel::Global, "here again").await;
        berta.hear("here again").await;
    });
}

#[test]
fn the_registry_survives_thousands_of_panics() {
    let plan = Plan::default().with(|options| options.restarts.panics_max = usize::MAX);
    play(plan, |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        arm("room.say", 1_500);
        arm("ping", 1_500);
        for _ in 0..1_500 {
            anna.send_as(ClientMessage::Ping(protocol::session::Bare {}), Some("ping")).unwrap();
            anna.answer("ping").await;
            anna.send_as(chat(Channel::Global, "boom"), Some("boom")).unwrap();
            anna.answer("boom").await;
            anna.inbox.clear();
        }
        everybody_talks(&mut [&mut anna, &mut berta], "well").await;
        let restarts: u64 = stage.world.mesh_view().entities.iter().map(|entity| entity.restarts).sum();
        assert_eq!(restarts, 3_000);
    });
}

#[test]
fn a_character_taken_elsewhere_while_its_session_was_down_is_not_taken_back() {
    play(Plan::seeded(9, 10), |stage: Stage| async move {
        let anna = stage.player().await;
        let select = WhichCharacter { character_id: anna.character };
        let mut again = stage.again(&anna).await;
        again.ask(ClientMessage::CharacterSelect(select)).await;
        pass(500).await;
        let row = anna.row().await;
        assert_eq!(row.character_id, None);
        assert_eq!(again.row().await.character_id, Some(anna.character));
    });
}

#[test]
fn a_world_shard_that_panics_too_often_rests_and_everybody_is_back_in_place_afterwards() {
    play(Plan::seeded(10, 10), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let mut carla = stage.player().await;
        carla.ask(travel(5)).await;
        anna.ask(step(3.0, 0.0)).await;
        pass(1_500).await;
        arm("world_shard.move", 4);
        for _ in 0..4 {
            assert_eq!(berta.refused(step(1.0, 0.0)).await.error_code, ErrorCode::Internal);
        }
        anna.linger(50).await;
        assert_eq!(anna.refused(step(3.1, 0.0)).await.error_code, ErrorCode::Busy);
        assert_eq!(carla.refused(travel(1)).await.error_code, ErrorCode::Busy);
        let done = carla.ask(step(1.0, 0.0)).await;
        assert!(matches!(done, ServerMessage::Ok(_)), "{done:?}");
        everybody_talks(&mut [&mut anna, &mut berta, &mut carla], "meanwhile").await;
        for _ in 0..13 {
            anna.linger(4_980).await;
            berta.linger(10).await;
            carla.linger(10).await;
        }
        let done = anna.ask(step(3.2, 0.0)).await;
        assert!(matches!(done, ServerMessage::Ok(_)), "{done:?}");
        assert_eq!((anna.place().await, berta.place().await), (LocationId(1), LocationId(1)));
        let back = carla.ask(travel(1)).await;
        let ServerMessage::LocationUpdate(place) = back else { panic!("{back:?}") };
        assert_eq!(place.occupant_count, 2);
    });
}

#[test]
fn a_session_that_dies_outright_comes_back_with_its_outbox_and_place() {
    play(Plan::seeded(11, 10), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        anna.ask(step(3.0, 0.0)).await;
        pass(1_500).await;
        anna.read();
        anna.drop_connection();
        berta.say(Channel::Global, "before").await;
        arm("session.attach", 1);
        anna.reconnect().await;
        anna.hear("before").await;
        let place = anna.wait_place().await;
        assert_eq!(place.position.x, 3.0);
        anna.linger(500).await;
        everybody_talks(&mut [&mut anna, &mut berta], "after").await;
        assert_eq!(stage.world.directory().len(), 2);
    });
}

#[test]
fn a_way_that_waits_for_the_place_it_begins_at_is_answered_though_its_session_begins_anew() {
    for seed in 0..10 {
        play(Plan::seeded(seed, 25), |stage: Stage| async move {
            let anna = stage.player().await;
            let mut again = stage.again(&anna).await;
            let select = WhichCharacter { character_id: anna.character };
            let asked = [
                ClientMessage::CharacterSelect(select),
                travel(5),
                // Which panics.
                message_named("trade_accept"),
            ];
            arm("trade_accept", 1);
            let asked = asked.map(|message| again.send(message));
            for id in asked {
                again.answer(&id).await;
            }
            pass(500).await;
            assert!(
                matches!(again.ask(travel(5)).await, ServerMessage::LocationUpdate(_))
                    || again.place().await == LocationId(5)
            );
        });
    }
}
