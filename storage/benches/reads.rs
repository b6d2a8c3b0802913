//! What the questions cost that everybody asks: who holds this token, which party am I in, what was said here.

// As everybody else in the workspace calls it.
extern crate shardmesh_storage as storage;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use protocol::{CharacterId, LocationId, SessionId};
use rules::venue::{ChatLine, RoomKey};
use storage::accounts::{Role, create};
use storage::sessions::NewSession;
use storage::{Driver, Options, Store, chat, parties, sessions};

const NOW: i64 = 1_700_000_000_000;
const SESSIONS: u8 = 200;
const LINES: u64 = 1_000;

fn fill(store: &Store, room: &RoomKey) {
    let account = store.write(create("a".to_owned(), "a".to_owned(), None, Role::Player, NOW)).wait();
    let account_id = account.expect("an empty world");
    for number in 0..SESSIONS {
        let session = NewSession {
            session_id: SessionId(uuid::Uuid::from_u128(number.into())),
            account_id,
            token_hash: [number; 32],
            password_hash: None,
            now: NOW,
            idle_ms: 1_000_000,
            absolute_ms: 1_000_000,
            keep: usize::from(SESSIONS),
        };
        store.write(sessions::create(session)).wait().expect("there is an account");
    }
    for chat_id in 1..=LINES {
        let line = ChatLine {
            room: room.clone(),
            chat_id,
            sender_id: CharacterId(1),
            sender_name: "Somebody".to_owned(),
            content: "something of the usual length, more or less".to_owned(),
            said_at_ms: NOW,
        };
        store.write(chat::append(line)).wait().expect("nothing was said yet");
    }
}

fn reads(bench: &mut Criterion) {
    let directory = tempfile::tempdir().expect("there is room");
    let driver = Driver::Inline { seed: 1, delay_ms_max: 0 };
    let store = Store::open(Options { driver, ..Options::new(directory.path().join("world.db")) })
        .expect("an empty directory");
    let room = RoomKey::Say(LocationId(1));
    fill(&store, &room);
    let mut group = bench.benchmark_group("reads");
    let mut token = 0;
    group.bench_function("a session by its token", |bench| {
        bench.iter(|| {
            token = (token + 1) % SESSIONS;
            black_box(store.read(sessions::by_token([token; 32], NOW)).wait())
        });
    });
    let mut who = 0;
    group.bench_function("the party of a character that has none", |bench| {
        bench.iter(|| {
            who += 1;
            black_box(store.read(parties::of(CharacterId(who), NOW)).wait())
        });
    });
    group.bench_function("the last 20 lines of a room", |bench| {
        bench.iter(|| black_box(store.read(chat::recent(&room, 20)).wait()));
    });
    group.finish();
}

criterion_group!(benches, reads);
criterion_main!(benches);
