//! Names of characters and accounts, and passwords: what is accepted, and when two names are the same.

use unicode_normalization::UnicodeNormalization;
use unicode_security::MixedScript;

use crate::Refusal;

/// Characters of a name, of a character as of an account.
pub const NAME_CHARS: std::ops::RangeInclusive<usize> = 3..=50;
pub const PASSWORD_CHARS_MIN: usize = 6;
pub const PASSWORD_CHARS_MAX: usize = 128;

/// What is read of a name, and of a password, that somebody signs in with, before they are brought into normal form.
/// That makes one letter of at most four, so that what is cut is still too long to be anybody's.
const NAME_SHOWN_MAX: usize = 256;
const PASSWORD_SHOWN_MAX: usize = 1024;

/// Names, of an account as of a character, that would pass for the server or its staff; folded.
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
/// between letters, letters of several scripts, or a name that would pass for the server's own.
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
    let key = fold(&shown);
    // Others see this name, and never the account's.
    if is_reserved(&key) {
        return refuse("this name is reserved");
    }
    Ok(Name { shown, key })
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
    if is_reserved(&key) {
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

/// The key of the account that somebody names who signs in. What is longer than any name is cut: failures are kept
/// and counted by it.
pub fn sign_in_key(name: &str) -> String {
    fold(&name.chars().take(NAME_SHOWN_MAX).collect::<String>())
}

/// The password that somebody signs in with, as it is compared. What is longer than any password is cut: comparing
/// it must not cost more.
pub fn shown_password(password: &str) -> String {
    normal_password(&password.chars().take(PASSWORD_SHOWN_MAX).collect::<String>())
}

/// What is hashed and compared: keyboards compose the same letter in different ways.
pub fn normal_password(password: &str) -> String {
    password.nfc().collect()
}

fn is_reserved(key: &str) -> bool {
    RESERVED.contains(&key.trim_matches(['_', '-', '.', '\'']))
}

/// A letter that one can see: the fillers of Hangul are letters and blank.
fn is_letter(letter: char) -> bool {
    letter.is_alphabetic() && !matches!(letter, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::any;
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::{
        PASSWORD_CHARS_MAX, PASSWORD_CHARS_MIN, character_name, fold, new_password, shown_password,
        sign_in_key, user_name,
    };

    #[test]
    fn characters_have_names_of_letters_spaces_hyphens_and_apostrophes() {
        for (asked, shown) in [
            ("Ann", "Ann"),
            ("Mary-Jane O'Neil", "Mary-Jane O'Neil"),
            ("D\u{2019}Artagnan", "D'Artagnan"),
            ("Zoe\u{308}", "Zoë"),
            ("Ａｎｎａ", "Anna"),
            ("Дмитрий", "Дмитрий"),
            ("山田太郎さん", "山田太郎さん"),
            ("Jan van der Berg", "Jan van der Berg"),
        ] {
            assert_eq!(character_name(asked).map(|name| name.shown).as_deref(), Ok(shown), "{asked:?}");
        }
        assert!(character_name(&"x".repeat(50)).is_ok());
    }

    #[test]
    fn other_names_are_refused_with_the_field() {
        let too_long = "x".repeat(51);
        for wrong in [
            "",
            "Al",
            &too_long,
            "R2D2",
            "Ann!",
            "Ann_B",
            " Ann",
            "Ann ",
            "An  na",
            "-Ann",
            "Ann-",
            "'''",
            "   ",
            "Ann\u{200b}a",
            "Ann\u{202e}a",
            "Ann\0",
            "Ann\na",
            "Ann\u{a0}\u{a0}a",
            "\u{3164}\u{3164}\u{3164}",
            "A\u{310}\u{310}nna",
            "Аnna with a Cyrillic A",
            "\u{fdfa}\u{fdfa}\u{fdfa}",
            "Ann🙂",
            "System",
            "Ｓｅｒｖｅｒ",
            "ADMIN'",
        ] {
            let refusal = character_name(wrong).expect_err(wrong);
            assert_eq!(refusal.details["field"], "name", "{wrong:?}");
        }
    }

    #[test]
    fn names_that_look_alike_are_the_same_name() {
        let key = |name| character_name(name).map(|name| name.key);
        for twin in ["ANNA", "anna", "Ａｎｎａ", "𝐀nna", "Ⓐnna"] {
            assert_eq!(key(twin), key("Anna"), "{twin:?}");
        }
        assert_ne!(key("Anne"), key("Anna"));
        let key = |name| user_name(name).map(|name| name.key);
        assert_eq!(key("Ｄave_1"), key("dAVE_1"));
    }

    #[test]
    fn accounts_have_names_of_letters_digits_and_three_signs() {
        for right in ["bob", "Bob.Smith-42", "___", "00007", "Пётр_1"] {
            assert!(user_name(right).is_ok(), "{right:?}");
        }
        for wrong in [
            "ab",
            "bob smith",
            "bob@home",
            "bob'--",
            "bob\u{202e}",
            "bоb",
            "admin",
            "ADMIN",
            "_Root_",
            "ＳＹＳＴＥＭ",
        ] {
            let refusal = user_name(wrong).expect_err(wrong);
            assert_eq!(refusal.details["field"], "username", "{wrong:?}");
        }
    }

    #[test]
    fn a_password_is_any_text_long_enough_and_is_not_repeated() {
        let longest = "ä".repeat(PASSWORD_CHARS_MAX);
        for right in ["secret", "      ", "pässwörd", "🔑🔑🔑🔑🔑🔑", "a\0b\nc\u{7f}", &longest]
        {
            assert!(new_password(right, PASSWORD_CHARS_MIN).is_ok(), "{right:?}");
        }
        let too_long = format!("{longest}x");
        for wrong in ["", "12345", "e\u{301}e\u{301}e\u{301}", &too_long] {
            let refusal = new_password(wrong, PASSWORD_CHARS_MIN).expect_err(wrong);
            assert_eq!(refusal.details["field"], "password");
            assert!(wrong.is_empty() || !refusal.reason.contains(wrong));
        }
        assert!(new_password("secret", 8).is_err());
        let (composed, decomposed) = ("pässwörd", "pa\u{308}sswo\u{308}rd");
        assert_eq!(new_password(composed, PASSWORD_CHARS_MIN), new_password(decomposed, PASSWORD_CHARS_MIN));
    }

    #[test]
    fn what_somebody_signs_in_with_is_cut_to_what_is_nobodys() {
        assert_eq!(sign_in_key("ＡＮＮ_1"), "ann_1");
        assert_eq!(shown_password("pa\u{308}ss"), "p\u{e4}ss");
        for many in ["x", "e\u{301}", "\u{1112}\u{1161}\u{11ab}"] {
            let (name, password) = (sign_in_key(&many.repeat(60_000)), shown_password(&many.repeat(60_000)));
            assert!((51..=256).contains(&name.chars().count()), "{many:?}");
            assert!((PASSWORD_CHARS_MAX + 1..=1024).contains(&password.chars().count()), "{many:?}");
        }
    }

    proptest! {
        #[test]
        fn an_accepted_name_is_accepted_as_it_is_shown_and_has_the_same_key(name in "[a-zA-ZäßİΣς'’ -]{3,20}|\\PC{3,20}") {
            if let Ok(accepted) = character_name(&name) {
                prop_assert_eq!(character_name(&accepted.shown), Ok(accepted.clone()));
                prop_assert_eq!(fold(&accepted.key), accepted.key);
            }
        }

        #[test]
        fn no_text_breaks_the_rules_for_names(text in any::<String>()) {
            for shown in [character_name(&text), user_name(&text)].into_iter().flatten().map(|name| name.shown) {
                prop_assert!((3..=50).contains(&shown.chars().count()));
                prop_assert!(!shown.chars().any(char::is_control));
            }
        }
    }
}
