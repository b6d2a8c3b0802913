//! The edge: everything with a URL. Decides nothing about the game.

mod admin;
pub mod answer;
mod auth;
pub mod blocks;
mod body;
pub mod call;
pub mod census;
mod characters;
pub mod client_ip;
pub mod credentials;
pub mod edge;
pub mod envelope;
mod frames;
mod health;
mod linger;
pub mod listener;
mod once;
pub mod options;
pub mod origin;
mod party;
pub mod routes;
mod seated;
pub mod serve;
mod sign_in;
#[cfg(feature = "tls")]
pub mod tls;
mod upgrade;
mod world;
mod ws;

#[cfg(test)]
mod tests;

pub use edge::Edge;
pub use options::Options;
