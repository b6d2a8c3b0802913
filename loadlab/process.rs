//! What the server's process uses, from `/proc`.

use std::fs;

use serde::Serialize;

/// The kernel counts processor time in hundredths of a second (USER_HZ).
const TICKS_A_SECOND: f64 = 100.0;

/// What a process used while it was watched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Usage {
    pub max_rss_mib: f64,
    /// Processor time, all threads together.
    pub cpu_secs: f64,
    /// Processor time by time on the clock: 1 is one core busy throughout.
    pub cores: f64,
}

/// Watches one process.
#[derive(Debug)]
pub struct Watch {
    pid: u32,
    began_cpu_secs: Option<f64>,
    usage: Usage,
}

impl Watch {
    pub fn new(pid: u32) -> Self {
        Self { pid, began_cpu_secs: cpu_secs(pid), usage: Usage::default() }
    }

    /// Looks once; a process that has gone changes nothing.
    pub fn look(&mut self, watched_secs: f64) {
        if let Some(rss) = rss_mib(self.pid) {
            self.usage.max_rss_mib = self.usage.max_rss_mib.max(rss);
        }
        if let (Some(began), Some(now)) = (self.began_cpu_secs, cpu_secs(self.pid)) {
            self.usage.cpu_secs = now - began;
            self.usage.cores = self.usage.cpu_secs / watched_secs.max(0.001);
        }
    }

    pub fn usage(&self) -> Usage {
        self.usage
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
    use super::Watch;

    #[test]
    fn this_very_process_uses_something() {
        let mut watch = Watch::new(std::process::id());
        watch.look(1.0);
        assert!(watch.usage().max_rss_mib > 0.5, "{:?}", watch.usage());
    }
}
