//! Why a command failed: one line for whoever typed it, with what to do next.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use client::terminal::PlayError;

use crate::checks::UnsafeStart;
use crate::secrets::SecretsProblem;
use crate::settings;

/// See the module.
#[derive(Debug, thiserror::Error)]
pub enum Problem {
    #[error(transparent)]
    Settings(#[from] settings::Problem),
    #[error(transparent)]
    Unsafe(#[from] UnsafeStart),
    #[error(transparent)]
    Secrets(#[from] SecretsProblem),
    #[error("can't listen: {address} {}", why_not(error))]
    Listen { address: SocketAddr, error: io::Error },
    #[error("[logs] file {path}: {error}")]
    LogFile { path: String, error: io::Error },
    #[error("world.content: {0}")]
    Content(String),
    #[error("{}: {error}", path.display())]
    Database { path: PathBuf, error: storage::StoreError },
    #[error(transparent)]
    Store(#[from] storage::StoreError),
    #[error("there is no database at {}; the first start of the server makes it (see server.data or --data)", .0.display())]
    NoDatabase(PathBuf),
    #[error("passwords can't be hashed: {0}")]
    Hasher(String),
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Tls(#[from] handlers::tls::TlsProblem),
    #[error("the server failed: {0}")]
    Server(io::Error),
    #[error("{0}")]
    Refused(String),
    #[error("the audit found {0} problems, listed above; restore a backup, or ask with this list")]
    Unsound(usize),
    #[error("unknown user name or wrong password; \"shardmesh play --register\" makes a new account")]
    NobodyThere,
    #[error("{0}")]
    Play(#[from] PlayError),
    #[error("{0}")]
    Io(#[from] io::Error),
}

impl Problem {
    /// What is wrong with the database at `path`, which is named once.
    pub(crate) fn of_database(path: &Path, error: storage::StoreError) -> Self {
        match error {
            storage::StoreError::File(_) => error.into(),
            error => Self::Database { path: path.to_owned(), error },
        }
    }
}

fn why_not(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "is in use by another program; stop it, or choose another with --listen ADDRESS:PORT".to_owned()
        }
        io::ErrorKind::AddrNotAvailable => "is no address of this machine; try 127.0.0.1".to_owned(),
        io::ErrorKind::PermissionDenied => {
            "needs privileges, as ports below 1024 do; choose another with --listen ADDRESS:PORT".to_owned()
        }
        _ => format!("can't be had: {error}"),
    }
}
