//! settings.toml is the documentation of the settings: each key has a sentence above it or beside it.

use crate::Finding;

pub fn check(path: &str, text: &str) -> Vec<Finding> {
    let mut above = "";
    let mut findings = Vec::new();
    let mut open_brackets = 0i64;
    for (index, line) in text.lines().map(str::trim).enumerate() {
        let inside_value = open_brackets > 0;
        if !line.starts_with('#') {
            open_brackets += balance(line);
        }
        if !inside_value && is_key(line) && !is_sentence(above) && !is_sentence(comment_of(line)) {
            findings.push(Finding::new(path, index + 1, "say in a sentence above the key what it does"));
        }
        above = line;
    }
    findings
}

fn is_key(line: &str) -> bool {
    let name = line.split('=').next().unwrap_or_default().trim();
    line.contains('=')
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}

/// A comment of several words; what is below a heading or an empty line is not explained by it.
fn is_sentence(line: &str) -> bool {
    line.starts_with('#') && line.split_whitespace().count() > 2
}

fn comment_of(line: &str) -> &str {
    line.rfind(" #").map_or("", |at| line[at..].trim())
}

fn balance(line: &str) -> i64 {
    let value = line.split_once('=').map_or(line, |(_, value)| value);
    let count = |letters: [char; 2]| value.matches(letters).count().cast_signed() as i64;
    count(['[', '{']) - count([']', '}'])
}

#[cfg(test)]
mod tests {
    use super::check;

    fn untidy(text: &str) -> Vec<usize> {
        check("settings.toml", text).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn a_key_without_a_sentence_is_found() {
        assert_eq!(untidy("[server]\nlisten = \"a\"\n"), [2]);
        assert_eq!(untidy("# Where to listen.\nlisten = \"a\"\n\nport = 1\n"), [4]);
        assert_eq!(untidy("# Where to listen.\nlisten = \"a\"\nport = 1\n"), [3]);
    }

    #[test]
    fn a_key_with_one_is_not() {
        assert_eq!(
            untidy("[server]\n# Where to listen.\nlisten = \"a\"\nport = 1 # which port it is\n"),
            [0; 0]
        );
        assert_eq!(untidy("# Who may ask.\norigins = [\n    \"a=b\",\n]\n"), [0; 0]);
    }
}
