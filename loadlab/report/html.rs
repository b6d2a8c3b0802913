//! A report as one HTML page that needs nothing else: it opens offline, in light and dark.

mod charts;
mod plot;
mod scale;

use std::fmt::{self, Display, Write};

use chrono::DateTime;
use protocol::Dialect;

use crate::measure::Timed;
use crate::oracle::{Outcome, Verdict};
use crate::report::{Goal, Report};

const STYLE: &str = include_str!("html/style.css");

impl Report {
    /// The page.
    pub fn to_html(&self) -> String {
        let mut page = String::new();
        write_page(&mut page, self).expect("a string takes everything");
        page
    }
}

/// Text between tags or in an attribute.
pub(super) struct Text<'a>(pub &'a str);

impl Display for Text<'_> {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        for letter in self.0.chars() {
            match letter {
                '&' => out.write_str("&amp;")?,
                '<' => out.write_str("&lt;")?,
                '>' => out.write_str("&gt;")?,
                '"' => out.write_str("&quot;")?,
                other => out.write_char(other)?,
            }
        }
        Ok(())
    }
}

fn write_page(out: &mut String, report: &Report) -> fmt::Result {
    let name = Text(&report.scenario);
    write!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Load lab: {name}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n"
    )?;
    write_head(out, report)?;
    write_promises(out, report)?;
    write_objectives(out, &report.objectives)?;
    write_latencies(out, report)?;
    charts::over_time(out, report)?;
    write_rest(out, report)?;
    out.write_str("</main>\n</body>\n</html>\n")
}

fn write_head(out: &mut String, report: &Report) -> fmt::Result {
    let (class, word) = if report.passed { ("good", "passed") } else { ("bad", "failed") };
    writeln!(
        out,
        "<header>\n<h1>{} <span class=\"badge {class}\">{word}</span></h1>",
        Text(&report.scenario)
    )?;
    writeln!(out, "<p class=\"lead\">{}</p>", Text(&report.mix.about))?;
    for failure in report.failures() {
        writeln!(out, "<p class=\"why\">{}</p>", Text(&failure))?;
    }
    let mix = &report.mix;
    let facts = [
        ("ended", when(report.ended_at)),
        ("server", report.url.clone()),
        ("bots", mix.bots.to_string()),
        ("lasted", format!("{} s", mix.secs)),
        ("dialect", dialect(mix.dialect.dialect())),
        ("seed", report.seed.to_string()),
        ("lab", format!("version {}", report.version)),
    ];
    out.write_str("<dl class=\"facts\">\n")?;
    for (name, value) in facts {
        writeln!(out, "<div><dt>{name}</dt><dd>{}</dd></div>", Text(&value))?;
    }
    out.write_str("</dl>\n")?;
    for warning in &report.warnings {
        writeln!(out, "<p class=\"warning\">{}</p>", Text(warning))?;
    }
    out.write_str("</header>\n")
}

fn write_promises(out: &mut String, report: &Report) -> fmt::Result {
    out.write_str("<section>\n<h2>Promises</h2>\n<ul class=\"verdicts\">\n")?;
    if report.verdicts.is_empty() {
        out.write_str("<li>Nothing was judged.</li>\n")?;
    }
    for verdict in &report.verdicts {
        write_verdict(out, verdict)?;
    }
    out.write_str("</ul>\n</section>\n")
}

fn write_verdict(out: &mut String, verdict: &Verdict) -> fmt::Result {
    let class = match verdict.outcome {
        Outcome::Kept => "good",
        Outcome::Broken => "bad",
        Outcome::Unproved => "unsure",
    };
    let word = verdict.outcome.word().to_lowercase();
    writeln!(
        out,
        "<li><span class=\"badge {class}\">{word}</span> <b>{}</b>: {}.<br><small>{}</small>",
        verdict.oracle,
        Text(verdict.promise),
        Text(&verdict.evidence)
    )?;
    let faults = &verdict.faults;
    if faults.total() > 0 {
        let kinds: Vec<String> =
            faults.counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
        writeln!(
            out,
            "<p>Found: {}. The first of them:</p>\n<ul class=\"faults\">",
            Text(&kinds.join(", "))
        )?;
        for example in &faults.examples {
            writeln!(out, "<li>{}</li>", Text(example))?;
        }
        out.write_str("</ul>\n")?;
    }
    if verdict.outcome == Outcome::Unproved {
        out.write_str("<p>Nothing happened that could have broken it: the run proves nothing here.</p>\n")?;
    }
    out.write_str("</li>\n")
}

fn write_objectives(out: &mut String, goals: &[Goal]) -> fmt::Result {
    if goals.is_empty() {
        return Ok(());
    }
    out.write_str("<section>\n<h2>Objectives</h2>\n<ul class=\"verdicts\">\n")?;
    for goal in goals {
        let (class, word) = if goal.reached { ("good", "reached") } else { ("bad", "missed") };
        let (objective, found) = (Text(&goal.objective), Text(&goal.found));
        writeln!(
            out,
            "<li><span class=\"badge {class}\">{word}</span> <code>{objective}</code>: found {found}</li>"
        )?;
    }
    out.write_str("</ul>\n</section>\n")
}

