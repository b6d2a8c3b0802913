//! Sessions and their connections: what ends which, and what survives.

use protocol::characters::WhichCharacter;
use protocol::chat::Channel;
use protocol::{ClientMessage, CloseCode, ErrorCode, LocationId, ServerMessage};

use crate::peer::{Peer, chat, step, travel};
use crate::stage::{Disk, Plan, Stage, pass, play, play_on};

#[test]
fn a_newer_connection_takes_over_and_the_older_is_told() {
    play(Plan::seeded(1, 10), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let old = anna.link;
        let signed = anna.signed.clone();
        let mut newer =
            Peer::join(&stage.world, &anna.name, "elsewhere", signed, protocol::Dialect::V1Json).await;
        newer.character = anna.character;
        newer.ids = 1_000;
        assert_eq!(anna.goodbye().await.code, CloseCode::Replaced);
        // What still comes in on the old one is ignored.
        anna.send_as(chat(Channel::Global, "from the old one"), None).unwrap();
        newer.say(Channel::Global, "from the new one").await;
        berta.hear("from the new one").await;
        berta.linger(500).await;
        assert_eq!(berta.lines(Channel::Global).len(), 1);
        assert!(!newer.outbox.is_current(old));
        // Its late end does not touch the newer one.
        anna.drop_connection();
        newer.say(Channel::Global, "still here").await;
    });
}

#[test]
fn who_comes_back_within_the_grace_finds_place_and_events_in_order() {
    play(Plan::seeded(2, 10), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        anna.ask(step(4.0, 0.0)).await;
        anna.linger(100).await;
        anna.drop_connection();
        for number in 0..20 {
            berta.say(Channel::Global, &format!("missed {number}")).await;
        }
        berta.linger(50_000).await;
        anna.reconnect().await;
        for number in 0..20 {
            anna.hear(&format!("missed {number}")).await;
        }
        let place = anna.wait_place().await;
        assert_eq!(place.position.x, 4.0);
        assert_eq!(anna.lines(Channel::Global).len(), 20);
        anna.say(Channel::Global, "thanks").await;
    });
}

#[test]
fn who_does_not_come_back_leaves_the_world_but_stays_signed_in() {
    play(Plan::seeded(3, 10), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        anna.drop_connection();
        berta.linger(58_000).await;
        assert_eq!(stage.world.directory().len(), 2);
        berta.linger(6_000).await;
        assert_eq!(stage.world.directory().len(), 1);
        berta
            .wait("anna's leaving", |heard| {
                matches!(heard.message, ServerMessage::PlayerLeftArea(_)).then_some(())
            })
            .await;
        anna.reconnect().await;
        let refused = anna.refused(chat(Channel::Global, "hello?")).await;
        assert_eq!(refused.error_code, ErrorCode::NoCharacter);
        anna.enter().await;
        anna.say(Channel::Global, "hello").await;
    });
}

#[test]
fn a_token_that_ends_closes_the_connection_and_one_in_use_stays() {
    let plan = Plan::seeded(4, 10).with(|options| {
        options.session.idle_ms = 90_000;
        options.session.absolute_ms = 400_000;
    });
    play(plan, |stage: Stage| async move {
        let mut anna = stage.player().await;
        anna.linger(300_000).await;
        assert_eq!(anna.ended, None, "answering pings is use");
        assert!(anna.pings > 10);
        anna.linger(200_000).await;
        assert_eq!(anna.ended.as_ref().map(|farewell| farewell.code), Some(CloseCode::TokenEnded));
        assert!(stage.world.authenticate(anna.signed.token.as_str()).await.is_err());
        assert_eq!(stage.world.directory().len(), 0);
    });
}

#[test]
fn an_account_has_five_sessions_and_the_oldest_gives_way() {
    play(Plan::seeded(5, 10).limited(), |stage: Stage| async move {
        let mut first = stage.player().await;
        let mut others = Vec::new();
        for number in 0..4 {
            others.push(Peer::sign_in(&stage.world, &first.name, &format!("place {number}")).await);
        }
        first.linger(200).await;
        assert_eq!(first.ended, None);
        let _sixth = Peer::sign_in(&stage.world, &first.name, "a sixth place").await;
        assert_eq!(first.goodbye().await.code, CloseCode::Replaced);
        assert!(stage.world.authenticate(first.signed.token.as_str()).await.is_err());
        for other in &mut others {
            other.read();
            assert_eq!(other.ended, None);
        }
    });
}

