//! Bytes to frames, as they come: whole for sessions that are looked at, by their first bytes for all others.

use super::frame::{self, Head};

/// So much of every frame is shown, whole or not: enough for a type and a number, and for any control frame.
pub const PEEK: usize = 125;

/// One frame from the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    pub opcode: u8,
    /// Of the payload, whatever of it is shown.
    pub len: usize,
    /// The payload, or its first [`PEEK`] bytes.
    pub shown: &'a [u8],
}

impl Frame<'_> {
    pub fn is_data(&self) -> bool {
        matches!(self.opcode, frame::TEXT | frame::BINARY)
    }

    pub fn is_whole(&self) -> bool {
        self.len == self.shown.len()
    }
}

/// What is left of one connection's stream between two reads.
#[derive(Debug, Default)]
pub struct Inbox {
    /// The beginning of a frame whose rest, or enough of it, has not come.
    carried: Vec<u8>,
    /// Bytes still to come of a payload that nobody looks at.
    skip: usize,
    /// Whether payloads are wanted whole.
    pub whole: bool,
}

impl Inbox {
    pub fn new(whole: bool) -> Self {
        Self { whole, ..Self::default() }
    }

    /// Takes what was read and shows each frame that it completes.
    ///
    /// # Errors
    /// What a server may not send: a broken head, a mask, a message in fragments (none of those measured sends them).
    pub fn feed(&mut self, mut bytes: &[u8], mut show: impl FnMut(Frame)) -> Result<(), &'static str> {
        let skipped = self.skip.min(bytes.len());
        self.skip -= skipped;
        bytes = &bytes[skipped..];
        if self.carried.is_empty() {
            let used = self.walk(bytes, &mut show)?;
            self.carried.extend_from_slice(&bytes[used..]);
        } else {
            let mut joined = std::mem::take(&mut self.carried);
            joined.extend_from_slice(bytes);
            let used = self.walk(&joined, &mut show)?;
            joined.drain(..used);
            self.carried = joined;
        }
        if self.carried.is_empty() && self.carried.capacity() > 4 * PEEK {
            self.carried = Vec::new();
        }
        Ok(())
    }

    fn walk(&mut self, bytes: &[u8], show: &mut impl FnMut(Frame)) -> Result<usize, &'static str> {
        let mut at = 0;
        while let Some(head) = frame::head(&bytes[at..])? {
            let Head { last, opcode, head_len, payload_len, mask } = head;
            if mask.is_some() {
                return Err("the server masks its frames");
            }
            if !last || opcode == 0 {
                return Err("a message in fragments");
            }
            let wanted = if self.whole { payload_len } else { payload_len.min(PEEK) };
            let begin = at + head_len;
            let Some(shown) = bytes.get(begin..begin + wanted) else { break };
            show(Frame { opcode, len: payload_len, shown });
            let there = payload_len.min(bytes.len() - begin);
            self.skip = payload_len - there;
            at = begin + there;
        }
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::{BINARY, TEXT, write};
    use super::{Inbox, PEEK};

    fn stream() -> (Vec<u8>, Vec<Vec<u8>>) {
        let payloads: Vec<Vec<u8>> =
            [3, 0, 200, 70_000, 125, 126].iter().map(|len| vec![*len as u8; *len]).collect();
        let mut wire = Vec::new();
        for payload in &payloads {
            write(&mut wire, TEXT, payload, None);
        }
        (wire, payloads)
    }

    #[test]
    fn however_the_bytes_arrive_the_frames_are_the_same() {
        let (wire, payloads) = stream();
        for whole in [true, false] {
            for step in [1, 2, 7, 1000, 65_536, wire.len()] {
                let mut inbox = Inbox::new(whole);
                let mut seen = Vec::new();
                for piece in wire.chunks(step) {
                    inbox.feed(piece, |frame| seen.push((frame.len, frame.shown.to_vec()))).unwrap();
                }
                let expected: Vec<(usize, Vec<u8>)> = payloads
                    .iter()
                    .map(|full| {
                        (full.len(), full[..if whole { full.len() } else { full.len().min(PEEK) }].to_vec())
                    })
                    .collect();
                assert_eq!(seen, expected, "whole {whole}, step {step}");
                assert!(inbox.carried.is_empty() && inbox.skip == 0);
            }
        }
    }

    #[test]
    fn what_a_server_may_not_send_is_refused() {
        let mut masked = Vec::new();
        write(&mut masked, BINARY, b"x", Some([1, 2, 3, 4]));
        let fragment = [TEXT, 1, b'x'];
        for wire in [&masked[..], &fragment[..]] {
            assert!(Inbox::default().feed(wire, |_| {}).is_err());
        }
    }
}
