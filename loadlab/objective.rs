//! What a run is asked to reach beside the oracles: `chat.p99 < 50 ms`, `gaps = 0`, `server.rss < 300 MiB`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::measure::Timed;

/// A figure of [`crate::measure::Percentiles`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    P50,
    P90,
    P99,
    P999,
    Max,
    Count,
}

/// What an objective speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    Time(Timed, Figure),
    /// One of [`NUMBERS`].
    Number(&'static str),
}

/// What can be asked for by name alone, with what it is.
pub const NUMBERS: [(&str, &str); 19] = [
    ("drops", "connections that dropped"),
    ("unexpected_drops", "those that no bot caused"),
    ("resumes", "sessions that went on after a drop"),
    ("reconnects", "bots that had to sign in again after a drop"),
    ("gaps", "times that the server said events were gone for good"),
    ("refused", "commands that were refused"),
    ("moves_sent", "steps told"),
    ("moves_skipped", "steps not told, because the lab was late"),
    ("moves_rejected", "steps that the server did not believe"),
    ("lines_sent", "lines of chat said"),
    ("lines_heard", "lines of chat heard, by all together"),
    ("trades", "trades that happened"),
    ("party_deeds", "commands about parties that were carried out"),
    ("fights", "fights that bots began, to their end"),
    ("captures", "crystal shards that changed hands"),
    ("slowdown", "p99 of chat for the others while some don't read, by p99 while all do"),
    ("server.rss", "most memory of the server, MiB"),
    ("server.cores", "cores that the server was busy on"),
    ("lab.cores", "cores that the lab was busy on"),
];

const FIGURES: [(&str, Figure); 6] = [
    ("p50", Figure::P50),
    ("p90", Figure::P90),
    ("p99", Figure::P99),
    ("p999", Figure::P999),
    ("max", Figure::Max),
    ("count", Figure::Count),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Relation {
    AtMost,
    AtLeast,
    Below,
    Above,
    Equal,
}

/// Longest first: `<=` begins with `<`.
const RELATIONS: [(&str, Relation); 5] = [
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("<", Relation::Below),
    (">", Relation::Above),
    ("=", Relation::Equal),
];

/// A bound for a metric.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Objective {
    text: String,
    pub metric: Metric,
    relation: Relation,
    /// In milliseconds, where it is a time.
    bound: f64,
}

impl Objective {
    /// Whether a value is within the bound.
    pub fn holds(&self, value: f64) -> bool {
        match self.relation {
            Relation::AtMost => value <= self.bound,
            Relation::AtLeast => value >= self.bound,
            Relation::Below => value < self.bound,
            Relation::Above => value > self.bound,
            Relation::Equal => value == self.bound,
        }
    }

    /// Whether it speaks of how long something took, which a busy machine makes longer.
    pub fn is_of_time(&self) -> bool {
        let named = |name| self.metric == Metric::Number(name);
        matches!(self.metric, Metric::Time(_, figure) if figure != Figure::Count) || named("slowdown")
    }

    /// A value as it would stand in an objective.
    pub fn show(&self, value: f64) -> String {
        match self.metric {
            Metric::Time(_, figure) if figure != Figure::Count => format!("{value:.2} ms"),
            Metric::Number("server.rss") => format!("{value:.1} MiB"),
            _ if value.fract() == 0.0 => format!("{value:.0}"),
            _ => format!("{value:.2}"),
        }
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(&self.text)
    }
}

impl From<Objective> for String {
    fn from(objective: Objective) -> Self {
        objective.text
    }
}

impl TryFrom<String> for Objective {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Objective {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = |why: String| format!("objective `{text}`: {why}");
        let parts = RELATIONS.iter().find_map(|(sign, relation)| Some((text.split_once(sign)?, *relation)));
        let ((name, value), relation) =
            parts.ok_or_else(|| wrong("expected something like chat.p99 < 50 ms".to_owned()))?;
        let metric = metric(name.trim()).map_err(wrong)?;
        let bound = bound(metric, value.trim()).map_err(wrong)?;
        Ok(Self { text: text.trim().to_owned(), metric, relation, bound })
    }
}

