//! A report for the terminal.

use std::fmt;

use comfy_table::{CellAlignment, Table, presets};

use crate::measure::Timed;
use crate::oracle::{Outcome, Verdict};
use crate::process::Usage;
use crate::report::Report;

impl Outcome {
    pub fn word(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::Broken => "BROKEN",
            Self::Unproved => "NOT PROVED",
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        writeln!(out, "{}: {}", self.scenario, self.mix.about)?;
        writeln!(out, "{}", self.table())?;
        writeln!(out, "{}", self.what_happened())?;
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
        for warning in &self.warnings {
            writeln!(out, "note: {warning}")?;
        }
        for verdict in &self.verdicts {
            write_verdict(out, verdict)?;
        }
        for goal in &self.objectives {
            let word = if goal.reached { "reached" } else { "MISSED" };
            writeln!(out, "{word:>10}  {}: {}", goal.objective, goal.found)?;
        }
        out.write_str(self.last_word())
    }
}

impl Report {
    /// What happened how often, in a few sentences.
    pub fn what_happened(&self) -> String {
        let (mix, counts) = (&self.mix, &self.counts);
        let mut parts = vec![format!("{} bots for {} s, groups of {}", mix.bots, mix.secs, mix.group)];
        if counts.moves_sent > 0 {
            parts.push(format!(
                "{} steps ({} merged into later ones by the lab, {} rejected, {} seen by {} watchers)",
                counts.moves_sent,
                counts.moves_skipped,
                counts.moves_rejected,
                counts.moves_seen,
                mix.watchers.min(mix.bots)
            ));
        }
        if self.area.frames > 0 {
            parts.push(format!(
                "{} frames of the world with {} entities checked",
                self.area.frames, self.area.entities
            ));
        }
        if counts.lines_sent > 0 {
            parts.push(format!(
                "{} lines sent, {} acknowledged, {} heard",
                counts.lines_sent, self.lines_acknowledged, counts.lines_heard
            ));
        }
        if counts.pings > 0 {
            parts.push(format!("{} pings", counts.pings));
        }
        if counts.trades + counts.trades_refused > 0 {
            parts.push(format!(
                "{} trades, {} refusals on the way to one",
                counts.trades, counts.trades_refused
            ));
        }
        if counts.party_deeds > 0 {
            parts.push(format!(
                "{} commands about parties, {} refused; {} updates heard",
                counts.party_deeds, counts.party_refused, counts.party_updates
            ));
        }
        if counts.combat_moves > 0 {
            parts.push(format!(
                "{} fights of {} moves, {} refusals; {} crystal shards changed hands",
                counts.fights, counts.combat_moves, counts.fights_refused, counts.captures
            ));
        }
        if counts.drops > 0 {
            parts.push(format!(
                "{} drops: {} resumed, {} signed in again, {} gaps",
                counts.drops, counts.resumes, counts.reconnects, counts.gaps
            ));
        }
        if counts.departures > 0 {
            parts.push(format!("{} departures, {} came back", counts.departures, counts.sign_ins));
        }
        if let Some(restarted) = self.restarted {
            let how = if restarted.planned { "restarted in order" } else { "killed and started again" };
            parts.push(format!(
                "the server was {how} after {:.1} s, which took {:.1} s",
                restarted.at_secs, restarted.took_secs
            ));
        }
        if let Some(slowdown) = self.slowdown {
            parts.push(format!("while some did not read, the others' p99 was {slowdown:.2} times as long"));
        }
        parts.join("; ")
    }

    /// How it ended.
    pub fn last_word(&self) -> &'static str {
        if self.passed {
            "PASSED: every promise was kept, every objective reached"
        } else if self.verdicts.is_empty() && self.objectives.is_empty() {
            "FAILED: nothing was judged, so nothing is proved"
        } else {
            "FAILED: not every promise was kept and proved, or not every objective reached"
        }
    }

    fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_BORDERS_ONLY);
        table.set_header(["name", "milliseconds", "count", "p50", "p90", "p99", "p99.9", "max"]);
        let found =
            Timed::ALL.into_iter().filter_map(|timed| Some((timed.name(), self.times.get(timed.name())?)));
        for (name, times) in found {
            let of = &times.figures;
            let mut row = vec![name.to_owned(), times.meaning.to_owned(), of.count.to_string()];
            let figures = [of.p50_ms, of.p90_ms, of.p99_ms, of.p999_ms, of.max_ms];
            row.extend(figures.map(|figure| format!("{figure:.2}")));
            table.add_row(row);
        }
        for column in table.column_iter_mut().skip(2) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        table
    }
}

fn write_verdict(out: &mut fmt::Formatter, verdict: &Verdict) -> fmt::Result {
    let Verdict { oracle, promise, outcome, evidence, faults } = verdict;
    writeln!(out, "{:>10}  {oracle}: {promise}; {evidence}", outcome.word())?;
    if faults.total() > 0 {
        let kinds: Vec<String> =
            faults.counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        writeln!(out, "            found: {}", kinds.join(", "))?;
    }
    for example in &faults.examples {
        writeln!(out, "            {example}")?;
    }
    Ok(())
}
