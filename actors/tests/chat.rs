//! Who hears what, in which order, and what a command is answered.

use protocol::chat::{Announce, Channel, Whisper};
use protocol::{ClientMessage, ErrorCode, ServerMessage};
use storage::accounts::Role;

use crate::peer::{chat, text, travel};
use crate::stage::{Disk, Plan, Stage, pass, play, play_on};

fn whisper_to(id: protocol::CharacterId, content: &str) -> ClientMessage {
    ClientMessage::Whisper(Whisper { recipient_id: Some(id), recipient_name: None, content: text(content) })
}

#[test]
fn what_one_says_to_the_world_the_other_hears_as_the_same_line() {
    play(Plan::seeded(1, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player_of(1).await);
        let said = anna.say(Channel::Global, "hello").await;
        let heard = berta.hear("hello").await;
        assert_eq!(said, heard);
        assert_eq!((said.chat_id, said.sender_id, said.sender_name), (1, anna.character, anna.name.clone()));
        anna.linger(500).await;
        assert_eq!(anna.lines(Channel::Global).len(), 1, "the sender hears it once");
    });
}

#[test]
fn a_faction_and_a_location_keep_their_talk_to_themselves() {
    play(Plan::default(), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player_of(0).await, stage.player_of(0).await);
        let mut carla = stage.player_of(1).await;
        anna.say(Channel::Faction, "for us").await;
        berta.hear("for us").await;
        let away = carla.ask(travel(5)).await;
        assert!(matches!(away, ServerMessage::LocationUpdate(_)), "{away:?}");
        carla.linger(200).await;
        anna.say(Channel::Say, "nearby").await;
        berta.hear("nearby").await;
        carla.say(Channel::Say, "echo").await;
        carla.linger(500).await;
        berta.linger(500).await;
        assert!(carla.lines(Channel::Faction).is_empty());
        assert_eq!(carla.lines(Channel::Say).len(), 1);
        assert_eq!(berta.lines(Channel::Say).len(), 1);
    });
}

#[test]
fn a_whisper_reaches_one_and_nobody_who_is_offline() {
    play(Plan::seeded(3, 10), |stage: Stage| async move {
        let (mut anna, mut berta, mut carla) =
            (stage.player().await, stage.player().await, stage.player().await);
        let copy = anna.ask(whisper_to(berta.character, "psst")).await;
        let heard = berta.hear("psst").await;
        assert_eq!(copy, ServerMessage::Whisper(heard));
        let by_name = ClientMessage::Whisper(Whisper {
            recipient_id: None,
            recipient_name: Some(text(&carla.name.to_uppercase())),
            content: text("you too"),
        });
        anna.ask(by_name).await;
        carla.hear("you too").await;
        let nobody = anna.refused(whisper_to(protocol::CharacterId(999), "hello?")).await;
        assert_eq!(nobody.error_code, ErrorCode::NotOnline);
        stage.world.sign_out(berta.signed.account_id, berta.signed.session_id).await.unwrap();
        let gone = anna.refused(whisper_to(berta.character, "still there?")).await;
        assert_eq!(gone.error_code, ErrorCode::NotOnline);
    });
}

#[test]
fn only_admins_announce() {
    play(Plan::default(), |stage: Stage| async move {
        let mut anna = stage.player().await;
        let mut admin = stage.guest_as(Role::Admin).await;
        admin.make_character(2).await;
        admin.enter().await;
        let announce = ClientMessage::WorldAnnouncement(Announce { content: text("the end is near") });
        assert_eq!(anna.refused(announce.clone()).await.error_code, ErrorCode::Forbidden);
        let answer = admin.ask(announce).await;
        assert!(matches!(answer, ServerMessage::Ok(_)), "{answer:?}");
        let told = anna
            .wait("the announcement", |heard| match &heard.message {
                ServerMessage::WorldAnnouncement(told) => Some(told.clone()),
                _ => None,
            })
            .await;
        assert_eq!((told.content.as_str(), told.announced_by), ("the end is near", admin.name.clone()));
    });
}

