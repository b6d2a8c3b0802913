//! What a person gets to read.

use protocol::examples;
use protocol::messages::Vocabulary;
use protocol::{CharacterId, Dialect, ErrorCode, ErrorMessage, ServerMessage, codec};
use serde_json::{Value, json};

use super::{error, message};
use crate::ClientError;
use crate::terminal::scene::{Fight, Scene, Window};

/// Nobody needs to read these: they are answers that a command shows, of the connection itself, or looked up when asked for.
const SILENT: [&str; 14] = [
    "auth_response",
    "resumed",
    "pong",
    "ok",
    "character_list",
    "character_create",
    "character_select",
    "character_delete",
    "character_update",
    "area_update",
    "block_list",
    "world_state",
    "inventory",
    "vendor_list",
];

fn one(id: i64, name: &str, side: &str, health: i32) -> Value {
    json!({
        "character_id": id, "name": name, "level": 1, "health": health, "max_health": 70, "stamina": 45,
        "max_stamina": 60, "mana": 20, "max_mana": 20, "is_enemy": id < 0, "side": side,
        "standing": if health > 0 { "up" } else { "down" }, "effects": if id < 0 { json!(["bleed"]) } else { json!([]) },
        "effect_turns": if id < 0 { json!({"bleed": 2}) } else { json!({}) },
        "cooldowns": if id < 0 { json!({"Howl": 1}) } else { json!({"Battle Cry": 4}) },
    })
}

fn heard(kind: &str, mut body: Value) -> ServerMessage {
    body["type"] = json!(kind);
    body["timestamp"] = json!(1.0);
    let read = codec::decode(Dialect::V1Json, body.to_string().as_bytes());
    read.unwrap_or_else(|error| panic!("{kind}: {error:?}")).message
}

fn scene() -> Scene {
    let fighters = json!([one(7, "Mira", "first", 70), one(-1, "Corrupt Wolf", "second", 60)]);
    let participants = serde_json::from_value(fighters).unwrap();
    Scene {
        me: CharacterId(7),
        level: 1,
        abilities: Vec::new(),
        fight: Some(Fight { id: "c1".to_owned(), participants }),
        trade: Some(Window { id: "t1".to_owned(), with: "Bo".to_owned(), version: 1, accepts: 0 }),
        traded: None,
        party: None,
    }
}

#[test]
fn whatever_happens_is_shown() {
    let scene = scene();
    for example in examples::server() {
        let shown = message(&example, &scene);
        let silent = SILENT.contains(&example.name());
        assert_eq!(shown.is_none(), silent, "{}: {shown:?}", example.name());
    }
}

