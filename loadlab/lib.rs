//! Bots on the SDK: a load that proves that nothing is lost, doubled or out of order, and a living world to look at.

mod agenda;
pub mod bare;
mod bot;
pub mod cli;
mod demo;
pub mod floor;
mod measure;
pub mod mix;
pub mod objective;
pub mod oracle;
pub mod plan;
mod process;
mod report;
mod run;
mod series;
mod stage;
mod tokens;
mod walk;

pub use demo::{Demo, demo};
pub use measure::{Counts, Latencies, Percentiles, Timed};
pub use mix::Mix;
pub use report::{Goal, Report, Times};
pub use run::{Lab, Restart, Restarted, run};
pub use tokens::{Token, read_tokens};

/// Why the lab could not do its work. What it finds about the server is in its [`Report`].
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error("{path}: {why}")]
    Tokens { path: String, why: String },
    #[error("{path}: {why}")]
    Mix { path: String, why: String },
    #[error("{0} is not this machine; --allow-remote if it is yours and may be loaded")]
    Remote(String),
    #[error("bot {bot} can't get to its place: {error}")]
    Bot { bot: usize, error: client::ClientError },
    #[error("restarting the server by `{command}` failed: {why}")]
    Restart { command: String, why: String },
    #[error("nobody can look at what the restart kept: {0}")]
    Witness(client::ClientError),
    #[error("{path}: {error}")]
    File { path: String, error: std::io::Error },
    #[error("{bots} bots need {needed} open files, and this process may have {allowed}: raise `ulimit -n`")]
    Files { bots: usize, needed: u64, allowed: u64 },
    #[error("{0}")]
    Setting(&'static str),
    #[error("{0}")]
    Asked(String),
    /// Of the bare client and the floor.
    #[error("{0}")]
    Bench(String),
}
