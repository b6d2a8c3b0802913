//! What a player can do about trades.

use protocol::trade::{
    AcceptTrade, OfferTrade, RequestTrade, TradeComplete, TradeRequest, TradeUpdate, WhichTrade,
};
use protocol::{CharacterId, ClientMessage, ServerMessage, Text};

use crate::commands::ask;
use crate::{Client, ClientError};

/// How a trade stands after an accept.
#[derive(Debug, Clone, PartialEq)]
pub enum Accepted {
    /// The other side has not accepted the same.
    Waiting(TradeUpdate),
    /// It happened, and is on disk.
    Complete(TradeComplete),
}

/// Every command fails with what the server refused, or with what [`Client::request`] fails with.
#[allow(clippy::missing_errors_doc)]
impl Client {
    /// Asks somebody near to trade. He opens the window with his first [`offer_trade`](Self::offer_trade).
    /// `TOO_FAR`, `NOT_ONLINE`, or `CONFLICT` when one of the two is in a trade already.
    pub async fn request_trade(&self, whom: CharacterId) -> Result<TradeRequest, ClientError> {
        let request = RequestTrade { recipient_id: whom };
        ask!(self, ClientMessage::TradeRequest(request), ServerMessage::TradeRequest(request) => request)
    }

    /// Sets one's own side of a trade, whole. `LOCKED` and `NOT_ENOUGH` when it can't be given.
    pub async fn offer_trade(&self, offer: OfferTrade) -> Result<TradeUpdate, ClientError> {
        ask!(self, ClientMessage::TradeUpdate(offer), ServerMessage::TradeUpdate(window) => window)
    }

    /// Accepts what the window showed at `offer_version`. `CONFLICT` when it has changed since.
    pub async fn accept_trade(&self, trade_id: &str, offer_version: u32) -> Result<Accepted, ClientError> {
        let accept = AcceptTrade { trade_id: Text::new(trade_id)?, offer_version };
        ask!(self, ClientMessage::TradeAccept(accept),
            ServerMessage::TradeUpdate(window) => Accepted::Waiting(window),
            ServerMessage::TradeComplete(complete) => Accepted::Complete(complete))
    }

    /// Ends a trade, or refuses a request.
    pub async fn decline_trade(&self, trade_id: &str) -> Result<(), ClientError> {
        let which = WhichTrade { trade_id: Text::new(trade_id)? };
        self.request(ClientMessage::TradeDecline(which)).await.map(drop)
    }
}
