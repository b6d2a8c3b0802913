//! Whoever is blocked wants nothing of the blocker any more, whichever way and whichever character.

use protocol::blocks::Whom;
use protocol::chat::{Channel, Say, Whisper};
use protocol::combat::StartCombat;
use protocol::session::Bare;
use protocol::{CharacterId, ClientMessage, ErrorCode, ErrorMessage, ServerMessage};

use crate::party::{create, invite};
use crate::peer::{Peer, text, travel};
use crate::stage::{Disk, Plan, Stage, play, play_on};
use crate::trade::deal::request;

/// Where characters may fight each other.
const BATTLEGROUND: i64 = 11;

fn whom(id: CharacterId) -> Whom {
    Whom { character_id: Some(id), character_name: None }
}

fn block(id: CharacterId) -> ClientMessage {
    ClientMessage::Block(whom(id))
}

fn unblock(id: CharacterId) -> ClientMessage {
    ClientMessage::Unblock(whom(id))
}

async fn listed(peer: &mut Peer) -> Vec<CharacterId> {
    match peer.ask(ClientMessage::BlockList(Bare {})).await {
        ServerMessage::BlockList(list) => list.blocked.iter().map(|blocked| blocked.character_id).collect(),
        other => panic!("expected block_list, got {other:?}"),
    }
}

/// Everything that somebody may want of somebody, with the field that names whom.
fn wishes(of: &Peer) -> Vec<(ClientMessage, &'static str)> {
    let (recipient_id, content) = (Some(of.character), text("hello"));
    let by_id = Whisper { recipient_id, recipient_name: None, content: content.clone() };
    let by_name =
        Whisper { recipient_id: None, recipient_name: Some(text(&of.name)), content: text("hello") };
    vec![
        (invite(of.character), "invitee_id"),
        (request(of.character), "recipient_id"),
        (ClientMessage::CombatStart(StartCombat { target_id: Some(of.character), enemy: None }), "target_id"),
        (ClientMessage::Whisper(by_id), "recipient_id"),
        (ClientMessage::Whisper(by_name), "recipient_name"),
        (ClientMessage::Chat(Say { channel: Channel::Whisper, content, recipient_id }), "recipient_id"),
    ]
}

/// What is told of the refusal: always the same, but for the field.
async fn turned_away(peer: &mut Peer, of: &Peer) {
    for (wish, field) in wishes(of) {
        let error = peer.refused(wish.clone()).await;
        let told = ErrorMessage::new(ErrorCode::Forbidden, "they do not take this from you");
        assert_eq!(error, told.with("field", field), "{wish:?}");
    }
}

async fn nothing_is_heard_of(peer: &Peer, by: &mut Peer) {
    by.linger(500).await;
    let from = |line: &protocol::chat::Chat| line.sender_id == peer.character;
    let heard = by.count(|heard| match &heard.message {
        ServerMessage::Whisper(line) => from(line),
        ServerMessage::PartyInvite(invite) => invite.inviter_id == peer.character,
        ServerMessage::TradeRequest(request) => request.requester_id == peer.character,
        ServerMessage::CombatStart(_) => true,
        _ => false,
    });
    assert_eq!(heard, 0);
}

#[test]
fn who_is_blocked_is_turned_away_whatever_he_wants() {
    play(Plan::seeded(1, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        berta.ask(create()).await;
        assert!(matches!(anna.ask(block(berta.character)).await, ServerMessage::Ok(_)));
        assert_eq!(listed(&mut anna).await, [berta.character]);
        turned_away(&mut berta, &anna).await;
        nothing_is_heard_of(&berta, &mut anna).await;
        // In public he speaks on, and what the blocker wants of him is for him to say.
        berta.say(Channel::Say, "to all").await;
        anna.hear("to all").await;
        anna.say(Channel::Global, "back").await;
        for (wish, _) in wishes(&berta).split_off(3) {
            assert!(matches!(anna.ask(wish).await, ServerMessage::Whisper(_)));
        }
        // Everything is as it was before when he is not blocked any more.
        assert!(matches!(anna.ask(unblock(berta.character)).await, ServerMessage::Ok(_)));
        assert!(matches!(berta.ask(invite(anna.character)).await, ServerMessage::PartyInvite(_)));
        assert!(matches!(berta.ask(request(anna.character)).await, ServerMessage::TradeRequest(_)));
        for (wish, _) in wishes(&anna).split_off(3) {
            assert!(matches!(berta.ask(wish).await, ServerMessage::Whisper(_)));
        }
    });
}

