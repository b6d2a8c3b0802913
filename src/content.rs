//! The world that is played: the one built in, or a directory of one's own.

use std::fs;
use std::path::Path;

use rules::Content;

use crate::problem::Problem;

/// Reads the world of `directory`; "" is the one built in.
///
/// # Errors
/// A file can't be read, or everything that is wrong in them, with file and line.
pub fn load(directory: &str) -> Result<Content, Problem> {
    if directory.is_empty() {
        return Ok(Content::builtin());
    }
    let files = read_all(Path::new(directory))?;
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    Content::parse(&files).map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        Problem::Content(format!("{directory} has errors\n  {}", errors.join("\n  ")))
    })
}

fn read_all(directory: &Path) -> Result<Vec<(String, String)>, Problem> {
    let wrong = |path: &Path, error| Problem::Content(format!("{}: {error}", path.display()));
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(|error| wrong(directory, error))? {
        let path = entry.map_err(|error| wrong(directory, error))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name.ends_with(".toml") {
            files.push((name.to_owned(), fs::read_to_string(&path).map_err(|error| wrong(&path, error))?));
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use rules::content::BUILTIN;

    use super::load;

    #[test]
    fn a_world_of_ones_own_replaces_the_built_in_one() {
        let directory = tempfile::tempdir().unwrap();
        for (name, text) in BUILTIN {
            std::fs::write(directory.path().join(name), text).unwrap();
        }
        let path = directory.path().to_str().unwrap();
        assert!(load("").unwrap() == load(path).unwrap());
        std::fs::write(directory.path().join("races.toml"), "[[race]]\nname = 1\n").unwrap();
        let error = load(path).unwrap_err().to_string();
        assert!(error.contains("races.toml"), "{error}");
        assert!(load("/nonexistent").unwrap_err().to_string().contains("/nonexistent"));
    }
}
