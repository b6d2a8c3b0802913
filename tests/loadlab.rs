//! The load lab against the real server: its scenarios pass, and what can't hold fails. Small: a proof of the lab, not
//! of the server.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use loadlab::mix::{Speech, scenario};
use loadlab::oracle::Outcome;
use loadlab::{Lab, Mix, Report, Restart, Timed};
use rustix::process::{Pid, Signal, kill_process};

use crate::harness::program::run;
use crate::harness::server::{Directory, Server};
use crate::realm::easy_world;

const BOTS: usize = 8;

fn small(name: &str) -> Mix {
    let mut mix = scenario(name).expect("it is built in");
    (mix.bots, mix.secs, mix.group) = (BOTS, 2, BOTS);
    // How long something takes is not what is tested here.
    mix.objectives.clear();
    mix
}

fn lab(server: &Server, mix: Mix) -> Lab {
    let directory = server.directory();
    let minted = run(directory.path(), &["token", "mint", "--count", &(mix.bots + 1).to_string()]);
    let tokens = directory.path().join("tokens");
    fs::write(&tokens, minted.expect_success()).unwrap();
    Lab {
        url: server.url(""),
        tokens,
        name: "a test".to_owned(),
        mix,
        seed: 1,
        server_pid: Some(server.pid()),
        restart: None,
        audit: None,
        progress: false,
    }
}

async fn play(mix: Mix) -> Report {
    let mut server = Server::start();
    let report = loadlab::run(&lab(&server, mix)).await.unwrap();
    server.expect_well().await;
    report
}

fn outcome(report: &Report, oracle: &str) -> Option<Outcome> {
    report.verdicts.iter().find(|verdict| verdict.oracle == oracle).map(|verdict| verdict.outcome)
}

#[tokio::test]
async fn walkers_whose_connections_drop_hear_everything() {
    let mut mix = small("walk");
    for crowd in &mut mix.crowd {
        (crowd.chat_every_secs, crowd.drop_every_secs) = (0.3, 0.7);
    }
    let report = play(mix).await;
    assert!(report.passed, "{report}");
    for oracle in ["order", "resume", "answers", "area"] {
        assert_eq!(outcome(&report, oracle), Some(Outcome::Kept), "{oracle}: {report}");
    }
    assert!(report.counts.resumes > 0 && report.counts.moves_sent > 0, "{report}");
    assert!(report.server.is_some_and(|usage| usage.max_rss_mib > 1.0), "{report}");
    assert!(report.to_html().contains("passed</span>"));
}

#[tokio::test]
async fn wanderers_are_shown_who_is_around_them_and_nobody_else() {
    for dialect in [Speech::Json, Speech::Msgpack] {
        let mut mix = small("walk");
        mix.dialect = dialect;
        mix.secs = 5;
        // All of them at once, through the whole location, and out of it now and then.
        for crowd in &mut mix.crowd {
            (crowd.roam_m, crowd.travel_every_secs) = (600.0, 2.0);
        }
        let report = play(mix).await;
        assert!(report.passed, "{report}");
        assert_eq!(outcome(&report, "area"), Some(Outcome::Kept), "{report}");
        let area = report.area;
        assert!(
            area.whole > 2 * BOTS as u64 && area.entities >= area.frames && area.compared > 0,
            "{report}"
        );
        assert_eq!(area.viewers_at_end, BOTS as u64, "{report}");
        assert!(report.counts.moves_seen > 0 && report.figures(Timed::Step).count > 0, "{report}");
        let json = serde_json::to_value(&report).unwrap();
        assert_eq!(json["area"]["frames"], area.frames);
        let text = report.to_string();
        let checked = format!("{} frames of the world with {} entities checked", area.frames, area.entities);
        assert!(text.contains(&checked), "{text}");
    }
}

#[tokio::test]
async fn a_storm_passes_over() {
    let mut mix = small("storm");
    mix.crowd[1].storm_every_secs = 1.0;
    let report = play(mix).await;
    assert!(report.passed, "{report}");
    assert_eq!(report.counts.resumes, 2 * (BOTS as u64 - 2), "{report}");
}

