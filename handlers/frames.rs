//! What the bytes of a WebSocket client say (RFC 6455): frames, put together into messages, judged as early as they
//! can be.
//!
//! actix-http's parser gathers a frame whole before it looks at its length or its text, however long the frame claims
//! to be; here the head decides, and text is refused at the first byte that makes it none.

mod head;
#[cfg(test)]
mod tests;
mod text;

use std::pin::Pin;
use std::str::from_utf8;
use std::task::{Context, Poll, ready};

use actix_http::ws::CloseReason;
use bytes::{Buf, Bytes, BytesMut};
use futures_util::Stream;
use protocol::CloseCode;

use crate::frames::head::{Head, Kind, violation};
use crate::frames::text::TextCheck;
use crate::options::WsOptions;

/// Text is unmasked in steps of this size where its frame is not whole yet.
const STEP: usize = 256;

/// A whole message, or a control frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Message {
    /// UTF-8.
    Text(Bytes),
    Binary(Bytes),
    Ping(Bytes),
    Pong,
    Close(Option<CloseReason>),
}

/// What a client did against the protocol or the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    pub code: CloseCode,
    pub reason: &'static str,
}

/// A message of which more is to come.
#[derive(Debug, Default)]
struct Open {
    text: bool,
    bytes: BytesMut,
    frames: usize,
}

/// How far a client may still be followed.
#[derive(Debug, PartialEq, Eq)]
enum Trust {
    Full,
    /// It broke the rules; of what comes, only its close frame matters. So many bytes of payload are still to be skipped.
    Skipping(u64),
    /// It said goodbye: there is nothing to read any more.
    Over,
}

/// The messages in a stream of bytes. After a fault only the client's close frame is looked for; after that one, nothing.
pub struct Frames<S> {
    bytes: S,
    frame_max: usize,
    message_max: usize,
    frames_max: usize,
    buffer: BytesMut,
    /// Bytes of text checked already in the frame at the front, which is not whole yet.
    checked: usize,
    text: TextCheck,
    open: Option<Open>,
    trust: Trust,
}

impl<S> Frames<S> {
    /// Reads `bytes`, which may come in pieces of any size.
    pub fn new(bytes: S, options: &WsOptions) -> Self {
        Self {
            bytes,
            frame_max: options.max_frame,
            message_max: options.max_message,
            frames_max: options.max_fragments,
            buffer: BytesMut::new(),
            checked: 0,
            text: TextCheck::default(),
            open: None,
            trust: Trust::Full,
        }
    }

    /// The next message of those that are here; `None`: more bytes are needed.
    fn next(&mut self) -> Result<Option<Message>, Fault> {
        loop {
            if self.trust != Trust::Full {
                return Ok(self.skip());
            }
            let Some(head) = Head::read(&self.buffer) else { return Ok(None) };
            let kind = self.judge(&head)?;
            // It fits in memory: `judge` compared it with the limits.
            let payload = head.payload as usize;
            if self.buffer.len() < head.size + payload {
                self.check_what_is_here(&head, kind)?;
                return Ok(None);
            }
            self.buffer.advance(head.size);
            let mut payload = self.buffer.split_to(payload);
            unmask(&mut payload, head.mask, 0);
            if let Some(message) = self.frame(kind, head.is_last(), payload)? {
                return Ok(Some(message));
            }
        }
    }

    /// What a frame is for, if its head may stand here.
    fn judge(&self, head: &Head) -> Result<Kind, Fault> {
        let kind = head.kind()?;
        let (bytes, frames) = match (kind, &self.open) {
            (Kind::Close | Kind::Ping | Kind::Pong, _) => return Ok(kind),
            (Kind::Continuation, None) => return Err(violation("there is no message to continue")),
            (Kind::Text | Kind::Binary, Some(_)) => {
                return Err(violation("a new message began before the last one ended"));
            }
            (Kind::Continuation, Some(open)) => (open.bytes.len(), open.frames),
            (Kind::Text | Kind::Binary, None) => (0, 0),
        };
        let too_big = |reason| Err(Fault { code: CloseCode::TooBig, reason });
        if head.payload > self.frame_max as u64 {
            return too_big("the frame is too large");
        }
        if head.payload > (self.message_max - bytes.min(self.message_max)) as u64 {
            return too_big("the message is too large");
        }
        if frames == self.frames_max {
            return too_big("the message has too many fragments");
        }
        Ok(kind)
    }

    /// Checks what is here of a text whose frame is not.
    fn check_what_is_here(&mut self, head: &Head, kind: Kind) -> Result<(), Fault> {
        if !self.is_text(kind) {
            return Ok(());
        }
        let mut step = [0; STEP];
        while self.buffer.len() > head.size + self.checked {
            let rest = &self.buffer[head.size + self.checked..];
            let step = &mut step[..rest.len().min(STEP)];
            step.copy_from_slice(&rest[..step.len()]);
            unmask(step, head.mask, self.checked);
            self.checked += step.len();
            self.check_text(step)?;
        }
        Ok(())
    }

