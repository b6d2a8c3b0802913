//! When nothing happens any more: what bots believe, held against what the server says.

use std::sync::Arc;
use std::time::Duration;

use client::ClientError;
use futures_util::{StreamExt, TryStreamExt, stream};
use protocol::ErrorCode;
use protocol::characters::Progression;
use protocol::inventory::Inventory;
use tokio::time::{Instant, sleep};

use crate::LabError;
use crate::bot::Bot;
use crate::oracle::Sheet;
use crate::stage::Stage;

/// So many are asked at the same time.
const ASKED_AT_ONCE: usize = 64;
/// How long what was on its way may take.
const PATIENCE: Duration = Duration::from_secs(10);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// Waits until all members of each party believe the same of it, or do not in the end; then asks the server.
pub(super) async fn parties(bots: &[Bot], stage: &Arc<Stage>) {
    let doubts = bots.iter().map(|bot| async move {
        let doubtful = stage.score().oracles.parties.doubtful(bot.index);
        let Some(party) = doubtful else { return };
        // Nobody tells who was away that he is out of it: he is not told of any.
        let said = bot.client.get_party(party).await;
        if said.map_or_else(|error| is_gone(&error), |view| !view.member_ids.contains(&bot.character)) {
            stage.score().oracles.parties.out(bot.index, party);
        }
    });
    stream::iter(doubts).buffer_unordered(ASKED_AT_ONCE).collect::<Vec<()>>().await;
    let until = Instant::now() + PATIENCE;
    while !stage.score().oracles.parties.disagreements().is_empty() && Instant::now() < until {
        sleep(LOOK_EVERY).await;
    }
    let grouped = bots.iter().filter(|bot| bot.crowd().groups() || bot.crowd().fights());
    let asks = grouped.map(|bot| async move {
        let party = stage.score().oracles.parties.party_of(bot.index).map(|party| party.party_id);
        let Some(party) = party else { return };
        let said = match bot.client.get_party(party).await {
            Ok(view) => Some((view.id, view.leader_id, view.member_ids)),
            Err(error) if is_gone(&error) => None,
            Err(error) => return stage.score().trouble(format!("asking for a party: {error}")),
        };
        stage.score().oracles.parties.confirmed(bot.index, said);
    });
    stream::iter(asks).buffer_unordered(ASKED_AT_ONCE).collect::<Vec<()>>().await;
}

fn is_gone(error: &ClientError) -> bool {
    error.code() == Some(ErrorCode::NotFound)
}

/// What everybody who fights has before, and who took which crystal shard before.
pub(super) async fn before(bots: &[Bot], stage: &Arc<Stage>) -> Result<(), LabError> {
    // Somebody may have been lain in wait for.
    stream::iter(fighters(bots)).for_each_concurrent(None, Bot::finish_fighting).await;
    let looks = fighters(bots).map(|bot| async move {
        let (progression, all) = look(bot).await?;
        stage.score().oracles.spoils.starts(bot.index, &progression, &all);
        Ok(())
    });
    stream::iter(looks).buffer_unordered(ASKED_AT_ONCE).try_collect::<()>().await?;
    captures(bots, stage, false).await
}

/// The same afterwards, when all fights are over and what they left is in effect.
pub(super) async fn fights(bots: &[Bot], stage: &Arc<Stage>) -> Result<(), LabError> {
    stream::iter(fighters(bots)).for_each_concurrent(None, Bot::finish_fighting).await;
    let until = Instant::now() + PATIENCE;
    let looks = fighters(bots).map(|bot| async move {
        loop {
            let (progression, all) = look(bot).await?;
            let sheet = Sheet::of(&progression, &all);
            let is_settled = stage.score().oracles.spoils.is_settled(bot.index, &sheet);
            if is_settled || Instant::now() >= until {
                stage.score().oracles.spoils.ends(bot.index, sheet);
                return Ok(());
            }
            sleep(LOOK_EVERY).await;
        }
    });
    stream::iter(looks).buffer_unordered(ASKED_AT_ONCE).try_collect::<()>().await?;
    captures(bots, stage, true).await?;
    while !stage.score().oracles.captures.is_settled() && Instant::now() < until {
        sleep(LOOK_EVERY).await;
    }
    let mut score = stage.score();
    score.counts.captures = score.oracles.captures.taken();
    Ok(())
}

fn fighters(bots: &[Bot]) -> impl Iterator<Item = &Bot> {
    bots.iter().filter(|bot| bot.crowd().fights())
}

async fn look(bot: &Bot) -> Result<(Progression, Inventory), LabError> {
    let failed = |error| LabError::Bot { bot: bot.index, error };
    let all = bot.client.inventory().await.map_err(failed)?;
    let characters = bot.client.characters().await.map_err(failed)?;
    let own = characters.into_iter().find(|character| character.id == bot.character);
    let own = own.ok_or_else(|| failed(ClientError::Malformed("its character is not listed".to_owned())))?;
    Ok((own.progression, all))
}

async fn captures(bots: &[Bot], stage: &Arc<Stage>, is_end: bool) -> Result<(), LabError> {
    let Some(bot) = fighters(bots).next() else { return Ok(()) };
    for (shard, _) in stage.prizes.get().into_iter().flatten() {
        let history = bot.client.get_shard_history(*shard).await;
        let history = history.map_err(|error| LabError::Bot { bot: bot.index, error })?;
        stage.score().oracles.captures.recorded(*shard, &history, is_end);
    }
    Ok(())
}
