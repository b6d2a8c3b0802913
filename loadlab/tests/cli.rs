//! The lab as a program: what it prints, and how it ends.

use std::fs;
use std::process::{Command, Output};

use shardmesh_loadlab::Mix;

fn loadlab(words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_shardmesh-loadlab")).args(words).output().unwrap()
}

fn refused(words: &[&str]) -> String {
    let output = loadlab(words);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_it_cannot_do_it_says_and_ends_with_2() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let tokens = file("tokens", "{\"username\":\"a\",\"session_token\":\"t\",\"character_id\":1}\n");
    let mix = file("mix.toml", "about = \"A typing error.\"\n[[crowd]]\nname = \"a\"\nshair = 1\n");
    let run = |words: &[&str]| refused(&[&["run", "--tokens", &tokens, "--bots", "1"], words].concat());
    assert!(run(&["--url", "http://127.0.0.1:1"]).contains("can't get to its place"));
    assert!(run(&["--url", "http://192.0.2.1"]).contains("--allow-remote"));
    assert!(run(&["--mix", &mix]).contains("shair"));
    assert!(run(&["--objective", "chat.p99"]).contains("chat.p99 < 50 ms"));
    assert!(refused(&["run", "--tokens", &tokens, "--bots", "2"]).contains("found 1"));
    assert!(refused(&["run", "--tokens", "nowhere"]).contains("nowhere"));
}

#[test]
fn a_scenario_is_printed_as_a_mix() {
    let output = loadlab(&["scenario", "storm"]);
    assert!(output.status.success());
    let mix = Mix::parse("storm", &String::from_utf8(output.stdout).unwrap()).unwrap();
    assert!(mix.crowd.iter().any(|crowd| crowd.storm_every_secs > 0.0));
}

#[test]
fn shells_can_complete_it() {
    for shell in ["bash", "zsh", "fish"] {
        let output = loadlab(&["completions", shell]);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success() && text.contains("storm"), "{shell}");
    }
}
