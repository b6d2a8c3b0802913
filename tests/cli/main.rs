//! The binary as people start it: what it prints, how it ends, and what two of them do to each other.

mod program;

use std::fs;
use std::io::Read;

use program::{Server, run, run_with_input, server, start};
use serde_json::Value;

#[test]
fn a_server_says_where_it_listens_and_ends_well() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(directory.path());
    let health = server.get("/healthz", None);
    assert!(health.starts_with("HTTP/1.1 200"), "{health}");
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("stopped"), "{log}");
}

#[test]
fn a_stop_tells_who_is_connected_and_waits_for_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(directory.path());
    let minted = run(directory.path(), &["token", "mint"]);
    let minted: Value = serde_json::from_str(&minted.out).unwrap();
    let mut socket = server.websocket(minted["session_token"].as_str().unwrap());
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");
    let mut said = Vec::new();
    socket.read_to_end(&mut said).unwrap();
    let said = String::from_utf8_lossy(&said);
    assert!(said.contains("\"type\":\"disconnect\"") && said.contains("retry_after_ms"), "{said}");
    assert!(!log.contains("did not end in time"), "{log}");
}

#[test]
fn a_second_signal_waits_for_no_request() {
    let directory = tempfile::tempdir().unwrap();
    // Long enough that the test would be noticed to hang if the second signal were not heard.
    let server =
        start(directory.path(), &["--listen", "127.0.0.1:0"], &[("SHARDMESH__SERVER__DRAIN_SECS", "60")]);
    let mut slow = server.slow_request();
    server.terminate();
    while !server.log().contains("stopping") {}
    let (code, log) = server.stop();
    assert_eq!(code, Some(0), "{log}");
    assert!(log.contains("told to stop: Now") && log.contains("stopped"), "{log}");
    let mut rest = String::new();
    // The connection ended with the process, without an answer.
    let _ = slow.read_to_string(&mut rest);
    assert!(!rest.contains("TIMEOUT"), "{rest}");
}

#[test]
fn a_backup_is_made_when_one_is_due() {
    let directory = tempfile::tempdir().unwrap();
    let environment = [("SHARDMESH__BACKUP__EVERY_HOURS", "1")];
    let server = start(directory.path(), &["--listen", "127.0.0.1:0"], &environment);
    let backups = directory.path().join("data/backups");
    let made = || fs::read_dir(&backups).map_or(0, |files| files.count());
    // Each look asks the server something, so that it has time.
    let seen = (0..1000).any(|_| server.get("/healthz", None).is_empty() || made() > 0);
    assert!(seen, "no backup in {}", backups.display());
}

#[test]
fn a_busy_port_and_a_busy_database_are_one_clear_line_each() {
    let (directory, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let server = server(directory.path());
    let same_port = run(other.path(), &["--listen", &server.address]);
    assert_eq!(same_port.code, Some(1));
    assert!(same_port.err.contains("is in use by another program") && same_port.err.contains("--listen"));
    assert_eq!(same_port.err.lines().count(), 1, "{}", same_port.err);
    let same_data = run(directory.path(), &["--listen", "127.0.0.1:0"]);
    assert_eq!(same_data.code, Some(1));
    assert!(same_data.err.contains("another server is running on this database"), "{}", same_data.err);
}

#[test]
fn an_admin_made_on_the_command_line_can_sign_in() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(directory.path());
    let made = run(directory.path(), &["admin", "create", "boss"]);
    assert_eq!(made.code, Some(0), "{}", made.err);
    let password = made.out.split("password ").nth(1).unwrap().lines().next().unwrap().to_owned();
    let given =
        run_with_input(directory.path(), &["admin", "create", "chief", "--password-stdin"], "secret1\n");
    assert_eq!(given.code, Some(0), "{}", given.err);
    assert!(!given.out.contains("secret1"));
    for (name, password) in [("boss", password.as_str()), ("chief", "secret1")] {
        let token = server.sign_in(name, password);
        assert!(server.get("/api/admin/mesh", Some(&token)).starts_with("HTTP/1.1 200"));
    }
    let taken = run(directory.path(), &["admin", "create", "BOSS"]);
    assert_eq!((taken.code, taken.err.as_str()), (Some(1), "error: the user name \"BOSS\" is taken\n"));
    let (_, log) = server.stop();
    assert!(!log.contains(&password) && !log.contains("secret1"), "{log}");
}

