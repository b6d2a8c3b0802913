//! Commands that are under way when their character goes: each is answered once, and none is another character's.

use protocol::characters::WhichCharacter;
use protocol::inventory::SomeOf;
use protocol::party::CreateParty;
use protocol::{CharacterId, ClientMessage, ErrorCode, MessageId, ServerMessage};

use crate::peer::{Peer, text, travel};
use crate::stage::{Disk, Plan, Stage, play, play_on};
use crate::trade::deal::{belongings, request};

fn select(character_id: CharacterId) -> ClientMessage {
    ClientMessage::CharacterSelect(WhichCharacter { character_id })
}

fn drop_potion() -> ClientMessage {
    ClientMessage::ItemDrop(SomeOf { item_id: None, kind: Some(text("health_potion")), quantity: None })
}

/// Somebody in town with a second character, who is far from there.
async fn of_two(stage: &Stage) -> (Peer, CharacterId, CharacterId) {
    let mut peer = stage.player().await;
    let near = peer.character;
    let far = peer.make_character_called("Somebody else", 0).await;
    peer.enter().await;
    assert!(matches!(peer.ask(travel(5)).await, ServerMessage::LocationUpdate(_)));
    peer.character = near;
    peer.enter().await;
    (peer, near, far)
}

#[test]
fn nobody_trades_from_afar_by_becoming_another_while_the_shard_is_asked() {
    let mut answers = Vec::new();
    for seed in 0..30 {
        answers.push(play(Plan::seeded(seed, 20), |stage: Stage| async move {
            let mut berta = stage.player().await;
            let (mut anna, _, far) = of_two(&stage).await;
            let asked = anna.send(request(berta.character));
            let gone = anna.ask(select(far)).await;
            assert!(matches!(gone, ServerMessage::CharacterSelect(_)), "{gone:?}");
            let answer = anna.answer(&asked).await;
            anna.linger(1_000).await;
            berta.read();
            // Berta may have been asked by whom she saw, and by nobody else.
            let by_far = berta.count(|heard| match &heard.message {
                ServerMessage::TradeRequest(request) => request.requester_id == far,
                _ => false,
            });
            assert_eq!(by_far, 0, "seed {seed}");
            // She is free again, whatever became of it.
            let mut carla = stage.player().await;
            let next = carla.ask(request(berta.character)).await;
            assert!(matches!(next, ServerMessage::TradeRequest(_)), "seed {seed}: {next:?}");
            matches!(answer, ServerMessage::Error(error) if error.error_code == ErrorCode::NoCharacter)
        }));
    }
    assert!(answers.iter().any(|refused| *refused), "at least once it was on the way");
}

#[test]
fn nobody_drops_a_thing_where_another_stands() {
    for seed in 0..30 {
        play(Plan::seeded(seed, 20), |stage: Stage| async move {
            let (mut anna, near, far) = of_two(&stage).await;
            let asked = anna.send(drop_potion());
            anna.ask(select(far)).await;
            let answer = anna.answer(&asked).await;
            let far_has = belongings(&mut anna).await;
            anna.ask(select(near)).await;
            let near_has = belongings(&mut anna).await;
            let potions = |inventory: &protocol::inventory::Inventory| inventory.stacks.len();
            let dropped = usize::from(matches!(answer, ServerMessage::InventoryUpdate(_)));
            assert_eq!((potions(&near_has), potions(&far_has)), (1 - dropped, 1), "seed {seed}: {answer:?}");
        });
    }
}

#[test]
fn a_command_of_a_session_whose_character_another_one_took_is_answered_too() {
    for seed in 0..30 {
        play(Plan::seeded(seed, 20), |stage: Stage| async move {
            let mut one = stage.player().await;
            let mut other = stage.again(&one).await;
            let taken = other.send(select(one.character));
            let asked: Vec<String> = (0..4).map(|_| one.send(drop_potion())).collect();
            let also: Vec<String> = (0..4).map(|_| other.send(drop_potion())).collect();
            other.answer(&taken).await;
            for id in &also {
                other.answer(id).await;
                assert_eq!(other.count(|heard| heard.id.as_deref() == Some(id.as_str())), 1, "answered once");
            }
            // Its connection ended with the character; what it asks once more is not taken for something under way.
            other.linger(1_000).await;
            one.reconnect().await;
            for id in &asked {
                one.send_as(drop_potion(), Some(id)).unwrap();
                one.answer(id).await;
            }
        });
    }
}

#[test]
fn what_a_request_calls_its_command_is_done_once_even_by_the_next_process() {
    let disk = Disk::new();
    let called = || MessageId::new("a name of the request").ok();
    let create = || ClientMessage::PartyCreate(CreateParty::default());
    let (peer, first) = play_on(&disk, Plan::seeded(1, 10), |stage| async move {
        let peer = stage.player().await;
        let session = peer.signed.session_id;
        let first = stage.world.command(session, create(), called()).await.unwrap();
        let again = stage.world.command(session, create(), called()).await.unwrap();
        assert_eq!(first, again);
        assert!(matches!(first, ServerMessage::PartyUpdate(_)), "{first:?}");
        (peer, first)
    });
    play_on(&disk, Plan::seeded(2, 10), |stage| async move {
        let mut again = Peer::sign_in(&stage.world, &peer.name, &peer.address).await;
        again.character = peer.character;
        again.enter().await;
        let session = again.signed.session_id;
        assert_eq!(stage.world.command(session, create(), called()).await.unwrap(), first);
        let another = stage.world.command(session, create(), None).await.unwrap_err();
        assert_eq!(another.error_code, ErrorCode::Conflict, "it is in a party: {another:?}");
    });
}
