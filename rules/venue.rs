//! What every venue (room, world shard, party, combat, trade) is to the actor that hosts it.

use std::sync::Arc;

use protocol::area::AreaUpdate;
use protocol::chat::Channel;
use protocol::ids::{CombatId, CrystalShardId, PartyId};
use protocol::inventory::SomeOf;
use protocol::movement::Position;
use protocol::party::PartyInvite;
use protocol::{CharacterId, ErrorCode, LocationId, ServerMessage};
use rand_pcg::Pcg64Mcg;

use crate::Refusal;
use crate::combat::Aftermath;
use crate::grid::Cell;
use crate::ground::Heap;
use crate::party::PartySave;
use crate::realm::RealmCommand;
use crate::sheet::{Engagement, Settlement, Spot};

/// The dice a rule is handed: seeded, so that a host's inputs replay bit for bit.
pub type Dice = Pcg64Mcg;

/// What a rule may know of time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Now {
    /// Wall clock, Unix milliseconds: for people and for the database.
    pub wall_ms: i64,
    /// Never jumps: for budgets and timeouts.
    pub mono_ms: u64,
}

/// Everything a rule gets from outside, and everything it wants.
#[derive(Debug)]
pub struct Moment<'a> {
    pub now: Now,
    pub dice: &'a mut Dice,
    pub effects: Vec<Effect>,
}

/// What a rule wants to happen. Event effects (`Answer`, `Tell`) leave in input order, behind the commit
/// of what their input saves; `Show` and `View` do not wait.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// The documented reply to whoever sent the command; without one it is answered with `ok`.
    Answer(ServerMessage),
    /// An event, to these.
    Tell(Audience, ServerMessage),
    /// How `about` stands now, to these: replaces what they have not got yet of the same.
    Show { to: Vec<CharacterId>, about: CharacterId, message: ServerMessage },
    /// What one sees around from `at`, to these. `full` replaces all they knew; without it, it goes on from what they knew.
    View { to: Vec<CharacterId>, at: Vantage, full: bool, updates: Vec<AreaUpdate> },
    /// A fact for the disk. All that one input saves is one transaction.
    Save(Save),
    /// News for the session of a member, in order with the events.
    Inform(CharacterId, News),
    /// The command goes back, unanswered, to the session it came from, which goes on with it.
    HandBack(Found),
    /// For the realm, as from whoever runs the server, in order with the events. It is lost with the process: the disk
    /// knows as much.
    Errand(RealmCommand),
}

/// What a venue found out for a session that has to know it before it can do what it was asked.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// This character is near.
    Near(CharacterId),
    /// The character stands here, to lay this down.
    Standing { what: SomeOf, spot: Spot },
    /// This lies near, to be picked up.
    Reached(Heap),
}

/// How a member looks at the world: as its connection asked for, and as far as that keeps up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looking {
    /// Of each of the nearest, how it stands now.
    AtEach,
    /// Of all around, what changed since what it `knows`; everything, if it knows nothing of where it stands.
    Around { knows: Option<Vantage> },
}

/// From where one looks around.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vantage {
    pub location: LocationId,
    pub cell: Cell,
}

/// Who looks at the world at a tick.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Lookers {
    /// In order of id; who does not look has no connection, or one that can't take more now.
    pub each: Vec<(CharacterId, Looking)>,
    /// The share of its pace that the world keeps.
    pub dilation: f64,
}

