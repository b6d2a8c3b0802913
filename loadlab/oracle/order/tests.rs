//! Histories with and without a fault, for the judge of one channel.

use super::{Break, Line, Order, Page};
use crate::oracle::Faults;

/// Three bots; bot 0 says lines acknowledged under these numbers.
fn said(ids: &[u64]) -> Order {
    let mut order = Order::new(0..3);
    for (number, id) in ids.iter().enumerate() {
        order.acknowledged(line(number as u64), *id);
    }
    order
}

fn line(number: u64) -> Line {
    Line { bot: 0, number }
}

fn hear(order: &mut Order, ear: usize, lines: &[(u64, u64)]) {
    for (number, id) in lines {
        order.heard(ear, line(*number), *id);
    }
}

/// Lost, doubled, out of order, inconsistent, misdirected.
fn found(faults: &Faults) -> [u64; 5] {
    ["lost", "doubled", "out_of_order", "inconsistent", "misdirected"].map(|kind| faults.of(kind))
}

const ALL: &[(u64, u64)] = &[(0, 10), (1, 12), (2, 15)];

/// What is found when bot 1 heard `before`, was interrupted by `breaks`, and heard `after`: outside of resumes, and in them.
fn judged(before: &[(u64, u64)], breaks: &[Break], after: &[(u64, u64)]) -> ([u64; 5], [u64; 5]) {
    let mut order = said(&[10, 12, 15]);
    hear(&mut order, 0, ALL);
    hear(&mut order, 2, ALL);
    hear(&mut order, 1, before);
    for by in breaks {
        order.interrupted(1, *by);
    }
    hear(&mut order, 1, after);
    let complete = order.is_complete();
    let (faults, in_resumes) = order.judge();
    assert_eq!(complete, faults.of("lost") + in_resumes.of("lost") == 0);
    (found(&faults), found(&in_resumes))
}

const CLEAN: [u64; 5] = [0; 5];

#[test]
fn all_heard_once_and_in_order_is_clean() {
    let mut order = said(&[10, 12, 15]);
    for ear in 0..3 {
        assert!(!order.is_complete());
        hear(&mut order, ear, ALL);
    }
    assert!(order.is_complete());
    assert_eq!(order.counts(), (3, 9));
    assert_eq!(order.judge(), (Faults::default(), Faults::default()));
}

