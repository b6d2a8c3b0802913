//! Why the rules say no: a value told to the player, never logged.

use std::fmt::Display;

use protocol::{ErrorCode, ErrorMessage};
use serde_json::{Map, Value};

/// A refusal changes nothing but what its receiver knows.
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: ErrorCode,
    /// One sentence for the player: what was wrong and what was expected.
    pub reason: String,
    pub details: Map<String, Value>,
}

impl Refusal {
    pub fn new(code: ErrorCode, reason: impl Into<String>) -> Self {
        Self { code, reason: reason.into(), details: Map::new() }
    }

    /// A value that is of the right type and still not acceptable.
    pub fn invalid(field: &str, expected: impl Display) -> Self {
        Self::new(ErrorCode::Invalid, format!("{field}: {expected}")).with("field", field)
    }

    /// Adds one entry of `details`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }

    /// Names the field that it is about, unless it names one, or is about where one is. What there is not enough of is a
    /// matter of the quantity.
    #[must_use]
    pub fn about(self, field: &str) -> Self {
        if self.details.contains_key("field") || self.details.contains_key("location_id") {
            return self;
        }
        let field = if self.code == ErrorCode::NotEnough { "quantity" } else { field };
        self.with("field", field)
    }
}

impl From<Refusal> for ErrorMessage {
    fn from(refusal: Refusal) -> Self {
        Self { error_code: refusal.code, error_message: refusal.reason, details: refusal.details }
    }
}
