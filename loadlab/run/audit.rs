//! What everybody has, before and after a run; and what the server's own audit says of it.

use std::process::Stdio;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use protocol::CharacterId;
use protocol::inventory::Inventory;
use tokio::process::Command;

use crate::LabError;
use crate::bot::Bot;
use crate::oracle::Money;
use crate::stage::Stage;

/// So many are asked at the same time.
const LOOKS_AT_ONCE: usize = 64;
/// Of what a failed audit said, so much is told.
const SAID_CHARS_MAX: usize = 400;

/// Asks all who trade what they have, and notes it.
///
/// # Errors
/// [`LabError::Bot`] when one can't say.
pub(super) async fn look(
    bots: &[Bot],
    stage: &Arc<Stage>,
    note: fn(&mut Money, usize, CharacterId, &Inventory),
) -> Result<(), LabError> {
    let looks = bots.iter().filter(|bot| bot.trades()).map(|bot| async move {
        let all = bot.client.inventory().await.map_err(|error| LabError::Bot { bot: bot.index, error })?;
        note(&mut stage.score().oracles.money, bot.index, bot.character, &all);
        Ok(())
    });
    stream::iter(looks).buffer_unordered(LOOKS_AT_ONCE).try_collect().await
}

pub(super) async fn stop_trading(bots: &[Bot]) {
    stream::iter(bots).for_each_concurrent(LOOKS_AT_ONCE, Bot::stop_trading).await;
}

/// Runs the audit.
pub(super) async fn audit(stage: &Stage, command: &str, when: &str) {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(command).stdin(Stdio::null());
    let outcome = match shell.output().await {
        Ok(output) if output.status.success() => Ok(()),
        Ok(output) => {
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            Err(format!("{}: {}", output.status, said.chars().take(SAID_CHARS_MAX).collect::<String>()))
        }
        Err(error) => Err(error.to_string()),
    };
    stage.score().oracles.audits.audited(when, outcome);
}
