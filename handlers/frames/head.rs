//! The head of a WebSocket frame (RFC 6455, 5.2): what can be known before any of its payload is there.

use protocol::CloseCode;

use crate::frames::Fault;

const FIN: u8 = 0x80;
const RESERVED: u8 = 0x70;
const MASKED: u8 = 0x80;
const CONTROL_PAYLOAD_MAX: u64 = 125;

/// What a frame is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Continuation,
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Kind {
    fn of(opcode: u8) -> Option<Self> {
        Some(match opcode {
            0 => Self::Continuation,
            1 => Self::Text,
            2 => Self::Binary,
            8 => Self::Close,
            9 => Self::Ping,
            10 => Self::Pong,
            _ => return None,
        })
    }

    fn is_control(self) -> bool {
        matches!(self, Self::Close | Self::Ping | Self::Pong)
    }
}

/// A head as it was sent, right or wrong.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    first: u8,
    masked: bool,
    /// Bytes of the head itself.
    pub(super) size: usize,
    /// Bytes that follow it.
    pub(super) payload: u64,
    pub(super) mask: [u8; 4],
}

impl Head {
    /// The head at the beginning of `bytes`; `None` while it is not whole.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let (&first, &second) = (bytes.first()?, bytes.get(1)?);
        let (payload, at) = match second & !MASKED {
            126 => (u64::from(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?)), 4),
            127 => (u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?), 10),
            short => (u64::from(short), 2),
        };
        let masked = second & MASKED != 0;
        let mask = if masked { *bytes.get(at..)?.first_chunk()? } else { [0; 4] };
        Some(Self { first, masked, size: at + if masked { 4 } else { 0 }, payload, mask })
    }

    /// What the frame is for.
    ///
    /// # Errors
    /// The head is against the protocol, whatever came before.
    pub(super) fn kind(&self) -> Result<Kind, Fault> {
        let Some(kind) = Kind::of(self.first & 0x0f) else { return Err(violation("an unknown opcode")) };
        if self.first & RESERVED != 0 {
            return Err(violation("reserved bits are set: no extension was agreed on"));
        }
        if !self.masked {
            return Err(violation("frames of a client must be masked"));
        }
        if kind.is_control() && !self.is_last() {
            return Err(violation("control frames must not be fragmented"));
        }
        if kind.is_control() && self.payload > CONTROL_PAYLOAD_MAX {
            return Err(violation("control frames hold at most 125 bytes"));
        }
        Ok(kind)
    }

    /// Whether no continuation follows.
    pub(super) fn is_last(&self) -> bool {
        self.first & FIN != 0
    }

    pub(super) fn is_close(&self) -> bool {
        Kind::of(self.first & 0x0f) == Some(Kind::Close)
    }
}

pub(super) fn violation(reason: &'static str) -> Fault {
    Fault { code: CloseCode::ProtocolViolation, reason }
}
