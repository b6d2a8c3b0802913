//! What is offered can't be used, worn, bought with, sold, dropped or offered twice, until it is not offered any more.

use protocol::characters::WhichCharacter;
use protocol::inventory::{Buy, SomeOf, WhichItem};
use protocol::{ClientMessage, ErrorCode, ServerMessage};

use super::deal::{Offer, accept, asked, belongings, complete, decline, offer, open, request, total, update};
use super::{declined, no_trade_is_left};
use crate::inventory::rich;
use crate::peer::text;
use crate::stage::{Plan, Stage, play};

#[test]
fn whoever_is_in_a_trade_is_not_deleted() {
    play(Plan::seeded(13, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let (account, character) = (anna.signed.account_id, anna.character);
        let delete = |account| stage.world.delete_character(account, character, None);
        let by_message = ClientMessage::CharacterDelete(WhichCharacter { character_id: character });
        // Whoever was asked is in it, too.
        let ServerMessage::TradeRequest(request) = berta.ask(request(character)).await else { panic!() };
        assert_eq!(asked(&mut anna).await, request.trade_id);
        assert_eq!(delete(account).await.unwrap_err().error_code, ErrorCode::Conflict);
        let potion = Offer { potions: 1, ..Offer::default() };
        update(anna.ask(offer(&request.trade_id, &potion)).await);
        assert_eq!(delete(account).await.unwrap_err().error_code, ErrorCode::Conflict);
        assert_eq!(anna.refused(by_message.clone()).await.error_code, ErrorCode::Conflict);
        // Who may not delete it is not told what it does.
        let stranger = delete(berta.signed.account_id).await.unwrap_err();
        assert_eq!(stranger.error_code, ErrorCode::NotFound);
        anna.ask(accept(&request.trade_id, 1)).await;
        complete(berta.ask(accept(&request.trade_id, 1)).await);
        anna.linger(100).await;
        let gone = anna.ask(by_message).await;
        assert!(matches!(gone, ServerMessage::CharacterDelete(_)), "{gone:?}");
        no_trade_is_left(&stage).await;
        assert_eq!(total(&stage).await.problems, Vec::<String>::new());
    });
}

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
