//! A Rust file with its code, its comments and its tests told apart, line by line.

/// One Rust file.
pub struct Source {
    pub path: String,
    /// As written.
    pub lines: Vec<String>,
    /// Without comments and without what strings say.
    pub code: Vec<String>,
    /// Nothing but comments.
    pub comments: Vec<String>,
    /// Whether a line is compiled for tests only.
    pub in_test: Vec<bool>,
}

impl Source {
    pub fn new(path: &str, text: &str) -> Self {
        let (code, comments) = split(text);
        let lines = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
        let (lines, code, comments) = (lines(text), lines(&code), lines(&comments));
        let all = ["tests", "benches"].iter().any(|folder| path.split('/').any(|part| part == *folder));
        let all = all || path.ends_with("/tests.rs");
        let in_test = if all { vec![true; lines.len()] } else { test_lines(&code) };
        Self { path: path.to_owned(), lines, code, comments, in_test }
    }

    /// Lines of code, tests included: (number from 1, text, whether it is a test's).
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str, bool)> {
        self.code
            .iter()
            .zip(&self.in_test)
            .enumerate()
            .map(|(index, (line, test))| (index + 1, line.as_str(), *test))
    }
}

/// A module behind `#[cfg(test)]` is a test although its file does not say so.
pub fn mark_test_modules(sources: &mut [Source]) {
    let modules: Vec<String> = sources.iter().flat_map(test_modules).collect();
    for source in sources {
        let stem = source.path.trim_end_matches(".rs");
        if modules.iter().any(|module| stem == module || stem.starts_with(&format!("{module}/"))) {
            source.in_test.fill(true);
        }
    }
}

/// Paths, without `.rs`, of the modules a file declares for tests only.
fn test_modules(source: &Source) -> Vec<String> {
    let (folder, file) = source.path.rsplit_once('/').unwrap_or(("", &source.path));
    let stem = file.trim_end_matches(".rs");
    let base =
        if matches!(stem, "lib" | "main" | "mod") { folder.to_owned() } else { format!("{folder}/{stem}") };
    let mut modules = Vec::new();
    for (index, line) in source.code.iter().enumerate().filter(|(_, line)| is_test_attribute(line)) {
        let rest = source.code[index + 1..].iter().map(|line| line.trim());
        let item = rest.take_while(|line| !line.is_empty()).find(|line| !line.starts_with("#["));
        let item = item.unwrap_or(line).trim_start_matches("pub ").trim_start_matches("pub(crate) ");
        if let Some(name) = item.strip_prefix("mod ").and_then(|name| name.strip_suffix(';')) {
            modules.push(format!("{base}/{name}"));
        }
    }
    modules
}

fn is_test_attribute(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test")
}

fn test_lines(code: &[String]) -> Vec<bool> {
    let mut marks = vec![false; code.len()];
    let mut index = 0;
    while index < code.len() {
        if is_test_attribute(&code[index]) {
            let end = end_of_item(code, index);
            marks[index..=end].fill(true);
            index = end;
        }
        index += 1;
    }
    marks
}

/// The line on which the item that begins at `start` ends: at its closing brace, or at its semicolon.
fn end_of_item(code: &[String], start: usize) -> usize {
    let mut depth = 0usize;
    for (index, line) in code.iter().enumerate().skip(start) {
        for letter in line.chars() {
            match letter {
                '{' => depth += 1,
                '}' if depth <= 1 => return index,
                '}' => depth -= 1,
                ';' if depth == 0 => return index,
                _ => {}
            }
        }
    }
    code.len() - 1
}

/// The code and the comments of a text; both keep every line where it was.
fn split(text: &str) -> (String, String) {
    let letters: Vec<char> = text.chars().collect();
    let (mut code, mut comments) = (String::new(), String::new());
    let mut at = 0;
    while at < letters.len() {
        let end = next(&letters, at);
        let token: String = letters[at..end].iter().collect();
        if token.starts_with("//") || token.starts_with("/*") {
            comments += &token;
            code += &line_breaks(&token);
        } else if is_literal(&token) {
            code += "\"";
            code += &line_breaks(&token);
            code += "\"";
            comments += &line_breaks(&token);
        } else {
            code += &token;
            comments += &line_breaks(&token);
        }
        at = end;
    }
    (code, comments)
}