/// What a member's session has to know to keep its own books.
#[derive(Debug, Clone, PartialEq)]
pub enum News {
    /// The character is in this location now.
    Placed(LocationId),
    /// What the venue did with the sheet is on disk. `done`: it has no say over the sheet any more.
    Settled { by: Engagement, settlement: Arc<Settlement>, done: bool },
    /// An accept of a trade stands no more, nor does any that the session sent before it.
    Thawed { by: Engagement, number: u64 },
    /// The venue has no say over the sheet any more, and has not changed it since it said so last.
    Released { by: Engagement },
    /// An enemy of this kind lies in wait for the character, here.
    Ambushed { location: LocationId, enemy: String },
    /// The character is in this combat, which has begun: its player is told how it goes.
    Fighting(CombatId),
    /// The character is in this party, with these: said when it comes in, and whenever somebody else comes or goes.
    InParty { party: PartyId, members: Arc<[CharacterId]> },
    /// The character is not in this party any more.
    OutOfParty(PartyId),
    /// The character's invitation is open: whoever is invited has to be told.
    Invited(Box<PartyInvite>),
    /// The combat is over for the character: its aftermath is on disk.
    Fought(CombatId),
    /// The crystal shard that was won in this combat is taken, or can't be any more.
    Claimed(CombatId),
}

/// Who is told.
#[derive(Debug, Clone, PartialEq)]
pub enum Audience {
    Everyone,
    Except(CharacterId),
    These(Vec<CharacterId>),
}

/// A fact that a venue wants on disk.
#[derive(Debug, Clone, PartialEq)]
pub enum Save {
    Chat(ChatLine),
    /// Somebody came to a location.
    Whereabouts(Whereabouts),
    /// Somebody is elsewhere in the same location: says nothing any more once he has gone on to another.
    Step(Whereabouts),
    Event(NewEvent),
    /// Property changes hands. Refused by the store when the epoch or the version of a party is no longer its
    /// character's; then nothing of the input is saved.
    Settlement(Arc<Settlement>),
    Combat(Box<CombatSave>),
    Realm(Box<RealmSave>),
    Party(Box<PartySave>),
}

impl Save {
    /// Whether a power cut may take it along although it was told: how a combat stands is like a step on the way, and
    /// what it takes from sheets or gives to them is not in it.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Combat(save) => save.joined.is_empty() && save.released.is_empty(),
            _ => false,
        }
    }

    /// Whether everybody sees of it how the world stands.
    pub fn shows_to_all(&self) -> bool {
        match self {
            Self::Event(_) | Self::Realm(_) => true,
            // A fight for a crystal shard begins or ends.
            Self::Combat(save) => save.shard.is_some() && (save.state.is_none() || !save.joined.is_empty()),
            _ => false,
        }
    }

    /// Whether whoever is told of it counts on it, even if only time has brought it about.
    pub fn is_lasting(&self) -> bool {
        match self {
            Self::Chat(_) | Self::Whereabouts(_) | Self::Step(_) => false,
            Self::Event(_) | Self::Settlement(_) | Self::Realm(_) | Self::Party(_) => true,
            Self::Combat(_) => !self.is_passing(),
        }
    }
}

/// How the realm stands, and which crystal shards changed hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RealmSave {
    pub reality: String,
    /// 0 to 100.
    pub stability: i32,
    pub aetherfalls: u32,
    /// In the order in which they happened.
    pub changes: Vec<ShardChange>,
    /// Which nobody can take from now on, or can again.
    pub seals: Vec<(CrystalShardId, bool)>,
}

/// A crystal shard changes hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardChange {
    pub shard: CrystalShardId,
    /// Whose it is now, if anybody's.
    pub faction: Option<String>,
    /// Whose it was.
    pub previous: Option<String>,
    /// Who took it.
    pub by: Option<CharacterId>,
    /// The combat in which its guardian was defeated.
    pub combat: Option<CombatId>,
    /// How often it has changed hands or was sealed by now.
    pub epoch: i64,
}

/// How a combat stands, and whom it took or let go.
#[derive(Debug, Clone, PartialEq)]
pub struct CombatSave {
    pub combat_id: CombatId,
    /// As [`Combat::restore`](crate::combat::Combat::restore) takes it; absent: it is over.
    pub state: Option<String>,
    /// The crystal shard whose guardian is fought.
    pub shard: Option<CrystalShardId>,
    /// Who fights from now on, with the epoch that must still be the character's.
    pub joined: Vec<(CharacterId, i64)>,
    /// What is kept for their sheets until it is put into effect.
    pub released: Vec<Aftermath>,
}

