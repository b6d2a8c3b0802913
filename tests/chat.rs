//! Talking: who hears what, in which dialect, in which order, and what a retry does.

use serde_json::{Value, json};

use crate::harness::server::Server;
use crate::harness::shapes::expect_keys;
use crate::harness::socket::Socket;

#[tokio::test]
async fn what_one_says_everybody_hears_in_either_dialect() {
    let server = Server::start();
    let (ann, mut ann_socket) = server.classic().await;
    let (bob, mut bob_socket) = server.v1().await;
    let (_, mut eve_socket) = server.classic().await;
    for (nth, channel) in [("1", "global"), ("2", "say")] {
        let body = json!({"content": format!("hello {nth}"), "channel": channel, "sender_name": "Admin", "sender_id": 1});
        let own = ann_socket.ask("chat", nth, body).await;
        assert_eq!((&own["sender_id"], &own["sender_name"]), (&json!(ann.character), &json!(ann.name)));
        for socket in [&mut bob_socket, &mut eve_socket] {
            let heard = socket.hear("chat").await;
            for field in ["sender_id", "sender_name", "channel", "content", "chat_id"] {
                assert_eq!(heard[field], own[field], "{field}");
            }
            assert_eq!(heard["channel"], channel);
            assert!(heard["message_id"].is_null(), "the name of a command is its sender's own");
        }
    }
    let body = json!({"content": "and back"});
    assert_eq!(bob_socket.ask("chat", "b", body).await["type"], "chat");
    let heard = ann_socket.hear("chat").await;
    assert_eq!((&heard["sender_id"], &heard["channel"]), (&json!(bob.character), &json!("global")));
    expect_keys(
        &heard,
        &[
            "type",
            "timestamp",
            "version",
            "message_id",
            "priority",
            "sender_id",
            "sender_name",
            "channel",
            "content",
            "recipient_id",
            "chat_id",
        ],
    );
}

#[tokio::test]
async fn factions_keep_to_themselves() {
    let server = Server::start();
    let mut friends = Vec::new();
    for _ in 0..2 {
        let player = server.player_of("Iron Brotherhood").await;
        friends.push(server.enter(&player, Socket::v1(&server).await).await);
    }
    let other = server.player_of("Golden Order").await;
    let mut other = server.enter(&other, Socket::classic(&server).await).await;
    assert_eq!(friends[0].ask("faction_chat", "1", json!({"content": "psst"})).await["type"], "faction_chat");
    let by_channel = json!({"content": "psst again", "channel": "faction"});
    assert_eq!(friends[0].ask("chat", "2", by_channel).await["channel"], "faction");
    for content in ["psst", "psst again"] {
        let heard = friends[1].hear_where("faction chat", |message| message["content"] == content).await;
        assert_eq!(heard["channel"], "faction");
    }
    friends[0].ask("chat", "3", json!({"content": "to all"})).await;
    other.hear_where("to all", |message| message["content"] == "to all").await;
    assert!(other.everything_so_far().await.iter().all(|message| message["channel"] != "faction"));
}

#[tokio::test]
async fn a_whisper_reaches_one_and_an_absent_one_is_said_to_be() {
    let server = Server::start();
    let (ann, mut ann_socket) = server.v1().await;
    let (bob, mut bob_socket) = server.classic().await;
    let (_, mut eve_socket) = server.classic().await;
    for (id, body) in [
        ("1", json!({"content": "by id", "recipient_id": bob.character})),
        ("2", json!({"content": "by name", "recipient_name": bob.name.to_uppercase()})),
    ] {
        let own = ann_socket.ask("whisper", id, body).await;
        assert_eq!(own["type"], "whisper", "{own}");
        let heard = bob_socket.hear("whisper").await;
        assert_eq!((&heard["content"], &heard["sender_id"]), (&own["content"], &json!(ann.character)));
        assert_eq!(heard["recipient_id"], bob.character);
    }
    let by_channel = json!({"content": "by channel", "channel": "whisper", "recipient_id": ann.character});
    assert_eq!(bob_socket.ask("chat", "3", by_channel).await["type"], "whisper");
    ann_socket.hear("whisper").await;
    let absent = json!({"content": "x", "recipient_id": 999_999});
    assert_eq!(ann_socket.ask("whisper", "4", absent).await["error_code"], "NOT_ONLINE");
    assert_eq!(
        ann_socket.ask("whisper", "5", json!({"content": "x"})).await["details"]["field"],
        "recipient_id"
    );
    eve_socket.ask("chat", "e", json!({"content": "anything?"})).await;
    assert!(eve_socket.everything_so_far().await.iter().all(|message| message["type"] != "whisper"));
}

#[tokio::test]
async fn lines_are_cleaned_and_bounded() {
    let server = Server::start();
    let (_, mut socket) = server.v1().await;
    let said = socket.ask("chat", "1", json!({"content": " a\u{0}b\u{1b}[31m\u{202e}c\n "})).await;
    assert_eq!(said["content"], "ab[31mc");
    let longest = "ä".repeat(500);
    assert_eq!(socket.ask("chat", "2", json!({"content": longest})).await["content"], longest);
    for (id, content) in [("3", "ä".repeat(501)), ("4", String::new()), ("5", " \u{200b}\n".to_owned())] {
        let refused = socket.ask("chat", id, json!({"content": content})).await;
        assert_eq!(refused["details"]["field"], "content", "{refused}");
    }
}

