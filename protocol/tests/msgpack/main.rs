//! MessagePack says what JSON says, and is read as strictly: whatever bytes arrive, a message or a refusal that helps.

mod as_json;

use std::sync::LazyLock;

use proptest::prelude::{any, prop};
use proptest::{prop_assert, proptest};
use serde_json::{Value, json};
use shardmesh_protocol::codec::{DEPTH_MAX, decode, with_seq};
use shardmesh_protocol::{ClientMessage, Dialect, Incoming, Malformed, ServerMessage};

const GOLDEN: &str = include_str!("../../golden.jsonl");
const GOLDEN_MSGPACK: &str = include_str!("../../golden_msgpack.jsonl");

/// The v1 messages of the golden file, and who says them.
static MESSAGES: LazyLock<Vec<(String, Value)>> = LazyLock::new(|| {
    GOLDEN
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|line| line["dialect"] == Dialect::V1_JSON)
        .map(|line| (line["from"].as_str().unwrap().to_owned(), line["message"].clone()))
        .collect()
});

/// The same messages in MessagePack.
static PACKED: LazyLock<Vec<(String, Vec<u8>)>> = LazyLock::new(|| {
    GOLDEN_MSGPACK
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .map(|line| (line["from"].as_str().unwrap().to_owned(), hex(line["hex"].as_str().unwrap())))
        .collect()
});

fn hex(digits: &str) -> Vec<u8> {
    let digits: Vec<u8> = digits.bytes().filter(|digit| !digit.is_ascii_whitespace()).collect();
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
    digits.chunks(2).map(byte).collect()
}

fn pack(value: &Value) -> Vec<u8> {
    rmp_serde::to_vec_named(value).unwrap()
}

fn read(bytes: &[u8]) -> Result<Incoming<ClientMessage>, Malformed> {
    decode(Dialect::V1MsgPack, bytes)
}

#[track_caller]
fn refused(bytes: &[u8]) -> (String, Option<String>) {
    let malformed = read(bytes).unwrap_err();
    (malformed.reason, malformed.field)
}

/// A move whose x is written so.
fn move_to(x: &str) -> Vec<u8> {
    // {"type": "move", "to_location_id": 0, "position": {"y": 1, "x": …}}
    let start =
        "83 a474797065 a46d6f7665 ae746f5f6c6f636174696f6e5f6964 00 a8706f736974696f6e 82 a179 01 a178";
    hex(&format!("{start} {x}"))
}

#[test]
fn what_another_implementation_writes_is_read_and_what_we_write_it_reads() {
    assert_eq!(MESSAGES.len(), PACKED.len());
    for ((from, message), (_, ours)) in MESSAGES.iter().zip(&*PACKED) {
        assert_eq!(rmp_serde::from_slice::<Value>(ours).unwrap(), *message);
        let theirs = pack(message);
        if from == "client" {
            let read: Incoming<ClientMessage> = decode(Dialect::V1MsgPack, &theirs).unwrap();
            assert_eq!(read, decode(Dialect::V1MsgPack, ours).unwrap());
        } else {
            let read: Incoming<ServerMessage> = decode(Dialect::V1MsgPack, &theirs).unwrap();
            assert_eq!(read, decode(Dialect::V1MsgPack, ours).unwrap());
        }
    }
}

#[test]
fn the_example_in_the_reference_is_true() {
    let intro = include_str!("../../docs/intro.md");
    let block = intro.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    // Bytes, then in words what they are.
    let digits: String = block.lines().map(|line| line.trim().split("  ").next().unwrap()).collect();
    let message = json!({"type": "move", "to_location_id": 0, "position": {"x": 12.5, "y": -3}});
    assert_eq!(hex(&digits).len(), 51);
    assert_eq!(rmp_serde::from_slice::<Value>(&hex(&digits)).unwrap(), message);
    let from_json = decode(Dialect::V1Json, message.to_string().as_bytes()).unwrap();
    assert_eq!(read(&hex(&digits)).unwrap(), from_json);
}

#[test]
fn every_beginning_of_a_message_is_refused() {
    for (from, bytes) in &*PACKED {
        for end in 0..bytes.len() {
            let cut = &bytes[..end];
            let malformed = if from == "client" {
                decode::<ClientMessage>(Dialect::V1MsgPack, cut).unwrap_err()
            } else {
                decode::<ServerMessage>(Dialect::V1MsgPack, cut).unwrap_err()
            };
            let reason = "Invalid MessagePack: it ends before all that it announces has come";
            assert_eq!(malformed.reason, reason, "{from} {cut:02x?}");
        }
    }
}

