//! `run`: a scenario or a mix of one's own, with what the command line changes in it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;

use crate::cli::{Target, check_target, scenario_name, write_file};
use crate::mix::{Crowd, Mix, Speech, scenario};
use crate::objective::{NUMBERS, Objective};
use crate::{Lab, LabError, Restart, Timed, run};

/// Scenarios: walk (everybody walks and chats), echo (ping and pong), room (one talks, all listen), storm (all
/// connections drop at once), slow (some stop reading), churn (people come and go), market (neighbours trade), party (bots come together
/// and go apart), hunt (parties fight), raid (they capture crystal shards, in a world made for it). `shardmesh-loadlab scenario NAME`
/// prints one as a file; --mix runs such a file.
#[derive(Debug, Args)]
#[command(after_help = after_help())]
pub(super) struct RunArgs {
    /// What to do
    #[arg(value_parser = scenario_name(), default_value = "walk")]
    scenario: String,
    /// What to do, from a file
    #[arg(long, value_name = "FILE", conflicts_with = "scenario")]
    mix: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
    /// How many bots [default: the scenario's]
    #[arg(long)]
    bots: Option<usize>,
    /// How long it lasts, after everybody has arrived [default: the scenario's]
    #[arg(long)]
    secs: Option<u64>,
    /// Moves a second of each bot that moves; 0 for none
    #[arg(long, value_name = "N")]
    moves_per_sec: Option<f64>,
    /// Seconds between two lines of each bot that talks
    #[arg(long, value_name = "S")]
    chat_every_secs: Option<f64>,
    /// Seconds between two cuts of each bot's connection, about, at random; it resumes. 0 for never
    #[arg(long, value_name = "S")]
    drop_every_secs: Option<f64>,
    /// How many bots stand where they see each other [default: the scenario's]
    #[arg(long, value_name = "N")]
    group: Option<usize>,
    /// How many bots read what they are shown of others, and are judged by it [default: the scenario's]
    #[arg(long, value_name = "N")]
    watchers: Option<usize>,
    /// Which form of the protocol to speak [default: the scenario's]
    #[arg(long)]
    dialect: Option<Speech>,
    /// What must hold in the end, for example 'chat.p99 < 50 ms'; may be given several times
    #[arg(long, value_name = "OBJECTIVE")]
    objective: Vec<Objective>,
    /// The server's process, to measure what it uses
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Restart the server in the middle, and judge what it kept. For the shell: it ends the server, starts it again on
    /// the same port, and prints the new process's id. Needs one token more than bots. See scripts/load-restart
    #[arg(long, value_name = "COMMAND")]
    restart_cmd: Option<String>,
    /// Seconds after the start at which it is restarted [default: half of the run]
    #[arg(long, value_name = "S", requires = "restart_cmd")]
    restart_after_secs: Option<f64>,
    /// The command stops the server in order (SIGTERM): sessions must go on, which after a kill they need not
    #[arg(long, requires = "restart_cmd")]
    restart_planned: bool,
    /// The server's own audit of its database, for the shell, for example 'shardmesh check --data DIR': run after a
    /// restart and in the end; it has to succeed
    #[arg(long, value_name = "COMMAND")]
    audit_cmd: Option<String>,
    /// Also write the report there, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Also write the report there, as a page with plots that opens offline
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
}

