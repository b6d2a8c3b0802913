//! The ways one message can be written. Chosen at the WebSocket upgrade, by subprotocol.

/// How a connection's messages are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Dialect {
    /// No subprotocol: the documented JSON, every field of a type present, missing ones as `null`.
    #[default]
    Classic,
    /// Classic for a peer who encrypts (Fernet): an encoding of its own, made once per broadcast.
    ClassicEncrypted,
    /// `shardmesh.v1.json`: the same messages without nulls, with `seq` on every event.
    V1Json,
}

impl Dialect {
    pub const COUNT: usize = 3;
    pub const V1_JSON: &str = "shardmesh.v1.json";

    /// The dialect a subprotocol stands for.
    pub fn of_subprotocol(name: &str) -> Option<Self> {
        (name == Self::V1_JSON).then_some(Self::V1Json)
    }

    /// Whether events carry `seq` and null fields are left out.
    pub fn is_v1(self) -> bool {
        matches!(self, Self::V1Json)
    }

    /// A slot for each dialect in a table of [`Self::COUNT`] encodings.
    pub fn slot(self) -> usize {
        self as usize
    }
}
