//! What a run found: for people as a table, for programs as JSON.

use std::collections::BTreeMap;
use std::fmt;

use comfy_table::{CellAlignment, Table, presets};
use serde::Serialize;

use crate::measure::{Counts, Percentiles, Score};
use crate::oracle::{Oracle, Verdict};
use crate::process::Usage;
use crate::run::Lab;

/// The result of a run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub bots: usize,
    pub secs: u64,
    pub moves_per_sec: f64,
    pub chat_every_secs: f64,
    /// How often each bot cut its connection, about; 0 for never.
    pub drop_every_secs: f64,
    pub group: usize,
    /// The subprotocol that the bots spoke.
    pub dialect: &'static str,
    pub seed: u64,
    /// From when a line should have been sent to when each bot heard it.
    pub chat_delivery: Percentiles,
    /// From when a line should have been sent to its acknowledgement.
    pub chat_answer: Percentiles,
    pub travel_answer: Percentiles,
    pub counts: Counts,
    pub lines_acknowledged: u64,
    pub lines_heard: u64,
    pub verdict: Verdict,
    /// Refusals and lost connections, by what was said.
    pub trouble: BTreeMap<String, u64>,
    pub server: Option<Usage>,
    /// What the bots themselves use: near one core, the figures above speak of the lab, not of the server.
    pub lab: Usage,
    /// Whether all that was promised was kept.
    pub passed: bool,
}

impl Report {
    pub(crate) fn new(
        lab: &Lab,
        score: &Score,
        oracle: Oracle,
        (server, own): (Option<Usage>, Usage),
    ) -> Self {
        let (lines_acknowledged, lines_heard) = oracle.counts();
        let verdict = oracle.verdict();
        // Who judges nobody, or nothing, has proved nothing.
        let judged = verdict.not_judged < lab.bots as u64 && lines_acknowledged > 0;
        Self {
            bots: lab.bots,
            secs: lab.secs,
            moves_per_sec: lab.moves_per_sec,
            chat_every_secs: lab.chat_every_secs,
            drop_every_secs: lab.drop_every_secs,
            group: lab.group,
            dialect: lab.dialect.subprotocol().unwrap_or("classic"),
            seed: lab.seed,
            chat_delivery: score.delivery.percentiles(),
            chat_answer: score.chat_answer.percentiles(),
            travel_answer: score.travel_answer.percentiles(),
            counts: score.counts,
            lines_acknowledged,
            lines_heard,
            passed: judged && verdict.is_clean(),
            verdict,
            trouble: score.trouble.clone(),
            server,
            lab: own,
        }
    }

    fn latencies(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        table.set_header(["milliseconds", "count", "p50", "p90", "p99", "p99.9", "max"]);
        let rows = [
            ("chat, to every ear", self.chat_delivery),
            ("chat, to its answer", self.chat_answer),
            ("change of location", self.travel_answer),
        ];
        for (name, of) in rows {
            let mut row = vec![name.to_owned(), of.count.to_string()];
            let figures = [of.p50_ms, of.p90_ms, of.p99_ms, of.p999_ms, of.max_ms];
            row.extend(figures.map(|figure| format!("{figure:.2}")));
            table.add_row(row);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        writeln!(out, "{}", self.latencies())?;
        let counts = &self.counts;
        writeln!(
            out,
            "{} bots for {} s, groups of {}: {} moves ({} skipped by the lab, {} rejected), {} lines sent, {} acknowledged, {} heard",
            self.bots,
            self.secs,
            self.group,
            counts.moves_sent,
            counts.moves_skipped,
            counts.moves_rejected,
            counts.lines_sent,
            self.lines_acknowledged,
            self.lines_heard
        )?;
        writeln!(
            out,
            "{} drops: {} resumed, {} signed in again, {} gaps; {} found their location full",
            counts.drops, counts.resumes, counts.reconnects, counts.gaps, counts.areas_full
        )?;
        for (who, usage) in [("server", self.server.as_ref()), ("lab", Some(&self.lab))] {
            let Some(Usage { max_rss_mib, cpu_secs, cores }) = usage else { continue };
            writeln!(
                out,
                "{who}: at most {max_rss_mib:.1} MiB, {cpu_secs:.1} s of processor time ({cores:.2} cores)"
            )?;
        }
        for (what, count) in &self.trouble {
            writeln!(out, "  {count} x {what}")?;
        }
        let verdict = &self.verdict;
        if verdict.not_judged > 0 {
            writeln!(
                out,
                "{} bots' sessions did not live on, or had gaps, and are not judged",
                verdict.not_judged
            )?;
        }
        if self.passed {
            return write!(out, "PASSED: every acknowledged line was heard once, in order, by everybody");
        }
        for example in &verdict.examples {
            writeln!(out, "  {example}")?;
        }
        if verdict.is_clean() {
            return write!(
                out,
                "FAILED: no line was acknowledged, or no bot's session lived on; nothing is proved"
            );
        }
        write!(
            out,
            "FAILED: {} lost, {} doubled, {} out of order, {} inconsistent",
            verdict.lost, verdict.doubled, verdict.out_of_order, verdict.inconsistent
        )
    }
}
