//! One thread, one epoll, many connections: reads what is there in one go, writes what that caused in one go.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};
use rand::RngExt;
use socket2::{Domain, SockAddr, Socket, Type};

use super::frame::{self, CLOSE, PING, PONG};
use super::gauge;
use super::inbox::{Frame, Inbox};
pub use super::outgoing::Outgoing;

const READ_BYTES: usize = 256 * 1024;
const EVENTS_MAX: usize = 1024;
/// Longer answers to an upgrade are none.
const UPGRADE_MAX: usize = 8 * 1024;
/// So many connections share one source address: there are 28,000 ports to each.
const LINKS_PER_ADDRESS: usize = 8000;

/// What is done with what happens on the connections.
pub trait Handler {
    /// Something happened, and this is when; what it was comes next.
    fn turned(&mut self, _now: Instant) {}
    /// The upgrade was answered well. `out` takes frames for this connection.
    fn opened(&mut self, link: usize, out: &mut Outgoing);
    /// A data frame came.
    fn frame(&mut self, link: usize, frame: Frame, out: &mut Outgoing);
    /// The connection is over, for this reason; not called where [`Engine::cut`] ended it.
    fn closed(&mut self, link: usize, why: String);
}

/// How a connection is asked for.
#[derive(Debug, Clone)]
pub struct Upgrade {
    pub address: SocketAddr,
    /// With a query, where there is one.
    pub path: String,
    pub subprotocol: Option<&'static str>,
    /// Of the kernel's receive buffer; 0 = as it comes.
    pub receive_buffer: usize,
}

#[derive(Debug, Default)]
enum Stage {
    #[default]
    Closed,
    Connecting {
        request: Vec<u8>,
        accept: String,
    },
    Upgrading {
        answer: Vec<u8>,
        accept: String,
    },
    Open,
}

#[derive(Debug, Default)]
struct Link {
    socket: Option<TcpStream>,
    stage: Stage,
    inbox: Inbox,
    out: Outgoing,
    /// Doesn't read.
    stopped: bool,
    pings: u32,
}

/// The connections and what they wait on.
#[derive(Debug)]
pub struct Engine {
    poll: Poll,
    events: Events,
    links: Vec<Link>,
    scratch: Vec<u8>,
    /// Looks again and again instead of sleeping until something happens.
    awake: bool,
    /// Time spent looking and finding nothing.
    pub idle: Duration,
    pub bytes_in: u64,
    pub reads: u64,
    pub writes: u64,
}

