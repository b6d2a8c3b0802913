//! People who play in the tests: an account, a token, a character.

use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use crate::harness::program::run;
use crate::harness::server::Server;
use crate::harness::socket::Socket;

pub const PASSWORD: &str = "correct horse";

/// Somebody with an account, signed in over REST.
#[derive(Debug, Clone)]
pub struct Person {
    pub username: String,
    pub token: String,
    pub player_id: i64,
}

/// Somebody with a character.
#[derive(Debug, Clone)]
pub struct Player {
    pub person: Person,
    pub character: i64,
    pub name: String,
}

/// A new name of letters alone, which is good for characters too.
pub fn new_name() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let mut number = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    let mut name = String::from("Hero ");
    while number > 0 {
        name.push(char::from(b'a' + (number % 26) as u8));
        number /= 26;
    }
    name.push('o');
    name
}

impl Server {
    pub async fn register(&self, username: &str) {
        let body = json!({"username": username, "password": PASSWORD});
        self.post("/api/auth/register", None, &body).await.expect();
    }

    pub async fn login(&self, username: &str) -> Person {
        let body = json!({"username": username, "password": PASSWORD});
        let answer = self.post("/api/auth/login", None, &body).await.expect();
        Person {
            username: username.to_owned(),
            token: text(&answer["session_token"]),
            player_id: answer["player_id"].as_i64().expect("an account has a number"),
        }
    }

    pub async fn person(&self) -> Person {
        let username = new_name().replace(' ', "-");
        self.register(&username).await;
        self.login(&username).await
    }

    pub async fn create_character(&self, person: &Person, name: &str, faction: &str) -> i64 {
        let body = json!({"name": name, "race": "Human", "class": "Warrior", "faction": faction});
        let answer = self.post("/api/characters", Some(&person.token), &body).await.expect();
        answer["character"]["id"].as_i64().expect("a character has a number")
    }

    /// Somebody whose character is selected, so that a socket is in the world at once.
    pub async fn player(&self) -> Player {
        self.player_of("Aether Seekers").await
    }

    pub async fn player_of(&self, faction: &str) -> Player {
        let (person, name) = (self.person().await, new_name());
        let character = self.create_character(&person, &name, faction).await;
        self.select(&person, character).await;
        Player { person, character, name }
    }

    pub async fn select(&self, person: &Person, character: i64) -> Value {
        let body = json!({"character_id": character});
        self.post("/api/characters/select", Some(&person.token), &body).await.expect()
    }

    /// A player with a signed-in classic socket that has heard where it is.
    pub async fn classic(&self) -> (Player, Socket) {
        let player = self.player().await;
        let socket = self.enter(&player, Socket::classic(self).await).await;
        (player, socket)
    }

    /// The same in the v1 dialect.
    pub async fn v1(&self) -> (Player, Socket) {
        let player = self.player().await;
        let socket = self.enter(&player, Socket::v1(self).await).await;
        (player, socket)
    }

    /// Signs a socket in as somebody who has a character in the world.
    pub async fn enter(&self, player: &Player, mut socket: Socket) -> Socket {
        socket.sign_in(&player.person.token).await;
        socket.hear("location_update").await;
        socket
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("expected text, found {value}")).to_owned()
}

impl Server {
    /// The admin `overseer`, made by the command line beside the running server and signed in.
    pub async fn admin(&self) -> Person {
        let made = run(self.directory().path(), &["admin", "create", "overseer"]).expect_success();
        let password = made.lines().next().and_then(|line| line.split_whitespace().last());
        let body = json!({"username": "overseer", "password": password.expect("it is printed once")});
        let answer = self.post("/api/auth/login", None, &body).await.expect();
        let player_id = answer["player_id"].as_i64().expect("an account has a number");
        Person { username: "overseer".to_owned(), token: text(&answer["session_token"]), player_id }
    }
}
