//! Crystal shards that are fought for: what everybody hears of it, and that what was won is had, whoever comes back.

use protocol::ServerMessage;
use protocol::combat::{ActionType, Outcome};
use protocol::ids::CrystalShardId;

use crate::combat::{act, against, begin, progress};
use crate::peer::{Heard, Peer};
use crate::quests::quest_in;
use crate::realm::{ambitious, band, captured_in, challenger, easy, fight_together, win};
use crate::stage::{Disk, Plan, Stage, pass, play, play_on};

/// How the Phoenix Flame stands from now on, if that is what was told.
fn status_in(heard: &Heard) -> Option<String> {
    match &heard.message {
        ServerMessage::ShardStatus(status) => {
            let [shard] = &status.shards[..] else { panic!("{status:?} is not of one alone") };
            assert_eq!((shard.id, shard.element.as_str()), (CrystalShardId(1), "fire"));
            Some(shard.status.clone())
        }
        _ => None,
    }
}

fn statuses(peer: &Peer) -> Vec<String> {
    peer.heard.iter().filter_map(status_in).collect()
}

/// Runs until he got away, or is down.
async fn run(peer: &mut Peer, combat: &str) {
    for _ in 0..100 {
        if matches!(peer.ask(act(combat, ActionType::Flee)).await, ServerMessage::Error(_)) {
            return;
        }
    }
    panic!("{} can't end it", peer.name);
}

#[test]
fn everybody_hears_that_a_shard_is_fought_for_and_that_it_is_not_any_more() {
    play(easy(1), |stage| async move {
        let mut far = stage.player_of(3).await;
        let (mut one, mut two) = (challenger(&stage, 0).await, challenger(&stage, 1).await);
        let first = begin(&mut one, against("guardian")).await;
        assert_eq!(far.wait("shard_status", status_in).await, "contested");
        assert_eq!(stage.world.crystal_shards().await.unwrap()[0].status, "contested");
        let second = begin(&mut two, against("guardian")).await;
        run(&mut one, &first.combat_id).await;
        far.linger(2_000).await;
        assert_eq!(statuses(&far), ["contested"], "the other one fights on");
        run(&mut two, &second.combat_id).await;
        assert_eq!(far.wait("shard_status", status_in).await, "unclaimed");
        stage.world.seal_shard(CrystalShardId(1), true, None).await.unwrap();
        stage.world.seal_shard(CrystalShardId(1), true, None).await.unwrap();
        assert_eq!(far.wait("shard_status", status_in).await, "sealed");
        stage.world.seal_shard(CrystalShardId(1), false, None).await.unwrap();
        assert_eq!(far.wait("shard_status", status_in).await, "unclaimed");
        let events = stage.world.world_events(10).await.unwrap().events;
        let titles: Vec<&str> = events.iter().map(|event| event.title.as_str()).collect();
        assert_eq!(titles, ["The seal of Phoenix Flame is lifted", "Phoenix Flame is sealed"]);
        far.linger(2_000).await;
        one.read();
        assert_eq!(statuses(&far), ["contested", "unclaimed", "sealed", "unclaimed"]);
        assert_eq!(statuses(&far), statuses(&one), "whoever fought hears no more of it than others");
    });
}

#[test]
fn a_shard_that_is_taken_is_told_as_taken_alone() {
    play(easy(1), |stage| async move {
        let mut far = stage.player_of(3).await;
        let mut peer = challenger(&stage, 0).await;
        win(&mut peer).await;
        far.wait("shard_captured", captured_in).await;
        far.linger(5_000).await;
        let told = far.heard.iter().filter_map(|heard| {
            captured_in(heard).map(|_| "captured".to_owned()).or_else(|| status_in(heard))
        });
        let told: Vec<String> = told.collect();
        assert_eq!(told[told.len() - 2..], ["contested", "captured"], "{told:?}");
        assert_eq!(stage.world.crystal_shards().await.unwrap()[0].status, "controlled");
    });
}

