//! Crystal shards on the running world: a guardian falls, somebody takes the shard, everybody hears of it.

use protocol::combat::{ActionType, CombatEnd, Outcome};
use protocol::ids::CrystalShardId;
use protocol::world::{ShardCaptured, WorldState};
use protocol::{ClientMessage, ErrorCode, ServerMessage};
use rules::Content;
use rules::content::BUILTIN;
use rules::venue::{RealmSave, Save, ShardChange};

use crate::combat::{act, against, begin, end_in, fight_on, progress, rest};
use crate::party::{accept, create, invite};
use crate::peer::{Heard, Peer, travel};
use crate::quests::quest_in;
use crate::stage::{Disk, Plan, Stage, pass, play, play_on};

const VOLCANO: i64 = 2;

/// A world whose guardians can be defeated by one of the first level.
pub fn easy(seed: u64) -> Plan {
    let files: Vec<(&str, String)> = BUILTIN
        .iter()
        .map(|(name, text)| (*name, text.replace("health = 50000", "health = 15, kind = \"hollow_soldier\"")))
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let plan = Plan { content: Content::parse(&files).unwrap(), ..Plan::seeded(seed, 10) };
    plan.with(|options| {
        options.combat.limits.guardian_min = 1;
        options.combat.limits.guardian_health_percent = 100;
    })
}

pub async fn challenger(stage: &Stage, faction: usize) -> Peer {
    let mut peer = stage.player_of(faction).await;
    assert!(matches!(peer.ask(travel(VOLCANO)).await, ServerMessage::LocationUpdate(_)));
    peer
}

pub fn captured_in(heard: &Heard) -> Option<ShardCaptured> {
    match &heard.message {
        ServerMessage::ShardCaptured(captured) => Some(captured.clone()),
        _ => None,
    }
}

async fn world_state(peer: &mut Peer) -> WorldState {
    pass(300).await;
    match peer.ask(ClientMessage::WorldState(protocol::session::Bare {})).await {
        ServerMessage::WorldState(state) => state,
        other => panic!("{other:?}"),
    }
}

/// Fights the guardian until it is won: by then nobody else has to be near.
pub async fn win(peer: &mut Peer) -> String {
    for _ in 0..20 {
        let start = begin(peer, against("guardian")).await;
        let end = fight_on(peer, &start.combat_id).await;
        peer.inbox.retain(|heard| end_in(heard).is_none());
        if end.outcome == Outcome::Won {
            return start.combat_id;
        }
        peer.linger(100).await;
    }
    panic!("{} never wins", peer.name);
}

#[test]
fn a_shard_is_taken_and_the_world_hears_of_it() {
    play(easy(1), |stage| async move {
        let mut far = stage.player_of(3).await;
        let mut peer = challenger(&stage, 0).await;
        win(&mut peer).await;
        let captured = peer.wait("shard_captured", captured_in).await;
        assert_eq!(far.wait("shard_captured", captured_in).await, captured);
        let faction = stage.world.content().factions()[0].name.clone();
        assert_eq!((captured.shard_id, captured.faction.as_str()), (CrystalShardId(1), faction.as_str()));
        assert_eq!(captured.captured_by_character_id, peer.character);
        let state = world_state(&mut peer).await;
        assert_eq!(
            (state.faction_shard_counts[&faction], state.dominant_faction),
            (1, Some(faction.clone()))
        );
        let shards = stage.world.crystal_shards().await.unwrap();
        assert_eq!((shards[0].is_captured, shards[0].owning_faction.as_ref()), (true, Some(&faction)));
        assert!(shards[0].guardian_defeated && !shards[1].is_captured);
        assert_eq!((shards[0].status.as_str(), shards[1].status.as_str()), ("controlled", "unclaimed"));
        let events = stage.world.world_events(10).await.unwrap().events;
        assert_eq!(events[0].event_type, "shard_capture");
        assert_eq!(progress(&stage, &peer).await.0, 5_000);
        // It is theirs: nobody of them has to fight for it again.
        assert_eq!(peer.refused(against("guardian")).await.error_code, ErrorCode::Conflict);
        let mut other = challenger(&stage, 1).await;
        win(&mut other).await;
        let captured = far.wait("shard_captured", captured_in).await;
        assert_eq!(captured.previous_owner_faction, Some(faction));
    });
}

#[test]
fn of_two_who_defeat_the_same_guardian_one_takes_the_shard() {
    for seed in 0..8 {
        play(easy(seed), |stage| async move {
            let (mut one, mut two) = (challenger(&stage, 0).await, challenger(&stage, 1).await);
            let (first, second) =
                (begin(&mut one, against("guardian")).await, begin(&mut two, against("guardian")).await);
            let ends = (
                fight_on(&mut one, &first.combat_id).await.outcome,
                fight_on(&mut two, &second.combat_id).await.outcome,
            );
            pass(1_000).await;
            one.read();
            two.read();
            let heard = |peer: &Peer| peer.count(|heard| captured_in(heard).is_some());
            let refused = |peer: &Peer| {
                peer.count(|heard| {
                    matches!(&heard.message, ServerMessage::Error(error) if error.error_code == ErrorCode::Conflict)
                })
            };
            let won = usize::from(ends.0 == Outcome::Won) + usize::from(ends.1 == Outcome::Won);
            assert_eq!((heard(&one), heard(&two)), (won.min(1), won.min(1)), "{ends:?}");
            assert_eq!(refused(&one) + refused(&two), won.saturating_sub(1), "{ends:?}");
            let shards = stage.world.crystal_shards().await.unwrap();
            assert_eq!(shards[0].is_captured, won > 0);
        });
    }
}

