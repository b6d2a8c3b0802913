//! The quests: a table of `content/`.

use std::collections::{BTreeMap, BTreeSet};

use protocol::LocationId;
use protocol::ids::CrystalShardId;
use serde::Deserialize;

use super::check::Tables;
use super::source::ContentError;

/// What `defeat` calls the guardian of a crystal shard.
pub const GUARDIAN: &str = "guardian";

/// Something to do.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quest {
    pub id: String,
    pub title: String,
    pub description: String,
    /// The quest that has to be completed before.
    pub after: Option<String>,
    pub goal: Goal,
    #[serde(default = "one")]
    pub count: u32,
    #[serde(default)]
    pub experience: i64,
    #[serde(default)]
    pub souls: i64,
    /// Kinds, each once or more often.
    #[serde(default)]
    pub items: Vec<String>,
}

/// What it is about.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// To come to this location.
    Visit(LocationId),
    /// To be among those who win against enemies of this kind.
    Defeat(String),
    /// To have so many of this kind with one.
    Collect(String),
    /// To take this crystal shard; 0: whichever.
    Capture(CrystalShardId),
}

fn one() -> u32 {
    1
}

impl Tables<'_> {
    pub(super) fn check_quests(&self, errors: &mut Vec<ContentError>) {
        let locations: BTreeSet<LocationId> = self.locations.rows().map(|row| row.id).collect();
        let enemies: BTreeSet<&str> = self.enemies.rows().map(|row| row.kind.as_str()).collect();
        let items: BTreeSet<&str> = self.items.rows().map(|row| row.kind.as_str()).collect();
        let shards: BTreeSet<CrystalShardId> = self.crystal_shards.rows().map(|row| row.id).collect();
        let after: BTreeMap<&str, Option<&str>> =
            self.quests.rows().map(|row| (row.id.as_str(), row.after.as_deref())).collect();
        let mut seen = BTreeSet::new();
        self.quests.check(errors, |quest, tell| {
            if !seen.insert(quest.id.clone()) {
                tell("id", format!("{:?} is there twice", quest.id));
            }
            if quest.id.is_empty() || quest.id.len() > 50 {
                tell("id", "expected 1 to 50 bytes".to_owned());
            }
            let possible = match &quest.goal {
                Goal::Visit(id) => locations.contains(id),
                Goal::Defeat(kind) => kind == GUARDIAN || enemies.contains(kind.as_str()),
                Goal::Collect(kind) => items.contains(kind.as_str()),
                Goal::Capture(id) => id.0 == 0 || shards.contains(id),
            };
            if !possible {
                tell("goal", "there is no such thing in the world".to_owned());
            }
            if !(1..=1000).contains(&quest.count) {
                tell("count", "expected 1 to 1000".to_owned());
            }
            if matches!(quest.goal, Goal::Visit(_)) && quest.count != 1 {
                tell("count", "a place is visited once".to_owned());
            }
            for (field, figure) in [("experience", quest.experience), ("souls", quest.souls)] {
                if !(0..=1_000_000).contains(&figure) {
                    tell(field, "expected 0 to 1000000".to_owned());
                }
            }
            for kind in quest.items.iter().filter(|kind| !items.contains(kind.as_str())) {
                tell("items", format!("there is no item {kind:?}"));
            }
            // Back along what has to come before: a beginning, or the same one again.
            let mut before = quest.after.as_deref();
            for _ in 0..after.len() {
                let Some(id) = before else { break };
                match after.get(id) {
                    Some(further) => before = *further,
                    None => {
                        tell("after", format!("there is no quest {id:?}"));
                        return;
                    }
                }
            }
            if before.is_some() {
                tell("after", "nobody can ever begin it: it comes after itself".to_owned());
            }
        });
    }
}
