//! From where accounts were signed in to lately, as hashes.

use protocol::AccountId;

use crate::{Read, Write};

/// How long a place is known after the last sign-in from there: 30 days.
const KNOWN_MS: i64 = 30 * 24 * 3600 * 1000;

/// Notes that the account was signed in to from this place.
pub fn note(place: [u8; 32], account: AccountId, now: i64) -> Write<()> {
    Write::new(move |database| {
        database
            .prepare_cached(
                "INSERT INTO known_places (place, account_id, last_seen_at) VALUES (?1, ?2, ?3)
                 ON CONFLICT (place) DO UPDATE SET last_seen_at = excluded.last_seen_at",
            )?
            .execute((place, account.0, now))?;
        Ok(())
    })
}

/// Whether it is one of the last 30 days.
pub fn is_known(place: [u8; 32], now: i64) -> Read<bool> {
    Read::new(move |database| {
        Ok(database
            .prepare_cached(
                "SELECT EXISTS (SELECT 1 FROM known_places WHERE place = ?1 AND last_seen_at > ?2)",
            )?
            .query_row((place, now.saturating_sub(KNOWN_MS)), |row| row.get(0))?)
    })
}

/// Forgets what is older than 30 days; answers how many.
pub fn sweep(now: i64) -> Write<usize> {
    Write::new(move |database| {
        Ok(database
            .prepare_cached("DELETE FROM known_places WHERE last_seen_at <= ?1")?
            .execute([now.saturating_sub(KNOWN_MS)])?)
    })
}
