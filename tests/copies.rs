//! The command line around a living world: every help, a backup under load, a check that finds what was tampered with.

use serde_json::json;

use crate::harness::program::run;
use crate::harness::server::{Directory, Server};

#[tokio::test]
async fn every_command_explains_itself() {
    let directory = Directory::new();
    for command in [
        &[][..],
        &["serve"],
        &["admin"],
        &["admin", "create"],
        &["token"],
        &["token", "mint"],
        &["check"],
        &["backup"],
        &["restore"],
        &["play"],
        &["completions"],
    ] {
        let mut arguments = command.to_vec();
        arguments.push("--help");
        let help = run(directory.path(), &arguments).expect_success();
        assert!(help.contains("Usage: shardmesh"), "{command:?}: {help}");
        assert!(help.contains("--data"), "{command:?} takes --data: {help}");
    }
    assert!(!directory.data().exists(), "asking for help makes nothing");
}

#[tokio::test]
async fn minted_tokens_play_at_once() {
    let server = Server::start();
    let minted = run(server.directory().path(), &["token", "mint", "--count", "3"]).expect_success();
    let mut sockets = Vec::new();
    for line in minted.lines() {
        let bot: serde_json::Value = serde_json::from_str(line).unwrap();
        let mut socket = crate::harness::socket::Socket::v1(&server).await;
        let signed_in = socket.sign_in(bot["session_token"].as_str().unwrap()).await;
        assert_eq!(signed_in["player_id"], bot["player_id"]);
        let select = json!({"character_id": bot["character_id"]});
        assert_eq!(socket.ask("character_select", "1", select).await["type"], "character_select");
        sockets.push(socket);
    }
    assert_eq!(sockets.len(), 3);
    sockets[0].ask("chat", "2", json!({"content": "beep"})).await;
    for socket in &mut sockets[1..] {
        // Whoever comes into the room as it is said is told with what was said before.
        let told = |message: &serde_json::Value| {
            message["content"] == "beep" || message["lines"][0]["content"] == "beep"
        };
        socket.hear_where("the line", told).await;
    }
}

#[tokio::test]
async fn a_backup_under_load_is_whole() {
    let server = Server::start();
    let (_, mut socket) = server.v1().await;
    let directory = server.directory().clone();
    let copy = directory.path().join("copy.db");
    let copying = {
        let (directory, copy) = (directory.clone(), copy.clone());
        tokio::task::spawn_blocking(move || run(directory.path(), &["backup", copy.to_str().unwrap()]))
    };
    let mut said = 0;
    while !copying.is_finished() || said < 50 {
        let line = json!({"content": format!("line {said}")});
        assert_eq!(socket.ask("chat", &said.to_string(), line).await["type"], "chat");
        said += 1;
    }
    copying.await.unwrap().expect_success();
    let elsewhere = Directory::new();
    run(elsewhere.path(), &["restore", copy.to_str().unwrap()]).expect_success();
    let checked = run(elsewhere.path(), &["check"]).expect_success();
    assert!(checked.contains("database: good") && checked.contains("1 accounts"), "{checked}");
    // The world in the copy goes on: what was said in it is there, in order and without a gap.
    let restored = Server::start_in(&elsewhere, &[]);
    let (_, mut newcomer) = restored.v1().await;
    newcomer.ask("chat", "1", json!({"content": "risen"})).await;
    let history = newcomer.everything_so_far().await;
    let lines = history.iter().filter(|message| message["type"] == "chat_history");
    let lines: Vec<&str> = lines
        .flat_map(|page| page["lines"].as_array().unwrap())
        .map(|line| line["content"].as_str().unwrap())
        .collect();
    let first: usize = lines.first().map_or(0, |line| line.trim_start_matches("line ").parse().unwrap());
    let expected: Vec<String> = (first..first + lines.len()).map(|nth| format!("line {nth}")).collect();
    assert_eq!(lines, expected);
}

#[tokio::test]
async fn a_check_finds_what_was_tampered_with() {
    let server = Server::start();
    let (_, mut socket) = server.v1().await;
    for nth in 0..200 {
        let line = json!({"content": format!("line {nth} {}", "x".repeat(300))});
        socket.ask("chat", &nth.to_string(), line).await;
    }
    let directory = server.stop().await;
    run(directory.path(), &["check"]).expect_success();
    let database = directory.data().join("shardmesh.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let page = 4096;
    assert!(bytes.len() > 10 * page, "there is something to spoil");
    for at in (bytes.len() - 4 * page..bytes.len()).step_by(3) {
        bytes[at] = 0x5a;
    }
    std::fs::write(&database, bytes).unwrap();
    let spoiled = run(directory.path(), &["check"]);
    assert_eq!(spoiled.code, Some(1), "{spoiled:?}");
    let refuses = run(directory.path(), &["serve", "--listen", "127.0.0.1:0"]).expect_complaint();
    assert!(refuses.contains("restore") || refuses.contains("backup"), "it says what to do: {refuses}");
}

#[tokio::test]
async fn a_check_says_what_the_next_start_makes_of_an_older_database() {
    /// Where a file of SQLite keeps `user_version`, big-endian.
    const VERSION: std::ops::Range<usize> = 60..64;
    let directory = Server::start().stop().await;
    let database = directory.data().join("shardmesh.db");
    let mut bytes = std::fs::read(&database).unwrap();
    let latest = bytes[VERSION.end - 1];
    bytes[VERSION].copy_from_slice(&[0, 0, 0, latest - 1]);
    std::fs::write(&database, &bytes).unwrap();
    let checked = run(directory.path(), &["check"]);
    let next = format!("schema {}, the next start brings it to {latest}, ", latest - 1);
    assert!(checked.out.contains(&next), "{checked:?}");
    // It only says that it is older: what the last step makes is there.
    assert_eq!(checked.code, Some(1), "{checked:?}");
    assert!(checked.out.contains(&format!("can't be brought to schema {latest}: ")), "{checked:?}");
    assert_eq!(std::fs::read(&database).unwrap(), bytes, "a check changes nothing");
}
