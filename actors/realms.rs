//! The realm on the mesh: one actor, in which everybody is who is in the world.

use std::fmt;

use protocol::CharacterId;
use rules::realm::{Realm, RealmCommand, RealmRecord};
use rules::venue::Member;
use storage::Pending;
use tokio::sync::oneshot;

use crate::host::{Host, Hosted, Mail, Order};
use crate::notify::notify;
use crate::options::Options;
use crate::registry::{Table, VenueName};
use crate::world::World;

/// There is one realm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TheRealm;

impl fmt::Display for TheRealm {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str("realm")
    }
}

impl Hosted for Realm {
    type Key = TheRealm;
    type Record = RealmRecord;
    type View = RealmRecord;

    const KIND: &'static str = "realm";
    const PASSIVATES: bool = false;

    fn name(_key: &TheRealm) -> VenueName {
        VenueName::Realm
    }

    fn table(world: &World) -> &Table<Host<Self>> {
        world.realms()
    }

    fn mailbox(options: &Options) -> usize {
        options.mailboxes.room
    }

    fn load(_key: &TheRealm, world: &World, _members: &[CharacterId]) -> Pending<RealmRecord> {
        world.store().read(storage::world::realm())
    }

    fn restore(_key: &TheRealm, world: &World, record: RealmRecord, _members: &[Member]) -> Self {
        Self::restore(world.content().clone(), record)
    }

    fn view(&self) -> RealmRecord {
        self.record().clone()
    }

    fn fault(command: &RealmCommand) -> &'static str {
        match command {
            RealmCommand::Capture { .. } | RealmCommand::Calm { won: Some(_), .. } => "realm.capture",
            RealmCommand::Contest { .. } | RealmCommand::Calm { won: None, .. } => "realm.contest",
            RealmCommand::EndWorld => "realm.end_world",
            RealmCommand::Happen(_) => "realm.happen",
            RealmCommand::Seal { .. } => "realm.seal",
        }
    }
}

/// What a combat has to say to the realm. A realm that is not running has nobody to tell, and reads how it stands when it
/// starts: it has to for what is won.
pub(crate) fn tell_realm(world: &World, errand: RealmCommand) {
    let door = match &errand {
        RealmCommand::Calm { won: Some(_), .. } => world.realms().find(world, &TheRealm, || ()).ok(),
        _ => world.realms().running(&TheRealm),
    };
    if let Some(door) = door {
        let ((done, _), (refused, _)) = (oneshot::channel(), oneshot::channel());
        notify(&door, Mail::Ordain(Order { command: errand, keep: None, done, refused }));
    }
}

impl World {
    /// Takes the crystal shards that were won in fights whose end the last process did not live to tell the realm: whoever
    /// won them may not come back for long.
    pub(crate) fn claim_won(&self) {
        let world = self.clone();
        let unclaimed = self.store().read(storage::combats::unclaimed());
        actix_rt::spawn(async move {
            let unclaimed = match unclaimed.await {
                Ok(unclaimed) => unclaimed,
                Err(error) => return log::error!("won crystal shards can't be read: {error}"),
            };
            for (combat, won) in unclaimed {
                let shard = Some(won.prize.shard);
                tell_realm(&world, RealmCommand::Calm { combat, shard, won: Some(won) });
            }
        });
    }
}