#[test]
fn a_number_in_front_changes_nothing_else() {
    for (_, bytes) in PACKED.iter().filter(|(from, _)| from == "server") {
        let plain: Incoming<ServerMessage> = decode(Dialect::V1MsgPack, bytes).unwrap();
        for seq in [1, 127, 128, 65_536, (1 << 53) - 1] {
            let mut numbered = Vec::new();
            with_seq(Dialect::V1MsgPack, seq, bytes, &mut numbered);
            let read: Incoming<ServerMessage> = decode(Dialect::V1MsgPack, &numbered).unwrap();
            assert_eq!(read, Incoming { seq: Some(seq), ..plain.clone() });
        }
    }
}

#[test]
fn numbers_may_be_written_in_any_width() {
    let as_is = read(&move_to("05")).unwrap().message;
    for five in ["cc05", "cd0005", "ce00000005", "cf0000000000000005", "d005", "d10005", "d200000005"] {
        assert_eq!(read(&move_to(five)).unwrap().message, as_is, "{five}");
    }
    for five in ["d30000000000000005", "ca40a00000", "cb4014000000000000"] {
        assert_eq!(read(&move_to(five)).unwrap().message, as_is, "{five}");
    }
}

#[test]
fn what_json_could_not_carry_is_refused_by_the_name_of_its_field() {
    let binary = "binary data has no place in a message: text is str";
    let extension = "an extension type has no place in a message";
    let exact = "expected an integer that JSON keeps exact (within 2^53 - 1)";
    let cases = [
        ("cb7ff8000000000000", "expected a finite number, found NaN"),
        ("cb7ff0000000000000", "expected a finite number, found inf"),
        ("caff800000", "expected a finite number, found -inf"),
        ("cf0020000000000000", exact),
        ("cfffffffffffffffff", exact),
        ("d3ffe0000000000000", exact),
        ("d38000000000000000", exact),
        ("c40105", binary),
        ("c5000105", binary),
        ("c60000000105", binary),
        ("d4ff00", extension),
        ("d6ff00000000", extension),
        ("c70100ff", extension),
        ("c9000000010000", extension),
        ("a135", "invalid type: string \"5\", expected f64"),
        ("c3", "invalid type: boolean `true`, expected f64"),
        ("c0", "invalid type: unit value, expected f64"),
        ("9105", "invalid type: sequence, expected f64"),
    ];
    for (x, reason) in cases {
        let (found, field) = refused(&move_to(x));
        assert!(found.starts_with("Message validation failed: position.x: "), "{x}: {found}");
        assert!(found.contains(reason), "{x}: {found}");
        assert_eq!(field.as_deref(), Some("position.x"), "{x}");
    }
    assert!(read(&move_to("cf001fffffffffffff")).is_ok());
    assert!(read(&move_to("d3ffe0000000000001")).is_ok());
    // A field that nobody reads is looked at as well.
    let (found, field) = refused(&hex("82 a474797065 a470696e67 a178 91 cb7ff8000000000000"));
    assert_eq!(found, "Message validation failed: x[0]: expected a finite number, found NaN");
    assert_eq!(field.as_deref(), Some("x[0]"));
}

#[test]
fn what_is_no_messagepack_is_said_to_be_none() {
    let deep = |levels: usize| {
        let ping = hex("82 a474797065 a470696e67 a178");
        [ping, vec![0x91; levels - 1], vec![0x90]].concat()
    };
    let cases = [
        (Vec::new(), "it ends before all that it announces has come"),
        (hex("c1"), "the byte c1, which MessagePack never uses"),
        (hex("81 a474797065 a470696e67 00"), "1 bytes behind the message"),
        (hex("82 a474797065 a470696e67 a178 a2c328"), "a str is no UTF-8: invalid utf-8 sequence"),
        (hex("82 a474797065 a470696e67 a2c328 c0"), "a str is no UTF-8: invalid utf-8 sequence"),
        (hex("82 a474797065 a470696e67 a178 c1"), "the byte c1, which MessagePack never uses"),
        (deep(DEPTH_MAX), "nested deeper than 32"),
        (deep(60_000), "nested deeper than 32"),
        // Announces four thousand million values, pairs, bytes.
        (hex("82 a474797065 a470696e67 a178 ddffffffff"), "it ends before"),
        (hex("82 a474797065 a470696e67 a178 dfffffffff"), "it ends before"),
        (hex("82 a474797065 a470696e67 a178 dbffffffff"), "it ends before"),
        (hex("dfffffffff a474797065 a470696e67"), "it ends before"),
    ];
    for (bytes, reason) in cases {
        let (found, field) = refused(&bytes);
        let found = found.strip_prefix("Invalid MessagePack: ").unwrap_or_else(|| panic!("{found}"));
        assert!(found.starts_with(reason), "{:02x?}: {found}", &bytes[..bytes.len().min(20)]);
        assert_eq!(field, None);
    }
    assert!(read(&deep(DEPTH_MAX - 1)).is_ok());
}

