//! What time brings: pings, silent connections, grace, passivation, clean-up. Run by the registry.
//!
//! One sweep over all sessions, not a timer each.

use std::sync::Arc;
use std::time::Duration;

use protocol::{CloseCode, SessionId};
use rules::venue::RoomKey;
use storage::{StoreError, Write};

use crate::host::{self, Host, Hosted, TickDone};
use crate::notify::notify;
use crate::outbox::{Farewell, LinkState, Outbox};
use crate::registry::Table;
use crate::session;
use crate::world::World;

const LINKS_EVERY: Duration = Duration::from_secs(1);
const VENUES_EVERY: Duration = Duration::from_secs(1);
const GROUND_EVERY: Duration = Duration::from_secs(5);
const IDLE_EVERY: Duration = Duration::from_secs(10);
/// A third of the shortest time after which an idle session may end.
const USES_EVERY: Duration = Duration::from_secs(20);
const USES_AT_ONCE: usize = 256;
const CLEAN_UP_EVERY: Duration = Duration::from_secs(60);

/// Something done at a fixed interval.
pub struct Chore {
    pub every: Duration,
    pub work: fn(&World),
}

/// All chores of a world.
pub fn chores() -> [Chore; 6] {
    [
        Chore { every: LINKS_EVERY, work: look_after_links },
        Chore { every: VENUES_EVERY, work: tick_venues },
        Chore { every: GROUND_EVERY, work: crate::ground::expire },
        Chore { every: IDLE_EVERY, work: let_idle_go },
        Chore { every: USES_EVERY, work: note_uses },
        Chore { every: CLEAN_UP_EVERY, work: clean_up },
    ]
}

/// What a session's link needs.
enum Care {
    Ping(Arc<Outbox>),
    End { outbox: Arc<Outbox>, silent_ms: u64 },
    GraceOver,
}

/// Pings who is silent, ends who stays silent, and takes characters out of the world that nobody came back for.
fn look_after_links(world: &World) {
    let now_ms = world.clock().mono_ms();
    let options = world.options().session;
    let cared_for = world.sessions().survey(|id, outbox| match outbox.link_state() {
        LinkState::Linked { heard_ms, pinged } => {
            let silent_ms = now_ms.saturating_sub(heard_ms);
            let ping_ms = jittered(options.ping_ms, *id);
            if silent_ms > ping_ms + options.pong_wait_ms {
                Some(Care::End { outbox: outbox.clone(), silent_ms })
            } else {
                (silent_ms > ping_ms && !pinged).then(|| Care::Ping(outbox.clone()))
            }
        }
        LinkState::Gone { since_ms } => {
            (now_ms.saturating_sub(since_ms) > options.grace_ms).then_some(Care::GraceOver)
        }
    });
    for (id, door, care) in cared_for {
        match care {
            Care::Ping(outbox) => outbox.ask_ping(),
            Care::End { outbox, silent_ms } => {
                log::info!("session {id}: its connection is silent for {silent_ms} ms and is ended");
                outbox.end_link(Farewell::new(CloseCode::GoingAway, "nothing was heard for too long"));
                outbox.abandon_link(now_ms);
            }
            Care::GraceOver => notify(&door, session::Mail::GraceOver),
        }
    }
}

/// A session with a living connection is in use.
fn note_uses(world: &World) {
    let now_ms = world.clock().mono_ms();
    let ping_ms = world.options().session.ping_ms;
    let in_use = world.sessions().survey(|_, outbox| match outbox.link_state() {
        LinkState::Linked { heard_ms, .. } => (now_ms.saturating_sub(heard_ms) < 2 * ping_ms).then_some(()),
        LinkState::Gone { .. } => None,
    });
    in_use.into_iter().for_each(|(id, _, ())| world.note_use(id));
    let (world, used) = (world.clone(), world.take_used());
    actix_rt::spawn(async move {
        // One after the other, so that others' commits come in between.
        for some in used.chunks(USES_AT_ONCE) {
            if let Err(error) = world.store().write(storage::sessions::touch(some.to_vec())).await {
                report("noting the use of sessions", &error);
            }
        }
    });
}

/// Spreads pings, so that sessions that came together are not all pinged together.
fn jittered(ping_ms: u64, id: SessionId) -> u64 {
    let spread = (ping_ms / 5).max(1);
    ping_ms - spread / 2 + u64::from(id.0.as_bytes()[0]) * spread / 256
}

fn tick_venues(world: &World) {
    tick(world.trades());
    tick(world.parties());
}

/// One sweep for all, not a timer each: most are over, or have their people back, long before their time is.
fn tick<V: Hosted>(table: &Table<Host<V>>) {
    for (_, door, ()) in table.all_running() {
        // A full mailbox is busy, and hears the next one.
        let _ = door.post(host::Mail::Tick(TickDone::default()));
    }
}

fn let_idle_go(world: &World) {
    rest(world.rooms());
    rest(world.trades());
    rest(world.combats());
    rest(world.parties());
    world.limiters().forget_quiet();
}

fn rest<V: Hosted>(table: &Table<Host<V>>) {
    for (_, door, ()) in table.all_running() {
        if door.vitals().members() == 0 {
            // A full mailbox is not idle.
            let _ = door.post(host::Mail::Rest);
        }
    }
}

fn clean_up(world: &World) {
    let now_ms = world.clock().now().wall_ms;
    run(world, "forgetting old places", storage::places::sweep(now_ms).quiet());
    run(world, "forgetting old answers", storage::answers::sweep(now_ms).quiet());
    run(world, "forgetting old requests", storage::requests::sweep(now_ms).quiet());
    run(world, "freeing names of deleted characters", storage::characters::sweep(now_ms).quiet());
    let parties = world.parties().all_running().into_iter().map(|(id, _, ())| RoomKey::Party(id));
    let rooms = world.rooms().all_running().into_iter().map(|(key, _, ())| key);
    for key in rooms.chain(parties) {
        let keep = world.options().chat.keep_lines;
        run(world, "forgetting old lines", storage::chat::prune(&key, keep).quiet());
    }
    let keep = world.options().chat.keep_whispers;
    run(world, "forgetting old whispers", storage::chat::prune_whispers(keep).quiet());
    let ended = world.store().write(storage::sessions::sweep(now_ms));
    let world = world.clone();
    actix_rt::spawn(async move {
        match ended.await {
            Ok(ended) => {
                for session in ended {
                    world.end_session(session, Farewell::new(CloseCode::TokenEnded, "the token has ended"));
                }
            }
            Err(error) => report("ending old sessions", &error),
        }
    });
}

fn run(world: &World, what: &'static str, write: Write<()>) {
    let done = world.store().write(write);
    actix_rt::spawn(async move {
        if let Err(error) = done.await {
            report(what, &error);
        }
    });
}

fn report(what: &str, error: &StoreError) {
    log::warn!("{what}: {error}");
}
