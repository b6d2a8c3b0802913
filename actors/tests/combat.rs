//! Fights on the running world: from the challenge to what they leave of a sheet, whatever dies in between.

use std::cell::Cell;

use protocol::characters::WhichCharacter;
use protocol::combat::{
    Act, ActionType, CombatEnd, CombatStart, CombatState, Outcome, Standing, StartCombat,
};
use protocol::{CharacterId, ClientMessage, ErrorCode, LocationId, ServerMessage};

use crate::peer::{Heard, Peer, text, travel};
use crate::quests::quest_in;
use crate::stage::{Disk, Plan, Stage, pass, play, play_on};

/// Where wolves are.
const OUTPOST: i64 = 11;

pub fn against(enemy: &str) -> ClientMessage {
    ClientMessage::CombatStart(StartCombat { target_id: None, enemy: Some(text(enemy)) })
}

pub fn challenge(whom: &Peer) -> ClientMessage {
    ClientMessage::CombatStart(StartCombat { target_id: Some(whom.character), enemy: None })
}

pub fn act(combat: &str, action_type: ActionType) -> ClientMessage {
    act_so(combat, action_type, None)
}

pub fn rest(combat: &str) -> ClientMessage {
    act_so(combat, ActionType::Defend, Some("rest"))
}

fn act_so(combat: &str, action_type: ActionType, manner: Option<&str>) -> ClientMessage {
    ClientMessage::CombatAction(Act {
        combat_id: text(combat),
        action_type,
        target_id: None,
        ability_name: manner.map(text),
        item_id: None,
        item_kind: None,
    })
}

/// Somebody new at the outpost, who has had what coming there brings.
pub async fn outsider(stage: &Stage) -> Peer {
    let mut peer = stage.player().await;
    let gone = peer.ask(travel(OUTPOST)).await;
    assert!(matches!(gone, ServerMessage::LocationUpdate(_)), "{gone:?}");
    peer.wait("the first quest", |heard| quest_in(heard).filter(|quest| quest.status == "completed")).await;
    peer.read();
    peer.inbox.clear();
    peer
}

pub async fn begin(peer: &mut Peer, request: ClientMessage) -> CombatStart {
    match peer.ask(request).await {
        ServerMessage::CombatStart(start) => start,
        other => panic!("{} could not begin: {other:?}", peer.name),
    }
}

pub fn end_in(heard: &Heard) -> Option<CombatEnd> {
    match &heard.message {
        ServerMessage::CombatEnd(end) => Some(end.clone()),
        _ => None,
    }
}

fn state_in(heard: &Heard) -> Option<CombatState> {
    match &heard.message {
        ServerMessage::CombatState(state) => Some(state.clone()),
        _ => None,
    }
}

/// How it stands when it is somebody's turn, or over.
async fn next_state(peer: &mut Peer) -> CombatState {
    peer.wait("combat_state", state_in).await
}

/// Strikes and gathers breath until it is over.
pub async fn fight_on(peer: &mut Peer, combat: &str) -> CombatEnd {
    for _ in 0..200 {
        if let Some(end) = peer.inbox.iter().find_map(end_in) {
            return end;
        }
        if let ServerMessage::Error(error) = peer.ask(act(combat, ActionType::Attack)).await
            && error.error_code == ErrorCode::NotEnough
        {
            peer.ask(rest(combat)).await;
        }
        peer.read();
    }
    panic!("{} can't bring it to an end", peer.name);
}

/// Experience, souls and level as the disk has them.
pub async fn progress(stage: &Stage, peer: &Peer) -> (i64, i64, i32) {
    let load = storage::characters::load(peer.signed.account_id, peer.character);
    let character = stage.store.read(load).await.unwrap().unwrap();
    (character.progression.experience, character.progression.souls, character.progression.level)
}

async fn aftermaths(stage: &Stage, peer: &Peer) -> usize {
    stage.store.read(storage::combats::aftermaths(peer.character)).await.unwrap().len()
}

