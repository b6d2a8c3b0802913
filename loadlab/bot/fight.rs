//! How bots fight: parties of four that stay together begin fights in turn, and each does what it can when it is its turn.

mod moves;

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use client::{Client, ClientError, Notice, Thing, hear};
use protocol::combat::{CombatEnd, CombatStart, CombatState};
use protocol::{CharacterId, ErrorCode};
use rand::SeedableRng;
use rand_pcg::Pcg64Mcg;
use tokio::time::{Instant, sleep};

use crate::bot::Bot;
use crate::bot::party::Comrade;
use crate::measure::Timed;
use crate::mix::Quarry;
use crate::oracle::Told;
use crate::stage::Stage;

/// What restores health, in every world.
const POTION: &str = "health_potion";
/// Bought at once.
const POTIONS: u32 = 3;
/// How long fights that were begun may take when the run is over.
const PATIENCE: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(50);

/// What a bot knows of its fight; shared with its handlers.
#[derive(Debug)]
struct Books {
    /// The fight it is in.
    fight: Option<String>,
    /// The turn that it made its move in last.
    moved: Option<(String, u32)>,
    /// The fight it began, and when it should have.
    begun: Option<(String, Instant)>,
    /// Abilities of its class, once it knows them.
    abilities: Option<Vec<String>>,
    dice: Pcg64Mcg,
}

/// A bot that fights.
#[derive(Debug, Clone)]
pub(super) struct Fighter {
    stage: Arc<Stage>,
    client: Client,
    bot: usize,
    me: CharacterId,
    quarry: Quarry,
    books: Arc<Mutex<Books>>,
}

impl Bot {
    /// Takes part in fights; to be done for each new client.
    pub(super) fn fight_along(&mut self) {
        if !self.crowd().fights() {
            return;
        }
        let dice = Pcg64Mcg::seed_from_u64(self.stage.seed.wrapping_mul(37).wrapping_add(self.index as u64));
        let books = Books { fight: None, moved: None, begun: None, abilities: None, dice };
        let fighter = Fighter {
            stage: self.stage.clone(),
            client: self.client.clone(),
            bot: self.index,
            me: self.character,
            quarry: self.crowd().quarry,
            books: Arc::new(Mutex::new(books)),
        };
        fighter.listen();
        self.fighter = Some(fighter);
    }

    /// Gets ready, and begins a fight if it leads its band.
    pub(super) fn begin_fight(&mut self, due: Instant) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let (fighter, comrade) = (self.fighter.clone()?, self.comrade.clone()?);
        let band = self.stage.band_of(self.index);
        Some(Box::pin(async move { fighter.begin(&comrade, band, due).await }))
    }

    /// When the run is over: fights that were begun are fought to their end.
    pub async fn finish_fighting(&self) {
        let Some(fighter) = &self.fighter else { return };
        let until = Instant::now() + PATIENCE;
        while fighter.books(|books| books.fight.is_some()) {
            if Instant::now() >= until {
                return self.stage.score().trouble(format!("bot {} is still in a fight", self.index));
            }
            sleep(LOOK_EVERY).await;
        }
    }
}

