//! The edge: everything with a URL. Decides nothing about the game.

pub mod answer;
pub mod body;
pub mod call;
pub mod census;
pub mod client_ip;
pub mod credentials;
pub mod edge;
pub mod envelope;
mod health;
pub mod limiter;
pub mod listener;
pub mod options;
pub mod origin;
pub mod routes;
pub mod serve;
#[cfg(feature = "tls")]
pub mod tls;

#[cfg(test)]
mod tests;

pub use edge::Edge;
pub use options::Options;
