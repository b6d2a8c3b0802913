//! What every Rust file keeps to, one small function a rule.

use crate::Finding;
use crate::source::Source;

/// A rule looks at one file and says what is untidy in it.
type Rule = fn(&Source) -> Vec<Finding>;

const RULES: [Rule; 11] = [
    opens_by_saying_what_it_is,
    is_short,
    unwraps_in_tests_only,
    names_what_it_imports,
    leaves_nothing_undone,
    sends_without_limit_in_one_place,
    has_no_unbounded_channel,
    reads_the_clock_in_one_place,
    names_sqlite_in_storage_only,
    names_actix_web_actors_in_one_file,
    documents_its_public_types,
];

const LINES_MAX: usize = 400;
/// Longer files, each with the reason why it is better whole.
const LONG: [(&str, &str); 0] = [];
/// Whoever stands outside the world may look at a clock.
const OUTSIDE_THE_WORLD: [&str; 4] = ["client/", "loadlab/", "src/play", "actors/clock.rs"];

pub fn check(sources: &[Source]) -> Vec<Finding> {
    sources.iter().flat_map(|source| RULES.iter().flat_map(|rule| rule(source))).collect()
}

fn opens_by_saying_what_it_is(source: &Source) -> Vec<Finding> {
    let opens = source.lines.first().is_some_and(|line| line.starts_with("//! "));
    let advice = "open the file with one to three lines of //! that say what it is";
    if opens { Vec::new() } else { vec![Finding::new(&source.path, 1, advice)] }
}

fn is_short(source: &Source) -> Vec<Finding> {
    let long = LONG.iter().any(|(path, _)| *path == source.path);
    if source.lines.len() <= LINES_MAX || long {
        return Vec::new();
    }
    let advice = format!("{} lines: split the file by meaning (at most {LINES_MAX})", source.lines.len());
    vec![Finding::new(&source.path, LINES_MAX + 1, advice)]
}

fn unwraps_in_tests_only(source: &Source) -> Vec<Finding> {
    let advice = "refuse, report, or expect(\"why it cannot be\"); unwrap() is for tests";
    where_code(source, advice, |line, test| !test && line.contains(".unwrap()"))
}

fn names_what_it_imports(source: &Source) -> Vec<Finding> {
    let mut in_use = false;
    let mut findings = Vec::new();
    for (number, line, test) in source.code_lines() {
        let text = line.trim_start();
        in_use |= ["use ", "pub use ", "pub(crate) use ", "pub(super) use "]
            .iter()
            .any(|word| text.starts_with(word));
        let globs = line.contains("::*") || text.starts_with("*,") || line.contains("{*");
        if in_use && globs && !(test && line.contains("prelude::*")) {
            findings.push(Finding::new(&source.path, number, "import names, not *"));
        }
        in_use &= !line.contains(';');
    }
    findings
}

fn leaves_nothing_undone(source: &Source) -> Vec<Finding> {
    const CODE: [&str; 4] = ["todo!", "unimplemented!", "dbg!", "#[ignore"];
    const COMMENTS: [&str; 2] = ["FIXME", "XXX"];
    let code = where_code(source, "finish it, or leave it out", |line, _| {
        CODE.iter().any(|word| has_word(line, word))
    });
    let comments = source
        .comments
        .iter()
        .enumerate()
        .filter(|(_, line)| COMMENTS.iter().any(|word| has_word(line, word)));
    let advice = "do it now, or open an issue";
    code.into_iter().chain(comments.map(|(index, _)| Finding::new(&source.path, index + 1, advice))).collect()
}

fn sends_without_limit_in_one_place(source: &Source) -> Vec<Finding> {
    let advice = "do_send ignores the mailbox's limit: use try_send and react to Full, or actors::notify where it fits";
    let allowed = source.path == "actors/notify.rs";
    where_code(source, advice, |line, _| !allowed && has_word(line, "do_send"))
}

fn has_no_unbounded_channel(source: &Source) -> Vec<Finding> {
    const WORDS: [&str; 5] =
        ["unbounded_channel", "mpsc::unbounded", "channel::unbounded", "UnboundedSender", "mpsc::channel()"];
    let advice = "give the channel a bound (std: sync_channel), and say what happens when it is full";
    where_code(source, advice, |line, _| {
        let std_turbofish = line.contains("channel::<") && line.contains(">()");
        std_turbofish || WORDS.iter().any(|word| has_word(line, word))
    })
}

fn reads_the_clock_in_one_place(source: &Source) -> Vec<Finding> {
    const WORDS: [&str; 4] = ["Instant::now", "SystemTime::now", "Utc::now", "Local::now"];
    let advice = "only actors/clock.rs reads a clock: ask it, or be handed the time";
    let outside = OUTSIDE_THE_WORLD.iter().any(|path| source.path.starts_with(path));
    where_code(source, advice, |line, test| !outside && !test && WORDS.iter().any(|word| line.contains(word)))
}

fn names_sqlite_in_storage_only(source: &Source) -> Vec<Finding> {
    let allowed = source.path.starts_with("storage/");
    where_code(source, "only storage/ speaks SQL: add a function there", |line, _| {
        !allowed && has_word(line, "rusqlite")
    })
}

