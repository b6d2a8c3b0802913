//! The rest of a request that was answered before it was read: taken in and thrown away for a moment, because to close
//! a socket with unread bytes makes the kernel throw the answer away.
//!
//! actix-http can do this too, but then it does it for WebSockets as well, and holds them up after their goodbye.

use std::cell::RefCell;
use std::error::Error;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::HttpMessage;
use actix_web::body::{BodySize, BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest};
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use bytes::Bytes;
use futures_util::Stream;
use tokio::time::{Sleep, sleep};

/// How long a client may still send what nobody wants.
const LINGER: Duration = Duration::from_secs(1);

/// What comes in of a request, shared between its handler and its [`Lingering`].
#[derive(Clone)]
pub struct Inlet(Rc<RefCell<Payload>>);

impl Inlet {
    /// Of a request that announces a body; `None` for others.
    pub fn of(request: &mut ServiceRequest) -> Option<Self> {
        let headers = request.headers();
        if !headers.contains_key(CONTENT_LENGTH) && !headers.contains_key(TRANSFER_ENCODING) {
            return None;
        }
        let inlet = Self(Rc::new(RefCell::new(request.take_payload())));
        request.set_payload(Payload::Stream { payload: Box::pin(inlet.clone()) });
        Some(inlet)
    }
}

impl Stream for Inlet {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<Self::Item>> {
        Pin::new(&mut *self.0.borrow_mut()).poll_next(cx)
    }
}

/// A response body that ends when the request has come in whole, or soon.
pub struct Lingering {
    body: BoxBody,
    inlet: Inlet,
    /// Runs once the response is complete.
    patience: Option<Pin<Box<Sleep>>>,
}

impl Lingering {
    pub fn new(body: BoxBody, inlet: Inlet) -> Self {
        Self { body, inlet, patience: None }
    }
}

impl MessageBody for Lingering {
    type Error = Box<dyn Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let this = self.get_mut();
        if this.patience.is_none() {
            match Pin::new(&mut this.body).poll_next(cx) {
                Poll::Ready(None) => {}
                more => return more,
            }
        }
        let patience = this.patience.get_or_insert_with(|| Box::pin(sleep(LINGER)));
        loop {
            match Pin::new(&mut this.inlet).poll_next(cx) {
                Poll::Ready(Some(Ok(_unwanted))) => {}
                Poll::Ready(_) => return Poll::Ready(None),
                Poll::Pending => return patience.as_mut().poll(cx).map(|()| None),
            }
        }
    }
}
