//! One bot: signs in, goes home, and lives by its agenda.

mod account;
mod act;
mod fight;
mod listen;
mod party;
mod senses;
mod stay;
mod trade;

use std::sync::Arc;
use std::time::Duration;

use client::{Backoff, Client, ClientError, Options};
use protocol::movement::Move;
use protocol::{CharacterId, ClientMessage, ErrorCode, LocationId, codec};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use tokio::sync::watch;
use tokio::time::Instant;

use crate::measure::Timed;
use crate::mix::Crowd;
use crate::plan::{self, Home};
use crate::stage::Stage;
use crate::tokens::Token;
use crate::walk::Walker;
pub(crate) use act::Span;
pub(crate) use listen::page;

use account::Account;
use senses::{Senses, SharedSenses};

/// What most bots need of the others' movements: nothing. In v1 their own corrections are events, which begin with
/// `seq`.
const OTHERS_MOVES: [&str; 2] = ["character_update", "area_update"];

/// What the kernel may hold for a bot that does not read, so that the server notices it soon.
const SLOW_BUFFER_BYTES: u32 = 4096;

/// A player in the world.
#[derive(Debug)]
pub(crate) struct Bot {
    pub index: usize,
    pub client: Client,
    pub stage: Arc<Stage>,
    pub walker: Walker,
    pub character: CharacterId,
    pub faction: String,
    /// Where it is at home.
    pub home: LocationId,
    crowd: usize,
    account: Account,
    senses: SharedSenses,
    /// Whether it is to stop reading.
    stop: watch::Sender<bool>,
    said: u64,
    stepped: Option<Instant>,
    trader: Option<trade::Trader>,
    comrade: Option<party::Comrade>,
    fighter: Option<fight::Fighter>,
}

/// Who a bot is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Role<'a> {
    pub index: usize,
    /// Its crowd's, among the mix's.
    pub crowd: usize,
    pub token: &'a Token,
    pub home: Home,
}

impl Bot {
    /// Signs in and enters the world, at home.
    pub async fn enter(stage: Arc<Stage>, role: Role<'_>) -> Result<Self, ClientError> {
        let crowd = stage.crowd(role.crowd);
        let options = options(&stage, role.index, crowd);
        let account = match crowd.sign_out_every_secs > 0.0 {
            true => Account::make(&stage, role.index).await?,
            false => Account::minted(role.token),
        };
        let client = account.connect(&stage.url, options).await?;
        let dice = Pcg64Mcg::seed_from_u64(stage.seed.wrapping_add(role.index as u64));
        let mut bot = Self {
            index: role.index,
            client,
            walker: Walker::new(role.home.middle, crowd.roam_m, dice),
            character: account.character(),
            faction: String::new(),
            home: role.home.location,
            crowd: role.crowd,
            account,
            senses: Senses::shared(),
            stop: watch::Sender::new(false),
            said: 0,
            stepped: None,
            trader: None,
            comrade: None,
            fighter: None,
            stage,
        };
        if let Some(character) = bot.account.character_to_make() {
            bot.character = character.create(&bot.client).await?;
        }
        bot.listen();
        bot.trade_with_whom_asks();
        bot.join_whom_invites();
        bot.fight_along();
        bot.faction = bot.client.select_character(bot.character).await?.faction;
        bot.go_home(role.home).await?;
        Ok(bot)
    }

    pub fn crowd(&self) -> &Crowd {
        self.stage.crowd(self.crowd)
    }

    /// Walks to where it would be at `due`, and says so. `merged` steps before it were not taken.
    pub async fn step(&mut self, due: Instant, merged: u32) {
        let truth = self.senses.get().correction.take();
        if let Some(truth) = truth {
            self.walker.correct(truth);
        }
        let before = self.stepped.replace(due).unwrap_or(due);
        let secs = due.saturating_duration_since(before).as_secs_f64();
        let (position, velocity) = self.walker.step(secs);
        // Who has no connection tells nobody: what is only told is not kept for later.
        if self.senses.get().away {
            return;
        }
        {
            let mut score = self.stage.score();
            score.counts.moves_sent += 1;
            score.counts.moves_skipped += u64::from(merged);
            score.oracles.area.steps(self.index, position, self.stage.since(due));
        }
        // Where it ended for good, its handlers have said so.
        self.client.send_position_update(position, Some(velocity)).await.ok();
    }

