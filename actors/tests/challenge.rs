//! How fights come about on the running world, and what becomes of those that do not.

use protocol::characters::WhichCharacter;
use protocol::combat::{ActionType, Outcome, StartCombat};
use protocol::ids::CombatId;
use protocol::{CharacterId, ClientMessage, ErrorCode, ServerMessage};
use storage::audit;

use crate::combat::{act, against, begin, challenge, end_in, outsider};
use crate::party::{accept, create, invite};
use crate::peer::{Heard, Peer, travel};
use crate::stage::{Disk, Plan, Stage, pass, play, play_on};
use crate::trade::deal::{Offer, offer, open, request, update};
use crate::trade::declined;

/// Somebody's answer to `combat_start`: the fight he is in.
async fn started(peer: &mut Peer, id: &str) -> String {
    match peer.answer(id).await {
        ServerMessage::CombatStart(start) => start.combat_id,
        ServerMessage::Ok(_) => {
            peer.wait("combat_start", |heard| match &heard.message {
                ServerMessage::CombatStart(start) => Some(start.combat_id.clone()),
                _ => None,
            })
            .await
        }
        other => panic!("{} is in no fight: {other:?}", peer.name),
    }
}

#[test]
fn two_who_challenge_each_other_at_once_have_one_fight() {
    for seed in 0..8 {
        for swapped in [false, true] {
            play(Plan::seeded(seed, 20), |stage| async move {
                let (mut one, mut two) = (outsider(&stage).await, outsider(&stage).await);
                if swapped {
                    std::mem::swap(&mut one, &mut two);
                }
                let ids = (one.send(challenge(&two)), two.send(challenge(&one)));
                let combats = (started(&mut one, &ids.0).await, started(&mut two, &ids.1).await);
                assert_eq!(combats.0, combats.1, "seed {seed}");
                // It is one that can be fought.
                let first = one.ask(act(&combats.0, ActionType::Defend)).await;
                let second = two.ask(act(&combats.0, ActionType::Defend)).await;
                assert!(matches!(second, ServerMessage::CombatAction(_)), "{first:?} {second:?}");
            });
        }
    }
}

#[test]
fn whose_connection_has_dropped_is_challenged_by_nobody() {
    play(Plan::default(), |stage| async move {
        let (mut one, two) = (outsider(&stage).await, outsider(&stage).await);
        two.drop_connection();
        assert_eq!(one.refused(challenge(&two)).await.error_code, ErrorCode::NotOnline);
        assert!(stage.store.read(storage::combats::under_way()).await.unwrap().is_empty());
    });
}

#[test]
fn three_who_challenge_each_other_in_a_circle_are_all_answered_and_nobody_is_held() {
    play(Plan::default(), |stage| async move {
        let mut peers = [outsider(&stage).await, outsider(&stage).await, outsider(&stage).await];
        let mut ids = Vec::new();
        for index in 0..3 {
            let request = challenge(&peers[(index + 1) % 3]);
            ids.push(peers[index].send(request));
        }
        for (peer, id) in peers.iter_mut().zip(&ids) {
            peer.answer(id).await;
        }
        pass(100).await;
        // Whoever is in no fight can begin one.
        for peer in &mut peers {
            if let ServerMessage::Error(error) = peer.ask(against("hollow_soldier")).await {
                let combat = error.details["combat_id"].as_str().expect("he is in one").to_owned();
                peer.read();
                let in_it = |heard: &Heard| matches!(&heard.message, ServerMessage::CombatStart(start) if start.combat_id == combat);
                assert_eq!(peer.heard.iter().filter(|heard| in_it(heard)).count(), 1);
            }
        }
    });
}

