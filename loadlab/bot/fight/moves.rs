//! What a bot does when it is its turn.

use client::compose;
use protocol::combat::{Act, ActionType, CombatState, Participant, Standing};
use protocol::{CharacterId, ErrorCode, Text};
use rand::RngExt;
use tokio::time::Instant;

use super::{Fighter, POTION};
use crate::measure::Timed;

/// No ability is called this: whoever asks for it is told which there are.
const NO_ABILITY: &str = "?";

/// What it would like to do, the first that is possible.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Wish {
    Drink,
    Flee,
    /// On an enemy; on oneself, where that is what it is for.
    Cast(String, CharacterId),
    CastOnOneself(String),
    Strike(CharacterId, &'static str),
    Guard(&'static str),
}

impl Fighter {
    pub(super) async fn make_move(self, state: &CombatState) {
        let turn = (state.combat_id.clone(), state.turn_number);
        if self.books(|books| books.moved.replace(turn.clone())) == Some(turn) {
            return;
        }
        let Some(me) = state.participants.iter().find(|one| one.character_id == self.me) else { return };
        self.learn(&state.combat_id).await;
        let wishes = self.books(|books| {
            let abilities = books.abilities.clone().unwrap_or_default();
            wishes(me, &state.participants, &abilities, || books.dice.random_range(0..100))
        });
        let due = Instant::now();
        for wish in wishes {
            let Some(act) = act(&state.combat_id, &wish) else { continue };
            match self.tell_off("combat_action", self.client.send_combat_action(act)).await {
                Ok(_) => {
                    let mut score = self.stage.score();
                    score.counts.combat_moves += 1;
                    return score.time(Timed::Move, due.elapsed());
                }
                // Another one may do.
                Err(Some((
                    ErrorCode::NotEnough | ErrorCode::OnCooldown | ErrorCode::Invalid | ErrorCode::NotFound,
                    _,
                ))) => {}
                Err(_) => return,
            }
        }
    }

    /// Which abilities its class has, the server knows.
    async fn learn(&self, combat: &str) {
        if self.books(|books| books.abilities.is_some()) {
            return;
        }
        let Ok(mut act) = compose::combat_action(combat, ActionType::Spell) else { return };
        act.ability_name = Text::new(NO_ABILITY).ok();
        if let Err(Some((ErrorCode::Invalid, possible))) =
            self.tell_off("combat_action", self.client.send_combat_action(act)).await
        {
            self.books(|books| books.abilities = Some(possible));
        }
    }
}

/// `roll`: 0 to 99.
fn wishes(
    me: &Participant,
    all: &[Participant],
    abilities: &[String],
    mut roll: impl FnMut() -> usize,
) -> Vec<Wish> {
    let mut wishes = Vec::new();
    let hurt = 100 * me.health / me.max_health.max(1);
    if hurt < 40 {
        wishes.push(Wish::Drink);
        if hurt < 20 && roll() < 10 {
            wishes.insert(0, Wish::Flee);
        }
    }
    let foe = all.iter().filter(|one| one.side != me.side && one.standing == Standing::Up);
    // The weakest first: all of a party at the same.
    let foe = foe.min_by_key(|one| (one.health, one.character_id)).map(|one| one.character_id);
    if let Some(foe) = foe {
        if !abilities.is_empty() && roll() < 50 {
            let ability = &abilities[roll() % abilities.len()];
            wishes.push(Wish::Cast(ability.clone(), foe));
            wishes.push(Wish::CastOnOneself(ability.clone()));
        }
        wishes.push(Wish::Strike(foe, if roll() < 20 { "heavy" } else { "light" }));
        wishes.push(Wish::Strike(foe, "light"));
    }
    wishes.push(Wish::Guard("rest"));
    wishes
}

fn act(combat: &str, wish: &Wish) -> Option<Act> {
    let (action_type, target, name) = match wish {
        Wish::Drink => (ActionType::Item, None, None),
        Wish::Flee => (ActionType::Flee, None, None),
        Wish::Cast(ability, foe) => (ActionType::Spell, Some(*foe), Some(ability.as_str())),
        Wish::CastOnOneself(ability) => (ActionType::Spell, None, Some(ability.as_str())),
        Wish::Strike(foe, manner) => (ActionType::Attack, Some(*foe), Some(*manner)),
        Wish::Guard(manner) => (ActionType::Defend, None, Some(*manner)),
    };
    let mut act = compose::combat_action(combat, action_type).ok()?;
    act.target_id = target;
    act.ability_name = name.and_then(|name| Text::new(name).ok());
    act.item_kind = (*wish == Wish::Drink).then(|| Text::new(POTION).ok()).flatten();
    Some(act)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use protocol::CharacterId;
    use protocol::combat::{Participant, Side, Standing};

    use super::{Wish, wishes};

    fn one(id: i64, side: Side, health: i32) -> Participant {
        Participant {
            character_id: CharacterId(id),
            name: String::new(),
            level: 1,
            health,
            max_health: 100,
            stamina: 50,
            max_stamina: 50,
            mana: 50,
            max_mana: 50,
            is_enemy: id < 0,
            rank: None,
            side,
            standing: if health > 0 { Standing::Up } else { Standing::Down },
            effects: Vec::new(),
            effect_turns: BTreeMap::new(),
            cooldowns: BTreeMap::new(),
        }
    }

    #[test]
    fn it_strikes_at_the_weakest_who_stands_and_can_always_rest() {
        let all = [
            one(1, Side::First, 90),
            one(-1, Side::Second, 0),
            one(-2, Side::Second, 30),
            one(-3, Side::Second, 80),
        ];
        let wished = wishes(&all[0], &all, &[], || 99);
        let weakest = CharacterId(-2);
        assert_eq!(
            wished,
            [Wish::Strike(weakest, "light"), Wish::Strike(weakest, "light"), Wish::Guard("rest")]
        );
        let wished = wishes(&all[0], &all, &["Fireball".to_owned()], || 0);
        assert_eq!(wished[0], Wish::Cast("Fireball".to_owned(), weakest));
        assert_eq!(wished.last(), Some(&Wish::Guard("rest")));
    }

    #[test]
    fn who_is_badly_hurt_drinks_or_flees() {
        let all = [one(1, Side::First, 15), one(-1, Side::Second, 30)];
        assert_eq!(wishes(&all[0], &all, &[], || 99)[0], Wish::Drink);
        assert_eq!(wishes(&all[0], &all, &[], || 0)[..2], [Wish::Flee, Wish::Drink]);
    }
}
