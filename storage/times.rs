//! Times as the documents write them.

use chrono::{DateTime, SecondsFormat};

/// ISO 8601, UTC, with milliseconds: `2026-01-31T12:00:00.000Z`.
pub(crate) fn iso(unix_ms: i64) -> String {
    DateTime::from_timestamp_millis(unix_ms).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}
