//! What goes over the wire, by feature, and its codecs. Server, SDK, load lab and tests share it.
//!
//! No I/O, no async, no clock: bytes in, messages out, and back. (Feature `encryption` is the exception: see there.)

pub mod admin;
pub mod area;
pub mod auth;
pub mod blocks;
pub mod characters;
pub mod chat;
pub mod close;
pub mod codec;
pub mod combat;
pub mod compression;
pub mod dialect;
#[cfg(feature = "schema")]
pub mod docs;
#[cfg(feature = "encryption")]
pub mod encryption;
pub mod errors;
pub mod events;
#[cfg(any(test, feature = "schema"))]
pub mod examples;
pub mod ground;
pub mod ids;
pub mod inventory;
pub mod messages;
pub mod movement;
mod nulls;
pub mod party;
pub mod session;
pub mod text;
pub mod trade;
pub mod world;

pub use close::{CloseCode, Comeback};
pub use codec::{Incoming, Malformed, Stamp};
pub use dialect::Dialect;
pub use errors::{ErrorCode, ErrorMessage};
pub use ids::{AccountId, CharacterId, LocationId, SessionId};
pub use messages::{ClientMessage, ServerMessage};
pub use session::MessageId;
pub use text::Text;

/// The protocol version every documented message carries in `version`.
pub const VERSION: &str = "1.0.0";