/// Everybody of a band wins the guardian, and the process dies before the realm could hear of it.
fn won_and_cut_off(
    disk: &Disk,
    plan: Plan,
    factions: &[usize],
) -> Vec<(String, String, protocol::CharacterId)> {
    let won = play_on(disk, plan, |stage| async move {
        let mut peers = band(&stage, factions).await;
        actors::faults::arm("realm.capture", 100);
        loop {
            let start = begin(&mut peers[0], against("guardian")).await;
            let ends = fight_together(&mut peers, &start.combat_id).await;
            if ends.iter().all(|end| end.outcome == Outcome::Won) {
                break;
            }
            for peer in &mut peers {
                peer.linger(100).await;
                peer.inbox.clear();
            }
        }
        assert!(!stage.world.crystal_shards().await.unwrap()[0].is_captured);
        peers.iter().map(|peer| (peer.name.clone(), peer.address.clone(), peer.character)).collect()
    });
    actors::faults::arm("realm.capture", 0);
    won
}

async fn is_captured(stage: &Stage) -> bool {
    pass(2_000).await;
    stage.world.crystal_shards().await.unwrap()[0].is_captured
}

#[test]
fn what_was_won_is_taken_though_the_process_dies_first_and_the_captor_never_comes_back() {
    let disk = Disk::new();
    let won = won_and_cut_off(&disk, easy(1), &[0]);
    play_on(&disk, easy(2), |stage| async move {
        assert!(is_captured(&stage).await, "nobody has signed in");
        let history = stage.world.shard_history(CrystalShardId(1), 10).await.unwrap();
        assert_eq!((history.len(), history[0].captured_by_character_id), (1, Some(won[0].2)));
        let events = stage.world.world_events(10).await.unwrap().events;
        assert_eq!((events.len(), events[0].event_type.as_str()), (1, "shard_capture"));
    });
    // Once, however often it begins anew.
    play_on(&disk, easy(3), |stage| async move {
        assert!(is_captured(&stage).await);
        assert_eq!(stage.world.shard_history(CrystalShardId(1), 10).await.unwrap().len(), 1);
    });
}

#[test]
fn everybody_who_won_a_shard_has_the_credit_for_it_once_whenever_he_comes_back() {
    for dies in [false, true] {
        let plan = |seed| ambitious(seed).with(|options| options.combat.limits.guardian_min = 4);
        let disk = Disk::new();
        let completed = |peer: &Peer| {
            peer.count(|heard| {
                quest_in(heard)
                    .is_some_and(|quest| quest.quest_id == "keeper-of-a-shard" && quest.status == "completed")
            })
        };
        let won = if dies {
            won_and_cut_off(&disk, plan(1), &[0, 1, 0, 0])
        } else {
            play_on(&disk, plan(1), |stage| async move {
                let mut peers = band(&stage, &[0, 1, 0, 0]).await;
                let start = begin(&mut peers[1], against("guardian")).await;
                fight_together(&mut peers, &start.combat_id).await;
                for peer in &mut peers {
                    peer.linger(5_000).await;
                    assert_eq!((completed(peer), peer.count(|heard| captured_in(heard).is_some())), (1, 1));
                }
                peers.iter().map(|peer| (peer.name.clone(), peer.address.clone(), peer.character)).collect()
            })
        };
        for round in 0..2 {
            let won = won.clone();
            play_on(&disk, plan(2 + round), |stage| async move {
                for (name, address, character) in won {
                    let mut peer = Peer::sign_in(&stage.world, &name, &address).await;
                    peer.character = character;
                    peer.enter().await;
                    peer.linger(5_000).await;
                    assert_eq!(completed(&peer), usize::from(dies && round == 0), "{name}, died: {dies}");
                    assert_eq!(peer.count(|heard| matches!(heard.message, ServerMessage::Error(_))), 0);
                    // A quarter of the guardian's, and what the quest of the shard and the guardian's own bring.
                    assert_eq!(progress(&stage, &peer).await.0, 1_250 + 2_000 + 1_000, "{name}");
                }
                assert_eq!(stage.world.shard_history(CrystalShardId(1), 10).await.unwrap().len(), 1);
            });
        }
    }
}
