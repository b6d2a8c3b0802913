//! What the edge and sessions ask of the world as a whole: characters, state, status, and what admins look at.

use std::sync::Arc;
use std::time::Duration;

use protocol::characters::{Character, CharacterAnswer, CreateCharacter};
use protocol::ids::CrystalShardId;
use protocol::world::{CrystalShard, ServerStatus, ShardOwnership, WorldEvents, WorldState};
use protocol::{AccountId, CharacterId, ErrorCode, ErrorMessage, SessionId, admin};
use rules::Content;
use rules::content::Ability;
use rules::world_shard::Sighting;
use storage::requests::Keep;
use storage::world::EVENTS_MAX;
use tokio::sync::oneshot;

use crate::errors::storage_error;
use crate::host;
use crate::notify::notify;
use crate::outbox::LinkState;
use crate::session;
use crate::world::World;

/// How long a world shard may take to say who is in it.
const VIEW_TIMEOUT: Duration = Duration::from_secs(2);

impl World {
    /// An account's characters, in order of creation.
    ///
    /// # Errors
    /// `BUSY`, `STORAGE`.
    pub async fn characters(&self, account: AccountId) -> Result<Vec<Character>, ErrorMessage> {
        self.store().read(storage::characters::list(account)).await.map_err(|error| storage_error(&error))
    }

    /// Makes a character by the documented rules.
    ///
    /// # Errors
    /// `INVALID` naming the field, `NAME_TAKEN`, `TOO_MANY_CHARACTERS`, `BUSY`, `STORAGE`; `CONFLICT` when `keep` names
    /// a request that was served before.
    pub async fn create_character(
        &self,
        account: AccountId,
        request: &CreateCharacter,
        keep: Option<Keep<Character>>,
    ) -> Result<Character, ErrorMessage> {
        let mut dice = self.fresh_dice();
        let new = rules::characters::create(request, self.content(), &mut dice)?;
        let options = self.options();
        let most = if options.limits_enabled { options.session.characters_max } else { u32::MAX };
        let create = storage::characters::create(account, new, most, self.clock().now().wall_ms);
        self.store().write(create.keeping(keep)).await.map_err(|error| storage_error(&error))
    }

    /// Plays a character with a session, as `POST /api/characters/select` asks.
    ///
    /// # Errors
    /// `NOT_FOUND` when it is not the account's; `BUSY`, `STORAGE`.
    pub async fn select_character(
        &self,
        session: SessionId,
        character: CharacterId,
    ) -> Result<Character, ErrorMessage> {
        self.ask(session, |to| session::Mail::Select { character, to }).await?
    }

    /// Deletes a character; whoever plays it leaves the world. Answers with the documented sentence.
    ///
    /// # Errors
    /// `NOT_FOUND` when it is not the account's; `CONFLICT` while it is in a combat or a trade, and when `keep` names a
    /// request that was served before; `BUSY`, `STORAGE`.
    pub async fn delete_character(
        &self,
        account: AccountId,
        id: CharacterId,
        keep: Option<Keep<String>>,
    ) -> Result<String, ErrorMessage> {
        // A trade is nowhere on disk. One that begins from here on ends because its character is gone.
        let playing = self.directory().find(id);
        if playing.is_some_and(|playing| playing.account == account && playing.is_in_trade()) {
            let reason = "the character is in a trade: decline it first";
            return Err(ErrorMessage::new(ErrorCode::Conflict, reason));
        }
        let delete = storage::characters::delete(account, id, self.clock().now().wall_ms);
        let name =
            self.store().write(delete.keeping(keep)).await.map_err(|error| match storage_error(&error) {
                error if error.error_code == ErrorCode::NotFound => {
                    ErrorMessage::new(error.error_code, "Character not found").with("field", "character_id")
                }
                error => error,
            })?;
        // Whoever is just taking it is not in the directory yet, but runs, and hears this after it has it.
        let now_ms = self.clock().now().wall_ms;
        let sessions = self.store().read(storage::sessions::list(account, now_ms)).await.unwrap_or_default();
        let running = sessions.iter().filter_map(|row| self.sessions().running(&row.session_id));
        for door in running.chain(self.directory().find(id).map(|playing| playing.door)) {
            notify(&door, session::Mail::CharacterGone { character: id, epoch: i64::MAX, farewell: None });
        }
        Ok(character_deleted(&name))
    }

