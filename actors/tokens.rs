//! Session tokens: 256 random bits that open a session, of which only a hash is kept.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// Random bytes of a token.
const TOKEN_BYTES: usize = 32;
/// Characters of a token as it is written: base64url without padding.
const TOKEN_CHARS: usize = 43;

/// A token, in the clear. Never shown by a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    /// A new token from the system's random numbers.
    ///
    /// # Panics
    /// When the system has none to give: nothing could be signed in safely then.
    pub fn random() -> Self {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes).expect("the system always has random numbers");
        Self(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Reads what somebody sent. `None`: it can't be one of ours.
    pub fn parse(text: &str) -> Option<Self> {
        let url_safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (text.len() == TOKEN_CHARS && text.bytes().all(url_safe)).then(|| Self(text.to_owned()))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What the store keeps and looks up. A look-up by hash tells nothing about how close a guess was.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("Token(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn tokens_differ_and_read_back() {
        let (one, other) = (Token::random(), Token::random());
        assert_ne!(one, other);
        assert_eq!(Token::parse(one.as_str()), Some(one.clone()));
        assert_eq!(format!("{one:?}"), "Token(…)");
    }

    #[test]
    fn what_is_no_token_of_ours_is_not_even_looked_up() {
        for text in ["", "MTphZG1pbg==", &"x".repeat(44), &format!("{}=", "x".repeat(42))] {
            assert_eq!(Token::parse(text), None, "{text}");
        }
    }
}
