//! The edge: everything with a URL. Decides nothing about the game.

pub mod answer;
pub mod body;
pub mod census;
pub mod client_ip;
pub mod limiter;
pub mod listener;
pub mod options;
pub mod origin;
#[cfg(feature = "tls")]
pub mod tls;

pub use options::Options;
