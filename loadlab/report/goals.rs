//! Objectives, held against what a run found.

use serde::Serialize;

use crate::measure::Percentiles;
use crate::objective::{Figure, Metric, Objective};
use crate::report::Report;

/// An objective and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Goal {
    pub objective: String,
    pub reached: bool,
    /// What was found, or why there is nothing.
    pub found: String,
}

impl Report {
    pub(super) fn judge(&self, objectives: &[Objective]) -> Vec<Goal> {
        let judge = |objective: &Objective| {
            let value = self.value(objective.metric);
            let reached = value.is_some_and(|value| objective.holds(value));
            let mut found = match value {
                Some(value) => objective.show(value),
                None => "nothing of it was measured".to_owned(),
            };
            if !reached && objective.is_of_time() && self.is_lab_busy() {
                found += ", but the lab itself was too busy to tell";
            }
            Goal { objective: objective.to_string(), reached, found }
        };
        objectives.iter().map(judge).collect()
    }

    fn value(&self, metric: Metric) -> Option<f64> {
        let counts = &self.counts;
        let count = |count: u64| Some(count as f64);
        match metric {
            Metric::Time(timed, figure) => figure_of(&self.times.get(timed.name())?.figures, figure),
            Metric::Number(name) => match name {
                "drops" => count(counts.drops),
                "unexpected_drops" => count(counts.unexpected_drops),
                "resumes" => count(counts.resumes),
                "reconnects" => count(counts.reconnects),
                "gaps" => count(counts.gaps),
                "refused" => count(counts.refused),
                "moves_sent" => count(counts.moves_sent),
                "moves_skipped" => count(counts.moves_skipped),
                "moves_rejected" => count(counts.moves_rejected),
                "lines_sent" => count(counts.lines_sent),
                "lines_heard" => count(counts.lines_heard),
                "trades" => count(counts.trades),
                "party_deeds" => count(counts.party_deeds),
                "fights" => count(counts.fights),
                "captures" => count(counts.captures),
                "slowdown" => self.slowdown,
                "server.rss" => self.server.map(|usage| usage.max_rss_mib),
                "server.cores" => self.server.map(|usage| usage.cores),
                "lab.cores" => Some(self.lab.cores),
                _ => None,
            },
        }
    }
}

fn figure_of(figures: &Percentiles, figure: Figure) -> Option<f64> {
    Some(match figure {
        Figure::P50 => figures.p50_ms,
        Figure::P90 => figures.p90_ms,
        Figure::P99 => figures.p99_ms,
        Figure::P999 => figures.p999_ms,
        Figure::Max => figures.max_ms,
        Figure::Count => figures.count as f64,
    })
}

#[cfg(test)]
mod tests {
    use crate::objective::{Metric, NUMBERS};
    use crate::report::tests::report;

    #[test]
    fn objectives_are_held_against_the_figures() {
        let report = report();
        let goals = |texts: &[&str]| {
            let objectives: Vec<_> = texts.iter().map(|text| text.parse().unwrap()).collect();
            report.judge(&objectives).into_iter().map(|goal| (goal.reached, goal.found)).collect::<Vec<_>>()
        };
        let found = goals(&["chat.p99 < 500 ms", "chat.p99 < 5 ms", "gaps = 0", "gaps > 0"]);
        assert_eq!(found.iter().map(|(reached, _)| *reached).collect::<Vec<_>>(), [true, false, true, false]);
        assert!(found[1].1.ends_with(" ms"), "{found:?}");
    }

    #[test]
    fn what_was_not_measured_is_not_reached() {
        let goals =
            report().judge(&["ping.p50 < 1 s".parse().unwrap(), "server.rss < 9 MiB".parse().unwrap()]);
        assert!(goals.iter().all(|goal| !goal.reached && goal.found.contains("nothing")), "{goals:?}");
    }

    #[test]
    fn every_number_has_a_value() {
        let mut report = report();
        (report.slowdown, report.server) = (Some(1.0), Some(report.lab));
        for (name, _) in NUMBERS {
            assert!(report.value(Metric::Number(name)).is_some(), "{name}");
        }
    }
}
