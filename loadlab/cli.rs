//! The command line of the lab: what can be asked for, and what is refused.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use protocol::Dialect;

use crate::bare::args::BenchArgs;
use crate::floor::FloorArgs;
use crate::{Demo, Lab, LabError, Report, bare, demo, floor, run};

/// Bots for a Shardmesh server: a load that judges, or a living world.
///
/// Exit codes: 0 all promises were kept, 1 a line of chat was lost, doubled or out of order, 2 the lab could not work.
#[derive(Debug, Parser)]
#[command(name = "loadlab", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Walk and chat for a while, then judge
    Run(RunArgs),
    /// Wander and chat, gently, until Ctrl-C
    Demo(Target),
    /// Measure what a server's processor does for each message, by a client that costs little itself
    Bench(BenchArgs),
    /// The least that a server can do for the same load, to compare with
    Floor(FloorArgs),
}

#[derive(Debug, Args)]
struct Target {
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8888")]
    url: String,
    /// Output of `shardmesh token mint`: one line of JSON a bot
    #[arg(long, value_name = "FILE")]
    tokens: PathBuf,
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=5000))]
    bots: u32,
    /// The same seed walks the same ways
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also for servers on other machines, which must be yours
    #[arg(long)]
    allow_remote: bool,
}

#[derive(Debug, Args)]
struct RunArgs {
    #[command(flatten)]
    target: Target,
    /// How long to walk and chat, after everybody has arrived
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    secs: u64,
    /// Moves a second, each bot; 0 for none
    #[arg(long, default_value_t = 10.0)]
    moves_per_sec: f64,
    /// Seconds between two lines of chat, each bot
    #[arg(long, default_value_t = 5.0)]
    chat_every_secs: f64,
    /// Seconds between two cuts of a bot's connection, about, at random; it resumes. 0 for never
    #[arg(long, value_name = "S", default_value_t = 0.0)]
    drop_every_secs: f64,
    /// How many bots stand where they see each other
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=100))]
    group: u32,
    /// How messages are written
    #[arg(long, value_enum, default_value_t = Written::Json)]
    dialect: Written,
    /// The server's process, to measure what it uses
    #[arg(long, value_name = "PID")]
    server_pid: Option<u32>,
    /// Also write the report there, as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// The v1 dialects: only they number events, which the oracles count on.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Written {
    Json,
    Msgpack,
}

impl Written {
    fn dialect(self) -> Dialect {
        match self {
            Self::Json => Dialect::V1Json,
            Self::Msgpack => Dialect::V1MsgPack,
        }
    }
}

/// Does what the command line says.
pub async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run_command(args).await,
        Command::Demo(target) => demo_command(target).await.map(|()| ExitCode::SUCCESS),
        // On this one thread, without the runtime: nothing else runs meanwhile.
        Command::Bench(args) => bare::args::command(args),
        Command::Floor(args) => floor::command(&args),
    };
    done.unwrap_or_else(|error| {
        eprintln!("loadlab: {error}");
        ExitCode::from(2)
    })
}

async fn run_command(args: RunArgs) -> Result<ExitCode, LabError> {
    check_target(&args.target)?;
    if !(0.0..=100.0).contains(&args.moves_per_sec) {
        return Err(LabError::Setting("--moves-per-sec: expected 0 to 100"));
    }
    if !(0.05..=3600.0).contains(&args.chat_every_secs) {
        return Err(LabError::Setting("--chat-every-secs: expected 0.05 to 3600"));
    }
    if args.drop_every_secs != 0.0 && !(0.5..=3600.0).contains(&args.drop_every_secs) {
        return Err(LabError::Setting("--drop-every-secs: expected 0, or 0.5 to 3600"));
    }
    let report = run(&Lab {
        url: args.target.url,
        tokens: args.target.tokens,
        bots: args.target.bots as usize,
        secs: args.secs,
        moves_per_sec: args.moves_per_sec,
        chat_every_secs: args.chat_every_secs,
        drop_every_secs: args.drop_every_secs,
        group: args.group as usize,
        dialect: args.dialect.dialect(),
        seed: args.target.seed,
        server_pid: args.server_pid,
        progress: true,
    })
    .await?;
    println!("{report}");
    if let Some(file) = &args.json {
        write_json(file, &report)?;
    }
    Ok(if report.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn demo_command(target: Target) -> Result<(), LabError> {
    check_target(&target)?;
    let Target { url, tokens, bots, seed, .. } = target;
    let show = Demo { url, tokens, bots: bots as usize, seed, progress: true };
    tokio::select! {
        done = demo(&show) => done,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

fn write_json(file: &Path, report: &Report) -> Result<(), LabError> {
    let text = serde_json::to_string_pretty(report).expect("figures and text are JSON");
    std::fs::write(file, text + "\n")
        .map_err(|error| LabError::File { path: file.display().to_string(), error })
}

fn check_target(target: &Target) -> Result<(), LabError> {
    if target.allow_remote || is_this_machine(&target.url) {
        return Ok(());
    }
    Err(LabError::Remote(target.url.clone()))
}

fn is_this_machine(url: &str) -> bool {
    let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = after_scheme.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.strip_prefix('[') {
        Some(bracketed) => bracketed.split(']').next().unwrap_or_default(),
        None => authority.rsplit_once(':').map_or(authority, |(host, _)| host),
    };
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::{Cli, is_this_machine};

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn only_this_machine_is_loaded_unasked() {
        for url in ["http://127.0.0.1:8888", "http://localhost", "ws://[::1]:80/ws", "http://127.9.9.9/x"] {
            assert!(is_this_machine(url), "{url}");
        }
        let others =
            ["http://192.0.2.1:8888", "http://localhost.example.com", "http://127.0.0.1@example.com/"];
        for url in others {
            assert!(!is_this_machine(url), "{url}");
        }
    }
}
