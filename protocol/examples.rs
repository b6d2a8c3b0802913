//! One realistic example of every message: for the golden file, the reference (docs/protocol.md) and tests.

use crate::{ClientMessage, ServerMessage, Stamp};

mod client;
mod combat;
mod server;

/// The envelope of every example: fixed, so that the golden file is.
pub const STAMP: Stamp<'static> = Stamp { timestamp: 1_730_000_000.5, message_id: None, ack: None };

/// One of everything a client may send, in the order of the vocabulary.
pub fn client() -> Vec<ClientMessage> {
    client::all()
}

/// One of everything the server may send, in the order of the vocabulary.
pub fn server() -> Vec<ServerMessage> {
    server::all()
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;

    use serde_json::Value;

    use super::STAMP;
    use crate::codec::{decode, encode};
    use crate::messages::Vocabulary;
    use crate::session::Resumed;
    use crate::{ClientMessage, Dialect, Incoming, ServerMessage};

    const GOLDEN: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden.jsonl");
    const GOLDEN_MSGPACK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/golden_msgpack.jsonl");

    // A body field of the same name would make a message nobody can read. `ack {seq}` alone may: it means the same.
    const ENVELOPE: [&str; 7] = ["type", "timestamp", "version", "priority", "message_id", "seq", "ack"];

    fn shares_no_name_with_the_envelope<M: Vocabulary>(example: &M) {
        let body = example.write(serde_json::value::Serializer).unwrap();
        for name in ENVELOPE {
            let clash = body.get(name).is_some() && (example.name(), name) != ("ack", "seq");
            assert!(!clash, "{}: `{name}` belongs to the envelope", example.name());
        }
    }

    fn check<M: Vocabulary + PartialEq + Debug>(examples: &[M]) {
        let names: Vec<&str> = examples.iter().map(Vocabulary::name).collect();
        assert_eq!(names, M::NAMES, "one example for every message, in the order of the vocabulary");
        for example in examples {
            shares_no_name_with_the_envelope(example);
            for dialect in [Dialect::Classic, Dialect::V1Json, Dialect::V1MsgPack] {
                let text = encode(dialect, example, STAMP);
                let read: Incoming<M> = decode(dialect, &text).unwrap();
                assert_eq!(&read.message, example);
                assert_eq!(encode(dialect, &read.message, STAMP), text);
                let nulls = text.windows(5).any(|bytes| bytes == b":null");
                assert_eq!(nulls, !dialect.is_v1(), "{}", example.name());
            }
        }
    }

    #[test]
    fn every_message_has_an_example_that_survives_the_wire() {
        check::<ClientMessage>(&super::client());
        check::<ServerMessage>(&super::server());
    }

    /// `value`, with another one of what is in it made null in each.
    fn with_a_null(value: &Value) -> Vec<Value> {
        let mut inner: Vec<(String, &Value)> = Vec::new();
        match value {
            Value::Object(fields) => inner.extend(fields.iter().map(|(name, it)| (format!("/{name}"), it))),
            Value::Array(items) => {
                inner.extend(items.iter().enumerate().map(|(at, it)| (format!("/{at}"), it)));
            }
            _ => {}
        }
        let with = |at: &str, put: Value| {
            let mut whole = value.clone();
            *whole.pointer_mut(at).unwrap() = put;
            whole
        };
        let deeper = |(at, it): &(String, &Value)| {
            let inside = with_a_null(it).into_iter().map(|put| with(at, put)).collect::<Vec<_>>();
            [vec![with(at, Value::Null)], inside].concat()
        };
        inner.iter().flat_map(deeper).collect()
    }

    /// How many values of the examples may be absent.
    fn leaves_out<M: Vocabulary + PartialEq + Debug>(examples: &[M]) -> usize {
        let mut absent = 0;
        for example in examples {
            let text = encode(Dialect::V1Json, example, STAMP);
            for lacking in with_a_null(&serde_json::from_slice(&text).unwrap()) {
                let Ok(read) = decode::<M>(Dialect::V1Json, lacking.to_string().as_bytes()) else { continue };
                absent += 1;
                let text = String::from_utf8(encode(Dialect::V1Json, &read.message, STAMP)).unwrap();
                // Under any name in there may be anything; and a gap is always told.
                let free = text.contains("\"details\":{") || text.contains("\"gap\":null");
                assert!(free || !text.contains(":null"), "{text}");
            }
        }
        absent
    }

    #[test]
    fn what_is_absent_is_left_out_in_v1() {
        assert!(leaves_out(&super::client()) > 20);
        assert!(leaves_out(&super::server()) > 40);
    }

    /// What the source document's client validates: without one of these it refuses the message.
    const DOCUMENTED: [(&str, &str); 13] = [
        ("auth_response", "success session_token player_id message server_time"),
        ("chat", "sender_id sender_name channel content recipient_id"),
        ("party_chat", "sender_id sender_name channel content recipient_id"),
        ("faction_chat", "sender_id sender_name channel content recipient_id"),
        ("whisper", "sender_id sender_name channel content recipient_id"),
        (
            "character_update",
            "character_id character_name location_id position health max_health mana max_mana stamina max_stamina \
             level faction",
        ),
        ("party_invite", "party_id inviter_id inviter_name invitee_id invitee_name party_name"),
        ("party_update", "party_id party_name leader_id member_ids member_names max_members loot_sharing"),
        ("combat_action", "combat_id character_id action_type target_id ability_name item_id"),
        ("combat_state", "combat_id turn_number active_character_id participants combat_log is_finished"),
        (
            "shard_captured",
            "shard_id shard_name captured_by_character_id captured_by_character_name faction \
             previous_owner_faction",
        ),
        (
            "world_state",
            "current_reality reality_stability faction_shard_counts dominant_faction active_players \
             total_aetherfalls",
        ),
        ("error", "error_code error_message details"),
    ];

    #[test]
    fn classic_messages_carry_every_documented_field() {
        for (name, fields) in DOCUMENTED {
            let examples = super::server();
            let example = examples.iter().find(|example| example.name() == name).unwrap();
            let text = encode(Dialect::Classic, example, STAMP);
            let message: Value = serde_json::from_slice(&text).unwrap();
            let envelope = ["type", "timestamp", "version", "message_id", "priority"];
            for field in envelope.into_iter().chain(fields.split_whitespace()) {
                assert!(message.get(field).is_some(), "{name} lacks the documented field {field}");
            }
        }
    }

    /// The usual case, which the example in the reference is not.
    fn resumed_without_a_gap() -> ServerMessage {
        let resumed = super::server().into_iter().find_map(|example| match example {
            ServerMessage::Resumed(resumed) => Some(resumed),
            _ => None,
        });
        ServerMessage::Resumed(Resumed { gap: None, ..resumed.unwrap() })
    }

    fn golden_lines<M: Vocabulary>(from: &str, examples: &[M]) -> String {
        let mut lines = String::new();
        for example in examples {
            for (dialect, name) in [(Dialect::Classic, "classic"), (Dialect::V1Json, Dialect::V1_JSON)] {
                let text = String::from_utf8(encode(dialect, example, STAMP)).unwrap();
                lines += &format!("{{\"from\":\"{from}\",\"dialect\":\"{name}\",\"message\":{text}}}\n");
            }
        }
        lines
    }

    /// MessagePack, in hexadecimal digits.
    fn golden_msgpack_lines<M: Vocabulary>(from: &str, examples: &[M]) -> String {
        let mut lines = String::new();
        for example in examples {
            let bytes = encode(Dialect::V1MsgPack, example, STAMP);
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            let name = example.name();
            lines += &format!("{{\"from\":\"{from}\",\"type\":\"{name}\",\"hex\":\"{hex}\"}}\n");
        }
        lines
    }

    fn compare(path: &str, now: &str) {
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(path, now).unwrap();
        }
        let golden = std::fs::read_to_string(path).unwrap_or_default();
        for (number, (was, is)) in golden.lines().zip(now.lines()).enumerate() {
            assert_eq!(is, was, "{path}:{}: {ADVICE}", number + 1);
        }
        assert_eq!(now.lines().count(), golden.lines().count(), "{ADVICE}");
    }

    #[test]
    fn the_wire_is_as_the_golden_files_say() {
        let (client, mut server) = (super::client(), super::server());
        server.push(resumed_without_a_gap());
        compare(GOLDEN, &(golden_lines("client", &client) + &golden_lines("server", &server)));
        let msgpack = golden_msgpack_lines("client", &client) + &golden_msgpack_lines("server", &server);
        compare(GOLDEN_MSGPACK, &msgpack);
    }

    const ADVICE: &str = "the wire changed, and clients out there read it. If that is meant: \
                          UPDATE_GOLDEN=1 cargo test -p shardmesh-protocol golden, and look at the diff";
}
