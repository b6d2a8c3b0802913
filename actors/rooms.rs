//! Chat rooms on the mesh: one actor each, global, one a faction, one a location.

use protocol::CharacterId;
use rules::room::{HistoryLimits, Room, RoomCommand, RoomRecord};
use rules::venue::{Member, RoomKey};
use storage::Pending;

use crate::host::{Host, Hosted};
use crate::options::Options;
use crate::registry::{Table, VenueName};
use crate::world::World;

impl Hosted for Room {
    type Key = RoomKey;
    type Record = RoomRecord;
    type View = ();

    const KIND: &'static str = "room";
    const PASSIVATES: bool = true;

    fn name(key: &RoomKey) -> VenueName {
        VenueName::Room(key.clone())
    }

    fn table(world: &World) -> &Table<Host<Self>> {
        world.rooms()
    }

    fn mailbox(options: &Options) -> usize {
        options.mailboxes.room
    }

    fn load(key: &RoomKey, world: &World, _members: &[CharacterId]) -> Pending<RoomRecord> {
        world.store().read(storage::chat::record(key, world.options().chat.history))
    }

    fn restore(key: &RoomKey, world: &World, record: RoomRecord, _members: &[Member]) -> Self {
        let chat = world.options().chat;
        Self::restore(key.clone(), HistoryLimits { lines: chat.history, page_bytes: chat.page_bytes }, record)
    }

    fn view(&self) {}

    fn fault(command: &RoomCommand) -> &'static str {
        match command {
            RoomCommand::Say { .. } => "room.say",
            RoomCommand::Announce { .. } => "room.announce",
        }
    }
}
