//! One bot: signs in, goes home, listens, walks and talks.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use client::{Client, ClientError, Notice, Options, hear};
use protocol::movement::{Move, Position};
use protocol::{CharacterId, ClientMessage, Dialect, ErrorCode, LocationId, codec};
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;
use tokio::time::{Instant, sleep_until};

use crate::measure::Score;
use crate::oracle::Line;
use crate::plan::{self, Home};
use crate::tokens::Token;
use crate::walk::Walker;

/// What bots need of the others' movements: nothing. Their own corrections are events, which begin with `seq`.
const OTHERS_MOVES: &str = "character_update";

/// What all bots of a run share.
#[derive(Debug)]
pub(crate) struct Lab {
    pub url: String,
    pub dialect: Dialect,
    /// Sets this run's lines apart from what else is said.
    pub run: u32,
    /// The zero of all times in lines.
    pub epoch: Instant,
    pub characters: Vec<CharacterId>,
    pub score: Mutex<Score>,
}

impl Lab {
    pub fn score(&self) -> MutexGuard<'_, Score> {
        self.score.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A line of chat that carries who said it as which, and when it should have been sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Spoken {
    line: Line,
    intended: Duration,
}

impl Spoken {
    fn text(self, run: u32) -> String {
        format!("lab {run:08x} {} {} {}", self.line.bot, self.line.number, self.intended.as_micros())
    }

    fn parse(run: u32, text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        if words.next()? != "lab" || u32::from_str_radix(words.next()?, 16).ok()? != run {
            return None;
        }
        let line = Line { bot: words.next()?.parse().ok()?, number: words.next()?.parse().ok()? };
        Some(Self { line, intended: Duration::from_micros(words.next()?.parse().ok()?) })
    }
}

/// A player in the world.
pub(crate) struct Bot {
    pub index: usize,
    pub client: Client,
    pub lab: Arc<Lab>,
    pub walker: Walker,
    /// Where the server says one is, after a rejected move.
    correction: Arc<Mutex<Option<Position>>>,
}

impl Bot {
    /// Signs in and enters the world, at home.
    pub async fn enter(
        lab: Arc<Lab>,
        index: usize,
        token: &Token,
        home: Home,
        seed: u64,
    ) -> Result<Self, ClientError> {
        let dialect = lab.dialect;
        let options = Options {
            dialect,
            skip: Some(Arc::new(move |wire: &[u8]| codec::begins_with_type(dialect, OTHERS_MOVES, wire))),
            read_buffer_bytes: 8 * 1024,
            patience: Duration::from_secs(30),
            ..Options::default()
        };
        let client = Client::connect_with_token(&lab.url, &token.session_token, options).await?;
        let correction = Arc::new(Mutex::new(None));
        let dice = Pcg64Mcg::seed_from_u64(seed.wrapping_add(index as u64));
        let mut bot = Self { index, client, lab, walker: Walker::new(home.middle, dice), correction };
        bot.listen(token.character_id);
        bot.client.select_character(token.character_id).await?;
        bot.go_home(home).await?;
        Ok(bot)
    }

    fn listen(&self, me: CharacterId) {
        let (lab, ear) = (self.lab.clone(), self.index);
        self.client.on::<hear::Chat>(move |chat| {
            let Some(spoken) = Spoken::parse(lab.run, &chat.content) else { return };
            let took = lab.epoch.elapsed().saturating_sub(spoken.intended);
            let mut score = lab.score();
            score.delivery.record(took);
            score.oracle.heard(ear, spoken.line, chat.chat_id);
            if lab.characters.get(spoken.line.bot) != Some(&chat.sender_id) {
                score.oracle.strange(format!("{:?} came from character {}", spoken.line, chat.sender_id));
            }
        });
        let lab = self.lab.clone();
        self.client.on::<hear::Error>(move |error| {
            let mut score = lab.score();
            match error.error_code {
                ErrorCode::MoveRejected => score.counts.moves_rejected += 1,
                code => score.trouble(format!("{code}: {}", error.error_message)),
            }
        });
        let correction = self.correction.clone();
        self.client.on::<hear::CharacterUpdate>(move |update| {
            if update.character_id == me {
                *correction.lock().unwrap_or_else(PoisonError::into_inner) = update.position;
            }
        });
        let (lab, ear, mut away) = (self.lab.clone(), self.index, false);
        self.client.on_notice(move |notice| {
            let mut score = lab.score();
            if score.running {
                note(&mut score, ear, notice, &mut away);
            }
        });
    }

