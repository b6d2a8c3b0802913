//! One's own things: what is answered is on disk, once, whatever else happens to the character.

use protocol::ids::ItemId;
use protocol::inventory::{Buy, Inventory, InventoryUpdate, SomeOf, WhichItem};
use protocol::session::Bare;
use protocol::{CharacterId, ClientMessage, ErrorCode, ServerMessage};
use rules::sheet::{Settlement, Sheet};

use crate::peer::{Peer, text, travel};
use crate::stage::{Disk, Plan, Stage, play, play_on};

fn buy(kind: &str, quantity: u32) -> ClientMessage {
    ClientMessage::VendorBuy(Buy { kind: text(kind), quantity: Some(quantity) })
}

fn potions(quantity: u32) -> SomeOf {
    SomeOf { item_id: None, kind: Some(text("health_potion")), quantity: Some(quantity) }
}

fn update(answer: ServerMessage) -> InventoryUpdate {
    match answer {
        ServerMessage::InventoryUpdate(update) => update,
        other => panic!("{other:?}"),
    }
}

async fn inventory(peer: &mut Peer) -> Inventory {
    match peer.ask(ClientMessage::Inventory(Bare {})).await {
        ServerMessage::Inventory(all) => all,
        other => panic!("{other:?}"),
    }
}

/// Somebody with 1,000 souls more than a new character has, and 5 points of health.
pub async fn rich(stage: &Stage) -> Peer {
    let mut peer = stage.guest().await;
    let id = peer.make_character(0).await;
    let account = peer.signed.account_id;
    let sheet = stage.store.write(storage::characters::take(account, id, 1)).await.unwrap().sheet;
    let mut party = sheet.party();
    let mut resources = sheet.resources;
    resources.health = 5;
    party.growth = Some(sheet.restored(resources));
    let settlement =
        Settlement::new("gift", vec![party]).moving(None, Some(id), rules::sheet::Asset::Souls(1_000));
    stage.store.write(storage::sheets::settle(settlement, None, 1)).await.unwrap();
    peer.enter().await;
    peer
}

/// The sheet as it is on disk, read by the side.
async fn on_disk(stage: &Stage, character: CharacterId) -> Sheet {
    stage.store.read(storage::sheets::load(character)).await.unwrap().unwrap()
}

async fn agrees(stage: &Stage, peer: &mut Peer) {
    let disk = on_disk(stage, peer.character).await;
    let shown = rules::inventory::inventory(&disk, stage.world.content());
    assert_eq!(inventory(peer).await, shown);
}

#[test]
fn what_is_worn_used_bought_and_sold_is_on_disk_when_it_is_answered() {
    play(Plan::seeded(3, 30), |stage: Stage| async move {
        let mut anna = rich(&stage).await;
        let before = inventory(&mut anna).await;
        let kinds: Vec<&str> = before.items.iter().map(|item| item.kind.as_str()).collect();
        assert_eq!((kinds, before.stacks[0].quantity), (vec!["longsword", "chainmail"], 1));
        let sword = before.items[0].item_id;
        let equipped = update(anna.ask(ClientMessage::ItemEquip(WhichItem { item_id: sword })).await);
        assert!(equipped.items[0].equipped && equipped.items[0].item_id == sword);
        agrees(&stage, &mut anna).await;
        let bought = update(anna.ask(buy("longbow", 2)).await);
        assert_eq!((bought.souls, bought.items.len()), (before.souls - 120, 2));
        let bow = bought.items[1].item_id;
        agrees(&stage, &mut anna).await;
        update(anna.ask(ClientMessage::ItemEquip(WhichItem { item_id: bow })).await);
        let sold = update(
            anna.ask(ClientMessage::VendorSell(SomeOf { item_id: Some(sword), kind: None, quantity: None }))
                .await,
        );
        assert_eq!((sold.gone, sold.souls), (vec![sword], before.souls - 90));
        let used = update(anna.ask(ClientMessage::ItemUse(potions(1))).await);
        assert_eq!((used.stacks[0].quantity, used.reason.as_str()), (0, "use"));
        let health = anna.wait("how she stands", |heard| match &heard.message {
            ServerMessage::CharacterUpdate(update) => update.health,
            _ => None,
        });
        assert_eq!(health.await, 55);
        agrees(&stage, &mut anna).await;
        let listed = stage.world.characters(anna.signed.account_id).await.unwrap();
        assert_eq!((listed[0].resources.health, listed[0].progression.souls), (55, before.souls - 90));
    });
}

