//! What must hold before the server starts, and what its owner should hear.

use std::path::Path;

use crate::secrets::{SecretsProblem, check_private};
use crate::settings::Settings;

/// Below this the owner is told how to get more.
const OPEN_FILES_GOOD: u64 = 4096;

/// Why the server must not start like this.
#[derive(Debug, thiserror::Error)]
pub enum UnsafeStart {
    #[error(
        "server.listen is {0}, which others can reach, without TLS: set [tls] cert and key, or [proxy] trusted to the \
         addresses of a proxy that does TLS, or server.insecure = true if passwords may cross the network in the clear"
    )]
    PublicWithoutTls(std::net::SocketAddr),
    #[error("[tls] key {0}")]
    TlsKey(SecretsProblem),
}

/// # Errors
/// The server would be reachable in the clear, or its key readable by others.
pub fn before_start(settings: &Settings) -> Result<(), UnsafeStart> {
    let listen = settings.server.listen;
    let public = !listen.ip().to_canonical().is_loopback();
    let guarded = settings.has_tls() || !settings.proxy.trusted.is_empty();
    if public && !guarded {
        if !settings.server.insecure {
            return Err(UnsafeStart::PublicWithoutTls(listen));
        }
        log::warn!(
            "server.insecure: {listen} is reachable without TLS; passwords cross the network in the clear"
        );
    }
    if settings.has_tls() {
        // A group of its own for certificates is a custom worth allowing.
        check_private(Path::new(&settings.tls.key), 0o007).map_err(UnsafeStart::TlsKey)?;
    }
    if !settings.limits.enabled {
        log::warn!("limits.enabled = false: no rates, strikes and counts; for load tests only");
    }
    Ok(())
}

/// Raises the number of files this process may have open to what the system allows, and says it.
pub fn open_files() -> u64 {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
        let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
        let limit = if raised.is_ok() { maximum } else { current };
        let limit = limit.unwrap_or(u64::MAX);
        if limit < OPEN_FILES_GOOD {
            log::warn!(
                "only {limit} open files are allowed, and so fewer connections; raise it with: ulimit -n 65536"
            );
        }
        limit
    }
    #[cfg(not(unix))]
    OPEN_FILES_GOOD
}

/// How many connections `open_files` leave room for: four fifths; the rest is for the database and its friends.
pub fn connections_max(settings: &Settings, workers: usize, open_files: u64) -> usize {
    let room = usize::try_from(open_files / 5 * 4).unwrap_or(usize::MAX);
    match settings.http.connections_max {
        0 => room.min(10_000 * workers),
        wanted if wanted > room => {
            log::warn!("http.connections_max is {wanted}, but the open files allow {room}");
            room
        }
        wanted => wanted,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{Permissions, set_permissions, write};
    use std::os::unix::fs::PermissionsExt;
    use std::path::Path;

    use super::{before_start, connections_max, open_files};
    use crate::settings::{Layers, Settings};

    fn with(text: &str) -> Settings {
        Layers::new().text(Path::new("my.toml"), text).unwrap().load().unwrap()
    }

    #[test]
    fn a_public_address_needs_tls_a_proxy_or_a_word() {
        for (text, allowed) in [
            ("", true),
            ("[server]\nlisten = \"[::1]:1\"", true),
            ("[server]\nlisten = \"0.0.0.0:1\"", false),
            ("[server]\nlisten = \"[::]:1\"", false),
            ("[server]\nlisten = \"192.168.1.2:1\"", false),
            ("[server]\nlisten = \"0.0.0.0:1\"\ninsecure = true", true),
            ("[server]\nlisten = \"0.0.0.0:1\"\n[proxy]\ntrusted = [\"10.0.0.1\"]", true),
        ] {
            assert_eq!(before_start(&with(text)).is_ok(), allowed, "{text}");
        }
    }

    #[test]
    fn a_tls_key_that_everybody_can_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let key = directory.path().join("key.pem");
        write(&key, "").unwrap();
        let text = format!("[server]\nlisten = \"0.0.0.0:1\"\n[tls]\ncert = \"c.pem\"\nkey = {key:?}");
        for (mode, allowed) in [(0o644, false), (0o640, true), (0o600, true)] {
            set_permissions(&key, Permissions::from_mode(mode)).unwrap();
            assert_eq!(before_start(&with(&text)).is_ok(), allowed, "{mode:o}");
        }
    }

    #[test]
    fn connections_leave_files_for_the_database() {
        assert!(open_files() >= 64);
        assert_eq!(connections_max(&with(""), 2, 1000), 800);
        assert_eq!(connections_max(&with(""), 1, 1_000_000), 10_000);
        assert_eq!(connections_max(&with("[http]\nconnections_max = 100"), 2, 1000), 100);
        assert_eq!(connections_max(&with("[http]\nconnections_max = 5000"), 2, 1000), 800);
    }
}
