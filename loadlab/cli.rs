//! The command line of the lab: what can be asked for, and what is refused.

mod run;

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::bare::args::BenchArgs;
use crate::bare::compare::CompareArgs;
use crate::floor::FloorArgs;
use crate::mix::{SCENARIOS, source};
use crate::{Demo, LabError, bare, demo, floor};

/// Bots for a Shardmesh server: a load that judges, or a living world.
///
/// Exit codes: 0 all promises were kept and objectives reached, 1 they were not, 2 the lab could not work.
#[derive(Debug, Parser)]
#[command(name = "shardmesh-loadlab", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load a server with bots for a while, then judge
    Run(Box<run::RunArgs>),
    /// Wander and chat, gently, until Ctrl-C
    Demo(DemoArgs),
    /// Measure what a server's processor does for each message, by a client that costs little itself
    Bench(BenchArgs),
    /// The least that a server can do for the same load, to compare with
    Floor(FloorArgs),
    /// Make a page of what `bench` measured, over many rounds and servers
    Compare(CompareArgs),
    /// Print a scenario as a file, to begin a mix of your own with
    Scenario {
        #[arg(value_parser = scenario_name())]
        name: String,
    },
    /// Print completions for a shell
    Completions { shell: Shell },
}

#[derive(Debug, Args)]
struct Target {
    /// The server
    #[arg(long, default_value = "http://127.0.0.1:8888")]
    url: String,
    /// Output of `shardmesh token mint`: one line of JSON a bot
    #[arg(long, value_name = "FILE")]
    tokens: PathBuf,
    /// The same seed walks the same ways
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Also for servers on other machines, which must be yours
    #[arg(long)]
    allow_remote: bool,
}

#[derive(Debug, Args)]
struct DemoArgs {
    #[command(flatten)]
    target: Target,
    #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=5000))]
    bots: u32,
}

fn scenario_name() -> clap::builder::PossibleValuesParser {
    SCENARIOS.map(|(name, _)| name).into()
}

/// Does what the command line says.
pub async fn main() -> ExitCode {
    let done = match Cli::parse().command {
        Command::Run(args) => run::command(*args).await,
        Command::Demo(args) => demo_command(args).await.map(|()| ExitCode::SUCCESS),
        // On this one thread, without the runtime: nothing else runs meanwhile.
        Command::Bench(args) => bare::args::command(args),
        Command::Floor(args) => floor::command(&args),
        Command::Compare(args) => bare::compare::command(&args),
        Command::Scenario { name } => {
            print!("{}", source(&name).unwrap_or_default());
            Ok(ExitCode::SUCCESS)
        }
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "shardmesh-loadlab", &mut io::stdout());
            Ok(ExitCode::SUCCESS)
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("shardmesh-loadlab: {error}");
        ExitCode::from(2)
    })
}

async fn demo_command(args: DemoArgs) -> Result<(), LabError> {
    check_target(&args.target)?;
    let Target { url, tokens, seed, .. } = args.target;
    let show = Demo { url, tokens, bots: args.bots as usize, seed, progress: true };
    tokio::select! {
        done = demo(&show) => done,
        _ = tokio::signal::ctrl_c() => Ok(()),
    }
}

fn write_file(file: &Path, text: String) -> Result<(), LabError> {
    std::fs::write(file, text).map_err(|error| LabError::File { path: file.display().to_string(), error })
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