#[test]
fn what_cannot_be_is_refused_and_changes_nothing() {
    play(Plan::seeded(4, 10), |stage: Stage| async move {
        let mut anna = rich(&stage).await;
        let before = on_disk(&stage, anna.character).await;
        for (message, code) in [
            (buy("longbow", 1_000), ErrorCode::NotEnough),
            (buy("crown", 1), ErrorCode::NotFound),
            (ClientMessage::ItemEquip(WhichItem { item_id: ItemId(999) }), ErrorCode::NotFound),
            (
                ClientMessage::ItemUnequip(WhichItem { item_id: *before.items.keys().next().unwrap() }),
                ErrorCode::Conflict,
            ),
            (ClientMessage::VendorSell(potions(2)), ErrorCode::NotEnough),
            (
                ClientMessage::ItemUse(SomeOf { item_id: None, kind: None, quantity: None }),
                ErrorCode::Invalid,
            ),
        ] {
            assert_eq!(anna.refused(message.clone()).await.error_code, code, "{message:?}");
        }
        anna.ask(travel(2)).await;
        for message in
            [buy("longbow", 1), ClientMessage::VendorList(Bare {}), ClientMessage::VendorSell(potions(1))]
        {
            assert_eq!(anna.refused(message).await.error_code, ErrorCode::NotFound, "no vendor there");
        }
        assert_eq!(on_disk(&stage, anna.character).await, before);
    });
}

#[test]
fn a_command_that_is_repeated_has_its_effect_once_in_this_session_the_next_and_the_next_process() {
    let disk = Disk::new();
    let (answer, name, address, character) = play_on(&disk, Plan::seeded(5, 40), |stage: Stage| async move {
        let mut anna = rich(&stage).await;
        for _ in 0..3 {
            anna.send_as(buy("longbow", 1), Some("once")).unwrap();
        }
        let first = anna.answer("once").await;
        anna.send_as(buy("longbow", 1), Some("once")).unwrap();
        assert_eq!(anna.answer("once").await, first);
        let mut again = stage.again(&anna).await;
        again.enter().await;
        again.send_as(buy("longbow", 1), Some("once")).unwrap();
        assert_eq!(again.answer("once").await, first);
        (first, anna.name.clone(), anna.address.clone(), anna.character)
    });
    play_on(&disk, Plan::seeded(6, 40), |stage: Stage| async move {
        let mut anna = Peer::sign_in(&stage.world, &name, &address).await;
        anna.character = character;
        anna.ids = 1_000;
        anna.enter().await;
        anna.send_as(buy("longbow", 1), Some("once")).unwrap();
        assert_eq!(anna.answer("once").await, answer);
        let bows = inventory(&mut anna).await.items.into_iter().filter(|item| item.kind == "longbow");
        assert_eq!(bows.count(), 1);
        agrees(&stage, &mut anna).await;
    });
}

#[test]
fn a_sheet_that_was_changed_by_the_side_is_read_again() {
    play(Plan::seeded(7, 20), |stage: Stage| async move {
        let mut anna = rich(&stage).await;
        let sheet = on_disk(&stage, anna.character).await;
        let gift = rules::sheet::Asset::Souls(7);
        let settlement =
            Settlement::new("gift", vec![sheet.party()]).moving(None, Some(anna.character), gift);
        stage.store.write(storage::sheets::settle(settlement, None, 1)).await.unwrap();
        assert_eq!(anna.refused(buy("longbow", 1)).await.error_code, ErrorCode::Busy);
        let bought = update(anna.ask(buy("longbow", 1)).await);
        assert_eq!(bought.souls, sheet.progression.souls + 7 - 60);
        agrees(&stage, &mut anna).await;
    });
}

#[test]
fn who_has_lost_the_character_changes_nothing() {
    play(Plan::seeded(8, 20), |stage: Stage| async move {
        let mut anna = rich(&stage).await;
        let before = on_disk(&stage, anna.character).await;
        // Taken on disk, and nobody has told her yet.
        let account = anna.signed.account_id;
        stage.store.write(storage::characters::take(account, anna.character, 2)).await.unwrap();
        assert_eq!(anna.refused(buy("longbow", 1)).await.error_code, ErrorCode::NoCharacter);
        let after = on_disk(&stage, anna.character).await;
        assert_eq!((after.items, after.progression), (before.items, before.progression));
    });
}
