//! The binary: reads the command line, carries it out, says in one line what went wrong.

use std::io;
use std::process::ExitCode;

use actix_web::rt::System;
use clap::{CommandFactory, Parser};
use shardmesh::cli::{Admin, Cli, Command, Token};
use shardmesh::settings::Logs;
use shardmesh::{Problem, Settings, Stop, bind, commands, logs, mint, play, run};
use tokio::sync::watch;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match carry_out(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            eprintln!("error: {problem}");
            ExitCode::FAILURE
        }
    }
}

fn carry_out(cli: &Cli) -> Result<(), Problem> {
    if let Some(Command::Completions { shell }) = &cli.command {
        clap_complete::generate(*shell, &mut Cli::command(), "shardmesh", &mut io::stdout());
        return Ok(());
    }
    let settings = cli.settings()?;
    let command = cli.command.as_ref().unwrap_or(&Command::Serve);
    start_logs(&settings, command)?;
    match command {
        Command::Serve => System::new().block_on(serve(&settings)),
        Command::Admin(Admin::Create { name, password_stdin }) => {
            System::new().block_on(commands::create_admin(&settings, name, *password_stdin))
        }
        Command::Token(Token::Mint { count }) => mint::mint(&settings, *count),
        Command::Check => commands::check(&settings),
        Command::Backup { file } => commands::backup(&settings, file),
        Command::Restore { file } => commands::restore(&settings, file),
        Command::Play { url, user, register, character } => {
            play::play(url, user.as_deref(), *register, character.as_deref())
        }
        Command::Completions { .. } => Ok(()),
    }
}

/// The server logs as it is told to; other commands say only what their user should know.
fn start_logs(settings: &Settings, command: &Command) -> Result<(), Problem> {
    let quiet = Logs { level: "warn".to_owned(), file: String::new(), ..settings.logs.clone() };
    let logs = if matches!(command, Command::Serve) { &settings.logs } else { &quiet };
    logs::start(logs).map_err(|error| Problem::LogFile { path: logs.file.clone(), error })
}

async fn serve(settings: &Settings) -> Result<(), Problem> {
    let listener = bind(settings)?;
    let address = listener.local_addr()?;
    let (tell, stop) = watch::channel(Stop::NotYet);
    actix_web::rt::spawn(heed_signals(tell)?);
    let scheme = if settings.has_tls() { "https" } else { "http" };
    run(settings, listener, stop, || {
        // Whoever started us may have stopped listening to what we print.
        let _ = commands::say(&format!("listening on {scheme}://{address}"));
    })
    .await
}

/// The first signal asks for an orderly end, the second for a quick one.
#[cfg(unix)]
fn heed_signals(tell: watch::Sender<Stop>) -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        for order in [Stop::Drain, Stop::Now] {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            log::info!("told to stop: {order:?}");
            tell.send_replace(order);
        }
    })
}

#[cfg(not(unix))]
fn heed_signals(tell: watch::Sender<Stop>) -> io::Result<impl Future<Output = ()>> {
    Ok(async move {
        for order in [Stop::Drain, Stop::Now] {
            if tokio::signal::ctrl_c().await.is_err() {
                return;
            }
            tell.send_replace(order);
        }
    })
}
