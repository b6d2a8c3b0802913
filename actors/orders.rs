//! What admins do to the world. `keep`: the answer to the request, on disk together with what it brought about.

use protocol::admin::{EventKind, NewEvent};
use protocol::chat::Announce;
use protocol::ids::CrystalShardId;
use protocol::{ErrorCode, ErrorMessage};
use rules::realm::{Happening, Realm, RealmCommand};
use rules::room::{Room, RoomCommand};
use rules::venue::RoomKey;
use storage::requests::Keep;
use tokio::sync::oneshot;

use crate::host::{Hosted, Mail, Order};
use crate::realms::TheRealm;
use crate::session::busy;
use crate::world::World;

impl World {
    /// Says something to everybody.
    ///
    /// # Errors
    /// `INVALID` when nothing of it can be shown; `BUSY`, `STORAGE`.
    pub async fn announce(
        &self,
        announce: &Announce,
        announced_by: &str,
        keep: Option<Keep<()>>,
    ) -> Result<(), ErrorMessage> {
        let (content, announced_by) = (announce.content.to_string(), announced_by.to_owned());
        self.ordain::<Room>(&RoomKey::Global, RoomCommand::Announce { content, announced_by }, keep).await
    }

    /// Lets something happen to the world: everybody hears of it, and it is remembered.
    ///
    /// # Errors
    /// `NOT_FOUND` for a faction or location that is not there; `BUSY`, `STORAGE`.
    pub async fn trigger_event(&self, event: &NewEvent, keep: Option<Keep<()>>) -> Result<(), ErrorMessage> {
        let happening = Happening {
            event_type: match event.event_type {
                EventKind::Announcement => "announcement",
                EventKind::FactionWar => "faction_war",
            },
            title: rules::chat::clean(&event.title)?,
            description: rules::chat::clean(&event.description)?,
            faction: event.faction.as_deref().map(str::to_owned),
            location_id: event.location_id,
        };
        self.ordain::<Realm>(&TheRealm, RealmCommand::Happen(happening), keep).await
    }

    /// Lets the world begin anew, as an aetherfall without a winner.
    ///
    /// # Errors
    /// `BUSY`, `STORAGE`.
    pub async fn end_world(&self, keep: Option<Keep<()>>) -> Result<(), ErrorMessage> {
        self.ordain::<Realm>(&TheRealm, RealmCommand::EndWorld, keep).await
    }

    /// Makes sure that nobody can take a crystal shard, or lets it be taken again.
    ///
    /// # Errors
    /// `NOT_FOUND`; `BUSY`, `STORAGE`.
    pub async fn seal_shard(
        &self,
        shard: CrystalShardId,
        sealed: bool,
        keep: Option<Keep<()>>,
    ) -> Result<(), ErrorMessage> {
        self.ordain::<Realm>(&TheRealm, RealmCommand::Seal { shard, sealed }, keep).await
    }

    async fn ordain<V: Hosted>(
        &self,
        key: &V::Key,
        command: V::Command,
        keep: Option<Keep<()>>,
    ) -> Result<(), ErrorMessage> {
        let busy = || busy(&V::name(key));
        let door = V::table(self).find(self, key, || ()).map_err(|_| busy())?;
        let ((done, is_done), (refused, why)) = (oneshot::channel(), oneshot::channel());
        door.post(Mail::Ordain(Order { command, keep, done, refused })).map_err(|_| busy())?;
        if is_done.await.is_ok() {
            return Ok(());
        }
        let unsaved = |_| ErrorMessage::new(ErrorCode::Storage, "it could not be saved: nothing was changed");
        Err(why.await.unwrap_or_else(unsaved))
    }
}
