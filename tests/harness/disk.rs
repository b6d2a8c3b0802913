//! What is on disk after a server has ended, read the way the server reads it.

use rules::venue::{ChatLine, RoomKey};
use storage::{Options, Store};

use crate::harness::server::Directory;

/// Everything that was ever said to everybody, in order.
pub fn global_lines(directory: &Directory) -> Vec<ChatLine> {
    // The store's threads are waited for, which a thread of the runtime must not do.
    std::thread::scope(|scope| scope.spawn(|| read(directory)).join().expect("the database is whole"))
}

fn read(directory: &Directory) -> Vec<ChatLine> {
    let path = directory.data().join("shardmesh.db");
    let store = Store::open(Options { readers: 1, exclusive: false, ..Options::new(path) });
    let store = store.expect("the database can be opened");
    let lines = store.read(storage::chat::recent(&RoomKey::Global, 1_000_000)).wait();
    store.close();
    lines.expect("the database can be read")
}
