//! What the whole-server tests stand on: the real binary in a directory of its own, and clients of their own.

pub mod disk;
pub mod people;
pub mod program;
pub mod server;
pub mod shapes;
pub mod socket;
pub mod ticket;
pub mod way;
pub mod wire;

use std::time::Duration;

/// Far beyond what anything here takes; who waits longer waits for ever.
pub const PATIENCE: Duration = Duration::from_secs(30);
