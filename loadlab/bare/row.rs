//! One run's figures, as a line of a table and as JSON.

use std::fmt;

use serde::Serialize;

use super::gauge::is_void;
use super::sequence::Faults;
use super::window::{Latencies, Window};
use super::wire::{Form, Peer};

/// What a run found.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What `loadlab compare` puts it under.
    pub label: String,
    pub scenario: &'static str,
    pub peer: Peer,
    pub dialect: Form,
    pub clients: usize,
    /// What else sets this run apart, for example `16 in flight`.
    pub load: String,
    pub secs: f64,
    pub deliveries: u64,
    pub deliveries_per_s: f64,
    /// What one delivery is: a pong, a line to one listener, one entity's new position to one viewer.
    pub unit: &'static str,
    pub server_cpu_us_per_delivery: Option<f64>,
    /// Of one core, all threads together.
    pub server_busy: Option<f64>,
    pub latency: Micros,
    /// Of the frames that deliveries came in: payload bytes, and how many deliveries are in one.
    pub bytes_per_frame: f64,
    pub deliveries_per_frame: f64,
    /// How many deliveries one read brought.
    pub deliveries_per_read: f64,
    pub server_rss_kib: Option<u64>,
    /// What the sessions added to the server's memory, where that is what the run is about.
    pub kib_per_session: Option<f64>,
    pub client_busy: f64,
    /// The client was so busy that the row says nothing about the server.
    pub void: bool,
    pub faults: Faults,
    /// Figures that only this scenario has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub more: Vec<Figure>,
}

/// From the intended moment on.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Micros {
    pub count: u64,
    pub p50_us: f64,
    pub p90_us: f64,
    pub p99_us: f64,
    pub p999_us: f64,
    pub max_us: f64,
}

/// A figure with its name.
#[derive(Debug, Clone, Serialize)]
pub struct Figure {
    pub name: &'static str,
    pub value: f64,
}

impl From<&Latencies> for Micros {
    fn from(latencies: &Latencies) -> Self {
        Self {
            count: latencies.0.len(),
            p50_us: latencies.us(0.5),
            p90_us: latencies.us(0.9),
            p99_us: latencies.us(0.99),
            p999_us: latencies.us(0.999),
            max_us: latencies.us(1.0),
        }
    }
}

/// What sets a run apart.
#[derive(Debug, Clone)]
pub struct Label {
    pub scenario: &'static str,
    pub peer: Peer,
    pub dialect: Form,
    pub clients: usize,
    pub load: String,
    pub unit: &'static str,
}

impl Row {
    pub fn new(label: Label, window: &Window, latencies: &Latencies, faults: Faults) -> Self {
        let Label { scenario, peer, dialect, clients, load, unit } = label;
        let secs = window.used.wall.as_secs_f64();
        let deliveries = deliveries(window);
        let cpu = window.used.server_cpu.map(|cpu| cpu.as_secs_f64());
        Self {
            label: String::new(),
            scenario,
            peer,
            dialect,
            clients,
            load,
            secs,
            deliveries: deliveries as u64,
            deliveries_per_s: deliveries / secs,
            unit,
            server_cpu_us_per_delivery: cpu.filter(|_| deliveries > 0.0).map(|cpu| cpu * 1e6 / deliveries),
            server_busy: cpu.map(|cpu| cpu / secs),
            latency: Micros::from(latencies),
            bytes_per_frame: window.delivery_bytes as f64 / window.frames.max(1) as f64,
            deliveries_per_frame: deliveries / window.frames.max(1) as f64,
            deliveries_per_read: deliveries / window.reads.max(1) as f64,
            server_rss_kib: window.server_rss.map(|bytes| bytes / 1024),
            kib_per_session: None,
            client_busy: window.used.client_busy,
            void: is_void(window.used.client_busy),
            faults,
            more: Vec::new(),
        }
    }
}

/// Those of the sample stand for all, by the bytes they took.
fn deliveries(window: &Window) -> f64 {
    match window.sampled {
        (_, 0) => window.frames as f64,
        (found, bytes) => window.delivery_bytes as f64 * found as f64 / bytes as f64,
    }
}

/// The heads of the columns that [`Row`] prints.
pub const HEADS: &str = "scenario  peer       dialect    clients load             deliveries/s  server µs/delivery \
                         server %  p50 µs    p99 µs    p99.9 µs  RSS MiB  client %  verdict";

impl fmt::Display for Row {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        let Self { scenario, clients, load, latency, .. } = self;
        let (peer, dialect) = (word(&self.peer), word(&self.dialect));
        let or_dash = |figure: Option<f64>, digits: usize| {
            figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"))
        };
        write!(
            out,
            "{scenario:<9} {peer:<10} {dialect:<10} {clients:>7} {load:<16} {:>12.0} {:>19} {:>9} \
             {:>9.0} {:>9.0} {:>9.0} {:>8} {:>9.0}  {}",
            self.deliveries_per_s,
            or_dash(self.server_cpu_us_per_delivery, 3),
            or_dash(self.server_busy.map(|busy| busy * 100.0), 0),
            latency.p50_us,
            latency.p99_us,
            latency.p999_us,
            or_dash(self.server_rss_kib.map(|kib| kib as f64 / 1024.0), 1),
            self.client_busy * 100.0,
            self.verdict(),
        )?;
        if let Some(kib) = self.kib_per_session {
            write!(out, "\n  memory per session: {kib:.2} KiB")?;
        }
        for Figure { name, value } in &self.more {
            write!(out, "\n  {name}: {value:.3}")?;
        }
        for example in &self.faults.examples {
            write!(out, "\n  {example}")?;
        }
        Ok(())
    }
}

impl Row {
    fn verdict(&self) -> String {
        let Faults { lost, doubled, reordered, strange, .. } = self.faults;
        let mut verdict = if self.faults.is_clean() {
            "ok".to_owned()
        } else {
            format!("{lost} lost, {doubled} doubled, {reordered} reordered, {strange} strange")
        };
        if self.void {
            verdict.push_str(", VOID: the client was the bottleneck");
        }
        verdict
    }
}

/// The word by which something is called in JSON.
fn word(of: &impl Serialize) -> String {
    serde_json::to_value(of).ok().and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
}
