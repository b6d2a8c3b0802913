//! The measured window: warm up, look, let it run, look again, then wait for all that is still on its way.

use std::time::{Duration, Instant};

use hdrhistogram::Histogram;

use super::crowd::Crowd;
use super::engine::{Engine, Handler};
use super::enter::turn;
use super::gauge::{Look, Used, resident_bytes};
use crate::LabError;

/// Longer than anything that is waited for.
const LONGEST_NS: u64 = 120_000_000_000;

/// One kind of load.
pub trait Scenario: Handler {
    /// Sends what is due; says when it wants to be asked again at the latest.
    fn drive(&mut self, engine: &mut Engine) -> Instant;
    /// Begins no more.
    fn stop(&mut self);
    /// Whether everything that was begun has arrived.
    fn is_drained(&self) -> bool;
    /// Judges, when all that could arrive has arrived.
    fn judge(&mut self);
    fn crowd(&mut self) -> &mut Crowd;
    fn latencies(&mut self) -> &mut Latencies;
    /// Where a frame holds any number of deliveries: those found in the sample, and the bytes they were found in.
    fn sampled(&self) -> (u64, u64) {
        (0, 0)
    }
}

/// How long something took, in nanoseconds, many times over.
#[derive(Debug)]
pub struct Latencies(pub Histogram<u64>);

impl Default for Latencies {
    fn default() -> Self {
        Self(Histogram::new_with_bounds(1000, LONGEST_NS, 3).expect("the bounds are in order"))
    }
}

impl Latencies {
    pub fn record(&mut self, took: Duration) {
        self.0.saturating_record(u64::try_from(took.as_nanos()).unwrap_or(LONGEST_NS));
    }

    pub fn us(&self, quantile: f64) -> f64 {
        self.0.value_at_quantile(quantile) as f64 / 1000.0
    }
}

/// How long, and whose processor time.
#[derive(Debug, Clone, Copy)]
pub struct Course {
    pub warm_up: Duration,
    pub measured: Duration,
    /// What has not come by then after the end is lost.
    pub drain: Duration,
    pub server: Option<u32>,
}

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub struct Window {
    pub used: Used,
    /// That deliveries came in.
    pub frames: u64,
    pub delivery_bytes: u64,
    /// [`Scenario::sampled`], within the window.
    pub sampled: (u64, u64),
    /// System calls of this client, each a read or a write.
    pub reads: u64,
    pub writes: u64,
    pub server_rss: Option<u64>,
}

/// Runs a scenario through its course.
///
/// # Errors
/// The client itself could not work.
pub fn measure(
    engine: &mut Engine,
    scenario: &mut impl Scenario,
    course: &Course,
) -> Result<Window, LabError> {
    engine.stay_awake(true);
    run_until(engine, scenario, Instant::now() + course.warm_up)?;
    scenario.latencies().0.reset();
    let sampled = scenario.sampled();
    let began = (scenario.crowd().deliveries, scenario.crowd().delivery_bytes, engine.reads, engine.writes);
    let before = Look::now(course.server, engine.idle);
    run_until(engine, scenario, Instant::now() + course.measured)?;
    let used = before.used_until(&Look::now(course.server, engine.idle));
    engine.stay_awake(false);
    let sampled = (scenario.sampled().0 - sampled.0, scenario.sampled().1 - sampled.1);
    let crowd = scenario.crowd();
    let (frames, delivery_bytes) = (crowd.deliveries - began.0, crowd.delivery_bytes - began.1);
    let window = Window {
        used,
        frames,
        delivery_bytes,
        sampled,
        reads: engine.reads - began.2,
        writes: engine.writes - began.3,
        server_rss: course.server.and_then(resident_bytes),
    };
    scenario.stop();
    let end = Instant::now() + course.drain;
    while !scenario.is_drained() && Instant::now() < end {
        turn(engine, Instant::now() + Duration::from_millis(20), scenario)?;
    }
    scenario.judge();
    Ok(window)
}

/// Lets a scenario run.
///
/// # Errors
/// The client itself could not work.
pub fn run_until(engine: &mut Engine, scenario: &mut impl Scenario, end: Instant) -> Result<(), LabError> {
    while Instant::now() < end {
        let next = scenario.drive(engine).min(end);
        turn(engine, next, scenario)?;
    }
    Ok(())
}
