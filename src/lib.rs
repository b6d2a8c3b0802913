//! The server as a library: the same `run` for the binary and for tests.

pub mod checks;
pub mod logs;
pub mod options;
pub mod secrets;
pub mod settings;
