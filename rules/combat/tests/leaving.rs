//! For whom a fight is over before it ends: he hears that, and nothing more of it.

use protocol::combat::{ActionType, Outcome, Standing};
use protocol::{CharacterId, ErrorCode, ServerMessage};

use super::rules::{ONE, TWO};
use super::{Brought, Ring, act, member, opening};
use crate::combat::Joining;
use crate::venue::{Audience, Effect, Member};

/// Two against a skeleton; it is the second one's turn.
fn two_against_one(seed: u64) -> (Ring, [Member; 2]) {
    let members = [member(1, "Golden Order"), member(2, "Golden Order")];
    let mut ring = Ring::new(seed);
    ring.enter(&members[0], Joining { opening: None, ..opening(&["skeleton_warrior"]) });
    ring.enter(&members[1], opening(&["skeleton_warrior"]));
    ring.give_turn(TWO);
    (ring, members)
}

/// What this one is told, in order; his own command's answer is not among it.
fn heard_by(who: CharacterId, brought: &Brought) -> Vec<&ServerMessage> {
    let told = brought.effects.iter().filter_map(|effect| match effect {
        Effect::Tell(audience, message) => Some((audience, message)),
        _ => None,
    });
    let hears = |audience: &Audience| match audience {
        Audience::Everyone => true,
        Audience::Except(other) => *other != who,
        Audience::These(these) => these.contains(&who),
    };
    told.filter(|(audience, _)| hears(audience)).map(|(_, message)| message).collect()
}

#[test]
fn who_is_down_is_carried_away_when_he_wants_and_does_not_wait_for_the_others() {
    let (mut ring, [one, two]) = two_against_one(3);
    ring.fighter_mut(ONE).hurt(1_000);
    let blow = ring.act(&one, act(ActionType::Attack)).ended.unwrap_err();
    assert_eq!(
        (blow.code, blow.reason.as_str()),
        (ErrorCode::Conflict, "you are down: flee leaves the fight")
    );
    let gone = ring.act(&one, act(ActionType::Flee));
    assert_eq!(gone.ended, Ok(()));
    assert!(matches!(heard_by(ONE, &gone)[..], [ServerMessage::CombatEnd(_)]));
    assert!(matches!(heard_by(TWO, &gone)[..], [ServerMessage::CombatAction(_)]));
    let [left] = &ring.aftermaths[..] else { panic!("{:?}", ring.aftermaths) };
    assert_eq!((left.character_id, left.outcome, left.health, left.experience), (ONE, Outcome::Lost, 30, 0));
    // Once; and the others go on, without him.
    assert_eq!(ring.act(&one, act(ActionType::Flee)).ended.unwrap_err().code, ErrorCode::Conflict);
    let on = ring.act(&two, act(ActionType::Defend));
    assert_eq!((on.ended.clone(), heard_by(ONE, &on)), (Ok(()), Vec::new()));
    assert!(!heard_by(TWO, &on).is_empty() && !ring.combat.is_over());
}

#[test]
fn who_has_fled_hears_nothing_of_it_any_more() {
    let mut fled = 0;
    for seed in 0..20 {
        let (mut ring, [one, two]) = two_against_one(seed);
        let tried = ring.act(&two, act(ActionType::Flee));
        if ring.fighter(TWO).standing != Standing::Fled {
            continue;
        }
        fled += 1;
        let heard = heard_by(TWO, &tried);
        assert!(matches!(heard[..], [ServerMessage::CombatEnd(_)]), "{heard:?}");
        ring.give_turn(ONE);
        let on = ring.act(&one, act(ActionType::Defend));
        assert_eq!((on.ended.clone(), heard_by(TWO, &on)), (Ok(()), Vec::new()));
    }
    assert!(fled > 3, "{fled} of 20");
}
