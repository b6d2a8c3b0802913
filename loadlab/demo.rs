//! A living world: bots that wander, travel and chat, gently, until somebody has seen enough.

use std::path::PathBuf;
use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, sleep_until};

use crate::bot::Bot;
use crate::mix::scenario;
use crate::process::room_for_sockets;
use crate::run::{Lab, arrive};
use crate::{LabError, plan, read_tokens};

const STEP_EVERY: Duration = Duration::from_millis(250);
/// A bot walks for so long, in seconds, before it thinks of something else.
const STROLL_SECS: std::ops::Range<f64> = 8.0..30.0;

const LINES: [&str; 16] = [
    "Anybody up for the volcano?",
    "The Nexus is crowded today.",
    "I heard the Tempest Crown moved. Crowns don't move.",
    "Selling nothing, buying nothing, just passing through.",
    "Has anyone seen my hound?",
    "The Phoenix Flame will be ours by nightfall.",
    "Don't go to the Trench alone.",
    "A hollow soldier took my lunch.",
    "What reality is this, anyway?",
    "Iron Foundry needs hands!",
    "Moonlight over the Grove again. Lovely.",
    "I could swear that shard blinked at me.",
    "Who built this many ways to one town?",
    "Three days on foot, and then: full. Full!",
    "The Golden Order sends its regards.",
    "Rest here. The road gets worse.",
];

/// What to show on which server.
#[derive(Debug, Clone)]
pub struct Demo {
    pub url: String,
    pub tokens: PathBuf,
    pub bots: usize,
    pub seed: u64,
    pub progress: bool,
}

/// Lives until this future is dropped or every bot has been sent away.
///
/// # Errors
/// When the bots can't get to their places.
pub async fn demo(demo: &Demo) -> Result<(), LabError> {
    room_for_sockets(demo.bots)?;
    let tokens = read_tokens(&demo.tokens, demo.bots)?;
    let mut mix = scenario("walk").expect("it is built in");
    (mix.bots, mix.group, mix.watchers) = (demo.bots, 8, 0);
    let lab = Lab {
        url: demo.url.clone(),
        tokens: demo.tokens.clone(),
        name: "demo".to_owned(),
        mix,
        seed: demo.seed,
        server_pid: None,
        restart: None,
        audit: None,
        progress: demo.progress,
    };
    let (bots, stage) = arrive(&lab, &tokens).await?;
    let mut lives = JoinSet::new();
    for bot in bots {
        let dice = Pcg64Mcg::seed_from_u64(demo.seed ^ (bot.index as u64) << 20);
        lives.spawn(live(bot, dice));
    }
    println!("{} bots live on {}; Ctrl-C ends them", demo.bots, stage.url);
    while lives.join_next().await.is_some() {}
    Ok(())
}

async fn stroll(bot: &mut Bot, length: Duration) {
    let (mut due, end) = (Instant::now(), Instant::now() + length);
    while due < end {
        sleep_until(due).await;
        bot.step(due, 0).await;
        due = (due + STEP_EVERY).max(Instant::now());
    }
}

async fn live(mut bot: Bot, mut dice: Pcg64Mcg) {
    // Not all at once.
    sleep(Duration::from_secs_f64(dice.random_range(0.0..5.0))).await;
    loop {
        stroll(&mut bot, Duration::from_secs_f64(dice.random_range(STROLL_SECS))).await;
        let whim = dice.random_range(0..10);
        let done = match whim {
            0..=2 => {
                let line = LINES[dice.random_range(0..LINES.len())];
                if whim == 0 {
                    bot.client.say(line).await.map(drop)
                } else {
                    bot.client.send_chat(line).await.map(drop)
                }
            }
            3 | 4 => {
                let homes = plan::homes(1000, 20);
                let home = homes[dice.random_range(0..homes.len())];
                bot.walker.settle(home.middle);
                bot.go_to(home.location).await
            }
            _ => Ok(()),
        };
        match done {
            Ok(()) => {}
            Err(error @ client::ClientError::Ended(_)) => {
                log::warn!("bot {}: {error}", bot.index);
                return;
            }
            // Full places and limits are part of the life of a bot.
            Err(error) => log::info!("bot {}: {error}", bot.index),
        }
    }
}
