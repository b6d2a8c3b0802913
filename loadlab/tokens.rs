//! The bots' accounts, as `shardmesh token mint` prints them.

use std::path::Path;

use protocol::CharacterId;
use serde::Deserialize;

use crate::LabError;

/// One line of `shardmesh token mint`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Token {
    pub username: String,
    pub session_token: String,
    pub character_id: CharacterId,
}

/// The first `count` accounts of a file, one JSON object a line.
///
/// # Errors
/// [`LabError::Tokens`] when it can't be read or has too few.
pub fn read_tokens(path: &Path, count: usize) -> Result<Vec<Token>, LabError> {
    let failed = |why: String| LabError::Tokens { path: path.display().to_string(), why };
    let text = std::fs::read_to_string(path).map_err(|error| failed(error.to_string()))?;
    let tokens = parse(&text).map_err(failed)?;
    if tokens.len() < count {
        return Err(failed(format!("{count} bots need {count} lines, found {}", tokens.len())));
    }
    Ok(tokens.into_iter().take(count).collect())
}

fn parse(text: &str) -> Result<Vec<Token>, String> {
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let read = |(index, line): (usize, &str)| {
        // Not the line itself: it holds a secret.
        serde_json::from_str(line).map_err(|error| format!("line {}: {error}", index + 1))
    };
    lines.map(read).collect()
}

#[cfg(test)]
mod tests {
    use protocol::CharacterId;

    use super::parse;

    #[test]
    fn what_the_mint_prints_is_read() {
        let text = "{\"username\":\"bot_1\",\"session_token\":\"t\",\"player_id\":3,\"character_id\":4}\n\n";
        let tokens = parse(text).unwrap();
        assert_eq!((tokens.len(), tokens[0].character_id), (1, CharacterId(4)));
    }

    #[test]
    fn what_is_no_token_is_named_by_its_line() {
        assert!(parse("{}").unwrap_err().starts_with("line 1: missing field"));
    }
}
