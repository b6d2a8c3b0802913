//! Log lines: UTC time, level, target, message; to standard error, and to a file that is moved aside when it is large.

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use actors::clock::Clock;
use actors::limits::Buckets;
use actors::options::Rate;
use env_logger::{Builder, Logger, Target};
use log::{Log, Metadata, Record};

use crate::settings::Logs;

/// Starts logging for the whole process.
///
/// # Errors
/// The log file can't be opened, or logging was started before.
pub fn start(settings: &Logs) -> io::Result<()> {
    let file = match settings.file.as_str() {
        "" => None,
        path => Some(Rotating::open(Path::new(path), settings.max_mib * 1024 * 1024, settings.keep)?),
    };
    let logger = Builder::new()
        // What is no HTTP is its sender's mistake; the library calls it an error of ours.
        .filter_module("actix_http::h1::dispatcher", log::LevelFilter::Off)
        .parse_filters(&settings.level)
        .target(Target::Pipe(Box::new(Tee { file })))
        .format(|out, record| {
            let message = one_line(&record.args().to_string());
            let time = out.timestamp_millis();
            writeln!(out, "{time} {:5} {}: {message}", record.level(), record.target())
        })
        .build();
    log::set_max_level(logger.filter());
    log::set_boxed_logger(Box::new(Limited::new(logger, settings.lines_per_sec)))
        .map_err(io::Error::other)?;
    // A defect is a line like any other, in the file too.
    std::panic::set_hook(Box::new(|panic| log::error!(target: "panic", "{panic}")));
    Ok(())
}

/// What came from outside must not begin a line of its own or move the cursor of whoever reads.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() { line.extend(character.escape_default()) } else { line.push(character) }
    }
    line
}

/// Leaves out lines of a source that says too much, and says how many.
struct Limited {
    logger: Logger,
    limiter: Option<Buckets<String>>,
    left_out: Mutex<HashMap<String, u64>>,
}

impl Limited {
    fn new(logger: Logger, lines_per_sec: u32) -> Self {
        let rate = (lines_per_sec > 0).then(|| Rate::new(lines_per_sec, 1000 / u64::from(lines_per_sec)));
        let limiter = rate.map(|rate| Buckets::new(rate, Clock::system()));
        Self { logger, limiter, left_out: Mutex::default() }
    }

    /// How many lines of `source` were left out before this one, or `None` when this one is left out too.
    fn pass(&self, source: &str) -> Option<u64> {
        let Some(limiter) = &self.limiter else { return Some(0) };
        let mut left_out = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        if limiter.take(&source.to_owned()).is_ok() {
            return Some(left_out.remove(source).unwrap_or(0));
        }
        *left_out.entry(source.to_owned()).or_insert(0) += 1;
        None
    }
}

impl Log for Limited {
    fn enabled(&self, metadata: &Metadata) -> bool {
        self.logger.enabled(metadata)
    }

    fn log(&self, record: &Record) {
        if !self.logger.matches(record) {
            return;
        }
        let Some(left_out) = self.pass(record.target()) else { return };
        if left_out > 0 {
            let mut note = Record::builder();
            note.level(log::Level::Warn).target(record.target());
            self.logger.log(&note.args(format_args!("{left_out} lines from here were left out")).build());
        }
        self.logger.log(record);
    }

    fn flush(&self) {
        self.logger.flush();
    }
}

/// Standard error always, the file where there is one.
struct Tee {
    file: Option<Rotating>,
}

impl Write for Tee {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        // A full disk must cost the file its lines, not the server its standard error; and the other way round.
        let _ = io::stderr().write_all(line);
        if let Some(file) = &mut self.file {
            let _ = file.write_line(line);
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `FILE` is the current one; `FILE.1` the one before, and so on.
struct Rotating {
    path: PathBuf,
    file: File,
    bytes: u64,
    bytes_max: u64,
    keep: usize,
}

impl Rotating {
    fn open(path: &Path, bytes_max: u64, keep: usize) -> io::Result<Self> {
        let file = append_to(path)?;
        let bytes = file.metadata()?.len();
        Ok(Self { path: path.to_owned(), file, bytes, bytes_max, keep })
    }

    fn write_line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.bytes > 0 && self.bytes + line.len() as u64 > self.bytes_max {
            self.rotate()?;
        }
        self.file.write_all(line)?;
        self.bytes += line.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        for number in (0..self.keep.saturating_sub(1)).rev() {
            // The first ones do not exist yet.
            let _ = std::fs::rename(self.numbered(number), self.numbered(number + 1));
        }
        if self.keep <= 1 {
            std::fs::remove_file(&self.path)?;
        }
        self.file = append_to(&self.path)?;
        self.bytes = self.file.metadata()?.len();
        Ok(())
    }

    fn numbered(&self, number: usize) -> PathBuf {
        match number {
            0 => self.path.clone(),
            _ => {
                let mut name = self.path.as_os_str().to_owned();
                name.push(format!(".{number}"));
                name.into()
            }
        }
    }
}

fn append_to(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.create(true).append(true).open(path)
}

#[cfg(test)]
mod tests {
    use env_logger::Builder;

    use super::{Limited, Rotating, one_line};

    #[test]
    fn nothing_in_a_message_can_begin_another_line() {
        assert_eq!(one_line("a\r\nb\x1b[31m"), "a\\r\\nb\\u{1b}[31m");
        assert_eq!(one_line("Zoë"), "Zoë");
    }

    #[test]
    fn a_chatty_source_is_cut_and_its_neighbour_is_not() {
        let limited = Limited::new(Builder::new().build(), 100);
        let passed = (0..1000).filter(|_| limited.pass("chatty").is_some()).count();
        // A slow machine lets a few more through while it counts.
        assert!((100..1000).contains(&passed), "{passed}");
        assert_eq!(limited.pass("quiet"), Some(0));
        let unlimited = Limited::new(Builder::new().build(), 0);
        assert!((0..1000).all(|_| unlimited.pass("chatty") == Some(0)));
    }

    #[test]
    fn a_large_file_moves_aside_and_only_so_many_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("log");
        let mut log = Rotating::open(&path, 10, 3).unwrap();
        for line in ["first 7\n", "second\n", "third\n", "fourth\n"] {
            log.write_line(line.as_bytes()).unwrap();
        }
        let read = |name: &str| std::fs::read_to_string(directory.path().join(name)).unwrap();
        assert_eq!(
            (read("log"), read("log.1"), read("log.2")),
            ("fourth\n".into(), "third\n".into(), "second\n".into())
        );
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 3);
        let reopened = Rotating::open(&path, 10, 3).unwrap();
        assert_eq!(reopened.bytes, 7);
    }
}
