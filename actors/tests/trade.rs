//! Trades between real sessions: who may ask whom, what is locked meanwhile, and what is left of it however it ends.

pub mod deal;
mod locks;
mod machine;
mod orders;

use actors::faults::arm;
use protocol::chat::Whisper;
use protocol::inventory::WhichItem;
use protocol::trade::{RequestTrade, TradeDecline};
use protocol::{CharacterId, ClientMessage, ErrorCode, ServerMessage};

use crate::peer::{Peer, step, text, travel};
use crate::stage::{Plan, Stage, pass, play};
use deal::{Offer, accept, belongings, complete, decline, offer, open, request, total, update};

pub async fn declined(peer: &mut Peer) -> TradeDecline {
    peer.wait("trade_decline", |heard| match &heard.message {
        ServerMessage::TradeDecline(decline) => Some(decline.clone()),
        _ => None,
    })
    .await
}

async fn no_trade_is_left(stage: &Stage) {
    pass(3_000).await;
    assert_eq!(stage.world.trades().len(), 0, "{:?}", stage.world.mesh_view());
}

#[test]
fn what_both_accept_changes_hands_and_is_on_disk() {
    play(Plan::seeded(1, 30), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let before = [belongings(&mut anna).await, belongings(&mut berta).await];
        let trade = open(&mut anna, &mut berta).await;
        let sword = before[0].items[0].clone();
        let shown = update(
            anna.ask(offer(&trade, &Offer { items: vec![sword.item_id], souls: 10, potions: 0 })).await,
        );
        assert_eq!((shown.offer_version, shown.offers[0].items[0].kind.as_str()), (2, "longsword"));
        let shown = update(berta.ask(offer(&trade, &Offer { potions: 1, ..Offer::default() })).await);
        assert_eq!((shown.offer_version, shown.offers[1].stacks[0].quantity), (3, 1));
        assert!(update(anna.ask(accept(&trade, 3)).await).offers[0].accepted);
        complete(berta.ask(accept(&trade, 3)).await);
        anna.wait("trade_complete", |heard| {
            matches!(heard.message, ServerMessage::TradeComplete(_)).then_some(())
        })
        .await;
        let after = [belongings(&mut anna).await, belongings(&mut berta).await];
        assert_eq!((after[0].souls, after[1].souls), (before[0].souls - 10, before[1].souls + 10));
        assert!(after[1].items.contains(&sword) && !after[0].items.contains(&sword));
        assert_eq!((after[0].stacks[0].quantity, after[1].stacks.len()), (2, 0));
        assert_eq!(total(&stage).await.problems, Vec::<String>::new());
        no_trade_is_left(&stage).await;
        // And the way back.
        let trade = open(&mut berta, &mut anna).await;
        berta.ask(offer(&trade, &Offer { items: vec![sword.item_id], souls: 10, potions: 0 })).await;
        anna.ask(offer(&trade, &Offer { potions: 1, ..Offer::default() })).await;
        berta.ask(accept(&trade, 3)).await;
        complete(anna.ask(accept(&trade, 3)).await);
        assert_eq!([belongings(&mut anna).await, belongings(&mut berta).await], before);
        no_trade_is_left(&stage).await;
    });
}

async fn not_asked(peer: &mut Peer, whom: CharacterId, code: ErrorCode) {
    let error = peer.refused(request(whom)).await;
    assert_eq!((error.error_code, error.details["field"].as_str()), (code, Some("recipient_id")));
}

