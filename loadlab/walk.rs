//! How a bot wanders: straight to a point near the middle of its group, then to another, never too fast.

use protocol::movement::Position;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

/// Below the 10 m/s that locations allow, so that a late tick is no offence.
const SPEED_MPS: f64 = 8.0;
/// Within the bounds of every location.
const EDGE_M: f64 = 990.0;
/// A longer pause is not walked off afterwards.
const STEP_SECS_MAX: f64 = 0.5;

/// A bot on its feet.
#[derive(Debug)]
pub struct Walker {
    middle: Position,
    /// How far from there it goes.
    radius_m: f64,
    at: Position,
    target: Position,
    dice: Pcg64Mcg,
}

impl Walker {
    pub fn new(middle: Position, radius_m: f64, mut dice: Pcg64Mcg) -> Self {
        let at = near(middle, radius_m, &mut dice);
        let target = near(middle, radius_m, &mut dice);
        Self { middle, radius_m, at, target, dice }
    }

    pub fn position(&self) -> Position {
        self.at
    }

    /// The server says where one really is.
    pub fn correct(&mut self, truth: Position) {
        self.at = truth;
    }

    /// Another middle to wander around; one is put down there.
    pub fn settle(&mut self, middle: Position) {
        self.middle = middle;
        self.at = near(middle, self.radius_m, &mut self.dice);
        self.target = near(middle, self.radius_m, &mut self.dice);
    }

    /// Walks on for `secs`. Returns where one is then and how fast one goes.
    pub fn step(&mut self, secs: f64) -> (Position, Position) {
        let reach = SPEED_MPS * secs.clamp(0.0, STEP_SECS_MAX);
        let (dx, dy) = (self.target.x - self.at.x, self.target.y - self.at.y);
        let left = dx.hypot(dy);
        if left <= reach {
            self.at = self.target;
            self.target = near(self.middle, self.radius_m, &mut self.dice);
            return (self.at, Position::default());
        }
        let (along_x, along_y) = (dx / left, dy / left);
        self.at = Position { x: self.at.x + along_x * reach, y: self.at.y + along_y * reach, z: self.at.z };
        (self.at, Position { x: along_x * SPEED_MPS, y: along_y * SPEED_MPS, z: 0.0 })
    }
}

fn near(middle: Position, radius_m: f64, dice: &mut Pcg64Mcg) -> Position {
    let side = radius_m / std::f64::consts::SQRT_2;
    let mut away = |from: f64| (from + dice.random_range(-side..=side)).clamp(-EDGE_M, EDGE_M);
    Position { x: away(middle.x), y: away(middle.y), z: middle.z }
}

#[cfg(test)]
mod tests {
    use protocol::movement::Position;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::{EDGE_M, SPEED_MPS, Walker};

    #[test]
    fn it_never_walks_too_fast_or_too_far() {
        let middle = Position { x: 500.0, y: -900.0, z: 0.0 };
        for radius_m in [40.0, 300.0] {
            let mut walker = Walker::new(middle, radius_m, Pcg64Mcg::seed_from_u64(1));
            let mut farthest: f64 = 0.0;
            for _ in 0..5000 {
                let before = walker.position();
                let (after, velocity) = walker.step(0.1);
                assert!((after.x - before.x).hypot(after.y - before.y) <= SPEED_MPS * 0.1 + 1e-9);
                assert!(after.x.abs() <= EDGE_M && after.y.abs() <= EDGE_M);
                assert!(velocity.x.hypot(velocity.y) <= SPEED_MPS + 1e-9);
                farthest = farthest.max((after.x - middle.x).hypot(after.y - middle.y));
            }
            assert!(farthest <= radius_m + 1e-9 && farthest > radius_m / 2.0, "{farthest}");
        }
    }
}
