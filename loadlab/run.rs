//! A run: everybody goes home, walks and talks for a while, and is judged.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use protocol::Dialect;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::bot::{self, Bot};
use crate::measure::Score;
use crate::oracle::Oracle;
use crate::plan;
use crate::process::Watch;
use crate::report::Report;
use crate::tokens::Token;
use crate::{LabError, read_tokens};

/// So many sign in at the same time.
const ARRIVING_AT_ONCE: usize = 24;
/// How long what was said last may take to arrive everywhere.
const DRAIN_MAX: Duration = Duration::from_secs(10);
/// How long leaving may take, all bots together.
const LEAVE_MAX: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(250);

/// What to do to which server.
#[derive(Debug, Clone)]
pub struct Lab {
    pub url: String,
    pub tokens: PathBuf,
    pub bots: usize,
    pub secs: u64,
    /// Each bot's.
    pub moves_per_sec: f64,
    pub chat_every_secs: f64,
    /// About how often each bot cuts its connection; 0 for never.
    pub drop_every_secs: f64,
    /// How many bots stand where they see each other.
    pub group: usize,
    /// How the bots' messages are written.
    pub dialect: Dialect,
    pub seed: u64,
    pub server_pid: Option<u32>,
    /// Whether to draw a progress bar.
    pub progress: bool,
}

/// Runs the lab once.
///
/// # Errors
/// [`LabError`] when the bots can't get to their places. What goes wrong afterwards is in the report.
pub async fn run(lab: &Lab) -> Result<Report, LabError> {
    let tokens = read_tokens(&lab.tokens, lab.bots)?;
    let (bots, shared) = arrive(lab, &tokens).await?;
    let started = Instant::now();
    let mut watch = lab.server_pid.map(Watch::new);
    let mut own = Watch::new(std::process::id());
    let crowd = perform(lab, bots, &shared, watch.as_mut()).await;
    let took = started.elapsed();
    if let Some(watch) = &mut watch {
        watch.look(took.as_secs_f64());
    }
    own.look(took.as_secs_f64());
    leave(crowd).await;
    let mut score = shared.score();
    let oracle = std::mem::replace(&mut score.oracle, Oracle::new(0));
    Ok(Report::new(lab, &score, oracle, (watch.map(|watch| watch.usage()), own.usage())))
}

/// Signs everybody in and sends them home.
pub(crate) async fn arrive(lab: &Lab, tokens: &[Token]) -> Result<(Vec<Bot>, Arc<bot::Lab>), LabError> {
    let mut dice = Pcg64Mcg::seed_from_u64(lab.seed);
    let shared = Arc::new(bot::Lab {
        url: lab.url.clone(),
        dialect: lab.dialect,
        // Not from the seed: lines of an earlier run with the same one may be in the history.
        run: dice.random::<u32>() ^ std::process::id() ^ unix_seconds(),
        epoch: Instant::now(),
        characters: tokens.iter().map(|token| token.character_id).collect(),
        score: Mutex::new(Score::new(tokens.len())),
    });
    let bar = bar(lab.progress, tokens.len() as u64, "{bar:40} {pos}/{len} bots are home {elapsed}");
    let homes = plan::homes(tokens.len(), lab.group);
    let arriving = tokens.iter().zip(homes).enumerate().map(|(index, (token, home))| {
        let (shared, bar) = (shared.clone(), bar.clone());
        async move {
            let bot = Bot::enter(shared, index, token, home, lab.seed).await;
            bar.inc(1);
            bot.map_err(|error| LabError::Bot { bot: index, error })
        }
    });
    let mut bots: Vec<Bot> = stream::iter(arriving).buffer_unordered(ARRIVING_AT_ONCE).try_collect().await?;
    bar.finish_and_clear();
    bots.sort_by_key(|bot| bot.index);
    Ok((bots, shared))
}

/// The measured part. Returns the bots, still connected.
async fn perform(
    lab: &Lab,
    bots: Vec<Bot>,
    shared: &Arc<bot::Lab>,
    mut watch: Option<&mut Watch>,
) -> Vec<client::Client> {
    let mut dice = Pcg64Mcg::seed_from_u64(lab.seed ^ 0x5eed);
    let start = Instant::now() + Duration::from_millis(200);
    let end = start + Duration::from_secs(lab.secs);
    let every = Duration::from_secs_f64(lab.chat_every_secs);
    shared.score().running = true;
    let mut crowd = Vec::with_capacity(bots.len());
    let mut tasks = JoinSet::new();
    for mut bot in bots {
        crowd.push(bot.client.clone());
        let phase = every.mul_f64(dice.random_range(0.0..1.0));
        tasks.spawn(bot::talk(shared.clone(), bot.client.clone(), bot.index, (start, end), (phase, every)));
        if lab.drop_every_secs > 0.0 {
            let dice = Pcg64Mcg::seed_from_u64(dice.random());
            let every = Duration::from_secs_f64(lab.drop_every_secs);
            tasks.spawn(bot::drop_out(bot.client.clone(), (start, end), every, dice));
        }
        let rate = lab.moves_per_sec;
        if rate > 0.0 {
            tasks.spawn(async move { bot.walk(start, end, rate).await });
        }
    }
    let bar = bar(lab.progress, lab.secs, "{bar:40} {pos}/{len} s  {msg}");
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let drained = end + DRAIN_MAX;
    loop {
        looks.tick().await;
        let now = Instant::now();
        if let Some(watch) = watch.as_deref_mut() {
            watch.look(now.saturating_duration_since(start).as_secs_f64());
        }
        show(&bar, shared, now.saturating_duration_since(start));
        while tasks.try_join_next().is_some() {}
        if now > drained || (now > end && tasks.is_empty() && shared.score().oracle.is_complete()) {
            break;
        }
    }
    tasks.abort_all();
    bar.finish_and_clear();
    shared.score().running = false;
    crowd
}

fn show(bar: &ProgressBar, shared: &bot::Lab, since: Duration) {
    let score = shared.score();
    let (acknowledged, heard) = score.oracle.counts();
    bar.set_position(since.as_secs());
    bar.set_message(format!(
        "{} moves, {acknowledged} lines, {heard} heard, p99 {:.1} ms",
        score.counts.moves_sent,
        score.delivery.percentiles().p99_ms
    ));
}

async fn leave(crowd: Vec<client::Client>) {
    for client in &crowd {
        client.leave();
    }
    let gone = stream::iter(crowd).for_each_concurrent(None, |client| async move {
        client.ended().await;
    });
    if timeout(LEAVE_MAX, gone).await.is_err() {
        log::warn!("not all bots could leave within {LEAVE_MAX:?}");
    }
}

fn bar(wanted: bool, length: u64, template: &str) -> ProgressBar {
    if !wanted {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).expect("the template is one of ours");
    ProgressBar::new(length).with_style(style)
}

fn unix_seconds() -> u32 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() as u32)
}
