//! A restart in the middle of a run, and the look at what was kept.

use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::{Client, ClientError, Options, hear};
use protocol::chat::Channel;
use tokio::process::Command;
use tokio::time::{Instant, sleep_until};

use crate::LabError;
use crate::bot::page;
use crate::oracle::Page;
use crate::stage::{Stage, Strike};
use crate::tokens::Token;

/// How the server is restarted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Restart {
    /// For the shell. It ends the server and starts it again on the same port; the last line it prints is the new
    /// process's id.
    pub command: String,
    /// So long after the start of the run.
    pub after: Duration,
    /// The server is asked to stop (SIGTERM): sessions must go on. Otherwise it is killed, and they may end.
    pub planned: bool,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Restarted {
    /// Seconds since the start of the run.
    pub at_secs: f64,
    /// How long the command took.
    pub took_secs: f64,
    pub planned: bool,
    pub new_pid: Option<u32>,
}

/// Waits for the moment and restarts the server.
///
/// # Errors
/// [`LabError::Restart`] when the command fails.
pub(super) async fn strike(
    stage: Arc<Stage>,
    restart: Restart,
    audit: Option<String>,
    start: Instant,
) -> Result<Restarted, LabError> {
    sleep_until(start + restart.after).await;
    let began = Instant::now();
    {
        let mut score = stage.score();
        score.strike = Some(Strike { at: stage.since(began), planned: restart.planned });
        score.oracles.kept.struck();
        score.oracles.area.struck();
    }
    let failed = |why: String| LabError::Restart { command: restart.command.clone(), why };
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(&restart.command).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = shell.output().await.map_err(|error| failed(error.to_string()))?;
    if !output.status.success() {
        return Err(failed(output.status.to_string()));
    }
    if let Some(command) = &audit {
        super::audit::audit(&stage, command, "after the restart").await;
    }
    let said = String::from_utf8_lossy(&output.stdout);
    Ok(Restarted {
        at_secs: (began - start).as_secs_f64(),
        took_secs: began.elapsed().as_secs_f64(),
        planned: restart.planned,
        new_pid: said.lines().last().and_then(|line| line.trim().parse().ok()),
    })
}

/// Somebody who was not there before reads what the global channel's history shows.
pub(super) async fn witness(stage: &Stage, token: &Token) -> Result<(), ClientError> {
    let options = Options { patience: Duration::from_secs(30), ..Options::default() };
    let client = Client::connect_with_token(&stage.url, &token.session_token, options).await?;
    let (pages, run): (Arc<Mutex<Vec<Page>>>, u32) = (Arc::default(), stage.run);
    let heard = pages.clone();
    client.on::<hear::ChatHistory>(move |history| {
        if history.channel == Channel::Global {
            heard.lock().unwrap_or_else(PoisonError::into_inner).push(page(run, history));
        }
    });
    client.select_character(token.character_id).await?;
    // The room hears one after the other: who is answered by it has been shown its history.
    client.send_chat("The load lab looks at what was kept.").await?;
    client.disconnect().await;
    let mut score = stage.score();
    for page in pages.lock().unwrap_or_else(PoisonError::into_inner).iter() {
        score.oracles.kept.shown(page);
    }
    Ok(())
}
