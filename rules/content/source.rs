//! One content file: its rows, and the lines that errors name.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::DeserializeOwned;
use toml::Spanned;

/// What is wrong with the content, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {problem}")]
pub struct ContentError {
    /// The file's name, for example "locations.toml".
    pub file: String,
    /// From 1.
    pub line: usize,
    pub problem: String,
}

/// The rows of one file, each with where it begins.
pub(super) struct Source<'a, T> {
    file: &'static str,
    text: &'a str,
    rows: Vec<Spanned<T>>,
}

impl<'a, T: DeserializeOwned> Source<'a, T> {
    /// Reads `file` out of `files`: an array of tables named `row`, for example `[[location]]`. Without a readable
    /// file there are no rows.
    pub(super) fn read(
        files: &[(&str, &'a str)],
        file: &'static str,
        row: &str,
        errors: &mut Vec<ContentError>,
    ) -> Self {
        let mut source = Self { file, text: "", rows: Vec::new() };
        let Some((_, text)) = files.iter().find(|(name, _)| *name == file) else {
            errors.push(source.error_at(0, "the file is missing"));
            return source;
        };
        source.text = text;
        match toml::from_str::<BTreeMap<Spanned<String>, Vec<Spanned<T>>>>(text) {
            Err(error) => {
                errors.push(source.error_at(error.span().map_or(0, |span| span.start), error.message()))
            }
            Ok(tables) => {
                for (name, rows) in tables {
                    if name.get_ref() == row {
                        source.rows = rows;
                    } else {
                        let problem = format!("unknown table {}, expected [[{row}]]", name.get_ref());
                        errors.push(source.error_at(name.span().start, &problem));
                    }
                }
                if source.rows.is_empty() {
                    errors.push(source.error_at(0, &format!("expected at least one [[{row}]]")));
                }
            }
        }
        source
    }
}

impl<T> Source<'_, T> {
    pub(super) fn rows(&self) -> impl Iterator<Item = &T> {
        self.rows.iter().map(Spanned::get_ref)
    }

    pub(super) fn into_rows(self) -> Vec<T> {
        self.rows.into_iter().map(Spanned::into_inner).collect()
    }

    /// Checks every row on its own; the check says which field is wrong and why.
    pub(super) fn check(
        &self,
        errors: &mut Vec<ContentError>,
        mut check: impl FnMut(&T, &mut dyn FnMut(&str, String)),
    ) {
        for row in &self.rows {
            check(row.get_ref(), &mut |field, problem| {
                errors.push(self.error_at(self.offset_of(row.span(), field), &format!("{field}: {problem}")));
            });
        }
    }

    /// Something wrong with the file as a whole.
    pub(super) fn problem(&self, problem: &str) -> ContentError {
        self.error_at(0, problem)
    }

    /// Where the row says `field`, or else where the row begins.
    fn offset_of(&self, row: Range<usize>, field: &str) -> usize {
        let mut offset = row.start;
        for (number, line) in self.text[row.start..].split_inclusive('\n').enumerate() {
            if number > 0 && line.starts_with('[') {
                break;
            }
            let key = line.trim_start().strip_prefix(field);
            if key.is_some_and(|rest| rest.trim_start().starts_with('=')) {
                return offset;
            }
            offset += line.len();
        }
        row.start
    }

    fn error_at(&self, offset: usize, problem: &str) -> ContentError {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        let line = 1 + before.iter().filter(|&&byte| byte == b'\n').count();
        ContentError { file: self.file.to_owned(), line, problem: problem.trim_end().replace('\n', "; ") }
    }
}