    /// Along the ways between the locations, all of which lead through the Nexus.
    async fn go_home(&mut self, home: Home) -> Result<(), ClientError> {
        match self.go_to(home.location).await {
            Err(error) if error.code() == Some(ErrorCode::AreaFull) => {
                self.lab.score().counts.areas_full += 1;
                self.go_to(plan::elsewhere(self.index)).await
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
        let began = Instant::now();
        let message = ClientMessage::Move(Move {
            from_location_id: None,
            to_location_id: to,
            position: Some(self.walker.position()),
            velocity: None,
        });
        self.client.request(message).await?;
        self.lab.score().travel_answer.record(began.elapsed());
        Ok(())
    }

    /// Walks until `end`, at `rate` moves a second from `start` on.
    pub async fn walk(&mut self, start: Instant, end: Instant, rate: f64) {
        let every = Duration::from_secs_f64(1.0 / rate);
        // Spread within the period, so that the server is not hit by all of them at once.
        let mut intended = start + every.mul_f64(f64::from(self.index as u32 % 97) / 97.0);
        let mut before = intended;
        while intended < end {
            sleep_until(intended).await;
            let late = Instant::now().saturating_duration_since(intended);
            let skipped = (late.as_secs_f64() / every.as_secs_f64()) as u32;
            intended += every * skipped;
            let secs = (intended - before).as_secs_f64();
            before = intended;
            if let Some(truth) = self.correction.lock().unwrap_or_else(PoisonError::into_inner).take() {
                self.walker.correct(truth);
            }
            let (position, velocity) = self.walker.step(secs);
            let sent = self.client.send_position_update(position, Some(velocity)).await;
            {
                let mut score = self.lab.score();
                score.counts.moves_sent += 1;
                score.counts.moves_skipped += u64::from(skipped);
            }
            if sent.is_err() {
                return;
            }
            intended += every;
        }
    }
}

/// What a bot's connection went through. Only who had to sign in anew, or was told of a gap, is excused.
fn note(score: &mut Score, ear: usize, notice: &Notice, away: &mut bool) {
    match notice {
        Notice::Reconnecting { attempt, why, .. } => {
            *away = true;
            score.counts.drops += u64::from(*attempt == 1);
            score.trouble(format!("connection lost: {why}"));
        }
        Notice::Resumed => {
            *away = false;
            score.counts.resumes += 1;
        }
        Notice::Reconnected => {
            *away = false;
            score.counts.reconnects += 1;
            score.oracle.excuse(ear);
        }
        Notice::Ended(end) => {
            score.trouble(format!("ended: {end}"));
            score.oracle.excuse(ear);
        }
        // Told before the bot is back; at any other time it is a fault.
        Notice::Missed { .. } if *away => {
            score.counts.gaps += 1;
            score.oracle.excuse(ear);
        }
        other => score.oracle.strange(format!("bot {ear}: {other:?}")),
    }
}

/// Cuts the connection now and then, on average once in `every`.
pub(crate) async fn drop_out(
    client: Client,
    (start, end): (Instant, Instant),
    every: Duration,
    mut dice: Pcg64Mcg,
) {
    let mut next = start + every.mul_f64(dice.random_range(0.0..2.0));
    while next < end {
        sleep_until(next).await;
        client.cut();
        next += every.mul_f64(dice.random_range(0.0..2.0));
    }
}

/// Talks until `end`: a line every `every`, the first after `phase`. A late answer delays nothing that is
/// measured: each line carries when it should have been sent.
pub(crate) async fn talk(
    lab: Arc<Lab>,
    client: Client,
    bot: usize,
    (start, end): (Instant, Instant),
    (phase, every): (Duration, Duration),
) {
    let mut intended = start + phase;
    let mut number = 0;
    while intended < end {
        sleep_until(intended).await;
        let line = Line { bot, number };
        let spoken = Spoken { line, intended: intended - lab.epoch };
        lab.score().counts.lines_sent += 1;
        let answer = client.send_chat(spoken.text(lab.run)).await;
        let mut score = lab.score();
        match answer {
            Ok(chat) => {
                score.chat_answer.record(intended.elapsed());
                score.oracle.acknowledged(line, chat.chat_id);
            }
            Err(ClientError::Refused { code, message, .. }) => score.trouble(format!("{code}: {message}")),
            Err(error) => score.trouble(error.to_string()),
        }
        drop(score);
        number += 1;
        intended += every;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use client::Notice;

    use super::{Spoken, note};
    use crate::measure::Score;
    use crate::oracle::Line;

    #[test]
    fn a_line_is_understood_by_its_own_run_only() {
        let spoken = Spoken { line: Line { bot: 3, number: 4 }, intended: Duration::from_micros(5_000_001) };
        assert_eq!(Spoken::parse(7, &spoken.text(7)), Some(spoken));
        assert_eq!(Spoken::parse(8, &spoken.text(7)), None);
        assert_eq!(Spoken::parse(7, "hello"), None);
    }

    #[test]
    fn only_whose_session_ended_or_has_a_gap_is_excused() {
        let reconnecting =
            || Notice::Reconnecting { attempt: 1, wait: Duration::ZERO, why: "a test".to_owned() };
        let missed = || Notice::Missed { from_seq: 1, to_seq: 2 };
        let bots: [(&[Notice], bool, bool); 4] = [
            (&[reconnecting(), Notice::Resumed], false, true),
            (&[reconnecting(), missed(), Notice::Resumed], true, true),
            (&[reconnecting(), Notice::Reconnected], true, true),
            (&[reconnecting(), Notice::Resumed, missed()], false, false),
        ];
        for (notices, excused, clean) in bots {
            let (mut score, mut away) = (Score::new(1), false);
            for notice in notices {
                note(&mut score, 0, notice, &mut away);
            }
            assert_eq!(score.counts.drops, 1);
            let verdict = score.oracle.verdict();
            assert_eq!((verdict.not_judged == 1, verdict.is_clean()), (excused, clean), "{notices:?}");
        }
    }
}
