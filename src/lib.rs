//! The server as a library: the same `run` for the binary and for tests.

pub mod settings;
