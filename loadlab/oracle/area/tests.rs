//! The judge is fed honest frames and believes them, and wrong ones of every kind and finds them.

use std::time::Duration;

use protocol::area::{AreaUpdate, CellUpdate, Chunk, Coordinate, Gone, Moved};
use protocol::movement::{Occupant, Position};
use protocol::{CharacterId, LocationId};

use super::Area;
use super::picture::Cell;
use crate::oracle::{Outcome, Verdict};

const HERE: LocationId = LocationId(5);
const THERE: LocationId = LocationId(6);
const NOW: Duration = Duration::ZERO;

fn at(x: f64, y: f64) -> Position {
    Position { x, y, z: 0.0 }
}

/// Bots 0 and 1 view, as characters 100 and 101; bot 2 is character 102. All are in the same place and have said so.
/// Character 999 is of another run.
fn area() -> Area {
    let mut area = Area::default();
    for bot in 0..3 {
        area.plays(bot, CharacterId(100 + bot as i64), bot < 2);
        area.arrived(bot, (HERE, at(10.0, 10.0)), Some(NOW));
    }
    area
}

fn came(cell: Cell, who: i64, x: f64, y: f64) -> CellUpdate {
    let occupant = Occupant {
        character_id: CharacterId(who),
        character_name: format!("Number {who}"),
        level: 1,
        faction: "Aether Seekers".to_owned(),
        position: at(x, y),
    };
    CellUpdate { cell, enter: vec![occupant], ..CellUpdate::default() }
}

fn left(cell: Cell, who: i64, to: Option<Cell>) -> CellUpdate {
    CellUpdate { cell, leave: vec![Gone(CharacterId(who), to)], ..CellUpdate::default() }
}

fn moved(cell: Cell, who: i64, x: f64, y: f64) -> CellUpdate {
    let [x, y, none] = [x, y, 0.0].map(Coordinate);
    CellUpdate {
        cell,
        moved: vec![Moved(CharacterId(who), x, y, none, none, none, none)],
        ..CellUpdate::default()
    }
}

fn frame(tick: u64, full: bool, cells: Vec<CellUpdate>) -> AreaUpdate {
    let cells = cells.into_iter().map(Chunk::new).collect();
    AreaUpdate { tick, location_id: HERE, dilation: 1.0, full, cells }
}

/// All three, in the middle cell.
fn whole(tick: u64) -> AreaUpdate {
    frame(tick, true, [100, 101, 102].map(|who| came([0, 0], who, 10.0, 10.0)).to_vec())
}

fn news(tick: u64, cells: Vec<CellUpdate>) -> AreaUpdate {
    frame(tick, false, cells)
}

/// Shows bot 0 these frames, and one more tick, so that the last of them is judged.
fn judged(mut area: Area, frames: Vec<AreaUpdate>) -> Verdict {
    let next = frames.last().map_or(1, |frame| frame.tick + 1);
    let location_id = frames.last().map_or(HERE, |frame| frame.location_id);
    for frame in frames {
        area.shown(0, &frame);
    }
    area.shown(0, &AreaUpdate { location_id, ..news(next, Vec::new()) });
    area.verdict()
}

#[track_caller]
fn expect_kept(verdict: &Verdict) {
    assert_eq!(verdict.outcome, Outcome::Kept, "{verdict:?}");
}

#[track_caller]
fn expect_broken(verdict: &Verdict, kind: &str) {
    assert_eq!(verdict.outcome, Outcome::Broken, "{verdict:?}");
    assert!(verdict.faults.of(kind) > 0, "{kind}: {verdict:?}");
}

#[test]
fn an_honest_world_is_believed_and_counted() {
    let mut area = area();
    for (bot, x) in [(0, 11.0), (2, 45.0), (2, 56.0)] {
        area.steps(bot, at(x, 10.0), NOW);
    }
    let frames = vec![
        whole(1),
        news(2, vec![moved([0, 0], 100, 11.0, 10.0), moved([0, 0], 102, 45.0, 10.0)]),
        // It crosses a border, told in two frames, in the order that readers least expect.
        news(3, vec![came([1, 0], 102, 56.0, 10.0)]),
        news(3, vec![left([0, 0], 102, Some([1, 0]))]),
        news(4, vec![left([0, 0], 101, None)]),
    ];
    let verdict = judged(area, frames);
    expect_kept(&verdict);
    assert!(verdict.evidence.starts_with("6 frames (1 whole) with 8 who"), "{verdict:?}");
}

