//! Trade. The vocabulary, which the documents leave open; the rules come with the feature.

use serde::{Deserialize, Serialize};

use crate::{CharacterId, Text};

/// Asks a character nearby to trade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestTrade {
    pub recipient_id: CharacterId,
}

/// One's own side of the window, whole: replaces what was offered before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OfferTrade {
    pub trade_id: Text<1, 64>,
    /// Serials of one's own items.
    #[serde(default)]
    pub items: Vec<i64>,
    #[serde(default)]
    pub souls: u32,
}

/// Accepts what the window showed at `version`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AcceptTrade {
    pub trade_id: Text<1, 64>,
    pub version: u32,
}

/// Ends a trade or refuses a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WhichTrade {
    pub trade_id: Text<1, 64>,
}

/// Somebody asks to trade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradeRequest {
    pub trade_id: String,
    pub requester_id: CharacterId,
    pub requester_name: String,
    pub recipient_id: CharacterId,
}

/// One side of a trade window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Offer {
    pub character_id: CharacterId,
    pub items: Vec<i64>,
    pub souls: u32,
    pub accepted: bool,
}

/// The window as both see it; any change raises `version` and clears both accepts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradeUpdate {
    pub trade_id: String,
    pub version: u32,
    pub offers: Vec<Offer>,
}

/// The trade ended without an exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradeDecline {
    pub trade_id: String,
    pub reason: String,
}

/// The trade happened; it is on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradeComplete {
    pub trade_id: String,
    pub offers: Vec<Offer>,
}
