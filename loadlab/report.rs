//! What a run found: for people as a table, for programs as JSON.

mod goals;
mod html;
mod text;

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;

use crate::measure::{Counts, Percentiles, Score, Timed};
use crate::mix::Mix;
use crate::oracle::{Looked, Outcome, Verdict};
use crate::process::Usage;
use crate::run::{Lab, Restarted};
use crate::series::{Recorder, Row};

pub use goals::Goal;

/// Busier than this on its one thread, the lab's own times say little of the server.
const BUSY_CORES: f64 = 0.85;
/// The same, by how late it came to what was due.
const LATE_MS: f64 = 20.0;

/// One kind of [`Timed`], in figures and as a curve.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Times {
    pub meaning: &'static str,
    #[serde(flatten)]
    pub figures: Percentiles,
    /// Quantile and milliseconds.
    pub curve: Vec<(f64, f64)>,
}

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub scenario: String,
    /// Version of the lab, which is that of the server it was built with.
    pub version: &'static str,
    /// Unix seconds.
    pub ended_at: u64,
    pub url: String,
    pub seed: u64,
    pub mix: Mix,
    /// Whether all that was promised was kept.
    pub passed: bool,
    pub verdicts: Vec<Verdict>,
    pub objectives: Vec<Goal>,
    /// What limits the worth of the figures.
    pub warnings: Vec<String>,
    pub times: BTreeMap<&'static str, Times>,
    pub counts: Counts,
    pub lines_acknowledged: u64,
    /// How much of what the world showed was judged.
    pub area: Looked,
    /// How much longer the others wait while some don't read.
    pub slowdown: Option<f64>,
    /// Refusals and lost connections, by what was said.
    pub trouble: BTreeMap<String, u64>,
    pub restarted: Option<Restarted>,
    pub server: Option<Usage>,
    /// What the bots themselves use.
    pub lab: Usage,
    pub series: Vec<Row>,
}

