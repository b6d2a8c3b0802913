//! The bare client: many sessions on one thread, without a runtime and without the SDK, to measure a server by.

mod area;
pub mod args;
mod colyseus;
pub mod compare;
mod crowd;
mod echo;
mod engine;
mod enter;
mod fight;
pub mod frame;
mod gauge;
mod idle;
mod inbox;
mod outgoing;
mod peek;
mod room;
mod row;
mod sequence;
mod slow;
mod storm;
mod window;
mod wire;
mod world;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protocol::CharacterId;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

pub use row::{HEADS, Row};
pub use sequence::{Faults, Sequence};
pub use wire::{Form, Peer};

use crate::{LabError, Token, read_tokens};
use crowd::Crowd;
use echo::Echo;
use engine::{Engine, Upgrade};
use enter::{Goal, enter, enter_some};
use fight::Fights;
use idle::Idle;
use room::{Pace, Room, Setting};
use row::{Figure, Label};
use storm::Storm;
use window::{Course, Scenario, measure};
use wire::{Counted, Wire};
use world::World;

/// What a delivery is in a room.
const LINE: &str = "line to one listener";

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
    pub drain: Duration,
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
        /// Lines a second, in bursts of so many, whatever becomes of them; 0 = as many as go.
        rate: f64,
        line_len: usize,
    },
    World(world::Setting),
    /// In pairs; each acts as often as that.
    Combat {
        moves_per_sec: f64,
    },
    Idle {
        /// With a character each, instead of only signed in.
        in_the_world: bool,
    },
    Storm {
        /// Lines a second meanwhile.
        rate: f64,
        away: Duration,
        /// Sessions that are on their way back at the same time.
        at_once: usize,
    },
    Slow {
        rate: f64,
        line_len: usize,
        /// Sessions that stop reading.
        stop: usize,
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
    let ours_only = matches!(bench.load, Load::Combat { .. } | Load::Storm { .. } | Load::Slow { .. });
    if ours_only && bench.peer != Peer::Shardmesh {
        return Err(LabError::Setting(
            "--peer: only this server fights, resumes, or gives up who doesn't read",
        ));
    }
    match bench.load {
        Load::Echo { in_flight, rate } => {
            let (mut engine, crowd) = entered(bench, Counted::Pongs, &tokens, Goal::SignedIn)?;
            let mut echo = Echo::new(crowd, in_flight, rate);
            let label = label(bench, "echo", pace_in_words(in_flight, rate), "pong");
            row(bench, &mut engine, &mut echo, label)
        }
        Load::Room { in_flight, rate, line_len } => {
            let (mut engine, crowd) = entered(bench, Counted::Lines, &tokens, Goal::InTheWorld)?;
            let pace = match rate {
                0.0 => Pace::InFlight(in_flight),
                rate => Pace::PerSecond { rate, burst: in_flight },
            };
            let load = pace_in_words(in_flight, rate);
            let mut room = Room::new(crowd, Setting { pace, line_len, run: run_number() }, |_| false);
            row(bench, &mut engine, &mut room, label(bench, "room", load, LINE))
        }
        Load::World(setting) => world(bench, &tokens, setting),
        Load::Combat { moves_per_sec } => combat(bench, &tokens, moves_per_sec),
        Load::Idle { in_the_world } => idle(bench, &tokens, in_the_world),
        Load::Storm { rate, away, at_once } => storm(bench, &tokens, rate, (away, at_once)),
        Load::Slow { rate, line_len, stop } => slow(bench, &tokens, (rate, line_len), stop),
    }
}

fn world(bench: &Bench, tokens: &[Token], setting: world::Setting) -> Result<Row, LabError> {
    let places = world::places(bench.clients, &setting);
    let (mut engine, crowd) = entered(bench, Counted::Areas, tokens, Goal::At(&places))?;
    let characters: Vec<CharacterId> = tokens.iter().map(|token| token.character_id).collect();
    let mut world = World::new(crowd, setting, &characters);
    let load = format!("{} around", setting.neighbours);
    let label = label(bench, "world", load, "new position of one entity to one viewer");
    let mut row = row(bench, &mut engine, &mut world, label)?;
    if bench.peer == Peer::Shardmesh {
        row.more.push(Figure { name: "entities in view, on average", value: world.in_view() });
        row.more.push(Figure { name: "slowest pace of the world", value: world.slowest });
    }
    Ok(row)
}

fn combat(bench: &Bench, tokens: &[Token], moves_per_sec: f64) -> Result<Row, LabError> {
    if bench.clients % 2 == 1 {
        return Err(LabError::Setting("--clients: expected an even number, they fight in pairs"));
    }
    // Whoever fights has to read everything.
    let bench = &Bench { sample: bench.clients, ..bench.clone() };
    let places = fight::places(bench.clients);
    let (mut engine, crowd) = entered(bench, Counted::Moves, tokens, Goal::At(&places))?;
    let characters: Vec<CharacterId> = tokens.iter().map(|token| token.character_id).collect();
    let mut fights = Fights::new(crowd, &characters, moves_per_sec);
    let load = format!("{} pairs, {moves_per_sec} moves/s each", bench.clients / 2);
    let label = label(bench, "combat", load, "move as one of two sees it");
    let mut row = row(bench, &mut engine, &mut fights, label)?;
    row.more.push(Figure { name: "fights that came to an end", value: fights.ended as f64 });
    Ok(row)
}