    fn is_text(&self, kind: Kind) -> bool {
        match kind {
            Kind::Text => true,
            Kind::Continuation => self.open.as_ref().is_some_and(|open| open.text),
            _ => false,
        }
    }

    fn check_text(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if self.text.accepts(bytes) { Ok(()) } else { Err(NO_TEXT) }
    }

    /// What a whole frame completes.
    fn frame(&mut self, kind: Kind, last: bool, payload: BytesMut) -> Result<Option<Message>, Fault> {
        if self.is_text(kind) {
            let checked = std::mem::take(&mut self.checked);
            self.check_text(&payload[checked..])?;
            if last && !self.text.is_whole() {
                return Err(NO_TEXT);
            }
        }
        match kind {
            Kind::Text if last => Ok(Some(Message::Text(payload.freeze()))),
            Kind::Binary if last => Ok(Some(Message::Binary(payload.freeze()))),
            Kind::Text | Kind::Binary | Kind::Continuation => Ok(self.gather(kind, last, &payload)),
            Kind::Ping => Ok(Some(Message::Ping(payload.freeze()))),
            Kind::Pong => Ok(Some(Message::Pong)),
            Kind::Close => {
                self.trust = Trust::Over;
                close_reason(&payload).map(|reason| Some(Message::Close(reason)))
            }
        }
    }

    /// The message that this fragment completes.
    fn gather(&mut self, kind: Kind, last: bool, payload: &[u8]) -> Option<Message> {
        let open = self.open.get_or_insert_with(|| Open { text: kind == Kind::Text, ..Open::default() });
        open.frames += 1;
        open.bytes.extend_from_slice(payload);
        let Open { text, bytes, .. } = self.open.take_if(|_| last)?;
        Some(if text { Message::Text(bytes.freeze()) } else { Message::Binary(bytes.freeze()) })
    }

    /// Drops everything but the client's close frame.
    fn skip(&mut self) -> Option<Message> {
        while let Trust::Skipping(left) = self.trust {
            let here = self.buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            self.buffer.advance(here);
            let left = left - here as u64;
            self.trust = Trust::Skipping(left);
            let Some(head) = Head::read(&self.buffer).filter(|_| left == 0) else { break };
            if head.is_close() {
                self.trust = Trust::Over;
                return Some(Message::Close(None));
            }
            self.buffer.advance(head.size);
            self.trust = Trust::Skipping(head.payload);
        }
        None
    }
}

const NO_TEXT: Fault = Fault { code: CloseCode::BadText, reason: "text must be UTF-8" };

impl<S: Stream<Item = Result<Bytes, E>> + Unpin, E> Stream for Frames<S> {
    type Item = Result<Message, Fault>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            match this.next() {
                Ok(Some(message)) => return Poll::Ready(Some(Ok(message))),
                Ok(None) => {}
                Err(fault) => {
                    if this.trust == Trust::Full {
                        this.trust = Trust::Skipping(0);
                    }
                    return Poll::Ready(Some(Err(fault)));
                }
            }
            if this.trust == Trust::Over {
                return Poll::Ready(None);
            }
            if this.buffer.is_empty() {
                // An idle connection keeps no memory for what may come.
                this.buffer = BytesMut::new();
            }
            // A connection that broke and one that ended are the same here: nothing more comes.
            let Some(Ok(chunk)) = ready!(Pin::new(&mut this.bytes).poll_next(cx)) else {
                return Poll::Ready(None);
            };
            if this.buffer.is_empty() {
                this.buffer = chunk.into();
            } else {
                this.buffer.extend_from_slice(&chunk);
            }
        }
    }
}

/// Takes the client's mask off `bytes`, of which `before` bytes of the same frame went before.
fn unmask(bytes: &mut [u8], mut mask: [u8; 4], before: usize) {
    mask.rotate_left(before % 4);
    for four in bytes.chunks_mut(4) {
        for (byte, mask) in four.iter_mut().zip(mask) {
            *byte ^= mask;
        }
    }
}

/// What a close frame says.
///
/// # Errors
/// Its code is none that an endpoint may send, or its reason no text.
fn close_reason(payload: &[u8]) -> Result<Option<CloseReason>, Fault> {
    let Some((code, reason)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(violation("half a close code")) };
    };
    let code = u16::from_be_bytes(*code);
    // RFC 6455, 7.4, and the registry it founded; 1004 to 1006 and 1015 never stand in a frame.
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(violation("a close code that must not be sent"));
    }
    let reason = from_utf8(reason).map_err(|_| NO_TEXT)?;
    Ok(Some(CloseReason { code: code.into(), description: (!reason.is_empty()).then(|| reason.to_owned()) }))
}
