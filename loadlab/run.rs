//! A run: everybody goes home, does what the mix says for a while, and is judged.

mod arrive;
mod audit;
mod confirm;
mod restart;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};
use indicatif::ProgressBar;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::agenda::Agenda;
use crate::bot::{Bot, Span};
use crate::mix::{Mix, Quarry, Speech};
use crate::oracle::{Money, Stakes};
use crate::process::room_for_sockets;
use crate::report::Report;
use crate::series::Recorder;
use crate::stage::Stage;
use crate::{LabError, read_tokens};

pub(crate) use arrive::{arrive, bar};
pub use restart::{Restart, Restarted};

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
    /// What the mix is called.
    pub name: String,
    pub mix: Mix,
    pub seed: u64,
    pub server_pid: Option<u32>,
    pub restart: Option<Restart>,
    /// For the shell: the server's own audit of its database. It is run after a restart and in the end.
    pub audit: Option<String>,
    /// Whether to draw a progress bar, where there is a terminal.
    pub progress: bool,
}

/// Runs the lab once.
///
/// # Errors
/// [`LabError`] when the bots can't get to their places. What goes wrong afterwards is in the report.
pub async fn run(lab: &Lab) -> Result<Report, LabError> {
    room_for_sockets(lab.mix.bots)?;
    // One more looks at what a restart kept.
    let tokens = read_tokens(&lab.tokens, lab.mix.bots + usize::from(lab.restart.is_some()))?;
    let (bots, stage) = arrive(lab, &tokens).await?;
    audit::look(&bots, &stage, Money::starts).await?;
    confirm::before(&bots, &stage).await?;
    let mut recorder = Recorder::new(Duration::from_secs(lab.mix.secs), lab.server_pid);
    let (bots, restarted) = perform(lab, bots, &stage, &mut recorder).await?;
    if let Some(token) = tokens.get(lab.mix.bots) {
        restart::witness(&stage, token).await.map_err(LabError::Witness)?;
    }
    audit::stop_trading(&bots).await;
    confirm::parties(&bots, &stage).await;
    confirm::fights(&bots, &stage).await?;
    audit::look(&bots, &stage, Money::ends).await?;
    if let Some(command) = &lab.audit {
        audit::audit(&stage, command, "in the end").await;
    }
    leave(bots).await;
    let mut score = stage.score();
    score.lines_acknowledged = score.oracles.channels.counts().0;
    score.looked = score.oracles.area.looked();
    let verdicts = std::mem::take(&mut score.oracles).verdicts(stakes(&lab.mix));
    Ok(Report::new(lab, &score, verdicts, (recorder, restarted)))
}

fn stakes(mix: &Mix) -> Stakes {
    let drops = mix.crowd.iter().any(|crowd| crowd.drops() || crowd.stalls());
    let is_v1 = mix.dialect != Speech::Classic;
    let walks = mix.crowd.iter().any(|crowd| crowd.moves_per_sec > 0.0);
    let raids = mix.crowd.iter().any(|crowd| crowd.fights() && crowd.quarry == Quarry::Guardians);
    Stakes {
        chat: mix.has_chat(),
        drops: drops && is_v1,
        area: walks && is_v1 && mix.watchers > 0,
        captures: raids,
    }
}

/// The measured part. Returns the bots, still connected, and how the server was restarted.
async fn perform(
    lab: &Lab,
    bots: Vec<Bot>,
    stage: &Arc<Stage>,
    recorder: &mut Recorder,
) -> Result<(Vec<Bot>, Option<Restarted>), LabError> {
    let mut dice = Pcg64Mcg::seed_from_u64(lab.seed ^ 0x5eed);
    let start = Instant::now() + Duration::from_millis(200);
    let span = Span { start, end: start + Duration::from_secs(lab.mix.secs) };
    stage.score().running = true;
    let mut lives = JoinSet::new();
    for bot in bots {
        let agenda = Agenda::new(bot.crowd(), bot.index, Pcg64Mcg::seed_from_u64(dice.random()));
        lives.spawn(bot.live(agenda, span));
    }
    let mut striking = JoinSet::new();
    if let Some(restart) = &lab.restart {
        striking.spawn(restart::strike(stage.clone(), restart.clone(), lab.audit.clone(), start));
    }
    let mut restarted = None;
    let bar = bar(lab.progress, lab.mix.secs, "{bar:40} {pos}/{len} s  {msg}");
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let drained = span.end + DRAIN_MAX;
    let mut done = Vec::new();
    loop {
        looks.tick().await;
        let now = Instant::now();
        recorder.look(now.saturating_duration_since(start), &mut stage.score());
        show(&bar, stage, now.saturating_duration_since(start));
        if let Some(struck) = striking.try_join_next() {
            let struck = struck.expect("waiting for a command does not panic")?;
            if let (Some(server), Some(pid)) = (&mut recorder.server, struck.new_pid) {
                server.follow(pid);
            }
            restarted = Some(struck);
        }
        while let Some(bot) = lives.try_join_next() {
            // A bot that panics has said so, and what it is owed is missing.
            done.extend(bot.ok());
        }
        let complete = || lives.is_empty() && striking.is_empty() && stage.score().oracles.is_complete();
        if now > drained || (now > span.end && complete()) {
            break;
        }
    }
    // Before anybody leaves: that would be seen.
    stage.score().oracles.area.conclude();
    lives.abort_all();
    bar.finish_and_clear();
    stage.score().running = false;
    Ok((done, restarted))
}

fn show(bar: &ProgressBar, stage: &Stage, since: Duration) {
    let score = stage.score();
    let counts = &score.counts;
    bar.set_position(since.as_secs());
    bar.set_message(format!(
        "{} steps, {} lines, {} heard, p99 {:.1} ms, {} drops, {} resumed",
        counts.moves_sent,
        counts.lines_sent,
        counts.lines_heard,
        score.times(crate::measure::Timed::Chat).percentiles().p99_ms,
        counts.drops,
        counts.resumes,
    ));
}

async fn leave(bots: Vec<Bot>) {
    for bot in &bots {
        bot.client.leave();
    }
    let gone = stream::iter(bots).for_each_concurrent(None, |bot| async move {
        bot.client.ended().await;
    });
    if timeout(LEAVE_MAX, gone).await.is_err() {
        log::warn!("not all bots could leave within {LEAVE_MAX:?}");
    }
}