/// Something worth remembering in the world's history.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    /// `announcement`, `shard_capture`, `reality_shift`, `aetherfall` or `faction_war`.
    pub event_type: &'static str,
    pub title: String,
    pub description: String,
    pub faction: Option<String>,
    pub at_ms: i64,
}

/// One line of a room, as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ChatLine {
    pub room: RoomKey,
    pub chat_id: u64,
    pub sender_id: CharacterId,
    pub sender_name: String,
    pub content: String,
    pub said_at_ms: i64,
}

/// Where a character is. Refused by the store when `epoch` is no longer the character's.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Whereabouts {
    pub character_id: CharacterId,
    pub epoch: i64,
    pub location_id: LocationId,
    pub position: Position,
}

/// Which chat room: one actor each.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RoomKey {
    Global,
    Faction(String),
    Say(LocationId),
    /// Only names the lines: a party is a venue of its own.
    Party(PartyId),
}

impl RoomKey {
    /// The channel its lines are of.
    pub fn channel(&self) -> Channel {
        match self {
            Self::Global => Channel::Global,
            Self::Faction(_) => Channel::Faction,
            Self::Say(_) => Channel::Say,
            Self::Party(_) => Channel::Party,
        }
    }
}

impl std::fmt::Display for RoomKey {
    fn fmt(&self, out: &mut std::fmt::Formatter) -> std::fmt::Result {
        match self {
            Self::Global => out.write_str("global"),
            Self::Faction(faction) => write!(out, "faction:{faction}"),
            Self::Say(location) => write!(out, "say:{location}"),
            Self::Party(party) => write!(out, "party:{party}"),
        }
    }
}

/// A character in a venue, as far as a venue needs to know it.
#[derive(Debug, Clone, PartialEq)]
pub struct Member {
    pub id: CharacterId,
    pub name: String,
    pub faction: String,
    pub level: i32,
    /// Named by every write about this character, so that a stale owner can't write.
    pub epoch: i64,
}

/// A deterministic state machine; one generic actor hosts them all.
pub trait Venue: Sized {
    /// What somebody brings along who enters.
    type Entry;
    /// What a member can ask of it.
    type Command;
    /// What a member leaves behind who goes; the default is for one who dropped out.
    type Exit: Default;

    /// Somebody wants in, or comes again with a newer epoch.
    ///
    /// # Errors
    /// A refusal changes nothing.
    fn enter(&mut self, who: &Member, entry: Self::Entry, moment: &mut Moment) -> Result<(), Refusal>;

    /// A member's command.
    ///
    /// # Errors
    /// A refusal changes nothing; what it tells beside the error (the true position) still leaves.
    fn apply(&mut self, who: &Member, command: Self::Command, moment: &mut Moment) -> Result<(), Refusal>;

    /// A command of whoever runs the server, who is in no venue.
    ///
    /// # Errors
    /// A refusal changes nothing.
    fn ordain(&mut self, _command: Self::Command, _moment: &mut Moment) -> Result<(), Refusal> {
        Err(Refusal::new(ErrorCode::Forbidden, "nobody commands this from outside"))
    }

    /// A member is gone.
    fn leave(&mut self, who: &Member, exit: Self::Exit, moment: &mut Moment);

    /// A fixed step of time, for venues that have one.
    fn tick(&mut self, _lookers: &Lookers, _moment: &mut Moment) {}
}

impl<'a> Moment<'a> {
    pub fn new(now: Now, dice: &'a mut Dice) -> Self {
        Self { now, dice, effects: Vec::new() }
    }

    /// The documented reply to whoever sent the command.
    pub fn answer(&mut self, message: ServerMessage) {
        self.effects.push(Effect::Answer(message));
    }

    pub fn tell(&mut self, audience: Audience, message: ServerMessage) {
        self.effects.push(Effect::Tell(audience, message));
    }

    pub fn save(&mut self, save: Save) {
        self.effects.push(Effect::Save(save));
    }
}
