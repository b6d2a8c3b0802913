//! What a process uses, from `/proc`; and how many files this one may open.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use serde::Serialize;

use crate::LabError;

/// The kernel counts processor time in hundredths of a second (USER_HZ).
const TICKS_A_SECOND: f64 = 100.0;
/// Files that are open beside the bots' sockets.
const OTHER_FILES: u64 = 64;

/// What a process used while it was watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Usage {
    pub max_rss_mib: f64,
    /// Processor time, all threads together.
    pub cpu_secs: f64,
    /// Processor time by time on the clock: 1 is one core busy throughout.
    pub cores: f64,
}

/// What a process uses at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Load {
    pub rss_mib: f64,
    /// Since the look before.
    pub cores: f64,
}

/// Watches one process, or one after the other.
#[derive(Debug)]
pub struct Watch {
    pid: u32,
    last_cpu_secs: Option<f64>,
    last_at: f64,
    usage: Usage,
}

impl Watch {
    pub fn new(pid: u32) -> Self {
        Self { pid, last_cpu_secs: cpu_secs(pid), last_at: 0.0, usage: Usage::default() }
    }

    /// Another process took its place.
    pub fn follow(&mut self, pid: u32) {
        // A new one used nothing before.
        (self.pid, self.last_cpu_secs) = (pid, Some(0.0));
    }

    /// Looks once, `at` seconds after the beginning. `None` for a process that has gone.
    pub fn look(&mut self, at: f64) -> Option<Load> {
        let took = (at - self.last_at).max(0.001);
        self.last_at = at;
        let (rss_mib, now) = (rss_mib(self.pid)?, cpu_secs(self.pid)?);
        let used = now - self.last_cpu_secs.replace(now).unwrap_or(now);
        self.usage.max_rss_mib = self.usage.max_rss_mib.max(rss_mib);
        self.usage.cpu_secs += used;
        self.usage.cores = self.usage.cpu_secs / at.max(0.001);
        Some(Load { rss_mib, cores: used / took })
    }

    pub fn usage(&self) -> Usage {
        self.usage
    }
}

/// Allows this process as many open files as it may, and refuses to begin with too few.
///
/// # Errors
/// [`LabError::Files`] when so many bots can't have a socket each.
pub fn room_for_sockets(bots: usize) -> Result<(), LabError> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let allowed = match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(_) => limit.current,
    };
    let needed = bots as u64 + OTHER_FILES;
    match allowed {
        Some(allowed) if allowed < needed => Err(LabError::Files { bots, needed, allowed }),
        _ => Ok(()),
    }
}

fn rss_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}

fn cpu_secs(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in brackets may hold spaces; utime and stime are the 12th and 13th fields after it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |index: usize| fields.get(index)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / TICKS_A_SECOND)
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::{Watch, room_for_sockets};

    #[test]
    fn this_very_process_uses_something() {
        let mut watch = Watch::new(std::process::id());
        assert!(watch.look(1.0).unwrap().rss_mib > 0.5, "{:?}", watch.usage());
        assert!(watch.usage().max_rss_mib > 0.5);
    }

    #[test]
    fn a_process_that_is_gone_is_not_seen() {
        let mut watch = Watch::new(u32::MAX);
        assert_eq!(watch.look(1.0), None);
        watch.follow(std::process::id());
        assert!(watch.look(2.0).is_some());
    }

    #[test]
    fn more_sockets_than_files_are_refused() {
        room_for_sockets(10).unwrap();
        let error = room_for_sockets(usize::MAX / 2).map_err(|error| error.to_string());
        assert!(error.is_ok() || error.unwrap_err().contains("ulimit -n"));
    }
}
