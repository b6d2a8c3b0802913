//! Text whose length is part of its type, so that nothing behind the decoder has to check it again.

use std::fmt;
use std::ops::Deref;

use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// A string of `MIN` to `MAX` characters (Unicode scalar values, not bytes).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Text<const MIN: usize, const MAX: usize>(String);

/// Text that is too short or too long for its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongLength {
    pub min: usize,
    pub max: usize,
    pub found: usize,
}

impl fmt::Display for WrongLength {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "expected {} to {} characters, found {}", self.min, self.max, self.found)
    }
}

impl std::error::Error for WrongLength {}

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// # Errors
    /// [`WrongLength`] when `text` has fewer than `MIN` or more than `MAX` characters.
    pub fn new(text: impl Into<String>) -> Result<Self, WrongLength> {
        let text = text.into();
        let found = text.chars().count();
        if !(MIN..=MAX).contains(&found) {
            return Err(WrongLength { min: MIN, max: MAX, found });
        }
        Ok(Self(text))
    }

    pub fn into_string(self) -> String {
        self.0
    }
}

impl<const MIN: usize, const MAX: usize> Deref for Text<MIN, MAX> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Debug for Text<MIN, MAX> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(out)
    }
}

impl<'de, const MIN: usize, const MAX: usize> Deserialize<'de> for Text<MIN, MAX> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(from)?).map_err(D::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl<const MIN: usize, const MAX: usize> schemars::JsonSchema for Text<MIN, MAX> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("Text{MIN}To{MAX}").into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "minLength": MIN, "maxLength": MAX })
    }
}
