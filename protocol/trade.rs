//! Trade between two characters. The documents give the five names; the rest is defined here.

use serde::{Deserialize, Serialize};

use crate::ids::ItemId;
use crate::nulls::null_is_default;
use crate::{CharacterId, Text};

/// Asks a character nearby to trade.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RequestTrade {
    /// With whom: somebody of the same location, within view.
    pub recipient_id: CharacterId,
}

/// One's own side of the window, whole: replaces what was offered before.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OfferTrade {
    /// Names the trade.
    pub trade_id: Text<1, 64>,
    /// Serials of one's own items.
    #[serde(default, deserialize_with = "null_is_default")]
    pub items: Vec<ItemId>,
    /// Things that are only counted.
    #[serde(default, deserialize_with = "null_is_default")]
    pub stacks: Vec<Portion>,
    /// 0 when absent.
    #[serde(default, deserialize_with = "null_is_default")]
    pub souls: u32,
}

/// So many of what is only counted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Portion {
    /// For example "health_potion".
    pub kind: Text<1, 50>,
    /// How many; 1 or more.
    pub quantity: u32,
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

/// An item in a trade window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OfferedItem {
    /// Its serial.
    pub item_id: ItemId,
    /// For example "longsword"; `content/items.toml` lists them.
    pub kind: String,
}

/// Things that are only counted, in a trade window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OfferedStack {
    /// For example "health_potion"; `content/items.toml` lists them.
    pub kind: String,
    /// How many.
    pub quantity: u32,
}

/// One side of a trade window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Offer {
    /// Whose side it is.
    pub character_id: CharacterId,
    /// Things there is one of.
    pub items: Vec<OfferedItem>,
    /// Things that are only counted.
    pub stacks: Vec<OfferedStack>,
    /// How many souls go with them.
    pub souls: u32,
    /// Whether this side has accepted what both show.
    pub accepted: bool,
}

/// The window as both see it; any change of an offer raises `offer_version` and clears both accepts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradeUpdate {
    /// Names the trade.
    pub trade_id: String,
    /// Raised by every change of an offer.
    pub offer_version: u32,
    /// Both sides, the one who asked first.
    pub offers: Vec<Offer>,
}

/// The trade ended without an exchange: everybody has what he had.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradeDecline {
    /// Names the trade.
    pub trade_id: String,
    /// Why, for programs: "declined", "expired", "left", "fight" (one of the two is in one) or "interrupted" (the server had to give it up).
    pub cause: String,
    /// One sentence for a person.
    pub reason: String,
}

/// The trade happened; it is on disk.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TradeComplete {
    /// Names the trade.
    pub trade_id: String,
    /// What changed hands, by whose it was before, the one who asked first.
    pub offers: Vec<Offer>,
}
