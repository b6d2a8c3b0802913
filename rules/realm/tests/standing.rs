//! What everybody hears of how a crystal shard stands.

use protocol::ids::CrystalShardId;
use protocol::{ErrorCode, ServerMessage};
use rand::SeedableRng;

use super::{GOLDEN, SHADOW, apply, combat, fresh, member, ordain, prize, statuses, told, won};
use crate::Dice;
use crate::realm::{Realm, RealmCommand};

#[test]
fn everybody_hears_when_the_first_begins_to_fight_for_a_shard_and_when_the_last_has_ended() {
    let mut realm = fresh();
    let (one, two, shard) = (combat(), combat(), CrystalShardId(4));
    let contest = |combat| RealmCommand::Contest { combat, shard };
    let calm = |combat, won| RealmCommand::Calm { combat, shard: Some(shard), won };
    let heard = |realm: &mut Realm, command| {
        let (done, effects) = ordain(realm, command);
        assert_eq!(done, Ok(()));
        statuses(&effects).into_iter().map(|(id, status)| (id, status.to_owned())).collect::<Vec<_>>()
    };
    let is = |status: &str| vec![(4, status.to_owned())];
    assert_eq!(heard(&mut realm, contest(one)), is("contested"));
    assert_eq!(heard(&mut realm, contest(two)), []);
    assert_eq!(heard(&mut realm, calm(one, None)), []);
    assert_eq!(heard(&mut realm, calm(two, None)), is("unclaimed"));
    // A realm that was restored in between has read of what it is told next.
    realm.record.contested.insert(one, shard);
    assert_eq!(heard(&mut realm, contest(one)), is("contested"));
    realm.record.contested.clear();
    assert_eq!(heard(&mut realm, calm(one, None)), is("unclaimed"));
    // The end of one that nobody can read any more.
    assert_eq!(heard(&mut realm, contest(one)), is("contested"));
    let unreadable = RealmCommand::Calm { combat: one, shard: None, won: None };
    assert_eq!(heard(&mut realm, unreadable.clone()), is("unclaimed"));
    assert_eq!(heard(&mut realm, unreadable), []);
    // Whoever wins it takes it; the other fight goes on for nothing.
    heard(&mut realm, contest(one));
    heard(&mut realm, contest(two));
    let winner = won(&member(1, GOLDEN), prize(4, 0));
    let (_, effects) = ordain(&mut realm, calm(one, Some(winner)));
    assert!(matches!(told(&effects)[0], ServerMessage::ShardCaptured(_)), "{effects:?}");
    assert_eq!(statuses(&effects), [(4, "contested")]);
    let late = won(&member(2, SHADOW), prize(4, 0));
    assert_eq!(heard(&mut realm, calm(two, Some(late))), is("controlled"));
    // Of one that is taken by the only ones who fought for it the capture says it all, and says it once.
    heard(&mut realm, contest(one));
    let (three, winner) = (combat(), won(&member(2, SHADOW), prize(4, 1)));
    heard(&mut realm, calm(one, None));
    heard(&mut realm, contest(three));
    let (_, effects) = ordain(&mut realm, calm(three, Some(winner.clone())));
    assert_eq!((told(&effects).len() > 1, statuses(&effects).len()), (true, 0), "{effects:?}");
    assert_eq!(told(&ordain(&mut realm, calm(three, Some(winner))).1), Vec::<&ServerMessage>::new());
    // What is sealed stays sealed, fought for or not.
    heard(&mut realm, contest(one));
    assert_eq!(heard(&mut realm, RealmCommand::Seal { shard, sealed: true }), is("sealed"));
    assert_eq!(heard(&mut realm, calm(one, None)), []);
    heard(&mut realm, contest(two));
    assert_eq!(heard(&mut realm, RealmCommand::Seal { shard, sealed: false }), is("contested"));
    for command in [contest(one), calm(one, None)] {
        let refused = apply(&mut realm, &member(9, SHADOW), command, &mut Dice::seed_from_u64(1));
        assert_eq!(refused.0.unwrap_err().code, ErrorCode::Forbidden, "players can't");
    }
}