#[test]
fn who_cannot_be_asked_is_told() {
    play(Plan::seeded(2, 20), |stage: Stage| async move {
        let (mut anna, mut berta, mut carla) =
            (stage.player().await, stage.player().await, stage.player().await);
        let own = anna.character;
        not_asked(&mut anna, own, ErrorCode::Invalid).await;
        not_asked(&mut anna, CharacterId(999), ErrorCode::NotOnline).await;
        carla.ask(travel(5)).await;
        not_asked(&mut anna, carla.character, ErrorCode::TooFar).await;
        carla.ask(travel(1)).await;
        // Beyond the range of view in the same place.
        let done = carla.ask(step(200.0, 0.0)).await;
        assert!(matches!(done, ServerMessage::Ok(_)), "{done:?}");
        not_asked(&mut anna, carla.character, ErrorCode::TooFar).await;
        let (trade, mut dora) = (open(&mut anna, &mut berta).await, stage.player().await);
        not_asked(&mut dora, anna.character, ErrorCode::Conflict).await;
        assert_eq!(anna.refused(request(berta.character)).await.error_code, ErrorCode::Conflict);
        assert_eq!(berta.refused(request(anna.character)).await.error_code, ErrorCode::Conflict);
        for message in [offer("other", &Offer::default()), accept("other", 1), decline("other")] {
            assert_eq!(anna.refused(message).await.error_code, ErrorCode::NotFound);
        }
        // A third has no say in it, even knowing its id.
        assert_eq!(carla.refused(accept(&trade, 1)).await.error_code, ErrorCode::NotFound);
        let mut guest = stage.guest().await;
        assert_eq!(guest.refused(request(anna.character)).await.error_code, ErrorCode::NoCharacter);
    });
}

#[test]
fn requests_and_offers_have_their_rates() {
    play(Plan::seeded(3, 5).limited(), |stage: Stage| async move {
        let (mut anna, berta) = (stage.player().await, stage.player().await);
        let mut limited = 0;
        for _ in 0..6 {
            match anna.ask(request(CharacterId(999))).await {
                ServerMessage::Error(error) if error.error_code == ErrorCode::RateLimited => limited += 1,
                other => assert!(matches!(other, ServerMessage::Error(_)), "{other:?}"),
            }
        }
        assert_eq!(limited, 1);
        // 0.2 a second, in all sessions of the account together.
        let mut again = stage.again(&anna).await;
        again.enter().await;
        let error = again.refused(request(CharacterId(999))).await;
        assert_eq!(error.error_code, ErrorCode::RateLimited);
        let wait_ms = error.details["retry_after_ms"].as_u64().unwrap();
        assert!(wait_ms <= 5_000, "{wait_ms}");
        again.linger(wait_ms + 1).await;
        assert_eq!(again.refused(request(CharacterId(999))).await.error_code, ErrorCode::NotOnline);
        let mut anna = again;
        for _ in 0..10 {
            assert_eq!(anna.refused(decline("none")).await.error_code, ErrorCode::NotFound);
        }
        assert_eq!(anna.refused(decline("none")).await.error_code, ErrorCode::RateLimited);
        drop(berta);
    });
}

#[test]
fn an_accept_is_for_what_was_seen() {
    play(Plan::seeded(5, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let trade = open(&mut anna, &mut berta).await;
        berta.ask(offer(&trade, &Offer { souls: 20, ..Offer::default() })).await;
        anna.ask(accept(&trade, 2)).await;
        // Between the accepts the offer changes: what was accepted is not what is there.
        let bait = berta.send(offer(&trade, &Offer { souls: 1, ..Offer::default() }));
        let accepted = berta.send(accept(&trade, 3));
        berta.answer(&bait).await;
        assert!(update(berta.answer(&accepted).await).offers.iter().any(|offer| !offer.accepted));
        let late = anna.refused(accept(&trade, 2)).await;
        assert_eq!((late.error_code, late.details["offer_version"].as_u64()), (ErrorCode::Conflict, Some(3)));
        // The refused accept locks nothing.
        anna.linger(50).await;
        let sheet = belongings(&mut anna).await;
        let equip = ClientMessage::ItemEquip(WhichItem { item_id: sheet.items[0].item_id });
        assert!(matches!(anna.ask(equip).await, ServerMessage::InventoryUpdate(_)));
        complete(anna.ask(accept(&trade, 3)).await);
        assert_eq!(belongings(&mut anna).await.souls, sheet.souls + 1);
    });
}

