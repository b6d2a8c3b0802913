//! What a planned stop leaves for the next process: each session's events, each shared frame once.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use protocol::{Dialect, ErrorMessage, MessageId, SessionId, codec};
use storage::keepsakes::{KeptFrame, KeptSession};

use crate::errors::storage_error;
use crate::flight::answer_text;
use crate::frame::{Frame, SharedFrame};
use crate::outbox::{LinkState, Outbox, ResumeKeys};
use crate::session;
use crate::world::World;

/// So many sessions begin at the same time.
const BACK_AT_ONCE: usize = 64;

/// How long connections may take to be sent the last of their events, and how often that is looked at.
const FLUSH_MS_MAX: u64 = 1_000;
const FLUSH_LOOKS_EVERY: Duration = Duration::from_millis(5);

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
        self.let_flush(sessions).await;
        let now_ms = self.clock().mono_ms();
        let (mut frames, mut kept) = (Vec::new(), Vec::new());
        let mut numbers: HashMap<FrameAddress, i64> = HashMap::new();
        for (id, outbox) in sessions {
            let away_ms = match outbox.link_state() {
                LinkState::Linked { .. } => 0,
                LinkState::Gone { since_ms } => now_ms.saturating_sub(since_ms),
            };
            let (keys, (last_seq, last_sent), events) = outbox.to_keep();
            let Some((token_hash, older_hash)) = keys.to_keep() else { continue };
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
            kept.push(KeptSession {
                session_id: *id,
                token_hash,
                older_hash,
                last_seq,
                last_sent,
                events: numbered,
            });
        }
        log::info!("keeping {} sessions with {} frames for the next start", kept.len(), frames.len());
        let until_ms = self.clock().now().wall_ms;
        let write = storage::keepsakes::keep(frames, kept, until_ms);
        self.store().write(write).await.map_err(|error| storage_error(&error))
    }

    /// Gives connections a moment to be sent what they are to get; a jammed one does not hold up the end.
    async fn let_flush(&self, sessions: &[(SessionId, Arc<Outbox>)]) {
        let began_ms = self.clock().mono_ms();
        while sessions.iter().any(|(_, outbox)| outbox.is_flushing())
            && self.clock().mono_ms().saturating_sub(began_ms) < FLUSH_MS_MAX
        {
            tokio::time::sleep(FLUSH_LOOKS_EVERY).await;
        }
    }

    /// Brings the sessions back that an earlier process kept, with their characters: from now on they miss nothing,
    /// and have the time of grace to be resumed in. To be done before anybody connects.
    ///
    /// # Errors
    /// What the store says; then there is nothing to go on with for anybody.
    pub async fn bring_back(&self) -> Result<(), ErrorMessage> {
        let taken = self.store().write(storage::keepsakes::take()).await;
        let (sessions, frames) = taken.map_err(|error| storage_error(&error))?;
        let frames: HashMap<i64, SharedFrame> =
            frames.iter().filter_map(|kept| Some((kept.number, frame_of(kept)?))).collect();
        let mut back = 0;
        for some in sessions.chunks(BACK_AT_ONCE) {
            let coming = some.iter().map(|kept| self.bring_one_back(kept, &frames));
            back += join_all(coming).await.into_iter().filter(|came| *came).count();
        }
        if !sessions.is_empty() {
            log::info!("{back} of {} sessions wait for their players to come back", sessions.len());
        }
        Ok(())
    }

    async fn bring_one_back(&self, kept: &KeptSession, frames: &HashMap<i64, SharedFrame>) -> bool {
        let events = kept.events.iter().map(|(seq, number)| Some((*seq, frames.get(number)?.clone())));
        let Some(events) = events.collect::<Option<Vec<_>>>() else { return false };
        let outbox = Outbox::new(self.options().outbox, self.cipher().cloned(), self.clock().mono_ms());
        let keys = ResumeKeys::kept(kept.token_hash, kept.older_hash);
        outbox.take_over(keys, (kept.last_seq, kept.last_sent), events);
        let began = self.sessions().find(self, &kept.session_id, || outbox).is_ok();
        began && self.ask(kept.session_id, session::Mail::Begun).await.is_ok()
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
