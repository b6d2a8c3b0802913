//! How a trade ends without an exchange, and what is said of that.

use protocol::trade::TradeDecline;
use protocol::{ErrorCode, ErrorMessage, ServerMessage};

use crate::Refusal;

/// Why a trade ends without an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    Declined,
    Expired,
    Left,
    Fight,
    Interrupted,
}

impl Cause {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Declined => "declined",
            Self::Expired => "expired",
            Self::Left => "left",
            Self::Fight => "fight",
            Self::Interrupted => "interrupted",
        }
    }
}

/// The message that ends a trade without an exchange.
pub fn declined(trade_id: &str, cause: Cause, reason: impl Into<String>) -> ServerMessage {
    ServerMessage::TradeDecline(TradeDecline {
        trade_id: trade_id.to_owned(),
        cause: cause.as_str().to_owned(),
        reason: reason.into(),
    })
}

/// For the requester, who comes second.
pub(super) fn has_left() -> ServerMessage {
    ServerMessage::Error(ErrorMessage::new(ErrorCode::NotOnline, "whoever was asked has left"))
}

/// Nothing can be done in it any more.
pub(super) fn over() -> Refusal {
    Refusal::new(ErrorCode::NotFound, "this trade is over")
}
