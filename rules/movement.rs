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
const SAVED_UP_SECS: f64 = 0.7;
/// Velocity is only what others draw between two positions, so it is held less tightly than these.
const VELOCITY_TOLERANCE: f64 = 2.0;

/// The distance a character may cover: a bucket that fills with time and that moving empties.
///
/// Over any span of time an accepted path is at most 1.1 × speed × the span, plus 0.7 s × speed.
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
            return Err(rejected("position", format!("too far for the time: the speed here is {speed} m/s")));
        }
        *self = Self::Counting { saved_m: left_m, at_ms: now.mono_ms };
        Ok(())
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