#[test]
fn nobody_is_believed_who_shows_what_cannot_be() {
    let worlds: Vec<(&str, Vec<AreaUpdate>)> = vec![
        ("unfounded", vec![news(1, vec![came([0, 0], 100, 10.0, 10.0)])]),
        ("blind", vec![frame(1, true, vec![came([0, 0], 101, 10.0, 10.0)])]),
        ("outside", vec![whole(1), news(2, vec![came([3, 0], 999, 160.0, 10.0)])]),
        ("outside", vec![whole(1), news(2, vec![came([0, -3], 999, 10.0, -110.0)])]),
        ("misplaced", vec![whole(1), news(2, vec![came([1, 0], 999, 10.0, 10.0)])]),
        ("misplaced", vec![whole(1), news(2, vec![moved([0, 0], 102, 56.0, 10.0)])]),
        ("misplaced", vec![whole(1), news(2, vec![moved([1, 0], 102, 54.0, 10.0)])]),
        ("unseen", vec![whole(1), news(2, vec![moved([0, 0], 999, 10.0, 10.0)])]),
        ("unknown_gone", vec![whole(1), news(2, vec![left([0, 0], 999, None)])]),
        ("unknown_gone", vec![whole(1), news(2, vec![left([1, 0], 102, None)])]),
        ("doubled", vec![whole(1), news(2, vec![came([0, 0], 102, 10.0, 10.0)])]),
        ("doubled", vec![whole(1), news(2, vec![came([1, 0], 102, 50.0, 10.0)])]),
        ("vanished", vec![whole(1), news(2, vec![left([0, 0], 102, Some([1, 0]))])]),
        (
            "no_snapshot",
            vec![whole(1), news(2, vec![left([0, 0], 100, Some([1, 0])), came([1, 0], 100, 50.0, 10.0)])],
        ),
        ("tick_back", vec![whole(7), news(6, vec![moved([0, 0], 102, 10.0, 10.0)])]),
        ("invented", vec![whole(1), news(2, vec![moved([0, 0], 102, 12.0, 10.0)])]),
        ("elsewhere", vec![AreaUpdate { location_id: THERE, ..whole(1) }]),
        ("elsewhere", vec![whole(1), AreaUpdate { location_id: THERE, ..whole(2) }]),
    ];
    for (kind, frames) in worlds {
        expect_broken(&judged(area(), frames), kind);
    }
}

#[test]
fn nobody_goes_back_to_where_he_was() {
    let mut area = area();
    area.steps(2, at(11.0, 10.0), NOW);
    area.steps(2, at(12.0, 10.0), NOW);
    let frames = vec![
        whole(1),
        news(2, vec![moved([0, 0], 102, 12.0, 10.0)]),
        news(3, vec![moved([0, 0], 102, 11.0, 10.0)]),
    ];
    expect_broken(&judged(area, frames), "went_back");
}

#[test]
fn what_is_shown_is_of_the_place_that_was_told_last() {
    let there = || AreaUpdate { location_id: THERE, ..frame(1, true, vec![came([0, 0], 100, 20.0, 10.0)]) };
    let setting_out = || {
        let mut area = area();
        area.shown(0, &whole(100));
        area.sets_out(0, THERE, at(20.0, 10.0), NOW);
        area
    };
    let mut told = setting_out();
    told.shown(0, &whole(101));
    told.arrived(0, (THERE, at(20.0, 10.0)), None);
    expect_kept(&judged(told, vec![there()]));
    let mut early = setting_out();
    early.shown(0, &there());
    expect_broken(&early.verdict(), "elsewhere");
    let mut late = setting_out();
    late.arrived(0, (THERE, at(20.0, 10.0)), None);
    expect_broken(&judged(late, vec![whole(101)]), "elsewhere");
    // What is news to the old place is none to the new one.
    let mut unfounded = setting_out();
    unfounded.arrived(0, (THERE, at(20.0, 10.0)), None);
    expect_broken(&judged(unfounded, vec![AreaUpdate { full: false, ..there() }]), "unfounded");
    // Who is not let in stays where he was.
    let mut refused = setting_out();
    refused.turns_back(0);
    expect_kept(&judged(refused, vec![whole(101)]));
}

#[test]
fn a_new_connection_begins_with_a_whole_view() {
    let dropped = || {
        let mut area = area();
        area.shown(0, &whole(10));
        area.is_away(0);
        // Still on its way when the connection dropped.
        area.shown(0, &news(11, vec![moved([0, 0], 999, 1.0, 1.0)]));
        area.is_back(0, false);
        area
    };
    expect_kept(&judged(dropped(), vec![whole(11)]));
    expect_broken(&judged(dropped(), vec![news(11, vec![moved([0, 0], 102, 10.0, 10.0)])]), "unfounded");
}

#[test]
fn a_restarted_server_counts_anew() {
    let mut area = area();
    area.shown(0, &whole(100));
    area.struck();
    area.shown(0, &news(101, vec![moved([0, 0], 999, 1.0, 1.0)]));
    area.is_away(0);
    area.is_back(0, true);
    expect_kept(&judged(area, vec![whole(1)]));
}

