//! Large messages, compressed once for all who asked for it at the upgrade.
//!
//! A compressed message is a binary one: [`MARKER`], then `seq` in eight bytes (big-endian, 0 for none), then one zlib
//! stream of the message as it would be without `seq`. Each is compressed alone: there is no window over several.

use std::cell::RefCell;
use std::fmt;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// What a compressed message begins with: MessagePack never uses it, and no JSON begins with it.
pub const MARKER: u8 = 0xc1;
/// What is no longer than this is not worth it.
pub const PLAIN_BYTES_MAX: usize = 1024;

pub(crate) const HEAD: usize = 1 + size_of::<u64>();
/// The fastest: it may be used on every tick. The benchmark's page of chat becomes a quarter of it in a third of the time
/// that the middle levels take to make it a seventh.
const LEVEL: Compression = Compression::fast();

thread_local! {
    // Their tables are larger than any message; making them costs more than using them.
    static DEFLATER: RefCell<Compress> = RefCell::new(Compress::new(LEVEL, true));
    static INFLATER: RefCell<Decompress> = RefCell::new(Decompress::new(true));
}

/// Why a compressed message can't be opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unopened {
    /// More comes out than is allowed.
    TooBig,
    /// It ends before its stream does.
    Cut,
    /// So many bytes come behind the stream.
    Trailing(usize),
    /// The stream is none, or damaged.
    Damaged,
    /// What comes out is compressed, too.
    Twice,
}

impl fmt::Display for Unopened {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::TooBig => out.write_str("Invalid compression: the message inside is too large"),
            Self::Cut => out.write_str("Invalid compression: it ends before its zlib stream does"),
            Self::Trailing(bytes) => write!(out, "Invalid compression: {bytes} bytes behind the zlib stream"),
            Self::Damaged => out.write_str("Invalid compression: no zlib stream, or a damaged one"),
            Self::Twice => out.write_str("Invalid compression: the message inside is compressed again"),
        }
    }
}

impl std::error::Error for Unopened {}

/// Whether these bytes are a compressed message.
pub fn is_compressed(encoded: &[u8]) -> bool {
    encoded.first() == Some(&MARKER)
}

/// Compresses an encoded message without a number; `None` where it does not become smaller, or is small.
pub fn compress(encoded: &[u8]) -> Option<Vec<u8>> {
    if encoded.len() <= PLAIN_BYTES_MAX {
        return None;
    }
    // What does not fit is not smaller.
    let mut out = Vec::with_capacity(encoded.len() - 1);
    out.push(MARKER);
    out.extend_from_slice(&0u64.to_be_bytes());
    let status = DEFLATER.with_borrow_mut(|deflater| {
        deflater.reset();
        deflater.compress_vec(encoded, &mut out, FlushCompress::Finish)
    });
    matches!(status, Ok(Status::StreamEnd)).then(|| {
        out.shrink_to_fit();
        out
    })
}

/// What a compressed message begins with, by the number of its event.
pub(crate) fn head_of(seq: u64) -> [u8; HEAD] {
    let mut head = [MARKER; HEAD];
    head[1..].copy_from_slice(&seq.to_be_bytes());
    head
}

/// Opens a compressed message: its `seq`, where it has one, and what is inside, which may have `bytes_max` bytes. Never
/// more than that is inflated.
///
/// # Errors
/// [`Unopened`].
pub fn open(compressed: &[u8], bytes_max: usize) -> Result<(Option<u64>, Vec<u8>), Unopened> {
    let Some(([_, seq @ ..], stream)) = compressed.split_first_chunk::<HEAD>() else {
        return Err(Unopened::Cut);
    };
    let plain = INFLATER.with_borrow_mut(|inflater| {
        inflater.reset(true);
        inflate(inflater, stream, bytes_max)
    })?;
    if is_compressed(&plain) {
        return Err(Unopened::Twice);
    }
    let seq = u64::from_be_bytes(*seq);
    Ok(((seq > 0).then_some(seq), plain))
}

