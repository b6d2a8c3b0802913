//! Clients that don't read, don't speak or don't leave: they hold up nobody else.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::harness::PATIENCE;
use crate::harness::people::Person;
use crate::harness::server::Server;
use crate::harness::shapes::whereabouts;
use crate::harness::socket::Socket;
use crate::harness::way::Way;
use crate::harness::wire::{TEXT, Wire};

#[tokio::test]
async fn who_does_not_read_is_let_go_and_holds_nobody_up() {
    let mut server = Server::with(&[("tcp.user_timeout_secs", "1")]);
    let (_, mut talker) = server.v1().await;
    let (_, mut listener) = server.classic().await;
    let slow = server.player().await;
    let jammed = Wire::upgrade_narrow(&server, &slow.person.token, Way::Classic).await;
    // The other connections have to see it come, so that the flood is for it too.
    talker.hear_where("the third", |message| message["character_id"] == slow.character).await;
    let line = "x".repeat(500);
    for nth in 0..1500 {
        let said = talker.ask("chat", &format!("{nth}"), json!({"content": line})).await;
        assert_eq!(said["type"], "chat", "{said}");
        listener.hear("chat").await;
    }
    // The kernel gives it up some time after the last byte that was taken.
    let gone = async {
        let mut rounds = tokio::time::interval(Duration::from_millis(50));
        while server.get("/api/status", None).await.expect()["websocket_connections"] != 2 {
            rounds.tick().await;
        }
    };
    timeout(PATIENCE, gone).await.expect("its outbox is full and its connection over");
    // The session is still there, and may come back on a better line.
    let mut back = Socket::v1(&server).await;
    back.sign_in(&slow.person.token).await;
    back.hear("location_update").await;
    assert_eq!(back.ask("ping", "p", json!({})).await["type"], "pong");
    drop(jammed);
    server.expect_well().await;
}

#[tokio::test]
async fn nobody_can_hold_up_the_end() {
    let mut server = Server::start();
    let (_, mut talker) = server.v1().await;
    let slow = server.player().await;
    let _jammed = Wire::upgrade_narrow(&server, &slow.person.token, Way::Classic).await;
    let _guest = Wire::upgrade(&server, None).await;
    let mut _silent = Vec::new();
    for _ in 0..5 {
        _silent.push(TcpStream::connect(&server.address).await.expect("the server listens"));
    }
    for nth in 0..400 {
        talker.ask("chat", &format!("{nth}"), json!({"content": "x".repeat(500)})).await;
    }
    server.terminate();
    assert_eq!(talker.closed().await.code, Some(1012));
    assert!(server.wait().await.success());
}

/// Neither the kernel nor the time for signing in would tell the connection within the test's patience.
#[tokio::test]
async fn who_is_over_is_let_go_although_its_socket_takes_nothing() {
    let mut server = Server::with(&[
        ("tcp.user_timeout_secs", "300"),
        ("ws.preauth_secs", "300"),
        ("server.drain_secs", "60"),
    ]);
    let (_, mut talker) = server.v1().await;
    let slow = server.player().await;
    let _jammed = Wire::upgrade_narrow(&server, &slow.person.token, Way::Classic).await;
    talker.hear_where("the other", |message| message["character_id"] == slow.character).await;
    for nth in 0..400 {
        talker.ask("chat", &format!("{nth}"), json!({"content": "x".repeat(500)})).await;
    }
    server.terminate();
    assert!(server.wait().await.success());
}

#[tokio::test]
async fn who_asks_much_at_once_and_reads_is_answered_all_of_it() {
    const MANY: usize = 3000;
    let server = Server::start();
    let player = server.player().await;
    let mut wire = Wire::upgrade(&server, Some(&player.person.token)).await;
    let frame = |body: Value| {
        let text = body.to_string();
        let mut frame = vec![TEXT, 0x80 | text.len() as u8, 0, 0, 0, 0];
        frame.extend(text.as_bytes());
        frame
    };
    // It has nothing else to do any more when the others come.
    assert!(wire.send_bytes(&frame(json!({"type": "ping", "version": "1.0", "message_id": "first"}))).await);
    let mut answered = 0;
    while answered < MANY {
        let (first, payload) = wire.frame().await.expect("the connection goes on");
        let message: Value = serde_json::from_slice(&payload).unwrap_or_default();
        assert_eq!(first, TEXT, "after {answered}");
        assert_ne!(message["type"], "disconnect", "after {answered}: {message}");
        if message["message_id"] == "first" {
            assert!(wire.send_bytes(&frame(json!({"type": "ping", "version": "1.0"})).repeat(MANY)).await);
        } else {
            answered += usize::from(message["type"] == "pong" || message["type"] == "error");
        }
    }
}

