//! One seed, one trace; and whatever the seed, everybody hears the same in the same order.

use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};
use protocol::chat::{Channel, Chat};

use crate::peer::{Heard, Peer, chat, step, travel};
use crate::stage::{Plan, Stage, pass, play};

const PEERS: usize = 4;

/// A small generator of its own, so that the script depends on nothing else.
struct Script(u64);

impl Script {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// What everybody heard, and what is in the rooms in the end.
struct Played {
    heard: Vec<Vec<Heard>>,
    global: Vec<Vec<Chat>>,
}

fn scene(seed: u64, steps: u64) -> Played {
    play(Plan::seeded(seed, 40), |stage: Stage| async move {
        let mut script = Script(seed);
        let mut peers = Vec::new();
        for number in 0..PEERS {
            peers.push(stage.player_of(number % 2).await);
        }
        for number in 0..steps {
            let who = script.below(PEERS as u64) as usize;
            act(&mut peers[who], number, &mut script).await;
            pass(script.below(60)).await;
        }
        pass(2_000).await;
        for peer in &mut peers {
            peer.read();
        }
        Played {
            global: peers.iter().map(|peer| peer.lines(Channel::Global)).collect(),
            heard: peers.into_iter().map(|peer| peer.heard).collect(),
        }
    })
}

async fn act(peer: &mut Peer, number: u64, script: &mut Script) {
    let word = format!("line {number}");
    match script.below(10) {
        0 | 1 => drop(peer.send(chat(Channel::Global, &word))),
        2 => drop(peer.send(chat(Channel::Say, &word))),
        3 => drop(peer.send(chat(Channel::Faction, &word))),
        4 => {
            let to = script.below(4) as i64;
            peer.send(travel([1, 2, 5, 11][to as usize]));
        }
        5 => {
            peer.drop_connection();
            pass(script.below(100)).await;
            peer.reconnect().await;
        }
        6 => peer.read(),
        _ => {
            let at = (script.below(100) as f64, script.below(100) as f64);
            peer.send_as(step(at.0 / 50.0, at.1 / 50.0), None).unwrap();
        }
    }
}

#[test]
fn one_seed_makes_one_trace() {
    for seed in [1, 7, 42] {
        let (one, other) = (scene(seed, 120), scene(seed, 120));
        for (mine, again) in one.heard.iter().zip(&other.heard) {
            for (at, pair) in mine.iter().zip(again).enumerate() {
                assert_eq!(pair.0, pair.1, "seed {seed}, message {at}");
            }
            assert_eq!(mine.len(), again.len());
        }
    }
}

#[test]
fn another_seed_makes_another_trace() {
    assert_ne!(scene(1, 60).heard, scene(2, 60).heard);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn everybody_hears_the_world_in_one_order(seed in any::<u64>()) {
        let played = scene(seed, 40);
        let longest = played.global.iter().max_by_key(|lines| lines.len()).unwrap().clone();
        for lines in &played.global {
            // Everybody was in the world all the time, so nothing may be missing.
            prop_assert_eq!(lines, &longest);
        }
        prop_assert!(longest.windows(2).all(|pair| pair[0].chat_id < pair[1].chat_id));
    }
}
