//! Quests on the running world: deeds move them, each is rewarded once, and nothing of it is lost with the process.

use protocol::events::QuestUpdate;
use protocol::movement::Position;
use protocol::session::Bare;
use protocol::{CharacterId, ClientMessage, LocationId, ServerMessage};
use rules::venue::Whereabouts;

use crate::combat::{against, begin, end_in, fight_on, outsider, progress};
use crate::peer::{Heard, Peer, travel};
use crate::stage::{Disk, Plan, pass, play, play_on};

const FIRST: &str = "beyond-the-palisade";
const SOLDIERS: &str = "clear-the-outpost";

pub fn quest_in(heard: &Heard) -> Option<QuestUpdate> {
    match &heard.message {
        ServerMessage::QuestUpdate(quest) => Some(quest.clone()),
        _ => None,
    }
}

async fn quest(peer: &mut Peer, id: &str) -> QuestUpdate {
    peer.wait(&format!("the quest {id}"), |heard| quest_in(heard).filter(|quest| quest.quest_id == id)).await
}

/// Those that one is at.
async fn log(peer: &mut Peer) -> Vec<(String, u32)> {
    peer.read();
    peer.inbox.retain(|heard| quest_in(heard).is_none());
    let answer = peer.ask(ClientMessage::QuestUpdate(Bare {})).await;
    assert!(matches!(answer, ServerMessage::Ok(_)), "{answer:?}");
    let quests: Vec<_> = peer.inbox.iter().filter_map(quest_in).collect();
    peer.inbox.retain(|heard| quest_in(heard).is_none());
    quests.into_iter().map(|quest| (quest.quest_id, quest.progress)).collect()
}

#[test]
fn coming_to_a_place_completes_a_quest_and_opens_the_next() {
    play(Plan::seeded(1, 10), |stage| async move {
        let mut peer = stage.player().await;
        assert_eq!(log(&mut peer).await, [(FIRST.to_owned(), 0)]);
        let (experience, souls, _) = progress(&stage, &peer).await;
        peer.ask(travel(11)).await;
        let reached = quest(&mut peer, FIRST).await;
        assert_eq!((reached.progress, reached.goal, reached.status.as_str()), (1, 1, "active"));
        assert_eq!(quest(&mut peer, FIRST).await.status, "completed");
        let next = quest(&mut peer, SOLDIERS).await;
        assert_eq!((next.progress, next.goal, next.status.as_str()), (0, 3, "active"));
        assert_eq!(progress(&stage, &peer).await, (experience + 20, souls + 20, 1));
        // Coming again brings nothing.
        for to in [1, 11] {
            peer.ask(travel(to)).await;
        }
        peer.linger(500).await;
        assert_eq!(progress(&stage, &peer).await, (experience + 20, souls + 20, 1));
        assert_eq!(log(&mut peer).await.len(), 2);
    });
}

#[test]
fn what_a_fight_did_for_a_quest_is_kept_with_what_it_left() {
    for delay_ms in [0, 3, 6, 9, 12, 15] {
        let disk = Disk::new();
        let (name, address, won) = play_on(&disk, Plan::seeded(5, 15), |stage| async move {
            let mut peer = outsider(&stage).await;
            let start = begin(&mut peer, against("hollow_soldier")).await;
            let end = fight_on(&mut peer, &start.combat_id).await;
            pass(delay_ms).await;
            (peer.name.clone(), peer.address.clone(), end.outcome == protocol::combat::Outcome::Won)
        });
        play_on(&disk, Plan::seeded(6, 15), |stage| async move {
            let mut peer = Peer::sign_in(&stage.world, &name, &address).await;
            peer.character = CharacterId(1);
            peer.ids = 100_000;
            peer.enter().await;
            peer.linger(1_000).await;
            let log = log(&mut peer).await;
            let soldiers = log.iter().find(|(id, _)| id == SOLDIERS).expect("it is open");
            assert_eq!(soldiers.1, u32::from(won), "after {delay_ms} ms");
        });
    }
}

#[test]
fn a_quest_of_several_fights_is_rewarded_once() {
    play(Plan::seeded(11, 5), |stage| async move {
        let mut peer = outsider(&stage).await;
        let mut won = 0;
        for _ in 0..40 {
            let start = begin(&mut peer, against("hollow_soldier")).await;
            let end = fight_on(&mut peer, &start.combat_id).await;
            peer.inbox.retain(|heard| end_in(heard).is_none());
            won += u32::from(end.outcome == protocol::combat::Outcome::Won);
            peer.linger(200).await;
            if won == 4 {
                break;
            }
        }
        assert_eq!(won, 4, "level by level it becomes easier");
        let completed = |heard: &Heard| {
            quest_in(heard).is_some_and(|quest| quest.quest_id == SOLDIERS && quest.status == "completed")
        };
        assert_eq!(peer.count(completed), 1);
        let (experience, _, _) = progress(&stage, &peer).await;
        assert_eq!(experience, 20 + 4 * 100 + 100);
        let next = log(&mut peer).await;
        assert!(next.iter().any(|(id, _)| id == "the-city-of-tombs"), "{next:?}");
    });
}

#[test]
fn coming_to_a_place_counts_though_the_process_dies_first() {
    play(Plan::seeded(1, 10), |stage| async move {
        let mut peer = stage.guest().await;
        // As a process leaves it that dies between the way and what it brings.
        let there = Whereabouts {
            character_id: peer.make_character(0).await,
            epoch: 0,
            location_id: LocationId(11),
            position: Position { x: 0.0, y: -800.0, z: 0.0 },
        };
        stage.store.write(storage::characters::save_whereabouts(vec![there])).await.unwrap();
        assert_eq!(peer.enter().await.location_id, LocationId(11));
        assert_eq!(quest(&mut peer, FIRST).await.progress, 1);
        assert_eq!(quest(&mut peer, FIRST).await.status, "completed");
    });
}