/// Those who stop reading cost little, are gone soon, and nobody else misses anything.
#[tokio::test]
async fn a_crowd_that_does_not_read_is_let_go_and_the_others_hear_everything() {
    const KEPT: u64 = 32 * 1024;
    let mut server = Server::with(&[
        // It is not the kernel that lets them go.
        ("tcp.user_timeout_secs", "300"),
        ("tcp.sndbuf", "8192"),
        ("ws.out_queue_bytes", &KEPT.to_string()),
    ]);
    let admin = server.admin().await;
    let (mut readers, mut jammed) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        readers.push(server.v1().await.1);
    }
    let mut slow = Vec::new();
    for _ in 0..20 {
        let player = server.player().await;
        jammed.push(Wire::upgrade_narrow(&server, &player.person.token, Way::Classic).await);
        readers[0].hear_where("its coming", |message| message["character_id"] == player.character).await;
        slow.push(player.character);
    }
    let mut most_held = 0;
    let line = "x".repeat(490);
    for nth in 0..400 {
        let content = format!("{nth} {line}");
        let said = readers[0].ask("chat", &format!("{nth}"), json!({"content": content})).await;
        assert_eq!(said["type"], "chat", "{said}");
        for reader in &mut readers[1..] {
            assert_eq!(reader.hear("chat").await["content"], content);
        }
        if nth % 20 == 0 {
            let seen = server.get("/api/admin/sessions?limit=1", Some(&admin.token)).await.expect();
            most_held = most_held.max(seen["sessions"][0]["backlog"]["held_bytes"].as_u64().unwrap());
        }
    }
    assert!(most_held > KEPT / 2 && most_held <= KEPT, "{most_held} bytes were held for one");
    let gone = async {
        let mut rounds = tokio::time::interval(Duration::from_millis(50));
        loop {
            rounds.tick().await;
            let seen =
                server.get("/api/admin/sessions?limit=100&sort=drops", Some(&admin.token)).await.expect();
            if seen["connected"] == readers.len() {
                return seen;
            }
        }
    };
    let seen = timeout(PATIENCE, gone).await.expect("their outboxes are full and their connections over");
    for (place, session) in seen["sessions"].as_array().unwrap().iter().enumerate() {
        let is_slow = slow.iter().any(|character| session["character_id"] == *character);
        assert_eq!(is_slow, place < slow.len(), "those who lost most come first: {session}");
        let (state, overflows) = if is_slow { ("gone", 1) } else { ("connected", 0) };
        assert_eq!(
            (&session["state"], &session["counts"]["overflows"]),
            (&json!(state), &json!(overflows)),
            "{session}"
        );
        assert!(session["backlog"]["held_bytes"].as_u64().unwrap() <= KEPT, "{session}");
        assert_eq!(session["counts"]["events_lost"].as_u64().unwrap() > 0, is_slow, "{session}");
    }
    assert_eq!(seen["counts"]["overflows"], slow.len());
    server.expect_well().await;
}

/// A session as an admin sees it.
async fn seen_of(server: &Server, admin: &Person, character: i64) -> Value {
    let page = server.get("/api/admin/sessions?limit=100", Some(&admin.token)).await.expect();
    let mut sessions = page["sessions"].as_array().unwrap().iter();
    sessions.find(|session| session["character_id"] == character).expect("it runs").clone()
}

#[tokio::test]
async fn who_falls_behind_is_shown_the_world_less_often_and_then_whole_again() {
    let mut server = Server::with(&[("tcp.sndbuf", "8192"), ("tcp.user_timeout_secs", "60")]);
    let admin = server.admin().await;
    let slow = server.player().await;
    let mut jammed = Wire::upgrade_narrow(&server, &slow.person.token, Way::Json).await;
    let mut walkers = Vec::new();
    for _ in 0..10 {
        walkers.push(server.v1().await);
    }
    let walk = async {
        for round in 0_u32.. {
            for (_, walker) in &mut walkers {
                // Two places that are near each other: no speed limit stands in the way.
                let position = json!({"x": f64::from(round % 2) * 0.01, "y": 0.0});
                let velocity = json!({"x": 1.234, "y": -1.234, "z": 0.567});
                let step = json!({"to_location_id": 0, "position": position, "velocity": velocity});
                assert_eq!(walker.ask("move", &round.to_string(), step).await["type"], "ok");
            }
            let seen = seen_of(&server, &admin, slow.character).await;
            if seen["every_ticks"].as_u64().unwrap() > 1 {
                return seen;
            }
        }
        unreachable!("there are always more numbers")
    };
    let behind = timeout(PATIENCE, walk).await.expect("nobody can be shown what he does not take");
    assert_eq!((&behind["state"], &behind["dialect"]), (&json!("connected"), &json!("shardmesh.v1.json")));
    let counts = &behind["counts"];
    assert!(counts["state_replaced"].as_u64() > Some(0), "{behind}");
    assert!(counts["state_slowed"].as_u64() > Some(0), "{behind}");
    // What was on its way, and then the world as it is.
    let catch_up = async {
        loop {
            let (first, payload) = jammed.frame().await.expect("the connection goes on");
            let message: Value = match first {
                TEXT => serde_json::from_slice(&payload).expect("it is JSON"),
                _ => continue,
            };
            if message["full"] == true {
                let seen = seen_of(&server, &admin, slow.character).await;
                if seen["every_ticks"] == 1 {
                    return (message, seen);
                }
            }
        }
    };
    let (whole, seen) =
        timeout(PATIENCE, catch_up).await.expect("it takes what it gets, and is brought back");
    for (walker, _) in &walkers {
        assert!(whereabouts(&whole, walker.character).is_some(), "{} is in {whole}", walker.character);
    }
    let counts = &seen["counts"];
    assert!(counts["snapshots"].as_u64() >= Some(2), "the first, and the one after what was lost: {seen}");
    assert_eq!(
        (&counts["overflows"], &counts["events_lost"], &counts["connections"]),
        (&json!(0), &json!(0), &json!(1))
    );
    server.expect_well().await;
}