#[test]
fn who_beats_an_enemy_has_what_was_promised() {
    play(Plan::seeded(5, 20), |stage| async move {
        let mut peer = outsider(&stage).await;
        let (experience, souls, _) = progress(&stage, &peer).await;
        let start = begin(&mut peer, against("hollow_soldier")).await;
        assert_eq!((start.location_id, start.participants.len()), (LocationId(OUTPOST), 2));
        assert_eq!(start.turn_order.len(), 2);
        let state = next_state(&mut peer).await;
        assert_eq!(state.active_character_id, peer.character);
        let end = fight_on(&mut peer, &start.combat_id).await;
        assert_eq!((end.outcome, end.experience), (Outcome::Won, 100));
        assert!((50..=150).contains(&end.souls), "{}", end.souls);
        let update = peer
            .wait("inventory_update", |heard| match &heard.message {
                ServerMessage::InventoryUpdate(update) => Some(update.clone()),
                _ => None,
            })
            .await;
        assert_eq!((update.reason.as_str(), update.souls), ("combat", souls + end.souls));
        assert_eq!(update.items.len() + update.stacks.len(), end.loot.len());
        assert_eq!(progress(&stage, &peer).await, (experience + 100, souls + end.souls, 2));
        assert_eq!(aftermaths(&stage, &peer).await, 0);
        // Nothing holds him any more.
        assert!(matches!(peer.ask(travel(1)).await, ServerMessage::LocationUpdate(_)));
    });
}

#[test]
fn every_turn_is_shown_to_everybody_in_it() {
    play(Plan::seeded(3, 0), |stage| async move {
        let (mut one, mut two) = (outsider(&stage).await, outsider(&stage).await);
        let start = begin(&mut one, challenge(&two)).await;
        let seen = two
            .wait("combat_start", |heard| match &heard.message {
                ServerMessage::CombatStart(start) => Some(start.clone()),
                _ => None,
            })
            .await;
        assert_eq!(seen, start);
        let state = next_state(&mut one).await;
        assert_eq!(next_state(&mut two).await, state);
        let (first, second) = if state.active_character_id == one.character {
            (&mut one, &mut two)
        } else {
            (&mut two, &mut one)
        };
        let out_of_turn = second.refused(act(&start.combat_id, ActionType::Attack)).await;
        assert_eq!(out_of_turn.error_code, ErrorCode::NotYourTurn);
        let done = first.ask(act(&start.combat_id, ActionType::Attack)).await;
        let seen = second
            .wait("combat_action", |heard| match &heard.message {
                ServerMessage::CombatAction(_) => Some(heard.message.clone()),
                _ => None,
            })
            .await;
        assert_eq!(seen, done);
        let state = next_state(first).await;
        assert_eq!(state.active_character_id, second.character);
        assert_eq!(next_state(second).await, state);
    });
}

#[test]
fn whom_one_can_not_fight_is_told_and_nobody_is_held() {
    play(Plan::default(), |stage| async move {
        let (mut one, mut two) = (outsider(&stage).await, outsider(&stage).await);
        let mut far = stage.player().await;
        let own = one.character;
        let start = |target_id, enemy: Option<&str>| {
            ClientMessage::CombatStart(StartCombat { target_id, enemy: enemy.map(text) })
        };
        for (what, request, code) in [
            ("himself", start(Some(own), None), ErrorCode::Invalid),
            ("both", start(Some(two.character), Some("corrupt_wolf")), ErrorCode::Invalid),
            ("not met here", against("lord_of_cinders"), ErrorCode::Invalid),
            ("nobody", start(Some(CharacterId(999)), None), ErrorCode::NotOnline),
            ("far away", challenge(&far), ErrorCode::NotOnline),
            ("no guardian", against("guardian"), ErrorCode::NotFound),
            ("no combat", act("nothing", ActionType::Attack), ErrorCode::NotFound),
        ] {
            assert_eq!(one.refused(request).await.error_code, code, "{what}");
        }
        assert_eq!(far.refused(against("corrupt_wolf")).await.error_code, ErrorCode::Forbidden);
        begin(&mut one, challenge(&two)).await;
        assert_eq!(one.refused(against("corrupt_wolf")).await.error_code, ErrorCode::Conflict);
        let mut three = outsider(&stage).await;
        let busy = three.refused(challenge(&two)).await;
        assert_eq!(busy.error_code, ErrorCode::Conflict);
        // Whoever fights stays, and keeps what he has.
        assert_eq!(two.refused(travel(1)).await.error_code, ErrorCode::MoveRejected);
        let ServerMessage::Inventory(things) =
            two.ask(ClientMessage::Inventory(protocol::session::Bare {})).await
        else {
            panic!("an inventory was asked for")
        };
        let item_id = things.items.iter().find(|item| item.slot.is_some()).unwrap().item_id;
        let wear = ClientMessage::ItemEquip(protocol::inventory::WhichItem { item_id });
        assert_eq!(two.refused(wear).await.error_code, ErrorCode::Locked);
        let delete = ClientMessage::CharacterDelete(WhichCharacter { character_id: two.character });
        assert_eq!(two.refused(delete).await.error_code, ErrorCode::Conflict);
        let row = two.row().await;
        let kept = stage.world.delete_account(&row, "password", &two.address).await;
        assert_eq!(kept.unwrap_err().error_code, ErrorCode::Conflict);
        // And nobody of those who were refused is held.
        begin(&mut three, against("corrupt_wolf")).await;
    });
}

