//! The page itself, as Markdown.

use std::fmt::Write;

use super::{Measured, Spread, Work};

/// What rows of this server are called, whatever stands behind it.
const OURS: &str = "shardmesh";
const FLOOR: &str = "floor";

const INTRODUCTION: &str = "\
# Benchmarks

*Written by `scripts/bench-peers`; don't correct it by hand.*

The same load, from one bare client on one core, against one server on another: the floor (`loadlab floor`, the
smallest epoll server, which writes frames that were made beforehand), this server, and others, in rounds that take
turns. Each server starts anew for each run. **CPU** is the time that the server's threads were on a processor, by the
scheduler's account, for each delivery: the median of the rounds, with the least and the most. A run in which the client
was busy for more than 85 % of the time is void; where a server is faster than that allows, it is given the same load at
three quarters of the pace. The client stays awake while it measures: on loopback whoever writes pays for waking a sleeping
reader, and no network charges a server for that. Others are compared with the first line of ours. Latencies count from the moment something should have been sent.
Those of the game, combats and trades, are in [benchmarks-game.md](benchmarks-game.md).
";

/// Everything on one page.
pub fn page(works: &[Work], machine: &[String]) -> String {
    let mut text = format!("{INTRODUCTION}\n## The machine\n\n");
    for line in machine {
        let _ = writeln!(text, "- {line}");
    }
    for work in works {
        let _ = write!(text, "\n## {}\n\n", work.name);
        table(work, &mut text);
        more(work, &mut text);
    }
    text
}

fn table(work: &Work, text: &mut String) {
    let memory = work.servers.iter().flat_map(|(_, rows)| rows).any(|row| row.kib_per_session.is_some());
    let (what, unit): (fn(&Measured) -> Option<f64>, &str) = if memory {
        (|row| row.kib_per_session, "KiB a session")
    } else {
        (|row| row.server_cpu_us_per_delivery, "CPU µs a delivery")
    };
    let _ = writeln!(
        text,
        "| server | load | {unit} | compared | deliveries/s | server busy | p99 ms | client busy | void | faults |"
    );
    let _ = writeln!(text, "|---|---|---|---|---|---|---|---|---|---|");
    let ours = work.servers.iter().map(|(name, _)| name.as_str()).find(|name| name.starts_with(OURS));
    for (name, rows) in &work.servers {
        let median = |figure: fn(&Measured) -> Option<f64>, digits: usize| {
            work.spread(name, figure)
                .map_or_else(|| "–".to_owned(), |spread| format!("{:.digits$}", spread.median))
        };
        let figure = work.spread(name, what);
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} | {} | {} % | {} | {} % | {} of {} | {} |",
            rows.last().map_or("", |row| row.load.as_str()),
            figure.map_or_else(|| "–".to_owned(), in_words),
            compared(work, name, ours, what),
            median(|row| Some(row.deliveries_per_s), 0),
            median(|row| row.server_busy.map(|busy| busy * 100.0), 0),
            median(|row| Some(row.latency.p99_us / 1000.0), 2),
            median(|row| Some(row.client_busy * 100.0), 0),
            rows.iter().filter(|row| row.void).count(),
            rows.len(),
            faults(rows),
        );
    }
}

fn in_words(spread: Spread) -> String {
    let Spread { least, median, most } = spread;
    if least == most { format!("{median:.3}") } else { format!("{median:.3} ({least:.3} to {most:.3})") }
}

/// Ours by the floor, others by ours.
fn compared(work: &Work, name: &str, ours: Option<&str>, what: fn(&Measured) -> Option<f64>) -> String {
    let median =
        |server: &str| work.spread(server, what).map(|spread| spread.median).filter(|median| *median > 0.0);
    let ratio = |server: &str| Some(median(name)? / median(server)?);
    if name.starts_with(OURS) {
        ratio(FLOOR).map_or_else(String::new, |ratio| format!("{ratio:.2} × floor"))
    } else if name.starts_with(FLOOR) {
        String::new()
    } else {
        ours.and_then(ratio).map_or_else(String::new, |ratio| format!("{ratio:.2} × ours"))
    }
}

fn faults(rows: &[Measured]) -> String {
    let (mut lost, mut doubled, mut other) = (0, 0, 0);
    for row in rows {
        lost += row.faults.lost;
        doubled += row.faults.doubled;
        other += row.faults.reordered + row.faults.strange;
    }
    if lost + doubled + other == 0 {
        return "0".to_owned();
    }
    let example = rows.iter().flat_map(|row| &row.faults.examples).next().map_or("", String::as_str);
    format!("{lost} lost, {doubled} doubled, {other} other: {}", example.replace('|', "/"))
}

/// Figures that only this work has, of ours.
fn more(work: &Work, text: &mut String) {
    for (name, rows) in &work.servers {
        let Some(first) = rows.first().filter(|row| !row.more.is_empty()) else { continue };
        let _ = write!(text, "\n{name}:\n\n");
        for (index, figure) in first.more.iter().enumerate() {
            let spread = Spread::of(rows.iter().filter_map(|row| Some(row.more.get(index)?.value)).collect());
            let _ = writeln!(text, "- {}: {}", figure.name, spread.map_or_else(String::new, in_words));
        }
    }
}