#[test]
fn a_challenge_of_somebody_who_goes_is_answered_all_the_same() {
    play(Plan::seeded(1, 20), |stage| async move {
        let (mut one, mut two) = (outsider(&stage).await, outsider(&stage).await);
        let first = one.character;
        let other = one.make_character_called("Somebody else", 0).await;
        one.character = first;
        // The other one's session waits for the disk, so that the challenge waits for it.
        two.send(ClientMessage::ShardStatus(protocol::session::Bare {}));
        let asked = one.send(challenge(&two));
        let select = ClientMessage::CharacterSelect(WhichCharacter { character_id: other });
        let selected = one.ask(select).await;
        assert!(matches!(selected, ServerMessage::CharacterSelect(_)), "{selected:?}");
        let answer = one.answer(&asked).await;
        assert!(
            matches!(&answer, ServerMessage::Error(error) if error.error_code == ErrorCode::NoCharacter),
            "{answer:?}"
        );
        // Whoever was challenged is free again as soon as nobody will begin it.
        pass(7_000).await;
        assert!(matches!(two.ask(travel(1)).await, ServerMessage::LocationUpdate(_)));
    });
}

#[test]
fn who_looks_for_a_fight_after_a_defeat_gets_it_back() {
    play(Plan::default(), |stage| async move {
        let (mut one, mut two) = (outsider(&stage).await, outsider(&stage).await);
        let start = begin(&mut one, challenge(&two)).await;
        while one.inbox.iter().find_map(end_in).is_none() {
            for peer in [&mut one, &mut two] {
                if let ServerMessage::Error(error) = peer.ask(act(&start.combat_id, ActionType::Attack)).await
                    && error.error_code == ErrorCode::NotEnough
                {
                    peer.ask(crate::combat::rest(&start.combat_id)).await;
                }
            }
            one.read();
        }
        pass(100).await;
        let won = one.inbox.iter().find_map(end_in).is_some_and(|end| end.outcome == Outcome::Won);
        let (winner, loser) = if won { (&mut one, &mut two) } else { (&mut two, &mut one) };
        let spared = winner.refused(challenge(loser)).await;
        assert_eq!(spared.error_code, ErrorCode::Conflict);
        assert!(spared.details["retry_after_ms"].as_u64().is_some_and(|wait| wait > 0));
        begin(loser, challenge(winner)).await;
    });
}

/// A party of so many of the first faction, all outside.
async fn party(stage: &Stage, many: usize) -> Vec<Peer> {
    let mut peers = Vec::new();
    for _ in 0..many {
        peers.push(outsider(stage).await);
    }
    peers[0].ask(create()).await;
    for index in 1..many {
        let whom = peers[index].character;
        peers[0].ask(invite(whom)).await;
        let joined = peers[index].ask(accept(None)).await;
        assert!(matches!(joined, ServerMessage::PartyUpdate(_)), "{joined:?}");
    }
    peers
}

#[test]
fn nobody_waits_for_a_fight_that_can_not_begin() {
    play(Plan::default(), |stage| async move {
        let mut peers = party(&stage, 3).await;
        for peer in &mut peers {
            peer.ask(travel(1)).await;
            assert!(matches!(peer.ask(travel(2)).await, ServerMessage::LocationUpdate(_)));
        }
        let guardian = ClientMessage::CombatStart(StartCombat {
            target_id: None,
            enemy: Some(crate::peer::text("guardian")),
        });
        assert_eq!(peers[0].refused(guardian).await.error_code, ErrorCode::Conflict);
        pass(100).await;
        for peer in &mut peers {
            let gone = peer.ask(travel(1)).await;
            assert!(matches!(gone, ServerMessage::LocationUpdate(_)), "{gone:?}");
        }
    });
}

#[test]
fn a_fight_that_can_not_be_read_holds_nobody() {
    let disk = Disk::new();
    let (name, address, combat) = play_on(&disk, Plan::default(), |stage| async move {
        let mut peer = outsider(&stage).await;
        let start = begin(&mut peer, against("hollow_soldier")).await;
        (peer.name.clone(), peer.address.clone(), start.combat_id)
    });
    let combat: CombatId = serde_json::from_value(combat.into()).unwrap();
    play_on(&disk, Plan::seeded(2, 0), |stage| async move {
        // As another version may have written it.
        let save = rules::venue::CombatSave {
            combat_id: combat,
            state: Some("{\"fought_with\": \"swords\"}".to_owned()),
            shard: None,
            joined: Vec::new(),
            released: Vec::new(),
        };
        let save = rules::venue::Save::Combat(Box::new(save));
        stage.store.write(storage::saves::apply(vec![save], None, 1)).await.unwrap();
        let mut peer = Peer::sign_in(&stage.world, &name, &address).await;
        peer.character = CharacterId(1);
        peer.ids = 100_000;
        peer.enter().await;
        pass(5_000).await;
        begin(&mut peer, against("hollow_soldier")).await;
    });
}

