//! What is right passes, and each thing that is wrong is found.

use protocol::CharacterId;
use protocol::chat::{Channel, Chat};
use protocol::ids::PartyId;
use protocol::party::{LootSharing, PartyUpdate};

use super::Parties;
use crate::oracle::{Outcome, Verdict};

/// The first of these leads.
fn party(id: i64, members: &[i64]) -> PartyUpdate {
    PartyUpdate {
        party_id: PartyId(id),
        party_name: None,
        leader_id: CharacterId(members[0]),
        member_ids: members.iter().copied().map(CharacterId).collect(),
        member_names: members.iter().map(|member| format!("Bot {member}")).collect(),
        away_ids: Vec::new(),
        max_members: 4,
        loot_sharing: LootSharing::Equal,
    }
}

/// Three bots, whose characters are 10, 11 and 12.
fn judge(what: impl FnOnce(&mut Parties)) -> Verdict {
    let mut parties = Parties::default();
    for bot in 0..3 {
        parties.plays(bot, CharacterId(10 + bot as i64));
    }
    what(&mut parties);
    parties.verdict().unwrap()
}

/// 10 founds a party, 11 comes.
fn two(parties: &mut Parties) {
    parties.updated(0, &party(1, &[10]));
    parties.updated(1, &party(1, &[10, 11]));
    parties.updated(0, &party(1, &[10, 11]));
}

/// 12 comes, too.
fn three(parties: &mut Parties) {
    two(parties);
    for bot in 0..3 {
        parties.updated(bot, &party(1, &[10, 11, 12]));
    }
}

fn line(sender: i64, chat_id: u64) -> Chat {
    Chat {
        sender_id: CharacterId(sender),
        sender_name: String::new(),
        channel: Channel::Party,
        content: "x".to_owned(),
        recipient_id: None,
        chat_id,
    }
}

#[test]
fn a_party_that_comes_and_goes_is_well() {
    let verdict = judge(|parties| {
        three(parties);
        parties.line(1, &line(10, 1));
        parties.line(1, &line(12, 2));
        // The leader goes, and founds another.
        parties.out(0, PartyId(1));
        parties.updated(2, &party(1, &[11, 12]));
        parties.updated(0, &party(2, &[10]));
        parties.updated(1, &party(1, &[11, 12]));
        parties.confirmed(1, Some((PartyId(1), CharacterId(11), vec![CharacterId(11), CharacterId(12)])));
    });
    assert_eq!(verdict.outcome, Outcome::Kept, "{verdict:?}");
    assert!(verdict.evidence.contains("2 parties founded"), "{verdict:?}");
    assert_eq!(judge(|_| {}).outcome, Outcome::Unproved);
    assert!(Parties::default().verdict().is_none());
}

#[test]
fn each_fault_is_found() {
    type Wrong = fn(&mut Parties);
    let cases: [(&str, Wrong); 15] = [
        ("in two parties", |parties| {
            two(parties);
            parties.updated(1, &party(2, &[11]));
            parties.updated(0, &party(1, &[10]));
        }),
        ("disagreement", |parties| {
            two(parties);
            parties.out(1, PartyId(1));
        }),
        ("disagreement", |parties| {
            two(parties);
            parties.updated(2, &party(1, &[10, 11, 12]));
        }),
        ("not heard by all", |parties| {
            three(parties);
            // 11 hears of the change twice, with one back in between that nobody else hears of.
            let roll = PartyUpdate { loot_sharing: LootSharing::Roll, ..party(1, &[10, 11, 12]) };
            parties.updated(1, &roll);
            parties.updated(1, &party(1, &[10, 11, 12]));
        }),
        ("led by a stranger", |parties| {
            parties.updated(0, &PartyUpdate { leader_id: CharacterId(99), ..party(1, &[10]) });
        }),
        ("told to a stranger", |parties| parties.updated(2, &party(1, &[10]))),
        ("too many", |parties| parties.updated(0, &party(1, &[10, 21, 22, 23, 24]))),
        ("twice in it", |parties| parties.updated(0, &party(1, &[10, 21, 21]))),
        ("unnamed", |parties| {
            parties.updated(0, &PartyUpdate { member_names: Vec::new(), ..party(1, &[10]) });
        }),
        ("away, but none of it", |parties| {
            parties.updated(0, &PartyUpdate { away_ids: vec![CharacterId(99)], ..party(1, &[10]) });
        }),
        ("out of order", |parties| {
            // Of two who came, one was not told.
            parties.updated(0, &party(1, &[10]));
            parties.updated(0, &party(1, &[10, 21, 22]));
        }),
        ("out of order", |parties| {
            parties.updated(0, &party(1, &[10, 21]));
            let led = PartyUpdate { leader_id: CharacterId(21), ..party(1, &[10, 21]) };
            parties.updated(0, &led);
        }),
        ("out of order", |parties| {
            parties.updated(0, &party(1, &[10, 21]));
            let moved = PartyUpdate { leader_id: CharacterId(10), ..party(1, &[21, 10]) };
            parties.updated(0, &moved);
        }),
        ("lines out of order", |parties| {
            two(parties);
            parties.line(0, &line(11, 4));
            parties.line(0, &line(11, 4));
        }),
        ("a stranger's line", |parties| {
            two(parties);
            parties.line(0, &line(12, 4));
        }),
    ];
    for (kind, wrong) in cases {
        let verdict = judge(wrong);
        assert_eq!(verdict.outcome, Outcome::Broken, "{kind}: {verdict:?}");
        assert!(verdict.faults.of(kind) > 0, "{kind}: {verdict:?}");
    }
}

#[test]
fn what_the_server_says_in_the_end_is_what_was_told() {
    let verdict = judge(|parties| {
        two(parties);
        parties.confirmed(0, None);
    });
    assert_eq!(verdict.faults.of("not as it is"), 1, "{verdict:?}");
}

#[test]
fn whoever_missed_something_is_not_asked_for_it() {
    let verdict = judge(|parties| {
        two(parties);
        parties.interrupted(0);
        // 12 came and went meanwhile.
        parties.updated(1, &party(1, &[10, 11, 12]));
        parties.updated(1, &party(1, &[10, 11]));
        parties.updated(0, &party(1, &[10, 11]));
    });
    assert_eq!(verdict.outcome, Outcome::Kept, "{verdict:?}");
    // But what it is told then has to be so.
    let verdict = judge(|parties| {
        two(parties);
        parties.interrupted(0);
        parties.updated(0, &party(1, &[10, 12]));
    });
    assert!(verdict.faults.of("disagreement") > 0, "{verdict:?}");
}