#[test]
fn a_character_taken_by_another_session_ends_the_first() {
    for seed in 0..10 {
        play(Plan::seeded(seed, 50), |stage: Stage| async move {
            let (mut anna, mut berta) = (stage.player().await, stage.player().await);
            anna.ask(step(5.0, 0.0)).await;
            if seed % 2 == 0 {
                anna.send(travel(2));
            }
            let mut again = stage.again(&anna).await;
            let select = WhichCharacter { character_id: anna.character };
            again.ask(ClientMessage::CharacterSelect(select)).await;
            assert_eq!(anna.goodbye().await.code, CloseCode::Replaced);
            anna.drop_connection();
            again.linger(1_500).await;
            again.say(Channel::Global, "it is me").await;
            berta.hear("it is me").await;
            again.say(Channel::Say, "right here").await;
            let place = again.place().await;
            assert_ne!(place, LocationId(0));
            let done = again.ask(if place == LocationId(1) { step(5.5, 0.0) } else { travel(1) }).await;
            assert!(!matches!(done, ServerMessage::Error(_)), "{seed}: {done:?}");
            assert_eq!(stage.world.directory().len(), 2);
            let seen = stage.world.world_view().await;
            let bodies: usize = seen.locations.iter().map(|location| location.characters.len()).sum();
            assert_eq!(bodies, 2, "nobody stands in two places");
            // The first session is still signed in, and may play somebody else.
            anna.reconnect().await;
            let refused = anna.refused(chat(Channel::Global, "hello?")).await;
            assert_eq!(refused.error_code, ErrorCode::NoCharacter);
        });
    }
}

#[test]
fn deleting_a_character_takes_it_out_of_the_world() {
    play(Plan::seeded(6, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let which = WhichCharacter { character_id: anna.character };
        let foreign = berta.refused(ClientMessage::CharacterDelete(which)).await;
        assert_eq!(foreign.error_code, ErrorCode::NotFound);
        let answer = anna.ask(ClientMessage::CharacterDelete(which)).await;
        assert!(matches!(answer, ServerMessage::CharacterDelete(_)), "{answer:?}");
        anna.linger(500).await;
        assert_eq!(anna.ended, None);
        assert_eq!(anna.place().await, LocationId(0));
        let refused = anna.refused(chat(Channel::Global, "am I?")).await;
        assert_eq!(refused.error_code, ErrorCode::NoCharacter);
        let gone = anna.refused(ClientMessage::CharacterSelect(which)).await;
        assert_eq!(gone.error_code, ErrorCode::NotFound);
    });
}

#[test]
fn a_new_password_ends_the_other_sessions_and_a_deleted_account_all() {
    play(Plan::seeded(7, 20), |stage: Stage| async move {
        let mut anna = stage.player().await;
        let mut other = Peer::sign_in(&stage.world, &anna.name, "elsewhere").await;
        let row = anna.row().await;
        let wrong =
            stage.world.change_password(&row, "wrong one", "new password", "home", None).await.unwrap_err();
        assert_eq!(wrong.error_code, ErrorCode::BadCredentials);
        stage.world.change_password(&row, "password", "new password", "home", None).await.unwrap();
        assert_eq!(other.goodbye().await.code, CloseCode::TokenEnded);
        anna.say(Channel::Global, "mine again").await;
        assert!(stage.world.sign_in(&anna.name, "password", "home").await.is_err());
        stage.world.delete_account(&row, "new password", "home").await.unwrap();
        assert_eq!(anna.goodbye().await.code, CloseCode::TokenEnded);
        assert!(stage.world.sign_in(&anna.name, "new password", "home").await.is_err());
        pass(500).await;
        assert_eq!(stage.world.directory().len(), 0);
    });
}

