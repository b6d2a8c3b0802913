//! Trade. The vocabulary, which the documents leave open; the rules come with the feature.

use serde::{Deserialize, Serialize};

use crate::ids::ItemId;
use crate::{CharacterId, Text};

/// Asks a character nearby to trade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestTrade {
    /// With whom.
    pub recipient_id: CharacterId,
}

/// One's own side of the window, whole: replaces what was offered before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OfferTrade {
    /// Names the trade.
    pub trade_id: Text<1, 64>,
    /// Serials of one's own items.
    #[serde(default)]
    pub items: Vec<ItemId>,
    /// 0 when absent.
    #[serde(default)]
    pub souls: u32,
}

/// Accepts what the window showed at `offer_version`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AcceptTrade {
    /// Names the trade.
    pub trade_id: Text<1, 64>,
    /// Of the `trade_update` that was shown; another one is refused.
    pub offer_version: u32,
}

/// Ends a trade or refuses a request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct WhichTrade {
    /// Names the trade.
    pub trade_id: Text<1, 64>,
}

/// Somebody asks to trade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradeRequest {
    /// Names the trade.
    pub trade_id: String,
    /// Who asks.
    pub requester_id: CharacterId,
    /// The name of who asks.
    pub requester_name: String,
    /// Who is asked.
    pub recipient_id: CharacterId,
}

/// One side of a trade window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Offer {
    /// Whose side it is.
    pub character_id: CharacterId,
    /// Serials of items.
    pub items: Vec<ItemId>,
    /// How many souls go with them.
    pub souls: u32,
    /// Whether this side has accepted what both show.
    pub accepted: bool,
}

/// The window as both see it; any change raises `offer_version` and clears both accepts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradeUpdate {
    /// Names the trade.
    pub trade_id: String,
    /// Raised by every change.
    pub offer_version: u32,
    /// Both sides.
    pub offers: Vec<Offer>,
}

/// The trade ended without an exchange.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradeDecline {
    /// Names the trade.
    pub trade_id: String,
    /// One sentence for a person.
    pub reason: String,
}

/// The trade happened; it is on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradeComplete {
    /// Names the trade.
    pub trade_id: String,
    /// What changed hands, by whose it was before.
    pub offers: Vec<Offer>,
}
