//! Enemies that lie in wait: on arrival, on foot, and when they don't.

use protocol::combat::{CombatStart, Outcome};
use protocol::{ErrorCode, LocationId, ServerMessage};
use rules::Content;
use rules::content::BUILTIN;

use crate::combat::{challenge, end_in, fight_on};
use crate::party::{accept, create, invite};
use crate::peer::{Heard, Peer, step as at, travel};
use crate::stage::{Plan, pass, play};

const OUTPOST: i64 = 11;
const PAUSE_MS: u64 = 60_000;

/// A world where somebody lies in wait everywhere at the outpost, who is no match for anybody.
fn dire() -> Plan {
    let files: Vec<(&str, String)> = BUILTIN
        .iter()
        .map(|(name, text)| {
            let text = text.replace("ambush_percent = 1", "ambush_percent = 100");
            let text = text.replace("enemies = [\"hollow_soldier\", \"corrupt_wolf\", ", "enemies = [");
            (*name, text.replace("health = 70", "health = 1").replace("strength = 11", "strength = 1"))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let plan = Plan { content: Content::parse(&files).unwrap(), ..Plan::seeded(3, 5) };
    plan.with(|options| {
        options.combat.ambushes = true;
        options.combat.ambush_pause_ms = PAUSE_MS;
    })
}

fn start_in(heard: &Heard) -> Option<CombatStart> {
    match &heard.message {
        ServerMessage::CombatStart(start) => Some(start.clone()),
        _ => None,
    }
}

fn starts(peer: &mut Peer) -> usize {
    peer.read();
    peer.count(|heard| start_in(heard).is_some())
}

/// Goes to and fro in the time that it takes, however far that is in all.
async fn walk(peer: &mut Peer, metres: u32) {
    for step in 0..metres / 5 {
        let x = if step % 2 == 0 { 5.0 } else { 0.0 };
        assert!(matches!(peer.ask(at(x, -800.0)).await, ServerMessage::Ok(_)));
        peer.linger(500).await;
    }
}

#[test]
fn who_goes_where_enemies_lie_in_wait_is_come_upon_until_he_has_fought() {
    play(dire(), |stage| async move {
        let mut peer = stage.player().await;
        let gone = peer.ask(travel(OUTPOST)).await;
        assert!(matches!(gone, ServerMessage::LocationUpdate(_)), "{gone:?}");
        let heard =
            peer.wait("combat_start", |heard| start_in(heard).map(|start| (start, heard.id.clone()))).await;
        let (start, id) = heard;
        assert_eq!((start.location_id, id), (LocationId(OUTPOST), None), "nobody asked for it");
        assert_eq!(start.participants[1].name, "Skeleton Warrior");
        assert_eq!(fight_on(&mut peer, &start.combat_id).await.outcome, Outcome::Won);
        peer.inbox.retain(|heard| end_in(heard).is_none());
        // For a while nobody comes, however far one goes. Where one appears at first is no way.
        walk(&mut peer, 290).await;
        assert_eq!(starts(&mut peer), 1);
        peer.linger(PAUSE_MS).await;
        walk(&mut peer, 10).await;
        assert_eq!(starts(&mut peer), 1, "the dice are thrown once in a hundred metres");
        walk(&mut peer, 10).await;
        assert_eq!(starts(&mut peer), 2);
    });
}

#[test]
fn a_challenge_that_comes_to_nothing_keeps_nobody_away() {
    play(dire(), |stage| async move {
        let (mut peer, far) = (stage.player().await, stage.player().await);
        // In town nobody lies in wait, and nobody fights.
        peer.ask(travel(OUTPOST)).await;
        let start = peer.wait("combat_start", start_in).await;
        fight_on(&mut peer, &start.combat_id).await;
        peer.linger(PAUSE_MS + 1_000).await;
        let refused = peer.refused(challenge(&far)).await;
        assert_eq!(refused.error_code, ErrorCode::NotOnline);
        walk(&mut peer, 200).await;
        assert!(starts(&mut peer) > 1, "somebody came");
    });
}

#[test]
fn nobody_lies_in_wait_when_that_is_switched_off_or_there_is_nobody_to_fight() {
    play(dire().with(|options| options.combat.ambushes = false), |stage| async move {
        let mut peer = stage.player().await;
        peer.ask(travel(OUTPOST)).await;
        walk(&mut peer, 200).await;
        assert_eq!(starts(&mut peer), 0);
    });
    play(dire(), |stage| async move {
        let mut peer = stage.player().await;
        peer.send(travel(OUTPOST));
        peer.drop_connection();
        pass(1_000).await;
        peer.reconnect().await;
        peer.linger(1_000).await;
        assert_eq!(starts(&mut peer), 0, "his client was not there");
    });
}

#[test]
fn whoever_of_his_party_is_there_stands_by_him() {
    play(dire(), |stage| async move {
        let (mut one, mut two) = (stage.player().await, stage.player().await);
        one.ask(create()).await;
        one.ask(invite(two.character)).await;
        two.ask(accept(None)).await;
        two.ask(travel(OUTPOST)).await;
        let start = two.wait("combat_start", start_in).await;
        assert_eq!(start.participants.len(), 2, "the other one is still in town");
        fight_on(&mut two, &start.combat_id).await;
        two.linger(1_000).await;
        one.ask(travel(OUTPOST)).await;
        let start = one.wait("combat_start", start_in).await;
        assert_eq!(start.participants.len(), 3);
        assert_eq!(two.wait("combat_start", start_in).await.combat_id, start.combat_id);
    });
}
