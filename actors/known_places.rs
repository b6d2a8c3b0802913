//! From where an account was signed in to lately: its owner is not slowed down by strangers' failures.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::world::World;

/// Pairs of account and address that are remembered; the oldest go first.
const PLACES_MAX: usize = 100_000;

/// See the module.
#[derive(Debug, Default)]
pub struct KnownPlaces {
    places: Mutex<Places>,
}

#[derive(Debug, Default)]
struct Places {
    known: HashSet<(String, String)>,
    order: VecDeque<(String, String)>,
}

impl KnownPlaces {
    fn contains(&self, account: &str, address: &str) -> bool {
        let places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        places.known.contains(&(account.to_owned(), address.to_owned()))
    }

    fn insert(&self, account: &str, address: &str) {
        let place = (account.to_owned(), address.to_owned());
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        if places.known.insert(place.clone()) {
            places.order.push_back(place);
        }
        if places.order.len() > PLACES_MAX
            && let Some(oldest) = places.order.pop_front()
        {
            places.known.remove(&oldest);
        }
    }
}

impl World {
    /// Whether the account was signed in to from this address lately.
    pub(crate) fn is_known_here(&self, account: &str, address: &str) -> bool {
        self.known_places().contains(account, address)
    }

    pub(crate) fn remember_here(&self, account: &str, address: &str) {
        self.known_places().insert(account, address);
    }
}
