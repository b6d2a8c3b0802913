//! SIGKILL while twenty people trade as fast as they can: every trade is whole or not at all, and what was acknowledged
//! is there afterwards.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::disk::{audit, settled};
use crate::harness::people::{Player, text};
use crate::harness::server::{Directory, Server};
use crate::harness::socket::Socket;

const KILLS: u64 = 24;
const PAIRS: usize = 10;

/// What somebody has: serials and souls.
type Holding = (BTreeSet<i64>, i64);

/// Two who trade with each other, over and over.
struct Pair {
    players: [Player; 2],
    /// What both had after the last trade that was acknowledged; absent before the first look.
    had: Option<[Holding; 2]>,
    /// What both have if the trade that was about to be acknowledged is on disk.
    may_have: Option<[Holding; 2]>,
    completed: Vec<String>,
    nth: u64,
}

impl Pair {
    async fn new(server: &Server) -> Self {
        let players = [server.player().await, server.player().await];
        Self { players, had: None, may_have: None, completed: Vec::new(), nth: 0 }
    }

    /// Both come in. What they have is what they had, or both have what the last trade made of it.
    async fn enter(&mut self, server: &Server) -> [Socket; 2] {
        let [one, two] = &self.players;
        let mut sockets = [
            server.enter(one, Socket::v1(server).await).await,
            server.enter(two, Socket::v1(server).await).await,
        ];
        let has = [holding(&mut sockets[0]).await, holding(&mut sockets[1]).await];
        let known = self.had.is_none() || self.had.as_ref() == Some(&has);
        assert!(
            known || self.may_have.as_ref() == Some(&has),
            "{:?}, {:?}: {has:?}",
            self.had,
            self.may_have
        );
        (self.had, self.may_have) = (Some(has), None);
        sockets
    }

    /// Trades until the connection ends.
    async fn trade(&mut self, mut sockets: [Socket; 2]) {
        while self.trade_once(&mut sockets).await.is_some() {}
    }

    /// One item of each and some souls change hands. `None`: the server is gone.
    async fn trade_once(&mut self, [one, two]: &mut [Socket; 2]) -> Option<()> {
        self.nth += 1;
        let nth = self.nth;
        let had = self.had.clone().expect("they have looked");
        let gives = |holding: &Holding, souls: i64| {
            let item = holding.0.iter().nth((nth % holding.0.len().max(1) as u64) as usize).copied();
            (item, souls.min(holding.1))
        };
        // Now one pays, now the other.
        let souls = (nth % 17) as i64;
        let [pays_one, pays_two] = if nth.is_multiple_of(2) { [souls, 0] } else { [0, souls] };
        let offers = [gives(&had[0], pays_one), gives(&had[1], pays_two)];
        let request =
            ask(one, "trade_request", nth, json!({"recipient_id": self.players[1].character})).await?;
        let trade_id = text(&request["trade_id"]);
        let offer = |(item, souls): (Option<i64>, i64)| json!({"trade_id": trade_id, "items": item.into_iter().collect::<Vec<_>>(), "souls": souls});
        ask(two, "trade_update", nth, offer(offers[1])).await?;
        let shown = ask(one, "trade_update", nth + 1_000_000, offer(offers[0])).await?;
        let accept = json!({"trade_id": trade_id, "offer_version": shown["offer_version"]});
        ask(one, "trade_accept", nth + 2_000_000, accept.clone()).await?;
        self.may_have = Some(after(&had, &offers));
        let complete = ask(two, "trade_accept", nth + 2_000_000, accept).await?;
        assert_eq!(complete["type"], "trade_complete", "{complete}");
        self.had = self.may_have.take();
        self.completed.push(trade_id);
        Some(())
    }
}

async fn holding(socket: &mut Socket) -> Holding {
    socket.say("inventory", json!({})).await;
    let all = socket.hear("inventory").await;
    let items = all["items"].as_array().expect("a list").iter();
    (
        items.map(|item| item["item_id"].as_i64().expect("a serial")).collect(),
        all["souls"].as_i64().expect("souls"),
    )
}

/// Names are for a day: each process needs new ones.
async fn ask(socket: &mut Socket, kind: &str, number: u64, body: Value) -> Option<Value> {
    let id = format!("{kind} {number}");
    let mut body = body;
    body["message_id"] = json!(id);
    socket.say(kind, body).await;
    if !socket.is_open_after(&id).await {
        return None;
    }
    Some(socket.acknowledged.pop().unwrap_or_else(|| panic!("{id} was refused: {:?}", socket.recent())))
}

fn after(had: &[Holding; 2], offers: &[(Option<i64>, i64); 2]) -> [Holding; 2] {
    let mut have = had.clone();
    for (from, to) in [(0, 1), (1, 0)] {
        let (item, souls) = offers[from];
        if let Some(item) = item {
            have[from].0.remove(&item);
            have[to].0.insert(item);
        }
        have[from].1 -= souls;
        have[to].1 += souls;
    }
    have
}

fn check(directory: &Directory, pairs: &[Pair], souls: i64, checked: &mut [usize]) {
    let report = audit(directory);
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!((report.souls, report.items), (souls, 4 * PAIRS as u64));
    for (pair, checked) in pairs.iter().zip(checked) {
        let newest = pair.completed[*checked..].to_vec();
        *checked = pair.completed.len();
        for (trade, on_disk) in newest.iter().zip(settled(directory, &newest)) {
            assert!(on_disk, "{trade} was acknowledged");
        }
    }
}

#[tokio::test]
async fn every_kill_leaves_each_trade_whole_or_undone() {
    let directory = Directory::new();
    let server = Server::start_in(&directory, &[]);
    let mut pairs = Vec::new();
    for _ in 0..PAIRS {
        pairs.push(Pair::new(&server).await);
    }
    server.stop().await;
    let souls = audit(&directory).souls;
    let mut checked = vec![0; PAIRS];
    for round in 1..=KILLS {
        let server = Server::start_in(&directory, &[]);
        let sockets = join_all(pairs.iter_mut().map(|pair| pair.enter(&server))).await;
        // At a moment that has nothing to do with what anybody is doing: a fault, not a wait.
        let killing = async {
            tokio::time::sleep(Duration::from_millis(5 + round * 197 % 495)).await;
            server.kill_at_once();
        };
        let trading = join_all(pairs.iter_mut().zip(sockets).map(|(pair, sockets)| pair.trade(sockets)));
        tokio::join!(killing, trading);
        check(&server.kill(), &pairs, souls, &mut checked);
    }
    let server = Server::start_in(&directory, &[]);
    for pair in &mut pairs {
        pair.enter(&server).await;
    }
    let completed: usize = pairs.iter().map(|pair| pair.completed.len()).sum();
    assert!(completed > KILLS as usize * PAIRS, "there was work to lose: {completed}");
    assert!(!directory.log().contains("panicked"));
}
