//! The only SQL: everything that outlives the process, behind [`Store::write`] and [`Store::read`].
//!
//! A feature module makes a [`Write`] or a [`Read`]; the store runs it on a thread of its own and answers through a
//! [`Pending`]. An answered write is on the disk.

pub mod accounts;
pub mod answers;
pub mod audit;
mod backup;
pub mod blocks;
pub mod characters;
pub mod chat;
pub mod combats;
mod economy;
mod error;
pub mod ground;
mod health;
mod inline;
mod job;
pub mod keepsakes;
mod lineage;
mod lock;
mod migrate;
mod open;
pub mod parties;
mod pending;
pub mod places;
pub mod quests;
mod readers;
pub mod requests;
pub mod saves;
pub mod sessions;
pub mod sheets;
mod step;
mod store;
mod threads;
mod times;
pub mod world;
mod writer;

pub use backup::restore;
pub use error::StoreError;
pub use health::Stats;
pub use lineage::Lineage;
pub use pending::Pending;
pub use step::{Read, Write};
pub use store::{Driver, Options, Store};

#[cfg(test)]
mod tests;
