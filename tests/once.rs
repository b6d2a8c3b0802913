//! A request with a name has its effect once, however often and wherever it is repeated, and gets the same answer.

use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::harness::people::{PASSWORD, Person};
use crate::harness::server::{Answer, Server};
use crate::harness::socket::Socket;

async fn send(server: &Server, method: Method, path: &str, who: &Person, key: &str, body: &Value) -> Answer {
    let request = server.request(method, path).bearer_auth(&who.token).header("idempotency-key", key);
    Server::send(request.json(body)).await
}

fn new_character(name: &str) -> Value {
    json!({"name": name, "race": "Elf", "class": "Rogue", "faction": "Golden Order"})
}

async fn names(server: &Server, who: &Person) -> Vec<String> {
    let list = server.get("/api/characters", Some(&who.token)).await.expect();
    let characters = list["characters"].as_array().unwrap().iter();
    characters.map(|character| character["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn fifty_at_once_make_one_character_and_get_one_answer() {
    let mut server = Server::start();
    let ann = server.person().await;
    let body = new_character("Onlyone");
    let tries = (0..50).map(|_| send(&server, Method::POST, "/api/characters", &ann, "make one", &body));
    let answers = join_all(tries).await;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (200, &answers[0].body), "{answer:?}");
    }
    assert_eq!(answers[0].body["character"]["name"], "Onlyone", "{:?}", answers[0]);
    let replayed = answers.iter().filter(|answer| answer.header("idempotency-replayed") == "true").count();
    assert_eq!(replayed, 49);
    assert_eq!(names(&server, &ann).await, ["Onlyone"]);
    server.expect_well().await;
}

#[tokio::test]
async fn a_repetition_after_a_crash_gets_the_first_answer() {
    let server = Server::start();
    let ann = server.person().await;
    let made =
        send(&server, Method::POST, "/api/characters", &ann, "\"made\"", &new_character("First")).await;
    let id = made.body["character"]["id"].as_i64().unwrap();
    let path = format!("/api/characters/{id}");
    let deleted = send(&server, Method::DELETE, &path, &ann, "gone", &json!({})).await;
    let change = json!({"old_password": PASSWORD, "new_password": "another one"});
    let changed = send(&server, Method::POST, "/api/auth/password", &ann, "changed", &change).await;
    assert_eq!(
        (made.status, deleted.status, changed.status),
        (200, 200, 200),
        "{made:?} {deleted:?} {changed:?}"
    );

    let server = Server::start_in(&server.kill(), &[]);
    let again = send(&server, Method::POST, "/api/characters", &ann, "made", &new_character("First")).await;
    assert_eq!((again.status, &again.body), (200, &made.body));
    let again = send(&server, Method::DELETE, &path, &ann, "gone", &json!({})).await;
    assert_eq!((again.status, &again.body), (200, &deleted.body));
    let again = send(&server, Method::POST, "/api/auth/password", &ann, "changed", &change).await;
    assert_eq!((again.status, &again.body), (200, &changed.body));
    assert_eq!(names(&server, &ann).await, [""; 0]);
    // Without the name it is another request.
    assert_eq!(server.delete(&path, Some(&ann.token)).await.status, 404);
}

#[tokio::test]
async fn commands_of_the_account_are_answered_again_after_a_crash_too() {
    let server = Server::start();
    let ann = server.person().await;
    let mut socket = Socket::v1(&server).await;
    socket.sign_in(&ann.token).await;
    let made = socket.ask("character_create", "made", new_character("First")).await;
    let which = json!({"character_id": made["character"]["id"]});
    let deleted = socket.ask("character_delete", "gone", which.clone()).await;
    assert_eq!((&made["type"], &deleted["type"]), (&json!("character_create"), &json!("character_delete")));

    let server = Server::start_in(&server.kill(), &[]);
    let mut socket = Socket::v1(&server).await;
    socket.sign_in(&ann.token).await;
    let again = socket.ask("character_create", "made", new_character("First")).await;
    assert_eq!(again["character"], made["character"], "{again}");
    let again = socket.ask("character_delete", "gone", which.clone()).await;
    assert_eq!(again["message"], deleted["message"], "{again}");
    assert_eq!(names(&server, &ann).await, [""; 0]);
    assert_eq!(socket.ask("character_delete", "new", which).await["error_code"], "NOT_FOUND");
}

