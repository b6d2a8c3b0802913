//! Axes: where a value lies along one, and which values get a tick.

/// How values are spread along an axis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scale {
    /// From 0 to a round number.
    Linear,
    /// From 0 to the greatest value.
    Exact,
    /// From the power of ten below the least value.
    Log,
    /// Quantiles: as far from 0 to 0.9 as from 0.9 to 0.99.
    Quantile,
}

/// One axis with its range.
#[derive(Debug, Clone)]
pub(super) struct Axis {
    scale: Scale,
    from: f64,
    to: f64,
    pub ticks: Vec<(f64, String)>,
}

impl Axis {
    /// An axis that holds all `values`; `show` writes a tick's value, told how far it is to the next.
    pub fn around(scale: Scale, values: impl Iterator<Item = f64>, show: fn(f64, f64) -> String) -> Self {
        let values: Vec<f64> = values.filter(|value| value.is_finite()).collect();
        let most = values.iter().copied().fold(f64::MIN, f64::max);
        match scale {
            Scale::Linear => Self::linear(most, show),
            Scale::Exact => Self::exact(most, show),
            Scale::Log => {
                let least = values.iter().copied().filter(|value| *value > 0.0).fold(f64::MAX, f64::min);
                Self::logarithmic(least, most, show)
            }
            Scale::Quantile => Self::quantiles(most),
        }
    }

    /// Where a value lies: 0 at the beginning, 1 at the end.
    pub fn at(&self, value: f64) -> f64 {
        let along = |value: f64| match self.scale {
            Scale::Linear | Scale::Exact => value,
            Scale::Log => value.max(f64::MIN_POSITIVE).log10(),
            Scale::Quantile => -(1.0 - value).max(f64::MIN_POSITIVE).log10(),
        };
        let (from, to) = (along(self.from), along(self.to));
        ((along(value) - from) / (to - from)).clamp(0.0, 1.0)
    }

    fn linear(most: f64, show: fn(f64, f64) -> String) -> Self {
        let step = step(most.max(0.0));
        let count = (most.max(0.0) / step - 1e-9).ceil().max(1.0);
        let ticks = (0..=count as usize).map(|index| {
            let value = index as f64 * step;
            (value, show(value, step))
        });
        Self { scale: Scale::Linear, from: 0.0, to: count * step, ticks: ticks.collect() }
    }

    fn exact(most: f64, show: fn(f64, f64) -> String) -> Self {
        let mut axis = Self::linear(most, show);
        if most > 0.0 {
            (axis.scale, axis.to) = (Scale::Exact, most);
            axis.ticks.retain(|(value, _)| *value <= most);
        }
        axis
    }

    fn logarithmic(least: f64, most: f64, show: fn(f64, f64) -> String) -> Self {
        let (least, most) = if most > 0.0 { (least.min(most), most) } else { (1.0, 10.0) };
        let low = least.log10().floor();
        let high = most.log10().ceil().max(low + 1.0);
        let decades = (high - low) as i32;
        let within: &[f64] = if decades <= 2 { &[1.0, 2.0, 5.0] } else { &[1.0] };
        let mut ticks = Vec::new();
        for decade in 0..=decades {
            for factor in within.iter().filter(|factor| decade < decades || **factor == 1.0) {
                let value = factor * 10f64.powf(low + f64::from(decade));
                ticks.push((value, show(value, value)));
            }
        }
        Self { scale: Scale::Log, from: 10f64.powf(low), to: 10f64.powf(high), ticks }
    }

    fn quantiles(most: f64) -> Self {
        const NAMED: [(f64, &str); 7] = [
            (0.0, "0 %"),
            (0.5, "50 %"),
            (0.9, "90 %"),
            (0.99, "99 %"),
            (0.999, "99.9 %"),
            (0.9999, "99.99 %"),
            (0.99999, "99.999 %"),
        ];
        let to = most.clamp(0.9, 0.999_999_9);
        let ticks = NAMED.iter().filter(|(quantile, _)| *quantile <= to);
        let ticks = ticks.map(|(quantile, name)| (*quantile, (*name).to_owned()));
        Self { scale: Scale::Quantile, from: 0.0, to, ticks: ticks.collect() }
    }
}

