//! Names of characters and accounts, and passwords: what is accepted, and when two names are the same.

use unicode_normalization::UnicodeNormalization;
use unicode_security::MixedScript;

use crate::Refusal;

/// Characters of a name, of a character as of an account.
pub const NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=50;
pub const PASSWORD_CHARS_MIN: usize = 6;
pub const PASSWORD_CHARS_MAX: usize = 128;

/// Account names that would pass for the server or its staff; folded.
const RESERVED: &[&str] = &[
    "admin",
    "administrator",
    "anonymous",
    "gamemaster",
    "guest",
    "moderator",
    "nobody",
    "null",
    "official",
    "root",
    "server",
    "shardmesh",
    "staff",
    "support",
    "system",
    "undefined",
];

/// A name as it is shown, and as it must be unique.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    pub shown: String,
    pub key: String,
}

/// When two names are the same name: compatibility forms and case make no difference.
pub fn fold(name: &str) -> String {
    name.nfkc().flat_map(char::to_lowercase).nfkc().collect()
}

/// The name of a character.
///
/// # Errors
/// Of field "name": not 3 to 50 characters, something else than letters, single spaces, hyphens and apostrophes
/// between letters, or letters of several scripts.
pub fn character_name(name: &str) -> Result<Name, Refusal> {
    let shown: String = name.nfkc().map(|letter| if letter == '\u{2019}' { '\'' } else { letter }).collect();
    let refuse = |expected| Err(Refusal::invalid("name", expected));
    if !NAME_CHARS.contains(&shown.chars().count()) {
        return refuse("expected 3 to 50 characters");
    }
    if !shown.chars().all(|letter| is_letter(letter) || matches!(letter, ' ' | '-' | '\'')) {
        return refuse("expected letters, spaces, hyphens and apostrophes only");
    }
    if !shown.starts_with(is_letter) || shown.ends_with([' ', '-']) || shown.contains("  ") {
        return refuse("expected a letter first, no space or hyphen last, and no two spaces in a row");
    }
    if !shown.as_str().is_single_script() {
        return refuse("expected letters of one script only");
    }
    Ok(Name { key: fold(&shown), shown })
}

/// The name of an account.
///
/// # Errors
/// Of field "username": not 3 to 50 characters, something else than letters, digits, `_`, `-` and `.`, letters of
/// several scripts, or a name that would pass for the server's own.
pub fn user_name(name: &str) -> Result<Name, Refusal> {
    let shown: String = name.nfkc().collect();
    let refuse = |expected| Err(Refusal::invalid("username", expected));
    if !NAME_CHARS.contains(&shown.chars().count()) {
        return refuse("expected 3 to 50 characters");
    }
    let allowed = |letter| is_letter(letter) || matches!(letter, '0'..='9' | '_' | '-' | '.');
    if !shown.chars().all(allowed) {
        return refuse("expected letters, digits, \"_\", \"-\" and \".\" only");
    }
    if !shown.as_str().is_single_script() {
        return refuse("expected letters of one script only");
    }
    let key = fold(&shown);
    if RESERVED.contains(&key.trim_matches(['_', '-', '.'])) {
        return refuse("this name is reserved");
    }
    Ok(Name { shown, key })
}

/// A new password in its normal form, the one that is hashed.
///
/// # Errors
/// Of field "password": fewer than `chars_min` characters, or more than [`PASSWORD_CHARS_MAX`]. The refusal
/// doesn't repeat it.
pub fn new_password(password: &str, chars_min: usize) -> Result<String, Refusal> {
    let normal = normal_password(password);
    if !(chars_min..=PASSWORD_CHARS_MAX).contains(&normal.chars().count()) {
        let expected = format!("expected {chars_min} to {PASSWORD_CHARS_MAX} characters");
        return Err(Refusal::invalid("password", expected));
    }
    Ok(normal)
}

/// What is hashed and compared: keyboards compose the same letter in different ways.
pub fn normal_password(password: &str) -> String {
    password.nfc().collect()
}

/// A letter that one can see: the fillers of Hangul are letters and blank.
fn is_letter(letter: char) -> bool {
    letter.is_alphabetic() && !matches!(letter, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}
