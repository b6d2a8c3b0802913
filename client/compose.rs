//! Messages, ready to send with [`Client::request`](crate::Client::request) or [`Client::tell`](crate::Client::tell).

use protocol::characters::{CreateCharacter, StatMethod, WhichCharacter};
use protocol::chat::{Channel, Content, Say, SayIn, Whisper};
use protocol::combat::{Act, ActionType, StartCombat};
use protocol::movement::{Move, Position};
use protocol::session::{Bare, Leave};
use protocol::text::WrongLength;
use protocol::{CharacterId, ClientMessage, LocationId, Text};

/// A line for everybody in `channel`.
///
/// # Errors
/// [`WrongLength`] unless it has 1 to 500 characters.
pub fn chat(channel: Channel, content: impl Into<String>) -> Result<ClientMessage, WrongLength> {
    Ok(ClientMessage::Chat(Say { channel, content: Content::new(content)?, recipient_id: None }))
}

/// A line for one's faction.
///
/// # Errors
/// [`WrongLength`] unless it has 1 to 500 characters.
pub fn faction_chat(content: impl Into<String>) -> Result<ClientMessage, WrongLength> {
    Ok(ClientMessage::FactionChat(SayIn { content: Content::new(content)? }))
}

/// A line for one's party.
///
/// # Errors
/// [`WrongLength`] unless it has 1 to 500 characters.
pub fn party_chat(content: impl Into<String>) -> Result<ClientMessage, WrongLength> {
    Ok(ClientMessage::PartyChat(SayIn { content: Content::new(content)? }))
}

/// A line for one other character.
///
/// # Errors
/// [`WrongLength`] unless the name has 1 to 50 and the line 1 to 500 characters.
pub fn whisper(to: impl Into<Recipient>, content: impl Into<String>) -> Result<ClientMessage, WrongLength> {
    let content = Content::new(content)?;
    let (recipient_id, recipient_name) = match to.into() {
        Recipient::Id(id) => (Some(id), None),
        Recipient::Name(name) => (None, Some(Text::new(name)?)),
    };
    Ok(ClientMessage::Whisper(Whisper { recipient_id, recipient_name, content }))
}

/// To a neighbouring location. The server knows where one comes from; `from` is sent as documented.
pub fn travel(to: LocationId, from: Option<LocationId>) -> ClientMessage {
    ClientMessage::Move(Move { from_location_id: from, to_location_id: to, position: None, velocity: None })
}

/// To a point of the same location.
pub fn walk(position: Position, velocity: Option<Position>) -> ClientMessage {
    ClientMessage::Move(Move {
        from_location_id: None,
        to_location_id: LocationId::SAME,
        position: Some(position),
        velocity,
    })
}

/// A new character, its stats by 4d6, the lowest dropped.
///
/// # Errors
/// [`WrongLength`] unless the name has 3 to 50 characters and the rest 1 to 50.
pub fn new_character(
    name: impl Into<String>,
    race: impl Into<String>,
    class: impl Into<String>,
    faction: impl Into<String>,
) -> Result<CreateCharacter, WrongLength> {
    Ok(CreateCharacter {
        name: Text::new(name)?,
        race: Text::new(race)?,
        class: Text::new(class)?,
        faction: Text::new(faction)?,
        method: Some(StatMethod::FourDropLowest),
        stats: None,
    })
}

/// One of one's own characters, to play.
pub fn select_character(character_id: CharacterId) -> ClientMessage {
    ClientMessage::CharacterSelect(WhichCharacter { character_id })
}

/// Against an enemy of the location: of this kind, or whichever comes first.
///
/// # Errors
/// [`WrongLength`] unless the kind has 1 to 50 characters.
pub fn fight(enemy: Option<&str>) -> Result<ClientMessage, WrongLength> {
    let enemy = enemy.map(Text::new).transpose()?;
    Ok(ClientMessage::CombatStart(StartCombat { target_id: None, enemy }))
}

/// Against another character of the location.
pub fn challenge(whom: CharacterId) -> ClientMessage {
    ClientMessage::CombatStart(StartCombat { target_id: Some(whom), enemy: None })
}

/// An action in a combat, without target, ability or item; set those on the result.
///
/// # Errors
/// [`WrongLength`] unless `combat_id` has 1 to 64 characters.
pub fn combat_action(combat_id: impl Into<String>, action_type: ActionType) -> Result<Act, WrongLength> {
    let combat_id = Text::new(combat_id)?;
    Ok(Act { combat_id, action_type, target_id: None, ability_name: None, item_id: None, item_kind: None })
}

/// "Are you there?"
pub fn ping() -> ClientMessage {
    ClientMessage::Ping(Bare {})
}

/// "I am leaving."
pub fn leave() -> ClientMessage {
    ClientMessage::Disconnect(Leave::default())
}

/// Whom a whisper is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    Id(CharacterId),
    Name(String),
}

impl From<CharacterId> for Recipient {
    fn from(id: CharacterId) -> Self {
        Self::Id(id)
    }
}

impl From<&str> for Recipient {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for Recipient {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}
