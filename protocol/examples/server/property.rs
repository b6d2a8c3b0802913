//! Examples of what is about things and souls.

use super::{HERE, MIRA, NEXUS, TOMAS};
use crate::ServerMessage;
use crate::ground::{GroundItem, GroundUpdate};
use crate::ids::{GroundId, ItemId};
use crate::inventory::{Inventory, InventoryUpdate, OwnedItem, OwnedStack, VendorList, Ware};
use crate::trade::{
    Offer, OfferedItem, OfferedStack, TradeComplete, TradeDecline, TradeRequest, TradeUpdate,
};

pub(super) fn all() -> Vec<ServerMessage> {
    let mut all = inventory();
    all.extend(trade());
    all
}

fn sword(equipped: bool) -> OwnedItem {
    OwnedItem {
        item_id: ItemId(1001),
        kind: "longsword".to_owned(),
        name: "Longsword".to_owned(),
        slot: Some("weapon".to_owned()),
        equipped,
        value: 60,
    }
}

fn potions(quantity: i64) -> OwnedStack {
    OwnedStack { kind: "health_potion".to_owned(), name: "Health Potion".to_owned(), quantity, value: 15 }
}

pub(super) fn lying() -> GroundItem {
    GroundItem {
        ground_id: GroundId(12),
        item_id: None,
        kind: "health_potion".to_owned(),
        name: "Health Potion".to_owned(),
        quantity: 2,
        position: HERE,
    }
}

fn inventory() -> Vec<ServerMessage> {
    vec![
        ServerMessage::Inventory(Inventory {
            souls: 120,
            slots: 60,
            items: vec![sword(true)],
            stacks: vec![potions(2)],
        }),
        ServerMessage::InventoryUpdate(InventoryUpdate {
            reason: "sell".to_owned(),
            souls: 157,
            items: vec![sword(false)],
            gone: vec![ItemId(1002)],
            stacks: vec![potions(1)],
        }),
        ServerMessage::GroundUpdate(GroundUpdate {
            location_id: NEXUS,
            reason: "drop".to_owned(),
            character_id: Some(TOMAS),
            items: vec![lying()],
            gone: vec![GroundId(11)],
        }),
        ServerMessage::VendorList(VendorList {
            location_id: NEXUS,
            sells: vec![Ware {
                kind: "health_potion".to_owned(),
                name: "Health Potion".to_owned(),
                price: 15,
            }],
            pays_percent: 50,
        }),
    ]
}

fn offers(accepted: bool) -> Vec<Offer> {
    let sword = OfferedItem { item_id: ItemId(1001), kind: "longsword".to_owned() };
    let potions = OfferedStack { kind: "health_potion".to_owned(), quantity: 2 };
    vec![
        Offer { character_id: MIRA, items: vec![sword], stacks: vec![potions], souls: 50, accepted },
        Offer {
            character_id: TOMAS,
            items: vec![OfferedItem { item_id: ItemId(1002), kind: "longbow".to_owned() }],
            stacks: Vec::new(),
            souls: 0,
            accepted: true,
        },
    ]
}

fn trade() -> Vec<ServerMessage> {
    let trade_id = || "t-5".to_owned();
    vec![
        ServerMessage::TradeRequest(TradeRequest {
            trade_id: trade_id(),
            requester_id: MIRA,
            requester_name: "Mira Sol".to_owned(),
            recipient_id: TOMAS,
        }),
        ServerMessage::TradeUpdate(TradeUpdate {
            trade_id: trade_id(),
            offer_version: 4,
            offers: offers(false),
        }),
        ServerMessage::TradeDecline(TradeDecline {
            trade_id: trade_id(),
            cause: "declined".to_owned(),
            reason: "Tomas closed the window.".to_owned(),
        }),
        ServerMessage::TradeComplete(TradeComplete { trade_id: trade_id(), offers: offers(true) }),
    ]
}
