//! The reference of the protocol says what the protocol is.

mod tables;

use std::path::Path;

#[test]
fn the_reference_is_what_the_types_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/protocol.md");
    let now = protocol::docs::reference();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, &now).unwrap();
    }
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    for (number, (is, should)) in page.lines().zip(now.lines()).enumerate() {
        assert_eq!(is, should, "docs/protocol.md:{}: {ADVICE}", number + 1);
    }
    assert_eq!(page.lines().count(), now.lines().count(), "{ADVICE}");
}

#[test]
fn every_field_of_the_reference_has_a_meaning() {
    let page = protocol::docs::reference();
    let details = page.split("\n## Messages in detail\n").nth(1).unwrap();
    let empty: Vec<&str> =
        details.lines().filter(|line| line.starts_with("| `") && line.ends_with("|  |")).collect();
    assert_eq!(empty, [""; 0], "give these fields a doc comment in protocol/");
}

#[test]
fn every_type_of_the_reference_says_what_it_is() {
    let page = protocol::docs::reference();
    let types = page.split("\n## Types\n").nth(1).unwrap().split("\n## ").next().unwrap();
    for section in types.split("\n### ").skip(1) {
        let rows = section.lines().filter(|line| line.starts_with("| `")).count();
        assert!(rows > 0 && section.lines().nth(2).is_some_and(|about| !about.is_empty()), "{section}");
    }
}

#[test]
fn the_reference_knows_the_abilities_and_the_quests() {
    let (page, content) = (protocol::docs::reference(), rules::Content::builtin());
    for table in [tables::abilities(&content), tables::quests(&content)] {
        assert!(page.contains(&format!("\n\n{table}\n\n")), "protocol/docs/intro.md lacks this:\n{table}");
    }
}

const ADVICE: &str = "differs from protocol/. Run UPDATE_DOCS=1 cargo test --test docs, and commit the page";
