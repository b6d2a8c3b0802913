//! What a planned stop leaves for the next process: each session's events, each shared frame once.

use std::collections::HashMap;
use std::sync::Arc;

use protocol::{Dialect, ErrorMessage, MessageId, SessionId, codec};
use storage::keepsakes::{KeptFrame, KeptSession};

use crate::errors::storage_error;
use crate::flight::answer_text;
use crate::frame::{Frame, SharedFrame};
use crate::outbox::{LinkState, Outbox, ResumeKeys};
use crate::session::resume_expired;
use crate::world::World;

/// A frame's place in memory: broadcasts are shared, so the same frame has the same one.
type FrameAddress = usize;

impl World {
    /// Writes down the sessions that somebody may come back to.
    ///
    /// # Errors
    /// What the store says.
    pub(crate) async fn keep_sessions(
        &self,
        sessions: &[(SessionId, Arc<Outbox>)],
    ) -> Result<(), ErrorMessage> {
        let now_ms = self.clock().mono_ms();
        let (mut frames, mut kept) = (Vec::new(), Vec::new());
        let mut numbers: HashMap<FrameAddress, i64> = HashMap::new();
        for (id, outbox) in sessions {
            let away_ms = match outbox.link_state() {
                LinkState::Linked { .. } => 0,
                LinkState::Gone { since_ms } => now_ms.saturating_sub(since_ms),
            };
            let (keys, last_seq, events) = outbox.to_keep();
            let Some(token_hash) = keys.to_keep() else { continue };
            if away_ms > self.options().session.grace_ms {
                continue;
            }
            let mut numbered = Vec::with_capacity(events.len());
            for event in &events {
                let address = Arc::as_ptr(&event.frame) as FrameAddress;
                let number = *numbers.entry(address).or_insert_with(|| {
                    let number = frames.len() as i64;
                    frames.push(kept_frame(number, &event.frame));
                    number
                });
                numbered.push((event.seq, number));
            }
            kept.push(KeptSession { session_id: *id, token_hash, last_seq, events: numbered });
        }
        log::info!("keeping {} sessions with {} frames for the next start", kept.len(), frames.len());
        let until_ms = self.clock().now().wall_ms;
        let write = storage::keepsakes::keep(frames, kept, until_ms);
        self.store().write(write).await.map_err(|error| storage_error(&error))
    }

    /// Brings a session back that an earlier process kept. It can be taken once.
    ///
    /// # Errors
    /// `RESUME_EXPIRED` when nothing was kept of it, or too long ago.
    pub(crate) async fn bring_back(&self, id: SessionId) -> Result<(), ErrorMessage> {
        if self.clock().mono_ms() > self.options().session.grace_ms {
            return Err(resume_expired());
        }
        let taken = self.store().write(storage::keepsakes::take(id)).await;
        let Some((kept, frames)) = taken.map_err(|error| storage_error(&error))? else {
            return Err(resume_expired());
        };
        let events = kept.events.iter().map(|(seq, number)| {
            let frame = frames.iter().find(|frame| frame.number == *number).and_then(frame_of);
            frame.map(|frame| (*seq, frame)).ok_or_else(resume_expired)
        });
        let events: Vec<(u64, SharedFrame)> = events.collect::<Result<_, _>>()?;
        let outbox = Outbox::new(self.options().outbox, self.cipher().cloned(), self.clock().mono_ms());
        outbox.take_over(ResumeKeys::kept(kept.token_hash), kept.last_seq, events);
        // Somebody may have signed in with the same token meanwhile: then that session goes on, and this is too late.
        let _ = self.sessions().find(self, &id, || outbox);
        Ok(())
    }
}

fn kept_frame(number: i64, frame: &SharedFrame) -> KeptFrame {
    KeptFrame {
        number,
        message: answer_text(frame.message(), frame.wall_ms()),
        message_id: frame.message_id().map(|id| id.to_string()),
        told_at_ms: frame.wall_ms(),
    }
}

fn frame_of(kept: &KeptFrame) -> Option<SharedFrame> {
    let read = codec::decode::<protocol::ServerMessage>(Dialect::V1Json, kept.message.as_bytes()).ok()?;
    let message_id = match &kept.message_id {
        Some(id) => Some(MessageId::new(id.clone()).ok()?),
        None => None,
    };

    Some(Frame::answering(message_id, read.message, kept.told_at_ms))
}
