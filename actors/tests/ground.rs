//! What is dropped lies there for everybody, one of those who grab it has it, and nothing is ever in two places.

mod crowd;
mod deaths;

use protocol::ground::{GroundItem, GroundUpdate, WhichGround};
use protocol::ids::{GroundId, ItemId};
use protocol::inventory::{Buy, InventoryUpdate, SomeOf};
use protocol::{ClientMessage, ErrorCode, LocationId, ServerMessage};

use crate::combat::{against, begin, fight_on, outsider};
use crate::peer::{Peer, step, text, travel};
use crate::stage::{Disk, Plan, Stage, pass, play, play_on};
use crate::trade::deal::{self, Offer, belongings, total};

fn drop_item(id: ItemId) -> ClientMessage {
    ClientMessage::ItemDrop(SomeOf { item_id: Some(id), kind: None, quantity: None })
}

fn drop_potion() -> ClientMessage {
    ClientMessage::ItemDrop(SomeOf { item_id: None, kind: Some(text("health_potion")), quantity: None })
}

fn take(id: GroundId) -> ClientMessage {
    ClientMessage::ItemPickup(WhichGround { ground_id: id })
}

fn update(answer: ServerMessage) -> InventoryUpdate {
    match answer {
        ServerMessage::InventoryUpdate(update) => update,
        other => panic!("{other:?}"),
    }
}

/// The next news of the ground for this reason.
async fn news(peer: &mut Peer, reason: &str) -> GroundUpdate {
    peer.wait(&format!("ground_update of {reason}"), |heard| match &heard.message {
        ServerMessage::GroundUpdate(update) if update.reason == reason => Some(update.clone()),
        _ => None,
    })
    .await
}

/// Drops a potion, and says as what it lies there.
async fn lay(peer: &mut Peer) -> GroundId {
    update(peer.ask(drop_potion()).await);
    news(peer, "drop").await.items[0].ground_id
}

#[test]
fn what_one_drops_others_see_and_pick_up() {
    play(Plan::seeded(1, 30), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let mut carla = stage.player().await;
        carla.ask(travel(2)).await;
        let sword = belongings(&mut anna).await.items[0].clone();
        assert!(matches!(anna.ask(step(3.0, 4.0)).await, ServerMessage::Ok(_)));
        let dropped = update(anna.ask(drop_item(sword.item_id)).await);
        assert_eq!((dropped.reason.as_str(), dropped.gone), ("drop", vec![sword.item_id]));
        let seen = news(&mut berta, "drop").await;
        assert_eq!(news(&mut anna, "drop").await, seen);
        assert_eq!((seen.location_id, seen.character_id), (LocationId(1), Some(anna.character)));
        let GroundItem { ground_id, item_id, name, position, .. } = seen.items[0].clone();
        assert_eq!((item_id, name.as_str()), (Some(sword.item_id), "Longsword"));
        assert_eq!((position.x, position.y), (3.0, 4.0));
        // Who comes sees it; who is elsewhere hears nothing and gets nothing.
        let away = carla.refused(take(ground_id)).await;
        assert_eq!(
            (away.error_code, away.details["field"].as_str()),
            (ErrorCode::NotFound, Some("ground_id"))
        );
        let ServerMessage::LocationUpdate(arrival) = carla.ask(travel(1)).await else { panic!() };
        assert_eq!(arrival.ground, seen.items);
        assert_eq!(carla.count(|heard| matches!(heard.message, ServerMessage::GroundUpdate(_))), 0);
        // Not from beyond one's view.
        assert!(matches!(carla.ask(step(200.0, 0.0)).await, ServerMessage::Ok(_)));
        assert_eq!(carla.refused(take(ground_id)).await.error_code, ErrorCode::TooFar);
        let taken = update(berta.ask(take(ground_id)).await);
        assert_eq!((taken.reason.as_str(), taken.items[0].item_id), ("pickup", sword.item_id));
        for peer in [&mut anna, &mut carla] {
            let update = news(peer, "pickup").await;
            assert_eq!((update.gone, update.character_id), (vec![ground_id], Some(berta.character)));
        }
        assert_eq!(anna.refused(take(ground_id)).await.error_code, ErrorCode::NotFound);
        assert_eq!(total(&stage).await.problems, Vec::<String>::new());
        let mut guest = stage.guest().await;
        assert_eq!(guest.refused(take(ground_id)).await.error_code, ErrorCode::NoCharacter);
    });
}