#[test]
fn another_character_of_the_same_account_is_no_way_around_it() {
    play(Plan::seeded(2, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let first = berta.character;
        anna.ask(block(first)).await;
        berta.make_character_called("Other", 0).await;
        berta.enter().await;
        berta.ask(create()).await;
        turned_away(&mut berta, &anna).await;
        // Nor is the list a way to learn of the others; and it holds for all of the blocker's own.
        assert_eq!(listed(&mut anna).await, [first]);
        anna.make_character_called("Mine", 0).await;
        anna.name = "Mine".to_owned();
        anna.enter().await;
        turned_away(&mut berta, &anna).await;
        nothing_is_heard_of(&berta, &mut anna).await;
        assert_eq!(listed(&mut berta).await, []);
    });
}

#[test]
fn who_is_blocked_challenges_nobody_where_others_may() {
    play(Plan::seeded(3, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        for peer in [&mut anna, &mut berta] {
            peer.ask(travel(BATTLEGROUND)).await;
        }
        let fight = ClientMessage::CombatStart(StartCombat { target_id: Some(anna.character), enemy: None });
        anna.ask(block(berta.character)).await;
        assert_eq!(berta.refused(fight.clone()).await.error_code, ErrorCode::Forbidden);
        anna.ask(unblock(berta.character)).await;
        let begun = berta.ask(fight).await;
        assert!(matches!(begun, ServerMessage::CombatStart(_)), "{begun:?}");
    });
}

#[test]
fn what_is_no_use_is_refused_with_its_field_and_changes_nothing() {
    play(Plan::seeded(4, 20), |stage: Stage| async move {
        let (mut anna, berta) = (stage.player().await, stage.player().await);
        let by_name = |name: &str| Whom { character_id: None, character_name: Some(text(name)) };
        for (message, code, field) in [
            (ClientMessage::Block(Whom::default()), ErrorCode::Invalid, "character_id"),
            (ClientMessage::Unblock(Whom::default()), ErrorCode::Invalid, "character_id"),
            (block(CharacterId(999)), ErrorCode::NotFound, "character_id"),
            (ClientMessage::Block(by_name("Nobody")), ErrorCode::NotFound, "character_name"),
            (block(anna.character), ErrorCode::Invalid, "character_id"),
            (unblock(berta.character), ErrorCode::NotFound, "character_id"),
            (ClientMessage::Unblock(by_name(&berta.name)), ErrorCode::NotFound, "character_name"),
        ] {
            let error = anna.refused(message.clone()).await;
            assert_eq!(
                (error.error_code, error.details["field"].as_str()),
                (code, Some(field)),
                "{message:?}"
            );
        }
        assert_eq!(listed(&mut anna).await, []);
        // Without a character one may do all of it; blocking twice is blocking once.
        let mut guest = stage.again(&anna).await;
        for _ in 0..2 {
            let done = guest.ask(ClientMessage::Block(by_name(&berta.name.to_uppercase()))).await;
            assert!(matches!(done, ServerMessage::Ok(_)), "{done:?}");
        }
        assert_eq!(listed(&mut anna).await, [berta.character]);
    });
}

#[test]
fn a_list_outlives_the_process_and_a_retry_is_answered_alike() {
    let disk = Disk::new();
    let (anna, berta) = play_on(&disk, Plan::seeded(5, 20), |stage: Stage| async move {
        let (mut anna, berta) = (stage.player().await, stage.player().await);
        anna.ask(block(berta.character)).await;
        anna.send_as(unblock(berta.character), Some("sorry")).unwrap();
        assert!(matches!(anna.answer("sorry").await, ServerMessage::Ok(_)));
        anna.ask(block(berta.character)).await;
        let who = |peer: Peer| (peer.name, peer.address, peer.character);
        (who(anna), who(berta))
    });
    play_on(&disk, Plan::seeded(6, 20), |stage: Stage| async move {
        let mut peers = Vec::new();
        for (name, address, character) in [anna, berta] {
            let mut peer = Peer::sign_in(&stage.world, &name, &address).await;
            (peer.character, peer.ids) = (character, 1_000);
            peer.enter().await;
            peers.push(peer);
        }
        let [anna, berta] = &mut peers[..] else { panic!() };
        berta.ask(create()).await;
        turned_away(berta, anna).await;
        // It was done before: what was asked for since stays.
        anna.send_as(unblock(berta.character), Some("sorry")).unwrap();
        assert!(matches!(anna.answer("sorry").await, ServerMessage::Ok(_)));
        assert_eq!(listed(anna).await, [berta.character]);
    });
}

#[test]
fn lists_have_their_rate() {
    let plan = Plan::seeded(7, 5).limited().with(|options| {
        options.rates.lists = actors::options::Rate::new(3, 3_600_000);
    });
    play(plan, |stage: Stage| async move {
        let (mut anna, berta) = (stage.player().await, stage.player().await);
        anna.ask(block(berta.character)).await;
        listed(&mut anna).await;
        anna.ask(unblock(berta.character)).await;
        for message in [block(berta.character), unblock(berta.character), ClientMessage::BlockList(Bare {})] {
            assert_eq!(anna.refused(message).await.error_code, ErrorCode::RateLimited);
        }
    });
}
