//! The server as a library: the same `run` for the binary and for tests.

mod backups;
pub mod checks;
pub mod cli;
pub mod commands;
pub mod content;
pub mod logs;
pub mod mint;
pub mod options;
pub mod play;
pub mod problem;
pub mod run;
pub mod secrets;
pub mod settings;

pub use problem::Problem;
pub use run::{Stop, bind, run};
pub use settings::Settings;
