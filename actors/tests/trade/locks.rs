//! What is offered can't be used, worn, bought with, sold, dropped or offered twice, until it is not offered any more.

use protocol::inventory::{Buy, SomeOf, WhichItem};
use protocol::{ClientMessage, ErrorCode, ServerMessage};

use super::deal::{Offer, accept, belongings, decline, offer, open};
use super::{declined, no_trade_is_left};
use crate::inventory::rich;
use crate::peer::text;
use crate::stage::{Plan, Stage, play};

#[test]
fn what_is_offered_is_locked_everywhere_else_until_it_is_not() {
    play(Plan::seeded(4, 20), |stage: Stage| async move {
        // So badly hurt that a potion would help.
        let (mut anna, mut berta) = (rich(&stage).await, stage.player().await);
        let before = belongings(&mut anna).await;
        let [sword, mail] = [&before.items[0], &before.items[1]].map(|item| item.item_id);
        let item = |item_id| SomeOf { item_id: Some(item_id), kind: None, quantity: None };
        let potion = || SomeOf { item_id: None, kind: Some(text("health_potion")), quantity: None };
        let trade = open(&mut anna, &mut berta).await;
        let souls = u32::try_from(before.souls).unwrap();
        let potions = u32::try_from(before.stacks[0].quantity).unwrap();
        anna.ask(offer(&trade, &Offer { items: vec![sword], souls, potions })).await;
        let equip = ClientMessage::ItemEquip(WhichItem { item_id: sword });
        let buy = ClientMessage::VendorBuy(Buy { kind: text("mana_potion"), quantity: None });
        let drink = ClientMessage::ItemUse(potion());
        for (message, code) in [
            (equip.clone(), ErrorCode::Locked),
            (ClientMessage::VendorSell(item(sword)), ErrorCode::Locked),
            (ClientMessage::ItemDrop(item(sword)), ErrorCode::Locked),
            (buy.clone(), ErrorCode::NotEnough),
            (drink.clone(), ErrorCode::NotEnough),
            (ClientMessage::VendorSell(potion()), ErrorCode::NotEnough),
            (ClientMessage::ItemDrop(potion()), ErrorCode::NotEnough),
        ] {
            assert_eq!(anna.refused(message.clone()).await.error_code, code, "{message:?}");
        }
        let worn = anna.ask(ClientMessage::ItemEquip(WhichItem { item_id: mail })).await;
        assert!(matches!(worn, ServerMessage::InventoryUpdate(_)), "{worn:?}");
        let refused = anna.refused(offer(&trade, &Offer { items: vec![mail], ..Offer::default() })).await;
        assert_eq!(refused.error_code, ErrorCode::Conflict, "it is worn");
        // While her accept stands, nothing of hers changes.
        anna.ask(accept(&trade, 2)).await;
        let bare = ClientMessage::ItemUnequip(WhichItem { item_id: mail });
        assert_eq!(anna.refused(bare.clone()).await.error_code, ErrorCode::Locked);
        berta.ask(offer(&trade, &Offer { souls: 1, ..Offer::default() })).await;
        anna.linger(100).await;
        assert!(matches!(anna.ask(bare).await, ServerMessage::InventoryUpdate(_)));
        anna.ask(decline(&trade)).await;
        assert_eq!(declined(&mut berta).await.cause, "declined");
        anna.linger(100).await;
        for message in [equip, buy, drink] {
            let done = anna.ask(message).await;
            assert!(matches!(done, ServerMessage::InventoryUpdate(_)), "{done:?}");
        }
        no_trade_is_left(&stage).await;
    });
}
