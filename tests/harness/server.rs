//! A running server: the real process on a free port, asked over REST.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use reqwest::Method;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::harness::PATIENCE;
use crate::harness::program::shardmesh;

/// A process that is killed when it goes out of scope.
pub struct Server {
    child: Child,
    /// Host and port.
    pub address: String,
    directory: Directory,
    http: reqwest::Client,
}

/// Where a server starts; its data is in `data`, its log in `log`.
#[derive(Clone)]
pub struct Directory(Arc<TempDir>);

impl Directory {
    pub fn new() -> Self {
        Self(Arc::new(tempfile::tempdir().expect("there is room for temporary files")))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn data(&self) -> PathBuf {
        self.path().join("data")
    }

    /// What the servers that ran here said on standard error.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path().join("log")).unwrap_or_default()
    }
}

/// What came back over REST.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    /// `Null` where there was no JSON.
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("headers are text"))
    }

    /// The body of an answer that must be 200.
    pub fn expect(self) -> Value {
        assert_eq!(self.status, 200, "{self:?}");
        self.body
    }
}

impl Server {
    /// A server with a new world and without rates, as for load tests.
    pub fn start() -> Self {
        Self::with(&[])
    }

    /// A new world; settings are named `section.key`.
    pub fn with(settings: &[(&str, &str)]) -> Self {
        Self::start_in(&Directory::new(), settings)
    }

    /// A server in a directory where one may have been before.
    pub fn start_in(directory: &Directory, settings: &[(&str, &str)]) -> Self {
        let log = File::options().create(true).append(true).open(directory.path().join("log"));
        let mut command = shardmesh(directory.path());
        command.args(["serve", "--listen", "127.0.0.1:0"]);
        command.stdout(Stdio::piped()).stderr(log.expect("there is room for a log"));
        command.env("SHARDMESH__LIMITS__ENABLED", "false").env("SHARDMESH__LOGS__LEVEL", "debug");
        // So few rounds are nobody's but ours: tests of encryption say the documented number.
        command.env("SHARDMESH__LOGS__LINES_PER_SEC", "0").env("SHARDMESH__P2P__ITERATIONS", "1000");
        // Tests fight whom they choose.
        command.env("SHARDMESH__COMBAT__AMBUSHES", "false");
        for (name, value) in settings {
            let variable = name.to_ascii_uppercase().replacen('.', "__", 1);
            command.env(format!("SHARDMESH__{variable}"), value);
        }
        // reqwest as the workspace has it wants one even for plain HTTP. Another test may have been here before.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = reqwest::Client::builder().timeout(PATIENCE).build().expect("plain HTTP needs nothing");
        let child = command.spawn().expect("the binary was built");
        // From here on it ends with this, whatever happens.
        let mut server = Self { child, address: String::new(), directory: directory.clone(), http };
        let mut line = String::new();
        let mut out = BufReader::new(server.child.stdout.take().expect("it was piped"));
        out.read_line(&mut line).expect("its output is text");
        let Some(address) = line.trim().strip_prefix("listening on http://") else {
            panic!("it said {line:?}, and in its log:\n{}", directory.log());
        };
        server.address = address.to_owned();
        // Nobody reads what comes later; it must not be able to block the server.
        std::thread::spawn(move || out.read_to_end(&mut Vec::new()));
        server
    }

    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request to be filled in; nothing is added to it.
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, self.url(path))
    }

    pub async fn send(request: reqwest::RequestBuilder) -> Answer {
        Self::answer_of(request).await.expect("the server answers")
    }

    /// `None` where the server ended before it answered.
    pub async fn try_send(request: reqwest::RequestBuilder) -> Option<Answer> {
        Self::answer_of(request).await.ok()
    }

    async fn answer_of(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await?;
        Ok(Answer { status, headers, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) })
    }

    pub async fn get(&self, path: &str, token: Option<&str>) -> Answer {
        Self::send(bearing(self.request(Method::GET, path), token)).await
    }

    pub async fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Answer {
        Self::send(bearing(self.request(Method::POST, path), token).json(body)).await
    }

    pub async fn delete(&self, path: &str, token: Option<&str>) -> Answer {
        Self::send(bearing(self.request(Method::DELETE, path), token)).await
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether the process has ended by itself.
    pub fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("it is our child").is_some()
    }

    /// Asks it to stop, without waiting.
    pub fn terminate(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
    }

    /// Waits for its end, which must have been asked for.
    pub async fn wait(&mut self) -> ExitStatus {
        let began = Instant::now();
        let mut turns = tokio::time::interval(Duration::from_millis(10));
        loop {
            if let Some(status) = self.child.try_wait().expect("it is our child") {
                return status;
            }
            assert!(began.elapsed() < PATIENCE, "it does not end:\n{}", self.directory.log());
            turns.tick().await;
        }
    }

    /// Asks it to stop and waits until it has, in order.
    pub async fn stop(mut self) -> Directory {
        self.terminate();
        let status = self.wait().await;
        assert!(status.success(), "{status}:\n{}", self.directory.log());
        self.directory.clone()
    }

    /// SIGKILL, without waiting.
    pub fn kill_at_once(&self) {
        kill_process(Pid::from_child(&self.child), Signal::KILL).expect("nobody has waited for it yet");
    }

    /// SIGKILL.
    pub fn kill(mut self) -> Directory {
        self.child.kill().expect("it is our child");
        self.child.wait().expect("it is our child");
        self.directory.clone()
    }

    /// Must hold at the end of every scenario, however hostile: it lives, it served, it never blamed itself.
    pub async fn expect_well(&mut self) {
        assert!(!self.has_ended(), "it died:\n{}", self.directory.log());
        assert_eq!(self.get("/healthz", None).await.status, 200);
        let log = self.directory.log();
        let bad: Vec<&str> =
            log.lines().filter(|line| line.contains(" ERROR ") || line.contains("panicked")).collect();
        assert!(bad.is_empty(), "{bad:#?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Ended already, in most tests that end it themselves.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn bearing(request: reqwest::RequestBuilder, token: Option<&str>) -> reqwest::RequestBuilder {
    match token {
        Some(token) => request.bearer_auth(token),
        None => request,
    }
}
