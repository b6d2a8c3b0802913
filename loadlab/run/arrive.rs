//! The way to a run: everybody signs in and goes home.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt, stream};
use indicatif::{ProgressBar, ProgressStyle};
use protocol::chat::Channel;
use protocol::ids::CrystalShardId;
use protocol::{ErrorCode, LocationId};

use crate::LabError;
use crate::bot::{Bot, Role};
use crate::measure::Score;
use crate::mix::Quarry;
use crate::oracle::{Channels, Group, Oracles};
use crate::plan;
use crate::run::Lab;
use crate::stage::Stage;
use crate::tokens::Token;

/// So many sign in at the same time.
const ARRIVING_AT_ONCE: usize = 24;

/// Signs everybody in and sends them home.
pub(crate) async fn arrive(lab: &Lab, tokens: &[Token]) -> Result<(Vec<Bot>, Arc<Stage>), LabError> {
    let mix = &lab.mix;
    // Not from the seed: lines of an earlier run with the same one may be in the history.
    let run = rand::random::<u32>();
    let score = Score::new(Oracles::default());
    let stage = Arc::new(Stage::new(lab.url.clone(), mix.clone(), (lab.seed, run), score));
    let crowds = mix.roster().map_err(|why| LabError::Mix { path: lab.name.clone(), why })?;
    let (homes, market) = (plan::homes(mix.bots, mix.group), plan::market(mix.bots, mix.group));
    let bar = bar(lab.progress, mix.bots as u64, "{bar:40} {pos}/{len} bots are home {elapsed}");
    let roles = tokens.iter().zip(homes).zip(crowds).enumerate();
    let arriving = roles.map(|(index, ((token, home), crowd))| {
        let home = if mix.crowd[crowd].trades() || mix.crowd[crowd].groups() || mix.crowd[crowd].fights() {
            market[index]
        } else {
            home
        };
        let (stage, bar) = (stage.clone(), bar.clone());
        async move {
            let bot = Bot::enter(stage, Role { index, crowd, token, home }).await;
            bar.inc(1);
            bot.map_err(|error| LabError::Bot { bot: index, error })
        }
    });
    let mut bots: Vec<Bot> = stream::iter(arriving).buffer_unordered(ARRIVING_AT_ONCE).try_collect().await?;
    bar.finish_and_clear();
    bots.sort_by_key(|bot| bot.index);
    stage.cast.get_or_init(|| bots.iter().map(|bot| bot.character).collect());
    muster(&mut bots, &stage).await?;
    stage.score().oracles.channels = Channels::new(&groups(&bots));
    Ok((bots, stage))
}

/// Who fights goes where there is somebody to fight, with those it fights along with.
async fn muster(bots: &mut [Bot], stage: &Arc<Stage>) -> Result<(), LabError> {
    let Some(first) = bots.iter().find(|bot| bot.crowd().fights()) else { return Ok(()) };
    let failed = |bot: usize| move |error| LabError::Bot { bot, error };
    let shards = first.client.get_shards().await.map_err(failed(first.index))?;
    let places: Vec<(CrystalShardId, String, LocationId)> = shards
        .into_iter()
        .filter_map(|shard| Some((shard.id, shard.guardian_name, shard.location_id?)))
        .collect();
    let (mut bands, mut homes) = (Vec::new(), BTreeMap::new());
    for quarry in [Quarry::Enemies, Quarry::Guardians] {
        let of = |bot: &&Bot| bot.crowd().fights() && bot.crowd().quarry == quarry;
        let fighters: Vec<_> = bots.iter().filter(of).map(|bot| (bot.index, bot.faction.clone())).collect();
        for (number, band) in plan::bands(&fighters, quarry == Quarry::Guardians).into_iter().enumerate() {
            let prize = places.get(plan::prize_of(number, places.len())).map(|(_, _, location)| *location);
            let home = match quarry {
                Quarry::Guardians => prize.unwrap_or(plan::WILDERNESS),
                Quarry::Enemies => plan::WILDERNESS,
            };
            homes.extend(band.iter().map(|bot| (*bot, home)));
            bands.push(band);
        }
    }
    stage.bands.get_or_init(|| bands);
    stage.prizes.get_or_init(|| places.into_iter().map(|(id, guardian, _)| (id, guardian)).collect());
    let going = bots.iter_mut().filter_map(|bot| Some((*homes.get(&bot.index)?, bot)));
    let going = going.map(|(home, bot)| async move {
        let index = bot.index;
        match bot.go_to(home).await {
            Ok(()) => bot.home = home,
            Err(error) if error.code() == Some(ErrorCode::AreaFull) => {
                bot.stage.score().counts.areas_full += 1;
            }
            Err(error) => return Err(LabError::Bot { bot: index, error }),
        }
        Ok(())
    });
    stream::iter(going).buffer_unordered(ARRIVING_AT_ONCE).try_collect().await
}

/// Who hears whom in the channels that somebody talks in.
fn groups(bots: &[Bot]) -> Vec<Group> {
    let mut groups: BTreeMap<(Channel, String), Vec<usize>> = BTreeMap::new();
    let talkers = bots.iter().filter(|bot| bot.crowd().chat_every_secs > 0.0);
    let mut channels: Vec<Channel> = talkers.map(|bot| bot.crowd().channel).collect();
    channels.sort_unstable();
    channels.dedup();
    for channel in channels {
        for bot in bots {
            let room = match channel {
                Channel::Faction => bot.faction.clone(),
                Channel::Say => bot.home.to_string(),
                _ => String::new(),
            };
            groups.entry((channel, room)).or_default().push(bot.index);
        }
    }
    groups.into_iter().map(|((channel, _), members)| Group { channel, members }).collect()
}

pub(crate) fn bar(wanted: bool, length: u64, template: &str) -> ProgressBar {
    if !wanted {
        return ProgressBar::hidden();
    }
    let style = ProgressStyle::with_template(template).expect("the template is one of ours");
    ProgressBar::new(length).with_style(style)
}
