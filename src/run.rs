//! A server from its settings to its end: the same for the binary and for tests.

use std::net::TcpListener;
use std::path::PathBuf;
use std::thread::available_parallelism;

use actors::clock::Clock;
use actors::hasher::Hasher;
use actors::{Parts, World};
use handlers::Edge;
use handlers::serve::{Tls, serve};
use storage::Store;
use tokio::sync::watch;

use crate::problem::Problem;
use crate::secrets::Secrets;
use crate::settings::Settings;
use crate::{backups, checks, content, options};

/// The name of the database in the data directory.
const DATABASE: &str = "shardmesh.db";

/// What the server is told of its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Stop {
    #[default]
    NotYet,
    /// Clients are told, writes flushed, sockets closed in order.
    Drain,
    /// The same, but nobody's open requests and sockets are waited for.
    Now,
}

/// Where the database is.
pub fn database(settings: &Settings) -> PathBuf {
    settings.server.data.join(DATABASE)
}

/// Takes the port, after a look at whether serving on it would be safe.
///
/// # Errors
/// It would not be, or the port is not to be had.
pub fn bind(settings: &Settings) -> Result<TcpListener, Problem> {
    checks::before_start(settings)?;
    let address = settings.server.listen;
    handlers::listener::bind(address, &options::of_tcp(settings))
        .map_err(|error| Problem::Listen { address, error })
}

/// Serves on `listener` until `stop` says otherwise. `ready` is called when requests are answered.
///
/// # Errors
/// What is wrong with the data directory, the world's content or the certificate; or that the server itself failed.
///
/// # Panics
/// Outside an actix system.
pub async fn run(
    settings: &Settings,
    listener: TcpListener,
    stop: watch::Receiver<Stop>,
    ready: impl FnOnce(),
) -> Result<(), Problem> {
    let tls = tls(settings)?;
    let world = start_world(settings)?;
    if let Err(error) = world.bring_back().await {
        log::error!("nobody can go on where the last run ended: {}", error.error_message);
    }
    let workers = match settings.server.workers {
        0 => available_parallelism().map_or(1, std::num::NonZero::get),
        workers => workers,
    };
    let connections_max = checks::connections_max(settings, workers, checks::open_files());
    let version = env!("CARGO_PKG_VERSION");
    log::info!("shardmesh {version}, {workers} workers, at most {connections_max} connections");
    let edge = Edge::new(world.clone(), options::of_edge(settings, workers, connections_max));
    let server = serve(edge, listener, tls).map_err(Problem::Server)?;
    let handle = server.handle();
    let mut serving = actix_web::rt::spawn(server);
    let backups = actix_web::rt::spawn(backups::keep_up(settings.clone(), world.clone()));
    ready();
    let outcome = tokio::select! {
        () = told(stop.clone(), Stop::Drain) => Ok(()),
        ended = &mut serving => ended.map_err(std::io::Error::other).and_then(|ended| ended).map_err(Problem::Server),
    };
    backups.abort();
    log::info!("stopping");
    let served = async {
        tokio::select! {
            () = handle.stop(true) => {}
            // Once it waits for its clients it hears no second order: the process ends under it.
            () = told(stop, Stop::Now) => serving.abort(),
        }
    };
    tokio::join!(world.drain(), served);
    let store = world.store().clone();
    tokio::task::spawn_blocking(move || store.close()).await.map_err(std::io::Error::other)?;
    log::info!("stopped");
    outcome
}

fn start_world(settings: &Settings) -> Result<World, Problem> {
    let secrets = Secrets::load(&settings.server.data)?;
    let content = content::load(&settings.world.content)?;
    let path = database(settings);
    let options = storage::Options { readers: settings.store.readers, ..storage::Options::new(path.clone()) };
    let store = Store::open(options).map_err(|error| Problem::of_database(&path, error))?;
    let hasher = Hasher::start(&options::passwords(settings)).map_err(Problem::Hasher)?;
    let options = options::of_world(settings, &secrets);
    Ok(World::start(Parts { options, content, store, hasher, clock: Clock::system() }))
}

/// The certificate, if one is set.
///
/// # Errors
/// Its files are not what they should be.
#[cfg(feature = "tls")]
pub(crate) fn tls(settings: &Settings) -> Result<Option<Tls>, Problem> {
    use std::path::Path;
    let files = settings.has_tls().then_some(&settings.tls);
    Ok(files.map(|tls| handlers::tls::load(Path::new(&tls.cert), Path::new(&tls.key))).transpose()?)
}

/// Without the feature there is none to set.
///
/// # Errors
/// None.
#[cfg(not(feature = "tls"))]
pub(crate) fn tls(_settings: &Settings) -> Result<Option<Tls>, Problem> {
    Ok(None)
}

/// Returns when `stop` says `what`, or worse. Whoever could say so being gone means the same as never.
async fn told(mut stop: watch::Receiver<Stop>, what: Stop) {
    let reached = |said: &Stop| *said == what || *said == Stop::Now;
    if stop.wait_for(reached).await.is_err() {
        std::future::pending::<()>().await;
    }
}