    /// Along the ways between the locations, all of which lead through the Nexus.
    async fn go_home(&mut self, home: Home) -> Result<(), ClientError> {
        match self.go_to(home.location).await {
            Err(error) if error.code() == Some(ErrorCode::AreaFull) => {
                self.stage.score().counts.areas_full += 1;
                self.home = plan::elsewhere(self.index);
                self.go_to(self.home).await
            }
            other => other,
        }
    }

    /// Goes to a location, to where the walker is. Steps out and in again where one is there already, because
    /// only who enters may choose where.
    pub async fn go_to(&mut self, location: LocationId) -> Result<(), ClientError> {
        let here = self.client.location().unwrap_or(plan::NEXUS);
        if here == location {
            self.travel(plan::neighbour(location)).await?;
        } else if here != plan::NEXUS && location != plan::NEXUS {
            self.travel(plan::NEXUS).await?;
        }
        self.travel(location).await
    }

    async fn travel(&mut self, to: LocationId) -> Result<(), ClientError> {
        let (began, position) = (Instant::now(), self.walker.position());
        {
            let oracles = &mut self.stage.score().oracles;
            oracles.kept.sets_out(self.index);
            oracles.area.sets_out(self.index, to, position, self.stage.since(began));
        }
        let message = ClientMessage::Move(Move {
            from_location_id: None,
            to_location_id: to,
            position: Some(position),
            velocity: None,
        });
        let answer = self.client.request(message).await;
        let mut score = self.stage.score();
        if let Err(error) = answer {
            score.oracles.area.turns_back(self.index);
            return Err(error);
        }
        score.time(Timed::Travel, began.elapsed());
        score.oracles.kept.arrived(self.index, to);
        score.oracles.area.is_let_in(self.index, to);
        Ok(())
    }
}

/// Whether a bot reads what it is shown of others.
pub(crate) fn is_watcher(stage: &Stage, index: usize) -> bool {
    let (bots, watchers) = (stage.mix.bots, stage.mix.watchers.min(stage.mix.bots));
    index * watchers / bots != (index + 1) * watchers / bots
}

fn options(stage: &Stage, index: usize, crowd: &Crowd) -> Options {
    let skips = !is_watcher(stage, index) && !stage.is_classic();
    let dialect = stage.mix.dialect.dialect();
    let others =
        move |wire: &[u8]| OTHERS_MOVES.iter().any(|name| codec::begins_with_type(dialect, name, wire));
    let mut options = Options {
        dialect,
        skip: skips.then(|| Arc::new(others) as client::Skip),
        read_buffer_bytes: 8 * 1024,
        patience: Duration::from_secs(30),
        // Whoever does not read, holds up everything at once.
        inbox_max: if crowd.stalls() { 1 } else { 256 },
        // A game waits longer at first. Here the rush is the point.
        reconnect: Some(Backoff { first: Duration::from_millis(50), ..Backoff::default() }),
        ..Options::default()
    };
    options.receive_buffer_bytes = crowd.stalls().then_some(SLOW_BUFFER_BYTES);
    options
}

#[cfg(test)]
mod tests {
    use super::is_watcher;
    use crate::measure::Score;
    use crate::mix::scenario;
    use crate::oracle::Oracles;
    use crate::stage::Stage;

    #[test]
    fn as_many_watch_as_asked_for() {
        for (bots, watchers, expected) in [(100, 20, 20), (7, 3, 3), (5, 20, 5), (5, 0, 0)] {
            let mut mix = scenario("walk").unwrap();
            (mix.bots, mix.watchers) = (bots, watchers);
            let stage = Stage::new(String::new(), mix, (1, 1), Score::new(Oracles::default()));
            assert_eq!((0..bots).filter(|index| is_watcher(&stage, *index)).count(), expected);
        }
    }
}
