//! Whatever bytes arrive, the decoder answers: a message, or a refusal that names the field where there is one.

use std::collections::BTreeSet;

use proptest::prelude::{any, prop};
use proptest::{prop_assert, prop_oneof, proptest};
use serde_json::{Map, Value, json};
use shardmesh_protocol::codec::{DEPTH_MAX, decode};
use shardmesh_protocol::messages::Vocabulary;
use shardmesh_protocol::{ClientMessage, Dialect, Malformed, ServerMessage};

const GOLDEN: &str = include_str!("../golden.jsonl");
const DIALECTS: [Dialect; 4] =
    [Dialect::Classic, Dialect::ClassicEncrypted, Dialect::V1Json, Dialect::V1MsgPack];
/// Every refusal begins with one of the documented texts.
const REASONS: [&str; 4] = [
    "Invalid JSON: ",
    "Invalid MessagePack: ",
    "Failed to deserialize message: ",
    "Message validation failed",
];
const ENVELOPE: [&str; 5] = ["type", "timestamp", "version", "priority", "message_id"];

/// What a client can't leave out, by message. What is not listed has no such field.
const REQUIRED: [(&str, &[&str]); 22] = [
    ("resume", &["session_id", "resume_token", "last_seq"]),
    ("ack", &["seq"]),
    ("character_select", &["character_id"]),
    ("character_create", &["name", "race", "class", "faction"]),
    ("character_delete", &["character_id"]),
    ("move", &["to_location_id"]),
    ("chat", &["content"]),
    ("whisper", &["content"]),
    ("party_chat", &["content"]),
    ("faction_chat", &["content"]),
    ("world_announcement", &["content"]),
    ("party_invite", &["invitee_id"]),
    ("party_kick", &["character_id"]),
    ("combat_action", &["combat_id", "action_type"]),
    ("item_equip", &["item_id"]),
    ("item_unequip", &["item_id"]),
    ("item_pickup", &["ground_id"]),
    ("vendor_buy", &["kind"]),
    ("trade_request", &["recipient_id"]),
    ("trade_update", &["trade_id"]),
    ("trade_accept", &["trade_id", "offer_version"]),
    ("trade_decline", &["trade_id"]),
];

/// The classic messages of the golden file that come from a client.
fn client_messages() -> Vec<Map<String, Value>> {
    GOLDEN
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["from"] == "client" && line["dialect"] == "classic")
        .map(|line| line["message"].as_object().unwrap().clone())
        .collect()
}

fn read(message: &Map<String, Value>) -> Result<ClientMessage, Malformed> {
    let text = serde_json::to_vec(message).unwrap();
    decode(Dialect::Classic, &text).map(|incoming| incoming.message)
}

fn name_of(message: &Map<String, Value>) -> &str {
    message["type"].as_str().unwrap()
}

fn body_fields(message: &Map<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    message.iter().filter(|(name, _)| !ENVELOPE.contains(&name.as_str()))
}

#[track_caller]
fn assert_names(field: &str, message: &Map<String, Value>) {
    let malformed = read(message).expect_err(&format!("{field} is wrong in {message:?}"));
    assert_eq!(malformed.field.as_deref(), Some(field), "{}", malformed.reason);
    assert!(malformed.reason.contains(field), "{}", malformed.reason);
    assert_eq!(malformed.to_error().details["field"], field);
}

#[test]
fn a_missing_required_field_is_named_and_an_optional_one_may_be_missing() {
    let mut seen = BTreeSet::new();
    for message in client_messages() {
        let name = name_of(&message).to_owned();
        let required =
            REQUIRED.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, fields)| fields);
        for (field, _) in body_fields(&message) {
            let mut without = message.clone();
            without.remove(field);
            if required.contains(&field.as_str()) {
                assert_names(field, &without);
                without.insert(field.clone(), Value::Null);
                assert_names(field, &without);
                seen.insert((name.clone(), field.clone()));
            } else {
                read(&without).unwrap_or_else(|error| panic!("{name} without {field}: {}", error.reason));
            }
        }
    }
    assert_eq!(seen.len(), REQUIRED.iter().map(|(_, fields)| fields.len()).sum::<usize>());
}