#[test]
fn whoever_leaves_ends_it_and_the_other_is_told_why() {
    for way in ["decline", "travel", "sign out", "take over", "delete the account", "time"] {
        play(Plan::seeded(6, 20), |stage: Stage| async move {
            let (mut anna, mut berta) = (stage.player().await, stage.player().await);
            let before = belongings(&mut anna).await;
            let trade = open(&mut anna, &mut berta).await;
            berta.ask(offer(&trade, &Offer { potions: 1, ..Offer::default() })).await;
            anna.ask(offer(&trade, &Offer { items: vec![before.items[0].item_id], souls: 5, potions: 0 }))
                .await;
            anna.ask(accept(&trade, 3)).await;
            let cause = match way {
                "decline" => {
                    berta.ask(decline(&trade)).await;
                    "declined"
                }
                "travel" => {
                    berta.ask(travel(2)).await;
                    "left"
                }
                "sign out" => {
                    stage.world.sign_out(berta.signed.account_id, berta.signed.session_id).await.unwrap();
                    "left"
                }
                "take over" => {
                    stage.again(&berta).await.enter().await;
                    "left"
                }
                "delete the account" => {
                    let row = berta.row().await;
                    stage.world.delete_account(&row, "password", &berta.address).await.unwrap();
                    "left"
                }
                _ => {
                    for _ in 0..41 {
                        anna.linger(3_000).await;
                        berta.linger(1).await;
                    }
                    "expired"
                }
            };
            assert_eq!(declined(&mut anna).await.cause, cause, "{way}");
            assert_eq!(anna.refused(accept(&trade, 3)).await.error_code, ErrorCode::NotFound);
            assert_eq!(belongings(&mut anna).await, before, "{way}");
            let equip = ClientMessage::ItemEquip(WhichItem { item_id: before.items[0].item_id });
            assert!(matches!(anna.ask(equip).await, ServerMessage::InventoryUpdate(_)), "{way}");
            assert_eq!(total(&stage).await.problems, Vec::<String>::new());
            no_trade_is_left(&stage).await;
        });
    }
}

#[test]
fn a_dropped_connection_is_no_reason_to_end_it() {
    play(Plan::seeded(7, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let trade = open(&mut anna, &mut berta).await;
        anna.ask(offer(&trade, &Offer { souls: 3, ..Offer::default() })).await;
        anna.ask(accept(&trade, 2)).await;
        anna.read();
        anna.inbox.clear();
        anna.drop_connection();
        pass(5_000).await;
        anna.reconnect().await;
        let shown = anna.wait("the window", |heard| match &heard.message {
            ServerMessage::TradeUpdate(update) => Some(update.clone()),
            _ => None,
        });
        assert!(shown.await.offers[0].accepted);
        complete(berta.ask(accept(&trade, 2)).await);
        no_trade_is_left(&stage).await;
    });
}

#[test]
fn a_panic_anywhere_in_a_trade_leaves_all_of_it_or_nothing() {
    let faults = [
        "trade.offer",
        "trade.accept",
        "trade.enter",
        "trade.leave",
        "trade.decline",
        "trade.tick",
        "trade_update",
        "trade_accept",
        "trade_request",
        "world_shard.approach",
    ];
    for fault in faults {
        play(Plan::seeded(8, 20), |stage: Stage| async move {
            let (mut anna, mut berta) = (stage.player().await, stage.player().await);
            let before = total(&stage).await;
            arm(fault, 1);
            for _ in 0..3 {
                deal::attempt(&mut anna, &mut berta).await;
            }
            arm(fault, 0);
            pass(2_000).await;
            for peer in [&mut anna, &mut berta] {
                peer.read();
                peer.inbox.clear();
            }
            // Afterwards everything works.
            assert!(deal::attempt(&mut anna, &mut berta).await, "{fault}");
            let after = total(&stage).await;
            assert_eq!((&after.problems, after.souls), (&Vec::new(), before.souls), "{fault}");
            no_trade_is_left(&stage).await;
        });
    }
}

