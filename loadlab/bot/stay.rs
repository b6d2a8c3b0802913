//! Coming and going: a bot leaves, or signs out, stays away for a while, and comes back.

use std::time::Duration;

use client::ClientError;
use tokio::time::{Instant, sleep_until};

use crate::bot::{Bot, options};
use crate::measure::Timed;
use crate::oracle::Break;

/// Whoever can't come back tries again after so long.
const TRY_AGAIN: Duration = Duration::from_millis(500);

impl Bot {
    /// Says goodbye, and comes back with the same token.
    pub(super) async fn leave(&mut self, due: Instant, end: Instant) {
        self.senses.get().leaving = true;
        self.client.disconnect().await;
        self.stay_away(due, end).await;
    }

    /// Ends its session, and signs in by password.
    pub(super) async fn sign_out(&mut self, due: Instant, end: Instant) {
        self.senses.get().leaving = true;
        if let Err(error) = self.client.logout().await {
            self.stage.score().trouble(format!("signing out: {error}"));
            self.client.disconnect().await;
        }
        self.stay_away(due, end).await;
    }

    async fn stay_away(&mut self, due: Instant, end: Instant) {
        {
            let mut score = self.stage.score();
            score.counts.departures += 1;
            score.oracles.channels.interrupted(self.index, Break::Away);
            score.oracles.interrupted(self.index);
        }
        let back = due + Duration::from_secs_f64(self.crowd().away_secs);
        let mut next = back;
        loop {
            sleep_until(next).await;
            match self.come_back().await {
                Ok(()) => break,
                Err(error) => self.stage.score().trouble(format!("signing in: {error}")),
            }
            next = Instant::now() + TRY_AGAIN;
            if next >= end {
                return;
            }
        }
        {
            let mut score = self.stage.score();
            score.counts.sign_ins += 1;
            score.time(Timed::SignIn, back.elapsed());
        }
        let mut senses = self.senses.get();
        (senses.leaving, senses.away, senses.dropped) = (false, false, None);
        senses.back = self.stage.since(Instant::now());
    }

    async fn come_back(&mut self) -> Result<(), ClientError> {
        let options = options(&self.stage, self.index, self.crowd());
        self.client = self.account.connect(&self.stage.url, options).await?;
        self.listen();
        self.trade_with_whom_asks();
        self.join_whom_invites();
        self.fight_along();
        self.client.select_character(self.character).await.map(drop)
    }
}
