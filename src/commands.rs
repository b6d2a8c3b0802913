//! The commands that are no server: most work beside a running one.

use std::io::{self, Write};
use std::path::Path;

use actors::clock::Clock;
use actors::hasher::Hasher;
use protocol::ErrorMessage;
use rules::names;
use storage::accounts::Role;
use storage::{Store, StoreError, audit};

use crate::problem::Problem;
use crate::secrets::{SecretsProblem, random_text};
use crate::settings::Settings;
use crate::{checks, content, options, run};

/// Characters of a password that we make: 120 random bits.
const PASSWORD_CHARS: usize = 20;

/// Opens the database beside a server that may be running.
pub(crate) fn store_beside(settings: &Settings) -> Result<Store, Problem> {
    let path = run::database(settings);
    let options = storage::Options { readers: 1, exclusive: false, ..storage::Options::new(path.clone()) };
    Store::open(options).map_err(|error| Problem::of_database(&path, error))
}

pub(crate) fn refused(error: impl Into<ErrorMessage>) -> Problem {
    Problem::Refused(error.into().error_message)
}

/// `admin create NAME`: a password that is made here is printed once and kept nowhere.
///
/// # Errors
/// The name or the password is not acceptable, or the name is taken.
pub async fn create_admin(settings: &Settings, name: &str, password_stdin: bool) -> Result<(), Problem> {
    let name = names::user_name(name).map_err(refused)?;
    let given = if password_stdin { Some(first_line()?) } else { None };
    let password = match &given {
        Some(password) => names::new_password(password, settings.auth.password_min).map_err(refused)?,
        None => made_password()?,
    };
    let store = store_beside(settings)?;
    let hasher = Hasher::start(&options::passwords(settings)).map_err(Problem::Hasher)?;
    let hash = hasher.hash(password.clone()).await.map_err(refused)?;
    let now_ms = Clock::system().now().wall_ms;
    let create = storage::accounts::create(name.shown.clone(), name.key, Some(hash), Role::Admin, now_ms);
    store.write(create).await.map_err(|error| match error {
        StoreError::Conflict(_) => Problem::Refused(format!("the user name {:?} is taken", name.shown)),
        error => error.into(),
    })?;
    store.close();
    match given {
        Some(_) => say(&format!("admin {} created", name.shown)),
        None => say(&format!(
            "admin {} created, with the password {password}\nIt is shown this once only.",
            name.shown
        )),
    }
}

fn made_password() -> Result<String, Problem> {
    let mut password = random_text().map_err(SecretsProblem::NoRandomness)?;
    password.truncate(PASSWORD_CHARS);
    Ok(password)
}

fn first_line() -> Result<String, Problem> {
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

/// `check`: whoever reads this far has settings without errors; whether a server would start with them is asked here.
///
/// # Errors
/// What is wrong with the content or the database.
pub fn check(settings: &Settings) -> Result<(), Problem> {
    checks::before_start(settings)?;
    run::tls(settings)?;
    say("settings: good")?;
    let content = content::load(&settings.world.content)?;
    say(&format!("content: good, {} locations", content.locations().len()))?;
    let path = run::database(settings);
    if !path.exists() {
        return say(&format!("database: none yet at {}", path.display()));
    }
    let report = audit::check(&path).map_err(|error| Problem::of_database(&path, error))?;
    let (schema, latest) = (report.schema, report.schema_latest);
    let next =
        if schema < latest { format!(", the next start brings it to {latest}") } else { String::new() };
    say(&format!(
        "database: schema {schema}{next}, {} accounts, {} characters, {} lines of chat",
        report.accounts, report.characters, report.chat_lines
    ))?;
    say(&format!(
        "property: {} souls, {} items, {} things on the ground, {} entries in the ledger",
        report.souls, report.items, report.lying, report.ledger_entries
    ))?;
    for problem in &report.problems {
        say(&format!("  {problem}"))?;
    }
    match report.problems.len() {
        0 => say("database: good"),
        problems => Err(Problem::Unsound(problems)),
    }
}

/// `backup FILE`.
///
/// # Errors
/// There is no database yet, or the copy can't be made.
pub fn backup(settings: &Settings, file: &Path) -> Result<(), Problem> {
    let path = run::database(settings);
    if !path.exists() {
        return Err(Problem::NoDatabase(path));
    }
    let store = store_beside(settings)?;
    store.backup(file).wait()?;
    say(&format!("copied {} to {}", path.display(), file.display()))
}

/// `restore FILE`.
///
/// # Errors
/// A server is running, or the backup is not fit to be used; nothing has changed then.
pub fn restore(settings: &Settings, file: &Path) -> Result<(), Problem> {
    let path = run::database(settings);
    let kept = storage::restore(file, &path)?;
    say(&format!("restored {} from {}", path.display(), file.display()))?;
    match kept {
        Some(kept) => say(&format!("what was there before is {}", kept.display())),
        None => Ok(()),
    }
}

/// A line on standard output; whoever closed it early wants no more of it.
///
/// # Errors
/// Standard output failed in another way.
pub fn say(line: &str) -> Result<(), Problem> {
    match writeln!(io::stdout(), "{line}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}