#[tokio::test]
async fn everybody_hears_one_order_and_nobody_misses_a_line() {
    let server = Server::start();
    let mut sockets = Vec::new();
    for nth in 0..4 {
        sockets.push(if nth % 2 == 0 { server.classic().await.1 } else { server.v1().await.1 });
    }
    for line in 0..25 {
        for (nth, socket) in sockets.iter_mut().enumerate() {
            socket.say("chat", json!({"content": format!("{nth}:{line}")})).await;
        }
    }
    let mut orders = Vec::new();
    for socket in &mut sockets {
        let mut order: Vec<(u64, String)> = Vec::new();
        while order.len() < 100 {
            let line = socket.hear("chat").await;
            order.push((line["chat_id"].as_u64().unwrap(), line["content"].to_string()));
        }
        assert!(order.is_sorted_by_key(|(id, _)| *id), "{order:?}");
        orders.push(order);
    }
    assert!(orders.iter().all(|order| *order == orders[0]));
    let (first, last) = (orders[0][0].0, orders[0][99].0);
    assert_eq!(last - first, 99, "no number is left out");
}

#[tokio::test]
async fn a_retry_has_its_effect_once_and_the_same_answer() {
    let server = Server::start();
    let (player, mut socket) = server.v1().await;
    let (_, mut other) = server.classic().await;
    let first = socket.ask("chat", "once", json!({"content": "only once"})).await;
    let again = socket.ask("chat", "once", json!({"content": "only once"})).await;
    assert_eq!(again["chat_id"], first["chat_id"]);
    drop(socket);
    // The same over a new connection of the session …
    let mut socket = server.enter(&player, Socket::v1(&server).await).await;
    let again = socket.ask("chat", "once", json!({"content": "only once"})).await;
    assert_eq!((&again["chat_id"], &again["content"]), (&first["chat_id"], &json!("only once")));
    // … and over another session of the account.
    let elsewhere = server.login(&player.person.username).await;
    server.select(&elsewhere, player.character).await;
    let mut socket = Socket::v1(&server).await;
    socket.sign_in(&elsewhere.token).await;
    let again = socket.ask("chat", "once", json!({"content": "only once"})).await;
    assert_eq!(again["chat_id"], first["chat_id"]);
    socket.ask("chat", "twice", json!({"content": "the end"})).await;
    other.hear_where("the end", |message| message["content"] == "the end").await;
    let heard = other.everything_so_far().await;
    assert_eq!(heard.iter().filter(|message| message["content"] == "only once").count(), 1);
}

#[tokio::test]
async fn a_newcomer_reads_what_was_said_lately_in_v1_only() {
    let server = Server::start();
    let (_, mut socket) = server.classic().await;
    for line in 0..60 {
        socket.ask("chat", &line.to_string(), json!({"content": format!("line {line}")})).await;
    }
    let (_, mut newcomer) = server.v1().await;
    let mut lines: Vec<Value> = Vec::new();
    while lines.last().is_none_or(|line| line["content"] != "line 59") {
        let page = newcomer.hear_where("global history", |message| {
            message["type"] == "chat_history" && message["channel"] == "global"
        });
        let page = page.await;
        assert!(page.to_string().len() < 9000, "pages are bounded");
        lines.extend(page["lines"].as_array().unwrap().iter().cloned());
    }
    let found: Vec<&str> = lines.iter().map(|line| line["content"].as_str().unwrap()).collect();
    let expected: Vec<String> = (10..60).map(|line| format!("line {line}")).collect();
    assert_eq!(found, expected);
    expect_keys(&lines[0], &["chat_id", "sender_id", "sender_name", "content", "said_at"]);
    let (_, mut classic) = server.classic().await;
    let heard = classic.everything_so_far().await;
    assert!(heard.iter().all(|message| message["type"] != "chat_history"), "{heard:?}");
}

#[tokio::test]
async fn only_admins_announce_to_the_world() {
    let server = Server::start();
    let (_, mut socket) = server.v1().await;
    let refused = socket.ask("world_announcement", "1", json!({"content": "I am the law"})).await;
    assert_eq!(refused["error_code"], "FORBIDDEN");
    let admin = server.admin().await;
    let character = server.create_character(&admin, "Zora Blake", "Golden Order").await;
    server.select(&admin, character).await;
    let mut admin_socket = Socket::v1(&server).await;
    admin_socket.sign_in(&admin.token).await;
    admin_socket.hear("location_update").await;
    let done = admin_socket.ask("world_announcement", "1", json!({"content": "maintenance at noon"})).await;
    assert_ne!(done["type"], "error", "{done}");
    let heard = socket.hear("world_announcement").await;
    assert_eq!(
        (&heard["content"], &heard["announced_by"]),
        (&json!("maintenance at noon"), &json!("overseer"))
    );
    let events = server.get("/api/world/events?limit=5", None).await.expect();
    assert_eq!(events["events"][0]["event_type"], "announcement");
    assert_eq!(events["events"][0]["description"], "maintenance at noon");
}
