//! Whom a player wants nothing from: how many they may be, and what these are told.

use protocol::ErrorCode;

use crate::Refusal;

/// Characters that one account may block.
pub const BLOCKS_MAX: u32 = 200;

/// What somebody is told who is blocked by whomever `field` names. It is one sentence for everything one may want of
/// somebody, and says nothing of a list.
pub fn not_from_you(field: &str) -> Refusal {
    Refusal::new(ErrorCode::Forbidden, "they do not take this from you").with("field", field)
}

/// The list is full.
pub fn too_many() -> Refusal {
    let reason = format!("you block {BLOCKS_MAX} characters already: unblock one first");
    Refusal::new(ErrorCode::Conflict, reason).with("blocks_max", BLOCKS_MAX)
}

/// Nobody blocks himself.
pub fn oneself(field: &str) -> Refusal {
    Refusal::invalid(field, "expected somebody else's character")
}