#[test]
fn a_realm_that_panics_is_asked_again() {
    play(easy(1), |stage| async move {
        let mut peer = challenger(&stage, 0).await;
        actors::faults::arm("realm.capture", 1);
        let combat = win(&mut peer).await;
        let late = peer.refused(act(&combat, ActionType::Attack)).await;
        assert_eq!(late.error_code, ErrorCode::Conflict, "it is over, and not to be tried again");
        peer.linger(5_000).await;
        assert_eq!(peer.count(|heard| captured_in(heard).is_some()), 1);
        assert_eq!(progress(&stage, &peer).await.0, 5_000);
    });
}

/// As everybody is told: of the shards, and of the world.
async fn is_contested(stage: &Stage) -> bool {
    pass(300).await;
    let status = stage.world.crystal_shards().await.unwrap()[0].status.clone();
    let state = stage.world.world_state().await.unwrap();
    assert_eq!(status == "contested", state.contested_shards == [CrystalShardId(1)], "{state:?}");
    status == "contested"
}

#[test]
fn a_shard_is_contested_until_nobody_fights_for_it_even_if_the_process_dies() {
    let disk = Disk::new();
    play_on(&disk, easy(1), |stage| async move {
        let (mut one, mut two) = (challenger(&stage, 0).await, challenger(&stage, 1).await);
        assert!(!is_contested(&stage).await);
        let first = begin(&mut one, against("guardian")).await;
        begin(&mut two, against("guardian")).await;
        assert!(is_contested(&stage).await);
        for _ in 0..100 {
            let fled = one.ask(act(&first.combat_id, ActionType::Flee)).await;
            if matches!(fled, ServerMessage::Error(_)) {
                break;
            }
        }
        assert!(is_contested(&stage).await, "the other one fights on");
    });
    let plan = easy(2).with(|options| options.combat.limits.absent_ms = 5_000);
    play_on(&disk, plan, |stage| async move {
        assert!(is_contested(&stage).await);
        // Nobody comes back to it.
        pass(20_000).await;
        assert!(!is_contested(&stage).await);
        assert_eq!(stage.world.crystal_shards().await.unwrap()[0].status, "unclaimed");
    });
}

