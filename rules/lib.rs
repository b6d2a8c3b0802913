//! The game, pure and deterministic: no clock, no I/O, no async, no dice it was not handed.

pub mod blocks;
pub mod characters;
pub mod chat;
pub mod combat;
pub mod content;
pub mod encounter;
pub mod grid;
pub mod ground;
pub mod inventory;
pub mod movement;
pub mod names;
pub mod party;
pub mod progression;
pub mod quests;
pub mod realm;
pub mod refusal;
pub mod room;
pub mod sheet;
pub mod trade;
pub mod venue;
pub mod world_shard;

pub use characters::NewCharacter;
pub use content::{Content, ContentError};
pub use refusal::Refusal;
pub use venue::{Audience, Dice, Effect, Member, Moment, Now, Venue};