#[test]
fn who_is_taken_while_it_is_deleted_does_not_walk_the_world() {
    for seed in 0..60 {
        play(Plan::seeded(seed, 40), |stage: Stage| async move {
            let mut anna = stage.guest().await;
            let id = anna.make_character(0).await;
            let row = anna.row().await;
            let taken = stage.world.select_character(row.session_id, id);
            let deleted = async {
                pass(1).await;
                stage.world.delete_character(row.account_id, id, None).await
            };
            let (_, deleted) = futures_util::future::join(taken, deleted).await;
            deleted.unwrap();
            pass(500).await;
            assert_eq!(stage.world.directory().len(), 0, "seed {seed}");
            let refused = anna.refused(chat(Channel::Global, "boo")).await;
            assert_eq!(refused.error_code, ErrorCode::NoCharacter, "seed {seed}");
        });
    }
}

#[test]
fn a_silent_connection_is_pinged_and_then_ended() {
    play(Plan::seeded(8, 10), |stage: Stage| async move {
        let mut anna = stage.player().await;
        anna.pongs = false;
        anna.linger(12_000).await;
        assert_eq!(anna.pings, 0);
        anna.linger(6_000).await;
        assert_eq!(anna.pings, 1);
        anna.linger(18_000).await;
        assert_eq!((anna.pings, anna.ended.clone()), (1, None));
        anna.linger(8_000).await;
        assert_eq!(anna.ended.as_ref().map(|farewell| farewell.code), Some(CloseCode::GoingAway));
        // The session is not ended by that.
        anna.reconnect().await;
        anna.say(Channel::Global, "back").await;
    });
}

#[test]
fn who_reads_too_slowly_loses_the_connection_but_not_the_session() {
    play(Plan::seeded(9, 10), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        berta.linger(100).await;
        berta.stop_reading();
        for number in 0..600 {
            anna.say(Channel::Global, &format!("line {number}")).await;
        }
        assert_eq!(berta.goodbye().await.code, CloseCode::TooSlow);
        berta.drop_connection();
        berta.reconnect().await;
        berta.say(Channel::Global, "caught up").await;
        assert_eq!(berta.place().await, LocationId(1));
        anna.hear("caught up").await;
        assert_eq!(anna.lines(Channel::Global).len(), 601);
    });
}

#[test]
fn a_password_is_hashed_anew_when_the_settings_for_it_changed() {
    let disk = Disk::new();
    let (name, account) = play_on(&disk, Plan::default(), |stage: Stage| async move {
        let anna = stage.guest().await;
        (anna.name, anna.signed.account_id)
    });
    let stronger = Plan::seeded(7, 20).with(|options| options.passwords.iterations = 2);
    play_on(&disk, stronger, |stage: Stage| async move {
        let hash = || async { stage.store.read(storage::accounts::by_id(account)).await.unwrap().unwrap() };
        let before = hash().await.password_hash.unwrap();
        assert!(before.contains("t=1"), "{before}");
        assert!(stage.world.sign_in(&name, "wrong", "here").await.is_err());
        assert_eq!(hash().await.password_hash.unwrap(), before);
        // All of them find the old hash; each gets in, whoever renews it.
        let tries = (0..5).map(|_| stage.world.sign_in(&name, "password", "here"));
        for signed_in in futures_util::future::join_all(tries).await {
            stage.world.authenticate(signed_in.unwrap().token.as_str()).await.unwrap();
        }
        let renewed = hash().await.password_hash.unwrap();
        assert!(renewed.contains("t=2"), "{renewed}");
        stage.world.sign_in(&name, "password", "here").await.unwrap();
        assert_eq!(hash().await.password_hash.unwrap(), renewed, "once is enough");
    });
}

#[test]
fn goodbye_ends_the_connection_and_not_the_session() {
    play(Plan::default(), |stage: Stage| async move {
        let mut anna = stage.player().await;
        anna.send_as(ClientMessage::Disconnect(protocol::session::Leave::default()), None).unwrap();
        assert_eq!(anna.goodbye().await.code, CloseCode::Normal);
        anna.drop_connection();
        anna.reconnect().await;
        anna.say(Channel::Global, "hello again").await;
    });
}

#[test]
fn what_is_said_just_before_hanging_up_is_said() {
    play(Plan::seeded(10, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        anna.send_as(chat(Channel::Global, "one more thing"), None).unwrap();
        anna.drop_connection();
        berta.hear("one more thing").await;
    });
}