#[test]
fn newcomers_read_the_history_in_pages_of_bounded_size() {
    play(Plan::default(), |stage: Stage| async move {
        let mut anna = stage.player().await;
        for number in 0..60 {
            anna.say(Channel::Global, &format!("{number} {}", "\u{1F409}".repeat(400))).await;
        }
        let mut late = stage.player().await;
        late.linger(300).await;
        let pages: Vec<_> = late
            .heard
            .iter()
            .filter_map(|heard| match &heard.message {
                ServerMessage::ChatHistory(page) if page.channel == Channel::Global => Some(page.clone()),
                _ => None,
            })
            .collect();
        let ids: Vec<u64> =
            pages.iter().flat_map(|page| page.lines.iter().map(|line| line.chat_id)).collect();
        assert_eq!(ids, (11..=60).collect::<Vec<_>>());
        for page in pages {
            let message = ServerMessage::ChatHistory(page);
            let stamp = protocol::Stamp { timestamp: 1.0, message_id: None, ack: None };
            let bytes = protocol::codec::encode(protocol::Dialect::V1Json, &message, stamp).len();
            assert!(bytes <= 8 * 1024, "{bytes}");
        }
    });
}

#[test]
fn a_repeated_command_has_its_effect_once_and_gets_the_same_answer() {
    let disk = Disk::new();
    let first = play_on(&disk, Plan::seeded(5, 30), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        for _ in 0..3 {
            anna.send_as(chat(Channel::Global, "once"), Some("mine")).unwrap();
        }
        let first = anna.answer("mine").await;
        anna.send_as(chat(Channel::Global, "once"), Some("mine")).unwrap();
        assert_eq!(anna.answer("mine").await, first);
        // A new session of the same character knows it too, from the disk.
        stage.world.sign_out(anna.signed.account_id, anna.signed.session_id).await.unwrap();
        let mut again = stage.again(&anna).await;
        again.enter().await;
        again.send_as(chat(Channel::Global, "once"), Some("mine")).unwrap();
        assert_eq!(again.answer("mine").await, first);
        berta.linger(1_000).await;
        assert_eq!(berta.lines(Channel::Global).len(), 1);
        first
    });
    // So does the next process.
    play_on(&disk, Plan::default(), |stage: Stage| async move {
        let mut anna = crate::peer::Peer::sign_in(&stage.world, "Player-aaa", "somewhere").await;
        anna.character = protocol::CharacterId(1);
        anna.enter().await;
        anna.send_as(chat(Channel::Global, "once"), Some("mine")).unwrap();
        assert_eq!(anna.answer("mine").await, first);
    });
}

#[test]
fn answers_beyond_the_last_512_are_found_on_disk() {
    play(Plan::default(), |stage: Stage| async move {
        let mut anna = stage.player().await;
        anna.send_as(chat(Channel::Global, "the first"), Some("first")).unwrap();
        let first = anna.answer("first").await;
        for number in 0..520 {
            anna.say(Channel::Global, &format!("{number}")).await;
        }
        anna.send_as(chat(Channel::Global, "the first"), Some("first")).unwrap();
        assert_eq!(anna.answer("first").await, first);
        assert_eq!(anna.say(Channel::Global, "on").await.chat_id, 522);
        // And in a session that did not see them.
        let mut again = stage.again(&anna).await;
        again.enter().await;
        again.send_as(chat(Channel::Global, "the first"), Some("first")).unwrap();
        assert_eq!(again.answer("first").await, first);
        assert_eq!(again.say(Channel::Global, "and on").await.chat_id, 523);
        pass(10).await;
    });
}

#[test]
fn a_name_used_by_two_sessions_at_once_does_not_disturb_the_room() {
    play(Plan::seeded(11, 200), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        // The first copy is on its way to the disk when a second session takes the character and repeats it.
        let mut again = stage.again(&anna).await;
        let select = protocol::characters::WhichCharacter { character_id: anna.character };
        again.send_as(ClientMessage::CharacterSelect(select), None).unwrap();
        anna.send_as(chat(Channel::Global, "twice?"), Some("same")).unwrap();
        again.send_as(chat(Channel::Global, "twice?"), Some("same")).unwrap();
        berta.send_as(chat(Channel::Global, "undisturbed"), Some("b")).unwrap();
        let berta_said = berta.answer("b").await;
        assert!(matches!(berta_said, ServerMessage::Chat(_)), "{berta_said:?}");
        again.answer("same").await;
        berta.say(Channel::Global, "go on").await;
        berta.linger(1_000).await;
        let lines = berta.lines(Channel::Global);
        assert_eq!(lines.iter().filter(|line| line.content == "twice?").count(), 1, "{lines:?}");
        let restarts: u64 = stage.world.mesh_view().entities.iter().map(|entity| entity.restarts).sum();
        assert_eq!(restarts, 0);
    });
}