#[test]
fn of_all_who_grab_at_once_one_has_it() {
    for seed in 0..20 {
        play(Plan::seeded(seed, 40), |stage: Stage| async move {
            let mut peers = Vec::new();
            for _ in 0..4 {
                peers.push(stage.player().await);
            }
            let before = total(&stage).await;
            let id = lay(&mut peers[0]).await;
            let grabs: Vec<String> = peers.iter_mut().map(|peer| peer.send(take(id))).collect();
            let mut had = 0;
            for (peer, grab) in peers.iter_mut().zip(&grabs) {
                match peer.answer(grab).await {
                    ServerMessage::InventoryUpdate(update) => had += usize::from(update.reason == "pickup"),
                    ServerMessage::Error(error) => assert_eq!(error.error_code, ErrorCode::NotFound),
                    other => panic!("{other:?}"),
                }
            }
            assert_eq!(had, 1, "seed {seed}");
            let mut potions = 0;
            for peer in &mut peers {
                potions += belongings(peer).await.stacks.iter().map(|stack| stack.quantity).sum::<i64>();
                peer.linger(100).await;
                let told = peer.count(|heard| match &heard.message {
                    ServerMessage::GroundUpdate(update) => update.gone == [id],
                    _ => false,
                });
                assert_eq!(told, 1, "seed {seed}");
            }
            assert_eq!(potions, 4);
            let after = total(&stage).await;
            assert_eq!((after.problems, after.lying, after.souls), (Vec::new(), 0, before.souls));
        });
    }
}

#[test]
fn a_command_that_is_repeated_has_its_effect_once_and_the_same_answer() {
    let disk = Disk::new();
    let (answers, name, address, character, id) =
        play_on(&disk, Plan::seeded(5, 40), |stage: Stage| async move {
            let mut anna = stage.player().await;
            anna.ask(ClientMessage::VendorBuy(Buy { kind: text("health_potion"), quantity: Some(2) })).await;
            for _ in 0..3 {
                anna.send_as(drop_potion(), Some("down")).unwrap();
            }
            let down = anna.answer("down").await;
            let id = news(&mut anna, "drop").await.items[0].ground_id;
            for _ in 0..3 {
                anna.send_as(take(id), Some("up")).unwrap();
            }
            let up = anna.answer("up").await;
            assert_eq!(update(down.clone()).stacks[0].quantity + 1, update(up.clone()).stacks[0].quantity);
            let mut again = stage.again(&anna).await;
            again.enter().await;
            for (message, name, answer) in [(drop_potion(), "down", &down), (take(id), "up", &up)] {
                again.send_as(message, Some(name)).unwrap();
                assert_eq!(again.answer(name).await, *answer);
            }
            ((down, up), anna.name.clone(), anna.address.clone(), anna.character, id)
        });
    play_on(&disk, Plan::seeded(6, 40), |stage: Stage| async move {
        let mut anna = Peer::sign_in(&stage.world, &name, &address).await;
        anna.character = character;
        anna.ids = 1_000;
        assert_eq!(anna.enter().await.ground, []);
        for (message, name, answer) in [(take(id), "up", answers.1), (drop_potion(), "down", answers.0)] {
            anna.send_as(message, Some(name)).unwrap();
            assert_eq!(anna.answer(name).await, answer);
        }
        let report = total(&stage).await;
        assert_eq!((report.problems, report.lying), (Vec::new(), 0));
    });
}

#[test]
fn what_lies_there_outlives_the_process_and_whoever_dropped_it() {
    let disk = Disk::new();
    let plan = |seed| Plan::seeded(seed, 30);
    let (id, name, address, character) = play_on(&disk, plan(1), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        // Gone before it is answered.
        anna.send(drop_potion());
        anna.drop_connection();
        let id = news(&mut berta, "drop").await.items[0].ground_id;
        pass(70_000).await;
        assert_eq!(stage.again(&berta).await.enter().await.ground.len(), 1);
        (id, berta.name.clone(), berta.address.clone(), berta.character)
    });
    play_on(&disk, plan(2), |stage: Stage| async move {
        let mut berta = Peer::sign_in(&stage.world, &name, &address).await;
        (berta.character, berta.ids) = (character, 1_000);
        let here = berta.enter().await;
        assert_eq!(here.ground.iter().map(|item| item.ground_id).collect::<Vec<_>>(), [id]);
        assert_eq!(update(berta.ask(take(id)).await).stacks[0].quantity, 2);
        assert_eq!(total(&stage).await.problems, Vec::<String>::new());
    });
}

#[test]
fn what_nobody_picks_up_is_gone_after_its_time_and_all_are_told() {
    let plan = Plan::seeded(3, 20).with(|options| options.world.ground.lie_ms = 30_000);
    play(plan, |stage: Stage| async move {
        let mut anna = stage.player().await;
        let before = total(&stage).await;
        let id = lay(&mut anna).await;
        anna.linger(29_000).await;
        assert_eq!(total(&stage).await.lying, 1);
        for _ in 0..3 {
            anna.linger(3_000).await;
        }
        assert_eq!(news(&mut anna, "expire").await.gone, [id]);
        assert_eq!(anna.refused(take(id)).await.error_code, ErrorCode::NotFound);
        let after = total(&stage).await;
        assert_eq!((after.problems, after.lying, after.items), (Vec::new(), 0, before.items));
    });
}