fn metric(name: &str) -> Result<Metric, String> {
    if let Some((name, _)) = NUMBERS.iter().find(|(known, _)| *known == name) {
        return Ok(Metric::Number(name));
    }
    let (what, figure) = name.split_once('.').unwrap_or((name, ""));
    let Some(timed) = Timed::ALL.into_iter().find(|timed| timed.name() == what) else {
        let times = Timed::ALL.map(Timed::name).join(", ");
        let numbers = NUMBERS.map(|(name, _)| name).join(", ");
        return Err(format!("there is no `{what}`; there are the times {times} and the numbers {numbers}"));
    };
    match FIGURES.iter().find(|(known, _)| *known == figure) {
        Some((_, figure)) => Ok(Metric::Time(timed, *figure)),
        None => {
            let known = FIGURES.map(|(name, _)| name).join(", ");
            Err(format!("`{what}` has no figure `{figure}`; there are {known}"))
        }
    }
}

/// A time in milliseconds, memory in MiB, anything else as it is.
fn bound(metric: Metric, text: &str) -> Result<f64, String> {
    let digits = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = (&text[..digits], text[digits..].trim());
    let number: f64 = number.parse().map_err(|_| format!("`{text}` does not begin with a number"))?;
    let is_time = matches!(metric, Metric::Time(_, figure) if figure != Figure::Count);
    let factor = match (is_time, metric, unit) {
        (true, _, "us" | "µs") => 0.001,
        (true, _, "ms") => 1.0,
        (true, _, "s") => 1000.0,
        (true, _, _) => return Err(format!("expected a time in us, ms or s, found `{text}`")),
        (_, Metric::Number("server.rss"), "GiB") => 1024.0,
        (_, Metric::Number("server.rss"), "MiB") | (_, _, "") => 1.0,
        _ => return Err(format!("`{unit}` is no unit of it")),
    };
    Ok(number * factor)
}

#[cfg(test)]
mod tests {
    use super::{Figure, Metric, Objective};
    use crate::measure::Timed;

    fn parse(text: &str) -> Objective {
        text.parse().unwrap()
    }

    #[test]
    fn times_numbers_and_sizes_are_understood() {
        let chat = parse("chat.p99<50ms");
        assert_eq!(chat.metric, Metric::Time(Timed::Chat, Figure::P99));
        assert!(chat.holds(49.9) && !chat.holds(50.0));
        assert!(parse("sign_in.max <= 1.5 s").holds(1500.0));
        assert!(parse("ping.p50 < 900 us").holds(0.89));
        assert!(parse("gaps = 0").holds(0.0) && !parse("gaps = 0").holds(1.0));
        assert!(parse("resume.count >= 10").holds(10.0));
        assert!(!parse("server.rss < 1 GiB").holds(1024.0));
        assert!(parse("server.cores > 0.1").holds(0.2));
    }

    #[test]
    fn what_is_no_objective_says_what_would_be_one() {
        for (text, hint) in [
            ("fast", "chat.p99 < 50 ms"),
            ("chatt.p99 < 1 ms", "chat"),
            ("chat.p98 < 1 ms", "p999"),
            ("chat.p99 < 50", "us, ms or s"),
            ("chat.p99 < ms", "number"),
            ("gaps < 3 ms", "unit"),
            ("= 3", "there is no"),
        ] {
            let error = text.parse::<Objective>().unwrap_err();
            assert!(error.contains(hint), "{error}");
        }
    }

    #[test]
    fn it_is_shown_as_it_was_said() {
        assert_eq!(parse(" chat.p99 < 50 ms ").to_string(), "chat.p99 < 50 ms");
        assert_eq!(parse("chat.p99 < 50 ms").show(12.345), "12.35 ms");
        assert_eq!(parse("gaps = 0").show(3.0), "3");
    }
}
