//! Panics on demand, by name: how tests prove what a panic leaves behind. Without the feature `faults`
//! nothing can be armed and nothing is looked up.

#[cfg(feature = "faults")]
mod armed {
    use std::collections::HashMap;
    use std::sync::{Mutex, PoisonError};

    static ARMED: Mutex<Option<HashMap<String, u32>>> = Mutex::new(None);

    /// The next `times` hits of `name` panic.
    pub fn arm(name: &str, times: u32) {
        let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
        armed.get_or_insert_default().insert(name.to_owned(), times);
    }

    /// Panics when `name` is armed.
    pub fn hit(name: &str) {
        let due = {
            let mut armed = ARMED.lock().unwrap_or_else(PoisonError::into_inner);
            match armed.as_mut().and_then(|armed| armed.get_mut(name)) {
                Some(left) if *left > 0 => {
                    *left -= 1;
                    true
                }
                _ => false,
            }
        };
        assert!(!due, "fault armed by a test: {name}");
    }
}

#[cfg(feature = "faults")]
pub use armed::{arm, hit};

/// Does nothing: no fault can be armed in this build.
#[cfg(not(feature = "faults"))]
pub fn hit(_name: &str) {}