#[test]
fn minted_tokens_are_signed_in_with_a_character() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(directory.path());
    let minted = run(directory.path(), &["token", "mint", "--count", "40"]);
    assert_eq!(minted.code, Some(0), "{}", minted.err);
    let lines: Vec<Value> = minted.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 40);
    for line in [&lines[0], &lines[39]] {
        let characters = server.get("/api/characters", line["session_token"].as_str());
        assert!(characters.contains(&format!("\"id\":{}", line["character_id"])), "{characters}");
        assert!(line["player_id"].is_i64() && line["username"].is_string(), "{line}");
    }
}

#[test]
fn a_backup_brings_back_what_was_there() {
    let directory = tempfile::tempdir().unwrap();
    let copy = directory.path().join("copy.db");
    let copy = copy.to_str().unwrap();
    let nothing = run(directory.path(), &["backup", copy]);
    assert_eq!(nothing.code, Some(1));
    assert!(nothing.err.contains("there is no database at"), "{}", nothing.err);
    let server = server(directory.path());
    assert_eq!(run(directory.path(), &["admin", "create", "boss"]).code, Some(0));
    assert_eq!(run(directory.path(), &["backup", copy]).code, Some(0));
    assert_eq!(run(directory.path(), &["admin", "create", "later"]).code, Some(0));
    let while_running = run(directory.path(), &["restore", copy]);
    assert!(while_running.err.contains("stop it first"), "{}", while_running.err);
    server.stop();
    let restored = run(directory.path(), &["restore", copy]);
    assert_eq!(restored.code, Some(0), "{}", restored.err);
    assert!(restored.out.contains("what was there before is"), "{}", restored.out);
    let checked = run(directory.path(), &["check"]);
    assert!(checked.out.contains("1 accounts") && checked.code == Some(0), "{}{}", checked.out, checked.err);
}

#[test]
fn what_is_wrong_is_said_with_its_place_and_the_right_exit_code() {
    let directory = tempfile::tempdir().unwrap();
    let settings = directory.path().join("my.toml");
    fs::write(&settings, "[server]\nlisten = \"127.0.0.1:0\"\nlissten = 1\n").unwrap();
    let settings = settings.to_str().unwrap();
    let wrong = run(directory.path(), &["check", "--settings", settings]);
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("my.toml line 3: [server] has no key \"lissten\""), "{}", wrong.err);
    assert_eq!(run(directory.path(), &["fly"]).code, Some(2));
    assert_eq!(run(directory.path(), &["--listen"]).code, Some(2));
    let public = run(directory.path(), &["--listen", "0.0.0.0:0"]);
    assert_eq!(public.code, Some(1));
    assert!(public.err.contains("insecure"), "{}", public.err);
    let help = run(directory.path(), &["--help"]);
    assert!(
        help.code == Some(0) && help.out.contains("token") && help.out.contains("Exit codes"),
        "{}",
        help.out
    );
    assert!(run(directory.path(), &["completions", "bash"]).out.contains("_shardmesh"));
}

#[test]
fn one_can_play_in_the_terminal() {
    let directory = tempfile::tempdir().unwrap();
    let server = server(directory.path());
    let url = format!("http://{}", server.address);
    let played = run_with_input(
        directory.path(),
        &["play", &url, "--register", "--character", "Mira"],
        "mira\nsecret1\nHello from here\n/quit\n",
    );
    assert_eq!(played.code, Some(0), "{}", played.err);
    assert!(played.out.contains("You are Mira"), "{}", played.out);
    let wrong = run_with_input(directory.path(), &["play", &url, "--user", "mira"], "wrong!\n");
    assert_eq!(wrong.code, Some(1));
    assert!(wrong.err.contains("--register"), "{}", wrong.err);
}

#[test]
fn settings_in_the_directory_of_the_start_and_in_the_environment_count() {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("settings.toml"), "[server]\nlisten = \"127.0.0.1:0\"\n").unwrap();
    let server: Server = start(directory.path(), &[], &[("SHARDMESH__LIMITS__ENABLED", "false")]);
    assert!(server.get("/healthz", None).starts_with("HTTP/1.1 200"));
    let (_, log) = server.stop();
    assert!(log.contains("limits.enabled = false"), "{log}");
}
