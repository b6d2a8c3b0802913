//! Everything a player can do, one function a command.

use protocol::characters::{Character, CharacterDeleted, CharacterUpdate, CreateCharacter, WhichCharacter};
use protocol::chat::{Announce, Channel, Chat};
use protocol::combat::{Act, CombatAction, CombatStart};
use protocol::ground::GroundItem;
use protocol::ids::CrystalShardId;
use protocol::messages::Vocabulary;
use protocol::movement::{LocationUpdate, Position};
use protocol::session::{Bare, Pong};
use protocol::world::{CrystalShard, ShardOwnership, WorldEvent, WorldState};
use protocol::{CharacterId, ClientMessage, LocationId, ServerMessage, Text};

use crate::compose::{self, Recipient};
use crate::{Client, ClientError, NearbyPlayer};

/// Waits for the answer to `$message` and takes it apart.
macro_rules! ask {
    ($client:expr, $message:expr, $($answer:pat => $take:expr),+) => {{
        let message = $message;
        let command = $crate::commands::name_of(&message);
        match $client.request(message).await? {
            $($answer => Ok($take),)+
            other => Err($crate::ClientError::Unexpected { command, found: $crate::commands::found_name(&other) }),
        }
    }};
}
pub(crate) use ask;

/// The wire name of a command.
pub(crate) fn name_of(message: &ClientMessage) -> &'static str {
    message.name()
}

/// The wire name of an answer.
pub(crate) fn found_name(message: &ServerMessage) -> &'static str {
    message.name()
}

/// Every command fails with what the server refused, or with what [`Client::request`] fails with.
#[allow(clippy::missing_errors_doc)]
impl Client {
    /// One's own characters.
    pub async fn characters(&self) -> Result<Vec<Character>, ClientError> {
        ask!(self, ClientMessage::CharacterList(Bare {}), ServerMessage::CharacterList(list) => list.characters)
    }

    /// Makes a character, its stats by dice. `NAME_TAKEN`, `TOO_MANY_CHARACTERS`, or `INVALID` with
    /// `details.field`.
    pub async fn create_character(
        &self,
        name: &str,
        race: &str,
        class: &str,
        faction: &str,
    ) -> Result<Character, ClientError> {
        self.create_character_as(compose::new_character(name, race, class, faction)?).await
    }

    /// Makes a character with a choice of how its stats come about.
    pub async fn create_character_as(&self, new: CreateCharacter) -> Result<Character, ClientError> {
        ask!(self, ClientMessage::CharacterCreate(new), ServerMessage::CharacterCreate(made) => made.character)
    }

    /// Enters the world with a character. Reconnecting takes it up again.
    pub async fn select_character(&self, id: CharacterId) -> Result<Character, ClientError> {
        ask!(self, compose::select_character(id), ServerMessage::CharacterSelect(taken) => taken.character)
    }

    /// How one's own character stands now: health, level, where it is.
    pub async fn own_state(&self) -> Result<CharacterUpdate, ClientError> {
        ask!(self, ClientMessage::CharacterUpdate(Bare {}), ServerMessage::CharacterUpdate(state) => state)
    }

    pub async fn delete_character(&self, id: CharacterId) -> Result<CharacterDeleted, ClientError> {
        let which = WhichCharacter { character_id: id };
        ask!(self, ClientMessage::CharacterDelete(which), ServerMessage::CharacterDelete(gone) => gone)
    }

    /// Says something to everybody. The answer is one's own line, with its place in the order of all.
    pub async fn send_chat(&self, content: impl Into<String>) -> Result<Chat, ClientError> {
        ask!(self, compose::chat(Channel::Global, content)?, ServerMessage::Chat(line) => line)
    }

    /// Says something to everybody in the same location.
    pub async fn say(&self, content: impl Into<String>) -> Result<Chat, ClientError> {
        ask!(self, compose::chat(Channel::Say, content)?, ServerMessage::Chat(line) => line)
    }

    /// Says something to one's faction.
    pub async fn faction_chat(&self, content: impl Into<String>) -> Result<Chat, ClientError> {
        let message = compose::faction_chat(content)?;
        ask!(self, message, ServerMessage::FactionChat(line) | ServerMessage::Chat(line) => line)
    }

    /// Says something to one's party.
    pub async fn party_chat(&self, content: impl Into<String>) -> Result<Chat, ClientError> {
        let message = compose::party_chat(content)?;
        ask!(self, message, ServerMessage::PartyChat(line) | ServerMessage::Chat(line) => line)
    }

