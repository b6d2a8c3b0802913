//! The bare client: many sessions on one thread, without a runtime and without the SDK, to measure a server by.

#![allow(dead_code)]

pub mod args;
mod crowd;
mod echo;
mod engine;
mod enter;
pub mod frame;
mod gauge;
mod inbox;
mod peek;
mod room;
mod row;
mod sequence;
mod window;
mod wire;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub use row::{HEADS, Row};
pub use sequence::{Faults, Sequence};
pub use wire::{Form, Peer};

use crate::{LabError, Token, read_tokens};
use crowd::Crowd;
use echo::Echo;
use engine::Engine;
use enter::{Goal, enter};
use room::{Pace, Room, Setting};
use row::Label;
use window::{Course, Scenario, measure};
use wire::{Counted, Wire};

/// What to do to which server.
#[derive(Debug, Clone)]
pub struct Bench {
    pub load: Load,
    pub peer: Peer,
    pub form: Form,
    pub address: SocketAddr,
    /// Output of `shardmesh token mint`, for this server.
    pub tokens: Option<PathBuf>,
    pub clients: usize,
    /// So many sessions are read in full.
    pub sample: usize,
    pub ack_every: u32,
    pub warm_up: Duration,
    pub measured: Duration,
    pub server_pid: Option<u32>,
}

/// The scenarios.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Load {
    Echo {
        in_flight: usize,
        /// Pings a second of all together; 0 = as many as go.
        rate: f64,
    },
    Room {
        in_flight: usize,
        /// Lines a second, instead of a number in flight; 0 = none.
        rate: f64,
        line_len: usize,
    },
}

/// Runs one scenario.
///
/// # Errors
/// Why it can't.
pub fn run(bench: &Bench) -> Result<Row, LabError> {
    raise_open_files();
    let tokens = match &bench.tokens {
        Some(path) => read_tokens(path, bench.clients)?,
        None if bench.peer == Peer::Shardmesh => {
            return Err(LabError::Setting("--tokens: this server needs somebody to sign in as"));
        }
        None => Vec::new(),
    };
    match bench.load {
        Load::Echo { in_flight, rate } => {
            let (mut engine, crowd) = entered(bench, Counted::Pongs, &tokens, Goal::SignedIn)?;
            let load = pace_in_words(in_flight, rate);
            let mut echo = Echo::new(crowd, in_flight, rate);
            row(bench, &mut engine, &mut echo, label(bench, "echo", load, "pong"))
        }
        Load::Room { in_flight, rate, line_len } => {
            let (mut engine, crowd) = entered(bench, Counted::Lines, &tokens, Goal::InTheWorld)?;
            let pace = if rate > 0.0 { Pace::PerSecond(rate) } else { Pace::InFlight(in_flight) };
            let load = if rate > 0.0 { format!("{rate} lines/s") } else { pace_in_words(in_flight, 0.0) };
            let mut room = Room::new(crowd, Setting { pace, line_len, run: run_number() }, |_| false);
            row(bench, &mut engine, &mut room, label(bench, "room", load, "line to one listener"))
        }
    }
}

fn entered(
    bench: &Bench,
    counted: Counted,
    tokens: &[Token],
    goal: Goal,
) -> Result<(Engine, Crowd), LabError> {
    let wire = Wire { peer: bench.peer, form: bench.form, counted };
    let mut engine =
        Engine::new(bench.clients).map_err(|error| LabError::Bench(format!("epoll: {error}")))?;
    let mut crowd = Crowd::new(wire, bench.clients, bench.sample, bench.ack_every);
    enter(&mut engine, &mut crowd, bench.address, tokens, goal)?;
    crowd.forget_deliveries();
    Ok((engine, crowd))
}

fn row(
    bench: &Bench,
    engine: &mut Engine,
    scenario: &mut impl Scenario,
    label: Label,
) -> Result<Row, LabError> {
    let course = Course { warm_up: bench.warm_up, measured: bench.measured, server: bench.server_pid };
    let window = measure(engine, scenario, &course)?;
    let faults = std::mem::take(&mut scenario.crowd().faults);
    Ok(Row::new(label, &window, scenario.latencies(), faults))
}

fn label(bench: &Bench, scenario: &'static str, load: String, unit: &'static str) -> Label {
    Label { scenario, peer: bench.peer, dialect: bench.form, clients: bench.clients, load, unit }
}

fn pace_in_words(in_flight: usize, rate: f64) -> String {
    if rate > 0.0 { format!("{in_flight}, {rate}/s") } else { format!("{in_flight} in flight") }
}

/// Sets this run's lines apart from another's.
fn run_number() -> u32 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    (now.as_millis() as u32) ^ std::process::id()
}

/// Each session is an open file.
pub(crate) fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    if let Err(error) = setrlimit(Resource::Nofile, raised) {
        log::warn!("the limit of open files stays as it is: {error}");
    }
}
