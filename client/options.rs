//! How a client behaves: encoding, limits, patience.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use protocol::Dialect;

/// A look at a frame's bytes before it is read; `true` leaves it unread.
pub type Skip = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// How to connect. `Options::default()` is right for a game.
#[derive(Clone)]
pub struct Options {
    /// v1 JSON unless said otherwise. v1 MessagePack is smaller and faster to read; `…Deflate` has large messages
    /// compressed, for slow networks; classic speaks exactly as the documents do.
    pub dialect: Dialect,
    /// How long to wait for a connection, and for each command's answer.
    pub patience: Duration,
    /// `None`: a lost connection is the end.
    pub reconnect: Option<Backoff>,
    /// How many messages may wait for slow handlers. When they are full the client stops reading until a
    /// handler returns; a server that waits too long for it closes with 1013, and the client comes back.
    pub inbox_max: usize,
    /// What a socket reads at once, in bytes. Many bots in one process want less than a game.
    pub read_buffer_bytes: usize,
    /// How much the kernel holds for a client that does not read; `None` leaves it to the system. A small one shows
    /// soon what a server does with slow readers.
    pub receive_buffer_bytes: Option<u32>,
    /// Leaves frames unread that nobody here wants. Never for frames that carry `seq` or answer a command.
    pub skip: Option<Skip>,
    /// Encrypts every frame but `auth_request`; the dialect is then classic, whatever `dialect` says.
    #[cfg(feature = "encryption")]
    pub cipher: Option<protocol::encryption::Cipher>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            dialect: Dialect::V1Json,
            patience: Duration::from_secs(10),
            reconnect: Some(Backoff::default()),
            inbox_max: 1024,
            read_buffer_bytes: 16 * 1024,
            receive_buffer_bytes: None,
            skip: None,
            #[cfg(feature = "encryption")]
            cipher: None,
        }
    }
}

impl Options {
    /// The dialect that is really spoken.
    pub(crate) fn spoken(&self) -> Dialect {
        #[cfg(feature = "encryption")]
        if self.cipher.is_some() {
            return Dialect::Classic;
        }
        self.dialect
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.debug_struct("Options")
            .field("dialect", &self.spoken())
            .field("patience", &self.patience)
            .field("reconnect", &self.reconnect)
            .field("inbox_max", &self.inbox_max)
            .finish_non_exhaustive()
    }
}

/// How long to wait between attempts to reconnect: doubling, each time shortened by up to a half at random,
/// so that the players of a restarted server don't come back in one instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backoff {
    pub first: Duration,
    pub longest: Duration,
    /// Attempts in a row before it is the end.
    pub attempts_max: u32,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { first: Duration::from_millis(250), longest: Duration::from_secs(15), attempts_max: 60 }
    }
}

impl Backoff {
    /// The wait before attempt `attempt` (from 1); `chance` is 0 to 1. `asked` is what the server's
    /// `retry_after_ms` said: never sooner than that.
    pub(crate) fn wait(&self, attempt: u32, asked: Option<Duration>, chance: f64) -> Duration {
        let doubled = self.first.saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1).min(20)));
        let jittered = doubled.min(self.longest).mul_f64(1.0 - chance.clamp(0.0, 1.0) / 2.0);
        match asked {
            Some(asked) => asked + jittered.min(self.first),
            None => jittered,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::Backoff;

    #[test]
    fn waits_double_up_to_the_longest_and_never_shrink_below_half() {
        let backoff =
            Backoff { first: Duration::from_millis(100), longest: Duration::from_secs(1), attempts_max: 9 };
        let waits: Vec<u128> = (1..=6).map(|attempt| backoff.wait(attempt, None, 0.0).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
        assert_eq!(backoff.wait(3, None, 1.0).as_millis(), 200);
        assert_eq!(backoff.wait(u32::MAX, None, 0.0).as_millis(), 1000);
    }

    #[test]
    fn it_never_comes_back_before_the_server_asked() {
        let asked = Duration::from_secs(20);
        for chance in [0.0, 0.5, 1.0] {
            assert!(Backoff::default().wait(1, Some(asked), chance) >= asked);
        }
    }
}