pub(super) async fn command(args: RunArgs) -> Result<ExitCode, LabError> {
    check_target(&args.target)?;
    let (name, mix) = args.mix()?;
    let restart = args.restart(mix.secs)?;
    let lab = Lab {
        url: args.target.url,
        tokens: args.target.tokens,
        name,
        mix,
        seed: args.target.seed,
        server_pid: args.server_pid,
        restart,
        audit: args.audit_cmd,
        progress: true,
    };
    let report = run(&lab).await?;
    println!("{report}");
    if let Some(file) = &args.json {
        let text = serde_json::to_string_pretty(&report).expect("figures and text are JSON");
        write_file(file, text + "\n")?;
    }
    if let Some(file) = &args.html {
        write_file(file, report.to_html())?;
    }
    Ok(if report.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl RunArgs {
    /// What is asked for, and what it is called.
    fn mix(&self) -> Result<(String, Mix), LabError> {
        let (name, mut mix) = match &self.mix {
            Some(file) => (file.display().to_string(), Mix::read(file)?),
            None => (self.scenario.clone(), scenario(&self.scenario).expect("the parser knows them all")),
        };
        mix.bots = self.bots.unwrap_or(mix.bots);
        mix.secs = self.secs.unwrap_or(mix.secs);
        mix.group = self.group.unwrap_or(mix.group);
        mix.watchers = self.watchers.unwrap_or(mix.watchers);
        mix.dialect = self.dialect.unwrap_or(mix.dialect);
        mix.objectives.extend(self.objective.iter().cloned());
        change(&mut mix, "moves-per-sec", self.moves_per_sec, |crowd| &mut crowd.moves_per_sec)?;
        change(&mut mix, "chat-every-secs", self.chat_every_secs, |crowd| &mut crowd.chat_every_secs)?;
        if let Some(secs) = self.drop_every_secs {
            mix.crowd.iter_mut().for_each(|crowd| crowd.drop_every_secs = secs);
        }
        mix.check()
            .map_err(|why| LabError::Asked(format!("{name}, as changed by the command line: {why}")))?;
        Ok((name, mix))
    }
}

impl RunArgs {
    fn restart(&self, secs: u64) -> Result<Option<Restart>, LabError> {
        let Some(command) = self.restart_cmd.clone() else { return Ok(None) };
        let secs = secs as f64;
        let after = self.restart_after_secs.unwrap_or(secs / 2.0);
        if !(0.0..=secs).contains(&after) {
            return Err(LabError::Asked(format!(
                "--restart-after-secs: expected 0 to {secs}, the length of the run"
            )));
        }
        Ok(Some(Restart { command, after: Duration::from_secs_f64(after), planned: self.restart_planned }))
    }
}

/// Changes a rate of all that have it.
fn change(
    mix: &mut Mix,
    option: &str,
    value: Option<f64>,
    rate: fn(&mut Crowd) -> &mut f64,
) -> Result<(), LabError> {
    let Some(value) = value else { return Ok(()) };
    let mut changed = false;
    for of in mix.crowd.iter_mut().map(rate).filter(|of| **of > 0.0) {
        (*of, changed) = (value, true);
    }
    if changed || value == 0.0 {
        return Ok(());
    }
    Err(LabError::Asked(format!("--{option}: nobody does that here; a mix of your own can say who does")))
}

fn after_help() -> String {
    let times: Vec<String> =
        Timed::ALL.iter().map(|timed| format!("  {:14} {}", timed.name(), timed.meaning())).collect();
    let numbers: Vec<String> = NUMBERS.iter().map(|(name, what)| format!("  {name:14} {what}")).collect();
    format!(
        "Objectives: METRIC < VALUE (or <=, =, >=, >). Times, each with .p50 .p90 .p99 .p999 .max (in us, ms or s) or \
         .count:\n{}\nNumbers:\n{}",
        times.join("\n"),
        numbers.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::RunArgs;
    use crate::mix::Mix;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        args: RunArgs,
    }

    fn mix(words: &[&str]) -> Result<Mix, String> {
        let line = Line::try_parse_from(["run", "--tokens", "t"].iter().chain(words));
        line.map_err(|error| error.to_string())?
            .args
            .mix()
            .map(|(_, mix)| mix)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_command_line_changes_the_scenario() {
        let walk = mix(&["--bots", "500", "--secs", "9", "--moves-per-sec", "20", "--drop-every-secs", "3"])
            .unwrap();
        let crowd = &walk.crowd[0];
        assert_eq!((walk.bots, walk.secs, crowd.moves_per_sec, crowd.drop_every_secs), (500, 9, 20.0, 3.0));
        let room = mix(&["room", "--chat-every-secs", "2", "--objective", "chat.p99 < 1 s"]).unwrap();
        assert_eq!((room.crowd[0].chat_every_secs, room.crowd[1].chat_every_secs), (2.0, 0.0));
        assert_eq!(room.objectives.last().unwrap().to_string(), "chat.p99 < 1 s");
    }

    #[test]
    fn what_makes_no_sense_is_refused_by_name() {
        for (words, named) in [
            (&["storms"][..], "storm"),
            (&["echo", "--moves-per-sec", "3"], "--moves-per-sec"),
            (&["--moves-per-sec", "300"], "moves_per_sec"),
            (&["--bots", "0"], "bots"),
            (&["room", "--bots", "0"], "bots"),
            (&["--objective", "fast"], "chat.p99"),
            (&["--mix", "nowhere.toml"], "nowhere.toml"),
            (&["walk", "--mix", "x.toml"], "--mix"),
            (&["--restart-planned"], "--restart-cmd"),
        ] {
            let error = mix(words).unwrap_err();
            assert!(error.contains(named), "{words:?}: {error}");
        }
    }
}
