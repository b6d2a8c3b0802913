//! What becomes of a request that wants its socket for itself: the App decides as about any other request, and when it agrees, the
//! socket leaves actix-http with all its buffers.
//!
//! actix-web's own server has no place for this: there a WebSocket is the body of a response, and goes through the
//! dispatcher of actix-http and a copy with every write.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_codec::{AsyncRead, AsyncWrite, Framed};
use actix_http::body::{BodySize, BoxBody, MessageBody};
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, HttpMessage, Method, Request, Response};
use actix_service::Service;
use actix_web::dev::ServiceResponse;
use bytes::Bytes;
use futures_util::SinkExt;
use futures_util::future::LocalBoxFuture;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use crate::census::Seat;
use crate::ws::{Accepted, Io, Postman};

/// How long a client that was refused may still send what nobody wants: closing a socket with unread bytes makes the kernel throw
/// the answer away.
const LINGER: Duration = Duration::from_secs(1);

/// Marks a request whose socket can be had.
pub struct Upgradable;

/// See the module. One a worker.
pub struct Upgrades<S> {
    app: Rc<S>,
    postman: Rc<Postman>,
}

impl<S> Upgrades<S> {
    pub fn new(app: S) -> Self {
        Self { app: Rc::new(app), postman: Postman::start() }
    }
}

impl<T, S, B> Service<(Request, Framed<T, Codec>)> for Upgrades<S>
where
    T: AsyncRead + AsyncWrite + Into<Io> + Unpin + 'static,
    S: Service<Request, Response = ServiceResponse<B>> + 'static,
    S::Error: Into<Response<BoxBody>>,
    B: MessageBody + 'static,
{
    type Response = ();
    type Error = S::Error;
    type Future = LocalBoxFuture<'static, Result<(), S::Error>>;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.app.poll_ready(cx)
    }

    fn call(&self, (request, mut framed): (Request, Framed<T, Codec>)) -> Self::Future {
        let (app, postman) = (self.app.clone(), self.postman.clone());
        Box::pin(async move {
            request.extensions_mut().insert(Upgradable);
            // actix-http forgets the connection now; it is still one of its address.
            let seat = request.conn_data::<Rc<Seat>>().cloned();
            let has_body = request.method() != Method::HEAD;
            let mut response = match app.call(request).await {
                Ok(response) => Response::from(response).map_into_boxed_body(),
                Err(error) => error.into(),
            };
            let accepted = response.extensions_mut().remove::<Accepted>();
            let (head, body) = response.into_parts();
            match accepted {
                Some(accepted) => {
                    if framed.send(Message::Item((head, BodySize::Stream))).await.is_ok() {
                        let (io, first) = take_out(framed);
                        accepted.serve(&postman, io, first).await;
                    }
                    // Where it was counted: as a connection, or behind a proxy (`Seated`).
                    drop((seat, body));
                }
                // It may have gone already, and hears nothing then.
                None => drop(Box::pin(refuse(head, body, has_body, framed)).await),
            }
            Ok(())
        })
    }
}

/// The socket, and what was read from it already. The buffers of actix-http go.
fn take_out<T: Into<Io>>(framed: Framed<T, Codec>) -> (Io, Bytes) {
    let parts = framed.into_parts();
    (parts.io.into(), Bytes::copy_from_slice(&parts.read_buf))
}

/// Answers without an upgrade; the connection ends.
async fn refuse<T: AsyncRead + AsyncWrite + Unpin>(
    mut head: Response<()>,
    body: BoxBody,
    has_body: bool,
    mut framed: Framed<T, Codec>,
) -> std::io::Result<()> {
    head.head_mut().set_connection_type(ConnectionType::Close);
    framed.send(Message::Item((head, body.size()))).await?;
    if has_body {
        let mut body = pin!(body);
        while let Some(chunk) = poll_fn(|cx| body.as_mut().poll_next(cx)).await {
            let chunk = chunk.map_err(|error| std::io::Error::other(error.to_string()))?;
            framed.send(Message::Chunk(Some(chunk))).await?;
        }
        framed.send(Message::Chunk(None)).await?;
    }
    let mut io = framed.into_parts().io;
    io.shutdown().await?;
    let mut unwanted = [0; 1024];
    let lingering = async {
        while io.read(&mut unwanted).await? > 0 {}
        Ok(())
    };
    timeout(LINGER, lingering).await.unwrap_or(Ok(()))
}
