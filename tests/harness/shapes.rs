//! What the documents say is in a message: written down from them, not taken from our types.

use std::collections::BTreeSet;

use serde_json::Value;

const ENVELOPE: [&str; 5] = ["type", "timestamp", "version", "message_id", "priority"];

/// The documented fields of each modelled type; classic messages carry all of them, unknown ones as null.
const DOCUMENTED: &[(&str, &[&str])] = &[
    ("auth_response", &["success", "session_token", "player_id", "message", "server_time"]),
    ("chat", &["sender_id", "sender_name", "channel", "content", "recipient_id"]),
    ("faction_chat", &["sender_id", "sender_name", "channel", "content", "recipient_id"]),
    ("party_chat", &["sender_id", "sender_name", "channel", "content", "recipient_id"]),
    ("whisper", &["sender_id", "sender_name", "channel", "content", "recipient_id"]),
    (
        "character_update",
        &[
            "character_id",
            "character_name",
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
    ),
    (
        "world_state",
        &[
            "current_reality",
            "reality_stability",
            "faction_shard_counts",
            "dominant_faction",
            "active_players",
            "total_aetherfalls",
        ],
    ),
    ("combat_action", &["combat_id", "character_id", "action_type", "target_id", "ability_name", "item_id"]),
    (
        "combat_state",
        &["combat_id", "turn_number", "active_character_id", "participants", "combat_log", "is_finished"],
    ),
    (
        "shard_captured",
        &[
            "shard_id",
            "shard_name",
            "captured_by_character_id",
            "captured_by_character_name",
            "faction",
            "previous_owner_faction",
        ],
    ),
    ("error", &["error_code", "error_message", "details"]),
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
    "quest_update",
    "event_trigger",
    "shard_captured",
    "reality_shift",
    "aetherfall",
];

pub fn check_classic(message: &Value) {
    let kind = message["type"].as_str().unwrap_or_else(|| panic!("no type in {message}"));
    let documented = DOCUMENTED.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, fields)| fields);
    for field in ENVELOPE.iter().chain(documented) {
        assert!(message.get(field).is_some(), "{kind} without {field}: {message}");
    }
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
    // `gap: null` is the one null that says something.
    assert!(kind == "resumed" || !has_null(message), "v1 leaves out what is null: {message}");
    assert!(!EVENTS.contains(&kind) || message["seq"].is_u64(), "an event without seq: {message}");
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