#[test]
fn a_fight_reads_like_one() {
    let (mut scene, id) = (scene(), "c1");
    let fighters = |mine: i32, theirs: i32| {
        json!([one(7, "Mira", "first", mine), one(-1, "Corrupt Wolf", "second", theirs)])
    };
    let state = |active: i64, mine: i32, theirs: i32| {
        let over = theirs == 0;
        json!({
            "combat_id": id, "turn_number": 3, "active_character_id": active, "turn_ends_in_ms": 29_500,
            "participants": fighters(mine, theirs), "combat_log": [], "is_finished": over,
        })
    };
    let action = |who: i64, kind: &str, target: Option<i64>, name: &str, result: &str| {
        json!({
            "combat_id": id, "character_id": who, "action_type": kind, "target_id": target, "ability_name": name,
            "result": result,
        })
    };
    let hurt = |who: i64, health: i32| json!({"combat_id": id, "source_id": 7, "target_id": who, "amount": 12, "critical": false, "health": health});
    let cases = [
        (
            "combat_start",
            json!({"combat_id": id, "location_id": 11, "participants": fighters(70, 60), "turn_order": [7, -1]}),
            "*** A fight: you (level 1, 70 health) against Corrupt Wolf (level 1, 60 health). In your turn: /attack, /defend, \
             /cast, /use or /flee",
        ),
        (
            "combat_state",
            state(7, 70, 60),
            "-- your turn (30 s): you 70/70 health, 45/60 stamina, 20/20 mana, Battle Cry again in 4; Corrupt Wolf 60/70 health (bleed 2)",
        ),
        (
            "combat_action",
            action(7, "attack", Some(-1), "heavy", "critical"),
            "-- you: heavy attack on Corrupt Wolf, critical hit",
        ),
        ("combat_damage", hurt(-1, 48), "-- Corrupt Wolf loses 12 health: 48 left"),
        (
            "combat_action",
            action(-1, "attack", Some(7), "light", "dodged"),
            "-- Corrupt Wolf: light attack on you, dodged",
        ),
        ("combat_damage", hurt(7, 0), "-- you lose 12 health: down"),
        (
            "combat_heal",
            json!({"combat_id": id, "source_id": 7, "target_id": 7, "amount": 5, "health": 63}),
            "-- you regain 5 health: 63 now",
        ),
        ("combat_action", action(7, "flee", None, "", "failed"), "-- you: flee, failed"),
        (
            "combat_end",
            json!({"combat_id": id, "outcome": "won", "experience": 200, "souls": 93, "loot": ["wolf_pelt", "sharp_fang", "wolf_pelt"]}),
            "*** The fight is over. You have won: 200 experience, 93 souls; found sharp_fang, 2 wolf_pelt",
        ),
    ];
    for (kind, body, line) in cases {
        let heard = heard(kind, body);
        assert_eq!(message(&heard, &scene).as_deref(), Some(line));
        scene.learn(&heard);
    }
    assert_eq!(scene.fight, None, "it is over");
    let last = heard("combat_state", state(0, 70, 0));
    assert_eq!(message(&last, &scene), None, "its end told of it");
    scene.learn(&last);
    assert_eq!(scene.fight, None, "it stays over");
}

#[test]
fn a_trade_shows_both_sides() {
    let mut scene = scene();
    let side = |who: i64, souls: u32, accepted: bool| {
        let stacks = json!([{"kind": "arrow", "quantity": 2}]);
        json!({"character_id": who, "items": [{"item_id": 12, "kind": "longsword"}], "stacks": stacks, "souls": souls, "accepted": accepted})
    };
    let nothing = json!({"character_id": 8, "items": [], "stacks": [], "souls": 0, "accepted": true});
    let update = heard(
        "trade_update",
        json!({"trade_id": "t1", "offer_version": 4, "offers": [side(7, 20, false), nothing]}),
    );
    let line = "-- trade: you give 20 souls, 12 longsword, 2 arrow; Bo gives nothing and agrees. /offer, /agree or /decline";
    assert_eq!(message(&update, &scene).as_deref(), Some(line));
    scene.learn(&update);
    assert_eq!(
        scene.trade.as_ref().map(|window| window.version),
        Some(4),
        "what was shown is what is agreed to"
    );
    let done =
        heard("trade_complete", json!({"trade_id": "t1", "offers": [side(7, 0, true), side(8, 5, true)]}));
    let line = "*** Traded: you gave 12 longsword, 2 arrow; Bo gave 5 souls, 12 longsword, 2 arrow";
    assert_eq!(message(&done, &scene).as_deref(), Some(line));
    scene.learn(&done);
    assert_eq!(scene.trade, None);
}

#[test]
fn what_others_name_their_party_does_not_steer_the_terminal() {
    let invite = json!({
        "party_id": 3, "inviter_id": 8, "inviter_name": "Bo", "invitee_id": 7, "invitee_name": "Mira",
        "party_name": "Red\u{1b}[2J\nOnes", "expires_at": 1.0,
    });
    let line = message(&heard("party_invite", invite), &scene()).unwrap();
    assert!(!line.contains(char::is_control), "{line:?}");
    assert!(line.contains("/party accept"), "{line}");
}

#[test]
fn a_refusal_says_what_there_was_to_choose_from() {
    let refusal = ErrorMessage::new(ErrorCode::Invalid, "enemy: \"wolf\" is not met here");
    let with = ClientError::from(refusal.clone().with("possible", json!(["hollow_soldier", "corrupt_wolf"])));
    assert_eq!(error(&with), "! enemy: \"wolf\" is not met here (INVALID): try hollow_soldier, corrupt_wolf");
    assert_eq!(error(&ClientError::from(refusal)), "! enemy: \"wolf\" is not met here (INVALID)");
}