fn write_latencies(out: &mut String, report: &Report) -> fmt::Result {
    out.write_str("<section>\n<h2>Latency</h2>\n")?;
    out.write_str(
        "<p>Counted from when something was due, not from when a bot came to it: what is late for whatever reason \
         counts as late.</p>\n<div class=\"wide\"><table>\n<thead><tr><th>what</th><th>name</th><th>count</th>\
         <th>p50</th><th>p90</th><th>p99</th><th>p99.9</th><th>max, ms</th></tr></thead>\n<tbody>\n",
    )?;
    for timed in Timed::ALL {
        let Some(times) = report.times.get(timed.name()) else { continue };
        let of = &times.figures;
        write!(out, "<tr><td>{}</td><td><code>{}</code></td>", Text(times.meaning), timed.name())?;
        write!(out, "<td>{}</td>", of.count)?;
        for figure in [of.p50_ms, of.p90_ms, of.p99_ms, of.p999_ms, of.max_ms] {
            write!(out, "<td>{figure:.2}</td>")?;
        }
        out.write_str("</tr>\n")?;
    }
    out.write_str("</tbody>\n</table></div>\n")?;
    charts::latency_curves(out, report)?;
    out.write_str("</section>\n")
}

fn write_rest(out: &mut String, report: &Report) -> fmt::Result {
    out.write_str("<section>\n<h2>What happened</h2>\n<ul>\n")?;
    for part in report.what_happened().split("; ") {
        writeln!(out, "<li>{}</li>", Text(part))?;
    }
    for (who, usage) in [("the server", report.server), ("the lab", Some(report.lab))] {
        let Some(usage) = usage else { continue };
        writeln!(
            out,
            "<li>{who} used at most {:.1} MiB, and {:.1} s of processor time: {:.2} cores</li>",
            usage.max_rss_mib, usage.cpu_secs, usage.cores
        )?;
    }
    out.write_str("</ul>\n")?;
    if !report.trouble.is_empty() {
        out.write_str("<h3>Refusals and lost connections</h3>\n<ul>\n")?;
        for (what, count) in &report.trouble {
            writeln!(out, "<li>{count} × {}</li>", Text(what))?;
        }
        out.write_str("</ul>\n")?;
    }
    out.write_str("</section>\n<section>\n<h2>The mix</h2>\n<p>As it was run, command line included; ")?;
    out.write_str("saved to a file, <code>--mix</code> runs it again.</p>\n")?;
    let mix = toml::to_string(&report.mix).unwrap_or_else(|error| format!("# {error}"));
    writeln!(out, "<pre>{}</pre>\n</section>", Text(&mix))
}

fn dialect(spoken: Dialect) -> String {
    let compressed = if spoken.is_deflate() { ", large messages compressed" } else { "" };
    format!("{}{compressed}", spoken.subprotocol().unwrap_or("classic"))
}

fn when(unix_secs: u64) -> String {
    let at = DateTime::from_timestamp(i64::try_from(unix_secs).unwrap_or_default(), 0).unwrap_or_default();
    at.format("%Y-%m-%d %H:%M:%S UTC").to_string()
}

#[cfg(test)]
mod tests {
    use crate::measure::Timed;
    use crate::mix::Mix;
    use crate::report::tests::report;

    #[test]
    fn what_others_said_is_text_and_not_markup() {
        let mut report = report();
        report.trouble.insert("<script>alert(\"&\")</script>".to_owned(), 1);
        let html = report.to_html();
        assert!(html.contains("&lt;script&gt;alert(&quot;&amp;&quot;)") && !html.contains("<script"));
    }

    #[test]
    fn it_fetches_nothing() {
        let html = report().to_html();
        let refers =
            |word: &str| html.match_indices(word).any(|(at, _)| !html[at..].starts_with("http://127."));
        assert!(!["http://", "https://", "url(", "@import", "src="].into_iter().any(refers), "{html}");
    }

    #[test]
    fn the_verdict_stands_at_the_top_and_failures_are_explained() {
        let mut report = report();
        report.passed = false;
        report.verdicts[0].faults.add("lost", || "bot 3 never heard something".to_owned());
        let html = report.to_html();
        let at = |text: &str| html.find(text).unwrap_or_else(|| panic!("no {text:?} in {html}"));
        assert!(at("failed</span>") < at("bot 3 never heard something"));
        assert!(at("bot 3 never heard something") < at("<svg"));
    }

    #[test]
    fn every_line_has_a_colour() {
        let mut report = report();
        let chat = report.times["chat"].clone();
        report.times.extend(Timed::ALL.map(|timed| (timed.name(), chat.clone())));
        let html = report.to_html();
        let lines: Vec<&str> = html.split("class=\"line ").skip(1).map(|rest| &rest[..2]).collect();
        assert!(lines.len() >= Timed::ALL.len(), "{lines:?}");
        for colour in lines {
            assert!(html.contains(&format!(".line.{colour} {{")), "{colour}");
        }
    }

    #[test]
    fn the_mix_it_shows_can_be_run() {
        let report = report();
        let html = report.to_html();
        let text = html.split_once("<pre>").unwrap().1.split_once("</pre>").unwrap().0;
        assert_eq!(Mix::parse("report", &text.replace("&quot;", "\"")).unwrap(), report.mix);
    }
}