    /// Says something to one other character, by id or by name. `NOT_ONLINE` when nobody heard it.
    pub async fn whisper(
        &self,
        to: impl Into<Recipient>,
        content: impl Into<String>,
    ) -> Result<Chat, ClientError> {
        let message = compose::whisper(to, content)?;
        ask!(self, message, ServerMessage::Whisper(line) | ServerMessage::Chat(line) => line)
    }

    /// Says something to the whole server. `FORBIDDEN` for all but admins.
    pub async fn announce(&self, content: &str) -> Result<(), ClientError> {
        let announce = Announce { content: Text::new(content)? };
        ask!(self, ClientMessage::WorldAnnouncement(announce), ServerMessage::Ok(_) => ())
    }

    /// Goes to a neighbouring location. `AREA_FULL`, or `MOVE_REJECTED` when no way leads there.
    pub async fn send_move(
        &self,
        to: LocationId,
        from: Option<LocationId>,
    ) -> Result<LocationUpdate, ClientError> {
        ask!(self, compose::travel(to, from), ServerMessage::LocationUpdate(update) => update)
    }

    /// Tells where one is within the location, in metres and metres a second. Not answered: a refusal comes as
    /// `error` with `MOVE_REJECTED`, followed by one's own `character_update` with the true position.
    pub async fn send_position_update(
        &self,
        position: Position,
        velocity: Option<Position>,
    ) -> Result<(), ClientError> {
        self.tell(compose::walk(position, velocity)).await
    }

    /// Fights an enemy of the location: of this kind, `guardian` for that of its crystal shard, or whichever comes first.
    /// `FORBIDDEN` where nobody fights, `INVALID` for an enemy that is not met there.
    pub async fn fight(&self, enemy: Option<&str>) -> Result<CombatStart, ClientError> {
        ask!(self, compose::fight(enemy)?, ServerMessage::CombatStart(start) => start)
    }

    /// Fights another character of the location. `NOT_ONLINE` when they are not there, `CONFLICT` when they are busy.
    /// `None`: they have challenged this one in the same moment; it begins with the `combat_start` that follows.
    pub async fn challenge(&self, whom: CharacterId) -> Result<Option<CombatStart>, ClientError> {
        ask!(
            self,
            compose::challenge(whom),
            ServerMessage::CombatStart(start) => Some(start),
            ServerMessage::Ok(_) => None
        )
    }

    /// Acts in a combat, when it is one's turn: `NOT_YOUR_TURN` before. The answer is the action as everybody sees it;
    /// what came of it follows as [`crate::hear`] has it, and last how the combat stands.
    pub async fn send_combat_action(&self, act: Act) -> Result<CombatAction, ClientError> {
        ask!(self, ClientMessage::CombatAction(act), ServerMessage::CombatAction(action) => action)
    }

    /// Asks how one's quests stand: each comes as a `quest_update`.
    pub async fn ask_quests(&self) -> Result<(), ClientError> {
        ask!(self, ClientMessage::QuestUpdate(Bare {}), ServerMessage::Ok(_) => ())
    }

    /// Who held a crystal shard and when, the latest first, over REST.
    pub async fn get_shard_history(&self, shard: CrystalShardId) -> Result<Vec<ShardOwnership>, ClientError> {
        self.rest().shard_history(shard).await
    }

    /// The server's clock, Unix seconds.
    pub async fn ping(&self) -> Result<f64, ClientError> {
        ask!(self, compose::ping(), ServerMessage::Pong(Pong { server_time }) => server_time)
    }

    /// Who was last told of, in one location or in all; by name.
    pub fn get_nearby_players(&self, location: Option<LocationId>) -> Vec<NearbyPlayer> {
        self.shared.nearby().list(location)
    }

    /// Where one's character is, once the server has said so.
    pub fn location(&self) -> Option<LocationId> {
        self.shared.nearby().here()
    }

    /// What lies on the ground of the location one is in, as far as was told; the oldest first.
    pub fn ground(&self) -> Vec<GroundItem> {
        self.shared.nearby().ground()
    }

    /// The state of the world, over REST.
    pub async fn get_world_state(&self) -> Result<WorldState, ClientError> {
        self.rest().world_state().await
    }

    /// The twelve crystal shards, over REST.
    pub async fn get_shards(&self) -> Result<Vec<CrystalShard>, ClientError> {
        self.rest().shards().await
    }

    /// What happened lately, newest first, over REST.
    pub async fn get_events(&self, limit: u32) -> Result<Vec<WorldEvent>, ClientError> {
        self.rest().events(limit).await
    }

    /// Ends the session: its token is of no more use.
    pub async fn logout(&self) -> Result<(), ClientError> {
        self.rest().logout().await?;
        self.disconnect().await;
        Ok(())
    }
}
