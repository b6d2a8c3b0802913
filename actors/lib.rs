//! The running world: everything with an address. Knows no HTTP.

pub mod accounts;
pub mod backlogs;
pub mod clock;
mod combats;
pub mod commands;
mod common_passwords;
pub mod directory;
pub mod entity;
pub mod errors;
pub mod faults;
mod flight;
pub mod frame;
pub mod hasher;
pub mod host;
mod keepsake;
mod known_places;
pub mod limiters;
pub mod limits;
mod notify;
pub mod options;
mod orders;
pub mod outbox;
pub mod queries;
mod realms;
mod record;
pub mod registry;
mod repeats;
mod rooms;
pub mod session;
mod shards;
mod sweep;
pub mod tokens;
mod trades;
pub mod world;

pub use options::Options;
pub use world::{Parts, World};