/// The easy world, in which taking a shard is the first quest.
pub fn ambitious(seed: u64) -> Plan {
    let mut plan = easy(seed);
    let files: Vec<(&str, String)> = BUILTIN
        .iter()
        .map(|(name, text)| {
            let text = text.replace("health = 50000", "health = 15, kind = \"hollow_soldier\"");
            (*name, text.replace("after = \"knight-fall\"\n", ""))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    plan.content = Content::parse(&files).unwrap();
    plan
}

#[test]
fn who_took_a_shard_has_the_credit_for_it_once_though_the_process_died_before_he_knew() {
    let disk = Disk::new();
    let (name, address) = play_on(&disk, ambitious(1), |stage| async move {
        let mut peer = challenger(&stage, 0).await;
        actors::faults::arm("realm.capture", 4);
        let combat = win(&mut peer).await;
        actors::faults::arm("realm.capture", 0);
        // What the realm would have written: then the process is gone.
        let faction = stage.world.content().factions()[0].name.clone();
        let change = ShardChange {
            shard: CrystalShardId(1),
            faction: Some(faction),
            previous: None,
            by: Some(peer.character),
            combat: Some(serde_json::from_value(combat.into()).unwrap()),
            epoch: 1,
        };
        let save = RealmSave {
            reality: "Neutral".to_owned(),
            stability: 100,
            aetherfalls: 0,
            changes: vec![change],
            seals: Vec::new(),
        };
        let save = storage::saves::apply(vec![Save::Realm(Box::new(save))], None, 1);
        stage.store.write(save).await.unwrap();
        (peer.name.clone(), peer.address.clone())
    });
    for round in 0..2 {
        let (name, address) = (name.clone(), address.clone());
        play_on(&disk, ambitious(2 + round), |stage| async move {
            let mut peer = Peer::sign_in(&stage.world, &name, &address).await;
            peer.character = protocol::CharacterId(1);
            peer.enter().await;
            peer.linger(5_000).await;
            let completed = peer.count(|heard| {
                quest_in(heard)
                    .is_some_and(|quest| quest.quest_id == "keeper-of-a-shard" && quest.status == "completed")
            });
            assert_eq!(completed, usize::from(round == 0));
            assert_eq!(peer.count(|heard| captured_in(heard).is_some()), 0);
            assert_eq!(peer.count(|heard| matches!(heard.message, ServerMessage::Error(_))), 0);
            // The guardian's, and what both quests bring.
            assert_eq!(progress(&stage, &peer).await.0, 5_000 + 2_000 + 1_000);
        });
    }
}

/// A party of these, led by the first, all of them before the guardian.
pub async fn band(stage: &Stage, factions: &[usize]) -> Vec<Peer> {
    let mut peers = Vec::new();
    for faction in factions {
        peers.push(challenger(stage, *faction).await);
    }
    let made = peers[0].ask(create()).await;
    assert!(matches!(made, ServerMessage::PartyUpdate(_)), "{made:?}");
    for index in 1..peers.len() {
        let whom = peers[index].character;
        let invited = peers[0].ask(invite(whom)).await;
        assert!(!matches!(invited, ServerMessage::Error(_)), "{invited:?}");
        let accepted = peers[index].ask(accept(None)).await;
        assert!(matches!(accepted, ServerMessage::PartyUpdate(_)), "{accepted:?}");
    }
    peers
}

/// Everybody strikes when it is his turn.
pub async fn fight_together(peers: &mut [Peer], combat: &str) -> Vec<CombatEnd> {
    for _ in 0..400 {
        for peer in peers.iter_mut() {
            if let ServerMessage::Error(error) = peer.ask(act(combat, ActionType::Attack)).await
                && error.error_code == ErrorCode::NotEnough
            {
                peer.ask(rest(combat)).await;
            }
        }
        let ends: Vec<_> = peers.iter_mut().filter_map(|peer| peer.inbox.iter().find_map(end_in)).collect();
        if ends.len() == peers.len() {
            return ends;
        }
    }
    panic!("they can't bring it to an end");
}

#[test]
fn a_party_takes_a_shard_and_shares_what_it_won() {
    let plan = easy(1).with(|options| options.combat.limits.guardian_min = 4);
    play(plan, |stage| async move {
        let mut peers = band(&stage, &[0, 1, 0, 0]).await;
        let before = progress(&stage, &peers[3]).await;
        let start = begin(&mut peers[1], against("guardian")).await;
        assert_eq!(start.participants.len(), 5);
        let ends = fight_together(&mut peers, &start.combat_id).await;
        assert!(ends.iter().all(|end| end.outcome == Outcome::Won), "{ends:?}");
        assert!(ends.iter().all(|end| end.experience == 1_250), "{ends:?}");
        let captured = peers[1].wait("shard_captured", captured_in).await;
        assert_eq!(captured.faction, stage.world.content().factions()[0].name);
        let captor = peers.iter().position(|peer| peer.character == captured.captured_by_character_id);
        assert!(captor.is_some_and(|index| index != 1), "of those whose faction is the most: {captured:?}");
        for peer in &mut peers {
            peer.linger(3_000).await;
            let heard = peer.count(|heard| captured_in(heard).is_some());
            assert_eq!(heard, 1);
        }
        let after = progress(&stage, &peers[3]).await;
        assert_eq!((after.0, after.1), (before.0 + 1_250, before.1 + ends[3].souls));
    });
}

#[test]
fn too_few_or_too_divided_a_party_challenges_no_guardian() {
    for factions in [&[0, 0, 0][..], &[0, 0, 1, 1]] {
        let plan = easy(1).with(|options| options.combat.limits.guardian_min = 4);
        play(plan, |stage| async move {
            let mut peers = band(&stage, factions).await;
            assert_eq!(peers[0].refused(against("guardian")).await.error_code, ErrorCode::Conflict);
            // It came to nothing for everybody.
            for peer in &mut peers {
                peer.linger(2_000).await;
            }
            pass(4_000).await;
            for peer in &mut peers {
                assert!(matches!(peer.ask(travel(1)).await, ServerMessage::LocationUpdate(_)));
            }
            assert!(!stage.world.crystal_shards().await.unwrap()[0].is_captured);
        });
    }
}

#[test]
fn however_many_ask_how_the_world_stands_the_disk_is_read_once_and_what_has_happened_is_seen() {
    play(easy(31), |stage: Stage| async move {
        let mut winner = challenger(&stage, 0).await;
        let reads = || stage.store.stats().reads;
        let before = reads();
        let asked = (0..100).map(async |_| {
            let (state, shards) = (stage.world.world_state().await, stage.world.crystal_shards().await);
            (state.unwrap(), shards.unwrap(), stage.world.world_events(5).await.unwrap())
        });
        let answers = futures_util::future::join_all(asked).await;
        assert!(answers.iter().all(|answer| *answer == answers[0]));
        // The row, the counts and the shards for the state, the shards, the events.
        assert_eq!(reads() - before, 5);
        // Not a moment too old after all that.
        win(&mut winner).await;
        winner.wait("shard_captured", captured_in).await;
        assert!(stage.world.crystal_shards().await.unwrap()[0].is_captured);
        assert_eq!(stage.world.world_events(5).await.unwrap().events[0].event_type, "shard_capture");
    });
}
