//! How bots trade: each second one asks its neighbour, and both accept as soon as both have offered something.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use client::{Accepted, Client, ClientError, hear};
use protocol::ids::ItemId;
use protocol::inventory::Inventory;
use protocol::trade::{OfferTrade, Portion, TradeComplete, TradeUpdate};
use protocol::{CharacterId, Text};
use tokio::time::Instant;

use crate::bot::Bot;
use crate::measure::Timed;
use crate::stage::Stage;

/// Souls given in one trade: so few that nobody runs out of them.
const SOULS_MAX: u32 = 3;

/// The first and each so manieth offer of a bot after it has an item and a potion in it.
const GOODS_EACH: u32 = 4;

/// What a bot knows of its trades; shared with its handlers.
#[derive(Debug, Default)]
struct Books {
    /// The newest it knows of.
    current: Option<String>,
    /// The one it began, and when it should have.
    begun: Option<(String, Instant)>,
    /// The window that it accepted last.
    accepted: Option<(String, u32)>,
    offers: u32,
}

/// A bot that trades.
#[derive(Debug, Clone)]
pub(super) struct Trader {
    stage: Arc<Stage>,
    client: Client,
    me: CharacterId,
    books: Arc<Mutex<Books>>,
}

impl Bot {
    /// Takes part in trades; to be done for each new client.
    pub(super) fn trade_with_whom_asks(&mut self) {
        if !self.crowd().trades() {
            return;
        }
        let trader = Trader {
            stage: self.stage.clone(),
            client: self.client.clone(),
            me: self.character,
            books: Arc::default(),
        };
        let of = trader.clone();
        self.client.on::<hear::TradeRequest>(move |request| {
            if request.recipient_id == of.me {
                of.spawn(|trader| trader.offer(request.trade_id.clone()));
            }
        });
        let of = trader.clone();
        self.client.on::<hear::TradeUpdate>(move |window| of.spawn(|trader| trader.look(window.clone())));
        let of = trader.clone();
        self.client.on::<hear::TradeComplete>(move |complete| of.completed(complete));
        let of = trader.clone();
        self.client.on::<hear::TradeDecline>(move |decline| {
            of.stage.score().oracles.money.declined(&decline.trade_id);
        });
        self.trader = Some(trader);
    }

    /// When the run is over: what it has then is what it has. Nothing that it has a part in can happen any more.
    pub async fn stop_trading(&self) {
        let Some(trader) = &self.trader else { return };
        if let Some(last) = trader.books(|books| books.current.take()) {
            // It may be over already.
            trader.client.decline_trade(&last).await.ok();
        }
    }

    /// Whether it trades.
    pub fn trades(&self) -> bool {
        self.crowd().trades()
    }

    /// Begins a trade with its neighbour.
    pub(super) fn begin_trade(&self, due: Instant) -> Option<Pin<Box<dyn Future<Output = ()> + Send>>> {
        let partner = *self.stage.cast.get()?.get(self.index + 1)?;
        let trader = self.trader.clone()?;
        Some(Box::pin(async move { trader.begin(partner, due).await }))
    }
}

impl Trader {
    /// Handlers hold each other up: what asks the server something goes on beside them.
    fn spawn<F: Future<Output = ()> + Send + 'static>(&self, work: impl FnOnce(Self) -> F) {
        tokio::spawn(work(self.clone()));
    }

    fn books<T>(&self, look: impl FnOnce(&mut Books) -> T) -> T {
        look(&mut self.books.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn begin(self, partner: CharacterId, due: Instant) {
        // What the last one came to nothing by does not hold up the next.
        if let Some((unfinished, _)) = self.books(|books| books.begun.take()) {
            // It may be over by now.
            self.client.decline_trade(&unfinished).await.ok();
        }
        let request = self.settle("trade_request", self.client.request_trade(partner)).await;
        let Some(request) = request else { return };
        self.books(|books| books.begun = Some((request.trade_id.clone(), due)));
        self.offer(request.trade_id).await;
    }

    async fn offer(self, trade: String) {
        if !self.stage.score().running {
            return;
        }
        let offers = self.books(|books| {
            books.current = Some(trade.clone());
            books.offers += 1;
            books.offers
        });
        let Ok(trade_id) = Text::new(trade) else { return };
        let souls = offers % SOULS_MAX + 1;
        let mut offer = OfferTrade { trade_id, items: Vec::new(), stacks: Vec::new(), souls };
        if offers % GOODS_EACH == 1
            && let Some(all) = self.settle("inventory", self.client.inventory()).await
        {
            (offer.items, offer.stacks) = spare(&all);
        }
        if let Some(window) = self.settle("trade_update", self.client.offer_trade(offer)).await {
            self.look(window).await;
        }
    }

    /// Accepts a window in which both give something, once.
    async fn look(self, window: TradeUpdate) {
        if window.offers.len() < 2 || window.offers.iter().any(|offer| offer.souls == 0) {
            return;
        }
        if !self.stage.score().running {
            return;
        }
        let seen = (window.trade_id.clone(), window.offer_version);
        if self.books(|books| books.accepted.replace(seen.clone())) == Some(seen) {
            return;
        }
        self.stage.score().oracles.money.accepts(&window.trade_id);
        let accept = self.client.accept_trade(&window.trade_id, window.offer_version);
        match self.settle("trade_accept", accept).await {
            Some(Accepted::Complete(complete)) => self.completed(&complete),
            Some(Accepted::Waiting(_)) | None => {}
        }
    }

    fn completed(&self, complete: &TradeComplete) {
        let begun = self.books(|books| books.begun.take_if(|(trade, _)| *trade == complete.trade_id));
        let mut score = self.stage.score();
        if score.oracles.money.completes(complete) {
            score.counts.trades += 1;
        }
        if let Some((_, due)) = begun {
            score.time(Timed::Trade, due.elapsed());
        }
    }

    /// A refusal is no trouble here: the other one may be gone, or busy with somebody else.
    async fn settle<T>(
        &self,
        command: &'static str,
        asked: impl Future<Output = Result<T, ClientError>>,
    ) -> Option<T> {
        self.stage.score().oracles.answers.asked(command);
        let answer = asked.await;
        let mut score = self.stage.score();
        match answer {
            Ok(answer) => {
                score.oracles.answers.answered(command);
                return Some(answer);
            }
            Err(ClientError::Refused { .. }) => {
                score.oracles.answers.answered(command);
                score.counts.trades_refused += 1;
            }
            Err(error) => score.trouble(error.to_string()),
        }
        None
    }
}

/// An item, unless it is the last, and one of what is only counted. Who has neither gets some from whoever trades with him.
fn spare(all: &Inventory) -> (Vec<ItemId>, Vec<Portion>) {
    let loose = all.items.iter().filter(|item| !item.equipped).map(|item| item.item_id);
    let stacks = all.stacks.iter();
    let portion = |kind: &str| Some(Portion { kind: Text::new(kind).ok()?, quantity: 1 });
    (loose.skip(1).take(1).collect(), stacks.filter_map(|stack| portion(&stack.kind)).take(1).collect())
}