    /// How the world stands; `active_players` is at most a quarter of a second old.
    ///
    /// # Errors
    /// `BUSY`, `STORAGE`.
    pub async fn world_state(&self) -> Result<Arc<WorldState>, ErrorMessage> {
        let snapshots = self.snapshots();
        snapshots.state.get(snapshots.generation(), self.clock(), self.read_world_state()).await
    }

    async fn read_world_state(&self) -> Result<WorldState, ErrorMessage> {
        let world = self.store().read(storage::world::world());
        let counts = self.store().read(storage::world::faction_counts());
        let shards = self.store().read(storage::world::shards());
        let world = world.await.map_err(|error| storage_error(&error))?;
        let mut faction_shard_counts = counts.await.map_err(|error| storage_error(&error))?;
        let shards = shards.await.map_err(|error| storage_error(&error))?;
        let contested = shards.iter().filter(|row| row.status == "contested").map(|row| row.id);
        for faction in self.content().factions() {
            faction_shard_counts.entry(faction.name.clone()).or_insert(0);
        }
        let most = faction_shard_counts.values().max().copied().unwrap_or(0);
        let mut leaders = faction_shard_counts.iter().filter(|(_, count)| **count == most && most > 0);
        let dominant_faction = match (leaders.next(), leaders.next()) {
            (Some((faction, _)), None) => Some(faction.clone()),
            _ => None,
        };
        Ok(WorldState {
            current_reality: world.current_reality,
            reality_stability: world.reality_stability,
            faction_shard_counts,
            contested_shards: contested.collect(),
            dominant_faction,
            active_players: count(self.directory().len()),
            total_aetherfalls: world.total_aetherfalls,
        })
    }

    /// The crystal shards, in order of id.
    ///
    /// # Errors
    /// `BUSY`, `STORAGE`.
    pub async fn crystal_shards(&self) -> Result<Arc<Vec<CrystalShard>>, ErrorMessage> {
        let snapshots = self.snapshots();
        snapshots.shards.get(snapshots.generation(), self.clock(), self.read_shards()).await
    }

    async fn read_shards(&self) -> Result<Vec<CrystalShard>, ErrorMessage> {
        let rows =
            self.store().read(storage::world::shards()).await.map_err(|error| storage_error(&error))?;
        let shards = self.content().crystal_shards().iter().map(|shard| {
            let row = rows.iter().find(|row| row.id == shard.id);
            let owner = row.and_then(|row| row.owning_faction.as_deref());
            rules::realm::shard_message(shard, owner, row.map_or("unclaimed", |row| row.status.as_str()))
        });
        Ok(shards.collect())
    }

    /// Who held a crystal shard and when, the latest first.
    ///
    /// # Errors
    /// `NOT_FOUND`; `BUSY`, `STORAGE`.
    pub async fn shard_history(
        &self,
        shard: CrystalShardId,
        limit: u32,
    ) -> Result<Vec<ShardOwnership>, ErrorMessage> {
        if self.content().crystal_shard(shard).is_none() {
            let error = ErrorMessage::new(ErrorCode::NotFound, "there is no such crystal shard");
            return Err(error.with("field", "id"));
        }
        let history = self.store().read(storage::world::history(shard, limit)).await;
        history.map_err(|error| storage_error(&error))
    }

    /// Gives every crystal shard of the content its row.
    pub(crate) fn seed_shards(&self) {
        let shards = self.content().crystal_shards().iter().map(|shard| (shard.id, shard.name.clone()));
        let seeded = self.store().write(storage::world::seed(shards.collect()));
        actix_rt::spawn(async move {
            if let Err(error) = seeded.await {
                log::error!("the crystal shards could not be seeded: {error}");
            }
        });
    }