/// Both viewers are shown the same world; then each of them something else.
fn two_viewers(one: AreaUpdate, other: AreaUpdate) -> Verdict {
    let mut area = area();
    area.steps(1, at(180.0, 10.0), NOW);
    for viewer in [1, 0] {
        area.shown(viewer, &whole(1));
    }
    area.shown(1, &other);
    area.shown(0, &one);
    judged(area, vec![news(3, Vec::new())])
}

#[test]
fn two_viewers_of_one_tick_agree_on_where_they_are() {
    let far = || frame(2, true, vec![came([3, 0], 101, 180.0, 10.0)]);
    let gone = news(2, vec![left([0, 0], 101, Some([3, 0]))]);
    expect_kept(&two_viewers(gone, far()));
    expect_broken(&two_viewers(news(2, vec![moved([0, 0], 102, 10.0, 10.0)]), far()), "lingering");
    let stays = || news(2, vec![moved([0, 0], 101, 10.0, 10.0)]);
    let unseen = news(2, vec![left([0, 0], 101, None)]);
    expect_broken(&two_viewers(unseen, stays()), "missing");
    let verdict = two_viewers(stays(), stays());
    expect_kept(&verdict);
    assert!(!verdict.evidence.contains("; 0 looks at two"), "{verdict:?}");
}

/// Bot 0 sees the world as of `whole`, and then the bots do something that it is not told of.
fn in_the_end(work: impl FnOnce(&mut Area)) -> (bool, Verdict) {
    let mut area = area();
    area.shown(0, &whole(1));
    work(&mut area);
    let settled = area.is_settled();
    area.conclude();
    // Nothing that comes afterwards counts: everybody leaves.
    area.shown(0, &news(2, vec![moved([0, 0], 999, 1.0, 1.0)]));
    (settled, area.verdict())
}

#[test]
fn in_the_end_everybody_sees_what_is_true() {
    let (settled, verdict) = in_the_end(|_| {});
    assert!(
        settled && verdict.evidence.ends_with("in the end 1 viewers saw 3 where they are"),
        "{verdict:?}"
    );
    expect_kept(&verdict);
    type Work = fn(&mut Area);
    let untold: [(Work, &str); 5] = [
        (|area| area.steps(2, at(12.0, 10.0), NOW), "stale"),
        (|area| area.steps(2, at(160.0, 10.0), NOW), "lingering"),
        (|area| area.sets_out(2, THERE, at(10.0, 10.0), NOW), "lingering"),
        (|area| area.steps(0, at(12.0, 10.0), NOW), "stale"),
        (
            |area| {
                area.plays(3, CharacterId(103), false);
                area.arrived(3, (HERE, at(-90.0, 140.0)), Some(NOW));
            },
            "missing",
        ),
    ];
    for (work, kind) in untold {
        let (settled, verdict) = in_the_end(work);
        assert!(!settled, "{kind}");
        expect_broken(&verdict, kind);
    }
}

#[test]
fn what_nobody_can_know_is_not_judged() {
    type Work = fn(&mut Area);
    let doubtful: [Work; 4] = [
        // Where it stands beyond a border depends on where it came from.
        |area| {
            area.plays(3, CharacterId(103), false);
            area.arrived(3, (HERE, at(154.0, 10.0)), Some(NOW));
        },
        // Its last step may have been lost with its connection.
        |area| {
            area.steps(2, at(12.0, 10.0), NOW);
            area.is_away(2);
        },
        // The server did not believe one of its last steps.
        |area| {
            area.steps(2, at(900.0, 10.0), NOW);
            area.is_corrected(2);
        },
        // Who has no connection sees nothing.
        |area| {
            area.steps(2, at(12.0, 10.0), NOW);
            area.is_away(0);
        },
    ];
    for work in doubtful {
        let (settled, verdict) = in_the_end(work);
        assert!(settled);
        expect_kept(&verdict);
    }
}

#[test]
fn without_a_frame_nothing_is_proved() {
    assert_eq!(area().verdict().outcome, Outcome::Unproved);
}

#[test]
fn new_positions_nearby_are_handed_out_once() {
    let mut area = area();
    let due = Duration::from_secs(3);
    area.steps(1, at(11.0, 10.0), due);
    area.shown(0, &whole(1));
    let step = || vec![moved([0, 0], 101, 11.0, 10.0)];
    assert_eq!(area.shown(0, &news(2, step())), [due]);
    assert!(area.shown(0, &news(3, step())).is_empty());
    area.plays(3, CharacterId(103), false);
    area.arrived(3, (HERE, at(110.0, 10.0)), Some(due));
    assert!(area.shown(0, &news(4, vec![came([2, 0], 103, 110.0, 10.0)])).is_empty(), "it is far");
    expect_kept(&area.verdict());
}
