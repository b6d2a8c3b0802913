//! Reading JSON, and the one cheap look before it.

use serde_json::de::SliceRead;
use serde_json::{Deserializer, Error, Value};

use super::{DEPTH_MAX, Malformed, Notation, Strict, shortened};

/// A JSON text being read.
pub(super) struct Json<'de>(Deserializer<SliceRead<'de>>);

impl<'de> Notation<'de> for Json<'de> {
    const NAME: &'static str = "JSON";
    type Error = Error;
    type Reader<'a>
        = Strict<&'a mut Deserializer<SliceRead<'de>>>
    where
        Self: 'a;

    fn over(bytes: &'de [u8]) -> Self {
        Self(Deserializer::from_slice(bytes))
    }

    fn reader(&mut self) -> Self::Reader<'_> {
        Strict(&mut self.0)
    }

    fn end(&mut self) -> Result<(), Error> {
        self.0.end()
    }

    fn is_data(error: &Error) -> bool {
        error.is_data()
    }

    fn reason(error: &Error) -> String {
        reason_of(error)
    }

    /// An object, and not nested deeper than [`DEPTH_MAX`].
    fn check_outline(text: &[u8]) -> Result<(), Malformed> {
        if let Err(error) = std::str::from_utf8(text) {
            return Err(Malformed::new(format!("Invalid JSON: {error}"), None));
        }
        match text.iter().find(|byte| !byte.is_ascii_whitespace()) {
            Some(b'{') => {}
            Some(_) if serde_json::from_slice::<Value>(text).is_ok() => {
                return Err(Malformed::new(
                    "Failed to deserialize message: expected an object".to_owned(),
                    None,
                ));
            }
            _ => {
                let why = serde_json::from_slice::<Value>(text)
                    .err()
                    .map_or_else(|| "expected an object".to_owned(), |error| error.to_string());
                return Err(Malformed::new(format!("Invalid JSON: {why}"), None));
            }
        }
        // Nothing nests deeper than it has brackets. Counting them is ten times as fast as following them.
        let brackets = text.iter().filter(|byte| matches!(byte, b'{' | b'[')).count();
        if brackets > DEPTH_MAX && depth(text) > DEPTH_MAX {
            return Err(Malformed::new(format!("Invalid JSON: nested deeper than {DEPTH_MAX}"), None));
        }
        Ok(())
    }
}

/// What serde says is wrong, without the place in the text, which helps nobody with one-line JSON.
pub fn reason_of(error: &serde_json::Error) -> String {
    let text = error.to_string();
    let end = text.rfind(" at line ").unwrap_or(text.len());
    shortened(&text[..end])
}

/// How deep the brackets of a JSON text nest, strings left out.
pub fn depth(text: &[u8]) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0usize, 0, false, false);
    for &byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            b'{' | b'[' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !in_string => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}