#[test]
fn a_location_is_searched_for_somebody_to_fight() {
    play(Plan::default(), |stage| async move {
        let mut peer = outsider(&stage).await;
        let start = begin(&mut peer, ClientMessage::CombatStart(StartCombat::default())).await;
        let met = &start.participants[1];
        assert!(["Hollow Soldier", "Corrupt Wolf"].contains(&met.name.as_str()), "{}", met.name);
    });
}

#[test]
fn a_turn_that_runs_out_goes_on_without_its_fighter() {
    play(Plan::default(), |stage| async move {
        let (mut one, mut two) = (outsider(&stage).await, outsider(&stage).await);
        begin(&mut one, challenge(&two)).await;
        let state = next_state(&mut one).await;
        next_state(&mut two).await;
        pass(state.turn_ends_in_ms.unwrap() + 1_500).await;
        let late = state.active_character_id;
        let state = next_state(&mut one).await;
        assert_ne!(state.active_character_id, late);
    });
}

#[test]
fn who_logs_out_and_comes_back_is_in_it_still() {
    play(Plan::default(), |stage| async move {
        let (mut one, mut two) = (outsider(&stage).await, outsider(&stage).await);
        let start = begin(&mut one, challenge(&two)).await;
        // Another session takes the character: it takes the fight, too.
        let mut again = stage.again(&two).await;
        again.enter().await;
        two.goodbye().await;
        let state = next_state(&mut again).await;
        assert_eq!(state.combat_id, start.combat_id);
        assert!(!state.is_finished);
        let acting = if state.active_character_id == one.character { &mut one } else { &mut again };
        let done = acting.ask(act(&start.combat_id, ActionType::Defend)).await;
        assert!(matches!(done, ServerMessage::CombatAction(_)), "{done:?}");
        // A new connection of the same session is shown how it stands.
        again.drop_connection();
        again.reconnect().await;
        assert_eq!(next_state(&mut again).await.combat_id, start.combat_id);
    });
}

#[test]
fn who_stays_away_has_lost() {
    play(Plan::default().with(|options| options.session.grace_ms = 1_000), |stage| async move {
        let (mut one, two) = (outsider(&stage).await, outsider(&stage).await);
        let start = begin(&mut one, challenge(&two)).await;
        two.drop_connection();
        for _ in 0..40 {
            one.linger(2_000).await;
            one.send(act(&start.combat_id, ActionType::Defend));
        }
        one.read();
        let end = one.inbox.iter().find_map(end_in).expect("it is over");
        assert_eq!((end.outcome, end.experience, end.souls), (Outcome::Won, 0, 0));
        // What it left of him waits for him.
        assert_eq!(aftermaths(&stage, &two).await, 1);
        let mut again = stage.again(&two).await;
        again.enter().await;
        pass(100).await;
        assert_eq!(aftermaths(&stage, &two).await, 0);
        let load = storage::characters::load(two.signed.account_id, two.character);
        let resources = stage.store.read(load).await.unwrap().unwrap().resources;
        assert_eq!(resources.health, (resources.max_health / 4).max(1));
    });
}

