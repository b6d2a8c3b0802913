//! Fights over real sockets: what everybody in them hears, and that a killed server neither forgets nor doubles what they
//! bring.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::disk::{experience, is_settled};
use crate::harness::people::{PASSWORD, Player, text};
use crate::harness::program::run;
use crate::harness::server::{Directory, Server};
use crate::harness::shapes::expect_keys;
use crate::harness::socket::Socket;
use crate::harness::way::Way;

/// Where somebody of the first level finds something to fight.
const OUTPOST: i64 = 11;
const KILLS: u32 = 12;

/// What coming there brings.
const FIRST_QUEST: i64 = 20;
/// What three hollow soldiers bring besides.
const SOLDIERS_QUEST: i64 = 100;

async fn go_out(socket: &mut Socket) {
    let gone = socket.ask("move", "to the outpost", json!({"to_location_id": OUTPOST})).await;
    assert_eq!((&gone["type"], &gone["safe"]), (&json!("location_update"), &json!(false)), "{gone}");
    assert_eq!(gone["enemies"][0], "hollow_soldier", "{gone}");
    socket.hear_where("the first quest", |message| message["status"] == "completed").await;
}

fn action(combat: &Value, action_type: &str) -> Value {
    json!({"combat_id": combat, "action_type": action_type})
}

fn rest(combat: &Value) -> Value {
    json!({"combat_id": combat, "action_type": "defend", "ability_name": "rest"})
}

/// Strikes, or gathers breath for it.
async fn make_move(socket: &mut Socket, combat: &Value, id: &str) {
    let struck = socket.ask("combat_action", id, action(combat, "attack")).await;
    if struck["error_code"] == "NOT_ENOUGH" {
        let rested = socket.ask("combat_action", &format!("{id}, out of breath"), rest(combat)).await;
        assert_eq!(rested["type"], "combat_action", "{rested}");
    }
}

#[tokio::test]
async fn a_fight_is_told_with_everything_that_is_documented() {
    let mut server = Server::start();
    for way in [Way::Classic, Way::Json, Way::MsgPackDeflate] {
        let player = server.player().await;
        let mut socket = server.enter(&player, Socket::speaking(way, &server).await).await;
        go_out(&mut socket).await;
        let start = socket.ask("combat_start", "start", json!({"enemy": "hollow_soldier"})).await;
        assert_eq!((&start["type"], &start["location_id"]), (&json!("combat_start"), &json!(OUTPOST)));
        let both = start["participants"].as_array().expect("it lists who fights");
        assert_eq!(both.len(), 2, "{start}");
        assert_eq!(both.iter().filter(|one| one["is_enemy"] == true).count(), 1, "{start}");
        let combat = &start["combat_id"];
        let mut moves = 0;
        let mut heard = Vec::new();
        while !heard.iter().any(|message: &Value| message["type"] == "combat_end") {
            moves += 1;
            make_move(&mut socket, combat, &format!("move {moves}")).await;
            heard.extend(socket.everything_so_far().await);
        }
        let of = |kind: &str| heard.iter().filter(move |message| message["type"] == kind).collect::<Vec<_>>();
        for damage in of("combat_damage") {
            assert!(damage["amount"].is_i64() && damage["health"].is_i64(), "{damage}");
            assert!(damage["target_id"].is_i64() && damage["critical"].is_boolean(), "{damage}");
        }
        assert!(!of("combat_damage").is_empty() && !of("combat_action").is_empty(), "{heard:#?}");
        let last = of("combat_state").pop().expect("it says how it stands");
        assert_eq!((&last["is_finished"], &last["combat_id"]), (&json!(true), combat));
        let end = of("combat_end").pop().expect("it is over");
        let won = end["outcome"] == "won";
        assert!(won || end["outcome"] == "lost", "{end}");
        assert_eq!(end["experience"], if won { 100 } else { 0 }, "{end}");
        if way == Way::Classic {
            let envelope = ["type", "timestamp", "version", "message_id", "priority"];
            let own = ["combat_id", "outcome", "experience", "souls", "loot"];
            expect_keys(end, &[&envelope[..], &own[..]].concat());
        }
        // What it promised is there by the time that something else can be asked for.
        let update = socket.ask("inventory", "after", json!({})).await;
        let before = 50..=150;
        let souls = update["souls"].as_i64().unwrap() - end["souls"].as_i64().unwrap() - FIRST_QUEST;
        assert!(before.contains(&souls), "{update} after {end}");
        let list = server.get("/api/characters", Some(&player.person.token)).await.expect();
        let experience = end["experience"].as_i64().unwrap() + FIRST_QUEST;
        assert_eq!(list["characters"][0]["progression"]["experience"], experience, "{list}");
        assert_eq!(list["characters"][0]["progression"]["level"], if won { 2 } else { 1 }, "{list}");
    }
    server.expect_well().await;
    run(server.stop().await.path(), &["check"]).expect_success();
}

