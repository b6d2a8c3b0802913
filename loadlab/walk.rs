//! How a bot wanders: straight to a point near the middle of its group, then to another, never too fast.

use protocol::movement::Position;
use rand::RngExt;
use rand_pcg::Pcg64Mcg;

/// Below the 10 m/s that locations allow, so that a late tick is no offence.
const SPEED_MPS: f64 = 8.0;
/// How far from the middle; everybody of a group stays in everybody's view (100 m).
const RADIUS_M: f64 = 40.0;
/// A longer pause is not walked off afterwards.
const STEP_SECS_MAX: f64 = 0.5;

/// A bot on its feet.
#[derive(Debug)]
pub struct Walker {
    middle: Position,
    at: Position,
    target: Position,
    dice: Pcg64Mcg,
}

impl Walker {
    pub fn new(middle: Position, mut dice: Pcg64Mcg) -> Self {
        let at = near(middle, &mut dice);
        let target = near(middle, &mut dice);
        Self { middle, at, target, dice }
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
        self.at = near(middle, &mut self.dice);
        self.target = near(middle, &mut self.dice);
    }

    /// Walks on for `secs`. Returns where one is then and how fast one goes.
    pub fn step(&mut self, secs: f64) -> (Position, Position) {
        let reach = SPEED_MPS * secs.clamp(0.0, STEP_SECS_MAX);
        let (dx, dy) = (self.target.x - self.at.x, self.target.y - self.at.y);
        let left = dx.hypot(dy);
        if left <= reach {
            self.at = self.target;
            self.target = near(self.middle, &mut self.dice);
            return (self.at, Position::default());
        }
        let (along_x, along_y) = (dx / left, dy / left);
        self.at = Position { x: self.at.x + along_x * reach, y: self.at.y + along_y * reach, z: self.at.z };
        (self.at, Position { x: along_x * SPEED_MPS, y: along_y * SPEED_MPS, z: 0.0 })
    }
}

fn near(middle: Position, dice: &mut Pcg64Mcg) -> Position {
    let side = RADIUS_M / std::f64::consts::SQRT_2;
    let mut away = || dice.random_range(-side..=side);
    Position { x: middle.x + away(), y: middle.y + away(), z: middle.z }
}

#[cfg(test)]
mod tests {
    use protocol::movement::Position;
    use rand::SeedableRng;
    use rand_pcg::Pcg64Mcg;

    use super::{RADIUS_M, SPEED_MPS, Walker};

    #[test]
    fn it_never_walks_too_fast_or_too_far() {
        let middle = Position { x: 500.0, y: -500.0, z: 0.0 };
        let mut walker = Walker::new(middle, Pcg64Mcg::seed_from_u64(1));
        for _ in 0..5000 {
            let before = walker.position();
            let (after, velocity) = walker.step(0.1);
            assert!((after.x - before.x).hypot(after.y - before.y) <= SPEED_MPS * 0.1 + 1e-9);
            assert!((after.x - middle.x).hypot(after.y - middle.y) <= RADIUS_M + 1e-9);
            assert!(velocity.x.hypot(velocity.y) <= SPEED_MPS + 1e-9);
        }
    }
}
