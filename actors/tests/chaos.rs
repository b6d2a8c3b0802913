//! Everything at once, with panics in between: in the end everybody is in one place, heard and answered.

use std::collections::BTreeMap;

use actors::faults::arm;
use proptest::prelude::{ProptestConfig, any, proptest};
use protocol::characters::WhichCharacter;
use protocol::chat::{Channel, Whisper};
use protocol::{CharacterId, ClientMessage, ServerMessage};

use crate::peer::{Peer, chat, step, text, travel};
use crate::stage::{Plan, Stage, pass, play};

const FAULTS: [&str; 13] = [
    "room.say",
    "room.enter",
    "room.leave",
    "world_shard.enter",
    "world_shard.leave",
    "world_shard.move",
    "world_shard.travel",
    "world_shard.tick",
    "world_shard.look",
    "chat",
    "move",
    "character_select",
    "session.attach",
];

struct Script(u64);

impl Script {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// Somebody with two characters, and the names of what he sent in this session.
struct Person {
    peer: Peer,
    characters: [CharacterId; 2],
    sent: Vec<String>,
}

fn scene(seed: u64, steps: u64, with_faults: bool) {
    let plan = Plan::seeded(seed, 40).with(|options| options.restarts.panics_max = usize::MAX);
    let plan = if seed.is_multiple_of(2) { plan.on_one_shard() } else { plan };
    play(plan, |stage: Stage| async move {
        let mut script = Script(seed);
        let mut people = Vec::new();
        for number in 0..4 {
            let mut peer = stage.guest().await;
            let name = format!("Second Self {}", ["a", "b", "c", "d"][number]);
            let second = peer.make_character_called(&name, 1).await;
            let first = peer.make_character(0).await;
            peer.enter().await;
            people.push(Person { peer, characters: [first, second], sent: Vec::new() });
        }
        for number in 0..steps {
            if with_faults && script.below(4) == 0 {
                arm(FAULTS[script.below(FAULTS.len() as u64) as usize], 1);
            }
            let whom = people[script.below(4) as usize].peer.character;
            let who = script.below(4) as usize;
            act(&stage, &mut people[who], whom, number, &mut script).await;
            pass(script.below(50)).await;
        }
        for fault in FAULTS {
            arm(fault, 0);
        }
        pass(3_000).await;
        all_is_well(&stage, people, seed).await;
    });
}

async fn act(stage: &Stage, person: &mut Person, whom: CharacterId, number: u64, script: &mut Script) {
    let peer = &mut person.peer;
    let word = format!("line {number}");
    let message = match script.below(12) {
        0 | 1 => chat(Channel::Global, &word),
        2 => chat(Channel::Say, &word),
        3 => chat(Channel::Faction, &word),
        4 | 5 => travel([1, 2, 5, 11][script.below(4) as usize]),
        6 => step(script.below(3) as f64, 0.0),
        7 => {
            // What was not answered may be lost with the connection: a client says it again.
            person.sent.clear();
            peer.drop_connection();
            return peer.reconnect().await;
        }
        8 => {
            let other = person.characters[script.below(2) as usize];
            peer.character = other;
            ClientMessage::CharacterSelect(WhichCharacter { character_id: other })
        }
        9 => {
            // Another session takes the character over while the first signs out.
            let mut again = stage.again(peer).await;
            again.send_as(select(again.character), None).unwrap();
            pass(script.below(30)).await;
            stage.world.sign_out(peer.signed.account_id, peer.signed.session_id).await.unwrap();
            person.sent.clear();
            person.peer = again;
            return;
        }
        10 => {
            stage.world.sign_out(peer.signed.account_id, peer.signed.session_id).await.unwrap();
            let mut again = stage.again(peer).await;
            again.send_as(select(again.character), None).unwrap();
            person.sent.clear();
            person.peer = again;
            return;
        }
        _ => ClientMessage::Whisper(Whisper {
            recipient_id: Some(whom),
            recipient_name: None,
            content: text(&word),
        }),
    };
    let id = peer.send(message);
    person.sent.push(id);
}

fn select(character_id: CharacterId) -> ClientMessage {
    ClientMessage::CharacterSelect(WhichCharacter { character_id })
}

async fn all_is_well(stage: &Stage, people: Vec<Person>, seed: u64) {
    let mut peers = Vec::new();
    for mut person in people {
        person.peer.read();
        let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
        for id in person.peer.heard.iter().filter_map(|heard| heard.id.as_deref()) {
            *answers.entry(id).or_default() += 1;
        }
        for id in &person.sent {
            assert_eq!(answers.get(id.as_str()), Some(&1), "seed {seed}: {} {id}", person.peer.name);
        }
        peers.push(person.peer);
    }
    // Whoever met a panic while taking his character does it again.
    for peer in &mut peers {
        let answer = peer.ask(select(peer.character)).await;
        assert!(matches!(answer, ServerMessage::CharacterSelect(_)), "seed {seed}: {answer:?}");
    }
    pass(1_500).await;
    assert_eq!(stage.world.directory().len(), 4, "seed {seed}");
    let seen = stage.world.world_view().await;
    let bodies: usize = seen.locations.iter().map(|location| location.characters.len()).sum();
    assert_eq!(bodies, 4, "seed {seed}: {seen:?}");
    let members = |kind: &str, key: &str| {
        let entities = stage.world.mesh_view().entities;
        let these = entities.iter().filter(|entity| entity.kind == kind && entity.key.starts_with(key));
        these.map(|entity| entity.members).sum::<u64>()
    };
    assert_eq!(members("room", "global"), 4, "seed {seed}");
    assert_eq!(members("room", "faction"), 4, "seed {seed}");
    assert_eq!(members("room", "say"), 4, "seed {seed}: {:?}", stage.world.mesh_view());
    assert_eq!(members("world_shard", ""), 4, "seed {seed}");
    for number in 0..4 {
        let speaker = &mut peers[number];
        speaker.say(Channel::Global, &format!("well {number}")).await;
        speaker.say(Channel::Faction, "we are").await;
        speaker.say(Channel::Say, "here").await;
        let place = speaker.place().await;
        let back = if place.0 == 1 { 5 } else { 1 };
        let moved = speaker.ask(travel(back)).await;
        assert!(matches!(moved, ServerMessage::LocationUpdate(_)), "seed {seed}: {moved:?}");
        for (_, listener) in peers.iter_mut().enumerate().filter(|(at, _)| *at != number) {
            listener.hear(&format!("well {number}")).await;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_people_do_they_are_in_one_place_and_answered(seed in any::<u64>()) {
        scene(seed, 60, false);
    }
}

/// The same seeds each time: what they find is found by everybody.
#[test]
fn whatever_panics_people_are_in_one_place_and_answered() {
    for seed in (0..24).chain([12_795_362_534_264_473_047, 13_540_388_738_018_846_731]) {
        scene(seed, 60, true);
    }
}