#[tokio::test]
async fn a_name_is_for_one_request_of_one_account() {
    let server = Server::start();
    let (ann, bob) = (server.person().await, server.person().await);
    for (who, name) in [(&ann, "Anns"), (&bob, "Bobs")] {
        let made = send(&server, Method::POST, "/api/characters", who, "same", &new_character(name)).await;
        assert_eq!((made.status, &made.body["character"]["name"]), (200, &json!(name)), "{made:?}");
    }
    let other = send(&server, Method::POST, "/api/characters", &ann, "same", &new_character("Other")).await;
    assert_eq!((other.status, &other.body["code"]), (409, &json!("CONFLICT")), "{other:?}");
    assert_eq!(other.body["field"], "idempotency-key");
    // A refusal changed nothing: the name is free for a better try.
    let taken = send(&server, Method::POST, "/api/characters", &ann, "try", &new_character("Bobs")).await;
    assert_eq!(taken.status, 409, "{taken:?}");
    let better = send(&server, Method::POST, "/api/characters", &ann, "try", &new_character("Better")).await;
    assert_eq!(better.status, 200, "{better:?}");
    for key in ["", "\"\"", &"x".repeat(65)] {
        let wrong = send(&server, Method::POST, "/api/characters", &ann, key, &new_character("Third")).await;
        assert_eq!(
            (wrong.status, &wrong.body["field"]),
            (400, &json!("idempotency-key")),
            "{key:?} {wrong:?}"
        );
    }
    // What only looks is not kept.
    for count in [2, 3] {
        let request = server.request(Method::GET, "/api/characters").bearer_auth(&ann.token);
        let list = Server::send(request.header("idempotency-key", "look")).await.expect();
        assert_eq!(list["characters"].as_array().unwrap().len(), count, "{list}");
        send(&server, Method::POST, "/api/characters", &ann, &format!("{count}"), &new_character("Fourth"))
            .await;
    }
    assert_eq!(names(&server, &ann).await, ["Anns", "Better", "Fourth"]);
}

#[tokio::test]
async fn selecting_twice_takes_the_character_once() {
    let server = Server::start();
    let player = server.player().await;
    let body = json!({"character_id": player.character});
    let path = "/api/characters/select";
    let first = send(&server, Method::POST, path, &player.person, "select", &body).await;
    let again = send(&server, Method::POST, path, &player.person, "select", &body).await;
    assert_eq!((first.status, again.status, &again.body), (200, 200, &first.body));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
}

#[tokio::test]
async fn who_hangs_up_and_asks_again_gets_the_answer_of_the_first_time() {
    let server = Server::start();
    for round in 0..4 {
        let ann = server.person().await;
        for number in 0..6_u64 {
            let (key, body) = (format!("make {number}"), new_character(&name_of(round * 6 + number)));
            let text = body.to_string();
            let mut stream = TcpStream::connect(&server.address).await.expect("the server listens");
            let head = format!(
                "POST /api/characters HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nidempotency-key: {key}\r\n\
                 content-type: application/json\r\ncontent-length: {}\r\n\r\n{text}",
                ann.token,
                text.len()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            tokio::time::sleep(Duration::from_micros(500 * number)).await;
            drop(stream);
            let again = send(&server, Method::POST, "/api/characters", &ann, &key, &body).await;
            assert_eq!((again.status, &again.body["character"]["name"]), (200, &body["name"]), "{again:?}");
        }
        assert_eq!(names(&server, &ann).await.len(), 6);
    }
}

/// Of letters only.
fn name_of(number: u64) -> String {
    let letter = |number: u64| char::from(b'a' + u8::try_from(number).expect("a letter"));
    format!("Hangs {}{}", letter(number / 26), letter(number % 26))
}

#[tokio::test]
async fn a_request_that_changed_nothing_keeps_its_name_all_the_same() {
    let server = Server::start();
    let admin = server.admin().await;
    let (seal, body) = ("/api/admin/shards/3/seal", json!({}));
    let lifted = send(&server, Method::DELETE, seal, &admin, "lift", &body).await;
    assert_eq!(
        (lifted.status, lifted.header("idempotency-replayed")),
        (200, ""),
        "it was not sealed: {lifted:?}"
    );
    assert_eq!(send(&server, Method::POST, seal, &admin, "seal", &body).await.status, 200);
    let again = send(&server, Method::DELETE, seal, &admin, "lift", &body).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (200, "true"), "{again:?}");
    let shards = server.get("/api/world/shards", None).await.expect();
    let third = shards["shards"].as_array().unwrap().iter().find(|shard| shard["id"] == 3).unwrap();
    assert_eq!(third["status"], "sealed", "{third}");
}
