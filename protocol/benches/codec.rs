//! What reading and writing one message costs: `cargo bench -p shardmesh-protocol`.

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use shardmesh_protocol::characters::CharacterUpdate;
use shardmesh_protocol::chat::{Channel, Chat, ChatHistory, PastLine};
use shardmesh_protocol::codec::{decode, encode, with_seq};
use shardmesh_protocol::messages::Vocabulary;
use shardmesh_protocol::movement::Position;
use shardmesh_protocol::{
    CharacterId, ClientMessage, Dialect, Incoming, LocationId, ServerMessage, Stamp, compression,
};

const STAMP: Stamp = Stamp { timestamp: 1_730_000_000.5, message_id: None, ack: None };

/// The example of this name from a client.
fn example(dialect: Dialect, name: &str) -> Vec<u8> {
    let start = format!("{{\"from\":\"client\",\"dialect\":\"{}\",\"message\":", Dialect::V1_JSON);
    let message = include_str!("../golden.jsonl")
        .lines()
        .filter_map(|line| line.strip_prefix(&start)?.strip_suffix('}'))
        .find(|message| message.starts_with(&format!("{{\"type\":\"{name}\"")))
        .expect("every message is in the golden file");
    let read: Incoming<ClientMessage> = decode(Dialect::V1Json, message.as_bytes()).expect("it is golden");
    encode(dialect, &read.message, STAMP)
}

fn chat() -> ServerMessage {
    ServerMessage::Chat(Chat {
        sender_id: CharacterId(7),
        sender_name: "Mira Sol".to_owned(),
        channel: Channel::Global,
        content: "Anybody up for the volcano?".to_owned(),
        recipient_id: None,
        chat_id: 816,
    })
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
    let dialects =
        [(Dialect::Classic, "classic"), (Dialect::V1Json, "json"), (Dialect::V1MsgPack, "msgpack")];
    for (dialect, suffix) in dialects {
        for name in ["ping", "move", "chat"] {
            let bytes = example(dialect, name);
            criterion.bench_function(&format!("decode {name}, {suffix}"), |bench| {
                bench.iter(|| decode::<ClientMessage>(dialect, black_box(&bytes)));
            });
        }
        for message in [update(), chat()] {
            criterion.bench_function(&format!("encode {}, {suffix}", message.name()), |bench| {
                bench.iter(|| encode(dialect, black_box(&message), STAMP));
            });
        }
        let (encoded, mut out) = (encode(dialect, &chat(), STAMP), Vec::new());
        criterion.bench_function(&format!("number chat, {suffix}"), |bench| {
            bench.iter(|| {
                out.clear();
                with_seq(dialect, black_box(123_456), &encoded, &mut out);
            });
        });
    }
}

/// A page of talk, about as long as pages get.
fn history() -> ServerMessage {
    let words =
        ["volcano", "Nexus", "the", "Tempest Crown", "anybody", "selling", "hound", "tonight", "up for"];
    let line = |nth: usize| {
        let said: Vec<&str> =
            (0..3 + nth % 7).map(|word| words[(nth * 7 + word * word) % words.len()]).collect();
        PastLine {
            sender_id: CharacterId(1000 + (nth * 37 % 50) as i64),
            sender_name: format!("Hero {}", words[nth % words.len()]),
            content: said.join(" "),
            chat_id: 816 + nth as u64,
            said_at: 1_730_000_000.5 + nth as f64,
        }
    };
    ServerMessage::ChatHistory(ChatHistory { channel: Channel::Global, lines: (0..50).map(line).collect() })
}

fn compress(criterion: &mut Criterion) {
    for (dialect, suffix) in [(Dialect::V1Json, "json"), (Dialect::V1MsgPack, "msgpack")] {
        let plain = encode(dialect, &history(), STAMP);
        let compressed = compression::compress(&plain).expect("it repeats itself");
        println!("chat_history, {suffix}: {} bytes, compressed {}", plain.len(), compressed.len());
        criterion.bench_function(&format!("compress chat_history, {suffix}"), |bench| {
            bench.iter(|| compression::compress(black_box(&plain)));
        });
        criterion.bench_function(&format!("open chat_history, {suffix}"), |bench| {
            bench.iter(|| compression::open(black_box(&compressed), 65_536));
        });
    }
}

criterion_group!(benches, codec, compress);
criterion_main!(benches);
