//! SIGKILL again and again: what was acknowledged is there afterwards, what was not said is not, and nothing is twice.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use serde_json::json;

use crate::harness::disk::global_lines;
use crate::harness::people::{PASSWORD, Person, Player, new_name, text};
use crate::harness::program::run;
use crate::harness::server::{Directory, Server};
use crate::harness::socket::Socket;

const KILLS: u32 = 24;

/// Somebody who talks, and repeats after a crash what was not answered before it.
struct Talker {
    player: Player,
    nth: u32,
    sent: HashSet<String>,
    /// Line and number.
    acknowledged: HashMap<String, u64>,
}

/// Somebody who goes somewhere and signs out there.
struct Walker {
    player: Player,
    /// Where it may be found: one place when signing out was acknowledged.
    possible: Vec<f64>,
}

/// Makes accounts and characters.
#[derive(Default)]
struct Creator {
    /// Name of the account and of its character.
    acknowledged: Vec<(String, String)>,
}

impl Talker {
    async fn talk(&mut self, mut socket: Socket) {
        loop {
            let content = format!("{} says {}", self.player.name, self.nth);
            self.sent.insert(content.clone());
            let id = format!("line {}", self.nth);
            socket.say("chat", json!({"content": content, "message_id": id})).await;
            if !socket.is_open_after(&id).await {
                return;
            }
            let answer = socket.acknowledged.pop().expect("a line of a lone talker is not refused");
            assert_eq!(answer["content"], *content, "{answer}");
            self.acknowledged.insert(content, answer["chat_id"].as_u64().expect("it has a number"));
            self.nth += 1;
        }
    }
}

impl Walker {
    async fn walk(&mut self, server: &Server, mut socket: Socket, token: &str, round: u32, steps: u32) {
        for step in 0..=steps {
            let x = f64::from(round) + f64::from(step) / 100.0;
            self.possible.push(x);
            let id = format!("{round} {step}");
            let body =
                json!({"to_location_id": 0, "position": {"x": x, "y": 0.0, "z": 0.0}, "message_id": id});
            socket.say("move", body).await;
            if !socket.is_open_after(&id).await {
                return;
            }
        }
        let request = server.request(reqwest::Method::POST, "/api/auth/logout");
        if let Some(answer) = Server::try_send(request.json(&json!({"session_token": token}))).await {
            answer.expect();
            self.possible = self.possible.split_off(self.possible.len() - 1);
        }
    }

    /// Enters the world; must be where it may be.
    async fn find(&mut self, server: &Server) -> (Socket, Person) {
        let person = server.login(&self.player.person.username).await;
        let mut socket = Socket::v1(server).await;
        socket.sign_in(&person.token).await;
        let select = json!({"character_id": self.player.character});
        assert_eq!(socket.ask("character_select", "select", select).await["type"], "character_select");
        let x = socket.hear("location_update").await["position"]["x"].as_f64().expect("a place");
        assert!(self.possible.contains(&x), "{} is at {x}, not in {:?}", self.player.name, self.possible);
        self.possible = vec![x];
        (socket, person)
    }
}

impl Creator {
    async fn create(&mut self, server: &Server) -> Option<()> {
        use reqwest::Method;
        loop {
            let name = new_name();
            let username = name.replace(' ', "-");
            let who = json!({"username": username, "password": PASSWORD});
            let post = |path: &str| server.request(Method::POST, path);
            Server::try_send(post("/api/auth/register").json(&who)).await?.expect();
            let signed_in = Server::try_send(post("/api/auth/login").json(&who)).await?.expect();
            let body = json!({"name": name, "race": "Elf", "class": "Rogue", "faction": "Golden Order"});
            let request = post("/api/characters").bearer_auth(text(&signed_in["session_token"]));
            Server::try_send(request.json(&body)).await?.expect();
            self.acknowledged.push((username, name));
        }
    }

    async fn check(&self, server: &Server, of: &[(String, String)]) {
        for (username, name) in of {
            let person = server.login(username).await;
            let list = server.get("/api/characters", Some(&person.token)).await.expect();
            assert_eq!(list["characters"][0]["name"], *name, "{username} was promised it: {list}");
        }
    }
}

fn check_lines(directory: &Directory, talkers: &[Talker]) {
    let lines = global_lines(directory);
    let numbers: Vec<u64> = lines.iter().map(|line| line.chat_id).collect();
    assert!(numbers.is_sorted_by(|one, next| one + 1 == *next), "{numbers:?}");
    let on_disk: HashMap<&str, u64> =
        lines.iter().map(|line| (line.content.as_str(), line.chat_id)).collect();
    assert_eq!(on_disk.len(), lines.len(), "nothing is there twice");
    for talker in talkers {
        for (line, number) in &talker.acknowledged {
            assert_eq!(on_disk.get(line.as_str()), Some(number), "{line:?} was acknowledged");
        }
    }
    for line in on_disk.keys() {
        assert!(talkers.iter().any(|talker| talker.sent.contains(*line)), "nobody said {line:?}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_every_kill() {
    let directory = Directory::new();
    let server = Server::start_in(&directory, &[]);
    let mut talkers = Vec::new();
    for _ in 0..3 {
        let player = server.player().await;
        talkers.push(Talker { player, nth: 0, sent: HashSet::new(), acknowledged: HashMap::new() });
    }
    let mut walkers = Vec::new();
    for _ in 0..2 {
        walkers.push(Walker { player: server.player().await, possible: vec![0.0] });
    }
    server.stop().await;
    let mut creator = Creator::default();
    let mut checked = 0;
    for round in 1..=KILLS {
        let server = Server::start_in(&directory, &[]);
        creator.check(&server, &creator.acknowledged[checked..]).await;
        checked = creator.acknowledged.len();
        let mut talks = Vec::new();
        for talker in &mut talkers {
            let mut socket = Socket::v1(&server).await;
            socket.sign_in(&talker.player.person.token).await;
            socket.hear("location_update").await;
            talks.push(talker.talk(socket));
        }
        let mut walks = Vec::new();
        for (nth, walker) in walkers.iter_mut().enumerate() {
            let (socket, person) = walker.find(&server).await;
            let steps = (round * 37 + nth as u32 * 61) % 150;
            let server = &server;
            walks.push(async move { walker.walk(server, socket, &person.token, round, steps).await });
        }
        // At a moment that has nothing to do with what anybody is doing: a fault, not a wait.
        let killing = async {
            tokio::time::sleep(Duration::from_millis(u64::from(50 + round * 197 % 500))).await;
            server.kill_at_once();
        };
        let everybody = futures_util::future::join(
            futures_util::future::join_all(talks),
            futures_util::future::join(futures_util::future::join_all(walks), creator.create(&server)),
        );
        tokio::join!(killing, everybody);
        let directory = server.kill();
        run(directory.path(), &["check"]).expect_success();
        check_lines(&directory, &talkers);
    }
    let server = Server::start_in(&directory, &[]);
    creator.check(&server, &creator.acknowledged).await;
    for walker in &mut walkers {
        walker.find(&server).await;
    }
    let lines: usize = talkers.iter().map(|talker| talker.acknowledged.len()).sum();
    assert!(
        lines > KILLS as usize * 5 && creator.acknowledged.len() > KILLS as usize,
        "there was work to lose"
    );
    assert!(!directory.log().contains("panicked"));
}
