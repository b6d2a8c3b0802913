//! The socket under a WebSocket: plain, or with TLS on it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use actix_rt::net::TcpStream;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

#[cfg(feature = "tls")]
type TlsStream = actix_tls::accept::rustls_0_23::TlsStream<TcpStream>;

/// See the module.
pub enum Io {
    Plain(TcpStream),
    #[cfg(feature = "tls")]
    Tls(Box<TlsStream>),
}

impl From<TcpStream> for Io {
    fn from(stream: TcpStream) -> Self {
        Self::Plain(stream)
    }
}

#[cfg(feature = "tls")]
impl From<TlsStream> for Io {
    fn from(stream: TlsStream) -> Self {
        Self::Tls(Box::new(stream))
    }
}

impl Io {
    /// Writes what the socket takes now. `task` is woken when a socket with TLS that took nothing can take more; a plain one has to
    /// be asked by [`AsyncWrite::poll_write`].
    ///
    /// # Errors
    /// `WouldBlock` when it takes nothing; others when it is broken.
    #[cfg_attr(not(feature = "tls"), expect(unused_variables))]
    pub fn write_now(&mut self, bytes: &[u8], task: &Waker) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.try_write(bytes),
            #[cfg(feature = "tls")]
            Self::Tls(_) => {
                let cx = &mut Context::from_waker(task);
                let mut written = 0;
                while written < bytes.len() {
                    match Pin::new(&mut *self).poll_write(cx, &bytes[written..]) {
                        Poll::Ready(taken) => written += taken?,
                        Poll::Pending if written == 0 => return Err(io::ErrorKind::WouldBlock.into()),
                        Poll::Pending => break,
                    }
                }
                // What is left of it under TLS goes before all that is written later.
                match Pin::new(self).poll_flush(cx) {
                    Poll::Ready(Err(error)) => Err(error),
                    _ => Ok(written),
                }
            }
        }
    }

    /// The socket itself, for its options.
    pub fn socket(&self) -> SockRef<'_> {
        match self {
            Self::Plain(stream) => SockRef::from(stream),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => SockRef::from(stream.get_ref().0),
        }
    }

    fn stream(&mut self) -> Pin<&mut dyn Stream> {
        match self {
            Self::Plain(stream) => Pin::new(stream),
            #[cfg(feature = "tls")]
            Self::Tls(stream) => Pin::new(stream.as_mut()),
        }
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin {}

impl<S: AsyncRead + AsyncWrite + Unpin> Stream for S {}

impl AsyncRead for Io {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context, into: &mut ReadBuf) -> Poll<io::Result<()>> {
        self.stream().poll_read(cx, into)
    }
}

impl AsyncWrite for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.stream().poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        self.stream().poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<io::Result<()>> {
        self.stream().poll_shutdown(cx)
    }
}