#[test]
fn every_fault_is_found_by_its_name() {
    type Fault = (&'static [(u64, u64)], [u64; 5]);
    let faults: [Fault; 5] = [
        (&[(0, 10), (2, 15)], [1, 0, 0, 0, 0]),
        (&[(0, 10), (1, 12), (1, 12), (2, 15)], [0, 1, 0, 0, 0]),
        (&[(0, 10), (2, 15), (1, 12)], [0, 0, 1, 0, 0]),
        (&[(0, 10), (1, 12), (1, 13), (2, 15)], [0, 1, 0, 0, 0]),
        (&[(0, 10), (1, 12), (2, 15), (3, 1 << 40)], [0, 0, 0, 1, 0]),
    ];
    for (heard, expected) in faults {
        assert_eq!(judged(heard, &[], &[]), (expected, CLEAN), "{heard:?}");
    }
    let mut order = said(&[10]);
    hear(&mut order, 7, &[(0, 10)]);
    assert_eq!(order.judge().0.of("misdirected"), 1);
}

#[test]
fn two_lines_under_one_number_are_inconsistent() {
    let mut order = said(&[10]);
    order.acknowledged(line(1), 10);
    assert_eq!(order.judge().0.of("inconsistent"), 1);
}

#[test]
fn a_resume_excuses_nothing() {
    let heard: &[(u64, u64)] = &[(0, 10)];
    assert_eq!(judged(heard, &[Break::Dropped], &[(1, 12), (2, 15)]), (CLEAN, CLEAN));
    assert_eq!(judged(heard, &[Break::Dropped], &[(2, 15)]), (CLEAN, [1, 0, 0, 0, 0]));
    assert_eq!(judged(heard, &[Break::Dropped], &[(0, 10), (1, 12), (2, 15)]), (CLEAN, [0, 1, 0, 0, 0]));
    assert_eq!(judged(heard, &[Break::Dropped], &[(2, 15), (1, 12)]), ([0, 0, 1, 0, 0], CLEAN));
    assert_eq!(judged(heard, &[Break::Dropped], &[]), (CLEAN, [2, 0, 0, 0, 0]));
}

#[test]
fn a_gap_excuses_as_many_as_it_names_and_only_there() {
    let heard: &[(u64, u64)] = &[(0, 10)];
    let gap = |events| [Break::Dropped, Break::Gap { events }];
    assert_eq!(judged(heard, &gap(1), &[(2, 15)]), (CLEAN, CLEAN));
    assert_eq!(judged(heard, &gap(1), &[]), (CLEAN, [1, 0, 0, 0, 0]));
    assert_eq!(judged(heard, &gap(2), &[]), (CLEAN, CLEAN));
    assert_eq!(judged(heard, &gap(9), &[(1, 12)]), ([1, 0, 0, 0, 0], CLEAN), "the last was after it");
    assert_eq!(judged(&[], &gap(9), ALL), (CLEAN, CLEAN));
}

#[test]
fn who_was_away_is_owed_what_was_said_before_and_after() {
    assert_eq!(judged(&[(0, 10)], &[Break::Away], &[(2, 15)]), (CLEAN, CLEAN));
    assert_eq!(judged(&[], &[Break::Away], &[]), (CLEAN, CLEAN));
    assert_eq!(judged(&[(1, 12)], &[Break::Away], &[(2, 15)]), ([1, 0, 0, 0, 0], CLEAN));
}

#[test]
fn a_history_shows_what_was_missed_and_is_held_to_it() {
    let page = |lines: &[(u64, u64)], span| Page {
        span: Some(span),
        lines: lines.iter().map(|(number, id)| (line(*number), *id)).collect(),
    };
    let cases = [
        (page(&[(1, 12), (2, 15)], (11, 15)), CLEAN),
        (page(&[(2, 15)], (11, 15)), [1, 0, 0, 0, 0]),
        (page(&[(2, 15)], (13, 15)), CLEAN),
        (page(&[(0, 10), (1, 12), (2, 15)], (1, 15)), CLEAN),
        (page(&[(1, 12), (2, 16)], (11, 16)), [1, 1, 0, 0, 0]),
    ];
    for (page, expected) in cases {
        let mut order = said(&[10, 12, 15]);
        hear(&mut order, 0, ALL);
        hear(&mut order, 2, ALL);
        hear(&mut order, 1, &[(0, 10)]);
        order.interrupted(1, Break::Away);
        order.told(1, &page);
        let (faults, in_resumes) = order.judge();
        assert_eq!((found(&faults), found(&in_resumes)), (expected, CLEAN), "{page:?}");
    }
}

#[test]
fn what_is_in_the_history_does_not_come_again() {
    let mut order = said(&[10]);
    hear(&mut order, 0, &[(0, 10)]);
    hear(&mut order, 2, &[(0, 10)]);
    order.told(1, &Page { span: Some((10, 10)), lines: vec![(line(0), 10)] });
    hear(&mut order, 1, &[(0, 10)]);
    assert_eq!(order.judge().0.of("doubled"), 1);
}

#[test]
fn the_answer_to_a_line_of_ones_own_may_come_after_the_history_that_has_it() {
    let mut order = said(&[10]);
    hear(&mut order, 1, &[(0, 10)]);
    hear(&mut order, 2, &[(0, 10)]);
    order.told(0, &Page { span: Some((10, 10)), lines: vec![(line(0), 10)] });
    hear(&mut order, 0, &[(0, 10)]);
    assert!(order.is_complete());
    hear(&mut order, 0, &[(0, 10)]);
    assert_eq!(order.judge().0.of("doubled"), 1, "once, not twice");
}

#[test]
fn what_was_not_acknowledged_may_be_heard_or_not() {
    let mut order = said(&[10, 12, 15]);
    for ear in 0..3 {
        hear(&mut order, ear, ALL);
    }
    hear(&mut order, 1, &[(3, 16)]);
    assert_eq!(order.judge(), (Faults::default(), Faults::default()));
}