#[test]
fn a_place_that_is_full_takes_no_more() {
    let plan = Plan::seeded(4, 20).with(|options| options.world.ground.most = 1);
    play(plan, |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let before = belongings(&mut berta).await;
        let id = lay(&mut anna).await;
        let full = berta.refused(drop_potion()).await;
        assert_eq!((full.error_code, full.details["most"].as_u64()), (ErrorCode::GroundFull, Some(1)));
        assert_eq!(belongings(&mut berta).await, before);
        update(berta.ask(take(id)).await);
        update(berta.ask(drop_potion()).await);
    });
}

#[test]
fn nobody_fills_a_place_alone() {
    let plan = Plan::seeded(7, 20).with(|options| options.world.ground.most_each = 1);
    play(plan, |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let sword = belongings(&mut anna).await.items[0].item_id;
        let id = lay(&mut anna).await;
        let before = belongings(&mut anna).await;
        let full = anna.refused(drop_item(sword)).await;
        assert_eq!((full.error_code, full.details["most"].as_u64()), (ErrorCode::GroundFull, Some(1)));
        assert_eq!(belongings(&mut anna).await, before);
        // Whoever picks it up, there is room again.
        lay(&mut berta).await;
        update(berta.ask(take(id)).await);
        update(anna.ask(drop_item(sword)).await);
    });
}

#[test]
fn what_a_trade_has_is_not_dropped_and_a_full_bag_takes_nothing() {
    play(Plan::seeded(6, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let sword = belongings(&mut anna).await.items[0].item_id;
        let trade = deal::open(&mut anna, &mut berta).await;
        anna.ask(deal::offer(&trade, &Offer { items: vec![sword], souls: 0, potions: 1 })).await;
        let locked = anna.refused(drop_item(sword)).await;
        assert_eq!(
            (locked.error_code, locked.details["field"].as_str()),
            (ErrorCode::Locked, Some("item_id"))
        );
        assert_eq!(anna.refused(drop_potion()).await.error_code, ErrorCode::NotEnough);
        // What came to lie there meanwhile can be picked up, but not while an accept stands.
        let id = lay(&mut berta).await;
        assert_eq!(news(&mut anna, "drop").await.items[0].ground_id, id);
        anna.ask(deal::accept(&trade, 2)).await;
        assert_eq!(anna.refused(take(id)).await.error_code, ErrorCode::Locked);
        anna.ask(deal::decline(&trade)).await;
        anna.linger(100).await;
        update(anna.ask(take(id)).await);
        update(anna.ask(drop_item(sword)).await);
        let id = news(&mut anna, "drop").await.items[0].ground_id;
        // As many things as one can carry.
        let gift = |id: i64| rules::sheet::Asset::NewItem { kind: format!("thing {id}") };
        let sheet = stage.store.read(storage::sheets::load(berta.character)).await.unwrap().unwrap();
        let mut gifts = rules::sheet::Settlement::new("gift", vec![sheet.party()]);
        for number in 0..rules::sheet::SLOTS_MAX - sheet.slots_used() {
            gifts = gifts.moving(None, Some(berta.character), gift(i64::try_from(number).unwrap()));
        }
        stage.store.write(storage::sheets::settle(gifts, None, 1)).await.unwrap();
        assert_eq!(berta.refused(take(id)).await.error_code, ErrorCode::Busy, "her sheet is read again");
        let full = berta.refused(take(id)).await;
        assert_eq!(
            (full.error_code, full.details["field"].as_str()),
            (ErrorCode::InventoryFull, Some("ground_id"))
        );
        update(anna.ask(take(id)).await);
        assert_eq!(total(&stage).await.problems, Vec::<String>::new());
    });
}

#[test]
fn whoever_fights_neither_drops_nor_picks_up() {
    play(Plan::seeded(7, 20), |stage: Stage| async move {
        let mut anna = outsider(&stage).await;
        let id = lay(&mut anna).await;
        let start = begin(&mut anna, against("hollow_soldier")).await;
        let sword = belongings(&mut anna).await.items[0].item_id;
        for message in [drop_item(sword), take(id)] {
            assert_eq!(anna.refused(message).await.error_code, ErrorCode::Locked);
        }
        fight_on(&mut anna, &start.combat_id).await;
        anna.linger(500).await;
        update(anna.ask(take(id)).await);
        update(anna.ask(drop_item(sword)).await);
        assert_eq!(total(&stage).await.problems, Vec::<String>::new());
    });
}

#[test]
fn it_counts_against_the_rate_of_things_and_of_the_account() {
    play(Plan::seeded(10, 5).limited(), |stage: Stage| async move {
        let mut anna = stage.player().await;
        let limited = async |peer: &mut Peer| {
            peer.refused(take(GroundId(9))).await.error_code == ErrorCode::RateLimited
        };
        let mut passed = 0;
        while !limited(&mut anna).await {
            passed += 1;
        }
        assert!((20..=25).contains(&passed), "{passed}");
        // In another session, too, which may do everything else with its things.
        let mut again = stage.again(&anna).await;
        again.enter().await;
        assert!(limited(&mut again).await);
        belongings(&mut again).await;
        again.linger(1_000).await;
        assert!(!limited(&mut again).await);
    });
}
