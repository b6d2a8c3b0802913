//! The least of RFC 6455 that a client and a floor need: heads of frames, masks, the upgrade's two halves of a key.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

pub const TEXT: u8 = 1;
pub const BINARY: u8 = 2;
pub const CLOSE: u8 = 8;
pub const PING: u8 = 9;
pub const PONG: u8 = 10;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;
/// RFC 6455, section 1.3.
const KEY_SUFFIX: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The head of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    pub last: bool,
    pub opcode: u8,
    /// Bytes of the head itself, mask included.
    pub head_len: usize,
    pub payload_len: usize,
    pub mask: Option<[u8; 4]>,
}

/// Reads the head at the beginning of `bytes`; `None` while it is not all there.
///
/// # Errors
/// What no frame begins with: reserved bits (no extension was agreed on) or a length beyond 2^31.
pub fn head(bytes: &[u8]) -> Result<Option<Head>, &'static str> {
    let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
    if first & 0x70 != 0 {
        return Err("reserved bits are set, but no extension was agreed on");
    }
    let (payload_len, length_len) = match second & 0x7f {
        126 => match rest {
            &[a, b, ..] => (usize::from(u16::from_be_bytes([a, b])), 2),
            _ => return Ok(None),
        },
        127 => match rest.first_chunk::<8>() {
            Some(&length) => match usize::try_from(u64::from_be_bytes(length)) {
                Ok(length) if length < 1 << 31 => (length, 8),
                _ => return Err("a frame of 2 GiB or more"),
            },
            None => return Ok(None),
        },
        short => (usize::from(short), 0),
    };
    let mask = if second & MASKED == 0 {
        None
    } else {
        match rest.get(length_len..length_len + 4) {
            Some(mask) => Some([mask[0], mask[1], mask[2], mask[3]]),
            None => return Ok(None),
        }
    };
    let head_len = 2 + length_len + if mask.is_some() { 4 } else { 0 };
    Ok(Some(Head { last: first & FIN != 0, opcode: first & 0x0f, head_len, payload_len, mask }))
}

/// Writes one whole frame; a client's is masked.
pub fn write(out: &mut Vec<u8>, opcode: u8, payload: &[u8], mask: Option<[u8; 4]>) {
    let masked = if mask.is_some() { MASKED } else { 0 };
    out.push(FIN | opcode);
    match payload.len() {
        short @ 0..=125 => out.push(masked | short as u8),
        middle @ 126..=0xffff => {
            out.push(masked | 126);
            out.extend_from_slice(&(middle as u16).to_be_bytes());
        }
        long => {
            out.push(masked | 127);
            out.extend_from_slice(&(long as u64).to_be_bytes());
        }
    }
    let Some(mask) = mask else {
        out.extend_from_slice(payload);
        return;
    };
    out.extend_from_slice(&mask);
    let begin = out.len();
    out.extend_from_slice(payload);
    apply_mask(&mut out[begin..], mask);
}

/// Masks, and unmasks what is masked.
pub fn apply_mask(payload: &mut [u8], mask: [u8; 4]) {
    for (index, byte) in payload.iter_mut().enumerate() {
        *byte ^= mask[index & 3];
    }
}

/// What a server answers to a client's `Sec-WebSocket-Key`.
pub fn accept_key(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key.as_bytes());
    hash.update(KEY_SUFFIX);
    STANDARD.encode(hash.finalize())
}

/// A `Sec-WebSocket-Key` made of these 16 bytes.
pub fn upgrade_key(random: [u8; 16]) -> String {
    STANDARD.encode(random)
}

#[cfg(test)]
mod tests {
    use super::{BINARY, Head, TEXT, accept_key, apply_mask, head, write};

    #[test]
    fn what_is_written_is_read_whatever_its_length() {
        for len in [0, 1, 125, 126, 127, 65535, 65536, 100_000] {
            for mask in [None, Some([1, 2, 3, 250])] {
                let payload: Vec<u8> = (0..len).map(|index| index as u8).collect();
                let mut wire = Vec::new();
                write(&mut wire, BINARY, &payload, mask);
                let Head { last, opcode, head_len, payload_len, mask: found } = head(&wire).unwrap().unwrap();
                assert_eq!((last, opcode, payload_len, found), (true, BINARY, len, mask));
                assert_eq!(wire.len(), head_len + len);
                if let Some(mask) = mask {
                    apply_mask(&mut wire[head_len..], mask);
                }
                assert_eq!(&wire[head_len..], payload);
                for short in 0..head_len {
                    assert_eq!(head(&wire[..short]), Ok(None), "{short} of {head_len}");
                }
            }
        }
    }

    #[test]
    fn what_is_no_frame_is_refused() {
        assert!(head(&[0xC0 | TEXT, 0]).is_err());
        assert!(head(&[0x81, 127, 0, 0, 0, 1, 0, 0, 0, 0]).is_err());
    }

    #[test]
    fn the_key_of_the_standard_has_the_answer_of_the_standard() {
        assert_eq!(accept_key("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