impl Engine {
    /// # Errors
    /// The system has no epoll left.
    pub fn new(links: usize) -> io::Result<Self> {
        let mut all = Vec::new();
        all.resize_with(links, Link::default);
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(EVENTS_MAX),
            links: all,
            scratch: vec![0; READ_BYTES],
            awake: false,
            idle: Duration::ZERO,
            bytes_in: 0,
            reads: 0,
            writes: 0,
        })
    }

    /// Begins to connect. What becomes of it is told to the handler.
    ///
    /// # Errors
    /// No socket is left, or no port.
    pub fn connect(&mut self, index: usize, upgrade: &Upgrade) -> io::Result<()> {
        let socket = Socket::new(Domain::for_address(upgrade.address), Type::STREAM.nonblocking(), None)?;
        socket.set_tcp_nodelay(true)?;
        if upgrade.receive_buffer > 0 {
            socket.set_recv_buffer_size(upgrade.receive_buffer)?;
        }
        let alias = (index / LINKS_PER_ADDRESS) as u8;
        if alias > 0 && upgrade.address.ip() == IpAddr::V4(Ipv4Addr::LOCALHOST) {
            socket.bind(&SocketAddr::from((Ipv4Addr::new(127, 0, 0, 1 + alias), 0)).into())?;
        }
        match socket.connect(&SockAddr::from(upgrade.address)) {
            Ok(()) => {}
            Err(error) if error.raw_os_error() == Some(IN_PROGRESS) => {}
            Err(error) => return Err(error),
        }
        let mut socket = TcpStream::from_std(socket.into());
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket, Token(index), interest)?;
        let key = frame::upgrade_key(rand::rng().random());
        let Upgrade { address, path, subprotocol, .. } = upgrade;
        let wanted =
            subprotocol.map_or_else(String::new, |name| format!("Sec-WebSocket-Protocol: {name}\r\n"));
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{wanted}\r\n"
        );
        let stage = Stage::Connecting { request: request.into_bytes(), accept: frame::accept_key(&key) };
        let out = Outgoing::default();
        let inbox = Inbox::new(true);
        self.links[index] = Link { socket: Some(socket), stage, inbox, out, stopped: false, pings: 0 };
        Ok(())
    }

    /// Whether this one's frames are wanted whole.
    pub fn look_at(&mut self, index: usize, whole: bool) {
        self.links[index].inbox.whole = whole;
    }

    /// Stops reading from this one, as a client that hangs.
    pub fn stop_reading(&mut self, index: usize) {
        self.links[index].stopped = true;
    }

    /// Ends a connection as a cut cable would, without a word.
    pub fn cut(&mut self, index: usize) {
        self.links[index] = Link::default();
    }

    /// How often the server has pinged this one.
    pub fn pings(&self, index: usize) -> u32 {
        self.links[index].pings
    }

    /// Whether the other end has let this one go. Who doesn't read is not told so: a reset that comes to a full window is not
    /// taken. The kernel of the other end is asked, where it is this machine's; that takes milliseconds where there are
    /// thousands of sockets.
    pub fn is_given_up(&self, index: usize) -> bool {
        let Some(socket) = &self.links[index].socket else { return true };
        let ends = socket.local_addr().and_then(|own| Ok((own, socket.peer_addr()?)));
        ends.is_ok_and(|(own, server)| server.ip().is_loopback() && !gauge::is_held(server, own))
    }

    pub fn is_open(&self, index: usize) -> bool {
        matches!(self.links[index].stage, Stage::Open)
    }

    /// Sends on one connection, unasked.
    pub fn send(&mut self, index: usize, handler: &mut impl Handler, write: impl FnOnce(&mut Outgoing)) {
        write(&mut self.links[index].out);
        self.flush(index, handler);
    }

    /// Whether to stay awake where there is nothing to do. On loopback whoever writes pays for waking a sleeping reader,
    /// 2 to 3 µs a write in a virtual machine, and the slower the server, the more often its readers sleep: no network
    /// charges a server for that.
    pub fn stay_awake(&mut self, awake: bool) {
        self.awake = awake;
    }

    /// Waits for something to happen, at most until `until`, and handles it.
    ///
    /// # Errors
    /// epoll itself failed.
    pub fn turn(&mut self, until: Instant, handler: &mut impl Handler) -> io::Result<()> {
        match self.wait(until) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            other => other?,
        }
        handler.turned(Instant::now());
        let events = std::mem::replace(&mut self.events, Events::with_capacity(0));
        for event in &events {
            let Token(index) = event.token();
            if event.is_writable() {
                self.begin(index, handler);
            }
            if event.is_error() && self.links[index].stopped {
                self.close(index, "the server gave it up".to_owned(), handler);
            }
            if event.is_readable() || event.is_read_closed() || event.is_error() {
                self.read(index, handler);
            }
            self.flush(index, handler);
        }
        self.events = events;
        Ok(())
    }

    fn wait(&mut self, until: Instant) -> io::Result<()> {
        let mut now = Instant::now();
        if !self.awake {
            // epoll counts in milliseconds, and mio rounds up: what is due is up to one late, and measured as late.
            return self.poll.poll(&mut self.events, Some(until.saturating_duration_since(now)));
        }
        loop {
            self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
            if !self.events.is_empty() {
                return Ok(());
            }
            let later = Instant::now();
            self.idle += later - now;
            now = later;
            if now >= until {
                return Ok(());
            }
        }
    }

    /// The connection stands: asks for the upgrade.
    fn begin(&mut self, index: usize, handler: &mut impl Handler) {
        let link = &mut self.links[index];
        let (Some(socket), Stage::Connecting { .. }) = (&mut link.socket, &link.stage) else { return };
        if let Ok(Some(error)) = socket.take_error() {
            self.close(index, format!("no connection: {error}"), handler);
            return;
        }
        if socket.peer_addr().is_err() {
            return;
        }
        if let Stage::Connecting { request, accept } = std::mem::take(&mut link.stage) {
            link.out.bytes = request;
            link.stage = Stage::Upgrading { answer: Vec::new(), accept };
        }
    }

    fn read(&mut self, index: usize, handler: &mut impl Handler) {
        loop {
            let link = &mut self.links[index];
            let Some(socket) = &mut link.socket else { return };
            if link.stopped {
                return;
            }
            self.reads += 1;
            let read = match socket.read(&mut self.scratch) {
                Ok(0) => return self.close(index, "the server ended the connection".to_owned(), handler),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => return self.close(index, error.to_string(), handler),
            };
            self.bytes_in += read as u64;
            if let Err(why) = link.take(index, &self.scratch[..read], handler) {
                return self.close(index, why, handler);
            }
            // A short read has emptied the socket; epoll tells of what comes later.
            if read < self.scratch.len() {
                return;
            }
        }
    }

    fn flush(&mut self, index: usize, handler: &mut impl Handler) {
        let link = &mut self.links[index];
        let (Some(socket), false) = (&mut link.socket, matches!(link.stage, Stage::Connecting { .. })) else {
            return;
        };
        while link.out.sent < link.out.bytes.len() {
            self.writes += 1;
            match socket.write(&link.out.bytes[link.out.sent..]) {
                Ok(sent) => link.out.sent += sent,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return self.close(index, error.to_string(), handler),
            }
        }
        link.out.bytes.clear();
        link.out.sent = 0;
    }

    fn close(&mut self, index: usize, why: String, handler: &mut impl Handler) {
        self.links[index] = Link::default();
        handler.closed(index, why);
    }
}

