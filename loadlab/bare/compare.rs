//! `loadlab compare`: rows of many rounds become one page: medians, spreads and ratios, and what counts for nothing.

mod page;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Deserialize;

use super::sequence::Faults;
use crate::LabError;
pub use page::page;

/// `loadlab compare`.
#[derive(Debug, Args)]
pub struct CompareArgs {
    /// Rows as `loadlab bench --json --label "WORK|SERVER"` prints them, one a line
    #[arg(long, value_name = "FILE")]
    rows: PathBuf,
    /// A line about the machine, as `NAME: TEXT`; as often as needed
    #[arg(long, value_name = "LINE")]
    machine: Vec<String>,
    /// Writes the page there instead of printing it
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// One row as it was measured.
#[derive(Debug, Clone, Deserialize)]
pub struct Measured {
    pub label: String,
    pub load: String,
    pub server_cpu_us_per_delivery: Option<f64>,
    pub deliveries_per_s: f64,
    pub server_busy: Option<f64>,
    pub kib_per_session: Option<f64>,
    pub latency: Percentile,
    pub client_busy: f64,
    pub void: bool,
    pub faults: Faults,
    #[serde(default)]
    pub more: Vec<Named>,
}

/// Of a latency.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Percentile {
    pub p99_us: f64,
}

/// A figure that only some rows have.
#[derive(Debug, Clone, Deserialize)]
pub struct Named {
    pub name: String,
    pub value: f64,
}

/// A median, with the least and the most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Spread {
    pub least: f64,
    pub median: f64,
    pub most: f64,
}

impl Spread {
    /// `None` of nothing.
    pub fn of(mut figures: Vec<f64>) -> Option<Self> {
        figures.sort_by(f64::total_cmp);
        let (least, most) = (*figures.first()?, *figures.last()?);
        let middle = figures.len() / 2;
        let median = if figures.len() % 2 == 1 {
            figures[middle]
        } else {
            (figures[middle - 1] + figures[middle]) / 2.0
        };
        Some(Self { least, median, most })
    }
}

/// Everything about one kind of work, by server, in the order in which they first came.
#[derive(Debug, Default)]
pub struct Work {
    pub name: String,
    pub servers: Vec<(String, Vec<Measured>)>,
}

impl Work {
    /// Of the rounds that count, by server.
    pub fn spread(&self, server: &str, figure: impl Fn(&Measured) -> Option<f64>) -> Option<Spread> {
        let (_, rows) = self.servers.iter().find(|(name, _)| name == server)?;
        Spread::of(rows.iter().filter(|row| !row.void).filter_map(figure).collect())
    }
}

/// Reads the rows and sorts them.
///
/// # Errors
/// A line that is no row.
pub fn works(rows: &str) -> Result<Vec<Work>, String> {
    let mut works: Vec<Work> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (index, line) in rows.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let row: Measured =
            serde_json::from_str(line).map_err(|error| format!("line {}: {error}", index + 1))?;
        let Some((name, server)) = row.label.split_once('|') else {
            return Err(format!("line {}: a label is WORK|SERVER, found {:?}", index + 1, row.label));
        };
        let (name, server) = (name.to_owned(), server.to_owned());
        let place = *places.entry(name.clone()).or_insert_with(|| {
            works.push(Work { name, servers: Vec::new() });
            works.len() - 1
        });
        let servers = &mut works[place].servers;
        match servers.iter_mut().find(|(name, _)| *name == server) {
            Some((_, rows)) => rows.push(row),
            None => servers.push((server, vec![row])),
        }
    }
    Ok(works)
}

/// Does what the command line says.
///
/// # Errors
/// The rows can't be read, or the page can't be written.
pub fn command(args: &CompareArgs) -> Result<ExitCode, LabError> {
    let file = |error, path: &PathBuf| LabError::File { path: path.display().to_string(), error };
    let rows = std::fs::read_to_string(&args.rows).map_err(|error| file(error, &args.rows))?;
    let works = works(&rows).map_err(|why| LabError::Bench(format!("{}: {why}", args.rows.display())))?;
    let text = page(&works, &args.machine);
    match &args.out {
        Some(path) => std::fs::write(path, text).map_err(|error| file(error, path))?,
        None => print!("{text}"),
    }
    let clean = works.iter().flat_map(|work| &work.servers).flat_map(|(_, rows)| rows);
    Ok(if clean.into_iter().all(|row| row.faults.is_clean()) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[cfg(test)]
mod tests {
    use super::{Spread, page, works};

    fn row(label: &str, cpu: f64, void: bool) -> String {
        format!(
            r#"{{"label":"{label}","load":"8 in flight","server_cpu_us_per_delivery":{cpu},"deliveries_per_s":1000.0,"server_busy":0.5,
            "kib_per_session":null,"latency":{{"p99_us":2000.0}},"client_busy":0.9,"void":{void},
            "faults":{{"lost":0,"doubled":0,"reordered":0,"strange":0,"examples":[]}}}}"#
        )
        .replace('\n', "")
    }

    #[test]
    fn a_spread_is_least_median_most() {
        assert_eq!(Spread::of(vec![]), None);
        assert_eq!(Spread::of(vec![3.0, 1.0, 2.0]), Some(Spread { least: 1.0, median: 2.0, most: 3.0 }));
        assert_eq!(Spread::of(vec![4.0, 1.0]).unwrap().median, 2.5);
    }

    #[test]
    fn ratios_are_of_medians_and_void_rows_count_for_nothing() {
        let rows = [
            row("echo|floor", 1.0, false),
            row("echo|shardmesh", 2.0, false),
            row("echo|colyseus", 10.0, false),
            row("echo|floor", 100.0, true),
            row("echo|shardmesh", 4.0, false),
            row("echo|shardmesh", 2.5, false),
        ]
        .join("\n");
        let works = works(&rows).unwrap();
        assert_eq!(works.len(), 1);
        let spread = works[0].spread("shardmesh", |row| row.server_cpu_us_per_delivery).unwrap();
        assert_eq!((spread.least, spread.median, spread.most), (2.0, 2.5, 4.0));
        let text = page(&works, &["CPU: a test".to_owned()]);
        assert!(text.contains("- CPU: a test"), "{text}");
        assert!(text.contains("| floor | 8 in flight | 1.000 |"), "{text}");
        assert!(text.contains("2.500 (2.000 to 4.000) | 2.50 × floor"), "{text}");
        assert!(text.contains("4.00 × ours"), "{text}");
        assert!(text.contains("1 of 2"), "{text}");
    }

    #[test]
    fn what_is_no_row_is_named_by_its_line() {
        assert!(works("\n{}").unwrap_err().starts_with("line 2: "));
        assert!(works(&row("echo", 1.0, false)).unwrap_err().contains("WORK|SERVER"));
    }
}