#[tokio::test]
async fn characters_fight_each_other_where_it_is_allowed_and_a_repeated_move_counts_once() {
    let mut server = Server::start();
    let ((ann, mut one), (bob, mut two)) = (server.v1().await, server.classic().await);
    let challenge = json!({"target_id": bob.character});
    let refused = one.ask("combat_start", "in town", challenge.clone()).await;
    assert_eq!(refused["error_code"], "FORBIDDEN", "{refused}");
    go_out(&mut one).await;
    go_out(&mut two).await;
    let start = one.ask("combat_start", "outside", challenge).await;
    let seen = two.hear("combat_start").await;
    assert_eq!((&seen["combat_id"], &seen["turn_order"]), (&start["combat_id"], &start["turn_order"]));
    let combat = &start["combat_id"];
    let state = one.hear("combat_state").await;
    let mut classic = two.hear("combat_state").await["participants"].take();
    for participant in classic.as_array_mut().unwrap() {
        // What v1 leaves out.
        assert_eq!(participant.as_object_mut().unwrap().remove("rank"), Some(Value::Null), "{participant}");
    }
    assert_eq!(classic, state["participants"]);
    let ann_begins = state["active_character_id"] == ann.character;
    let (acting, waiting) = if ann_begins { (&mut one, &mut two) } else { (&mut two, &mut one) };
    let early = waiting.ask("combat_action", "early", action(combat, "attack")).await;
    assert_eq!(early["error_code"], "NOT_YOUR_TURN", "{early}");
    let foreign = acting.ask("combat_action", "foreign", action(&json!("another"), "attack")).await;
    assert_eq!(foreign["error_code"], "NOT_FOUND", "{foreign}");
    let done = acting.ask("combat_action", "once", action(combat, "attack")).await;
    let again = acting.ask("combat_action", "once", action(combat, "attack")).await;
    for field in ["type", "result", "target_id", "character_id"] {
        assert_eq!(done[field], again[field], "{done} {again}");
    }
    let next = waiting.hear("combat_state").await;
    assert_eq!(next["turn_number"], 2, "{next}");
    let moves = waiting.everything_so_far().await;
    assert_eq!(moves.iter().filter(|message| message["type"] == "combat_action").count(), 1, "{moves:#?}");
    // Who fights can't be deleted, and can't walk away.
    let path = format!("/api/characters/{}", bob.character);
    let deleted = server.delete(&path, Some(&bob.person.token)).await;
    assert_eq!((deleted.status, &deleted.body["code"]), (409, &json!("CONFLICT")), "{deleted:?}");
    let request = server.request(Method::DELETE, "/api/account").bearer_auth(&bob.person.token);
    let kept = Server::send(request.json(&json!({"password": PASSWORD}))).await;
    assert_eq!((kept.status, &kept.body["code"]), (409, &json!("CONFLICT")), "{kept:?}");
    let left = two.ask("move", "away", json!({"to_location_id": 1})).await;
    assert_eq!(left["error_code"], "MOVE_REJECTED", "{left}");
    server.expect_well().await;
}

/// Somebody who fights whatever it meets, and goes on with it after a crash.
struct Fighter {
    player: Player,
    nth: u32,
    /// The fight that was begun and whose end was not heard.
    open: Option<Value>,
    ended: Vec<Value>,
    /// By the ends that were heard.
    experience: i64,
    /// Fights that went on after a crash.
    resumed: u32,
}

impl Fighter {
    async fn fight(&mut self, mut socket: Socket) {
        loop {
            self.nth += 1;
            let id = format!("fight {}", self.nth);
            let mut body = json!({"enemy": "hollow_soldier"});
            body["message_id"] = json!(id);
            socket.say("combat_start", body).await;
            let Some(answer) = socket.open_answer(&id).await else { return };
            let combat = match text(&answer["type"]).as_str() {
                "combat_start" => answer["combat_id"].clone(),
                "error" if answer["error_code"] == "CONFLICT" => {
                    let combat = answer["details"]["combat_id"].clone();
                    // It is the one that the server was killed in, or one whose beginning nobody told.
                    self.resumed += u32::from(self.open.as_ref() == Some(&combat));
                    combat
                }
                _ => panic!("{answer}"),
            };
            self.open = Some(combat.clone());
            if !self.finish(&mut socket, &combat).await {
                return;
            }
        }
    }

