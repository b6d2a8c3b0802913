//! Many drop, grab and go elsewhere at once: in the end all see what the disk says, and each thing is told once.

use std::collections::BTreeSet;

use futures_util::future::join_all;
use protocol::ids::GroundId;
use protocol::{ErrorCode, LocationId, ServerMessage};

use super::{drop_potion, take};
use crate::peer::{Peer, travel};
use crate::stage::{Plan, Stage, play, play_on_threads};
use crate::trade::deal::total;

const PEOPLE: usize = 5;
const STEPS: u64 = 30;

/// Where one is, and what lies there, by everything that one was told.
fn picture(peer: &Peer) -> (LocationId, BTreeSet<GroundId>) {
    let (mut here, mut lying) = (LocationId(0), BTreeSet::new());
    for heard in &peer.heard {
        match &heard.message {
            ServerMessage::LocationUpdate(update) => {
                here = update.location_id;
                lying = update.ground.iter().map(|item| item.ground_id).collect();
            }
            ServerMessage::GroundUpdate(update) if update.location_id == here => {
                for item in &update.items {
                    assert!(lying.insert(item.ground_id), "{} was told of it twice: {item:?}", peer.name);
                }
                for gone in &update.gone {
                    assert!(lying.remove(gone), "{} was not told that it lay there: {gone}", peer.name);
                }
            }
            _ => {}
        }
    }
    (here, lying)
}

/// The next of a row of numbers that a seed says.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    *seed >> 33
}

async fn scramble(peer: &mut Peer, mut seed: u64) -> u64 {
    let mut taken = 0;
    for _ in 0..STEPS {
        let (here, lying) = picture(peer);
        let newest = lying.last().copied();
        let message = match (next(&mut seed) % 8, newest) {
            (0, _) => travel(if here == LocationId(1) { 2 } else { 1 }),
            (1..4, _) | (_, None) => drop_potion(),
            (_, Some(id)) => take(id),
        };
        match peer.ask(message).await {
            ServerMessage::InventoryUpdate(update) => taken += u64::from(update.reason == "pickup"),
            ServerMessage::LocationUpdate(_) => {}
            // Somebody was faster, or there is none left to drop.
            ServerMessage::Error(error) => assert_eq!(error.error_code, ErrorCode::NotFound, "{error:?}"),
            other => panic!("{other:?}"),
        }
    }
    taken
}

async fn scene(stage: Stage, seed: u64) {
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        people.push(stage.player().await);
    }
    let each = people.iter_mut().zip(seed..).map(|(peer, seed)| scramble(peer, seed));
    let taken: u64 = join_all(each).await.into_iter().sum();
    assert!(taken > 0, "seed {seed}: nothing was picked up");
    join_all(people.iter_mut().map(|peer| peer.linger(1_000))).await;
    for peer in &people {
        let (here, seen) = picture(peer);
        let record = stage.store.read(storage::ground::of_shard(Vec::new(), vec![here])).await.unwrap();
        let lying: BTreeSet<GroundId> = record.heaps.iter().map(|heap| heap.id).collect();
        assert_eq!(seen, lying, "seed {seed}: {} in {here}", peer.name);
    }
    assert_eq!(total(&stage).await.problems, Vec::<String>::new());
}

#[test]
fn whatever_the_order_all_see_what_there_is() {
    for seed in 0..25 {
        play(Plan::seeded(seed, 40), |stage: Stage| scene(stage, seed));
    }
}

#[test]
fn on_threads_too() {
    for seed in 0..3 {
        play_on_threads(|stage: Stage| scene(stage, seed));
    }
}
