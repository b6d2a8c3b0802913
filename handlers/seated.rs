//! A response body that keeps its client's seat: how those are counted who come through a trusted proxy, whose
//! connections say nothing of whom they serve.

use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::body::{BodySize, BoxBody, MessageBody};
use bytes::Bytes;

use crate::census::Seat;

/// As long as it lives, one request (or WebSocket) of its client is open.
pub struct Seated {
    body: BoxBody,
    _seat: Seat,
}

impl Seated {
    pub fn new(body: BoxBody, seat: Seat) -> Self {
        Self { body, _seat: seat }
    }
}

impl MessageBody for Seated {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Self::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_next(context)
    }
}
