//! `loadlab bench`: what can be asked for, and what is refused.

use std::net::{SocketAddr, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::world::{Layout, Setting};
use super::{Bench, Form, HEADS, Load, Peer, run};
use crate::LabError;

/// What has not come so long after the end is lost.
const DRAIN: Duration = Duration::from_secs(10);
/// Sessions that one process holds at most: each is an open file.
const CLIENTS_MAX: i64 = 19_000;

/// One scenario against one server.
#[derive(Debug, Args)]
pub struct BenchArgs {
    #[command(subcommand)]
    load: LoadArgs,
    /// Where the server listens
    #[arg(long, global = true, default_value = "http://127.0.0.1:8888")]
    url: String,
    /// What listens there
    #[arg(long, global = true, value_enum, default_value_t = Peer::Shardmesh)]
    peer: Peer,
    /// The language to speak with this server
    #[arg(long, global = true, value_enum, default_value_t = Form::Json)]
    dialect: Form,
    /// Output of `shardmesh token mint`, for this server
    #[arg(long, global = true, value_name = "FILE")]
    tokens: Option<PathBuf>,
    /// Sessions, each with a connection of its own
    #[arg(long, global = true, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=CLIENTS_MAX))]
    clients: u32,
    /// So many sessions are read in full and judged; of the others, frames and their numbers are
    #[arg(long, global = true, default_value_t = 10)]
    sample: u32,
    /// Events between two acknowledgements; 0 for never
    #[arg(long, global = true, default_value_t = 32)]
    ack_every: u32,
    /// Seconds before the measured ones
    #[arg(long, global = true, default_value_t = 1.0)]
    warm_up_secs: f64,
    /// Seconds that are measured
    #[arg(long, global = true, default_value_t = 5.0)]
    secs: f64,
    /// The server's process, to measure what it uses
    #[arg(long, global = true, value_name = "PID")]
    server_pid: Option<u32>,
    /// Which line of a table of comparisons the row is for, and which column: as "WORK|SERVER"
    #[arg(long, global = true, default_value = "")]
    label: String,
    /// Prints the row as JSON instead of as a line
    #[arg(long, global = true)]
    json: bool,
    /// Leaves out the heads of the columns
    #[arg(long, global = true)]
    no_heads: bool,
    /// Also for servers on other machines, which must be yours
    #[arg(long, global = true)]
    allow_remote: bool,
}

#[derive(Debug, Subcommand)]
enum LoadArgs {
    /// ping and pong
    Echo {
        /// Pings under way, each session
        #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=1000))]
        in_flight: u32,
        /// Pings a second, all sessions together; 0 for as many as go
        #[arg(long, default_value_t = 0.0)]
        rate: f64,
    },
    /// One says lines, all hear them
    Room {
        /// Lines under way
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
        in_flight: u32,
        /// Lines a second, in bursts of as many as are under way otherwise, whatever becomes of them; 0 for as many as go
        #[arg(long, default_value_t = 0.0)]
        rate: f64,
        /// Characters of a line
        #[arg(long, default_value_t = 64, value_parser = clap::value_parser!(u32).range(40..=500))]
        line_len: u32,
    },
    /// All walk, and are shown those around
    World {
        /// How many others each sees
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=500))]
        neighbours: u32,
        /// How people stand
        #[arg(long, value_enum, default_value_t = Layout::Groups)]
        layout: Layout,
        /// Moves a second, each session
        #[arg(long, default_value_t = 10.0)]
        moves_per_sec: f64,
        /// Of the floor: new positions that each of its frames stands for
        #[arg(long, default_value_t = 0.0)]
        updates_per_frame: f64,
    },
    /// In pairs, all fight: the server's halls (locations 5 to 10) must be places that are not safe
    Combat {
        /// Moves a second, each session
        #[arg(long, default_value_t = 1.0)]
        moves_per_sec: f64,
    },
    /// Signed in, answering pings
    Idle {
        /// With a character each
        #[arg(long)]
        in_the_world: bool,
    },
    /// All but one drop at once and resume
    Storm {
        /// Lines a second that the one says meanwhile
        #[arg(long, default_value_t = 20.0)]
        rate: f64,
        /// Seconds between the cut and the first to come back
        #[arg(long, default_value_t = 1.0)]
        away_secs: f64,
        /// So many are on their way back at the same time
        #[arg(long, default_value_t = 1000, value_parser = clap::value_parser!(u32).range(1..=CLIENTS_MAX))]
        at_once: u32,
    },
    /// Some stop reading
    Slow {
        /// Lines a second
        #[arg(long, default_value_t = 50.0)]
        rate: f64,
        /// Characters of a line
        #[arg(long, default_value_t = 400, value_parser = clap::value_parser!(u32).range(40..=500))]
        line_len: u32,
        /// Sessions that stop
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=CLIENTS_MAX))]
        stop: u32,
    },
}

