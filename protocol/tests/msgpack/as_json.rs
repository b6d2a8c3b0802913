//! MessagePack carries what JSON carries, and refuses what JSON refuses.

use proptest::prelude::{Just, Strategy, any, prop};
use proptest::{prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};
use shardmesh_protocol::codec::{decode, encode};
use shardmesh_protocol::messages::Vocabulary;
use shardmesh_protocol::{ClientMessage, Dialect, ServerMessage, Stamp};

use super::{MESSAGES, hex, pack, read, refused};

#[test]
fn refusals_are_in_the_words_that_json_gets() {
    let cases = [
        json!({"type": "nope"}),
        json!({"type": null}),
        json!({"type": 5}),
        json!({}),
        json!({"type": "combat_damage"}),
        json!({"type": "ping", "version": "0.9"}),
        json!({"type": "ping", "message_id": ""}),
        json!({"type": "ping", "ack": -1}),
        json!({"type": "ping", "timestamp": "now"}),
        json!({"type": "chat"}),
        json!({"type": "chat", "content": ""}),
        json!({"type": "chat", "content": 5, "message_id": "m-9"}),
        json!({"type": "chat", "content": "x", "channel": "nowhere"}),
        json!({"type": "chat", "content": "x", "recipient_id": 1.5}),
        json!({"type": "move", "to_location_id": 0, "position": {"x": "a", "y": 1}}),
        json!({"type": "move", "to_location_id": 0, "position": {"x": 1}}),
        json!({"type": "trade_update", "trade_id": 1, "items": [1, "two"]}),
        json!({"type": "character_create", "name": "x", "stats": {"strength": "high"}}),
        json!({"type": "chat", "content": "x", "channel": {"say": null}}),
        json!({"type": "chat", "content": "x", "channel": 0}),
        json!({"type": "move", "to_location_id": 0, "position": [1, 2]}),
        json!({"type": "move", "to_location_id": 0, "position": "here"}),
        json!({"type": "trade_update", "trade_id": "t", "stacks": [["health_potion", 1]]}),
        json!({"type": "resume", "resume_token": "t", "last_seq": 0, "session_id": vec![1; 16]}),
    ];
    for message in cases {
        let json = decode::<ClientMessage>(Dialect::V1Json, message.to_string().as_bytes()).unwrap_err();
        assert_eq!(read(&pack(&message)).unwrap_err(), json, "{message}");
    }
    let twice = hex("83 a474797065 a463686174 a7636f6e74656e74 a161 a7636f6e74656e74 a162");
    assert_eq!(refused(&twice).1.as_deref(), Some("content"));
}

/// Every place of a value in this one.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(name, value)| {
            places(value, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found)
        }),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(nth, value)| places(value, &format!("{at}/{nth}"), found))
        }
        _ => {}
    }
    if !at.is_empty() {
        found.push(at.to_owned());
    }
}

fn other_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!([1, 2, 3])),
        Just(json!([["health_potion", 1]])),
        Just(json!({"say": null})),
        any::<String>().prop_map(Value::from),
        (-(1i64 << 53) + 1..1i64 << 53).prop_map(Value::from),
        any::<i16>().prop_map(Value::from),
        // Short ones: of long ones the JSON reader may miss the last digit.
        any::<i32>().prop_map(|eighths| Value::from(f64::from(eighths) / 8.0)),
        any::<bool>().prop_map(Value::from),
        Just(Value::Null),
    ]
}

/// Whatever JSON brings, MessagePack brings too; and the same stays out.
fn same_in_both<M: Vocabulary + PartialEq + std::fmt::Debug>(message: &Value) -> Result<(), String> {
    let from_json = decode::<M>(Dialect::V1Json, message.to_string().as_bytes());
    let from_msgpack = decode::<M>(Dialect::V1MsgPack, &pack(message));
    let incoming = match (from_json, from_msgpack) {
        (Ok(json), Ok(msgpack)) if json == msgpack => json,
        // Large numbers are told in other words.
        (Err(json), Err(msgpack))
            if (&json.field, &json.message_id) == (&msgpack.field, &msgpack.message_id) =>
        {
            return Ok(());
        }
        (json, msgpack) => return Err(format!("{message}: {json:?} but {msgpack:?}")),
    };
    let name = incoming.message_id.as_deref();
    let stamp = Stamp { timestamp: 1.5, message_id: name, ack: incoming.ack };
    let back = decode::<M>(Dialect::V1MsgPack, &encode(Dialect::V1MsgPack, &incoming.message, stamp));
    let back = back.map_err(|malformed| malformed.reason)?;
    if back.message != incoming.message || back.message_id != incoming.message_id || back.ack != incoming.ack
    {
        return Err(format!("{incoming:?} came back as {back:?}"));
    }
    Ok(())
}

proptest! {
    #[test]
    fn json_and_messagepack_carry_the_same(
        line in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), other_value()), 0..3),
    ) {
        let (from, mut message) = line.get(&MESSAGES[..]).clone();
        let mut found = Vec::new();
        places(&message, "", &mut found);
        for (at, value) in changes {
            // What it was in may be gone.
            if let Some(place) = message.pointer_mut(at.get(&found[..]).as_str()) {
                *place = value;
            }
        }
        let same = if from == "client" {
            same_in_both::<ClientMessage>(&message)
        } else {
            same_in_both::<ServerMessage>(&message)
        };
        prop_assert_eq!(same, Ok(()));
    }
}