#[test]
fn a_fight_whose_beginning_could_not_be_saved_is_none() {
    let mut refused = 0;
    for seed in 0..60 {
        refused += play(Plan::seeded(seed, 25), |stage| async move {
            let (mut one, two) = (outsider(&stage).await, outsider(&stage).await);
            let mut again = stage.again(&two).await;
            let taken =
                again.send(ClientMessage::CharacterSelect(WhichCharacter { character_id: two.character }));
            pass(seed % 25).await;
            let asked = one.send(challenge(&two));
            let answer = one.answer(&asked).await;
            again.answer(&taken).await;
            pass(6_000).await;
            assert_eq!(audit::check(&stage.path).unwrap().problems, Vec::<String>::new(), "seed {seed}");
            match answer {
                ServerMessage::Error(error) => {
                    assert!(
                        stage.store.read(storage::combats::under_way()).await.unwrap().is_empty(),
                        "seed {seed}"
                    );
                    u32::from(error.error_message.contains("has changed meanwhile"))
                }
                _ => 0,
            }
        });
    }
    assert!(refused > 0, "nobody was taken between the challenge and the beginning");
}

#[test]
fn a_fight_that_ends_as_its_fighter_is_taken_over_is_heard_to_end() {
    let mut ended = 0;
    for seed in 0..40 {
        ended += play(Plan::seeded(seed, 25), |stage| async move {
            let mut one = outsider(&stage).await;
            let start = begin(&mut one, against("hollow_soldier")).await;
            let mut again = stage.again(&one).await;
            one.send(act(&start.combat_id, ActionType::Flee));
            pass(seed % 20).await;
            let taken =
                again.send(ClientMessage::CharacterSelect(WhichCharacter { character_id: one.character }));
            again.answer(&taken).await;
            again.linger(3_000).await;
            again.read();
            one.read();
            let [before, end] =
                [&one, &again].map(|peer| peer.heard.iter().any(|heard| end_in(heard).is_some()));
            let goes_on =
                again.heard.iter().any(|heard| matches!(heard.message, ServerMessage::CombatState(_)));
            assert!(before || end || goes_on, "seed {seed}: {:?}", again.heard);
            u32::from(end)
        });
    }
    assert!(ended > 5, "{ended}");
}

#[test]
fn a_fight_that_begins_ends_a_trade_and_one_that_does_not_leaves_it() {
    play(Plan::seeded(3, 20), |stage| async move {
        let (mut one, mut two) = (outsider(&stage).await, outsider(&stage).await);
        let (three, gone) = (outsider(&stage).await, outsider(&stage).await);
        gone.drop_connection();
        let trade = open(&mut one, &mut two).await;
        assert_eq!(one.refused(challenge(&gone)).await.error_code, ErrorCode::NotOnline);
        update(one.ask(offer(&trade, &Offer { souls: 1, ..Offer::default() })).await);
        let start = begin(&mut one, challenge(&three)).await;
        for peer in [&mut one, &mut two] {
            let decline = declined(peer).await;
            assert_eq!((decline.cause.as_str(), &decline.trade_id), ("fight", &trade));
        }
        let own = one.refused(request(two.character)).await;
        assert_eq!(
            (own.error_code, own.details["combat_id"].as_str()),
            (ErrorCode::Locked, Some(&*start.combat_id))
        );
        let busy = two.refused(request(three.character)).await;
        assert_eq!((busy.error_code, &busy.details["field"]), (ErrorCode::Conflict, &"recipient_id".into()));
    });
}