/// A round step that cuts 0 to `most` into about five.
fn step(most: f64) -> f64 {
    if most <= 0.0 {
        return 1.0;
    }
    let rough = most / 5.0;
    let power = 10f64.powf(rough.log10().floor());
    let rounds = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    rounds.into_iter().find(|step| *step >= rough * 0.999).unwrap_or(rough)
}

/// A number with as many digits as the distance to the next needs; thousands with a k.
pub(super) fn number(value: f64, step: f64) -> String {
    if step >= 1000.0 || (value >= 10_000.0 && step >= 100.0) {
        let digits = usize::from(step < 1000.0 || step % 1000.0 != 0.0);
        return if value == 0.0 { "0".to_owned() } else { format!("{:.digits$}k", value / 1000.0) };
    }
    let digits = (-step.log10().floor()).clamp(0.0, 3.0) as usize;
    format!("{value:.digits$}")
}

/// Milliseconds, in the unit that needs fewest digits.
pub(super) fn milliseconds(value: f64, _: f64) -> String {
    let short = |value: f64| format!("{value:.3}").trim_end_matches('0').trim_end_matches('.').to_owned();
    match value {
        value if value >= 1000.0 => format!("{} s", short(value / 1000.0)),
        value if value >= 1.0 => format!("{} ms", short(value)),
        value => format!("{} µs", short(value * 1000.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Axis, Scale, milliseconds, number};

    fn ticks(scale: Scale, values: &[f64], show: fn(f64, f64) -> String) -> Vec<String> {
        let axis = Axis::around(scale, values.iter().copied(), show);
        axis.ticks.into_iter().map(|(_, text)| text).collect()
    }

    #[test]
    fn ticks_are_round_and_hold_everything() {
        assert_eq!(ticks(Scale::Linear, &[3.0, 30.0], number), ["0", "10", "20", "30"]);
        assert_eq!(ticks(Scale::Linear, &[0.07], number), ["0.00", "0.02", "0.04", "0.06", "0.08"]);
        assert_eq!(ticks(Scale::Linear, &[48_000.0], number), ["0", "10k", "20k", "30k", "40k", "50k"]);
        assert_eq!(ticks(Scale::Linear, &[6_100.0], number), ["0", "2k", "4k", "6k", "8k"]);
        assert_eq!(ticks(Scale::Linear, &[], number), ["0", "1"]);
        assert_eq!(ticks(Scale::Exact, &[34.0], number), ["0", "10", "20", "30"]);
        assert_eq!(ticks(Scale::Exact, &[], number), ["0", "1"]);
        assert_eq!(ticks(Scale::Log, &[3.0, 80.0], milliseconds)[..4], ["1 ms", "2 ms", "5 ms", "10 ms"]);
        assert_eq!(
            ticks(Scale::Log, &[0.3, 2000.0], milliseconds),
            ["100 µs", "1 ms", "10 ms", "100 ms", "1 s", "10 s"]
        );
        assert_eq!(ticks(Scale::Quantile, &[0.9995], number), ["0 %", "50 %", "90 %", "99 %", "99.9 %"]);
    }

    #[test]
    fn values_lie_between_the_ends() {
        let axis = Axis::around(Scale::Linear, [20.0].into_iter(), number);
        assert_eq!((axis.at(0.0), axis.at(10.0), axis.at(20.0), axis.at(99.0)), (0.0, 0.5, 1.0, 1.0));
        let axis = Axis::around(Scale::Log, [1.0, 100.0].into_iter(), number);
        assert!((axis.at(10.0) - 0.5).abs() < 1e-9 && axis.at(0.0) == 0.0);
        let axis = Axis::around(Scale::Quantile, [0.99].into_iter(), number);
        assert!((axis.at(0.9) - 0.5).abs() < 1e-9, "{}", axis.at(0.9));
    }
}
