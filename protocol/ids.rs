//! Who and what a message speaks of. Integers on the wire, distinct types in the code.

use std::fmt;

use serde::de::{Error, Unexpected};
use serde::{Deserialize, Deserializer, Serialize};

/// The largest integer that every JSON reader keeps exact: 2^53 - 1.
pub const INTEGER_MAX: i64 = (1 << 53) - 1;

pub(crate) const EXACT: &str = "an integer that JSON keeps exact (within 2^53 - 1)";

macro_rules! integer_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[serde(transparent)]
        pub struct $name(pub i64);

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                let id = i64::deserialize(from)?;
                if !(-INTEGER_MAX..=INTEGER_MAX).contains(&id) {
                    return Err(D::Error::invalid_value(
                        Unexpected::Signed(id),
                        &EXACT,
                    ));
                }
                Ok(Self(id))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
                self.0.fmt(out)
            }
        }
    };
}

integer_id!(
    /// A person: what `player_id` names on the wire.
    AccountId
);
integer_id!(
    /// What a person plays, and who somebody is in every message of the world.
    CharacterId
);
integer_id!(
    /// A named area of the world. `0` in a `move` means "the same location".
    LocationId
);
integer_id!(
    /// One of the twelve crystal shards that factions capture.
    CrystalShardId
);
integer_id!(
    /// The serial of one item: no two in the world share it.
    ItemId
);
integer_id!(
    /// Something that lies on the ground: as long as it lies there.
    GroundId
);
integer_id!(
    /// A group of up to six characters.
    PartyId
);

/// Reads a count that must be exact, for `deserialize_with`.
pub(crate) fn exact<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let count = u64::deserialize(from)?;
    if count > INTEGER_MAX.unsigned_abs() {
        return Err(D::Error::invalid_value(Unexpected::Unsigned(count), &EXACT));
    }
    Ok(count)
}

/// The same where the count may be absent or null.
pub(crate) fn exact_if_any<'de, D: Deserializer<'de>>(from: D) -> Result<Option<u64>, D::Error> {
    struct Exact(u64);
    impl<'de> Deserialize<'de> for Exact {
        fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
            exact(from).map(Self)
        }
    }
    Ok(Option::<Exact>::deserialize(from)?.map(|count| count.0))
}

impl LocationId {
    /// What a `move` names when only the position changes.
    pub const SAME: Self = Self(0);
}

/// One signed-in presence. Public: it names a session, it does not open it (the token does).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct SessionId(#[cfg_attr(feature = "schema", schemars(with = "String"))] pub uuid::Uuid);

impl fmt::Display for SessionId {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(out)
    }
}

/// One combat. Public, as a session's id is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct CombatId(#[cfg_attr(feature = "schema", schemars(with = "String"))] pub uuid::Uuid);

impl fmt::Display for CombatId {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        self.0.fmt(out)
    }
}