#[test]
fn a_repeated_accept_completes_once_and_is_answered_alike() {
    play(Plan::seeded(9, 40), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let souls = belongings(&mut berta).await.souls;
        let trade = open(&mut anna, &mut berta).await;
        anna.ask(offer(&trade, &Offer { souls: 3, ..Offer::default() })).await;
        anna.ask(accept(&trade, 2)).await;
        for _ in 0..3 {
            berta.send_as(accept(&trade, 2), Some("yes")).unwrap();
        }
        let first = berta.answer("yes").await;
        assert!(matches!(first, ServerMessage::TradeComplete(_)), "{first:?}");
        berta.send_as(accept(&trade, 2), Some("yes")).unwrap();
        assert_eq!(berta.answer("yes").await, first);
        // Another session of the same character knows it too.
        let mut again = stage.again(&berta).await;
        again.enter().await;
        again.send_as(accept(&trade, 2), Some("yes")).unwrap();
        assert_eq!(again.answer("yes").await, first);
        assert_eq!(belongings(&mut again).await.souls, souls + 3);
    });
}

#[test]
fn a_sick_disk_completes_nothing_and_says_so() {
    play(Plan::seeded(10, 40), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let before = total(&stage).await;
        let trade = open(&mut anna, &mut berta).await;
        anna.ask(offer(&trade, &Offer { souls: 3, ..Offer::default() })).await;
        anna.ask(accept(&trade, 2)).await;
        stage.store.fail_next_commit();
        assert_eq!(berta.refused(accept(&trade, 2)).await.error_code, ErrorCode::Storage);
        assert_eq!(declined(&mut anna).await.cause, "interrupted");
        assert_eq!(declined(&mut berta).await.cause, "interrupted");
        assert_eq!(total(&stage).await, before);
    });
}

#[test]
fn a_session_that_dies_outright_is_missed() {
    play(Plan::seeded(11, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let trade = open(&mut anna, &mut berta).await;
        anna.ask(offer(&trade, &Offer { souls: 3, ..Offer::default() })).await;
        anna.ask(accept(&trade, 2)).await;
        let (recipient_id, content) = (Some(berta.character), text("x"));
        let whisper = ClientMessage::Whisper(Whisper { recipient_id, recipient_name: None, content });
        berta.ask(offer(&trade, &Offer::default())).await;
        anna.linger(50).await;
        // Behind the commit, where nothing catches it.
        arm("whisper.saved", 1);
        assert_eq!(anna.refused(whisper).await.error_code, ErrorCode::Internal);
        assert_eq!(declined(&mut berta).await.cause, "left");
        no_trade_is_left(&stage).await;
        assert!(deal::attempt(&mut berta, &mut anna).await);
    });
}

#[test]
fn nobody_is_asked_twice_at_once() {
    play(Plan::seeded(12, 20), |stage: Stage| async move {
        let (mut anna, mut berta, mut carla) =
            (stage.player().await, stage.player().await, stage.player().await);
        let ask = |whom: &Peer| ClientMessage::TradeRequest(RequestTrade { recipient_id: whom.character });
        let (to_berta, to_carla, to_anna) = (ask(&berta), ask(&carla), ask(&anna));
        let ids = [
            anna.send(to_berta.clone()),
            anna.send(to_carla.clone()),
            berta.send(to_carla),
            carla.send(to_anna),
        ];
        let answers = [
            anna.answer(&ids[0]).await,
            anna.answer(&ids[1]).await,
            berta.answer(&ids[2]).await,
            carla.answer(&ids[3]).await,
        ];
        let granted =
            answers.iter().filter(|answer| matches!(answer, ServerMessage::TradeRequest(_))).count();
        assert!(granted <= 1, "{answers:?}");
    });
}
