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
    let mut last = ' ';
    let mut marks = 0;
    for letter in plain.nfc() {
        marks = if is_combining_mark(letter) { marks + 1 } else { 0 };
        // A mark or a joiner needs something to stand on; in ASCII a joiner only hides words from filters.
        let kept = match letter {
            _ if marks > 0 => marks <= MARKS_PER_BASE_MAX && !last.is_whitespace(),
            '\u{200c}' | '\u{200d}' => !last.is_ascii() && !is_joiner(last),
            _ => true,
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
