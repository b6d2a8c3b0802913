//! The realm on the mesh: one actor, in which everybody is who is in the world.

use std::fmt;

use protocol::CharacterId;
use rules::realm::{Realm, RealmCommand, RealmRecord};
use rules::venue::Member;
use storage::Pending;

use crate::host::{Host, Hosted};
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
            RealmCommand::Capture { .. } => "realm.capture",
            RealmCommand::EndWorld => "realm.end_world",
            RealmCommand::Happen(_) => "realm.happen",
            RealmCommand::Seal { .. } => "realm.seal",
        }
    }
}