/// Does what the command line says.
///
/// # Errors
/// Why it can't.
pub fn command(args: BenchArgs) -> Result<ExitCode, LabError> {
    let bench = bench(&args)?;
    let mut row = run(&bench)?;
    row.label = args.label;
    if args.json {
        println!("{}", serde_json::to_string(&row).expect("figures and text are JSON"));
    } else if args.no_heads {
        println!("{row}");
    } else {
        println!("{HEADS}\n{row}");
    }
    Ok(if row.faults.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn load(args: &LoadArgs) -> Result<Load, LabError> {
    Ok(match *args {
        LoadArgs::Echo { in_flight, rate } => {
            Load::Echo { in_flight: in_flight as usize, rate: checked_rate(rate)? }
        }
        LoadArgs::Room { in_flight, rate, line_len } => Load::Room {
            in_flight: in_flight as usize,
            rate: checked_rate(rate)?,
            line_len: line_len as usize,
        },
        LoadArgs::World { neighbours, layout, moves_per_sec, updates_per_frame } => Load::World(Setting {
            neighbours: neighbours as usize,
            layout,
            moves_per_sec: positive(moves_per_sec, "--moves-per-sec: expected 0.1 to 1000")?,
            updates_per_frame,
        }),
        LoadArgs::Combat { moves_per_sec } => {
            Load::Combat { moves_per_sec: positive(moves_per_sec, "--moves-per-sec: expected 0.1 to 1000")? }
        }
        LoadArgs::Idle { in_the_world } => Load::Idle { in_the_world },
        LoadArgs::Storm { rate, away_secs, at_once } => Load::Storm {
            rate: positive(rate, "--rate: expected 0.1 to 1000")?,
            away: Duration::from_secs_f64(positive(away_secs, "--away-secs: expected 0.1 to 1000")?),
            at_once: at_once as usize,
        },
        LoadArgs::Slow { rate, line_len, stop } => Load::Slow {
            rate: positive(rate, "--rate: expected 0.1 to 1000")?,
            line_len: line_len as usize,
            stop: stop as usize,
        },
    })
}

fn positive(figure: f64, expected: &'static str) -> Result<f64, LabError> {
    if (0.1..=1000.0).contains(&figure) { Ok(figure) } else { Err(LabError::Setting(expected)) }
}

fn bench(args: &BenchArgs) -> Result<Bench, LabError> {
    if !(0.1..=3600.0).contains(&args.secs) {
        return Err(LabError::Setting("--secs: expected 0.1 to 3600"));
    }
    if !(0.0..=600.0).contains(&args.warm_up_secs) {
        return Err(LabError::Setting("--warm-up-secs: expected 0 to 600"));
    }
    if let Some(pid) = args.server_pid
        && !std::path::Path::new(&format!("/proc/{pid}/task")).exists()
    {
        return Err(LabError::Bench(format!("--server-pid: there is no process {pid}")));
    }
    Ok(Bench {
        load: load(&args.load)?,
        peer: args.peer,
        form: args.dialect,
        address: address(&args.url, args.allow_remote)?,
        tokens: args.tokens.clone(),
        clients: args.clients as usize,
        sample: args.sample as usize,
        ack_every: args.ack_every,
        warm_up: Duration::from_secs_f64(args.warm_up_secs),
        measured: Duration::from_secs_f64(args.secs),
        drain: DRAIN,
        server_pid: args.server_pid,
    })
}

fn checked_rate(rate: f64) -> Result<f64, LabError> {
    if (0.0..=1e8).contains(&rate) {
        Ok(rate)
    } else {
        Err(LabError::Setting("--rate: expected 0 to 100000000"))
    }
}

/// The address behind `http://HOST:PORT`, which must be this machine's unless it is `remote` on purpose.
fn address(url: &str, remote: bool) -> Result<SocketAddr, LabError> {
    let refused = |why: &str| LabError::Bench(format!("--url {url}: {why}"));
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("ws://"))
        .ok_or_else(|| refused("expected http://HOST:PORT; the bare client speaks no TLS"))?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let address = authority
        .to_socket_addrs()
        .map_err(|error| refused(&error.to_string()))?
        .next()
        .ok_or_else(|| refused("no such host"))?;
    if remote || address.ip().is_loopback() { Ok(address) } else { Err(LabError::Remote(url.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::address;
    use crate::LabError;

    #[test]
    fn only_this_machine_is_loaded_unasked() {
        assert_eq!(address("http://127.0.0.1:80/x", false).unwrap().port(), 80);
        assert_eq!(address("ws://[::1]:81", false).unwrap().port(), 81);
        assert!(matches!(address("http://192.0.2.1:80", false), Err(LabError::Remote(_))));
        assert!(address("http://192.0.2.1:80", true).is_ok());
        for url in ["127.0.0.1:80", "https://127.0.0.1:80", "http://127.0.0.1"] {
            assert!(address(url, true).unwrap_err().to_string().starts_with("--url"), "{url}");
        }
    }
}