    /// Until it is over. False: the server is gone.
    async fn finish(&mut self, socket: &mut Socket, combat: &Value) -> bool {
        loop {
            for mut body in [action(combat, "attack"), rest(combat)] {
                self.nth += 1;
                let id = format!("move {}", self.nth);
                body["message_id"] = json!(id);
                socket.say("combat_action", body).await;
                let Some(answer) = socket.open_answer(&id).await else { return self.has_ended(socket, true) };
                let code = answer["error_code"].as_str().unwrap_or("");
                assert!(["", "NOT_ENOUGH", "NOT_FOUND", "CONFLICT"].contains(&code), "{answer}");
                if code != "NOT_ENOUGH" {
                    break;
                }
            }
            if self.has_ended(socket, false) {
                return true;
            }
        }
    }

    fn has_ended(&mut self, socket: &mut Socket, gone: bool) -> bool {
        let ends = socket.take_heard("combat_end");
        for end in &ends {
            // Who heard the end just before the server was killed may be told it again.
            if self.ended.contains(&end["combat_id"]) {
                continue;
            }
            self.experience += end["experience"].as_i64().expect("it says what one learnt");
            self.ended.push(end["combat_id"].clone());
            self.open = self.open.take().filter(|open| *open != end["combat_id"]);
        }
        !gone && !ends.is_empty()
    }
}

#[tokio::test]
async fn fights_outlive_every_kill_and_what_they_bring_is_had_once() {
    let directory = Directory::new();
    let server = Server::start_in(&directory, &[]);
    let mut fighters = Vec::new();
    for _ in 0..4 {
        let player = server.player().await;
        let mut socket = server.enter(&player, Socket::v1(&server).await).await;
        go_out(&mut socket).await;
        let (open, ended) = (None, Vec::new());
        fighters.push(Fighter { player, nth: 0, open, ended, experience: 0, resumed: 0 });
    }
    let mut server = Some(server);
    for round in 1..=KILLS {
        let running = server.take().unwrap_or_else(|| Server::start_in(&directory, &[]));
        let mut fights = Vec::new();
        for fighter in &mut fighters {
            let mut socket = Socket::v1(&running).await;
            socket.sign_in(&fighter.player.person.token).await;
            socket.hear("location_update").await;
            fights.push(fighter.fight(socket));
        }
        // At a moment that has nothing to do with what anybody is doing: a fault, not a wait.
        let killing = async {
            tokio::time::sleep(Duration::from_millis(u64::from(100 + round * 197 % 700))).await;
            running.kill_at_once();
        };
        tokio::join!(killing, join_all(fights));
        running.kill();
        run(directory.path(), &["check"]).expect_success();
    }
    let server = Server::start_in(&directory, &[]);
    for fighter in &mut fighters {
        let mut socket = Socket::v1(&server).await;
        socket.sign_in(&fighter.player.person.token).await;
        socket.hear("location_update").await;
        let last = socket.ask("combat_start", "the last", json!({"enemy": "hollow_soldier"})).await;
        let combat = match last["type"] == "error" {
            true => last["details"]["combat_id"].clone(),
            false => last["combat_id"].clone(),
        };
        fighter.open.get_or_insert(combat.clone());
        assert!(fighter.finish(&mut socket, &combat).await, "the server is well");
        // What it brought is on disk before this is answered.
        socket.ask("inventory", "after all", json!({})).await;
    }
    let directory = server.stop().await;
    run(directory.path(), &["check"]).expect_success();
    let (mut resumed, mut unheard) = (0, 0);
    for fighter in &fighters {
        let who = fighter.player.character;
        for combat in &fighter.ended {
            assert!(is_settled(&directory, format!("combat:{}:{who}", text(combat))), "{combat} of {who}");
        }
        let quest = |id: &str| is_settled(&directory, format!("quest:{id}:{who}"));
        assert!(quest("beyond-the-palisade") && quest("clear-the-outpost"), "{who} has had both");
        // At most the one whose end was on its way at each kill may have been won without a word.
        let more = experience(&directory, who) - fighter.experience - FIRST_QUEST - SOLDIERS_QUEST;
        assert!(more >= 0 && more % 100 == 0 && more <= i64::from(KILLS) * 100, "{more} of {who}");
        unheard += more / 100;
        resumed += fighter.resumed;
    }
    println!("{resumed} fights went on after a kill, {unheard} were won unheard");
    assert!(resumed >= KILLS, "there was work to lose: {resumed}");
    assert!(fighters.iter().all(|fighter| fighter.ended.len() > 10), "they fought");
    assert!(!directory.log().contains("panicked"));
}