/// What a connection that does not wait says first (EINPROGRESS).
const IN_PROGRESS: i32 = rustix::io::Errno::INPROGRESS.raw_os_error();

impl Link {
    fn take(&mut self, index: usize, bytes: &[u8], handler: &mut impl Handler) -> Result<(), String> {
        match &mut self.stage {
            Stage::Open => self.show(index, bytes, handler),
            Stage::Upgrading { answer, accept } => {
                answer.extend_from_slice(bytes);
                let Some(end) = answer.windows(4).position(|four| four == b"\r\n\r\n") else {
                    return if answer.len() > UPGRADE_MAX {
                        Err("no end of head".to_owned())
                    } else {
                        Ok(())
                    };
                };
                let (head, rest) = answer.split_at(end + 4);
                upgraded(&String::from_utf8_lossy(head), accept)?;
                let rest = rest.to_vec();
                self.stage = Stage::Open;
                handler.opened(index, &mut self.out);
                self.show(index, &rest, handler)
            }
            Stage::Closed | Stage::Connecting { .. } => Ok(()),
        }
    }

    fn show(&mut self, index: usize, bytes: &[u8], handler: &mut impl Handler) -> Result<(), String> {
        let (inbox, out, pings, mut ended) = (&mut self.inbox, &mut self.out, &mut self.pings, None);
        inbox.feed(bytes, |frame| match frame.opcode {
            PING => {
                *pings += 1;
                frame::write(&mut out.bytes, PONG, frame.shown, Some(out.mask));
            }
            PONG => {}
            CLOSE => ended = Some(close_reason(frame.shown)),
            _ if frame.is_data() => handler.frame(index, frame, out),
            other => ended = Some(format!("a frame with opcode {other}")),
        })?;
        ended.map_or(Ok(()), Err)
    }
}

fn upgraded(head: &str, accept: &str) -> Result<(), String> {
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap_or_default();
    if status.split(' ').nth(1) != Some("101") {
        return Err(format!("the upgrade was refused: {status}"));
    }
    let answer = lines
        .filter_map(|line| line.split_once(':'))
        .find_map(|(name, value)| name.eq_ignore_ascii_case("sec-websocket-accept").then_some(value.trim()));
    if answer == Some(accept) { Ok(()) } else { Err("the answer to the key is wrong".to_owned()) }
}

fn close_reason(payload: &[u8]) -> String {
    match payload {
        &[high, low, ref text @ ..] => {
            format!("closed with {} {}", u16::from_be_bytes([high, low]), String::from_utf8_lossy(text))
        }
        _ => "closed without a code".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{close_reason, upgraded};

    #[test]
    fn only_the_right_answer_opens_a_connection() {
        let good = "HTTP/1.1 101 Switching Protocols\r\nSEC-websocket-accept:  abc=\r\n\r\n";
        assert_eq!(upgraded(good, "abc="), Ok(()));
        assert!(upgraded(good, "abd=").unwrap_err().contains("key"));
        assert!(upgraded("HTTP/1.1 503 Busy\r\n\r\n", "abc=").unwrap_err().contains("503"));
    }

    #[test]
    fn a_close_says_its_code() {
        assert_eq!(close_reason(&[3, 0xF5, b'x']), "closed with 1013 x");
        assert_eq!(close_reason(&[]), "closed without a code");
    }
}
