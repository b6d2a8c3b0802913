//! Parties on the mesh: one actor each, from the first member to the last, whether these are in the world or not.

use protocol::ids::PartyId;
use protocol::party::PartyView;
use protocol::{CharacterId, ErrorCode, ErrorMessage};
use rules::party::{Party, PartyCommand, PartyRecord};
use rules::venue::Member;
use storage::Pending;

use crate::errors::storage_error;
use crate::host::{Host, Hosted};
use crate::options::Options;
use crate::registry::{Table, VenueName};
use crate::world::World;

impl Hosted for Party {
    type Key = PartyId;
    /// Absent: it is no more.
    type Record = Option<PartyRecord>;
    type View = ();

    const KIND: &'static str = "party";
    const PASSIVATES: bool = true;
    const TELLS_REFUSED: bool = true;

    fn name(key: &PartyId) -> VenueName {
        VenueName::Party(*key)
    }

    fn table(world: &World) -> &Table<Host<Self>> {
        world.parties()
    }

    fn mailbox(options: &Options) -> usize {
        options.mailboxes.party
    }

    fn load(key: &PartyId, world: &World, _members: &[CharacterId]) -> Pending<Option<PartyRecord>> {
        world.store().read(storage::parties::load(*key, world.clock().now().wall_ms))
    }

    fn restore(key: &PartyId, world: &World, record: Option<PartyRecord>, members: &[Member]) -> Self {
        let here: Vec<CharacterId> = members.iter().map(|member| member.id).collect();
        Self::restore(*key, world.options().party.limits, record, &here, world.clock().mono_ms())
    }

    fn has(&self, who: CharacterId) -> bool {
        self.has(who)
    }

    /// Somebody has to miss those who are away.
    fn may_rest(&self) -> bool {
        self.is_over()
    }

    fn view(&self) {}

    fn fault(command: &PartyCommand) -> &'static str {
        match command {
            PartyCommand::Invite { .. } => "party.invite",
            PartyCommand::Decline => "party.decline",
            PartyCommand::Leave => "party.leave_for_good",
            PartyCommand::Kick { .. } => "party.kick",
            PartyCommand::Change { .. } => "party.change",
            PartyCommand::Disband => "party.disband",
            PartyCommand::Say { .. } => "party.say",
            PartyCommand::Look => "party.look",
        }
    }
}

impl World {
    /// Goes on with the parties that the last process left: their members may come back, and are missed otherwise.
    pub(crate) fn resume_parties(&self) {
        let world = self.clone();
        let left = self.store().read(storage::parties::ids());
        actix_rt::spawn(async move {
            match left.await {
                Ok(left) => {
                    for id in left {
                        // It starts on demand otherwise: with the first who comes back.
                        let _ = world.parties().find(&world, &id, || ());
                    }
                }
                Err(error) => log::error!("the parties can't be read: {error}"),
            }
        });
    }

    /// A party as one of its members, or somebody who is invited, may see it.
    ///
    /// # Errors
    /// `NOT_FOUND` for everybody else; `BUSY`, `STORAGE`.
    pub async fn party(&self, id: PartyId, who: Option<CharacterId>) -> Result<PartyView, ErrorMessage> {
        let not_found = || ErrorMessage::new(ErrorCode::NotFound, "Party not found").with("field", "id");
        let who = who.ok_or_else(not_found)?;
        let view = self.store().read(storage::parties::view(id, who, self.clock().now().wall_ms));
        view.await.map_err(|error| storage_error(&error))?.ok_or_else(not_found)
    }
}
