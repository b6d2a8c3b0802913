//! Absent values: classic JSON writes them as `null`, v1 leaves them out. One set of types serves both.

use std::cell::Cell;

use serde::{Deserialize, Deserializer};

thread_local! {
    static LEAVE_OUT: Cell<bool> = const { Cell::new(false) };
}

/// For `skip_serializing_if`: whether this absent value is left out of what is being written.
pub fn left_out<T>(value: &Option<T>) -> bool {
    value.is_none() && LEAVE_OUT.get()
}

/// For `deserialize_with`: `null` is what an absent value would be.
///
/// # Errors
/// Those of `T`.
pub fn null_is_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    from: D,
) -> Result<T, D::Error> {
    Option::deserialize(from).map(Option::unwrap_or_default)
}

/// Runs `write` with absent values left out.
pub fn leaving_out<T>(write: impl FnOnce() -> T) -> T {
    struct Restore(bool);
    impl Drop for Restore {
        fn drop(&mut self) {
            LEAVE_OUT.set(self.0);
        }
    }
    let _restore = Restore(LEAVE_OUT.replace(true));
    write()
}
