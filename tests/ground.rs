//! What lies on the ground, through real sockets; and SIGKILL while eight people drop and grab as fast as they can.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::harness::disk::audit;
use crate::harness::people::Player;
use crate::harness::server::{Directory, Server};
use crate::harness::socket::Socket;

const KILLS: u64 = 20;
const PEOPLE: usize = 8;

fn number(value: &Value) -> i64 {
    value.as_i64().unwrap_or_else(|| panic!("expected a number, got {value}"))
}

#[tokio::test]
async fn what_one_drops_the_other_sees_and_has_in_every_dialect() {
    let server = Server::start();
    let ((_, mut classic), (player, mut v1)) = (server.classic().await, server.v1().await);
    let all = classic.ask("inventory", "all", json!({})).await;
    let item = number(&all["items"][0]["item_id"]);
    let wear = classic.ask("item_equip", "wear", json!({"item_id": item})).await;
    assert_eq!(wear["type"], "inventory_update", "{wear}");
    let worn = classic.ask("item_drop", "worn", json!({"item_id": item})).await;
    assert_eq!((&worn["error_code"], &worn["details"]["field"]), (&json!("CONFLICT"), &json!("item_id")));
    classic.ask("item_unequip", "bare", json!({"item_id": item})).await;
    let dropped = classic.ask("item_drop", "drop", json!({"item_id": item})).await;
    assert_eq!((&dropped["type"], &dropped["gone"]), (&json!("inventory_update"), &json!([item])));
    let seen = v1.hear("ground_update").await;
    assert_eq!((&seen["reason"], &seen["items"][0]["item_id"]), (&json!("drop"), &json!(item)));
    assert_eq!(classic.hear("ground_update").await["items"], seen["items"]);
    // Who signs in again is told of it with the place.
    let mut again = Socket::v1(&server).await;
    again.sign_in(&player.person.token).await;
    assert_eq!(again.hear("location_update").await["ground"], seen["items"]);
    let ground_id = number(&seen["items"][0]["ground_id"]);
    let taken = again.ask("item_pickup", "take", json!({"ground_id": ground_id})).await;
    assert_eq!((&taken["reason"], &taken["items"][0]["item_id"]), (&json!("pickup"), &json!(item)));
    let gone = classic.hear_where("that it is gone", |heard| heard["gone"] == json!([ground_id])).await;
    assert_eq!(gone["character_id"], player.character);
    let late = classic.ask("item_pickup", "late", json!({"ground_id": ground_id})).await;
    assert_eq!((&late["error_code"], &late["details"]["field"]), (&json!("NOT_FOUND"), &json!("ground_id")));
    for (body, field) in [
        (json!({"kind": "health_potion", "quantity": -1}), "quantity"),
        (json!({"kind": "health_potion", "quantity": 0}), "quantity"),
        (json!({"kind": "health_potion", "quantity": 9}), "quantity"),
        (json!({"kind": "souls"}), "kind"),
        (json!({}), "item_id"),
    ] {
        let refused = classic.ask("item_drop", &format!("bad {body}"), body).await;
        assert_eq!(refused["details"]["field"], field, "{refused}");
    }
    let directory = server.stop().await;
    assert_eq!(audit(&directory).problems, Vec::<String>::new());
}

/// Serials, and how many potions.
type Holding = (BTreeSet<i64>, i64);

/// Somebody who drops what he has and takes what he can get.
struct Grabber {
    player: Player,
    had: Option<Holding>,
    /// What he has if the command that was about to be answered is on disk.
    may_have: Option<Holding>,
    /// What lies on the ground as he was told: its serial, if it has one.
    lying: BTreeMap<i64, Option<i64>>,
    done: u64,
    nth: u64,
}

impl Grabber {
    /// Comes in. What he has is what he had, or what the last command made of it.
    async fn enter(&mut self, server: &Server) -> Socket {
        let mut socket = Socket::v1(server).await;
        socket.sign_in(&self.player.person.token).await;
        let here = socket.hear("location_update").await;
        self.lying.clear();
        self.learn(&here["ground"]);
        socket.say("inventory", json!({})).await;
        let all = socket.hear("inventory").await;
        let items = all["items"].as_array().expect("a list").iter().map(|item| number(&item["item_id"]));
        let potions =
            all["stacks"].as_array().expect("a list").iter().map(|stack| number(&stack["quantity"]));
        let has = (items.collect(), potions.sum());
        let known = self.had.is_none() || self.had.as_ref() == Some(&has);
        assert!(
            known || self.may_have.as_ref() == Some(&has),
            "{has:?}: {:?}, {:?}",
            self.had,
            self.may_have
        );
        (self.had, self.may_have) = (Some(has), None);
        socket
    }

