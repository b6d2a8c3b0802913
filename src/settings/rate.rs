//! A rate as people write it: "20/s burst 40".

use serde::Deserialize;

/// So many at once, then one every so often.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Rate(pub actors::options::Rate);

impl TryFrom<String> for Rate {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        parse(&text).ok_or_else(|| {
            format!("expected a rate such as \"20/s burst 40\" (s, min, h or day), found {text:?}")
        })
    }
}

fn parse(text: &str) -> Option<Rate> {
    let (rate, burst) = text.split_once(" burst ")?;
    let (count, unit) = rate.split_once('/')?;
    let unit_secs = match unit.trim() {
        "s" => 1.0,
        "min" => 60.0,
        "h" => 3600.0,
        "day" => 86400.0,
        _ => return None,
    };
    let count: f64 = count.trim().parse().ok().filter(|count: &f64| count.is_finite() && *count > 0.0)?;
    let every_ms = (unit_secs * 1000.0 / count).round();
    let burst: u32 = burst.trim().parse().ok().filter(|burst| *burst > 0)?;
    // The world's clock counts milliseconds: a finer rate would be none.
    (1.0..1e12).contains(&every_ms).then(|| Rate(actors::options::Rate::new(burst, every_ms as u64)))
}

#[cfg(test)]
mod tests {
    use super::Rate;

    #[test]
    fn a_rate_says_how_many_and_how_often() {
        let rate = |text: &str| Rate::try_from(text.to_owned()).unwrap().0;
        assert_eq!(rate("20/s burst 40").every_ms, 50);
        assert_eq!(rate("1/min burst 5").every_ms, 60_000);
        assert_eq!(rate("0.2/s burst 5").every_ms, 5_000);
        assert_eq!(rate("20/day burst 20").burst, 20);
    }

    #[test]
    fn what_is_no_rate_is_refused_with_an_example() {
        for text in [
            "",
            "20",
            "20/s",
            "0/s burst 1",
            "-1/s burst 1",
            "nan/s burst 1",
            "1/s burst 0",
            "1/year burst 1",
            "1e300/s burst 1",
            "5000/s burst 1",
        ] {
            let error = Rate::try_from(text.to_owned()).unwrap_err();
            assert!(error.contains("20/s burst 40"), "{text}: {error}");
        }
    }
}
