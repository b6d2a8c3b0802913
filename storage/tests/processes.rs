//! Several processes on one database, and a process that dies without a word.

use std::io::{BufRead, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use protocol::CharacterId;
use rules::venue::{ChatLine, RoomKey};

use super::{Disk, account, character};
use crate::accounts::by_name;
use crate::{Options, Store, StoreError, chat};

/// Tells the test binary to be the server of this database.
const BE_A_SERVER: &str = "SHARDMESH_TEST_SERVER_OF";

fn line(chat_id: u64) -> ChatLine {
    ChatLine {
        room: RoomKey::Global,
        chat_id,
        sender_id: CharacterId(1),
        sender_name: "Aria".to_owned(),
        content: "said".to_owned(),
        said_at_ms: 1,
    }
}

/// Not a test by itself: what [`server_process`] runs. Says every acknowledged line until it is killed.
#[test]
fn being_a_server_process() {
    let Some(path) = std::env::var_os(BE_A_SERVER) else { return };
    let store = Store::open(Options::new(path)).unwrap();
    let mut out = std::io::stderr();
    for chat_id in store.read(chat::last_id(&RoomKey::Global)).wait().unwrap() + 1.. {
        store.write(chat::append(line(chat_id))).wait().unwrap();
        // The pipe is full or closed at some time; the process is killed while it waits.
        writeln!(out, "acknowledged {chat_id}").unwrap();
    }
}

/// A server process that writes, and the lines it says. Killed when dropped.
struct Server {
    process: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
    acknowledged: u64,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Server {
    fn start(disk: &Disk) -> Self {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "tests::processes::being_a_server_process", "--nocapture"])
            .env(BE_A_SERVER, disk.path())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { process, lines, acknowledged: 0 }
    }

    /// Waits for the next line that it acknowledges; `None` when it is dead.
    fn acknowledged(&mut self) -> Option<u64> {
        let id = |line: String| line.strip_prefix("acknowledged ")?.parse().ok();
        self.acknowledged = self.lines.by_ref().map_while(Result::ok).find_map(id)?;
        Some(self.acknowledged)
    }

    fn work_until(&mut self, chat_id: u64) {
        while self.acknowledged().expect("the server writes") < chat_id {}
    }

    /// Kills it as `kill -9` does; answers with the last line that it acknowledged.
    fn kill(mut self) -> u64 {
        self.process.kill().unwrap();
        while self.acknowledged().is_some() {}
        self.acknowledged
    }
}

#[test]
fn a_second_server_is_refused_and_one_that_was_killed_is_no_obstacle() {
    let disk = Disk::new();
    let mut last = 0;
    for round in 1..=5 {
        let mut server = Server::start(&disk);
        server.work_until(last + 10 * round);
        assert_eq!(Store::open(Options::new(disk.path())).err(), Some(StoreError::AlreadyRunning));
        last = server.kill();
        let store = disk.server();
        let stored = store.read(chat::last_id(&RoomKey::Global)).wait().unwrap();
        assert!(stored >= last, "acknowledged {last}, on disk {stored}");
        let lines = store.read(chat::recent(&RoomKey::Global, usize::MAX)).wait().unwrap();
        assert_eq!(lines.len() as u64, stored, "without gaps");
        last = stored;
    }
    assert_eq!(disk.problems(), Vec::<String>::new());
}

#[test]
fn a_command_works_beside_a_server_that_writes() {
    let disk = Disk::new();
    let mut server = Server::start(&disk);
    let before = server.acknowledged().expect("the server writes");
    let command = Store::open(Options { exclusive: false, readers: 1, ..Options::new(disk.path()) }).unwrap();
    let ann = account(&command, "Ann");
    for number in ["Aria", "Brom", "Cyra"] {
        character(&command, ann, number);
    }
    assert_eq!(command.read(by_name("ann".to_owned())).wait().unwrap().unwrap().id, ann);
    assert_eq!(disk.problems(), Vec::<String>::new());
    command.close();
    server.work_until(before + 10);
}

#[test]
fn a_server_in_the_same_process_is_one_too() {
    let disk = Disk::new();
    let store = disk.server();
    assert_eq!(Store::open(Options::new(disk.path())).err(), Some(StoreError::AlreadyRunning));
    store.close();
    disk.server();
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_database() {
    use std::os::unix::fs::PermissionsExt;

    let disk = Disk::new();
    let mode = |suffix: &str| {
        let path = crate::lock::beside(&disk.path(), suffix);
        std::fs::metadata(path).unwrap().permissions().mode() & 0o777
    };
    let store = disk.server();
    account(&store, "Ann");
    assert_eq!((mode(""), mode("-wal"), mode("-shm")), (0o600, 0o600, 0o600));
    store.close();
    std::fs::set_permissions(disk.path(), PermissionsExt::from_mode(0o644)).unwrap();
    disk.server();
    assert_eq!(mode(""), 0o600);
}

#[test]
fn a_file_of_another_program_is_left_alone() {
    let disk = Disk::new();
    std::fs::write(disk.path(), "no database at all, but long enough to be taken for one").unwrap();
    assert!(matches!(Store::open(Options::new(disk.path())).err(), Some(StoreError::Corrupt(_))));
    assert!(std::fs::read_to_string(disk.path()).unwrap().starts_with("no database"));
}
