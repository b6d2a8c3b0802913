//! The files of the project, as a fresh clone has them.

use std::fs;
use std::path::Path;

use crate::source::{Source, mark_test_modules};

/// Built, fetched or written by running the server: not ours to judge.
const SKIPPED: [&str; 5] = ["target", ".git", "data", "node_modules", "__pycache__"];

/// Every Rust file.
pub fn sources() -> Vec<Source> {
    let mut sources: Vec<Source> = texts()
        .into_iter()
        .filter(|(path, _)| path.ends_with(".rs"))
        .map(|(path, text)| Source::new(&path, &text))
        .collect();
    mark_test_modules(&mut sources);
    sources
}

/// Every Cargo.toml.
pub fn manifests() -> Vec<(String, String)> {
    texts().into_iter().filter(|(path, _)| path.ends_with("Cargo.toml")).collect()
}

/// Every file that is text: its path from the root, and what it says.
pub fn texts() -> Vec<(String, String)> {
    let mut found = Vec::new();
    walk(Path::new(env!("CARGO_MANIFEST_DIR")), "", &mut found);
    found.sort();
    found
}

fn walk(folder: &Path, prefix: &str, found: &mut Vec<(String, String)>) {
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        let name = entry.file_name().into_string().unwrap();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().unwrap();
        if kind.is_dir() && !SKIPPED.contains(&name.as_str()) {
            walk(&entry.path(), &format!("{path}/"), found);
        } else if kind.is_file()
            && let Ok(text) = fs::read_to_string(entry.path())
        {
            found.push((path, text));
        }
    }
}