fn line_breaks(token: &str) -> String {
    token.chars().filter(|letter| *letter == '\n').collect()
}

fn is_literal(token: &str) -> bool {
    let quoted = token.trim_start_matches(['b', 'c', 'r', '#']).starts_with('"');
    quoted || (token.starts_with('\'') && token.len() > 1)
}

/// Where the token that begins at `at` ends: a comment, a string, a word, or one other letter.
fn next(letters: &[char], at: usize) -> usize {
    let rest = &letters[at..];
    match rest {
        ['/', '/', ..] => at + rest.iter().position(|letter| *letter == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => at + block_comment(rest),
        ['"', ..] => at + quoted(rest, '"'),
        ['\'', '\\', ..] => at + quoted(rest, '\''),
        ['\'', _, '\'', ..] => at + 3,
        [letter, ..] if letter.is_alphanumeric() || *letter == '_' => word_or_string(letters, at),
        _ => at + 1,
    }
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut index) = (0, 0);
    while index < rest.len() {
        match &rest[index..] {
            ['/', '*', ..] => (depth, index) = (depth + 1, index + 2),
            ['*', '/', ..] if depth == 1 => return index + 2,
            ['*', '/', ..] => (depth, index) = (depth - 1, index + 2),
            _ => index += 1,
        }
    }
    rest.len()
}

fn quoted(rest: &[char], quote: char) -> usize {
    let mut index = 1;
    while index < rest.len() {
        match rest[index] {
            '\\' => index += 2,
            letter if letter == quote => return index + 1,
            _ => index += 1,
        }
    }
    rest.len()
}

fn word_or_string(letters: &[char], at: usize) -> usize {
    let rest = &letters[at..];
    let word =
        rest.iter().position(|letter| !letter.is_alphanumeric() && *letter != '_').unwrap_or(rest.len());
    let name: String = rest[..word].iter().collect();
    let hashes = rest[word..].iter().take_while(|letter| **letter == '#').count();
    let opened = rest.get(word + hashes) == Some(&'"');
    match name.as_str() {
        "r" | "br" | "cr" if opened => {
            let close: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
            let body = word + hashes + 1;
            let end = rest[body..].windows(close.len()).position(|window| window == close);
            end.map_or(letters.len(), |end| at + body + end + close.len())
        }
        "b" | "c" if opened && hashes == 0 => at + word + quoted(&rest[word..], '"'),
        _ => at + word,
    }
}

#[cfg(test)]
mod tests {
    use super::{Source, mark_test_modules};

    #[test]
    fn strings_and_comments_are_no_code() {
        let text = "let a = \"do_send // no\"; // do_send\n/* do_send\n/* x */ do_send */ b('\"', r#\"do_send \"x\" \"#);\n";
        let source = Source::new("a.rs", text);
        assert_eq!(source.code, ["let a = \"\"; ", "", " b(\"\", \"\");"]);
        assert_eq!(source.comments, ["// do_send", "/* do_send", "/* x */ do_send */"]);
    }

    #[test]
    fn lifetimes_are_no_letters() {
        let source = Source::new("a.rs", "fn f<'a>(x: &'a str) -> char { '\\'' }\n");
        assert_eq!(source.code, ["fn f<'a>(x: &'a str) -> char { \"\" }"]);
    }

    #[test]
    fn tests_are_told_from_the_rest() {
        let text = "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n";
        assert_eq!(Source::new("a/b.rs", text).in_test, [false, true, true, true, true, false]);
        assert_eq!(Source::new("a/tests/b.rs", "fn a() {}\n").in_test, [true]);
    }

    #[test]
    fn a_module_declared_for_tests_is_a_test() {
        let mut sources = vec![
            Source::new("a/b.rs", "#[cfg(test)]\nmod world;\n"),
            Source::new("a/b/world.rs", "fn a() {}\n"),
            Source::new("a/world.rs", "fn a() {}\n"),
        ];
        mark_test_modules(&mut sources);
        assert_eq!(sources.iter().map(|source| source.in_test[0]).collect::<Vec<_>>(), [true, true, false]);
    }
}
