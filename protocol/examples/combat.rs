//! One example of every message of combat, both ways.

use std::collections::BTreeMap;

use crate::combat::{
    Act, ActionResult, ActionType, CombatAction, CombatDamage, CombatEnd, CombatHeal, CombatStart,
    CombatState, Outcome, Participant, Rank, Side, Standing, StartCombat,
};
use crate::{CharacterId, ClientMessage, LocationId, ServerMessage, Text};

const MIRA: CharacterId = CharacterId(7);
const TOMAS: CharacterId = CharacterId(9);
const WOLF: CharacterId = CharacterId(-1);
const COMBAT: &str = "9d2c1c55-3f0b-4f0e-8f43-6a1f0c2b7d10";

fn text<const MAX: usize>(text: &str) -> Text<1, MAX> {
    Text::new(text).expect("it is short")
}

pub(super) fn from_client() -> Vec<ClientMessage> {
    vec![
        ClientMessage::CombatStart(StartCombat { target_id: None, enemy: Some(text("corrupt_wolf")) }),
        ClientMessage::CombatAction(Act {
            combat_id: text(COMBAT),
            action_type: ActionType::Spell,
            target_id: Some(WOLF),
            ability_name: Some(text("Fireball")),
            item_id: None,
            item_kind: None,
        }),
    ]
}

fn participants() -> Vec<Participant> {
    vec![
        Participant {
            character_id: MIRA,
            name: "Mira Sol".to_owned(),
            level: 3,
            health: 70,
            max_health: 90,
            stamina: 86,
            max_stamina: 86,
            mana: 129,
            max_mana: 189,
            is_enemy: false,
            rank: None,
            side: Side::First,
            standing: Standing::Up,
            effects: Vec::new(),
            effect_turns: BTreeMap::new(),
            cooldowns: BTreeMap::from([("Fireball".to_owned(), 1)]),
        },
        Participant {
            character_id: WOLF,
            name: "Corrupt Wolf".to_owned(),
            level: 2,
            health: 21,
            max_health: 60,
            stamina: 85,
            max_stamina: 115,
            mana: 0,
            max_mana: 0,
            is_enemy: true,
            rank: Some(Rank::Common),
            side: Side::Second,
            standing: Standing::Up,
            effects: vec!["burn".to_owned()],
            effect_turns: BTreeMap::from([("burn".to_owned(), 3)]),
            cooldowns: BTreeMap::new(),
        },
    ]
}

pub(super) fn from_server() -> Vec<ServerMessage> {
    let combat_id = || COMBAT.to_owned();
    vec![
        ServerMessage::CombatStart(CombatStart {
            combat_id: combat_id(),
            location_id: LocationId(11),
            participants: participants(),
            turn_order: vec![MIRA, WOLF],
        }),
        ServerMessage::CombatAction(CombatAction {
            combat_id: combat_id(),
            character_id: MIRA,
            action_type: ActionType::Spell,
            target_id: Some(WOLF),
            ability_name: Some("Fireball".to_owned()),
            item_id: None,
            item_kind: None,
            result: ActionResult::Hit,
        }),
        ServerMessage::CombatDamage(CombatDamage {
            combat_id: combat_id(),
            source_id: Some(MIRA),
            target_id: WOLF,
            amount: 39,
            critical: false,
            health: 21,
        }),
        ServerMessage::CombatHeal(CombatHeal {
            combat_id: combat_id(),
            source_id: Some(TOMAS),
            target_id: MIRA,
            amount: 12,
            health: 70,
        }),
        ServerMessage::CombatEnd(CombatEnd {
            combat_id: combat_id(),
            outcome: Outcome::Won,
            experience: 200,
            souls: 180,
            loot: vec!["wolf_pelt".to_owned()],
        }),
        ServerMessage::CombatState(CombatState {
            combat_id: combat_id(),
            turn_number: 2,
            active_character_id: WOLF,
            turn_ends_in_ms: Some(30_000),
            participants: participants(),
            combat_log: vec!["Mira Sol uses Fireball: Corrupt Wolf takes 39 damage.".to_owned()],
            is_finished: false,
        }),
    ]
}