    /// What happened lately, newest first: so many at most, and [`EVENTS_MAX`].
    ///
    /// # Errors
    /// `BUSY`, `STORAGE`.
    pub async fn world_events(&self, limit: u32) -> Result<WorldEvents, ErrorMessage> {
        let snapshots = self.snapshots();
        let recent = async {
            let events = self.store().read(storage::world::recent(EVENTS_MAX)).await;
            events.map_err(|error| storage_error(&error))
        };
        let newest = snapshots.events.get(snapshots.generation(), self.clock(), recent).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        Ok(WorldEvents { events: newest.iter().take(limit).cloned().collect() })
    }

    /// The documented status, with real figures.
    pub fn status(&self) -> ServerStatus {
        let sessions = self.sessions().all_running();
        let linked = sessions
            .iter()
            .filter(|(_, _, outbox)| matches!(outbox.link_state(), LinkState::Linked { .. }))
            .count();
        ServerStatus {
            status: if self.is_draining() { "draining" } else { "online" }.to_owned(),
            version: protocol::VERSION.to_owned(),
            active_players: count(self.directory().len()),
            active_sessions: count(sessions.len()),
            websocket_connections: count(linked),
            uptime: uptime(self.clock().mono_ms() / 1000),
        }
    }

    /// Every entity that has an address.
    pub fn mesh_view(&self) -> admin::Mesh {
        let now_ms = self.clock().mono_ms();
        let mut entities = self.shards().view(now_ms);
        entities.extend(self.rooms().view(now_ms));
        entities.extend(self.trades().view(now_ms));
        entities.extend(self.parties().view(now_ms));
        entities.extend(self.realms().view(now_ms));
        entities.extend(self.combats().view(now_ms));
        entities.extend(self.sessions().view(now_ms));
        admin::Mesh { entities }
    }

    /// Every location with who is in it. A shard that does not answer in time shows nobody.
    pub async fn world_view(&self) -> admin::World {
        let mut sightings: Vec<Sighting> = Vec::new();
        for (_, door, ()) in self.shards().all_running() {
            let (to, view) = oneshot::channel();
            if door.post(host::Mail::View(to)).is_ok()
                && let Ok(Ok(seen)) = tokio::time::timeout(VIEW_TIMEOUT, view).await
            {
                sightings.extend(seen);
            }
        }
        let locations = self.content().locations().iter().map(|location| admin::LocationView {
            location_id: location.id,
            name: location.name.clone(),
            world_shard: location.world_shard.clone(),
            danger: i64::from(location.danger),
            capacity: location.capacity,
            characters: sightings
                .iter()
                .filter(|seen| seen.location == location.id)
                .map(|seen| admin::OccupantView {
                    character_id: seen.member.id,
                    character_name: seen.member.name.clone(),
                    faction: seen.member.faction.clone(),
                    level: seen.member.level,
                    x: seen.position.x,
                    y: seen.position.y,
                })
                .collect(),
        });
        admin::World { locations: locations.collect() }
    }
}

/// What is told of a character that was created or selected.
pub fn character_answer(character: Character, content: &Content) -> CharacterAnswer {
    let abilities = content.abilities_of(&character.class).map(Ability::told).collect();
    CharacterAnswer { success: true, character, abilities }
}

/// As the documents have it.
pub fn character_deleted(name: &str) -> String {
    format!("Character {name} deleted")
}

fn count(many: usize) -> u32 {
    u32::try_from(many).unwrap_or(u32::MAX)
}

fn uptime(secs: u64) -> String {
    let (days, hours, minutes) = (secs / 86_400, secs / 3_600 % 24, secs / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{secs}s"),
        (0, 0, _) => format!("{minutes}m {}s", secs % 60),
        (0, _, _) => format!("{hours}h {minutes}m {}s", secs % 60),
        _ => format!("{days}d {hours}h {minutes}m"),
    }
}
