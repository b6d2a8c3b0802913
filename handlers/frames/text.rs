//! Whether text that comes in pieces is UTF-8, known as soon as it is not.

use std::str::from_utf8;

/// Watches one text go by.
#[derive(Debug, Default)]
pub(super) struct TextCheck {
    /// The beginning of a character whose end has not come yet.
    begun: [u8; 4],
    begun_bytes: usize,
}

impl TextCheck {
    /// False: whatever may still come, this is no UTF-8.
    pub(super) fn accepts(&mut self, mut bytes: &[u8]) -> bool {
        while self.begun_bytes > 0 {
            let Some((next, rest)) = bytes.split_first() else { return true };
            self.begun[self.begun_bytes] = *next;
            self.begun_bytes += 1;
            bytes = rest;
            match from_utf8(&self.begun[..self.begun_bytes]) {
                Ok(_) => self.begun_bytes = 0,
                Err(error) if error.error_len().is_some() => return false,
                // Never more than three bytes: with a fourth it is decided.
                Err(_) => {}
            }
        }
        match from_utf8(bytes) {
            Ok(_) => true,
            Err(error) if error.error_len().is_some() => false,
            Err(error) => {
                let begun = &bytes[error.valid_up_to()..];
                self.begun[..begun.len()].copy_from_slice(begun);
                self.begun_bytes = begun.len();
                true
            }
        }
    }

    /// Whether the text may end here.
    pub(super) fn is_whole(&self) -> bool {
        self.begun_bytes == 0
    }
}

#[cfg(test)]
mod tests {
    use std::str::from_utf8;

    use super::TextCheck;

    /// Whether the text is accepted in pieces of so many bytes, and after how many bytes it was refused.
    fn judged(text: &[u8], size: usize) -> (bool, usize) {
        let mut check = TextCheck::default();
        for (index, piece) in text.chunks(size).enumerate() {
            if !check.accepts(piece) {
                return (false, index * size + piece.len());
            }
        }
        (check.is_whole(), text.len())
    }

    #[test]
    fn pieces_are_judged_as_the_whole_is() {
        let texts: &[&[u8]] = &[
            "".as_bytes(),
            "plain".as_bytes(),
            "κόσμε – 日本 – 🦀🦀".as_bytes(),
            b"cut off \xf0\x9f\xa6",
            b"\xc3\x28",
            b"surrogate \xed\xa0\x80",
            b"overlong \xc0\xaf",
            b"beyond \xf4\x90\x80\x80",
            b"\xff",
            b"\x80",
        ];
        for text in texts {
            for size in 1..=text.len().max(1) {
                assert_eq!(judged(text, size).0, from_utf8(text).is_ok(), "{text:?} in pieces of {size}");
            }
        }
    }

    #[test]
    fn what_can_be_no_text_is_refused_at_the_byte_that_says_so() {
        assert_eq!(judged(b"ab\xf4\x90\x80\x80 and more", 1), (false, 4));
        assert_eq!(judged(b"ab\xce\xba\xff and more", 1), (false, 5));
    }
}
