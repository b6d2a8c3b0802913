//! What the documents say is in a message: written down from them, not taken from our types.

use std::collections::BTreeSet;

use serde_json::Value;

const ENVELOPE: [&str; 5] = ["type", "timestamp", "version", "message_id", "priority"];

/// The documented fields of a modelled type.
struct Documented {
    kind: &'static str,
    /// The documented client drops a message in which one of these is missing, or null.
    required: &'static [&'static str],
    /// Classic messages carry these, too: unknown ones as null.
    optional: &'static [&'static str],
}

const LINE: (&[&str], &[&str]) = (&["sender_id", "sender_name", "channel", "content"], &["recipient_id"]);

const DOCUMENTED: &[Documented] = &[
    Documented {
        kind: "auth_response",
        required: &["success", "server_time"],
        optional: &["session_token", "player_id", "message"],
    },
    Documented { kind: "chat", required: LINE.0, optional: LINE.1 },
    Documented { kind: "faction_chat", required: LINE.0, optional: LINE.1 },
    Documented { kind: "party_chat", required: LINE.0, optional: LINE.1 },
    Documented { kind: "whisper", required: LINE.0, optional: LINE.1 },
    Documented {
        kind: "character_update",
        required: &["character_id", "character_name"],
        optional: &[
            "location_id",
            "position",
            "health",
            "max_health",
            "mana",
            "max_mana",
            "stamina",
            "max_stamina",
            "level",
            "faction",
        ],
    },
    Documented {
        kind: "party_invite",
        required: &["party_id", "inviter_id", "inviter_name", "invitee_id", "invitee_name"],
        optional: &["party_name"],
    },
    Documented {
        kind: "party_update",
        required: &["party_id", "leader_id", "member_ids", "member_names", "max_members", "loot_sharing"],
        optional: &["party_name"],
    },
    Documented {
        kind: "world_state",
        required: &[
            "current_reality",
            "reality_stability",
            "faction_shard_counts",
            "active_players",
            "total_aetherfalls",
        ],
        optional: &["dominant_faction"],
    },
    Documented {
        kind: "combat_action",
        required: &["combat_id", "character_id", "action_type"],
        optional: &["target_id", "ability_name", "item_id"],
    },
    Documented {
        kind: "combat_state",
        required: &[
            "combat_id",
            "turn_number",
            "active_character_id",
            "participants",
            "combat_log",
            "is_finished",
        ],
        optional: &[],
    },
    Documented {
        kind: "shard_captured",
        required: &[
            "shard_id",
            "shard_name",
            "captured_by_character_id",
            "captured_by_character_name",
            "faction",
        ],
        optional: &["previous_owner_faction"],
    },
    Documented { kind: "error", required: &["error_code", "error_message"], optional: &["details"] },
];

/// Messages that are events in v1, and so numbered.
const EVENTS: &[&str] = &[
    "chat",
    "whisper",
    "faction_chat",
    "location_update",
    "player_joined_area",
    "player_left_area",
    "world_announcement",
    "chat_history",
    "character_list",
    "character_select",
    "character_create",
    "character_delete",
    "combat_start",
    "combat_action",
    "combat_damage",
    "combat_heal",
    "combat_end",
    "combat_state",
    "inventory_update",
    "ground_update",
    "quest_update",
    "event_trigger",
    "shard_captured",
    "reality_shift",
    "aetherfall",
];

pub fn check_classic(message: &Value) {
    let kind = message["type"].as_str().unwrap_or_else(|| panic!("no type in {message}"));
    let optional = DOCUMENTED.iter().find(|row| row.kind == kind).map_or(&[][..], |row| row.optional);
    for field in ENVELOPE.iter().chain(optional) {
        assert!(message.get(field).is_some(), "{kind} without {field}: {message}");
    }
    check_required(kind, message);
    assert_eq!(message["version"], "1.0.0");
    assert!(message["timestamp"].is_f64(), "Unix seconds: {message}");
    let priority = if kind == "error" || kind == "shard_captured" { 2 } else { 1 };
    assert_eq!(message["priority"], priority, "{message}");
    assert!(message.get("seq").is_none(), "classic clients know no seq: {message}");
}

pub fn check_v1(message: &Value) {
    let kind = message["type"].as_str().unwrap_or_else(|| panic!("no type in {message}"));
    for field in ["version", "priority"] {
        assert!(message.get(field).is_none(), "v1 has no {field}: {message}");
    }
    check_required(kind, message);
    // `gap: null` is the one null that says something.
    assert!(kind == "resumed" || !has_null(message), "v1 leaves out what is null: {message}");
    assert!(!EVENTS.contains(&kind) || message["seq"].is_u64(), "an event without seq: {message}");
}

fn check_required(kind: &str, message: &Value) {
    let required = DOCUMENTED.iter().find(|row| row.kind == kind).map_or(&[][..], |row| row.required);
    for field in required {
        assert!(
            message.get(field).is_some_and(|value| !value.is_null()),
            "{kind} without {field}: {message}"
        );
    }
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        // A null among a list's items stands for something: `leave` in an `area_update` says "nowhere" by it.
        Value::Array(items) => items.iter().filter(|item| !item.is_null()).any(has_null),
        Value::Object(fields) => fields.values().any(has_null),
        _ => false,
    }
}

/// Where an `area_update` says somebody is.
pub fn whereabouts(message: &Value, who: i64) -> Option<[f64; 2]> {
    let cells = message.get("cells")?.as_array()?;
    let number = |value: &Value| value.as_f64().expect("a coordinate is a number");
    cells.iter().find_map(|cell| {
        let moved = cell["move"].as_array()?.iter().find(|moved| moved[0] == who);
        let came = cell["enter"].as_array()?.iter().find(|came| came["character_id"] == who);
        let came = came.map(|came| [number(&came["position"]["x"]), number(&came["position"]["y"])]);
        moved.map(|moved| [number(&moved[1]), number(&moved[2])]).or(came)
    })
}

/// Asserts that an object has exactly these keys.
#[track_caller]
pub fn expect_keys(object: &Value, keys: &[&str]) {
    let found: BTreeSet<&str> = object
        .as_object()
        .unwrap_or_else(|| panic!("no object: {object}"))
        .keys()
        .map(String::as_str)
        .collect();
    let expected: BTreeSet<&str> = keys.iter().copied().collect();
    assert_eq!(found, expected, "in {object}");
}
