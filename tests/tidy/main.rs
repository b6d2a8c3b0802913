//! The house style (ARCHITECTURE.md) as a test: what a reader may rely on anywhere in the tree.

use std::fmt;

mod layers;
mod settings;
mod source;
mod style;
mod text;
mod tree;

/// Something untidy: where, and what to do about it.
#[derive(Debug, PartialEq)]
pub struct Finding {
    path: String,
    line: usize,
    advice: String,
}

impl Finding {
    fn new(path: &str, line: usize, advice: impl Into<String>) -> Self {
        Self { path: path.to_owned(), line, advice: advice.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        write!(out, "{}:{}: {}", self.path, self.line, self.advice)
    }
}

fn assert_tidy(findings: &[Finding]) {
    let list: Vec<String> = findings.iter().map(Finding::to_string).collect();
    assert!(list.is_empty(), "{} untidy:\n{}\n", list.len(), list.join("\n"));
}

#[test]
fn the_code_keeps_the_house_style() {
    let sources = tree::sources();
    assert!(sources.len() > 30, "only {} .rs files found: is this the root?", sources.len());
    assert_tidy(&style::check(&sources));
}

#[test]
fn the_crates_keep_their_layers() {
    assert_tidy(&layers::check(&tree::manifests()));
}

#[test]
fn no_file_names_somebodys_machine() {
    assert_tidy(&text::check(&tree::texts()));
}

#[test]
fn every_setting_is_explained() {
    for (path, settings) in tree::texts().iter().filter(|(path, _)| path == "settings.toml") {
        assert_tidy(&settings::check(path, settings));
    }
}
