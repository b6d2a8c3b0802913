//! What is too much, and who is not hurt by it.

use actors::limiters::Dear;
use actors::options::Rate;
use protocol::chat::{Channel, Whisper};
use protocol::session::{Ack, Bare};
use protocol::{AccountId, ClientMessage, CloseCode, ErrorCode, ServerMessage};
use storage::accounts::Role;

use crate::peer::{Peer, chat, step, text, travel};
use crate::stage::{Plan, Stage, pass, play};

#[test]
fn guessing_a_password_is_slowed_down_and_its_owner_gets_in() {
    play(Plan::default().limited(), |stage: Stage| async move {
        let world = &stage.world;
        let anna = stage.guest().await;
        for _ in 0..5 {
            let wrong = world.sign_in(&anna.name, "wrong", "the attic").await.unwrap_err();
            assert_eq!(wrong.error_code, ErrorCode::BadCredentials);
        }
        let slowed = world.sign_in(&anna.name, "password", "the attic").await.unwrap_err();
        assert_eq!(slowed.error_code, ErrorCode::RateLimited);
        assert!(slowed.details.contains_key("retry_after_ms"));
        world.sign_in(&anna.name, "password", "the cellar").await.unwrap();
        // Guesses from everywhere slow strangers down, but nobody where she was before.
        for number in 0..40 {
            let _ = world.sign_in(&anna.name, "wrong", &format!("bot {number}")).await;
        }
        let stranger = world.sign_in(&anna.name, "password", "a new place").await.unwrap_err();
        assert_eq!(stranger.error_code, ErrorCode::RateLimited);
        world.sign_in(&anna.name, "password", &anna.address).await.unwrap();
        world.sign_in(&anna.name, "password", "the cellar").await.unwrap();
        pass(130_000).await;
        world.sign_in(&anna.name, "password", "a new place").await.unwrap();
    });
}

#[test]
fn an_unknown_name_and_a_wrong_password_are_told_alike() {
    play(Plan::default().limited(), |stage: Stage| async move {
        let anna = stage.guest().await;
        let wrong = stage.world.sign_in(&anna.name, "wrong", "here").await.unwrap_err();
        let unknown = stage.world.sign_in("nobody-at-all", "wrong", "here").await.unwrap_err();
        assert_eq!(wrong, unknown);
    });
}

#[test]
fn who_talks_too_fast_is_told_when_to_go_on() {
    play(Plan::default().limited(), |stage: Stage| async move {
        let mut anna = stage.player().await;
        for number in 0..5 {
            anna.say(Channel::Say, &format!("{number}")).await;
        }
        let id = anna.send(chat(Channel::Say, "too much"));
        let ServerMessage::Error(error) = anna.answer(&id).await else { panic!("not limited") };
        assert_eq!(error.error_code, ErrorCode::RateLimited);
        let wait = error.details["retry_after_ms"].as_u64().unwrap();
        assert!((1..=1_000).contains(&wait), "{wait}");
        anna.linger(wait).await;
        anna.send_as(chat(Channel::Say, "too much"), Some(&id)).unwrap();
        assert!(matches!(anna.answer(&id).await, ServerMessage::Chat(_)));
    });
}

#[test]
fn who_does_not_listen_is_cut_off() {
    play(Plan::default().limited(), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        for _ in 0..4 {
            for _ in 0..30 {
                let _ = anna.send_as(ClientMessage::Ping(protocol::session::Bare {}), None);
            }
            anna.linger(5).await;
        }
        assert_eq!(anna.goodbye().await.code, CloseCode::Abuse);
        berta.say(Channel::Global, "quiet at last").await;
    });
}

#[test]
fn moves_that_come_too_fast_are_merged_into_the_latest_without_an_error() {
    play(Plan::default().limited(), |stage: Stage| async move {
        let (mut anna, berta) = (stage.player().await, stage.player().await);
        for number in 1..=56 {
            anna.send_as(step(f64::from(number) / 20.0, 0.0), None).unwrap();
        }
        anna.linger(500).await;
        assert_eq!(anna.count(|heard| matches!(heard.message, ServerMessage::Error(_))), 0);
        let seen = stage.world.world_view().await;
        let all = seen.locations.iter().flat_map(|location| &location.characters);
        let at: Vec<f64> = all.filter(|who| who.character_id == anna.character).map(|who| who.x).collect();
        assert_eq!(at, [56.0 / 20.0]);
        drop(berta);
    });
}

