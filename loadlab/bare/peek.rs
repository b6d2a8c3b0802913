//! The first bytes of a message of ours: its number and its type, without reading the rest.

/// What a message begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peeked<'a> {
    /// v1: the number of an event.
    pub seq: Option<u64>,
    /// The wire name, for example `chat`.
    pub name: &'a [u8],
}

/// `{"seq":12,"type":"chat",…` or `{"type":"chat",…`, as the server writes it.
pub fn json(bytes: &[u8]) -> Option<Peeked<'_>> {
    let mut rest = bytes.strip_prefix(b"{")?;
    let mut seq = None;
    if let Some(after) = rest.strip_prefix(b"\"seq\":") {
        let digits = after.iter().take_while(|byte| byte.is_ascii_digit()).count();
        seq = Some(
            after[..digits]
                .iter()
                .try_fold(0u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')))?,
        );
        rest = after[digits..].strip_prefix(b",")?;
    }
    let rest = rest.strip_prefix(b"\"type\":\"")?;
    let end = rest.iter().position(|byte| *byte == b'"')?;
    Some(Peeked { seq, name: &rest[..end] })
}

/// The same in MessagePack: a map that begins with `seq`, `type`, or both.
pub fn msgpack(bytes: &[u8]) -> Option<Peeked<'_>> {
    let mut rest = match bytes {
        [0x80..=0x8f, rest @ ..] | [0xde, _, _, rest @ ..] | [0xdf, _, _, _, _, rest @ ..] => rest,
        _ => return None,
    };
    let mut seq = None;
    loop {
        if let Some(after) = rest.strip_prefix(b"\xa3seq") {
            let (number, after) = unsigned(after)?;
            seq = Some(number);
            rest = after;
        } else {
            let after = rest.strip_prefix(b"\xa4type")?;
            let &[kind, ref after @ ..] = after else { return None };
            let (len, after) = match kind {
                0xa0..=0xbf => (usize::from(kind & 0x1f), after),
                0xd9 => (usize::from(*after.first()?), &after[1..]),
                _ => return None,
            };
            return Some(Peeked { seq, name: after.get(..len)? });
        }
    }
}

fn unsigned(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (&kind, rest) = bytes.split_first()?;
    let len = match kind {
        0..=0x7f => return Some((u64::from(kind), rest)),
        0xcc => 1,
        0xcd => 2,
        0xce => 4,
        0xcf => 8,
        _ => return None,
    };
    let (number, rest) = rest.split_at_checked(len)?;
    Some((number.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), rest))
}

#[cfg(test)]
mod tests {
    use super::{Peeked, json, msgpack};

    #[test]
    fn numbers_and_names_are_read_from_the_front() {
        let cases: [(&[u8], Option<Peeked>); 5] = [
            (br#"{"seq":120,"type":"chat","#, Some(Peeked { seq: Some(120), name: b"chat" })),
            (br#"{"type":"pong","timesta"#, Some(Peeked { seq: None, name: b"pong" })),
            (br#"{"seq":99999999999999999999999,"type":"a""#, None),
            (br#"{"version":"1.0.0"}"#, None),
            (b"", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(json(bytes), expected, "{}", String::from_utf8_lossy(bytes));
        }
    }

    #[test]
    fn messagepack_is_read_likewise() {
        let cases: [(&[u8], Option<Peeked>); 5] = [
            (b"\x83\xa3seq\xcd\x01\x02\xa4type\xa4chat", Some(Peeked { seq: Some(258), name: b"chat" })),
            (b"\xde\x00\x10\xa3seq\x07\xa4type\xa4chat", Some(Peeked { seq: Some(7), name: b"chat" })),
            (b"\x82\xa4type\xabarea_update\xa1x", Some(Peeked { seq: None, name: b"area_update" })),
            (b"\x82\xa4type\xabarea", None),
            (b"{\"type\":\"chat\"", None),
        ];
        for (bytes, expected) in cases {
            assert_eq!(msgpack(bytes), expected, "{bytes:?}");
        }
    }
}
