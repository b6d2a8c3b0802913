//! The floor's loop: accept, upgrade, read, write.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use super::Mode;
use crate::bare::frame::{self, BINARY, CLOSE, PING, PONG, TEXT, accept_key, head};

const LISTENER: Token = Token(usize::MAX);
const READ_BYTES: usize = 256 * 1024;
/// A member that doesn't read so much is dropped: the floor keeps nothing for anybody.
const UNSENT_MAX: usize = 16 << 20;

/// What to write, and when.
#[derive(Debug, Clone, Copy)]
pub struct Floor {
    pub mode: Mode,
    pub frame_bytes: usize,
    pub hz: u32,
}

#[derive(Debug)]
struct Member {
    socket: TcpStream,
    open: bool,
    /// The beginning of a request or a frame.
    carried: Vec<u8>,
    unsent: Vec<u8>,
}

struct Server {
    poll: Poll,
    mode: Mode,
    frame: Vec<u8>,
    /// Many of them one after the other, as often as was needed.
    frames: Vec<u8>,
    members: Vec<Option<Member>>,
}

/// Serves for so long.
///
/// # Errors
/// epoll failed, or the listener did.
pub fn serve(listener: TcpListener, floor: &Floor, lasts: Duration) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut listener = mio::net::TcpListener::from_std(listener);
    let poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut frame = Vec::new();
    frame::write(&mut frame, TEXT, &vec![b'.'; floor.frame_bytes], None);
    let mut server = Server { poll, mode: floor.mode, frames: frame.clone(), frame, members: Vec::new() };
    let (mut events, mut scratch) = (Events::with_capacity(1024), vec![0; READ_BYTES]);
    let (end, period) = (Instant::now() + lasts, Duration::from_secs(1) / floor.hz);
    let mut tick = Instant::now() + period;
    loop {
        let now = Instant::now();
        if now >= end {
            return Ok(());
        }
        let until = if floor.mode == Mode::World { tick.min(end) } else { end };
        match server.poll.poll(&mut events, Some(until.saturating_duration_since(now))) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            other => other?,
        }
        if floor.mode == Mode::World && Instant::now() >= tick {
            tick += period;
            server.tell_all(1);
        }
        for event in &events {
            if event.token() == LISTENER {
                server.accept(&listener)?;
                continue;
            }
            let Token(index) = event.token();
            if event.is_readable() || event.is_read_closed() {
                server.read(index, &mut scratch);
            }
            if event.is_writable() {
                server.write(index, 0, false);
            }
        }
    }
}

