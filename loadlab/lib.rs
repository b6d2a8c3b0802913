//! Bots on the SDK: a load that proves that nothing is lost, doubled or out of order, and a living world to look at.

pub mod bare;
mod bot;
pub mod cli;
mod demo;
pub mod floor;
mod measure;
pub mod oracle;
pub mod plan;
mod process;
mod report;
mod run;
mod tokens;
mod walk;

pub use demo::{Demo, demo};
pub use measure::Latencies;
pub use report::Report;
pub use run::{Lab, run};
pub use tokens::{Token, read_tokens};

/// Why the lab could not do its work. What it finds about the server is in its [`Report`].
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    #[error("{path}: {why}")]
    Tokens { path: String, why: String },
    #[error("{0} is not this machine; --allow-remote if it is yours and may be loaded")]
    Remote(String),
    #[error("bot {bot} can't get to its place: {error}")]
    Bot { bot: usize, error: client::ClientError },
    #[error("{path}: {error}")]
    File { path: String, error: std::io::Error },
    #[error("{0}")]
    Setting(&'static str),
    /// Of the bare client and the floor.
    #[error("{0}")]
    Bench(String),
}
