//! Passwords: hashed and compared on one thread of their own, never on an arbiter.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use protocol::{ErrorCode, ErrorMessage};
use tokio::sync::oneshot;

use crate::options::PasswordOptions;

/// What a password is compared with when there is no such account, so that both take the same time.
const NOBODYS_PASSWORD: &str = "nobody has this password";

enum Job {
    Hash { password: String, to: oneshot::Sender<Option<String>> },
    Verify { password: String, hash: Option<String>, to: oneshot::Sender<Verdict> },
}

/// What became of a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    Wrong,
    Right,
    /// Right, but hashed by other settings than today's: this is its hash by today's.
    Outdated(String),
}

/// A handle to the hashing thread.
#[derive(Clone)]
pub struct Hasher {
    work: Work,
}

#[derive(Clone)]
enum Work {
    Thread(SyncSender<Job>),
    /// For simulations: at once, in the caller.
    Inline(Arc<Hashing>),
}

struct Hashing {
    argon2: Argon2<'static>,
    nobodys: String,
}

impl Hasher {
    /// Starts the thread; it ends when the last handle is gone.
    ///
    /// # Errors
    /// When the figures are none that argon2 can work with, or no thread could be started.
    pub fn start(options: &PasswordOptions) -> Result<Self, String> {
        let hashing = Hashing::new(options)?;
        let (jobs, work) = sync_channel(options.queue);
        thread::Builder::new()
            .name("passwords".to_owned())
            .spawn(move || run(&hashing, &work))
            .map_err(|error| error.to_string())?;
        Ok(Self { work: Work::Thread(jobs) })
    }

    /// A hasher that works in the caller: for simulations on a paused clock.
    ///
    /// # Errors
    /// When the figures are none that argon2 can work with.
    pub fn inline(options: &PasswordOptions) -> Result<Self, String> {
        Ok(Self { work: Work::Inline(Arc::new(Hashing::new(options)?)) })
    }

    /// A PHC string of a new password.
    ///
    /// # Errors
    /// `BUSY` when too many passwords wait.
    pub async fn hash(&self, password: String) -> Result<String, ErrorMessage> {
        let (to, hashed) = oneshot::channel();
        self.give(Job::Hash { password, to })?;
        hashed.await.ok().flatten().ok_or_else(defect)
    }

    /// Whether a password is the one that was hashed. Without a hash it is wrong, after the same work.
    ///
    /// # Errors
    /// `BUSY` when too many passwords wait.
    pub async fn verify(&self, password: String, hash: Option<String>) -> Result<Verdict, ErrorMessage> {
        let (to, verdict) = oneshot::channel();
        self.give(Job::Verify { password, hash, to })?;
        verdict.await.map_err(|_| defect())
    }

    fn give(&self, job: Job) -> Result<(), ErrorMessage> {
        match &self.work {
            Work::Inline(hashing) => {
                hashing.work(job);
                Ok(())
            }
            Work::Thread(jobs) => jobs.try_send(job).map_err(|error| match error {
                TrySendError::Full(_) => {
                    ErrorMessage::new(ErrorCode::Busy, "too many people are signing in: try again")
                        .with("retry_after_ms", 2_000)
                }
                TrySendError::Disconnected(_) => defect(),
            }),
        }
    }
}

fn defect() -> ErrorMessage {
    ErrorMessage::new(ErrorCode::Internal, "the password could not be checked")
}

fn run(hashing: &Hashing, work: &Receiver<Job>) {
    while let Ok(job) = work.recv() {
        hashing.work(job);
    }
}

impl Hashing {
    fn new(options: &PasswordOptions) -> Result<Self, String> {
        let params = Params::new(options.memory_kib, options.iterations, options.parallelism, None)
            .map_err(|error| error.to_string())?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobodys = hash(&argon2, NOBODYS_PASSWORD).ok_or("argon2 does not work with these figures")?;
        Ok(Self { argon2, nobodys })
    }

    /// Whoever asked may have given up: then nobody hears the answer.
    fn work(&self, job: Job) {
        match job {
            Job::Hash { password, to } => {
                let _ = to.send(hash(&self.argon2, &password));
            }
            Job::Verify { password, hash, to } => {
                let verdict = self.compare(&password, hash.as_deref().unwrap_or(&self.nobodys));
                let _ = to.send(if hash.is_some() { verdict } else { Verdict::Wrong });
            }
        }
    }

    fn compare(&self, password: &str, old: &str) -> Verdict {
        let Ok(parsed) = PasswordHash::new(old) else { return Verdict::Wrong };
        if self.argon2.verify_password(password.as_bytes(), &parsed).is_err() {
            return Verdict::Wrong;
        }
        let is_of_today = PasswordHash::new(&self.nobodys).is_ok_and(|of_today| {
            (of_today.algorithm, of_today.version, of_today.params)
                == (parsed.algorithm, parsed.version, parsed.params)
        });
        if is_of_today {
            return Verdict::Right;
        }
        hash(&self.argon2, password).map_or(Verdict::Right, Verdict::Outdated)
    }
}

fn hash(argon2: &Argon2, password: &str) -> Option<String> {
    argon2.hash_password(password.as_bytes()).ok().map(|hash| hash.to_string())
}
