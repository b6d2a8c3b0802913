//! Where one may go: in bounds, along the ways between locations, and no faster than the location allows.

use protocol::movement::Position;
use protocol::{ErrorCode, LocationId};
use serde::{Deserialize, Serialize};

use crate::content::{Content, Location, START};
use crate::{Now, Refusal};

/// How much faster than its location's speed a path may be before it is cheating: clocks and frame times differ.
const TOLERANCE: f64 = 1.1;
/// How many seconds of movement at full speed can be saved up. More than the 0.5 s by which an honest client's
/// messages may bunch up; less than what would hide somebody half as fast again for two seconds; and all that a
/// long pause is worth.
const SAVED_UP_SECS: f64 = 0.6;
/// Velocity is only what others draw between two positions, so it is held less tightly than these.
const VELOCITY_TOLERANCE: f64 = 2.0;

/// The distance a character may cover: a bucket that fills with time and that moving empties.
///
/// Over any span of time an accepted path is at most 1.1 × speed × the span, plus 0.6 s × speed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub enum SpeedBudget {
    /// Just entered the location: the first position costs nothing.
    #[default]
    Entering,
    Counting {
        saved_m: f64,
        /// Monotonic milliseconds: when `saved_m` was right.
        at_ms: u64,
    },
}

impl SpeedBudget {
    /// Pays for the way from one point to another of a location with this speed, in metres a second.
    /// Both have passed [`check_position`].
    ///
    /// # Errors
    /// `MOVE_REJECTED` when it is too far for the time; the budget is as before then.
    pub fn spend(&mut self, from: Position, to: Position, speed: f64, now: Now) -> Result<(), Refusal> {
        let saved_m_max = SAVED_UP_SECS * speed;
        let left_m = match *self {
            Self::Entering => saved_m_max,
            Self::Counting { saved_m, at_ms } => {
                // A budget restored after a restart may be from a clock that had run longer: no time has passed then.
                let elapsed_secs = now.mono_ms.saturating_sub(at_ms) as f64 / 1000.0;
                let saved_m = (saved_m + TOLERANCE * speed * elapsed_secs).min(saved_m_max);
                saved_m - distance(from, to)
            }
        };
        if left_m.is_nan() || left_m < 0.0 {
            return Err(rejected("position", too_far(distance(from, to), saved_m_max, speed)));
        }
        *self = Self::Counting { saved_m: left_m, at_ms: now.mono_ms };
        Ok(())
    }
}

fn too_far(step_m: f64, step_m_max: f64, speed: f64) -> String {
    if step_m > step_m_max {
        format!("too far for one step: at most {step_m_max} m, however long the last one was ago")
    } else {
        format!("too far for the time: the speed here is {speed} m/s")
    }
}

/// In metres.
pub fn distance(from: Position, to: Position) -> f64 {
    length(Position { x: to.x - from.x, y: to.y - from.y, z: to.z - from.z })
}

/// Whether one can be there at all, and whether the velocity is one that is possible there.
///
/// # Errors
/// `MOVE_REJECTED`, of field "position" or "velocity".
pub fn check_position(
    location: &Location,
    position: Position,
    velocity: Option<Position>,
) -> Result<(), Refusal> {
    if !location.bounds.contains(position) {
        let (min, max) = (location.bounds.min, location.bounds.max);
        let box_ = format!("({}, {}, {}) to ({}, {}, {})", min.x, min.y, min.z, max.x, max.y, max.z);
        return Err(rejected("position", format!("expected within {box_}, the bounds of {}", location.name)));
    }
    let fastest = VELOCITY_TOLERANCE * location.speed;
    if velocity.is_some_and(|velocity| !(0.0..=fastest).contains(&length(velocity))) {
        return Err(rejected("velocity", format!("expected at most {fastest} m/s")));
    }
    Ok(())
}