#[tokio::test]
async fn people_come_and_go() {
    let mut mix = small("churn");
    for crowd in &mut mix.crowd {
        crowd.chat_every_secs = 0.4;
        crowd.away_secs = 0.1;
        crowd.leave_every_secs = if crowd.leave_every_secs > 0.0 { 0.6 } else { 0.0 };
        crowd.sign_out_every_secs = if crowd.sign_out_every_secs > 0.0 { 0.6 } else { 0.0 };
    }
    let report = play(mix).await;
    assert!(report.passed, "{report}");
    assert!(report.counts.departures > 0, "{report}");
    assert_eq!(report.counts.departures, report.counts.sign_ins, "{report}");
}

#[tokio::test]
async fn some_do_not_read_for_a_while() {
    let mut mix = small("slow");
    (mix.crowd[0].stall_every_secs, mix.crowd[0].stall_secs) = (2.0, 0.8);
    mix.crowd[1].chat_every_secs = 0.1;
    let report = play(mix).await;
    // So short a while is nothing to a server, and then there is nothing to resume.
    assert_eq!(outcome(&report, "order"), Some(Outcome::Kept), "{report}");
    assert!(report.verdicts.iter().all(|verdict| verdict.outcome != Outcome::Broken), "{report}");
    assert_eq!(report.counts.unexpected_drops, 0, "{report}");
}

#[tokio::test]
async fn an_objective_that_is_missed_fails_the_run() {
    let mut mix = small("echo");
    mix.secs = 1;
    mix.objectives = vec!["ping.count > 3".parse().unwrap(), "ping.p50 < 1 us".parse().unwrap()];
    let report = play(mix).await;
    assert_eq!(outcome(&report, "answers"), Some(Outcome::Kept), "{report}");
    assert_eq!(
        report.objectives.iter().map(|goal| goal.reached).collect::<Vec<_>>(),
        [true, false],
        "{report}"
    );
    assert!(!report.passed);
}

#[tokio::test]
async fn a_run_that_says_nothing_proves_nothing() {
    let mut mix = small("walk");
    mix.secs = 1;
    for crowd in &mut mix.crowd {
        // The first line would come after the end.
        crowd.chat_every_secs = 3600.0;
    }
    let report = play(mix).await;
    assert_eq!(outcome(&report, "order"), Some(Outcome::Unproved), "{report}");
    assert!(!report.passed);
}

/// Ends the server that took the place of the first, whatever happens.
struct Successor(PathBuf);

