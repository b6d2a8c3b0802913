//! Panics on demand, by name: how tests prove what a panic leaves behind. Without the feature `faults`
//! nothing can be armed and nothing is looked up.

#[cfg(feature = "faults")]
mod armed {
    use std::cell::RefCell;
    use std::collections::HashMap;

    thread_local! {
        // Of one thread, as a simulated world is: tests that run side by side do not hurt each other.
        static ARMED: RefCell<HashMap<String, u32>> = RefCell::default();
    }

    /// The next `times` hits of `name` on this thread panic.
    pub fn arm(name: &str, times: u32) {
        ARMED.with_borrow_mut(|armed| armed.insert(name.to_owned(), times));
    }

    /// Panics when `name` is armed.
    pub fn hit(name: &str) {
        let due = ARMED.with_borrow_mut(|armed| match armed.get_mut(name) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            _ => false,
        });
        assert!(!due, "fault armed by a test: {name}");
    }
}

#[cfg(feature = "faults")]
pub use armed::{arm, hit};

/// Does nothing: no fault can be armed in this build.
#[cfg(not(feature = "faults"))]
pub fn hit(_name: &str) {}