/// The location one gets to by going from `from` to `to`; where one is already, when `to` is that or 0.
///
/// # Errors
/// `MOVE_REJECTED` with `details.exits` when no way leads there. From a place that the world no longer has, the one
/// way leads to where characters begin.
pub fn check_way(content: &Content, from: LocationId, to: LocationId) -> Result<&Location, Refusal> {
    let here = content.location(from);
    let to = if to == LocationId::SAME { from } else { to };
    let exits = here.map_or([START].as_slice(), |here| here.exits.as_slice());
    let there = content.location(to).filter(|there| there.id == from || exits.contains(&there.id));
    there.ok_or_else(|| {
        let exits: Vec<i64> = exits.iter().map(|exit| exit.0).collect();
        rejected("to_location_id", format!("no way leads from location {from} to {to}")).with("exits", exits)
    })
}

fn length(of: Position) -> f64 {
    (of.x * of.x + of.y * of.y + of.z * of.z).sqrt()
}

fn rejected(field: &str, reason: String) -> Refusal {
    Refusal::new(ErrorCode::MoveRejected, format!("{field}: {reason}")).with("field", field)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop};
    use proptest::{prop_assert, proptest};

    use super::{SAVED_UP_SECS, SpeedBudget, TOLERANCE, check_position, check_way, distance};
    use crate::{Content, Now};
    use protocol::movement::Position;
    use protocol::{ErrorCode, LocationId};

    const SPEED: f64 = 10.0;

    fn at(x: f64, y: f64) -> Position {
        Position { x, y, z: 0.0 }
    }

    fn moment(mono_ms: u64) -> Now {
        Now { wall_ms: 0, mono_ms }
    }

    /// A step in some direction, as far as one gets in `secs` at `speed`.
    fn step(from: Position, direction: f64, speed: f64, secs: f64) -> Position {
        at(from.x + direction.cos() * speed * secs, from.y + direction.sin() * speed * secs)
    }

    proptest! {
        /// Ten positions a second at exactly the speed, each up to 500 ms late, in order: I-23's honest laggy client.
        #[test]
        fn an_honest_client_is_never_rejected_however_late_and_bunched_up(
            steps in prop::collection::vec((0.0..std::f64::consts::TAU, 0_u64..=500), 2..300),
            started_ms in 0_u64..1_000_000,
        ) {
            let (mut budget, mut here, mut arrived_ms) = (SpeedBudget::Entering, at(0.0, 0.0), 0);
            for (number, (direction, late_ms)) in steps.into_iter().enumerate() {
                arrived_ms = arrived_ms.max(started_ms + 100 * number as u64 + late_ms);
                let there = step(here, direction, SPEED, 0.1);
                prop_assert!(budget.spend(here, there, SPEED, moment(arrived_ms)).is_ok());
                here = there;
            }
        }

        #[test]
        fn who_is_half_as_fast_again_is_caught_within_two_seconds(
            paused_ms in 0_u64..100_000,
            interval_ms in 20_u64..=200,
            lateness in prop::collection::vec(0_u64..=50, 100),
        ) {
            let (mut budget, mut here) = (SpeedBudget::Entering, at(0.0, 0.0));
            budget.spend(here, here, SPEED, moment(0)).expect("the first position is free");
            let (mut sent_ms, mut arrived_ms, mut caught) = (paused_ms, paused_ms, false);
            for late_ms in lateness {
                sent_ms += interval_ms;
                arrived_ms = arrived_ms.max(sent_ms + late_ms);
                if arrived_ms > paused_ms + 2000 {
                    break;
                }
                let there = step(here, 0.0, 1.5 * SPEED, interval_ms as f64 / 1000.0);
                caught |= budget.spend(here, there, SPEED, moment(arrived_ms)).is_err();
                here = there;
            }
            prop_assert!(caught);
        }

        #[test]
        fn no_accepted_path_is_faster_than_tolerated_over_any_second(
            attempts in prop::collection::vec((0_u64..1500, 0.0..40.0_f64), 1..100),
        ) {
            let (mut budget, mut here, mut now_ms) = (SpeedBudget::Entering, at(0.0, 0.0), 0);
            budget.spend(here, here, SPEED, moment(0)).expect("the first position is free");
            let mut accepted: Vec<(u64, f64)> = Vec::new();
            for (pause_ms, far) in attempts {
                now_ms += pause_ms;
                let there = at(here.x + far, 0.0);
                let before = budget;
                if budget.spend(here, there, SPEED, moment(now_ms)).is_ok() {
                    accepted.push((now_ms, far));
                    here = there;
                } else {
                    prop_assert!(budget == before, "a refusal changes nothing");
                }
            }
            for (from_ms, _) in &accepted {
                let window = accepted.iter().filter(|(when, _)| (*from_ms..=from_ms + 1000).contains(when));
                let path: f64 = window.map(|(_, far)| far).sum();
                prop_assert!(path <= (TOLERANCE + SAVED_UP_SECS) * SPEED + 1e-6);
            }
        }

        #[test]
        fn what_passes_is_finite_and_in_bounds(
            position in (any::<f64>(), any::<f64>(), any::<f64>()).prop_map(|(x, y, z)| Position { x, y, z }),
            velocity in (any::<f64>(), any::<f64>(), any::<f64>()).prop_map(|(x, y, z)| Position { x, y, z }),
        ) {
            let content = Content::builtin();
            if check_position(content.start(), position, Some(velocity)).is_ok() {
                prop_assert!(content.start().bounds.contains(position));
                prop_assert!([velocity.x, velocity.y, velocity.z].iter().all(|v| v.abs() <= 2.0 * SPEED));
            }
        }
    }

    #[test]
    fn a_long_pause_is_no_teleport() {
        let mut budget = SpeedBudget::Entering;
        budget
            .spend(at(0.0, 0.0), at(900.0, 900.0), SPEED, moment(0))
            .expect("the first position is anywhere");
        let hour_later = moment(3_600_000);
        let refused = budget.spend(at(900.0, 900.0), at(893.0, 900.0), SPEED, hour_later).unwrap_err();
        assert!(refused.reason.contains("at most 6 m"), "{refused:?}");
        assert!(budget.spend(at(900.0, 900.0), at(895.0, 900.0), SPEED, hour_later).is_ok());
    }

    #[test]
    fn a_budget_from_a_clock_that_ran_longer_fills_again() {
        let mut budget = SpeedBudget::Counting { saved_m: 0.0, at_ms: 1_000_000 };
        budget.spend(at(0.0, 0.0), at(0.0, 0.0), SPEED, moment(5)).expect("standing still is free");
        assert!(budget.spend(at(0.0, 0.0), at(1.0, 0.0), SPEED, moment(105)).is_ok());
    }

    #[test]
    fn what_is_not_a_number_is_no_position() {
        let content = Content::builtin();
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1000.1, -1000.1] {
            let refusal =
                check_position(content.start(), at(0.0, wrong), None).expect_err("a wrong position");
            assert_eq!(refusal.code, ErrorCode::MoveRejected);
            assert_eq!(refusal.details["field"], "position");
        }
        for wrong in [f64::NAN, f64::INFINITY, 20.1, -20.1] {
            let refusal = check_position(content.start(), at(0.0, 0.0), Some(at(wrong, 0.0)));
            assert_eq!(refusal.expect_err("a wrong velocity").details["field"], "velocity");
        }
        assert!(check_position(content.start(), at(1000.0, -1000.0), Some(at(6.0, 8.0))).is_ok());
    }

    #[test]
    fn ways_lead_along_the_exits_only() {
        let content = Content::builtin();
        let goes = |from, to| check_way(&content, LocationId(from), LocationId(to)).map(|there| there.id.0);
        for (from, to, gets_to) in
            [(1, 2, Some(2)), (2, 1, Some(1)), (2, 3, None), (1, 0, Some(1)), (2, 2, Some(2))]
        {
            assert_eq!(goes(from, to).ok(), gets_to, "from {from} to {to}");
        }
        for unknown in [13, -1, i64::MAX, i64::MIN] {
            let refusal = goes(2, unknown).expect_err("an unknown location");
            assert_eq!(refusal.code, ErrorCode::MoveRejected);
            assert_eq!(refusal.details["exits"], serde_json::json!([1]));
        }
        assert_eq!(goes(99, 1).ok(), Some(1), "from a place that is no more one gets to where all begin");
        assert!(goes(99, 2).is_err());
        assert!(goes(99, 0).is_err());
    }

    #[test]
    fn distance_is_measured_in_all_three_directions() {
        let far = distance(Position { x: 1.0, y: 2.0, z: 3.0 }, Position { x: 3.0, y: 5.0, z: 9.0 });
        assert_eq!(far, 7.0);
    }
}
