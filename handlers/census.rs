//! How many connections each address has open.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

/// Counts by key; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Census {
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// One counted connection; dropping it counts it out.
#[derive(Debug)]
pub struct Seat {
    census: Census,
    key: IpAddr,
    /// How many there were of its key when it came, itself among them.
    pub count: usize,
}

impl Census {
    pub fn enter(&self, key: IpAddr) -> Seat {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(key).or_insert(0);
        *count += 1;
        Seat { census: self.clone(), key, count: *count }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.census.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Census;

    #[test]
    fn who_leaves_makes_room_and_leaves_no_trace() {
        let census = Census::default();
        let [one, two] = ["1.1.1.1", "2.2.2.2"].map(|ip| ip.parse().unwrap());
        let first = census.enter(one);
        let second = census.enter(one);
        assert_eq!((first.count, second.count, census.enter(two).count), (1, 2, 1));
        drop(first);
        assert_eq!(census.enter(one).count, 2);
        drop(second);
        assert!(census.counts.lock().unwrap().is_empty());
    }
}