#[test]
fn a_mistyped_field_is_named() {
    for message in client_messages() {
        for (field, was) in body_fields(&message) {
            for wrong in [json!("x"), json!(1.5), json!(true), json!([[]]), json!({"a": {}})] {
                let fits = was.is_null() || wrong.is_string() && was.is_string();
                let mut message = message.clone();
                message.insert(field.clone(), wrong);
                if !fits {
                    match read(&message) {
                        Ok(_) => panic!("{message:?}"),
                        Err(malformed) => {
                            let at = malformed.field.unwrap_or_default();
                            let inside =
                                at.starts_with(&format!("{field}.")) || at.starts_with(&format!("{field}["));
                            assert!(at == *field || inside, "{field}: {at}: {}", malformed.reason);
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn the_field_of_an_inner_object_is_named_by_its_path() {
    let cases = [
        ("move", "position", json!({"x": 1}), "position.y"),
        ("move", "velocity", json!({"x": 1, "y": "fast"}), "velocity.y"),
        ("character_create", "stats", json!({"strength": "high"}), "stats.strength"),
        ("character_create", "method", json!("cheating"), "method"),
        ("trade_update", "items", json!([1, "two"]), "items[1]"),
    ];
    for (name, field, value, path) in cases {
        let mut message = client_messages().into_iter().find(|message| name_of(message) == name).unwrap();
        message.insert(field.to_owned(), value);
        assert_names(path, &message);
    }
}

#[test]
fn an_integer_that_json_does_not_keep_exact_is_refused() {
    let too_much = [json!(1i64 << 53), json!(-(1i64 << 53)), json!(i64::MIN), json!(u64::MAX), json!(1e300)];
    let mut integers = 0;
    for message in client_messages() {
        for (field, _) in body_fields(&message).filter(|(_, value)| value.is_i64()) {
            integers += 1;
            for value in &too_much {
                let mut message = message.clone();
                message.insert(field.clone(), value.clone());
                assert_names(field, &message);
            }
        }
    }
    assert!(integers > 10, "{integers}");
    for value in &too_much {
        let mut message = client_messages().swap_remove(0);
        message.insert("ack".to_owned(), value.clone());
        assert_names("ack", &message);
    }
    let mut most =
        client_messages().into_iter().find(|message| name_of(message) == "character_select").unwrap();
    most.insert("character_id".to_owned(), json!((1i64 << 53) - 1));
    assert!(read(&most).is_ok());
}

#[test]
fn what_only_the_server_says_is_refused_from_a_client() {
    let server_only: Vec<&str> =
        ServerMessage::NAMES.iter().copied().filter(|name| !ClientMessage::NAMES.contains(name)).collect();
    assert!(server_only.len() > 15, "{server_only:?}");
    for line in GOLDEN.lines().filter(|line| line.starts_with("{\"from\":\"server\"")) {
        let line: Value = serde_json::from_str(line).unwrap();
        let dialect = if line["dialect"] == "classic" { Dialect::Classic } else { Dialect::V1Json };
        let name = line["message"]["type"].as_str().unwrap();
        let text = serde_json::to_vec(&line["message"]).unwrap();
        if server_only.contains(&name) {
            let malformed = decode::<ClientMessage>(dialect, &text).unwrap_err();
            let reason =
                format!("Failed to deserialize message: Message type {name} is sent by the server only");
            assert_eq!((malformed.reason, malformed.field.as_deref()), (reason, Some("type")));
        }
    }
}

#[test]
fn json_that_is_hard_to_read_is_refused_by_name() {
    let chat = |rest: &str| format!("{{\"type\":\"chat\",\"version\":\"1.0.0\"{rest}}}");
    let cases = [
        (chat(",\"content\":\"\\ud800\""), Some("content")),
        (chat(",\"content\":\"a\",\"content\":\"b\""), Some("content")),
        (chat(",\"content\":\"a\",\"type\":\"ping\""), Some("type")),
        (chat(",\"content\":\"a\",\"recipient_id\":1e999"), Some("recipient_id")),
        (chat(",\"content\":\"a\",\"timestamp\":NaN"), None),
        (chat(",\"content\":\"a\",\"message_id\":\"\""), Some("message_id")),
        (chat(",\"content\":\"a\"} {\"type\":\"ping\""), None),
        (chat(&format!(",\"content\":\"{}\"", "é".repeat(501))), Some("content")),
        (chat(&format!(",\"content\":\"a\",\"x\":{}{}", "[".repeat(DEPTH_MAX), "]".repeat(DEPTH_MAX))), None),
        (chat(&format!(",\"content\":{}", "[".repeat(60_000))), None),
        ("[".repeat(60_000), None),
        (String::new(), None),
    ];
    for (text, field) in cases {
        let malformed = decode::<ClientMessage>(Dialect::Classic, text.as_bytes()).unwrap_err();
        assert_eq!(
            malformed.field.as_deref(),
            field,
            "{}: {}",
            &text[..text.len().min(80)],
            malformed.reason
        );
    }
    let full =
        chat(&format!(",\"content\":\"{}\",\"x\":{}{}", "é".repeat(500), "[".repeat(31), "]".repeat(31)));
    assert!(decode::<ClientMessage>(Dialect::Classic, full.as_bytes()).is_ok());
    let broken = b"{\"type\":\"chat\",\"version\":\"1.0.0\",\"content\":\"\xff\"}";
    let malformed = decode::<ClientMessage>(Dialect::Classic, broken).unwrap_err();
    assert!(malformed.reason.starts_with("Invalid JSON: invalid utf-8"), "{}", malformed.reason);
}

#[test]
fn a_refusal_carries_the_name_of_its_command() {
    let text = br#"{"type":"chat","version":"1.0.0","message_id":"m-9","content":""}"#;
    let malformed = decode::<ClientMessage>(Dialect::Classic, text).unwrap_err();
    assert_eq!(malformed.message_id.as_deref(), Some("m-9"));
}

#[test]
fn what_may_be_absent_may_be_null() {
    for (text, short) in [
        (
            r#"{"type":"trade_update","version":"1.0.0","trade_id":"t","items":null,"stacks":null,"souls":null}"#,
            r#"{"type":"trade_update","version":"1.0.0","trade_id":"t"}"#,
        ),
        (
            r#"{"type":"chat","version":"1.0.0","content":"a","channel":null,"recipient_id":null}"#,
            r#"{"type":"chat","version":"1.0.0","content":"a"}"#,
        ),
        (
            r#"{"type":"move","version":"1.0.0","to_location_id":0,"position":{"x":1,"y":2,"z":null},"velocity":null}"#,
            r#"{"type":"move","version":"1.0.0","to_location_id":0,"position":{"x":1,"y":2}}"#,
        ),
    ] {
        for dialect in [Dialect::Classic, Dialect::V1Json] {
            let read =
                |text: &str| decode::<ClientMessage>(dialect, text.as_bytes()).map(|read| read.message);
            assert_eq!(read(text).unwrap(), read(short).unwrap(), "{dialect:?} {text}");
        }
    }
}

/// Reads `text` in every way there is. What is refused, is refused in the documented words.
fn survives(text: &[u8]) -> bool {
    let documented = |malformed: Malformed| REASONS.iter().any(|reason| malformed.reason.starts_with(reason));
    DIALECTS.into_iter().all(|dialect| {
        decode::<ClientMessage>(dialect, text).map_or_else(documented, |_| true)
            && decode::<ServerMessage>(dialect, text).map_or_else(documented, |_| true)
    })
}

/// What is put into a message to spoil it.
fn snippets() -> impl prop::strategy::Strategy<Value = Vec<u8>> {
    let known = [
        "null",
        "-0",
        "1e400",
        "9007199254740993",
        "\"\\ud800\"",
        "\\u0000",
        "{}",
        "[[[[",
        "]]",
        ",",
        "\"type\":7,",
        "\"version\":\"0.9\",",
        "\"message_id\":[],",
        "\"content\":\"a\",",
        "NaN",
        "true",
        "\"\"",
    ];
    let known: Vec<Vec<u8>> = known.iter().map(|text| text.as_bytes().to_vec()).collect();
    prop_oneof![prop::sample::select(known), prop::collection::vec(any::<u8>(), 0..4)]
}

proptest! {
    #[test]
    fn any_bytes_are_answered(text in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(survives(&text));
    }

    #[test]
    fn spoiled_messages_are_answered(
        line in any::<prop::sample::Index>(),
        spoils in prop::collection::vec((any::<prop::sample::Index>(), 0usize..12, snippets()), 1..4),
    ) {
        let lines: Vec<&str> = GOLDEN.lines().collect();
        let (_, message) = line.get(&lines).split_once("\"message\":").unwrap();
        let mut text = message.as_bytes()[..message.len() - 1].to_vec();
        for (at, length, snippet) in spoils {
            let start = at.index(text.len() + 1);
            let end = (start + length).min(text.len());
            text.splice(start..end, snippet);
        }
        prop_assert!(survives(&text));
    }
}
