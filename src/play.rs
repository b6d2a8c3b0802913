//! `play`: asks who one is, then hands the terminal to the SDK's little game.

use std::io::{IsTerminal, Write, stdin, stdout};

use client::Options;
use client::terminal::{Play, PlayError};
use protocol::ErrorCode;
use tokio::io::BufReader;
use tokio::runtime::Builder;

use crate::problem::Problem;

/// Plays at `url` until `/quit` or the end of the input.
///
/// # Errors
/// The server is not there, does not know one, or ends the connection.
pub fn play(url: &str, user: Option<&str>, register: bool, character: Option<&str>) -> Result<(), Problem> {
    let username = match user {
        Some(user) => user.to_owned(),
        None => ask("User name: ")?,
    };
    let game = Play {
        url: url.to_owned(),
        username,
        password: ask_secretly("Password: ")?,
        register,
        character: character.map(str::to_owned),
        options: Options::default(),
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let input = BufReader::new(tokio::io::stdin());
    let outcome = runtime.block_on(client::terminal::play(game, input, tokio::io::stdout()));
    // Nobody waits for the line that the player has not typed yet.
    runtime.shutdown_background();
    outcome.map_err(|error| match &error {
        PlayError::Client(refused) if refused.code() == Some(ErrorCode::BadCredentials) => {
            Problem::NobodyThere
        }
        _ => error.into(),
    })
}

fn ask(what: &str) -> Result<String, Problem> {
    if stdin().is_terminal() {
        print!("{what}");
        stdout().flush()?;
    }
    let mut line = String::new();
    stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// Without an echo where somebody could look over one's shoulder; a script pipes it in.
fn ask_secretly(what: &str) -> Result<String, Problem> {
    if stdin().is_terminal() { Ok(rpassword::prompt_password(what)?) } else { ask("") }
}