fn idle(bench: &Bench, tokens: &[Token], in_the_world: bool) -> Result<Row, LabError> {
    let before = bench.server_pid.and_then(gauge::resident_bytes);
    let goal = if in_the_world { Goal::InTheWorld } else { Goal::SignedIn };
    let (mut engine, crowd) = entered(bench, Counted::Pongs, tokens, goal)?;
    let mut idle = Idle::new(crowd);
    let load = if in_the_world { "in the world" } else { "signed in" };
    let mut row = row(bench, &mut engine, &mut idle, label(bench, "idle", load.to_owned(), "nothing"))?;
    row.kib_per_session = row
        .server_rss_kib
        .zip(before)
        .map(|(after, before)| (after as f64 - before as f64 / 1024.0) / bench.clients as f64);
    let pinged = (0..bench.clients).filter(|link| engine.pings(*link) > 0).count();
    row.more.push(Figure { name: "sessions that were pinged", value: pinged as f64 });
    Ok(row)
}

fn storm(
    bench: &Bench,
    tokens: &[Token],
    rate: f64,
    (away, at_once): (Duration, usize),
) -> Result<Row, LabError> {
    let (mut engine, crowd) = entered(bench, Counted::Lines, tokens, Goal::InTheWorld)?;
    let upgrade = crowd.wire.upgrade(bench.address)?;
    let setting = Setting { pace: Pace::PerSecond { rate, burst: 1 }, line_len: 64, run: run_number() };
    let room = Room::new(crowd, setting, |_| false);
    let mut storm = Storm::new(room, bench.clients, upgrade, at_once);
    let course = storm::Course { before: bench.warm_up, away, patience: Duration::from_secs(60) };
    storm::blow(&mut engine, &mut storm, &course)?;
    let mut row = row(bench, &mut engine, &mut storm, label(bench, "storm", lines(rate), LINE))?;
    let (half, last) = (storm.took().us(0.5) / 1e6, storm.took().us(1.0) / 1e6);
    row.more.push(Figure { name: "back with everything, half of them, s", value: half });
    row.more.push(Figure { name: "back with everything, the last, s", value: last });
    row.more.push(Figure { name: "events that were sent again", value: storm.replayed as f64 });
    Ok(row)
}

fn slow(
    bench: &Bench,
    tokens: &[Token],
    (rate, line_len): (f64, usize),
    stop: usize,
) -> Result<Row, LabError> {
    if stop + 2 > bench.clients {
        return Err(LabError::Setting("--stop: there must be a sender and somebody who listens besides"));
    }
    let stops = |link: usize| (1..=stop).contains(&link);
    let (mut engine, mut crowd) = begin(bench, Counted::Lines)?;
    let (wire, everybody) = (crowd.wire, (0..bench.clients).collect::<Vec<usize>>());
    let upgrade = |link: usize| {
        let receive_buffer = if stops(link) { slow::RECEIVE_BUFFER } else { 0 };
        Ok(Upgrade { receive_buffer, ..wire.upgrade(bench.address)? })
    };
    enter_some(&mut engine, &mut crowd, &everybody, upgrade, tokens, Goal::InTheWorld)?;
    crowd.forget_deliveries();
    let setting = Setting { pace: Pace::PerSecond { rate, burst: 1 }, line_len, run: run_number() };
    let mut room = Room::new(crowd, setting, stops);
    let outcome = slow::stall(&mut engine, &mut room, stop, &course(bench))?;
    let faults = std::mem::take(&mut room.crowd().faults);
    let label = label(bench, "slow", lines(rate), LINE);
    let mut row = Row::new(label, &outcome.window, room.latencies(), faults);
    row.more = outcome.figures;
    Ok(row)
}

fn entered(
    bench: &Bench,
    counted: Counted,
    tokens: &[Token],
    goal: Goal,
) -> Result<(Engine, Crowd), LabError> {
    let (mut engine, mut crowd) = begin(bench, counted)?;
    enter(&mut engine, &mut crowd, bench.address, tokens, goal)?;
    crowd.forget_deliveries();
    Ok((engine, crowd))
}

fn begin(bench: &Bench, counted: Counted) -> Result<(Engine, Crowd), LabError> {
    let wire = Wire { peer: bench.peer, form: bench.form, counted };
    let engine = Engine::new(bench.clients).map_err(|error| LabError::Bench(format!("epoll: {error}")))?;
    Ok((engine, Crowd::new(wire, bench.clients, bench.sample, bench.ack_every)))
}

fn row(
    bench: &Bench,
    engine: &mut Engine,
    scenario: &mut impl Scenario,
    label: Label,
) -> Result<Row, LabError> {
    let window = measure(engine, scenario, &course(bench))?;
    let faults = std::mem::take(&mut scenario.crowd().faults);
    Ok(Row::new(label, &window, scenario.latencies(), faults))
}

fn course(bench: &Bench) -> Course {
    Course { warm_up: bench.warm_up, measured: bench.measured, drain: bench.drain, server: bench.server_pid }
}

fn label(bench: &Bench, scenario: &'static str, load: String, unit: &'static str) -> Label {
    Label { scenario, peer: bench.peer, dialect: bench.form, clients: bench.clients, load, unit }
}

fn lines(rate: f64) -> String {
    format!("{rate} lines/s")
}

fn pace_in_words(in_flight: usize, rate: f64) -> String {
    if rate > 0.0 { format!("{in_flight} at once, {rate:.0}/s") } else { format!("{in_flight} in flight") }
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
