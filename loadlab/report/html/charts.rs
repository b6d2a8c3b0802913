//! Which plots a report has, and what they show.

use std::fmt::{self, Write};

use super::plot::{Line, Mark, Plot};
use super::scale::{Axis, Scale, milliseconds, number};
use crate::measure::Timed;
use crate::report::Report;
use crate::series::Row;

/// What style.css has: `c0` to `c8`.
const COLOURS: usize = 9;

/// How a value of a row is got.
type Value = fn(&Row) -> Option<f64>;
/// How a value is written.
type Show = fn(f64, f64) -> String;
/// A plot over time: its title, what its y axis says and how, and its lines with their colours.
type Chart<'a> = (&'a str, &'a str, Show, &'a [(&'a str, usize, Value)]);

/// How long what took, quantile by quantile.
pub(super) fn latency_curves(out: &mut String, report: &Report) -> fmt::Result {
    let shown = Timed::ALL.into_iter().filter_map(|timed| Some((timed, report.times.get(timed.name())?)));
    let lines: Vec<Line> = shown
        .enumerate()
        .map(|(nth, (timed, times))| {
            let points = times.curve.iter().map(|(quantile, ms)| (*quantile, Some(*ms))).collect();
            Line { name: timed.name().to_owned(), colour: nth % COLOURS, points }
        })
        .collect();
    if lines.is_empty() {
        return Ok(());
    }
    let points = || lines.iter().flat_map(|line| line.points.iter());
    let x = Axis::around(Scale::Quantile, points().map(|(x, _)| *x), number);
    let y = Axis::around(Scale::Log, points().filter_map(|(_, y)| *y), milliseconds);
    let plot = Plot {
        title: "Latency by percentile",
        x_name: "so many per cent took no longer",
        y_name: "time, logarithmic",
        x,
        y,
        lines,
        marks: &[],
        tell: milliseconds,
        tell_x: |quantile| format!("{:.4} %", quantile * 100.0),
    };
    plot.write(out)
}

/// What is plotted over time, where there is something to plot.
pub(super) fn over_time(out: &mut String, report: &Report) -> fmt::Result {
    if report.series.len() < 2 {
        return Ok(());
    }
    out.write_str("<section>\n<h2>Over time</h2>\n<div class=\"plots\">\n")?;
    let marks = marks(report);
    let charts: [Chart; 5] = [
        (
            "Chat, to every ear",
            "time",
            milliseconds,
            &[("p99", 0, |row| row.chat_p99_ms), ("p50", 2, |row| row.chat_p50_ms)],
        ),
        (
            "Throughput",
            "a second",
            number,
            &[
                ("lines heard", 0, |row| some(row.lines_heard_per_sec)),
                ("steps told", 1, |row| some(row.steps_per_sec)),
                ("steps seen", 2, |row| some(row.steps_seen_per_sec)),
                ("pings", 3, |row| some(row.pings_per_sec)),
            ],
        ),
        (
            "Coming and going",
            "in each interval",
            number,
            &[
                ("drops", 1, |row| some(row.drops as f64)),
                ("resumes", 0, |row| some(row.resumes as f64)),
                ("sign-ins", 2, |row| some(row.sign_ins as f64)),
            ],
        ),
        (
            "Memory",
            "MiB",
            number,
            &[("server", 0, |row| Some(row.server?.rss_mib)), ("lab", 4, |row| Some(row.lab?.rss_mib))],
        ),
        (
            "Processor",
            "cores",
            number,
            &[("server", 0, |row| Some(row.server?.cores)), ("lab", 4, |row| Some(row.lab?.cores))],
        ),
    ];
    for (title, y_name, show, values) in charts {
        let lines = lines(&report.series, values);
        if !lines.is_empty() {
            chart(out, report, (title, y_name, show), lines, &marks)?;
        }
    }
    out.write_str("</div>\n</section>\n")
}

fn chart(
    out: &mut String,
    report: &Report,
    (title, y_name, show): (&str, &str, Show),
    lines: Vec<Line>,
    marks: &[Mark],
) -> fmt::Result {
    let x = Axis::around(Scale::Exact, report.series.iter().map(|row| row.at_secs), number);
    let values = lines.iter().flat_map(|line| line.points.iter().filter_map(|(_, y)| *y));
    let y = Axis::around(Scale::Linear, values, show);
    let tell_x = |at: f64| format!("at {at:.1} s");
    let x_name = "seconds since the start";
    Plot { title, x_name, y_name, x, y, lines, marks, tell: show, tell_x }.write(out)
}

/// Those that are ever more than nothing.
fn lines(rows: &[Row], values: &[(&str, usize, Value)]) -> Vec<Line> {
    let line = |(name, colour, value): &(&str, usize, Value)| Line {
        name: (*name).to_owned(),
        colour: *colour,
        points: rows.iter().map(|row| (row.at_secs, value(row))).collect(),
    };
    let shows = |line: &Line| line.points.iter().any(|(_, value)| value.is_some_and(|value| value > 0.0));
    values.iter().map(line).filter(shows).collect()
}

/// When whole crowds did something on purpose.
fn marks(report: &Report) -> Vec<Mark> {
    let secs = report.mix.secs as f64;
    let restarts = report.restarted.iter().map(|restarted| {
        let from = restarted.at_secs;
        Mark { from, to: from + restarted.took_secs, what: "server restarts" }
    });
    let mut marks: Vec<Mark> = restarts.collect();
    for crowd in &report.mix.crowd {
        let whens = [
            (crowd.storm_every_secs, 0.0, "all drop at once"),
            (crowd.stall_every_secs, crowd.stall_secs, "some don't read"),
        ];
        for (every, length, what) in whens.into_iter().filter(|(every, ..)| *every > 0.0) {
            let mut from = every / 2.0;
            while from < secs {
                marks.push(Mark { from, to: (from + length).min(secs), what });
                from += every;
            }
        }
    }
    marks
}

fn some(value: f64) -> Option<f64> {
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::marks;
    use crate::report::tests::report;

    #[test]
    fn whole_crowds_leave_marks() {
        let mut report = report();
        assert!(marks(&report).is_empty());
        report.mix.secs = 30;
        report.mix.crowd[0].stall_every_secs = 20.0;
        report.mix.crowd[0].stall_secs = 12.0;
        let found: Vec<(f64, f64)> = marks(&report).iter().map(|mark| (mark.from, mark.to)).collect();
        assert_eq!(found, [(10.0, 22.0)]);
    }
}
