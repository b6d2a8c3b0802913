//! Frames for a peer who encrypts, as the documents describe it: Fernet under a key made from a shared password.
//!
//! It lives here because it is one more way to write the same text, and the server and the SDK share it. The
//! `fernet` crate reads the clock and the system's randomness by itself: the only place of `protocol` that does.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use fernet::Fernet;
use sha2::Sha256;
use zeroize::Zeroizing;

/// PBKDF2 rounds that the documented clients use; another number is another key.
pub const ITERATIONS: u32 = 100_000;

/// Documented, the same for everybody; so the password has to be a good one.
const SALT: &[u8] = b"shards_of_eternity_salt";

/// How the wire text of every Fernet token begins: base64 of `gAAAAA`, its version and the upper half of its time.
const SEALED_START: &[u8] = b"Z0FBQUFB";

/// The `fernet` crate refuses tokens from more than a minute after now, even where no age is asked for. Python's does
/// not, and a peer whose clock is fast should not be locked out; so "now" is as late as its sum allows.
const END_OF_TIME: u64 = u64::MAX - 60;

/// Seals and opens frames with one key. The key is wiped from memory when this is dropped.
#[derive(Clone)]
pub struct Cipher(Fernet);

impl Cipher {
    /// The cipher of everybody who knows `password`; [`ITERATIONS`] unless all peers agree on another number.
    /// Slow on purpose (tens of milliseconds): once at start, never per frame.
    pub fn from_password(password: &str, iterations: u32) -> Self {
        let key = derive_key(password, iterations);
        Self(Fernet::new(&key).expect("32 bytes in base64 are a Fernet key"))
    }

    /// The wire text of `text`: base64 of the Fernet token, which is base64 itself. Never the same twice.
    pub fn seal(&self, text: &[u8]) -> Vec<u8> {
        STANDARD.encode(self.0.encrypt(text)).into_bytes()
    }

    /// The text inside a sealed frame; `None` when this key did not seal it or somebody changed it since.
    /// Whatever its age: the documented clients check none either.
    pub fn open(&self, wire: &[u8]) -> Option<Vec<u8>> {
        let token = String::from_utf8(STANDARD.decode(wire).ok()?).ok()?;
        self.0.decrypt_at_time(&token, None, END_OF_TIME).ok()
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("Cipher(…)")
    }
}

/// Whether a frame was sealed, by whichever key: a cheap look, so that what is not goes to the JSON reader.
pub fn looks_sealed(wire: &[u8]) -> bool {
    let base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    wire.starts_with(SEALED_START) && wire.iter().all(base64)
}

fn derive_key(password: &str, iterations: u32) -> Zeroizing<String> {
    let mut key = Zeroizing::new([0u8; 32]);
    pbkdf2::pbkdf2_hmac::<Sha256>(password.as_bytes(), SALT, iterations, key.as_mut_slice());
    Zeroizing::new(URL_SAFE.encode(key.as_slice()))
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::{Cipher, ITERATIONS, derive_key, looks_sealed};

    // Made by Python's `cryptography` with the key of the password "test".
    const FROM_PYTHON: &str = "\
        Z0FBQUFBQmZYaEFBN1FmaWZmRTlicndSRS1rNElCTUZwZ1pRTXVjVDZfRlNzb1hiRXdpWC1SRGRMTUhaak5yNjNGN3\
        BNT09FekN4T2lFUVBIdE1LSnY3U25LRDhoNVVobHgzZENBS2ZrQXkzbDFWY1N4TDBvZF9lRlRfZUJtN2QtbVlyb21I\
        b1R0VkUxQ3p4ZS1Wc0d5dUtKZnE3TWFHME15N2RXQXgyaHBkZW90NmVBd2JWazJjMzBnRjFxei11a2d2bHMwd0U0Uj\
        N2TWQ1MnZLNGs2SVJjTzRVLUdpQzZNdz09";
    const INSIDE: &str = "{\"type\":\"ping\",\"timestamp\":1.5,\"version\":\"1.0.0\",\"message_id\":null,\
                          \"priority\":1,\"note\":\"Zephyrä\"}";

    #[test]
    fn the_documented_password_gives_the_documented_key() {
        assert_eq!(*derive_key("test", ITERATIONS), "Wf1HBCLQZ_Ka9j-QTVKlL42QOl0LFXxHYMzj2TWrIYs=");
    }

    #[test]
    fn what_python_sealed_can_be_opened() {
        let cipher = Cipher::from_password("test", ITERATIONS);
        assert!(looks_sealed(FROM_PYTHON.as_bytes()));
        assert_eq!(cipher.open(FROM_PYTHON.as_bytes()).as_deref(), Some(INSIDE.as_bytes()));
    }

    #[test]
    fn a_peer_whose_clock_is_fast_is_understood() {
        let cipher = Cipher::from_password("test", 10);
        let wire = STANDARD.encode(cipher.0.encrypt_at_time(b"{}", 1 << 35));
        assert_eq!(cipher.open(wire.as_bytes()).as_deref(), Some(b"{}".as_slice()));
    }

    #[test]
    fn what_is_sealed_can_be_opened_with_the_same_key_only() {
        let (ours, theirs) = (Cipher::from_password("a", 10), Cipher::from_password("b", 10));
        for text in ["", "{}", INSIDE] {
            let wire = ours.seal(text.as_bytes());
            assert!(looks_sealed(&wire));
            assert_eq!(ours.open(&wire).as_deref(), Some(text.as_bytes()));
            assert_eq!(theirs.open(&wire), None);
        }
        assert_ne!(ours.seal(b"{}"), ours.seal(b"{}"));
    }

    #[test]
    fn a_changed_frame_stays_shut() {
        let cipher = Cipher::from_password("test", ITERATIONS);
        for at in (0..FROM_PYTHON.len()).step_by(7) {
            let mut wire = FROM_PYTHON.as_bytes().to_vec();
            wire[at] = if wire[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(cipher.open(&wire), None, "byte {at}");
            assert_eq!(cipher.open(&FROM_PYTHON.as_bytes()[..at]), None, "cut at {at}");
        }
    }

    #[test]
    fn plain_text_does_not_look_sealed() {
        for plain in ["", "{}", "nope", "{\"type\":\"ping\"}", "Z0FBQUFB{", "null", "gAAAAAB"] {
            assert!(!looks_sealed(plain.as_bytes()), "{plain}");
        }
    }

    #[test]
    fn debug_output_keeps_the_key_to_itself() {
        assert_eq!(format!("{:?}", Cipher::from_password("test", 10)), "Cipher(…)");
    }
}