#[test]
fn only_maps_with_names_are_messages() {
    let ping = "a474797065 a470696e67";
    for no_map in
        ["90", "05", "c0", "a470696e67", "cb3ff0000000000000", "c40105", "d4ff00", "ddffffffff", "7b7d"]
    {
        let (reason, field) = refused(&hex(no_map));
        assert_eq!(reason, "Failed to deserialize message: expected a map", "{no_map}");
        assert_eq!(field, None);
    }
    for name in ["05", "c40174", "c0", "cb3ff0000000000000", "90", "80"] {
        let (reason, _) = refused(&hex(&format!("82 {ping} {name} 00")));
        assert!(reason.starts_with("Message validation failed: "), "{name}: {reason}");
    }
    let (reason, _) = refused(&hex(&format!("82 {ping} 05 00")));
    let expected = "invalid type: integer `5`, expected a str as the name of a field";
    assert!(reason.ends_with(expected), "{reason}");
    // Neither lists for structs nor numbers for words, which some writers use to be short.
    let list = pack(&json!({"type": "move", "to_location_id": 0, "position": [1.0, 2.0, 3.0]}));
    assert_eq!(refused(&list).1.as_deref(), Some("position"));
    let number = pack(&json!({"type": "chat", "content": "hello", "channel": 0}));
    assert_eq!(refused(&number).1.as_deref(), Some("channel"));
}

/// Reads `bytes` in both directions. What is refused, is refused in the documented words.
fn survives(bytes: &[u8]) -> bool {
    let reasons = ["Invalid MessagePack: ", "Failed to deserialize message: ", "Message validation failed"];
    let documented = |malformed: Malformed| reasons.iter().any(|reason| malformed.reason.starts_with(reason));
    decode::<ClientMessage>(Dialect::V1MsgPack, bytes).map_or_else(documented, |_| true)
        && decode::<ServerMessage>(Dialect::V1MsgPack, bytes).map_or_else(documented, |_| true)
}

proptest! {
    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(survives(&bytes));
    }

    #[test]
    fn spoiled_messages_are_answered(
        line in any::<prop::sample::Index>(),
        spoils in prop::collection::vec(
            (any::<prop::sample::Index>(), 0usize..6, prop::collection::vec(any::<u8>(), 0..6)), 1..4),
    ) {
        let mut bytes = line.get(&PACKED[..]).1.clone();
        for (at, length, snippet) in spoils {
            let start = at.index(bytes.len() + 1);
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, snippet);
        }
        prop_assert!(survives(&bytes));
    }
}

#[test]
fn what_no_message_may_have_is_refused_under_the_name_of_its_command() {
    // {"type": "move", "to_location_id": …, "position": {"x": …, "y": 1}, "message_id": "m-9"}
    let message = |location: &str, x: &str| {
        let start = "84 a474797065 a46d6f7665 ae746f5f6c6f636174696f6e5f6964";
        let end = "a179 01 aa6d6573736167655f6964 a36d2d39";
        hex(&format!("{start} {location} a8706f736974696f6e 82 a178 {x} {end}"))
    };
    assert!(read(&message("00", "01")).is_ok());
    for (location, x, field) in [
        ("cf8000000000000000", "01", "to_location_id"),
        ("d38000000000000001", "01", "to_location_id"),
        ("00", "cb7ff8000000000000", "x"),
        ("00", "ca7f800000", "x"),
        ("c4020506", "01", "to_location_id"),
        ("c500020506", "01", "to_location_id"),
        ("00", "c6000000020506", "x"),
        ("00", "d4ff05", "x"),
        ("00", "d5ff0506", "x"),
        ("00", "d6ff05060708", "x"),
        ("00", "d7ff0506070805060708", "x"),
        ("00", "d8ff05060708050607080506070805060708", "x"),
        ("00", "c702ff0506", "x"),
        ("00", "c80002ff0506", "x"),
        ("00", "c900000002ff0506", "x"),
    ] {
        let refused = read(&message(location, x)).unwrap_err();
        assert_eq!(refused.message_id.as_deref(), Some("m-9"), "{refused:?}");
        assert!(refused.field.as_deref().is_some_and(|found| found.ends_with(field)), "{refused:?}");
    }
    // {"type": "ping", …: 0, "message_id": "m-9"}
    for no_name in ["05", "c0", "c40105", "d4ff05"] {
        let ping = hex(&format!("83 a474797065 a470696e67 {no_name} 00 aa6d6573736167655f6964 a36d2d39"));
        assert_eq!(read(&ping).unwrap_err().message_id.as_deref(), Some("m-9"), "{no_name}");
    }
}
