//! A broken disk: nothing is promised that was not kept.

use protocol::ErrorCode;
use protocol::chat::Channel;

use crate::peer::{Peer, chat, step, travel};
use crate::stage::{Disk, Plan, Stage, pass, play, play_on};

#[test]
fn what_the_disk_did_not_take_is_refused_and_heard_by_nobody() {
    let disk = Disk::new();
    for seed in 0..4 {
        let disk = if seed == 0 { &disk } else { &Disk::new() };
        play_on(disk, Plan::seeded(seed, 80), |stage: Stage| async move {
            let (mut anna, mut berta) = (stage.player().await, stage.player().await);
            anna.say(Channel::Global, "kept").await;
            berta.hear("kept").await;
            stage.store.fail_next_commit();
            let lost: Vec<String> =
                (0..5).map(|number| anna.send(chat(Channel::Global, &format!("lost {number}")))).collect();
            for id in lost {
                let answer = anna.answer(&id).await;
                let protocol::ServerMessage::Error(error) = answer else { panic!("{answer:?}") };
                assert_eq!(error.error_code, ErrorCode::Storage);
            }
            // Read-only from now on, and honest about it.
            for _ in 0..8 {
                assert_eq!(
                    anna.refused(chat(Channel::Global, "lost too")).await.error_code,
                    ErrorCode::Storage
                );
            }
            assert_eq!(anna.refused(travel(2)).await.error_code, ErrorCode::Storage);
            anna.ask(step(1.0, 1.0)).await;
            anna.linger(3_000).await;
            berta.linger(3_000).await;
            let heard = berta.lines(Channel::Global);
            assert_eq!(heard.len(), 1, "{heard:?}");
            assert_eq!(anna.place().await, protocol::LocationId(1));
        });
    }
    play_on(&disk, Plan::default(), |stage: Stage| async move {
        let mut anna = Peer::sign_in(&stage.world, "Player-aaa", "home").await;
        anna.character = protocol::CharacterId(1);
        anna.ids = 1_000;
        anna.enter().await;
        assert_eq!(anna.say(Channel::Global, "again").await.chat_id, 2);
    });
}

#[test]
fn more_lines_on_the_way_to_the_disk_than_fit_are_busy_and_the_others_are_kept_in_order() {
    play(Plan::seeded(1, 2_000), |stage: Stage| async move {
        let mut anna = stage.player().await;
        let mut ids = Vec::new();
        for batch in 0..6 {
            for number in 0..60 {
                ids.push(anna.send(chat(Channel::Say, &format!("{}", batch * 60 + number))));
            }
            pass(1).await;
        }
        anna.linger(10_000).await;
        let mut kept = Vec::new();
        for id in &ids {
            match anna.answer(id).await {
                protocol::ServerMessage::Chat(line) => kept.push(line.chat_id),
                protocol::ServerMessage::Error(error) => assert_eq!(error.error_code, ErrorCode::Busy),
                other => panic!("{other:?}"),
            }
        }
        assert!((200..360).contains(&kept.len()), "{}", kept.len());
        assert_eq!(kept, (1..=kept.len() as u64).collect::<Vec<_>>());
    });
}
