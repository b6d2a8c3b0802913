//! The command line: what can be typed, and the settings that come of it.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use clap_complete::Shell;

use crate::settings::{Layers, Problem, Settings};

/// Read where the program starts, when --settings names no other.
const SETTINGS_FILE: &str = "settings.toml";

/// An actor-based real-time game world server.
///
/// Settings come from settings.toml, SHARDMESH__SECTION__KEY variables and flags; the last wins.
/// Exit codes: 0 all is well, 1 it failed (one line on standard error says why), 2 the command line is wrong.
#[derive(Debug, Parser)]
#[command(name = "shardmesh", version, propagate_version = true)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,

    /// Directory of the database and the secrets [default: data]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,

    /// Settings file [default: settings.toml, if there is one]
    #[arg(long, global = true, value_name = "FILE")]
    pub settings: Option<PathBuf>,

    /// Address and port to serve on; port 0 takes a free one [default: 127.0.0.1:8888]
    #[arg(long, global = true, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
}

/// What to do; without one, the server is started.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start the server (what happens without a command, too)
    Serve,
    /// Manage administrators
    #[command(subcommand)]
    Admin(Admin),
    /// Manage session tokens
    #[command(subcommand)]
    Token(Token),
    /// Check the settings, the world's content and the database
    Check,
    /// Copy the database to FILE, also while the server runs
    Backup {
        /// The copy; one of that name is replaced
        file: PathBuf,
    },
    /// Put the backup FILE in the place of the database; the server must not run
    Restore {
        /// What "backup" or the schedule made
        file: PathBuf,
    },
    /// Play in the terminal
    Play {
        /// The server's address
        #[arg(default_value = "http://127.0.0.1:8888")]
        url: String,
        /// Your user name [default: it is asked for]
        #[arg(long, value_name = "NAME")]
        user: Option<String>,
        /// Make a new account of this name
        #[arg(long)]
        register: bool,
        /// The character to play [default: your first one]
        #[arg(long, value_name = "NAME")]
        character: Option<String>,
    },
    /// Print completions for a shell
    Completions { shell: Shell },
}

#[derive(Debug, Subcommand)]
pub enum Admin {
    /// Make an account that administers the server; prints its password once
    Create {
        /// Its user name
        name: String,
        /// Read the password from standard input instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
}

#[derive(Debug, Subcommand)]
pub enum Token {
    /// Make accounts with a character and a session each, for load scripts; prints one line of JSON each
    Mint {
        /// How many
        #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        count: u32,
    },
}

impl Cli {
    /// Everything that was said about settings, checked.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn settings(&self) -> Result<Settings, Problem> {
        let mut layers = Layers::new();
        if let Some(file) = &self.settings {
            layers = layers.file(file)?;
        } else if Path::new(SETTINGS_FILE).exists() {
            layers = layers.file(Path::new(SETTINGS_FILE))?;
        }
        let variables = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let data = self.data.as_ref().map(|data| data.to_string_lossy().into_owned());
        layers
            .environment(variables)?
            .flag("--data", "server.data", data)?
            .flag("--listen", "server.listen", self.listen.map(|listen| listen.to_string()))?
            .load()
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Cli, Command};

    #[test]
    fn the_command_line_holds_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn flags_stand_before_or_after_the_command() {
        for line in [
            &["shardmesh", "--data", "d", "serve"][..],
            &["shardmesh", "serve", "--data", "d"],
            &["shardmesh", "admin", "create", "ann", "--data", "d"],
            &["shardmesh", "--data", "d"],
        ] {
            let cli = Cli::try_parse_from(line).unwrap();
            assert_eq!(cli.data.as_deref(), Some("d".as_ref()), "{line:?}");
        }
        assert!(matches!(
            Cli::try_parse_from(["shardmesh", "token", "mint", "--count", "0"]),
            Err(error) if error.exit_code() == 2
        ));
        let cli = Cli::try_parse_from(["shardmesh", "play"]).unwrap();
        assert!(matches!(cli.command, Some(Command::Play { url, .. }) if url == "http://127.0.0.1:8888"));
    }
}