#[test]
fn a_late_move_never_comes_after_a_newer_one_and_no_way_is_forgotten() {
    play(Plan::default().limited(), |stage: Stage| async move {
        let mut anna = stage.player().await;
        for number in 1..=42 {
            anna.send_as(step(f64::from(number) / 20.0, 0.0), None).unwrap();
        }
        // The bucket has one again after 50 ms; the late one waits for 60.
        anna.linger(52).await;
        anna.send_as(step(2.2, 0.0), None).unwrap();
        anna.linger(300).await;
        let own = |seen: protocol::admin::World| {
            let all = seen.locations.into_iter().flat_map(|location| location.characters);
            all.filter(|who| who.character_id == anna.character).map(|who| who.x).next()
        };
        assert_eq!(own(stage.world.world_view().await), Some(2.2));
        anna.linger(5_000).await;
        // A way that comes too early is not replaced by the steps behind it.
        for _ in 0..40 {
            anna.send_as(step(2.2, 0.0), None).unwrap();
        }
        anna.send_as(travel(5), None).unwrap();
        anna.send_as(step(2.2, 0.1), None).unwrap();
        anna.linger(1_000).await;
        assert_eq!(anna.place().await, protocol::LocationId(5));
    });
}

#[test]
fn what_does_not_fit_into_a_rooms_mailbox_is_busy_and_may_be_said_again() {
    let plan = Plan::seeded(1, 20).with(|options| options.mailboxes.room = 4);
    play(plan, |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let ids: Vec<String> =
            (0..40).map(|number| anna.send(chat(Channel::Global, &format!("{number}")))).collect();
        let mut busy = Vec::new();
        for (number, id) in ids.iter().enumerate() {
            match anna.answer(id).await {
                ServerMessage::Chat(_) => {}
                ServerMessage::Error(error) if error.error_code == ErrorCode::Busy => busy.push((number, id)),
                other => panic!("{other:?}"),
            }
        }
        assert!(!busy.is_empty() && busy.len() < 40, "{}", busy.len());
        for (number, id) in busy {
            anna.send_as(chat(Channel::Global, &format!("{number}")), Some(id)).unwrap();
            assert!(matches!(anna.answer(id).await, ServerMessage::Chat(_)));
        }
        berta.linger(500).await;
        assert_eq!(berta.lines(Channel::Global).len(), 40);
    });
}

#[test]
fn a_flooded_session_refuses_what_does_not_fit() {
    play(Plan::default(), |stage: Stage| async move {
        let mut anna = stage.player().await;
        let ping = || ClientMessage::Ping(protocol::session::Bare {});
        // Those without a name would never come so far as the mailbox.
        let named = |number: &u32| anna.send_as(ping(), Some(&number.to_string())).is_ok();
        let sent = (0..300).filter(named).count();
        assert_eq!(sent, 64);
        anna.linger(100).await;
        let pongs = anna.count(|heard| matches!(heard.message, ServerMessage::Pong(_)));
        assert_eq!(pongs, sent, "what was taken is answered");
    });
}

fn whisper(to: &Peer) -> ClientMessage {
    let content = text("psst");
    ClientMessage::Whisper(Whisper { recipient_id: Some(to.character), recipient_name: None, content })
}

