//! What a bot does with what it hears: hands it to the judges, and remembers what it needs.

use std::sync::Arc;

use client::{CUT, Notice, hear};
use protocol::ErrorCode;
use protocol::area::AreaUpdate;
use protocol::chat::{Chat, ChatHistory};
use tokio::time::Instant;

use crate::bot::senses::{Senses, SharedSenses};
use crate::bot::{Bot, is_watcher};
use crate::measure::{Score, Timed};
use crate::oracle::{Break, Page};
use crate::stage::{Spoken, Stage};

impl Bot {
    /// Listens to its connection; to be done for each new client.
    pub(super) fn listen(&self) {
        let views = is_watcher(&self.stage, self.index) && !self.stage.is_classic();
        self.stage.score().oracles.area.plays(self.index, self.character, views);
        let ear = Ear {
            bot: self.index,
            stage: self.stage.clone(),
            senses: self.senses.clone(),
            never_stalls: !self.crowd().stalls(),
        };
        let client = &self.client;
        let of = ear.clone();
        client.on::<hear::Chat>(move |chat| of.line(chat));
        let of = ear.clone();
        client.on::<hear::FactionChat>(move |chat| of.line(chat));
        let of = ear.clone();
        client.on::<hear::ChatHistory>(move |history| of.history(history));
        let stage = self.stage.clone();
        client.on::<hear::Error>(move |error| {
            let mut score = stage.score();
            match error.error_code {
                ErrorCode::MoveRejected => score.counts.moves_rejected += 1,
                code => score.trouble(format!("{code}: {}", error.error_message)),
            }
        });
        let (me, of) = (self.character, ear.clone());
        client.on::<hear::CharacterUpdate>(move |update| {
            if update.character_id == me {
                of.senses.get().correction = update.position;
                of.stage.score().oracles.area.is_corrected(of.bot);
            }
        });
        let of = ear.clone();
        client.on::<hear::LocationUpdate>(move |update| {
            let woke = update.from_location_id.is_none().then(|| of.stage.epoch.elapsed());
            let oracles = &mut of.stage.score().oracles;
            if woke.is_some() {
                oracles.kept.woke(of.bot, update.location_id);
            }
            oracles.area.arrived(of.bot, (update.location_id, update.position), woke);
        });
        let of = ear.clone();
        client.on::<hear::AreaUpdate>(move |update| of.view(update));
        client.on_notice(move |notice| ear.notice(notice));
        if self.crowd().stalls() {
            self.stand_still_when_asked();
        }
    }

    /// A handler that does not return is how a real game stops reading.
    fn stand_still_when_asked(&self) {
        let stop = self.stop.subscribe();
        self.client.on_async::<hear::Chat, _>(move |_| {
            let mut stop = stop.clone();
            async move {
                // The bot is gone, and with it whoever could ask.
                stop.wait_for(|stop| !*stop).await.ok();
            }
        });
    }
}

#[derive(Clone)]
struct Ear {
    bot: usize,
    stage: Arc<Stage>,
    senses: SharedSenses,
    never_stalls: bool,
}

impl Ear {
    fn line(&self, chat: &Chat) {
        let stage = &self.stage;
        let Some(spoken) = Spoken::parse(stage.run, &chat.content) else { return };
        let took = stage.epoch.elapsed().saturating_sub(spoken.intended);
        let was_there = self.senses.get().was_there(spoken.intended);
        let mut score = stage.score();
        score.counts.lines_heard += 1;
        score.time(if was_there { Timed::Chat } else { Timed::Later }, took);
        if was_there && self.never_stalls {
            let slow_now = score.stalled > 0;
            score.beside_slow[usize::from(!slow_now)].record(took);
        }
        let channels = &mut score.oracles.channels;
        channels.heard(self.bot, chat.channel, spoken.line, chat.chat_id);
        let sender = stage.cast.get().and_then(|cast| cast.get(spoken.line.bot));
        if sender.is_some_and(|sender| *sender != chat.sender_id) {
            channels.wrong_sender(|| format!("{:?} came from character {}", spoken.line, chat.sender_id));
        }
    }

    fn history(&self, history: &ChatHistory) {
        let page = page(self.stage.run, history);
        self.stage.score().oracles.channels.told(self.bot, history.channel, &page);
    }

