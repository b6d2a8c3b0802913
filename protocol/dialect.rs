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
    /// `shardmesh.v1.msgpack`: the same as `shardmesh.v1.json`, in MessagePack.
    V1MsgPack,
    /// `V1Json` for a client that asked for compression: large messages come as [`crate::compression`] writes them.
    V1JsonDeflate,
    /// The same of `V1MsgPack`.
    V1MsgPackDeflate,
}

impl Dialect {
    const ALL: [Self; Self::COUNT] = [
        Self::Classic,
        Self::ClassicEncrypted,
        Self::V1Json,
        Self::V1MsgPack,
        Self::V1JsonDeflate,
        Self::V1MsgPackDeflate,
    ];
    pub const COUNT: usize = 6;
    pub const V1_JSON: &str = "shardmesh.v1.json";
    pub const V1_MSGPACK: &str = "shardmesh.v1.msgpack";
    /// Every subprotocol that stands for a dialect.
    pub const SUBPROTOCOLS: &[&str] = &[Self::V1_MSGPACK, Self::V1_JSON];

    /// The dialect a subprotocol stands for.
    pub fn of_subprotocol(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.subprotocol() == Some(name))
    }

    /// What a client asks for at the upgrade; nothing for the classic ones.
    pub fn subprotocol(self) -> Option<&'static str> {
        match self.plain() {
            Self::V1Json => Some(Self::V1_JSON),
            Self::V1MsgPack => Some(Self::V1_MSGPACK),
            _ => None,
        }
    }

    /// The same without compression.
    pub fn plain(self) -> Self {
        match self {
            Self::V1JsonDeflate => Self::V1Json,
            Self::V1MsgPackDeflate => Self::V1MsgPack,
            plain => plain,
        }
    }

    /// The same with compression; only the v1 dialects have it.
    pub fn deflate(self) -> Option<Self> {
        Self::ALL.into_iter().find(|dialect| dialect.is_deflate() && dialect.plain() == self.plain())
    }

    /// Whether large messages are compressed.
    pub fn is_deflate(self) -> bool {
        self != self.plain()
    }

    /// Whether events carry `seq` and null fields are left out.
    pub fn is_v1(self) -> bool {
        self.subprotocol().is_some()
    }

    /// Whether its messages are binary WebSocket messages; the others are text. Compressed ones always are binary.
    pub fn is_binary(self) -> bool {
        self.plain() == Self::V1MsgPack
    }

    /// A slot for each dialect in a table of [`Self::COUNT`] encodings.
    pub fn slot(self) -> usize {
        self as usize
    }

    /// The dialect of a slot.
    ///
    /// # Panics
    /// There is no such slot.
    pub fn from_slot(slot: usize) -> Self {
        Self::ALL[slot]
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn every_dialect_has_its_slot_and_those_with_a_subprotocol_are_found_by_it() {
        for slot in 0..Dialect::COUNT {
            let dialect = Dialect::from_slot(slot);
            assert_eq!(dialect.slot(), slot);
            assert_eq!(dialect.deflate().is_some(), dialect.is_v1());
            let named = dialect.subprotocol().and_then(Dialect::of_subprotocol);
            assert_eq!(named, dialect.is_v1().then_some(dialect.plain()));
        }
        assert_eq!(Dialect::of_subprotocol("shardmesh.v2.json"), None);
    }
}
