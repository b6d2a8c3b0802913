//! What one connection of the bare client still has to send.

use rand::RngExt;

use super::frame;

/// What one connection still has to send.
#[derive(Debug)]
pub struct Outgoing {
    pub(super) bytes: Vec<u8>,
    pub(super) sent: usize,
    pub(super) mask: [u8; 4],
}

impl Default for Outgoing {
    fn default() -> Self {
        // Some servers skip a mask of zeros: none of ours is.
        let mask: [u8; 4] = rand::rng().random();
        Self { bytes: Vec::new(), sent: 0, mask: mask.map(|byte| byte | 1) }
    }
}

impl Outgoing {
    pub fn text(&mut self, payload: &[u8]) {
        frame::write(&mut self.bytes, frame::TEXT, payload, Some(self.mask));
    }

    pub fn binary(&mut self, payload: &[u8]) {
        frame::write(&mut self.bytes, frame::BINARY, payload, Some(self.mask));
    }

    /// A frame that was written before, by [`Self::text`] for example.
    pub fn ready_made(&mut self, frame: &[u8]) {
        self.bytes.extend_from_slice(frame);
    }

    /// The frames themselves, to be sent later, or many times.
    pub fn take(self) -> Vec<u8> {
        self.bytes
    }
}