    fn view(&self, update: &AreaUpdate) {
        let now = self.stage.epoch.elapsed();
        let mut score = self.stage.score();
        let fresh = score.oracles.area.shown(self.bot, update);
        if !score.running {
            return;
        }
        let senses = self.senses.get();
        score.counts.moves_seen += fresh.len() as u64;
        for intended in fresh.into_iter().filter(|intended| senses.was_there(*intended)) {
            score.time(Timed::Step, now.saturating_sub(intended));
        }
    }

    fn notice(&self, notice: &Notice) {
        let mut score = self.stage.score();
        match notice {
            Notice::Reconnecting { .. } => score.oracles.is_away(self.bot),
            Notice::Resumed => score.oracles.is_back(self.bot),
            _ => {}
        }
        let area = &mut score.oracles.area;
        match notice {
            Notice::Reconnecting { .. } | Notice::Ended(_) => area.is_away(self.bot),
            Notice::Resumed | Notice::Reconnected => {
                area.is_back(self.bot, matches!(notice, Notice::Reconnected));
            }
            _ => {}
        }
        if score.running {
            note(&mut score, self, notice);
        }
    }
}

/// What a page of history says of this run.
pub(crate) fn page(run: u32, history: &ChatHistory) -> Page {
    let lines = history.lines.iter();
    Page {
        span: history
            .lines
            .first()
            .zip(history.lines.last())
            .map(|(first, last)| (first.chat_id, last.chat_id)),
        lines: lines
            .filter_map(|past| Some((Spoken::parse(run, &past.content)?.line, past.chat_id)))
            .collect(),
    }
}

/// What a bot's connection went through.
fn note(score: &mut Score, ear: &Ear, notice: &Notice) {
    let (bot, now) = (ear.bot, Instant::now());
    let mut senses = ear.senses.get();
    match notice {
        Notice::Reconnecting { attempt, why, .. } => {
            senses.away = true;
            score.counts.drops += u64::from(*attempt == 1);
            // What the bot did itself is no trouble.
            // A cut may come when the bot has just come back from the one before.
            let wanted = senses.dropped.is_some() || why == CUT;
            if !wanted || *attempt > 1 {
                score.trouble(format!("connection lost: {why}"));
            }
            let restarted = score.strike.is_some_and(|strike| senses.back <= strike.at);
            let excused = wanted || *attempt > 1 || !ear.never_stalls || restarted;
            score.counts.unexpected_drops += u64::from(!excused);
            senses.dropped.get_or_insert(now);
            score.oracles.channels.interrupted(bot, Break::Dropped);
        }
        Notice::Resumed => {
            is_back(score, ear, &mut senses, now);
            score.counts.resumes += 1;
            score.oracles.resume.resumed();
        }
        Notice::Reconnected => {
            let killed = score.strike.is_some_and(|strike| !strike.planned && senses.back <= strike.at);
            is_back(score, ear, &mut senses, now);
            score.counts.reconnects += 1;
            score.oracles.channels.interrupted(bot, Break::Away);
            score.oracles.interrupted(bot);
            if !ear.stage.is_classic() && !killed {
                score.oracles.resume.refused(bot, "had to sign in anew");
            }
        }
        // Told before the bot is back; at any other time it is a fault.
        Notice::Missed { from_seq, to_seq } if senses.away => {
            score.counts.gaps += 1;
            score.oracles.resume.gap();
            let events = to_seq.saturating_sub(*from_seq) + 1;
            score.oracles.channels.interrupted(bot, Break::Gap { events });
            score.oracles.interrupted(bot);
        }
        Notice::Missed { from_seq, to_seq } => score.oracles.resume.hole(bot, (*from_seq, *to_seq)),
        Notice::Repeated { seq } => score.oracles.resume.repeated(bot, *seq),
        Notice::CharacterLost { why } => score.oracles.resume.refused(bot, why),
        Notice::Unreadable { why } => score.oracles.answers.unreadable(bot, why),
        Notice::Ended(_) if senses.leaving => {}
        Notice::Ended(end) => {
            senses.away = true;
            score.trouble(format!("ended: {end}"));
            score.oracles.channels.interrupted(bot, Break::Away);
            score.oracles.resume.refused(bot, &format!("ended: {end}"));
        }
    }
}

