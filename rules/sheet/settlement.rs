//! Changes of sheets as values: what goes from whom to whom, and what becomes of those who take part.

use protocol::characters::{Resources, Stats};
use protocol::ids::{GroundId, ItemId};
use protocol::movement::Position;
use protocol::{CharacterId, LocationId};

use crate::content::Slot;

/// Everything that one happening changes of one sheet or several: one transaction, wholly or not at all.
#[derive(Debug, Clone, PartialEq)]
pub struct Settlement {
    /// A word for the ledger, for example "trade".
    pub reason: &'static str,
    /// Names what may happen only once, for example a trade by its id: the store refuses a second one.
    pub cause: Option<String>,
    /// Everybody whose sheet it changes.
    pub parties: Vec<Party>,
    pub movements: Vec<Movement>,
    /// What takes the world's part in its one movement, if something does.
    pub ground: Option<Ground>,
}

/// One sheet that takes part. The store refuses the settlement when epoch or version are not the sheet's any more.
#[derive(Debug, Clone, PartialEq)]
pub struct Party {
    pub character_id: CharacterId,
    pub epoch: i64,
    pub version: i64,
    /// Absent: as it was.
    pub growth: Option<Growth>,
    /// Items that are put on or taken off.
    pub wear: Vec<(ItemId, Option<Slot>)>,
}

/// What a character is afterwards, apart from what it owns.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Growth {
    pub stats: Stats,
    pub resources: Resources,
    pub level: i32,
    pub experience: i64,
}

/// Property that changes hands. `None` is the world: what is made comes from it, what is used up goes to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Movement {
    pub from: Option<CharacterId>,
    pub to: Option<CharacterId>,
    pub asset: Asset,
}

/// The ground, as it takes part in a settlement.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Ground {
    /// What is given lies here afterwards, until then. The store refuses it when as many lie there already, or of the
    /// giver's account anywhere.
    Lay { spot: Spot, until_ms: i64, most: u32, most_each: u32 },
    /// What is taken lay there as this. The store refuses it when that is gone.
    Lift(GroundId),
}

/// A point in the world.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spot {
    pub location: LocationId,
    pub position: Position,
}

/// What can change hands.
#[derive(Debug, Clone, PartialEq)]
pub enum Asset {
    Souls(i64),
    Stack {
        kind: String,
        quantity: i64,
    },
    Item {
        id: ItemId,
        kind: String,
    },
    /// One that is not there yet: the store gives it a serial.
    NewItem {
        kind: String,
    },
}

impl Settlement {
    pub fn new(reason: &'static str, parties: Vec<Party>) -> Self {
        Self { reason, cause: None, parties, movements: Vec::new(), ground: None }
    }

    /// That what happens only once.
    #[must_use]
    pub fn caused_by(mut self, cause: String) -> Self {
        self.cause = Some(cause);
        self
    }

    /// Adds a movement.
    #[must_use]
    pub fn moving(mut self, from: Option<CharacterId>, to: Option<CharacterId>, asset: Asset) -> Self {
        self.movements.push(Movement { from, to, asset });
        self
    }

    /// That what is given to nobody, or comes from nobody, lies on the ground.
    #[must_use]
    pub fn on_ground(mut self, ground: Ground) -> Self {
        self.ground = Some(ground);
        self
    }

    pub fn party(&self, who: CharacterId) -> Option<&Party> {
        self.parties.iter().find(|party| party.character_id == who)
    }

    /// The kinds of the items that are made for somebody, in the order in which the store gives them serials.
    pub fn made_for(&self, who: CharacterId) -> impl Iterator<Item = &str> {
        self.movements.iter().filter(move |movement| movement.to == Some(who)).filter_map(|movement| {
            match &movement.asset {
                Asset::NewItem { kind } => Some(kind.as_str()),
                _ => None,
            }
        })
    }
}
