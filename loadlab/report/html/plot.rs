//! One plot: lines over an axis, as inline SVG with a legend.

use std::fmt::{self, Write};

use super::Text;
use super::scale::Axis;

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 290.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 22.0;
const TOP: f64 = 38.0;
const BOTTOM: f64 = 46.0;

/// A line, by the colour of its number.
pub(super) struct Line {
    pub name: String,
    pub colour: usize,
    /// Broken where there is no value.
    pub points: Vec<(f64, Option<f64>)>,
}

/// A time that is set off, with what happened then.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Mark {
    pub from: f64,
    pub to: f64,
    pub what: &'static str,
}

/// Everything about a plot.
pub(super) struct Plot<'a> {
    pub title: &'a str,
    /// What the axes say, units included.
    pub x_name: &'a str,
    pub y_name: &'a str,
    pub x: Axis,
    pub y: Axis,
    pub lines: Vec<Line>,
    pub marks: &'a [Mark],
    /// What is told of a place along x: how it is called, and its values.
    pub tell: fn(f64, f64) -> String,
    pub tell_x: fn(f64) -> String,
}

impl Plot<'_> {
    pub fn write(&self, out: &mut String) -> fmt::Result {
        writeln!(out, "<figure>\n<figcaption>{}</figcaption>", Text(self.title))?;
        self.write_legend(out)?;
        writeln!(
            out,
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}: {} by {}\">",
            Text(self.title),
            Text(self.y_name),
            Text(self.x_name)
        )?;
        self.write_marks(out)?;
        self.write_axes(out)?;
        for line in &self.lines {
            self.write_line(out, line)?;
        }
        self.write_values(out)?;
        out.write_str("</svg>\n</figure>\n")
    }

    fn write_legend(&self, out: &mut String) -> fmt::Result {
        out.write_str("<ul class=\"legend\">")?;
        for line in &self.lines {
            write!(out, "<li><i class=\"c{}\"></i>{}</li>", line.colour, Text(&line.name))?;
        }
        let mut marks: Vec<&str> = self.marks.iter().map(|mark| mark.what).collect();
        marks.dedup();
        for what in marks {
            write!(out, "<li><i class=\"mark\"></i>{}</li>", Text(what))?;
        }
        out.write_str("</ul>\n")
    }

    fn write_marks(&self, out: &mut String) -> fmt::Result {
        for mark in self.marks {
            let (from, to) = (self.x_of(mark.from), self.x_of(mark.to));
            let (class, width) = if to > from { ("mark", to - from) } else { ("mark moment", 2.0) };
            let height = HEIGHT - TOP - BOTTOM;
            writeln!(
                out,
                "<rect class=\"{class}\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{width:.1}\" height=\"{height}\"/>"
            )?;
        }
        Ok(())
    }

    fn write_axes(&self, out: &mut String) -> fmt::Result {
        let (bottom, right) = (HEIGHT - BOTTOM, WIDTH - RIGHT);
        for (value, text) in &self.y.ticks {
            let y = self.y_of(*value);
            writeln!(out, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right}\"/>")?;
            let (x, y) = (LEFT - 8.0, y + 4.0);
            writeln!(out, "<text class=\"end\" x=\"{x}\" y=\"{y:.1}\">{}</text>", Text(text))?;
        }
        for (value, text) in &self.x.ticks {
            let x = self.x_of(*value);
            writeln!(out, "<path class=\"tick\" d=\"M{x:.1} {bottom}v5\"/>")?;
            writeln!(
                out,
                "<text class=\"middle\" x=\"{x:.1}\" y=\"{}\">{}</text>",
                bottom + 18.0,
                Text(text)
            )?;
        }
        writeln!(out, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{bottom}H{right}\"/>")?;
        writeln!(out, "<text class=\"name\" x=\"4\" y=\"14\">{}</text>", Text(self.y_name))?;
        let (x, y) = (right, HEIGHT - 8.0);
        writeln!(out, "<text class=\"name end\" x=\"{x}\" y=\"{y}\">{}</text>", Text(self.x_name))
    }

    fn write_line(&self, out: &mut String, line: &Line) -> fmt::Result {
        write!(out, "<path class=\"line c{}\" d=\"", line.colour)?;
        let mut pen_is_down = false;
        for (index, (x, y)) in line.points.iter().enumerate() {
            let Some(y) = y else {
                pen_is_down = false;
                continue;
            };
            let alone = !pen_is_down && line.points.get(index + 1).is_none_or(|(_, next)| next.is_none());
            write!(out, "{}{:.1} {:.1}", if pen_is_down { 'L' } else { 'M' }, self.x_of(*x), self.y_of(*y))?;
            if alone {
                // A point without neighbours is a dot: round ends make a line of no length one.
                out.write_str("h0")?;
            }
            pen_is_down = true;
        }
        out.write_str("\"/>\n")
    }

    /// Columns that say under the pointer what the lines show there.
    fn write_values(&self, out: &mut String) -> fmt::Result {
        let longest = self.lines.iter().max_by_key(|line| line.points.len());
        let Some(xs) = longest.map(|line| line.points.iter().map(|(x, _)| *x).collect::<Vec<_>>()) else {
            return Ok(());
        };
        for (index, x) in xs.iter().enumerate() {
            let before = index.checked_sub(1).map_or(*x, |before| (xs[before] + x) / 2.0);
            let after = xs.get(index + 1).map_or(*x, |after| (after + x) / 2.0);
            let (from, to) = (self.x_of(before), self.x_of(after));
            let height = HEIGHT - TOP - BOTTOM;
            write!(
                out,
                "<rect class=\"hit\" x=\"{from:.1}\" y=\"{TOP}\" width=\"{:.1}\" height=\"{height}\"><title>{}",
                (to - from).max(0.5),
                Text(&(self.tell_x)(*x))
            )?;
            for line in &self.lines {
                let value = line.points.get(index).and_then(|(_, value)| *value);
                let value =
                    value.map_or_else(|| "–".to_owned(), |value| (self.tell)(value, value.abs() / 100.0));
                write!(out, "\n{}: {}", Text(&line.name), Text(&value))?;
            }
            out.write_str("</title></rect>\n")?;
        }
        Ok(())
    }

    fn x_of(&self, value: f64) -> f64 {
        LEFT + self.x.at(value) * (WIDTH - LEFT - RIGHT)
    }

    fn y_of(&self, value: f64) -> f64 {
        HEIGHT - BOTTOM - self.y.at(value) * (HEIGHT - TOP - BOTTOM)
    }
}