impl Drop for Successor {
    fn drop(&mut self) {
        let pid = fs::read_to_string(&self.0).ok().and_then(|text| text.trim().parse().ok());
        if let Some(pid) = pid.and_then(Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
    }
}

/// The server's own audit of its database.
fn audit_of(directory: &Directory) -> String {
    format!("{} check --data {}", env!("CARGO_BIN_EXE_shardmesh"), directory.data().display())
}

async fn restarted(signal: &str, scenario: &str) -> Report {
    let mut mix = small(scenario);
    mix.secs = 3;
    restarted_with(&Directory::new(), &[], signal, mix).await
}

async fn restarted_with(
    directory: &Directory,
    settings: &[(&str, &str)],
    signal: &str,
    mut mix: Mix,
) -> Report {
    let server = Server::start_in(directory, settings);
    mix.crowd.iter_mut().for_each(|crowd| crowd.chat_every_secs = 0.3);
    let mut lab = lab(&server, mix);
    let settings: String = settings
        .iter()
        .map(|(name, value)| {
            format!("SHARDMESH__{}={value} ", name.to_ascii_uppercase().replacen('.', "__", 1))
        })
        .collect();
    let (path, pid) = (directory.path().display(), server.pid());
    let command = format!(
        "kill -{signal} {pid}
         while [ -e /proc/{pid} ] && ! grep -q '^State:.Z' /proc/{pid}/status; do sleep 0.05; done
         {settings} SHARDMESH__LIMITS__ENABLED=false SHARDMESH__COMBAT__AMBUSHES=false \
         SHARDMESH__CHAT__HISTORY=600 {} serve --listen {} --data {path}/data \
         >/dev/null 2>>{path}/log </dev/null &
         echo $! | tee {path}/successor",
        env!("CARGO_BIN_EXE_shardmesh"),
        server.address
    );
    let _successor = Successor(directory.path().join("successor"));
    lab.restart = Some(Restart { command, after: Duration::from_secs(1), planned: signal == "TERM" });
    lab.audit = Some(audit_of(directory));
    loadlab::run(&lab).await.unwrap()
}

#[tokio::test]
async fn neighbours_trade_and_nothing_is_made_or_lost() {
    let server = Server::start();
    let mut lab = lab(&server, small("market"));
    lab.audit = Some(audit_of(server.directory()));
    let report = loadlab::run(&lab).await.unwrap();
    assert!(report.passed, "{report}");
    for oracle in ["money", "audit", "answers"] {
        assert_eq!(outcome(&report, oracle), Some(Outcome::Kept), "{oracle}: {report}");
    }
    assert!(report.counts.trades > 0, "{report}");
    let money = report.verdicts.iter().find(|verdict| verdict.oracle == "money").unwrap();
    assert!(!money.evidence.contains(", 0 times with more than souls"), "{}", money.evidence);
    assert_eq!(report.figures(Timed::Trade).count, report.counts.trades, "{report}");
    // An audit that fails, fails the run.
    lab.audit = Some("echo a serial twice; exit 1".to_owned());
    let report = loadlab::run(&lab).await.unwrap();
    assert!(!report.passed && report.to_string().contains("a serial twice"), "{report}");
}

#[tokio::test]
async fn what_is_traded_survives_a_kill_wholly_or_not_at_all() {
    let report = restarted("KILL", "market").await;
    assert!(report.passed, "{report}");
    for oracle in ["money", "audit", "kept"] {
        assert_eq!(outcome(&report, oracle), Some(Outcome::Kept), "{oracle}: {report}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_a_kill() {
    let report = restarted("KILL", "walk").await;
    assert!(report.passed, "{report}");
    assert_eq!(outcome(&report, "kept"), Some(Outcome::Kept), "{report}");
    assert_eq!(report.counts.reconnects, BOTS as u64, "{report}");
}

#[tokio::test]
async fn sessions_go_on_after_a_planned_restart() {
    let report = restarted("TERM", "walk").await;
    assert!(report.passed, "{report}");
    assert_eq!(outcome(&report, "kept"), Some(Outcome::Kept), "{report}");
    assert_eq!((report.counts.resumes, report.counts.gaps), (BOTS as u64, 0), "{report}");
}

fn expect_kept(report: &Report, oracles: &[&str]) {
    assert!(report.passed, "{report}");
    for oracle in oracles {
        assert_eq!(outcome(report, oracle), Some(Outcome::Kept), "{oracle}: {report}");
    }
}

#[tokio::test]
async fn parties_come_and_go_and_their_members_agree_on_them() {
    let mut mix = small("party");
    mix.secs = 3;
    (mix.crowd[0].party_every_secs, mix.crowd[0].drop_every_secs) = (0.1, 1.0);
    let report = play(mix).await;
    expect_kept(&report, &["parties", "answers", "resume"]);
    assert!(report.counts.party_deeds > 0 && report.counts.party_updates > 0, "{report}");
}

#[tokio::test]
async fn parties_survive_a_kill() {
    let report = restarted("KILL", "party").await;
    expect_kept(&report, &["parties", "kept", "audit"]);
}

#[tokio::test]
async fn parties_fight_and_have_what_they_won_once() {
    let mut mix = small("hunt");
    mix.secs = 3;
    mix.crowd[0].drop_every_secs = 1.5;
    let report = play(mix).await;
    expect_kept(&report, &["fights", "spoils", "parties", "answers", "resume"]);
    assert!(report.counts.fights > 0 && report.counts.combat_moves > 0, "{report}");
}

/// Pairs of one faction each fight for crystal shards, two pairs for the same one.
fn small_raid() -> Mix {
    let mut mix = small("raid");
    (mix.bots, mix.secs) = (12, 3);
    mix.crowd[0].fight_every_secs = 0.2;
    mix
}

#[tokio::test]
async fn crystal_shards_change_hands_once_at_a_time_also_over_a_kill() {
    let directory = Directory::new();
    let content = easy_world(&directory, 60);
    let settings = [
        ("world.content", content.to_str().expect("temporary paths are text")),
        ("combat.guardian_party", "2"),
        ("combat.guardian_health_percent", "100"),
    ];
    let report = restarted_with(&directory, &settings, "KILL", small_raid()).await;
    expect_kept(&report, &["captures", "fights", "spoils", "parties", "audit"]);
    assert!(report.counts.captures > 0, "{report}");
}