impl Report {
    pub(crate) fn new(
        lab: &Lab,
        score: &Score,
        verdicts: Vec<Verdict>,
        (recorder, restarted): (Recorder, Option<Restarted>),
    ) -> Self {
        let times = Timed::ALL.into_iter().filter_map(|timed| {
            let times = score.times(timed);
            let figures = times.percentiles();
            let times = Times { meaning: timed.meaning(), figures, curve: times.curve() };
            (figures.count > 0).then_some((timed.name(), times))
        });
        let mut report = Self {
            scenario: lab.name.clone(),
            version: env!("CARGO_PKG_VERSION"),
            ended_at: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs()),
            url: lab.url.clone(),
            seed: lab.seed,
            mix: lab.mix.clone(),
            passed: false,
            verdicts,
            objectives: Vec::new(),
            warnings: Vec::new(),
            times: times.collect(),
            counts: score.counts,
            lines_acknowledged: score.lines_acknowledged,
            area: score.looked,
            slowdown: score.slowdown(),
            trouble: score.trouble.clone(),
            restarted,
            server: recorder.server.map(|watch| watch.usage()),
            lab: recorder.lab.usage(),
            series: recorder.rows,
        };
        report.warnings = report.limits();
        report.objectives = report.judge(&lab.mix.objectives);
        report.passed = report.failures().is_empty();
        report
    }

    /// Figures of one kind of time; all zero where there are none.
    pub fn figures(&self, timed: Timed) -> Percentiles {
        self.times.get(timed.name()).map_or_else(Percentiles::default, |times| times.figures)
    }

    /// Why it failed, a sentence each.
    pub fn failures(&self) -> Vec<String> {
        let broken = self.verdicts.iter().filter_map(|verdict| match verdict.outcome {
            Outcome::Kept => None,
            Outcome::Broken => Some(format!("The promise \u{201c}{}\u{201d} was broken.", verdict.oracle)),
            Outcome::Unproved => {
                Some(format!("The promise \u{201c}{}\u{201d} was not put to the test.", verdict.oracle))
            }
        });
        let missed = self.objectives.iter().filter(|goal| !goal.reached);
        let missed =
            missed.map(|goal| format!("The objective {} was missed: {}.", goal.objective, goal.found));
        let nothing = self.verdicts.is_empty() && self.objectives.is_empty();
        let nothing = nothing.then(|| "Nothing was judged, so nothing is proved.".to_owned());
        broken.chain(missed).chain(nothing).collect()
    }

    /// Whether the lab was too busy for its times to be the server's.
    pub fn is_lab_busy(&self) -> bool {
        self.lab.cores > BUSY_CORES || self.figures(Timed::Lag).p99_ms > LATE_MS
    }

    fn limits(&self) -> Vec<String> {
        let mut limits = Vec::new();
        if self.is_lab_busy() {
            let lag = self.figures(Timed::Lag).p99_ms;
            limits.push(format!(
                "the lab was busy {:.0} % of a core and {lag:.1} ms late (p99): times speak of it as much as of the \
                 server; fewer bots, fewer watchers or a quieter machine help",
                self.lab.cores * 100.0
            ));
        }
        if self.counts.areas_full > 0 {
            let count = self.counts.areas_full;
            limits.push(format!("{count} bots found their location full and live elsewhere"));
        }
        limits
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use std::time::Duration;

    use super::Report;
    use crate::measure::{Score, Timed};
    use crate::mix::scenario;
    use crate::oracle::{Faults, Oracles, Outcome, Verdict};
    use crate::run::Lab;
    use crate::series::Recorder;

    fn verdict(cases: u64, faults: Faults) -> Verdict {
        Verdict::of(("order", "all is well"), cases, "some lines".to_owned(), faults)
    }

    fn with(objectives: &[&str], verdicts: Vec<Verdict>) -> Report {
        let mut mix = scenario("walk").unwrap();
        mix.objectives = objectives.iter().map(|text| text.parse().unwrap()).collect();
        let lab = Lab {
            url: "http://127.0.0.1:8888".to_owned(),
            tokens: "tokens".into(),
            name: "walk".to_owned(),
            mix,
            seed: 1,
            server_pid: None,
            restart: None,
            audit: None,
            progress: false,
        };
        let mut score = Score::new(Oracles::default());
        for ms in 1..=100 {
            score.time(Timed::Chat, Duration::from_millis(ms));
        }
        let mut recorder = Recorder::new(Duration::from_secs(1), None);
        recorder.look(Duration::from_secs(1), &mut score);
        Report::new(&lab, &score, verdicts, (recorder, None))
    }

    /// A run that went well, with a hundred lines heard.
    pub(crate) fn report() -> Report {
        with(&[], vec![verdict(1, Faults::default())])
    }

    #[test]
    fn it_passes_only_if_everything_was_proved_and_reached() {
        let mut lost = Faults::default();
        lost.add("lost", || "bot 3 never heard something".to_owned());
        assert!(report().passed);
        assert!(with(&["chat.max < 1 s"], Vec::new()).passed);
        let failures = [
            (with(&["chat.max < 9 ms"], vec![verdict(1, Faults::default())]), "MISSED"),
            (with(&[], vec![verdict(1, lost)]), "BROKEN"),
            (with(&[], vec![verdict(0, Faults::default())]), "NOT PROVED"),
            (with(&[], Vec::new()), "nothing was judged"),
        ];
        for (report, word) in failures {
            let text = report.to_string();
            assert_eq!(report.failures().len(), 1);
            assert!(!report.passed && text.contains(word) && text.contains("FAILED"), "{text}");
        }
        assert_eq!(report().verdicts[0].outcome, Outcome::Kept);
    }

    #[test]
    fn it_is_json() {
        let json = serde_json::to_value(report()).unwrap();
        assert_eq!(json["times"]["chat"]["count"], 100);
        assert_eq!(json["verdicts"][0]["outcome"], "kept");
    }
}
