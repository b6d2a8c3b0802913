//! `slow`: the room again, but a few stop reading. Do the others notice, and what does the server keep for those few?

use std::time::{Duration, Instant};

use super::engine::Engine;
use super::gauge::resident_bytes;
use super::room::Room;
use super::row::Figure;
use super::window::{Course, Scenario, Window, measure, run_until};
use crate::LabError;

/// How often the server's memory is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// From when on, and how often, it is looked who was let go. It takes some ten milliseconds where there are thousands of
/// sockets, and the others' latencies show it: no more than one in a hundred of them may.
const COUNT_FROM: Duration = Duration::from_secs(8);
const COUNT_EVERY: Duration = Duration::from_millis(500);
/// The kernel's part of what those who stop don't read, in bytes: as little as it gives.
pub const RECEIVE_BUFFER: usize = 4096;

/// What came of it.
#[derive(Debug)]
pub struct Outcome {
    /// Afterwards, when nothing comes from those who stopped any more.
    pub window: Window,
    pub figures: Vec<Figure>,
}

/// Measures with everybody reading, stops the first `stop` after the sender, measures again.
///
/// # Errors
/// The client itself could not work.
pub fn stall(
    engine: &mut Engine,
    room: &mut Room,
    stop: usize,
    course: &Course,
) -> Result<Outcome, LabError> {
    let memory = || course.server.and_then(resident_bytes).unwrap_or(0) as f64 / 1024.0;
    run_until(engine, room, Instant::now() + course.warm_up)?;
    room.latencies().0.reset();
    run_until(engine, room, Instant::now() + course.measured)?;
    let p99_before = room.latencies().us(0.99);
    let kib_before = memory();
    let stopped_at = Instant::now();
    (1..=stop).for_each(|link| engine.stop_reading(link));
    let (end, mut kib_most) = (Instant::now() + course.measured, kib_before);
    let mut given_up_after: Vec<Option<Duration>> = vec![None; stop];
    room.latencies().0.reset();
    let mut count_at = stopped_at + COUNT_FROM;
    while Instant::now() < end {
        run_until(engine, room, (Instant::now() + LOOK_EVERY).min(end))?;
        kib_most = kib_most.max(memory());
        if Instant::now() >= count_at && given_up_after.contains(&None) {
            count_at = Instant::now() + COUNT_EVERY;
            for (link, after) in (1..).zip(&mut given_up_after).filter(|(_, after)| after.is_none()) {
                *after = engine.is_given_up(link).then(|| stopped_at.elapsed());
            }
        }
    }
    let p99_during = room.latencies().us(0.99);
    let window = measure(engine, room, &Course { warm_up: Duration::ZERO, ..*course })?;
    let given_up = given_up_after.iter().flatten().count();
    let gone_secs = given_up_after.iter().flatten().max().map_or(0.0, Duration::as_secs_f64);
    let figures = vec![
        Figure { name: "p99 with everybody reading, µs", value: p99_before },
        Figure { name: "p99 of the others while some don't, µs", value: p99_during },
        Figure { name: "p99 while some don't, by p99 before", value: p99_during / p99_before },
        Figure { name: "sessions that stopped reading", value: stop as f64 },
        Figure { name: "of those given up by the server", value: given_up as f64 },
        Figure { name: "seconds until the last of those was given up", value: gone_secs },
        Figure { name: "server memory before, KiB", value: kib_before },
        Figure { name: "server memory at most, KiB", value: kib_most },
        Figure {
            name: "more for each that stopped, KiB",
            value: (kib_most - kib_before) / stop.max(1) as f64,
        },
        Figure { name: "server memory in the end, KiB", value: memory() },
    ];
    Ok(Outcome { window, figures })
}
