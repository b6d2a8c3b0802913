//! The way to a server: a TCP connection, TLS where the address asks for it, and the WebSocket on it.

use std::io;

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio_tungstenite::tungstenite::Error;
use tokio_tungstenite::tungstenite::client::ClientRequestBuilder;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::http::Uri;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::{ClientError, Options};

pub(crate) type Dialled = Result<(WebSocketStream<MaybeTlsStream<TcpStream>>, Response), Error>;

/// Connects to `uri`, which `request` is for.
///
/// # Errors
/// [`ClientError::Address`] when the system trusts nobody; what the network says is inside.
pub(crate) async fn dial(
    uri: &Uri,
    request: ClientRequestBuilder,
    config: WebSocketConfig,
    options: &Options,
) -> Result<Dialled, ClientError> {
    let secure = uri.scheme_str() == Some("wss");
    match connect(uri, secure, options).await {
        Ok(stream) => upgrade(request, stream, config, secure).await,
        Err(error) => Ok(Err(Error::Io(error))),
    }
}

async fn connect(uri: &Uri, secure: bool, options: &Options) -> io::Result<TcpStream> {
    // An IPv6 address stands in brackets there.
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
    let stream = match options.receive_buffer_bytes {
        None => TcpStream::connect((host, port)).await?,
        Some(bytes) => connect_with(host, port, bytes).await?,
    };
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// The buffer's size has to be said before the connection is made: its window depends on it.
async fn connect_with(host: &str, port: u16, buffer_bytes: u32) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, format!("{host} has no address"));
    for address in lookup_host((host, port)).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_recv_buffer_size(buffer_bytes)?;
        match socket.connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

#[cfg(feature = "tls")]
async fn upgrade(
    request: ClientRequestBuilder,
    stream: TcpStream,
    config: WebSocketConfig,
    secure: bool,
) -> Result<Dialled, ClientError> {
    use tokio_tungstenite::{Connector, client_async_tls_with_config};

    let connector = secure.then(crate::tls::config).transpose()?.map(Connector::Rustls);
    Ok(client_async_tls_with_config(request, stream, Some(config), connector).await)
}

#[cfg(not(feature = "tls"))]
async fn upgrade(
    request: ClientRequestBuilder,
    stream: TcpStream,
    config: WebSocketConfig,
    _: bool,
) -> Result<Dialled, ClientError> {
    let stream = MaybeTlsStream::Plain(stream);
    Ok(tokio_tungstenite::client_async_with_config(request, stream, Some(config)).await)
}
