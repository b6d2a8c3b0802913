//! The scenarios: mixes that are part of the program.

use crate::mix::Mix;

/// Name and text of each.
pub const SCENARIOS: [(&str, &str); 10] = [
    ("walk", include_str!("../mixes/walk.toml")),
    ("echo", include_str!("../mixes/echo.toml")),
    ("room", include_str!("../mixes/room.toml")),
    ("storm", include_str!("../mixes/storm.toml")),
    ("slow", include_str!("../mixes/slow.toml")),
    ("churn", include_str!("../mixes/churn.toml")),
    ("market", include_str!("../mixes/market.toml")),
    ("party", include_str!("../mixes/party.toml")),
    ("hunt", include_str!("../mixes/hunt.toml")),
    ("raid", include_str!("../mixes/raid.toml")),
];

/// The text of a scenario, to begin a mix of one's own with.
pub fn source(name: &str) -> Option<&'static str> {
    SCENARIOS.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// A scenario by name.
pub fn scenario(name: &str) -> Option<Mix> {
    let text = source(name)?;
    Some(Mix::parse(name, text).expect("a test reads every scenario"))
}

#[cfg(test)]
mod tests {
    use super::{Mix, SCENARIOS};

    #[test]
    fn every_scenario_and_every_example_is_a_mix() {
        let examples = [("evening", include_str!("../mixes/evening.toml"))];
        for (name, text) in SCENARIOS.into_iter().chain(examples) {
            let mix = Mix::parse(name, text).unwrap();
            assert!(mix.about.ends_with('.'), "{name}: {}", mix.about);
        }
    }
}