fn is_back(score: &mut Score, ear: &Ear, senses: &mut Senses, now: Instant) {
    senses.away = false;
    senses.back = ear.stage.since(now);
    if let Some(dropped) = senses.dropped.take() {
        score.time(Timed::Resume, now.saturating_duration_since(dropped));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use client::{CUT, End, Notice};

    use super::{Ear, note};
    use crate::bot::senses::Senses;
    use crate::measure::Score;
    use crate::mix::scenario;
    use crate::oracle::{Faults, Oracles, Outcome, Stakes};
    use crate::stage::{Stage, Strike};

    fn ear() -> Ear {
        let mix = scenario("walk").unwrap();
        let stage = Arc::new(Stage::new(String::new(), mix, (1, 1), Score::new(Oracles::default())));
        Ear { bot: 0, stage, senses: Senses::shared(), never_stalls: true }
    }

    fn reconnecting() -> Notice {
        Notice::Reconnecting { attempt: 1, wait: Duration::ZERO, why: "a test".to_owned() }
    }

    #[test]
    fn only_a_resume_keeps_the_promise() {
        let missed = || Notice::Missed { from_seq: 1, to_seq: 2 };
        let lost = || Notice::Ended(End::Lost { why: "a test".to_owned() });
        let cases: [(&[Notice], Outcome); 6] = [
            (&[reconnecting(), Notice::Resumed], Outcome::Kept),
            (&[reconnecting(), missed(), Notice::Resumed], Outcome::Kept),
            (&[reconnecting(), Notice::Reconnected], Outcome::Broken),
            (&[reconnecting(), Notice::Resumed, missed()], Outcome::Broken),
            (&[reconnecting(), Notice::Resumed, Notice::Repeated { seq: 3 }], Outcome::Broken),
            (&[reconnecting(), lost()], Outcome::Broken),
        ];
        for (notices, outcome) in cases {
            let (ear, mut score) = (ear(), Score::new(Oracles::default()));
            for notice in notices {
                note(&mut score, &ear, notice);
            }
            assert_eq!((score.counts.drops, score.counts.unexpected_drops), (1, 1));
            let verdicts = score.oracles.verdicts(Stakes { drops: true, ..Stakes::default() });
            let resume = verdicts.iter().find(|verdict| verdict.oracle == "resume").unwrap();
            assert_eq!(resume.outcome, outcome, "{notices:?}: {resume:?}");
        }
    }

    #[test]
    fn after_a_kill_everybody_may_sign_in_anew_once() {
        let back = [reconnecting(), Notice::Reconnected];
        let verdict = |planned, notices: &[Notice]| {
            let (ear, mut score) = (ear(), Score::new(Oracles::default()));
            score.strike = Some(Strike { at: ear.stage.epoch.elapsed(), planned });
            for notice in notices {
                note(&mut score, &ear, notice);
            }
            (score.counts.unexpected_drops, score.oracles.resume.verdict(Faults::default()).faults.total())
        };
        assert_eq!(verdict(false, &back), (0, 0));
        assert_eq!(verdict(true, &back), (0, 1));
        assert_eq!(verdict(false, &[back.clone(), back.clone()].concat()), (1, 1));
    }

    #[test]
    fn a_cut_on_purpose_is_no_trouble() {
        let (ear, mut score) = (ear(), Score::new(Oracles::default()));
        ear.senses.get().dropped = Some(tokio::time::Instant::now());
        note(&mut score, &ear, &reconnecting());
        assert_eq!((score.counts.drops, score.counts.unexpected_drops), (1, 0));
        assert!(score.trouble.is_empty());
    }

    #[test]
    fn a_second_cut_on_the_heels_of_the_first_is_no_trouble_either() {
        let (ear, mut score) = (ear(), Score::new(Oracles::default()));
        let cut = Notice::Reconnecting { attempt: 1, wait: Duration::ZERO, why: CUT.to_owned() };
        note(&mut score, &ear, &cut);
        assert_eq!((score.counts.drops, score.counts.unexpected_drops), (1, 0));
        assert!(score.trouble.is_empty());
    }

    #[test]
    fn who_leaves_on_purpose_may_end() {
        let (ear, mut score) = (ear(), Score::new(Oracles::default()));
        ear.senses.get().leaving = true;
        note(&mut score, &ear, &Notice::Ended(End::Asked));
        assert!(score.oracles.verdicts(Stakes::default()).is_empty());
    }
}