    fn learn(&mut self, items: &Value) {
        for item in items.as_array().expect("a list") {
            self.lying.insert(number(&item["ground_id"]), item["item_id"].as_i64());
        }
    }

    /// Drops and grabs until the connection ends.
    async fn play(&mut self, mut socket: Socket) {
        while self.play_once(&mut socket).await.is_some() {}
    }

    async fn play_once(&mut self, socket: &mut Socket) -> Option<()> {
        self.nth += 1;
        let had = self.had.clone().expect("he has looked");
        // All want the newest: that is what they fight for.
        let newest = self.lying.last_key_value().map(|(id, serial)| (*id, *serial));
        let (kind, body, after) = match newest {
            Some((id, serial)) if self.nth.is_multiple_of(2) => {
                let mut after = had;
                match serial {
                    Some(serial) => drop(after.0.insert(serial)),
                    None => after.1 += 1,
                }
                ("item_pickup", json!({"ground_id": id}), after)
            }
            _ => {
                let mut after = had;
                match after.0.first().copied() {
                    Some(serial) if self.nth.is_multiple_of(3) || after.1 == 0 => {
                        after.0.remove(&serial);
                        ("item_drop", json!({"item_id": serial}), after)
                    }
                    _ if after.1 > 0 => {
                        after.1 -= 1;
                        ("item_drop", json!({"kind": "health_potion"}), after)
                    }
                    // He has nothing left to drop: looks again.
                    _ => ("ping", json!({}), after),
                }
            }
        };
        let id = format!("{kind} {}", self.nth);
        let mut body = body;
        body["message_id"] = json!(id);
        self.may_have = Some(after);
        socket.say(kind, body).await;
        let answer = socket.open_answer(&id).await?;
        match answer["error_code"].as_str() {
            None => {
                assert!(answer["type"] == "inventory_update" || kind == "ping", "{answer}");
                self.had = self.may_have.take();
                self.done += u64::from(kind != "ping");
            }
            Some("NOT_FOUND") if kind == "item_pickup" => self.may_have = None,
            Some(_) => panic!("{answer}"),
        }
        for update in socket.take_heard("ground_update") {
            self.learn(&update["items"]);
            for gone in update["gone"].as_array().expect("a list") {
                self.lying.remove(&number(gone));
            }
        }
        Some(())
    }
}

/// Everything that is there, once: with somebody or on the ground, as all of them see it.
fn census(people: &[Grabber]) -> (BTreeSet<i64>, i64) {
    let lying = &people[0].lying;
    let (mut items, mut potions) = (BTreeSet::new(), 0);
    let held = people.iter().filter_map(|one| one.had.as_ref());
    for serial in held.clone().flat_map(|has| &has.0).chain(lying.values().flatten()) {
        assert!(items.insert(*serial), "item {serial} is there twice");
    }
    potions += held.map(|has| has.1).sum::<i64>();
    potions += lying.values().filter(|serial| serial.is_none()).count() as i64;
    assert!(people.iter().all(|one| one.lying == *lying), "all see the same");
    (items, potions)
}

#[tokio::test]
async fn every_kill_leaves_each_thing_in_one_hand_or_on_the_ground() {
    let directory = Directory::new();
    let server = Server::start_in(&directory, &[]);
    let mut people = Vec::new();
    for _ in 0..PEOPLE {
        let player = server.player().await;
        server.enter(&player, Socket::v1(&server).await).await;
        let lying = BTreeMap::new();
        people.push(Grabber { player, had: None, may_have: None, lying, done: 0, nth: 0 });
    }
    server.stop().await;
    let mut all = None;
    for round in 1..=KILLS {
        let server = Server::start_in(&directory, &[]);
        let sockets = join_all(people.iter_mut().map(|one| one.enter(&server))).await;
        let census = census(&people);
        assert_eq!(*all.get_or_insert_with(|| census.clone()), census);
        // At a moment that has nothing to do with what anybody is doing: a fault, not a wait.
        let killing = async {
            tokio::time::sleep(Duration::from_millis(5 + round * 197 % 495)).await;
            server.kill_at_once();
        };
        let playing = join_all(people.iter_mut().zip(sockets).map(|(one, socket)| one.play(socket)));
        tokio::join!(killing, playing);
        assert_eq!(audit(&server.kill()).problems, Vec::<String>::new());
    }
    let done: u64 = people.iter().map(|one| one.done).sum();
    assert!(done > KILLS * PEOPLE as u64, "there was work to lose: {done}");
    assert!(!directory.log().contains("panicked"));
}