impl Server {
    fn accept(&mut self, listener: &mio::net::TcpListener) -> io::Result<()> {
        loop {
            let mut socket = match listener.accept() {
                Ok((socket, _)) => socket,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            socket.set_nodelay(true)?;
            let index = self.members.iter().position(Option::is_none).unwrap_or(self.members.len());
            let interest = Interest::READABLE | Interest::WRITABLE;
            self.poll.registry().register(&mut socket, Token(index), interest)?;
            let member = Member { socket, open: false, carried: Vec::new(), unsent: Vec::new() };
            if index == self.members.len() {
                self.members.push(None);
            }
            self.members[index] = Some(member);
        }
    }

    fn read(&mut self, index: usize, scratch: &mut [u8]) {
        loop {
            let Some(member) = self.members.get_mut(index).and_then(Option::as_mut) else { return };
            let read = match member.socket.read(scratch) {
                Ok(0) => return self.members[index] = None,
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return self.members[index] = None,
            };
            match member.take(&scratch[..read]) {
                Ok(0) => {}
                Ok(messages) => self.react(index, messages),
                Err(_) => return self.members[index] = None,
            }
            if read < scratch.len() {
                return;
            }
        }
    }

    fn react(&mut self, index: usize, messages: usize) {
        match self.mode {
            Mode::Echo => self.write(index, messages, false),
            Mode::EchoSingle => self.write(index, messages, true),
            Mode::Room => self.tell_all(messages),
            Mode::RoomSingle => (0..messages).for_each(|_| self.tell_all(1)),
            Mode::World | Mode::Idle => {}
        }
    }

    fn tell_all(&mut self, messages: usize) {
        for index in 0..self.members.len() {
            if self.members[index].as_ref().is_some_and(|member| member.open) {
                self.write(index, messages, false);
            }
        }
    }

    /// Writes what is unsent and so many frames, all at once or each by itself.
    fn write(&mut self, index: usize, messages: usize, single: bool) {
        while self.frames.len() < self.frame.len() * messages {
            self.frames.extend_from_slice(&self.frame);
        }
        let Some(member) = self.members.get_mut(index).and_then(Option::as_mut) else { return };
        let step = if single { self.frame.len() } else { self.frame.len() * messages };
        let all = &self.frames[..self.frame.len() * messages];
        let pieces = all.chunks(step.max(1)).try_for_each(|piece| member.write(piece));
        if member.flush().and(pieces).is_err() {
            self.members[index] = None;
        }
    }
}

impl Member {
    /// How many messages these bytes complete.
    fn take(&mut self, bytes: &[u8]) -> Result<usize, &'static str> {
        if self.carried.is_empty() && self.open {
            let (used, messages) = self.walk(bytes)?;
            self.carried.extend_from_slice(&bytes[used..]);
            return Ok(messages);
        }
        let mut joined = std::mem::take(&mut self.carried);
        joined.extend_from_slice(bytes);
        if !self.open {
            let Some(end) = joined.windows(4).position(|four| four == b"\r\n\r\n") else {
                self.carried = joined;
                return if self.carried.len() > 8192 { Err("no end of head") } else { Ok(0) };
            };
            self.upgrade(&joined[..end])?;
            joined.drain(..end + 4);
        }
        let (used, messages) = self.walk(&joined)?;
        joined.drain(..used);
        self.carried = joined;
        Ok(messages)
    }

    fn walk(&mut self, bytes: &[u8]) -> Result<(usize, usize), &'static str> {
        let (mut at, mut messages) = (0, 0);
        while let Some(head) = head(&bytes[at..])? {
            let begin = at + head.head_len;
            let Some(payload) = bytes.get(begin..begin + head.payload_len) else { break };
            match head.opcode {
                TEXT | BINARY => messages += 1,
                CLOSE => return Err("it is leaving"),
                PING => {
                    let mut pong = Vec::new();
                    let mut payload = payload.to_vec();
                    frame::apply_mask(&mut payload, head.mask.unwrap_or_default());
                    frame::write(&mut pong, PONG, &payload, None);
                    self.write(&pong).map_err(|_| "it is gone")?;
                }
                _ => {}
            }
            at = begin + head.payload_len;
        }
        Ok((at, messages))
    }

    fn upgrade(&mut self, request: &[u8]) -> Result<(), &'static str> {
        let request = String::from_utf8_lossy(request);
        let mut fields = request.split("\r\n").filter_map(|line| line.split_once(':'));
        let key = fields.find(|(name, _)| name.eq_ignore_ascii_case("sec-websocket-key"));
        let Some((_, key)) = key else { return Err("no key") };
        let answer = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {}\r\n\r\n",
            accept_key(key.trim())
        );
        self.open = true;
        self.write(answer.as_bytes()).map_err(|_| "it is gone")
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut sent = 0;
        while self.unsent.is_empty() && sent < bytes.len() {
            match self.socket.write(&bytes[sent..]) {
                Ok(more) => sent += more,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.unsent.extend_from_slice(&bytes[sent..]);
        if self.unsent.len() > UNSENT_MAX { Err(ErrorKind::OutOfMemory.into()) } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.unsent.is_empty() {
            return Ok(());
        }
        let unsent = std::mem::take(&mut self.unsent);
        self.write(&unsent)
    }
}