#[test]
fn a_panic_in_a_move_changes_nothing_and_the_fight_goes_on() {
    play(Plan::default(), |stage| async move {
        let (mut one, mut two) = (outsider(&stage).await, outsider(&stage).await);
        let start = begin(&mut one, challenge(&two)).await;
        let state = next_state(&mut one).await;
        next_state(&mut two).await;
        let acting = if state.active_character_id == one.character { &mut one } else { &mut two };
        actors::faults::arm("combat.act", 1);
        let failed = acting.refused(act(&start.combat_id, ActionType::Attack)).await;
        assert_eq!(failed.error_code, ErrorCode::Internal);
        let done = acting.ask(act(&start.combat_id, ActionType::Attack)).await;
        assert!(matches!(done, ServerMessage::CombatAction(_)), "{done:?}");
        let state = next_state(acting).await;
        assert_eq!(state.turn_number, 2, "the first turn was made once");
    });
}

#[test]
fn a_fight_outlives_the_process() {
    let disk = Disk::new();
    let (one, two, combat) = play_on(&disk, Plan::default(), |stage| async move {
        let (mut one, two) = (outsider(&stage).await, outsider(&stage).await);
        let start = begin(&mut one, challenge(&two)).await;
        (one, two, start.combat_id)
    });
    play_on(&disk, Plan::seeded(2, 0), |stage| async move {
        pass(100).await;
        let mut one = Peer::sign_in(&stage.world, &one.name, &one.address).await;
        one.character = CharacterId(1);
        one.enter().await;
        let state = next_state(&mut one).await;
        assert_eq!((state.combat_id.as_str(), state.is_finished), (combat.as_str(), false));
        let healths: Vec<i32> = state.participants.iter().map(|fighter| fighter.health).collect();
        // The other one does not come back in time.
        for _ in 0..40 {
            one.linger(2_000).await;
            one.send(act(&combat, ActionType::Defend));
        }
        one.read();
        let last = one.inbox.iter().filter_map(state_in).next_back().expect("it went on");
        let loser = last.participants.iter().find(|fighter| fighter.character_id == two.character).unwrap();
        assert_eq!((last.is_finished, loser.standing), (true, Standing::Down), "{healths:?}");
        assert_eq!(one.inbox.iter().find_map(end_in).map(|end| end.outcome), Some(Outcome::Won));
        assert_eq!(stage.store.read(storage::combats::under_way()).await.unwrap(), Vec::new());
    });
}

#[test]
fn what_was_won_is_had_once_whenever_the_process_dies() {
    let lost = Cell::new(0);
    for delay_ms in 0..12 {
        let disk = Disk::new();
        let (name, address, before, end) = play_on(&disk, Plan::seeded(5, 15), |stage| async move {
            let mut peer = outsider(&stage).await;
            let before = progress(&stage, &peer).await;
            let start = begin(&mut peer, against("hollow_soldier")).await;
            let end = fight_on(&mut peer, &start.combat_id).await;
            // The end was told, so it is on disk; whether its effect is, depends.
            pass(delay_ms).await;
            (peer.name.clone(), peer.address.clone(), before, end)
        });
        let lost = &lost;
        play_on(&disk, Plan::seeded(6, 15), |stage| async move {
            let mut peer = Peer::sign_in(&stage.world, &name, &address).await;
            peer.character = CharacterId(1);
            let late = aftermaths(&stage, &peer).await;
            lost.set(lost.get() + late);
            peer.enter().await;
            pass(1_000).await;
            let expected = (before.0 + end.experience, before.1 + end.souls, 2);
            assert_eq!(progress(&stage, &peer).await, expected, "after {delay_ms} ms");
            // What was put into effect now is told now.
            peer.read();
            let told: Vec<_> = peer.inbox.iter().filter_map(end_in).collect();
            assert_eq!(told, vec![end; late], "after {delay_ms} ms");
            assert_eq!(aftermaths(&stage, &peer).await, 0);
        });
    }
    assert!(lost.get() > 0, "at least once the process died in between");
}
