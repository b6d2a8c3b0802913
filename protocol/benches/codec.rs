//! What reading and writing one message costs: `cargo bench -p shardmesh-protocol`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use shardmesh_protocol::characters::CharacterUpdate;
use shardmesh_protocol::codec::{decode, encode};
use shardmesh_protocol::movement::Position;
use shardmesh_protocol::{CharacterId, ClientMessage, Dialect, LocationId, ServerMessage, Stamp};

const GOLDEN: &str = include_str!("../golden.jsonl");

/// The golden file's message of this name from a client.
fn golden(dialect: Dialect, name: &str) -> &'static [u8] {
    let dialect = if dialect.is_v1() { Dialect::V1_JSON } else { "classic" };
    let start = format!("{{\"from\":\"client\",\"dialect\":\"{dialect}\",\"message\":");
    let message = GOLDEN
        .lines()
        .filter_map(|line| line.strip_prefix(&start)?.strip_suffix('}'))
        .find(|message| message.starts_with(&format!("{{\"type\":\"{name}\"")));
    message.expect("every message is in the golden file").as_bytes()
}

fn update() -> ServerMessage {
    ServerMessage::CharacterUpdate(CharacterUpdate {
        character_id: CharacterId(7),
        character_name: "Mira Sol".to_owned(),
        location_id: Some(LocationId(1)),
        position: Some(Position { x: 12.5, y: -3.25, z: 0.0 }),
        velocity: Some(Position { x: 2.0, y: 0.5, z: 0.0 }),
        health: None,
        max_health: None,
        mana: None,
        max_mana: None,
        stamina: None,
        max_stamina: None,
        level: Some(1),
        faction: Some("Aether Seekers".to_owned()),
    })
}

fn codec(criterion: &mut Criterion) {
    for (dialect, suffix) in [(Dialect::Classic, "classic"), (Dialect::V1Json, "v1")] {
        for name in ["move", "chat"] {
            let text = golden(dialect, name);
            criterion.bench_function(&format!("decode {name}, {suffix}"), |bench| {
                bench.iter(|| decode::<ClientMessage>(dialect, black_box(text)));
            });
        }
        let update = update();
        let stamp = Stamp { timestamp: 1_730_000_000.5, message_id: None, ack: None };
        criterion.bench_function(&format!("encode character_update, {suffix}"), |bench| {
            bench.iter(|| encode(dialect, black_box(&update), stamp));
        });
    }
}

criterion_group!(benches, codec);
criterion_main!(benches);
