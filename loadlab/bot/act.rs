//! A bot lives by its agenda: everything at its time, whether or not what came before was answered.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use client::ClientError;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use protocol::chat::Channel;
use tokio::time::{Instant, sleep_until};

use crate::agenda::{Act, Agenda};
use crate::bot::Bot;
use crate::measure::Timed;
use crate::oracle::Line;
use crate::plan;
use crate::stage::{Spoken, Stage};

/// The SDK lets so many commands wait for answers; beyond that the bot falls behind, which is measured.
const OPEN_MAX: usize = 64;

type Open = Pin<Box<dyn Future<Output = ()> + Send>>;

/// From when until when the bots act.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub start: Instant,
    pub end: Instant,
}

impl Bot {
    /// Acts until the end, and waits for the last answers. The bot still listens then.
    pub async fn live(mut self, mut agenda: Agenda, span: Span) -> Self {
        let mut open = FuturesUnordered::new();
        while let Some((due, _)) = agenda.next() {
            let due = span.start + due;
            if due >= span.end {
                break;
            }
            let mut waits = true;
            while waits {
                tokio::select! {
                    () = sleep_until(due), if open.len() < OPEN_MAX => waits = false,
                    Some(()) = open.next() => {}
                }
            }
            let Some((_, act)) = agenda.take() else { break };
            if matches!(act, Act::Leave | Act::SignOut) {
                while open.next().await.is_some() {}
            }
            let Some(mut command) = self.act(act, due, &mut agenda, span).await else { continue };
            // Sent at once, and not when the list is looked through.
            if poll_fn(|context| Poll::Ready(command.as_mut().poll(context))).await.is_pending() {
                open.push(command);
            }
        }
        while open.next().await.is_some() {}
        self
    }

    /// Does what is due. Returns what is left to wait for.
    async fn act(&mut self, act: Act, due: Instant, agenda: &mut Agenda, span: Span) -> Option<Open> {
        let now = Instant::now();
        self.stage.score().time(Timed::Lag, now.saturating_duration_since(due));
        match act {
            Act::Step => {
                let since = |at: Instant| at.saturating_duration_since(span.start);
                let (latest, merged) = agenda.merge(Act::Step, since(due), since(now));
                self.step(span.start + latest, merged).await;
            }
            Act::Travel => {
                self.wander_off().await;
                agenda.skip(Instant::now().saturating_duration_since(span.start));
            }
            Act::Talk => return Some(self.talk(due)),
            Act::Ping => return Some(self.ping(due)),
            Act::Trade => return self.begin_trade(due),
            Act::Fight => return self.begin_fight(due),
            Act::Party => return self.group(due),
            Act::Cut => {
                self.senses.get().dropped.get_or_insert(due);
                self.client.cut();
            }
            Act::Stall => {
                self.stall(due).await;
                agenda.skip(Instant::now().saturating_duration_since(span.start));
            }
            Act::Leave => {
                self.leave(due, span.end).await;
                agenda.skip(Instant::now().saturating_duration_since(span.start));
            }
            Act::SignOut => {
                self.sign_out(due, span.end).await;
                agenda.skip(Instant::now().saturating_duration_since(span.start));
            }
        }
        None
    }

    /// Goes to another location, and home from there the next time.
    async fn wander_off(&mut self) {
        let is_home = self.client.location() == Some(self.home);
        let other = plan::elsewhere(self.index + usize::from(plan::elsewhere(self.index) == self.home));
        let gone = self.go_to(if is_home { other } else { self.home }).await;
        if let Err(error) = gone {
            self.stage.score().trouble(format!("on the way: {error}"));
        }
    }

    /// A late answer delays nothing that is measured: each line carries when it should have been sent.
    fn talk(&mut self, due: Instant) -> Open {
        let line = Line { bot: self.index, number: self.said };
        self.said += 1;
        let intended = self.stage.since(due);
        let text = Spoken { line, intended }.text(self.stage.run);
        let (stage, client, senses) = (self.stage.clone(), self.client.clone(), self.senses.clone());
        let channel = self.crowd().channel;
        Box::pin(async move {
            {
                let mut score = stage.score();
                score.counts.lines_sent += 1;
                score.oracles.answers.asked("chat");
            }
            let answer = match channel {
                Channel::Faction => client.faction_chat(text).await,
                Channel::Say => client.say(text).await,
                _ => client.send_chat(text).await,
            };
            let was_there = senses.get().was_there(intended);
            if let Some(chat) = settle(&stage, "chat", answer) {
                let mut score = stage.score();
                score.oracles.channels.acknowledged(channel, line, chat.chat_id);
                if channel == Channel::Global {
                    score.oracles.kept.acknowledged(line, chat.chat_id);
                }
                if was_there {
                    score.time(Timed::Answer, due.elapsed());
                }
            }
        })
    }

    fn ping(&mut self, due: Instant) -> Open {
        let (stage, client, senses) = (self.stage.clone(), self.client.clone(), self.senses.clone());
        let intended = stage.since(due);
        Box::pin(async move {
            {
                let mut score = stage.score();
                score.counts.pings += 1;
                score.oracles.answers.asked("ping");
            }
            let answer = client.ping().await;
            let was_there = senses.get().was_there(intended);
            if settle(&stage, "ping", answer).is_some() && was_there {
                stage.score().time(Timed::Ping, due.elapsed());
            }
        })
    }

    /// Does not read for a while. Does nothing else meanwhile, as a game that hangs.
    async fn stall(&mut self, due: Instant) {
        let until = due + Duration::from_secs_f64(self.crowd().stall_secs);
        self.senses.get().stalled = true;
        self.stage.score().stalled += 1;
        self.stop.send_replace(true);
        sleep_until(until).await;
        self.stop.send_replace(false);
        self.stage.score().stalled -= 1;
        let mut senses = self.senses.get();
        senses.stalled = false;
        senses.back = self.stage.since(Instant::now());
    }
}

/// Notes how a command ended; what it brought, if it was carried out.
fn settle<T>(stage: &Stage, command: &'static str, answer: Result<T, ClientError>) -> Option<T> {
    let mut score = stage.score();
    match answer {
        Ok(answer) => {
            score.oracles.answers.answered(command);
            return Some(answer);
        }
        Err(ClientError::Refused { code, message, .. }) => {
            score.oracles.answers.answered(command);
            score.counts.refused += 1;
            score.trouble(format!("{code}: {message}"));
        }
        Err(error) => score.trouble(error.to_string()),
    }
    None
}
