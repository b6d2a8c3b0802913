//! What may be said: plain visible text, as the others will see it.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::Refusal;

/// Characters of a line of chat.
pub const CONTENT_CHARS_MAX: usize = 500;
/// Enough for what people write; more are stacked to write over other people's lines.
const MARKS_PER_BASE_MAX: usize = 2;

/// The line as it is stored and heard: without control characters, direction overrides, hidden characters and
/// towers of marks, without white space around it.
///
/// # Errors
/// Of field "content": nothing visible is left, or more than 500 characters are.
pub fn clean(content: &str) -> Result<String, Refusal> {
    let plain = content.chars().map(line_break_to_space).filter(|letter| !is_hidden(*letter));
    let mut line = String::with_capacity(content.len());
    // Of the base that is being written: how many marks stand on it. Joiners don't make a new base.
    let (mut last, mut marks) = (' ', 0);
    for letter in plain.nfc() {
        let kept = if is_combining_mark(letter) {
            marks += 1;
            marks <= MARKS_PER_BASE_MAX && !last.is_whitespace()
        } else if is_joiner(letter) {
            // In ASCII a joiner only hides words from filters.
            !(last.is_ascii() || last.is_whitespace() || is_joiner(last))
        } else {
            marks = 0;
            true
        };
        if kept {
            line.push(letter);
            last = letter;
        }
    }
    // What stood between a letter and its mark may be gone now.
    let line: String = line.nfc().collect();
    let line = line.trim_matches(|letter: char| letter.is_whitespace() || is_joiner(letter));
    if !line.chars().any(is_visible) {
        return Err(Refusal::invalid("content", "expected something visible"));
    }
    let chars = line.chars().count();
    if chars > CONTENT_CHARS_MAX {
        let expected = format!("expected at most {CONTENT_CHARS_MAX} characters, found {chars}");
        return Err(Refusal::invalid("content", expected));
    }
    Ok(line.to_owned())
}

fn line_break_to_space(letter: char) -> char {
    match letter {
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' | '\u{2028}' | '\u{2029}' | '\u{2800}' => ' ',
        other => other,
    }
}

/// Control characters, and what changes or hides other text without being seen.
fn is_hidden(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{180e}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{feff}'
            // Direction: embeddings, overrides, isolates.
            | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
            // Invisible operators and deprecated format characters; annotations; tags.
            | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
            // Blank letters.
            | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{3164}' | '\u{ffa0}')
}

fn is_joiner(letter: char) -> bool {
    matches!(letter, '\u{200c}' | '\u{200d}')
}

fn is_visible(letter: char) -> bool {
    !letter.is_whitespace() && !is_joiner(letter) && !is_combining_mark(letter)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{Strategy, any, prop};
    use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
    use unicode_normalization::char::is_combining_mark;

    use super::{CONTENT_CHARS_MAX, clean, is_hidden, is_joiner};

    /// Text as people and as attackers write it.
    fn text() -> impl Strategy<Value = String> {
        let nasty = prop::sample::select(
            "a e\u{301}\u{338}\u{20dd}\u{200d}\u{200c}\u{202e}\u{2066}\u{feff}\n\t\0\u{3164}\u{fe0f}\u{ac00}\u{1161}\u{958}👩"
                .chars()
                .collect::<Vec<_>>(),
        );
        prop::collection::vec(prop_oneof![any::<char>(), nasty], 0..600).prop_map(String::from_iter)
    }

    proptest! {
        #[test]
        fn what_is_clean_is_short_visible_and_stays_as_it_is(text in text()) {
            if let Ok(line) = clean(&text) {
                prop_assert!(line.chars().count() <= CONTENT_CHARS_MAX);
                prop_assert!(line.chars().all(|letter| !is_hidden(letter)));
                prop_assert_eq!(line.trim(), &line);
                let joined = line.chars().filter(|letter| !is_joiner(*letter)).map(is_combining_mark);
                let marks: Vec<bool> = joined.collect();
                prop_assert!(!marks.windows(3).any(|three| three == [true, true, true]));
                prop_assert_eq!(clean(&line), Ok(line));
            }
        }
    }

    #[test]
    fn a_line_is_what_can_be_seen_of_it() {
        for (said, heard) in [
            ("  hello, world  ", "hello, world"),
            ("<b>'; DROP TABLE chat;--", "<b>'; DROP TABLE chat;--"),
            ("one\r\ntwo\tthree", "one  two three"),
            ("bell\u{7} and \u{1b}[31mred", "bell and [31mred"),
            ("user\u{202e}gnp.exe\u{2066}", "usergnp.exe"),
            ("in\u{200b}vis\u{feff}i\u{ad}ble", "invisible"),
            ("ad\u{200d}min", "admin"),
            ("e\u{301}", "é"),
            ("z\u{300}\u{301}\u{302}\u{303}\u{304}", "z\u{300}\u{301}"),
            (" \u{301}\u{301}a", "a"),
            ("न\u{301}\u{302}\u{200d}\u{301}\u{302}\u{200d}", "न\u{301}\u{302}"),
            ("👩\u{200d}👩\u{200d}👧", "👩\u{200d}👩\u{200d}👧"),
            ("❤\u{fe0f}", "❤\u{fe0f}"),
            ("می\u{200c}خواهم", "می\u{200c}خواهم"),
            ("ภาษาที่", "ภาษาที่"),
        ] {
            assert_eq!(clean(said).as_deref(), Ok(heard), "{said:?}");
        }
    }

    #[test]
    fn what_cannot_be_seen_is_not_said() {
        for nothing in ["", "   ", "\u{200b}\u{200d}", "\0", "\u{3164}\u{2800}", "\u{301}", "\u{e0041}"] {
            let refusal = clean(nothing).expect_err("nothing was said");
            assert_eq!(refusal.details["field"], "content", "{nothing:?}");
        }
    }

    #[test]
    fn five_hundred_characters_are_a_line_and_one_more_is_not() {
        assert!(clean(&"ä".repeat(CONTENT_CHARS_MAX)).is_ok());
        assert!(clean(&"ä".repeat(CONTENT_CHARS_MAX + 1)).is_err());
    }
}
