//! Captures that are well pass, and each way in which they are not is found.

use protocol::CharacterId;
use protocol::combat::{CombatEnd, Outcome};
use protocol::ids::CrystalShardId;
use protocol::world::{ShardCaptured, ShardOwnership};

use super::Captures;
use crate::oracle::{Outcome as Judged, Verdict};

const SHARD: CrystalShardId = CrystalShardId(3);

/// Character, faction, and who had it before.
type Taken = (i64, &'static str, Option<&'static str>);

const FIRST: Taken = (10, "Reds", None);
const SECOND: Taken = (20, "Blues", Some("Reds"));

fn told((by, faction, from): Taken) -> ShardCaptured {
    ShardCaptured {
        shard_id: SHARD,
        shard_name: "A stone".to_owned(),
        captured_by_character_id: CharacterId(by),
        captured_by_character_name: String::new(),
        faction: faction.to_owned(),
        previous_owner_faction: from.map(str::to_owned),
    }
}

fn row((by, faction, from): Taken) -> ShardOwnership {
    ShardOwnership {
        faction: Some(faction.to_owned()),
        previous_faction: from.map(str::to_owned),
        captured_by_character_id: Some(CharacterId(by)),
        captured_by_character_name: None,
        timestamp: String::new(),
    }
}

fn win(captures: &mut Captures, combat: &str, who: i64) {
    captures.challenged(combat);
    let end = CombatEnd {
        combat_id: combat.to_owned(),
        outcome: Outcome::Won,
        experience: 0,
        souls: 0,
        loot: Vec::new(),
    };
    captures.fought(CharacterId(who), &end);
}

/// Two bots hear these, and these are on record afterwards, the oldest first.
fn judge(wins: &[(&str, i64)], heard: [&[Taken]; 2], recorded: &[Taken]) -> Verdict {
    let mut captures = Captures::default();
    captures.recorded(SHARD, &[], false);
    for (bot, heard) in heard.into_iter().enumerate() {
        captures.plays(bot);
        heard.iter().for_each(|taken| captures.heard(bot, &told(*taken)));
    }
    wins.iter().for_each(|(combat, who)| win(&mut captures, combat, *who));
    let rows: Vec<ShardOwnership> = recorded.iter().rev().map(|taken| row(*taken)).collect();
    captures.recorded(SHARD, &rows, true);
    captures.verdict().unwrap()
}

const BOTH: [(&str, i64); 2] = [("f", 10), ("g", 20)];

#[test]
fn one_after_the_other_is_well() {
    let all: &[Taken] = &[FIRST, SECOND];
    let verdict = judge(&BOTH, [all, all], all);
    assert_eq!(verdict.outcome, Judged::Kept, "{verdict:?}");
    assert!(verdict.evidence.contains("2 captures by 2 captors"), "{verdict:?}");
    assert_eq!(judge(&BOTH, [&[], &[]], &[]).outcome, Judged::Unproved);
    assert!(Captures::default().verdict().is_none());
}

#[test]
fn each_fault_is_found() {
    let all: &[Taken] = &[FIRST, SECOND];
    let late = (20, "Blues", None);
    let again = (10, "Reds", Some("Reds"));
    let cases = [
        ("two captors", judge(&BOTH, [&[FIRST, late], &[FIRST, late]], &[FIRST, late])),
        ("taken from oneself", judge(&BOTH, [&[again], &[again]], &[again])),
        ("not as it was", judge(&BOTH, [all, &[FIRST]], all)),
        ("not as it was", judge(&BOTH, [all, &[SECOND, FIRST]], all)),
        ("not as it was", judge(&BOTH, [all, all], &[FIRST])),
        ("not as it was", judge(&BOTH, [all, &[FIRST, SECOND, SECOND]], all)),
        ("not fought for", judge(&[("f", 10), ("g", 10)], [all, all], all)),
        // Two of one party take it for one victory.
        ("more than were fought for", judge(&[("f", 10), ("f", 20)], [all, all], all)),
    ];
    for (kind, verdict) in cases {
        assert_eq!(verdict.outcome, Judged::Broken, "{kind}: {verdict:?}");
        assert!(verdict.faults.of(kind) > 0, "{kind}: {verdict:?}");
    }
}

/// Reds and blues in turn, each after a fight of their own.
fn many(captures: usize) -> (Vec<Taken>, Vec<(String, i64)>) {
    let taken = |nth: usize| match nth {
        0 => FIRST,
        nth if nth % 2 == 1 => SECOND,
        _ => (10, "Reds", Some("Blues")),
    };
    let all: Vec<Taken> = (0..captures).map(taken).collect();
    let wins = all.iter().enumerate().map(|(nth, taken)| (format!("f{nth}"), taken.0)).collect();
    (all, wins)
}

#[test]
fn what_the_record_does_not_show_is_taken_from_who_heard_it() {
    let (all, wins) = many(130);
    let wins: Vec<(&str, i64)> = wins.iter().map(|(combat, who)| (combat.as_str(), *who)).collect();
    let verdict = judge(&wins, [&all, &all], &all[30..]);
    assert_eq!(verdict.outcome, Judged::Kept, "{verdict:?}");
    assert!(verdict.evidence.contains("130 captures"), "{verdict:?}");
    // One heard one less; nobody heard what is shown.
    assert!(judge(&wins, [&all, &all[1..]], &all[30..]).faults.of("not as it was") > 0);
    assert!(judge(&wins, [&all[..50], &[]], &all[30..]).faults.of("not as it was") > 0);
}

#[test]
fn what_the_end_of_the_world_releases_is_nobodys_capture() {
    let mut captures = Captures::default();
    captures.plays(0);
    let again = (20, "Blues", None);
    [FIRST, again].iter().for_each(|taken| captures.heard(0, &told(*taken)));
    BOTH.iter().for_each(|(combat, who)| win(&mut captures, combat, *who));
    let released =
        ShardOwnership { faction: None, captured_by_character_id: None, ..row((0, "", Some("Reds"))) };
    captures.recorded(SHARD, &[row(again), released, row(FIRST)], true);
    let verdict = captures.verdict().unwrap();
    assert_eq!(verdict.outcome, Judged::Kept, "{verdict:?}");
}

#[test]
fn whoever_missed_some_heard_the_rest_in_order() {
    let heard = |after: Taken| {
        let mut captures = Captures::default();
        captures.recorded(SHARD, &[], false);
        captures.plays(0);
        captures.heard(0, &told(FIRST));
        captures.interrupted(0);
        captures.heard(0, &told(after));
        BOTH.iter().for_each(|(combat, who)| win(&mut captures, combat, *who));
        win(&mut captures, "h", 10);
        let third = (10, "Reds", Some("Blues"));
        captures.recorded(SHARD, &[row(third), row(SECOND), row(FIRST)], true);
        captures.verdict().unwrap()
    };
    assert_eq!(heard((10, "Reds", Some("Blues"))).outcome, Judged::Kept);
    assert_eq!(heard((10, "Reds", Some("Greens"))).faults.of("not as it was"), 1);
}

#[test]
fn a_fight_whose_end_nobody_was_told_may_have_been_won() {
    let mut captures = Captures::default();
    captures.plays(0);
    captures.heard(0, &told(FIRST));
    captures.challenged("f");
    captures.recorded(SHARD, &[row(FIRST)], true);
    let verdict = captures.verdict().unwrap();
    assert_eq!(verdict.outcome, Judged::Kept, "{verdict:?}");
}
