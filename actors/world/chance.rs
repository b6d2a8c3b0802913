//! A world's dice, and the names that are made with them.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::Ordering;

use rand::{Rng, RngExt, SeedableRng};
use rules::Dice;

use crate::world::World;

impl World {
    /// Dice for something that happens once.
    pub(crate) fn fresh_dice(&self) -> Dice {
        let turn = self.inner.turns.fetch_add(1, Ordering::Relaxed);
        self.dice("turn", &turn)
    }

    /// A name that nothing else has: of the system's dice, or of the seed of a world that is to repeat.
    pub(crate) fn new_id(&self) -> uuid::Uuid {
        if self.inner.options.seed.is_none() {
            return uuid::Uuid::new_v4();
        }
        let mut bytes = [0; 16];
        self.fresh_dice().fill_bytes(&mut bytes);
        uuid::Builder::from_random_bytes(bytes).into_uuid()
    }

    /// One of so many (at least one), at random.
    pub(crate) fn fresh_choice(&self, of: usize) -> usize {
        self.fresh_dice().random_range(0..of)
    }

    /// The dice of an entity: of this world's seed and its name.
    pub(crate) fn dice(&self, kind: &str, key: &impl std::fmt::Display) -> Dice {
        let mut hasher = DefaultHasher::new();
        (self.inner.seed, kind, key.to_string()).hash(&mut hasher);
        Dice::seed_from_u64(hasher.finish())
    }
}

/// For a world whose seed nobody gave.
pub(super) fn random_seed() -> u64 {
    getrandom::u64().unwrap_or_default()
}
