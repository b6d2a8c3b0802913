//! Starts the binary, reads what it says, and ends it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// What a command said and how it ended.
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// A running server; killed when a test fails before it was stopped.
pub struct Server {
    child: Child,
    /// Host and port.
    pub address: String,
    log: PathBuf,
}

fn program(directory: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_shardmesh"));
    // Cheap passwords: what is tested here is not the hash.
    command
        .current_dir(directory)
        .env("SHARDMESH__AUTH__ARGON2_MEMORY_KIB", "64")
        .env("SHARDMESH__SERVER__WORKERS", "1")
        .env("SHARDMESH__MESH__ARBITERS", "1");
    command
}

/// Runs a command in `directory`, where its data is, to its end.
pub fn run(directory: &Path, arguments: &[&str]) -> Said {
    run_with_input(directory, arguments, "")
}

pub fn run_with_input(directory: &Path, arguments: &[&str], input: &str) -> Said {
    let mut child = program(directory)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that reads nothing may have closed it already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

/// A server on a free port, ready to be asked.
pub fn server(directory: &Path) -> Server {
    start(directory, &["--listen", "127.0.0.1:0"], &[])
}

pub fn start(directory: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Server {
    let log = directory.join("stderr");
    let mut child = program(directory)
        .args(arguments)
        .envs(environment.iter().copied())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(File::create(&log).unwrap())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let address = line.trim().strip_prefix("listening on http://").map(str::to_owned);
    let address =
        address.unwrap_or_else(|| panic!("it said {line:?}, and {}", std::fs::read_to_string(&log).unwrap()));
    Server { child, address, log }
}

impl Server {
    fn say(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    pub fn get(&self, path: &str, token: Option<&str>) -> String {
        let token = token.map(|token| format!("Authorization: Bearer {token}\r\n")).unwrap_or_default();
        self.say(&format!(
            "GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{token}\r\n",
            self.address
        ))
    }

    /// Signs in and gives back the token.
    pub fn sign_in(&self, name: &str, password: &str) -> String {
        let body = serde_json::json!({"username": name, "password": password}).to_string();
        let answer = self.say(&format!(
            "POST /api/auth/login HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        ));
        let body = answer.split_once("\r\n\r\n").unwrap().1;
        let answer: serde_json::Value = serde_json::from_str(body).unwrap();
        answer["session_token"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
    }

    /// A WebSocket, signed in by `token`, after its upgrade.
    pub fn websocket(&self, token: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request = format!(
            "GET /ws HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
            self.address
        );
        stream.write_all(request.as_bytes()).unwrap();
        let mut head = [0; 12];
        stream.read_exact(&mut head).unwrap();
        assert_eq!(&head, b"HTTP/1.1 101");
        stream
    }

    /// A connection on which a request began that will never end.
    pub fn slow_request(&self) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n\
                    Expect: 100-continue\r\nContent-Length: 100\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        // It waits for the body now.
        stream.read_exact(&mut [0; 12]).unwrap();
        stream
    }

    /// What it logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub fn terminate(&self) {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
    }

    /// Asks it to stop as an operator would; says how it ended and what it logged.
    pub fn stop(mut self) -> (Option<i32>, String) {
        self.terminate();
        let code = self.child.wait().unwrap().code();
        (code, std::fs::read_to_string(&self.log).unwrap())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It is gone already when it was stopped.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
