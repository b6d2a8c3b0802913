//! What opens a resume: a token of its own, renewed with every one.

use crate::tokens::Token;

/// The hashes of a session's resume tokens. The older one holds until the newer has been used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResumeKeys {
    current: Option<[u8; 32]>,
    previous: Option<[u8; 32]>,
}

impl ResumeKeys {
    /// Keys that an earlier process kept.
    pub fn kept(current: [u8; 32], previous: Option<[u8; 32]>) -> Self {
        Self { current: Some(current), previous }
    }

    /// A new token. The one before it holds until [`Self::settle`].
    pub fn renew(&mut self) -> Token {
        let token = Token::random();
        self.previous = self.current;
        self.current = Some(token.hash());
        token
    }

    /// A new token for a client that showed `used`, which holds until [`Self::settle`]: the answer may be lost, and
    /// the next one too.
    pub fn renew_for(&mut self, used: &Token) -> Token {
        let token = self.renew();
        self.previous = Some(used.hash());
        token
    }

    /// The client has got the new token: something came in on its new connection.
    pub fn settle(&mut self) {
        self.previous = None;
    }

    /// Whether this token opens the session.
    pub fn open(&self, token: &Token) -> bool {
        let hash = Some(token.hash());
        hash == self.current || hash == self.previous
    }

    /// What the next process has to know, as [`Self::kept`] takes it.
    pub fn to_keep(&self) -> Option<([u8; 32], Option<[u8; 32]>)> {
        self.current.map(|current| (current, self.previous))
    }
}

#[cfg(test)]
mod tests {
    use super::ResumeKeys;
    use crate::tokens::Token;

    #[test]
    fn the_old_token_holds_until_the_new_one_has_arrived() {
        let mut keys = ResumeKeys::default();
        let first = keys.renew();
        assert!(keys.open(&first));
        assert!(!keys.open(&Token::random()));
        let second = keys.renew();
        assert!(keys.open(&first) && keys.open(&second));
        keys.settle();
        assert!(!keys.open(&first) && keys.open(&second));
    }

    #[test]
    fn a_token_holds_however_often_the_answer_to_it_is_lost() {
        let mut keys = ResumeKeys::default();
        let first = keys.renew();
        let mut last = keys.renew_for(&first);
        for _ in 0..3 {
            assert!(keys.open(&first) && keys.open(&last));
            last = keys.renew_for(&first);
        }
        keys.settle();
        assert!(!keys.open(&first) && keys.open(&last));
    }
}
