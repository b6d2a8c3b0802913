//! What it takes to trade, step by step; and what everybody has.

use protocol::ids::ItemId;
use protocol::inventory::Inventory;
use protocol::session::Bare;
use protocol::trade::{
    AcceptTrade, OfferTrade, Portion, RequestTrade, TradeComplete, TradeUpdate, WhichTrade,
};
use protocol::{CharacterId, ClientMessage, ServerMessage};
use storage::audit::{self, Report};

use crate::peer::{Peer, text};
use crate::stage::Stage;

#[derive(Debug, Clone, Default)]
pub struct Offer {
    pub items: Vec<ItemId>,
    pub souls: u32,
    pub potions: u32,
}

pub fn request(whom: CharacterId) -> ClientMessage {
    ClientMessage::TradeRequest(RequestTrade { recipient_id: whom })
}

pub fn offer(trade: &str, what: &Offer) -> ClientMessage {
    let portion = Portion { kind: text("health_potion"), quantity: what.potions };
    ClientMessage::TradeUpdate(OfferTrade {
        trade_id: text(trade),
        items: what.items.clone(),
        stacks: if what.potions == 0 { Vec::new() } else { vec![portion] },
        souls: what.souls,
    })
}

pub fn accept(trade: &str, offer_version: u32) -> ClientMessage {
    ClientMessage::TradeAccept(AcceptTrade { trade_id: text(trade), offer_version })
}

pub fn decline(trade: &str) -> ClientMessage {
    ClientMessage::TradeDecline(WhichTrade { trade_id: text(trade) })
}

pub fn update(answer: ServerMessage) -> TradeUpdate {
    match answer {
        ServerMessage::TradeUpdate(update) => update,
        other => panic!("expected trade_update, got {other:?}"),
    }
}

pub fn complete(answer: ServerMessage) -> TradeComplete {
    match answer {
        ServerMessage::TradeComplete(complete) => complete,
        other => panic!("expected trade_complete, got {other:?}"),
    }
}

/// The id in the newest request that `peer` has heard.
pub async fn asked(peer: &mut Peer) -> String {
    peer.wait("trade_request", |heard| match &heard.message {
        ServerMessage::TradeRequest(request) if heard.id.is_none() => Some(request.trade_id.clone()),
        _ => None,
    })
    .await
}

/// `one` asks `other`, who opens the window with an empty offer: version 1.
pub async fn open(one: &mut Peer, other: &mut Peer) -> String {
    let answer = one.ask(request(other.character)).await;
    let ServerMessage::TradeRequest(request) = answer else { panic!("{answer:?}") };
    assert_eq!(asked(other).await, request.trade_id);
    let shown = update(other.ask(offer(&request.trade_id, &Offer::default())).await);
    assert_eq!(shown.offer_version, 1);
    request.trade_id
}

/// One soul for nothing, as far as it comes. True: it was completed.
pub async fn attempt(one: &mut Peer, other: &mut Peer) -> bool {
    let ServerMessage::TradeRequest(request) = one.ask(request(other.character)).await else { return false };
    let trade = request.trade_id;
    other.linger(500).await;
    let opened = other.ask(offer(&trade, &Offer::default())).await;
    let ServerMessage::TradeUpdate(_) = opened else {
        one.ask(decline(&trade)).await;
        return false;
    };
    let shown = one.ask(offer(&trade, &Offer { souls: 1, ..Offer::default() })).await;
    let ServerMessage::TradeUpdate(shown) = shown else {
        other.ask(decline(&trade)).await;
        return false;
    };
    let first = one.ask(accept(&trade, shown.offer_version)).await;
    let second = other.ask(accept(&trade, shown.offer_version)).await;
    if matches!(second, ServerMessage::TradeComplete(_)) {
        return true;
    }
    assert!(matches!(first, ServerMessage::Error(_)) || matches!(second, ServerMessage::Error(_)));
    one.ask(decline(&trade)).await;
    false
}

pub async fn belongings(peer: &mut Peer) -> Inventory {
    match peer.ask(ClientMessage::Inventory(Bare {})).await {
        ServerMessage::Inventory(all) => all,
        other => panic!("expected inventory, got {other:?}"),
    }
}

/// What the audit says of the disk as it is now.
pub async fn total(stage: &Stage) -> Report {
    audit::check(&stage.path).unwrap()
}
