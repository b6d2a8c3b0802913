//! Quests: how far a character is with each, what its deeds make of that, and what a completed one brings.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use protocol::LocationId;
use protocol::events::QuestUpdate;
use protocol::ids::{CrystalShardId, INTEGER_MAX};

use crate::Refusal;
use crate::content::{Content, Goal, Quest};
use crate::sheet::{Asset, Settlement, Sheet};

/// Something that a character has done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Visited(LocationId),
    /// An enemy of this kind, alone or with others; `guardian` for that of a crystal shard.
    Defeated(String),
    Captured(CrystalShardId),
}

/// How far one is with a quest.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    pub done: u32,
    /// What it brings is had.
    pub completed: bool,
}

/// A character's quests, as they are on disk. Those without progress are not in it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuestLog {
    rows: BTreeMap<String, Progress>,
}

/// A quest that has come further: by how much in all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub quest_id: String,
    pub progress: Progress,
}

impl QuestLog {
    pub fn restore(rows: impl IntoIterator<Item = (String, Progress)>) -> Self {
        Self { rows: rows.into_iter().collect() }
    }

    pub fn progress_of(&self, quest_id: &str) -> Progress {
        self.rows.get(quest_id).copied().unwrap_or_default()
    }

    /// Those that one is at, in the order of the content.
    pub fn open<'a>(&'a self, content: &'a Content) -> impl Iterator<Item = &'a Quest> {
        content.quests().iter().filter(|quest| {
            let may_begin = quest.after.as_deref().is_none_or(|before| self.progress_of(before).completed);
            may_begin && !self.progress_of(&quest.id).completed
        })
    }

    /// What deeds, and what one has with one, make of the open ones. What was reached once stays: who sells what he
    /// has collected has had it.
    pub fn after(&self, deeds: &[Deed], sheet: &Sheet, content: &Content) -> Vec<Step> {
        let steps = self.open(content).filter_map(|quest| {
            let before = self.progress_of(&quest.id).done;
            let more = |counts: &dyn Fn(&Deed) -> bool| {
                let times = deeds.iter().filter(|deed| counts(deed)).count();
                before.saturating_add(u32::try_from(times).unwrap_or(u32::MAX))
            };
            let done = match &quest.goal {
                Goal::Visit(id) => more(&|deed| *deed == Deed::Visited(*id)),
                Goal::Defeat(kind) => more(&|deed| matches!(deed, Deed::Defeated(other) if other == kind)),
                Goal::Collect(kind) => before.max(carried(sheet, kind)),
                Goal::Capture(id) => {
                    more(&|deed| matches!(deed, Deed::Captured(other) if id.0 == 0 || other == id))
                }
            };
            let done = done.min(quest.count);
            (done > before)
                .then(|| Step { quest_id: quest.id.clone(), progress: Progress { done, completed: false } })
        });
        steps.collect()
    }

    /// Goes on with what is on disk by now.
    pub fn take(&mut self, steps: &[Step]) {
        for step in steps {
            self.rows.insert(step.quest_id.clone(), step.progress);
        }
    }

    /// The first one that is done, and whose reward is not had yet.
    pub fn due<'a>(&'a self, content: &'a Content) -> Option<&'a Quest> {
        self.open(content).find(|quest| self.progress_of(&quest.id).done >= quest.count)
    }

    /// How it stands, as its character is told.
    pub fn message(&self, quest: &Quest) -> QuestUpdate {
        let Progress { done, completed } = self.progress_of(&quest.id);
        QuestUpdate {
            quest_id: quest.id.clone(),
            title: quest.title.clone(),
            description: quest.description.clone(),
            status: if completed { "completed" } else { "active" }.to_owned(),
            progress: done.min(quest.count),
            goal: quest.count,
        }
    }
}

impl Quest {
    /// What completing it brings, once.
    ///
    /// # Errors
    /// As [`Sheet::grown`]; `CONFLICT` when one can't have more souls.
    pub fn reward(&self, sheet: &Sheet, content: &Content) -> Result<Settlement, Refusal> {
        let who = sheet.character_id;
        let mut party = sheet.party();
        if self.experience > 0
            && let Some(class) = content.class(&sheet.class)
        {
            party.growth = Some(sheet.grown(class, self.experience)?);
        }
        let mut settlement =
            Settlement::new("quest", vec![party]).caused_by(format!("quest:{}:{who}", self.id));
        let souls = self.souls.min(INTEGER_MAX - sheet.progression.souls);
        if souls > 0 {
            settlement = settlement.moving(None, Some(who), Asset::Souls(souls));
        }
        for kind in &self.items {
            let stackable = content.item(kind).is_some_and(|item| item.stackable);
            let kind = kind.clone();
            let asset = if stackable { Asset::Stack { kind, quantity: 1 } } else { Asset::NewItem { kind } };
            settlement = settlement.moving(None, Some(who), asset);
        }
        Ok(settlement)
    }
}

fn carried(sheet: &Sheet, kind: &str) -> u32 {
    let items = sheet.items.values().filter(|item| item.kind == kind).count();
    let stack = sheet.stacks.get(kind).copied().unwrap_or(0);
    u32::try_from(stack.saturating_add(i64::try_from(items).unwrap_or(i64::MAX))).unwrap_or(u32::MAX)
}
