//! What the server's process and this very thread use, in nanoseconds, from the kernel's own accounts.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A client busier than this may be what is measured, instead of the server.
pub const BUSY_MAX: f64 = 0.85;

/// One look at both.
#[derive(Debug, Clone)]
pub struct Look {
    at: Instant,
    own_cpu: Duration,
    /// What of its own time went by with nothing to do.
    own_idle: Duration,
    /// Time on a processor by thread; `None` without a process to watch, or when it has gone.
    server_cpu: Option<HashMap<u32, u64>>,
}

/// What was used between two looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Used {
    pub wall: Duration,
    /// Time of this thread on a processor with something to do, by the clock on the wall.
    pub client_busy: f64,
    pub server_cpu: Option<Duration>,
}

impl Look {
    /// `idle`: how long this thread has stayed awake for nothing so far.
    pub fn now(server: Option<u32>, idle: Duration) -> Self {
        let spent = clock_gettime(ClockId::ThreadCPUTime);
        let own_cpu = Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec as u32);
        Self { at: Instant::now(), own_cpu, own_idle: idle, server_cpu: server.and_then(thread_times) }
    }

    pub fn used_until(&self, later: &Self) -> Used {
        let wall = later.at - self.at;
        let own_busy = (later.own_cpu - self.own_cpu).saturating_sub(later.own_idle - self.own_idle);
        let client_busy = own_busy.as_secs_f64() / wall.as_secs_f64().max(1e-9);
        let server_cpu = self.server_cpu.as_ref().zip(later.server_cpu.as_ref()).map(|(before, after)| {
            // A thread that began meanwhile counts from zero; one that ended is forgotten.
            let spent = |(thread, time): (&u32, &u64)| time - before.get(thread).unwrap_or(&0);
            Duration::from_nanos(after.iter().map(spent).sum())
        });
        Used { wall, client_busy, server_cpu }
    }
}

/// Whether this machine's kernel holds the end at `own` of a connection with `other`; both IPv4.
pub fn is_held(own: SocketAddr, other: SocketAddr) -> bool {
    let name = |address: SocketAddr| match address.ip() {
        IpAddr::V4(ip) => format!("{:08X}:{:04X}", u32::from_ne_bytes(ip.octets()), address.port()),
        IpAddr::V6(_) => String::new(),
    };
    let ends = format!(" {} {} ", name(own), name(other));
    fs::read_to_string("/proc/net/tcp").is_ok_and(|table| table.contains(&ends))
}

/// Whether a row with such a client says nothing about the server.
pub fn is_void(client_busy: f64) -> bool {
    client_busy > BUSY_MAX
}

/// Time on a processor of each thread of a process, by the scheduler's account.
fn thread_times(process: u32) -> Option<HashMap<u32, u64>> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let times = threads.filter_map(|thread| {
        let thread = thread.ok()?;
        let account = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        let time = account.split_whitespace().next()?.parse().ok()?;
        Some((thread.file_name().to_str()?.parse().ok()?, time))
    });
    Some(times.collect())
}

/// Resident memory of a process, in bytes.
pub fn resident_bytes(process: u32) -> Option<u64> {
    let pages = fs::read_to_string(format!("/proc/{process}/statm")).ok()?;
    let resident: u64 = pages.split_whitespace().nth(1)?.parse().ok()?;
    Some(resident * rustix::param::page_size() as u64)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::time::{Duration, Instant};

    use std::net::{TcpListener, TcpStream};

    use super::{Look, is_held, is_void, resident_bytes};

    #[test]
    fn an_end_is_held_until_it_is_let_go() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let ends = (client.peer_addr().unwrap(), client.local_addr().unwrap());
        let (server, _) = listener.accept().unwrap();
        assert!(is_held(ends.0, ends.1));
        // With a goodbye it would be held until the client has said its own.
        socket2::SockRef::from(&server).set_linger(Some(Duration::ZERO)).unwrap();
        drop(server);
        assert!(!is_held(ends.0, ends.1));
    }

    #[test]
    fn a_busy_client_voids_the_row() {
        let at = Instant::now();
        let look = |wall_ms, busy_ms, server: &[(u32, u64)]| Look {
            at: at + Duration::from_millis(wall_ms),
            own_cpu: Duration::from_millis(wall_ms.max(busy_ms)),
            own_idle: Duration::from_millis(wall_ms.saturating_sub(busy_ms)),
            server_cpu: Some(server.iter().copied().collect::<HashMap<_, _>>()),
        };
        let before = look(0, 0, &[(1, 5), (2, 7)]);
        for (busy_ms, void) in [(0, false), (840, false), (860, true), (1000, true)] {
            let used = before.used_until(&look(1000, busy_ms, &[(1, 10), (3, 100)]));
            assert_eq!(is_void(used.client_busy), void, "{used:?}");
            assert_eq!(used.server_cpu, Some(Duration::from_nanos(105)));
        }
    }

    #[test]
    fn this_very_process_uses_something() {
        let me = Some(std::process::id());
        let before = Look::now(me, Duration::ZERO);
        let mut sum = 0u64;
        while before.used_until(&Look::now(me, Duration::ZERO)).server_cpu.unwrap() < Duration::from_millis(2)
        {
            sum = (0..100_000u64).fold(sum, |sum, number| std::hint::black_box(sum ^ number));
        }
        assert!(before.used_until(&Look::now(None, Duration::ZERO)).server_cpu.is_none());
        assert!(resident_bytes(std::process::id()).unwrap() > 1 << 20);
    }
}