fn names_actix_web_actors_in_one_file(source: &Source) -> Vec<Finding> {
    let advice = "actix_web_actors is deprecated upstream: only handlers/ws.rs names it, so that one file can be replaced";
    let allowed = source.path == "handlers/ws.rs";
    where_code(source, advice, |line, _| !allowed && has_word(line, "actix_web_actors"))
}

/// In the libraries; the binary's settings are documented by settings.toml.
fn documents_its_public_types(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    if source.path.starts_with("src/") {
        return findings;
    }
    for (number, line, test) in source.code_lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let ["pub", "struct" | "enum" | "trait" | "type", name, ..] = words.as_slice() else { continue };
        if !test && !name.starts_with('$') && !is_documented(&source.lines[..number - 1]) {
            findings.push(Finding::new(
                &source.path,
                number,
                "say in a doc comment what this public type is for",
            ));
        }
    }
    findings
}

/// Whether a doc comment stands above an item, attributes (also longer ones) between them left out.
fn is_documented(above: &[String]) -> bool {
    let mut in_attribute = false;
    for line in above.iter().rev().map(|line| line.trim()) {
        if line.starts_with("#[") {
            in_attribute = false;
        } else if in_attribute || line.ends_with(")]") {
            in_attribute = true;
        } else {
            return line.starts_with("///");
        }
    }
    false
}

fn where_code(source: &Source, advice: &str, untidy: impl Fn(&str, bool) -> bool) -> Vec<Finding> {
    source
        .code_lines()
        .filter(|(_, line, test)| untidy(line, *test))
        .map(|(number, _, _)| Finding::new(&source.path, number, advice))
        .collect()
}

/// Whether `word` stands in `line` by itself, not as the end or the beginning of a longer one.
fn has_word(line: &str, word: &str) -> bool {
    let part_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back().is_some_and(part_of_word);
        let after = word.ends_with(part_of_word) && line[at + word.len()..].starts_with(part_of_word);
        !before && !after
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::source::Source;

    /// The lines at which a file called `path` is untidy.
    fn untidy(path: &str, text: &str) -> Vec<usize> {
        let text = format!("//! A file.\n{text}\n");
        check(&[Source::new(path, &text)]).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn every_rule_can_fail_and_can_pass() {
        let cases = [
            ("actors/a.rs", "fn a() { b().unwrap(); }", "fn a() { b().expect(\"c\"); }"),
            ("actors/a.rs", "use crate::b::*;", "use crate::b::C;"),
            (
                "actors/a.rs",
                "use crate::{\n    b::*,\n};",
                "use crate::{\n    b::C,\n};\nfn f() { *a = b * c; }",
            ),
            ("actors/a.rs", "fn a() { todo!() }", "fn a() { todos!() }"),
            ("actors/a.rs", "// FIXME: later", "// It is \"fixed\"."),
            ("actors/a.rs", "#[ignore = \"slow\"]\nfn a() {}", "#[ignored]\nfn a() {}"),
            ("actors/a.rs", "fn a() { addr.do_send(B); }", "fn a() { addr.try_send(B); } // not do_send"),
            ("actors/a.rs", "let a = mpsc::unbounded_channel();", "let a = mpsc::channel(8);"),
            ("actors/a.rs", "let a = mpsc::channel::<u8>();", "let a = mpsc::channel::<u8>(8);"),
            ("actors/a.rs", "let a = Instant::now();", "let a = clock.now();"),
            ("handlers/a.rs", "let a = Utc::now();", "let a = \"Utc::now\";"),
            ("actors/a.rs", "use rusqlite::Row;", "use storage::Store;"),
            ("handlers/a.rs", "use actix_web_actors::ws;", "use actix_web::web;"),
            ("actors/a.rs", "pub struct A;", "/// A.\n#[derive(\n    Debug\n)]\npub struct A;"),
        ];
        for (path, bad, good) in cases {
            assert!(!untidy(path, bad).is_empty(), "{bad}");
            assert_eq!(untidy(path, good), [0; 0], "{good}");
        }
    }

    #[test]
    fn a_file_says_what_it_is_and_is_short() {
        let first = check(&[Source::new("actors/a.rs", "use std::fmt;\n")]);
        assert_eq!(first[0].to_string().split(": ").next(), Some("actors/a.rs:1"));
        assert_eq!(untidy("actors/a.rs", &"\n".repeat(398)), [0; 0]);
        assert_eq!(untidy("actors/a.rs", &"\n".repeat(400)), [401]);
    }

    #[test]
    fn what_is_allowed_somewhere_is_allowed_there() {
        let cases = [
            ("actors/notify.rs", "fn a() { addr.do_send(B); }"),
            ("actors/clock.rs", "let a = Instant::now();"),
            ("client/a.rs", "let a = Instant::now();"),
            ("tests/a.rs", "let a = Instant::now().b().unwrap();"),
            ("storage/a.rs", "use rusqlite::Row;"),
            ("handlers/ws.rs", "use actix_web_actors::ws;"),
            (
                "rules/a.rs",
                "#[cfg(test)]\nmod tests {\n    use proptest::prelude::*;\n    fn a() { b().unwrap(); }\n}",
            ),
        ];
        for (path, text) in cases {
            assert_eq!(untidy(path, text), [0; 0], "{path}: {text}");
        }
    }
}