impl Fighter {
    fn books<T>(&self, look: impl FnOnce(&mut Books) -> T) -> T {
        look(&mut self.books.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn listen(&self) {
        let client = &self.client;
        self.stage.score().oracles.captures.plays(self.bot);
        let of = self.clone();
        client.on::<hear::CombatStart>(move |start| of.started(start));
        let of = self.clone();
        client.on::<hear::CombatState>(move |state| of.stands(state));
        let of = self.clone();
        client.on::<hear::CombatAction>(move |action| {
            let oracles = &mut of.stage.score().oracles;
            oracles.hears(of.bot).fights.told(of.bot, Told::Action(action));
            if let (true, Some(kind)) = (action.character_id == of.me, &action.item_kind) {
                oracles.spoils.uses(of.bot, &action.combat_id, kind);
            }
        });
        let of = self.clone();
        client.on::<hear::CombatDamage>(move |damage| {
            of.stage.score().oracles.hears(of.bot).fights.told(of.bot, Told::Damage(damage));
        });
        let of = self.clone();
        client.on::<hear::CombatHeal>(move |heal| {
            of.stage.score().oracles.hears(of.bot).fights.told(of.bot, Told::Heal(heal));
        });
        let of = self.clone();
        client.on::<hear::CombatEnd>(move |end| of.ended(end));
        let of = self.clone();
        client.on::<hear::InventoryUpdate>(move |update| {
            of.stage.score().oracles.hears(of.bot).spoils.updated(of.bot, update);
        });
        let of = self.clone();
        client.on::<hear::QuestUpdate>(move |quest| {
            if quest.status == "completed" {
                of.stage.score().oracles.hears(of.bot).spoils.quest(of.bot);
            }
        });
        let of = self.clone();
        client.on::<hear::ShardCaptured>(move |taken| {
            of.stage.score().oracles.hears(of.bot).captures.heard(of.bot, taken);
        });
        let of = self.clone();
        client.on_notice(move |notice| {
            // If it goes on, it says so.
            if matches!(notice, Notice::Reconnected | Notice::Ended(_)) {
                of.books(|books| books.fight = None);
            }
        });
    }

    fn started(&self, start: &CombatStart) {
        self.books(|books| books.fight = Some(start.combat_id.clone()));
        let mut score = self.stage.score();
        score.oracles.hears(self.bot).fights.told(self.bot, Told::Start(start));
        score.oracles.spoils.begins(self.bot, &start.combat_id);
        if start.participants.iter().any(|one| one.is_enemy && self.stage.is_guardian(&one.name)) {
            score.oracles.captures.challenged(&start.combat_id);
        }
    }

    fn stands(&self, state: &CombatState) {
        {
            let mut score = self.stage.score();
            score.oracles.hears(self.bot).fights.told(self.bot, Told::State(state));
            if state.participants.iter().any(|one| one.is_enemy && self.stage.is_guardian(&one.name)) {
                score.oracles.captures.challenged(&state.combat_id);
            }
        }
        if state.is_finished {
            return;
        }
        self.books(|books| books.fight = Some(state.combat_id.clone()));
        if state.active_character_id == self.me {
            // Handlers hold each other up: what asks the server something goes on beside them.
            let (of, state) = (self.clone(), state.clone());
            tokio::spawn(async move { of.make_move(&state).await });
        }
    }

    fn ended(&self, end: &CombatEnd) {
        let begun = self.books(|books| {
            books.fight.take_if(|fight| *fight == end.combat_id);
            books.begun.take_if(|(fight, _)| *fight == end.combat_id)
        });
        let mut score = self.stage.score();
        score.oracles.hears(self.bot).fights.told(self.bot, Told::End(end));
        score.oracles.spoils.ended(self.bot, end);
        score.oracles.captures.fought(self.me, end);
        if let Some((_, due)) = begun {
            score.counts.fights += 1;
            score.time(Timed::Fight, due.elapsed());
        }
    }

    async fn begin(self, comrade: &Comrade, band: Vec<usize>, due: Instant) {
        if self.books(|books| books.fight.is_some()) {
            return;
        }
        self.get_ready().await;
        if band.first() != Some(&self.bot) || !self.gather(comrade, &band).await {
            return;
        }
        let mut start = None;
        if self.quarry == Quarry::Guardians {
            start = self.settle("combat_start", self.client.fight(Some("guardian"))).await;
        }
        if start.is_none() {
            start = self.settle("combat_start", self.client.fight(None)).await;
        }
        if let Some(start) = start {
            self.books(|books| books.begun = Some((start.combat_id, due)));
        }
    }

    /// Heals before it fights again.
    async fn get_ready(&self) {
        let Some(state) = self.settle("character_update", self.client.own_state()).await else { return };
        let (Some(health), Some(max_health)) = (state.health, state.max_health) else { return };
        if 2 * health > max_health {
            return;
        }
        if self.settle("item_use", self.client.use_item(Thing::one(POTION))).await.is_none()
            && self.settle("vendor_buy", self.client.buy(POTION, POTIONS)).await.is_some()
        {
            self.settle("item_use", self.client.use_item(Thing::one(POTION))).await;
        }
    }

    /// Whether all of its band are in its party.
    async fn gather(&self, comrade: &Comrade, band: &[usize]) -> bool {
        let Some(cast) = self.stage.cast.get() else { return false };
        let Some(party) = comrade.party() else {
            comrade.found().await;
            return false;
        };
        let missing: Vec<CharacterId> =
            band.iter().map(|bot| cast[*bot]).filter(|id| !party.member_ids.contains(id)).collect();
        for whom in &missing {
            comrade.invite(*whom).await;
        }
        missing.is_empty()
    }

    /// A refusal is no trouble here: the fight may be over by now, the shard one's own, the purse empty.
    async fn settle<T>(
        &self,
        command: &'static str,
        asked: impl Future<Output = Result<T, ClientError>>,
    ) -> Option<T> {
        self.tell_off(command, asked).await.ok()
    }

    /// The same, with what it was refused for.
    async fn tell_off<T>(
        &self,
        command: &'static str,
        asked: impl Future<Output = Result<T, ClientError>>,
    ) -> Result<T, Option<(ErrorCode, Vec<String>)>> {
        self.stage.score().oracles.answers.asked(command);
        let answer = asked.await;
        let mut score = self.stage.score();
        match answer {
            Ok(answer) => {
                score.oracles.answers.answered(command);
                Ok(answer)
            }
            Err(ClientError::Refused { code, details, .. }) => {
                score.oracles.answers.answered(command);
                score.counts.fights_refused += 1;
                let possible = details.get("possible").and_then(|names| names.as_array());
                let possible = possible.into_iter().flatten().filter_map(|name| name.as_str());
                Err(Some((code, possible.map(str::to_owned).collect())))
            }
            Err(error) => {
                score.trouble(error.to_string());
                Err(None)
            }
        }
    }
}
