//! What is on disk after a server has ended, read the way the server reads it.

use std::path::PathBuf;

use protocol::CharacterId;
use rules::venue::{ChatLine, RoomKey};
use storage::audit::{self, Report};
use storage::{Options, Store};

use crate::harness::server::Directory;

/// Everything that was ever said to everybody, in order.
pub fn global_lines(directory: &Directory) -> Vec<ChatLine> {
    read(directory, |store| {
        let lines = store.read(storage::chat::recent(&RoomKey::Global, 1_000_000)).wait();
        lines.expect("the database can be read")
    })
}

/// What `shardmesh check` says of the property of all.
pub fn audit(directory: &Directory) -> Report {
    audit::check(&database(directory)).expect("the database can be read")
}

/// Which of these trades are on disk.
pub fn settled(directory: &Directory, trades: &[String]) -> Vec<bool> {
    read(directory, |store| {
        let find = |id: &String| store.read(storage::sheets::is_settled(rules::trade::cause_of(id))).wait();
        trades.iter().map(|id| find(id).expect("the database can be read")).collect()
    })
}

/// Whether what may happen only once has happened.
pub fn is_settled(directory: &Directory, cause: String) -> bool {
    read(directory, |store| store.read(storage::sheets::is_settled(cause)).wait())
        .expect("the database can be read")
}

/// What a character has learnt.
pub fn experience(directory: &Directory, who: i64) -> i64 {
    let load = || storage::sheets::load(CharacterId(who));
    let sheet = read(directory, |store| store.read(load()).wait()).expect("the database can be read");
    sheet.expect("it is there").progression.experience
}

fn database(directory: &Directory) -> PathBuf {
    directory.data().join("shardmesh.db")
}

fn read<T: Send>(directory: &Directory, look: impl FnOnce(&Store) -> T + Send) -> T {
    // The store's threads are waited for, which a thread of the runtime must not do.
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let options = Options { readers: 1, exclusive: false, ..Options::new(database(directory)) };
            let store = Store::open(options).expect("the database can be opened");
            let seen = look(&store);
            store.close();
            seen
        });
        reading.join().expect("the database is whole")
    })
}
