//! Every way the server says no. Codes are stable: programs match on them, people read the message.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

macro_rules! error_codes {
    ($($(#[doc = $meaning:literal])* $variant:ident = $wire:literal, $status:literal;)*) => {
        /// Why something was refused. Listed once, here; the wire name is stable.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub enum ErrorCode {
            $($(#[doc = $meaning])* #[serde(rename = $wire)] $variant,)*
        }

        impl ErrorCode {
            /// Every code, in the order of the reference.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $wire),* }
            }

            /// The HTTP status that says the same over REST.
            pub fn http_status(self) -> u16 {
                match self { $(Self::$variant => $status),* }
            }

            /// When it is used, for the reference.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$variant => concat!($($meaning),*).trim_ascii()),* }
            }
        }
    };
}

error_codes! {
    /// The message could not be read: not JSON, a wrong type, a missing field.
    ProtocolError = "PROTOCOL_ERROR", 400;
    /// A value is of the right type but not acceptable; `details.field` names it.
    Invalid = "INVALID", 400;
    /// The message or route needs a signed-in session.
    Unauthorized = "UNAUTHORIZED", 401;
    /// Unknown user name or wrong password; which of the two is not said.
    BadCredentials = "BAD_CREDENTIALS", 401;
    /// Signed in, but not allowed: another role, another owner, another origin.
    Forbidden = "FORBIDDEN", 403;
    /// There is no such thing, or it is none of yours.
    NotFound = "NOT_FOUND", 404;
    /// The route exists, the method does not.
    MethodNotAllowed = "METHOD_NOT_ALLOWED", 405;
    /// The route speaks WebSocket, version 13, and nothing else.
    UpgradeRequired = "UPGRADE_REQUIRED", 426;
    /// The name is taken by somebody else.
    NameTaken = "NAME_TAKEN", 409;
    /// Something of that kind exists already, or the state does not allow it now.
    Conflict = "CONFLICT", 409;
    /// The body or message is larger than its limit.
    TooLarge = "TOO_LARGE", 413;
    /// The body did not arrive in time.
    Timeout = "TIMEOUT", 408;
    /// The command needs a selected character.
    NoCharacter = "NO_CHARACTER", 409;
    /// The account has as many characters as it may have.
    TooManyCharacters = "TOO_MANY_CHARACTERS", 409;
    /// There is less of it than that: souls, things that are counted, or what an action costs.
    NotEnough = "NOT_ENOUGH", 409;
    /// It is part of something that is under way, a trade or a combat, and can't be used otherwise meanwhile.
    Locked = "LOCKED", 409;
    /// There is no room for more things.
    InventoryFull = "INVENTORY_FULL", 409;
    /// As much lies on the ground there as there may, or of one account anywhere.
    GroundFull = "GROUND_FULL", 409;
    /// Whoever or whatever it is about is not near enough.
    TooFar = "TOO_FAR", 409;
    /// Somebody else acts first.
    NotYourTurn = "NOT_YOUR_TURN", 409;
    /// The ability can't be used again yet; `details.rounds` says for how many of one's turns.
    OnCooldown = "ON_COOLDOWN", 409;
    /// The location is full.
    AreaFull = "AREA_FULL", 409;
    /// The position or the way is not possible; one's own `character_update` follows.
    MoveRejected = "MOVE_REJECTED", 409;
    /// The addressee is not in the world right now; nothing was delivered or kept.
    NotOnline = "NOT_ONLINE", 404;
    /// The dialect can't do it: `resume` in the classic one.
    Unsupported = "UNSUPPORTED", 501;
    /// Too much, too fast; `details.retry_after_ms` says when to try again.
    RateLimited = "RATE_LIMITED", 429;
    /// Whoever should answer is overloaded or restarting; trying again is safe.
    Busy = "BUSY", 503;
    /// The disk did not take it; nothing was promised.
    Storage = "STORAGE", 503;
    /// A defect of ours; logged, and nothing of yours was changed.
    Internal = "INTERNAL", 500;
    /// The session can't be resumed; sign in anew.
    ResumeExpired = "RESUME_EXPIRED", 410;
}

impl fmt::Display for ErrorCode {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(self.as_str())
    }
}

/// The documented `error` message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorMessage {
    /// Stable: see the table of error codes.
    pub error_code: ErrorCode,
    /// One sentence for a person: what was wrong and what was expected.
    pub error_message: String,
    /// More for programs: `field`, `retry_after_ms`, …
    #[serde(default)]
    pub details: Map<String, Value>,
}

impl ErrorMessage {
    pub fn new(error_code: ErrorCode, error_message: impl Into<String>) -> Self {
        Self { error_code, error_message: error_message.into(), details: Map::new() }
    }

    /// Adds one entry of `details`.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }
}