fn inflate(inflater: &mut Decompress, stream: &[u8], bytes_max: usize) -> Result<Vec<u8>, Unopened> {
    let room = bytes_max + 1;
    let mut plain = Vec::with_capacity(stream.len().saturating_mul(4).clamp(1, room));
    loop {
        if plain.len() == plain.capacity() {
            plain.reserve_exact(plain.len().min(room - plain.len()));
        }
        let before = (inflater.total_in(), inflater.total_out());
        let rest = &stream[inflater.total_in() as usize..];
        let status = inflater.decompress_vec(rest, &mut plain, FlushDecompress::None);
        if plain.len() > bytes_max {
            return Err(Unopened::TooBig);
        }
        match status {
            Err(_) => return Err(Unopened::Damaged),
            Ok(Status::StreamEnd) => break,
            Ok(_) if before == (inflater.total_in(), inflater.total_out()) => return Err(Unopened::Cut),
            Ok(_) => {}
        }
    }
    match stream.len() - inflater.total_in() as usize {
        0 => Ok(plain),
        bytes => Err(Unopened::Trailing(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{any, prop};
    use proptest::{prop_assert, prop_assert_eq, proptest};

    use super::{HEAD, PLAIN_BYTES_MAX, Unopened, compress, is_compressed, open};
    use crate::Dialect;
    use crate::codec::with_seq;

    fn wordy(bytes: usize) -> Vec<u8> {
        b"{\"type\":\"chat\",\"content\":\"hello\"}".iter().copied().cycle().take(bytes).collect()
    }

    #[test]
    fn what_is_compressed_comes_out_again_with_its_number() {
        let plain = wordy(4000);
        let compressed = compress(&plain).unwrap();
        assert!(is_compressed(&compressed) && compressed.len() < 200, "{}", compressed.len());
        assert_eq!(open(&compressed, 4000), Ok((None, plain.clone())));
        let mut numbered = Vec::new();
        with_seq(Dialect::V1Json, 1 << 40, &compressed, &mut numbered);
        assert_eq!(open(&numbered, 4000), Ok((Some(1 << 40), plain)));
    }

    #[test]
    fn what_is_small_or_does_not_shrink_stays_as_it_is() {
        assert_eq!(compress(&wordy(PLAIN_BYTES_MAX)), None);
        assert!(compress(&wordy(PLAIN_BYTES_MAX + 1)).is_some());
        let mut state = 1u32;
        let noise: Vec<u8> = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        })
        .take(5000)
        .collect();
        assert_eq!(compress(&noise), None);
    }

    #[test]
    fn a_bomb_is_given_up_where_the_limit_is() {
        let bomb = compress(&vec![b' '; 50_000_000]).unwrap();
        assert!(bomb.len() < 400_000);
        assert_eq!(open(&bomb, 65_536), Err(Unopened::TooBig));
        let plain = wordy(65_536);
        let most = compress(&plain).unwrap();
        assert!(open(&most, 65_536) == Ok((None, plain)));
        assert_eq!(open(&most, 65_535), Err(Unopened::TooBig));
    }

    #[test]
    fn what_is_no_whole_stream_is_refused() {
        let compressed = compress(&wordy(2000)).unwrap();
        for end in 0..compressed.len() {
            assert_eq!(open(&compressed[..end], 4000), Err(Unopened::Cut), "{end}");
        }
        let longer = [&compressed[..], b"x"].concat();
        assert_eq!(open(&longer, 4000), Err(Unopened::Trailing(1)));
        let mut damaged = compressed.clone();
        *damaged.last_mut().unwrap() ^= 1;
        assert_eq!(open(&damaged, 4000), Err(Unopened::Damaged));
        damaged = compressed.clone();
        damaged[HEAD] = b'{';
        assert_eq!(open(&damaged, 4000), Err(Unopened::Damaged));
        let mut inner = compress(&wordy(2000)).unwrap();
        inner.resize(2000, 0);
        assert_eq!(open(&compress(&inner).unwrap(), 4000), Err(Unopened::Twice));
        assert_eq!(
            open(&compressed, 2000).map(|(_, plain)| plain.len()),
            Ok(2000),
            "and nothing is left behind"
        );
    }

    proptest! {
        #[test]
        fn any_message_survives(plain in prop::collection::vec(0u8..4, 1025..6000), seq in any::<u64>()) {
            let compressed = compress(&plain).unwrap();
            let mut numbered = Vec::new();
            with_seq(Dialect::V1MsgPack, seq, &compressed, &mut numbered);
            prop_assert_eq!(open(&numbered, 6000), Ok(((seq > 0).then_some(seq), plain)));
        }

        #[test]
        fn any_bytes_are_answered(
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            at in any::<prop::sample::Index>(),
            spoilt in any::<u8>(),
        ) {
            let _ = open(&[&[super::MARKER], &bytes[..]].concat(), 1000);
            let mut compressed = compress(&wordy(3000)).unwrap();
            let at = at.index(compressed.len());
            compressed[at] = spoilt;
            match open(&compressed, 3000) {
                // The marker and the number are not part of the stream.
                Ok((_, plain)) => prop_assert!(plain == wordy(3000)),
                Err(_) => prop_assert!(at >= HEAD),
            }
        }
    }
}
