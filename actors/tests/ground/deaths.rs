//! Whatever dies while something is dropped or picked up: it is on the ground or in one hand, and seen where it is.

use actors::faults::arm;
use protocol::ids::GroundId;
use protocol::{ErrorCode, LocationId, ServerMessage};

use super::{drop_potion, lay, take, update};
use crate::peer::{Peer, travel};
use crate::stage::{Plan, Stage, pass, play};
use crate::trade::deal::{belongings, total};

#[test]
fn a_panic_anywhere_leaves_it_on_the_ground_or_in_one_hand() {
    let faults = [
        "item_drop",
        "item_pickup",
        "session.saved",
        "world_shard.lay_down",
        "world_shard.pick_up",
        "world_shard.ground",
        "world_shard.tick",
    ];
    for (seed, fault) in faults.into_iter().enumerate() {
        for after_drop in [false, true] {
            let seed = u64::try_from(seed).unwrap();
            play(Plan::seeded(seed, 30), |stage: Stage| async move {
                let (mut anna, mut berta) = (stage.player().await, stage.player().await);
                if !after_drop {
                    arm(fault, 1);
                }
                let dropped = anna.ask(drop_potion()).await;
                anna.linger(1_500).await;
                if after_drop {
                    arm(fault, 1);
                }
                for id in total_lying(&stage).await {
                    berta.ask(take(id)).await;
                }
                arm(fault, 0);
                anna.linger(1_500).await;
                berta.linger(1_500).await;
                let report = total(&stage).await;
                assert_eq!(report.problems, Vec::<String>::new(), "{fault}: {dropped:?}");
                let mut potions = i64::try_from(report.lying).unwrap();
                for peer in [&mut anna, &mut berta] {
                    potions += belongings(peer).await.stacks.iter().map(|stack| stack.quantity).sum::<i64>();
                }
                assert_eq!(potions, 2, "{fault}");
                // What is seen is what there is, and it works again.
                let mut carla = stage.player().await;
                let seen = carla.wait_seen().await;
                assert_eq!(seen, total_lying(&stage).await, "{fault}");
                for id in seen {
                    update(carla.ask(take(id)).await);
                }
                let id = lay(&mut carla).await;
                update(carla.ask(take(id)).await);
            });
        }
    }
}

/// What lies in the nexus by the disk.
async fn total_lying(stage: &Stage) -> Vec<GroundId> {
    let record = stage.store.read(storage::ground::of_shard(Vec::new(), vec![LocationId(1)])).await.unwrap();
    record.heaps.into_iter().map(|heap| heap.id).collect()
}

impl Peer {
    /// What lies where it stands, as the shard tells it anew.
    async fn wait_seen(&mut self) -> Vec<GroundId> {
        self.ask(travel(2)).await;
        let ServerMessage::LocationUpdate(here) = self.ask(travel(1)).await else { panic!("no way back") };
        here.ground.into_iter().map(|item| item.ground_id).collect()
    }
}

#[test]
fn a_sick_disk_changes_nothing_and_says_so() {
    play(Plan::seeded(9, 40), |stage: Stage| async move {
        let mut anna = stage.player().await;
        let before = belongings(&mut anna).await;
        stage.store.fail_next_commit();
        assert_eq!(anna.refused(drop_potion()).await.error_code, ErrorCode::Storage);
        assert_eq!(belongings(&mut anna).await, before);
        assert_eq!(total(&stage).await.lying, 0);
        assert_eq!(anna.count(|heard| matches!(heard.message, ServerMessage::GroundUpdate(_))), 0);
    });
}

#[test]
fn a_shard_that_is_dead_for_a_minute_knows_of_everything_when_it_is_back() {
    let (mut done, mut refused) = (0, 0);
    // All five shards, before they ask and so long after.
    for dies in [None, Some(10), Some(100), Some(200)] {
        let answered = play(Plan::seeded(dies.unwrap_or(1), 200), |stage: Stage| async move {
            let (mut anna, mut berta) = (stage.player().await, stage.player().await);
            let lies = lay(&mut anna).await;
            if dies.is_none() {
                arm("world_shard.tick", 20);
                anna.linger(3_000).await;
            }
            let commands = [berta.send(drop_potion()), anna.send(take(lies))];
            pass(dies.unwrap_or(0)).await;
            if dies.is_some() {
                arm("world_shard.tick", 20);
            }
            let answers = [berta.answer(&commands[0]).await, anna.answer(&commands[1]).await];
            for _ in 0..15 {
                anna.linger(5_000).await;
                berta.linger(1).await;
            }
            arm("world_shard.tick", 0);
            for _ in 0..15 {
                anna.linger(5_000).await;
                berta.linger(1).await;
            }
            let answered = answers.map(|answer| matches!(answer, ServerMessage::InventoryUpdate(_)));
            let lying = total_lying(&stage).await;
            assert_eq!(
                (lying.len(), lying.contains(&lies)),
                match answered {
                    [true, true] => (1, false),
                    [true, false] => (2, true),
                    [false, true] => (0, false),
                    [false, false] => (1, true),
                }
            );
            assert_eq!(anna.wait_seen().await, lying, "{dies:?}: {answered:?}");
            for id in lying {
                update(berta.ask(take(id)).await);
            }
            assert_eq!(total(&stage).await.problems, Vec::<String>::new());
            answered
        });
        done += answered.iter().filter(|done| **done).count();
        refused += answered.iter().filter(|done| !**done).count();
    }
    assert!(done > 0 && refused > 0, "{done} came through, {refused} did not");
}