#[test]
fn an_account_in_its_first_day_gets_to_know_fewer_people() {
    let plan = Plan::default().limited().with(|options| {
        options.rates.whisper_new = Rate::new(3, 3_600_000);
        options.rates.whisper_new_young = Rate::new(1, 3_600_000);
    });
    play(plan, |stage: Stage| async move {
        let others = [stage.player().await, stage.player().await, stage.player().await, stage.player().await];
        let days_ago = stage.world.clock().now().wall_ms - 24 * 3_600_000;
        for (name, made_ms, allowed) in [("Young", days_ago + 60_000, 1), ("Old", days_ago, 3)] {
            let hash = stage.world.hasher().hash("password".to_owned()).await.unwrap();
            let key = name.to_lowercase();
            let made = storage::accounts::create(name.to_owned(), key, Some(hash), Role::Player, made_ms);
            stage.store.write(made).await.unwrap();
            let mut peer = Peer::sign_in(&stage.world, name, name).await;
            peer.make_character(0).await;
            peer.enter().await;
            for (number, other) in others.iter().enumerate() {
                match peer.ask(whisper(other)).await {
                    ServerMessage::Whisper(_) => assert!(number < allowed, "{name} {number}"),
                    ServerMessage::Error(error) => {
                        assert_eq!(error.error_code, ErrorCode::RateLimited);
                        assert!(number >= allowed, "{name} {number}");
                    }
                    other => panic!("{other:?}"),
                }
            }
            // Whom one knows one may go on whispering to.
            assert!(matches!(peer.ask(whisper(&others[0])).await, ServerMessage::Whisper(_)));
        }
    });
}

#[test]
fn acknowledging_too_much_is_no_offence_and_of_no_use() {
    let plan = Plan::default().limited().with(|options| options.rates.acks = Rate::new(20, 1_000));
    play(plan, |stage: Stage| async move {
        let mut anna = stage.player().await;
        for number in 0..4 {
            anna.say(Channel::Say, &format!("{number}")).await;
        }
        let last = anna.heard.iter().rev().find_map(|heard| heard.seq).unwrap();
        let ack = |seq| ClientMessage::Ack(Ack { seq });
        for _ in 0..40 {
            for _ in 0..40 {
                anna.send_as(ack(last - 1), None).unwrap();
            }
            anna.linger(1).await;
        }
        assert_eq!(anna.outbox.backlog().0, 1, "what was acknowledged in time is forgotten");
        anna.send_as(ack(last), None).unwrap();
        anna.linger(1).await;
        assert_eq!(anna.outbox.backlog().0, 1, "one too many does not count");
        anna.linger(2_000).await;
        anna.send_as(ack(last), None).unwrap();
        anna.linger(1).await;
        assert_eq!(anna.outbox.backlog().0, 0);
        assert!(anna.ended.is_none());
        anna.say(Channel::Say, "still here").await;
    });
}

#[test]
fn what_is_dear_is_counted_by_account_and_by_address_over_all_connections() {
    let plan = Plan::default().limited().with(|options| {
        options.rates.lists = Rate::new(3, 3_600_000);
        options.rates.world = Rate::new(3, 3_600_000);
        options.rates.characters = Rate::new(4, 3_600_000);
        options.rates.dear = Rate::new(12, 3_600_000);
    });
    let list = || ClientMessage::CharacterList(Bare {});
    let question = || ClientMessage::WorldState(Bare {});
    let limited = |answer: ServerMessage| match answer {
        ServerMessage::Error(error) => error.error_code == ErrorCode::RateLimited,
        _ => false,
    };
    play(plan, |stage: Stage| async move {
        let mut anna = stage.player().await;
        let mut again = stage.again(&anna).await;
        // Two sessions of one account, and its calls over REST, take turns.
        for asked in [list, question] {
            assert!(!limited(anna.ask(asked()).await));
            assert!(!limited(again.ask(asked()).await));
        }
        let limiters = stage.world.limiters();
        limiters.take_dear(Dear::List, Some(anna.signed.account_id), &anna.address).unwrap();
        assert!(limited(again.ask(list()).await));
        assert!(limiters.take_dear(Dear::List, Some(anna.signed.account_id), "elsewhere").is_err());
        // Somebody else is not affected, unless he comes from the same address.
        let mut berta = stage.player().await;
        assert!(!limited(berta.ask(list()).await));
        let mut strangers = 0;
        while limiters.take_dear(Dear::Question, Some(AccountId(1_000 + strangers)), &anna.address).is_ok() {
            strangers += 1;
        }
        // Anna selected a character, and the two sessions asked five things.
        assert_eq!(strangers, 12 - 6);
        assert!(limited(again.ask(question()).await));
        assert!(!limited(berta.ask(question()).await));
    });
}
