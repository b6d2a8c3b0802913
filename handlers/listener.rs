//! The listening socket, with the options that every accepted connection inherits.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, Type};

/// What the kernel is told about each connection.
#[derive(Debug, Clone)]
pub struct TcpOptions {
    /// A connection whose peer takes no data for so long is cut.
    pub user_timeout: Duration,
    /// Unsent bytes that the kernel keeps before it says "full". Without it the kernel hides megabytes
    /// of backlog from the outbox.
    pub notsent_lowat: u32,
    /// Bytes.
    pub sndbuf: usize,
    pub backlog: i32,
}

/// Listens at `address`; port 0 takes a free one.
///
/// # Errors
/// The address is taken, not ours, or needs privileges.
pub fn bind(address: SocketAddr, options: &TcpOptions) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // A restart must not wait for the connections of the process before it to fade.
    #[cfg(unix)]
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_send_buffer_size(options.sndbuf)?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(options.user_timeout))?;
        socket.set_tcp_notsent_lowat(options.notsent_lowat)?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(options.backlog)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::net::TcpStream;
    use std::time::Duration;

    use socket2::SockRef;

    use super::{TcpOptions, bind};

    const OPTIONS: TcpOptions =
        TcpOptions { user_timeout: Duration::from_secs(8), notsent_lowat: 16384, sndbuf: 65536, backlog: 16 };

    #[test]
    fn an_accepted_connection_inherits_the_options() {
        let listener = bind("127.0.0.1:0".parse().unwrap(), &OPTIONS).unwrap();
        listener.set_nonblocking(false).unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        let socket = SockRef::from(&accepted);
        assert!(socket.tcp_nodelay().unwrap());
        // Linux doubles what it is asked for.
        assert_eq!(socket.send_buffer_size().unwrap(), 2 * 65536);
        #[cfg(target_os = "linux")]
        {
            assert_eq!(socket.tcp_user_timeout().unwrap(), Some(OPTIONS.user_timeout));
            assert_eq!(socket.tcp_notsent_lowat().unwrap(), 16384);
        }
    }

    #[test]
    fn a_busy_port_is_an_error_at_once() {
        let first = bind("127.0.0.1:0".parse().unwrap(), &OPTIONS).unwrap();
        let error = bind(first.local_addr().unwrap(), &OPTIONS).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    }
}
