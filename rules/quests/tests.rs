//! Deeds move the quests that are open, each quest is rewarded once, and what comes after it is open then.

use protocol::LocationId;
use protocol::ids::CrystalShardId;

use super::{Deed, Progress, QuestLog, Step};
use crate::content::Content;
use crate::sheet::tests::sheet;

const FIRST: &str = "beyond-the-palisade";
const SOLDIERS: &str = "clear-the-outpost";
const PELTS: &str = "pelts-for-the-winter";

fn defeated(kind: &str) -> Deed {
    Deed::Defeated(kind.to_owned())
}

fn open(log: &QuestLog, content: &Content) -> Vec<String> {
    log.open(content).map(|quest| quest.id.clone()).collect()
}

fn complete(log: &mut QuestLog, content: &Content) -> Vec<String> {
    let mut ids = Vec::new();
    while let Some(quest) = log.due(content) {
        let step =
            Step { quest_id: quest.id.clone(), progress: Progress { done: quest.count, completed: true } };
        ids.push(quest.id.clone());
        log.take(&[step]);
    }
    ids
}

fn do_deeds(log: &mut QuestLog, deeds: &[Deed], content: &Content) -> Vec<(String, u32)> {
    let steps = log.after(deeds, &sheet(1, 1), content);
    log.take(&steps);
    steps.into_iter().map(|step| (step.quest_id, step.progress.done)).collect()
}

#[test]
fn one_quest_leads_to_the_next() {
    let (content, mut log) = (Content::builtin(), QuestLog::default());
    assert_eq!(open(&log, &content), [FIRST]);
    assert_eq!(
        do_deeds(&mut log, &[Deed::Visited(LocationId(12)), defeated("hollow_soldier")], &content),
        []
    );
    assert_eq!(do_deeds(&mut log, &[Deed::Visited(LocationId(11))], &content), [(FIRST.to_owned(), 1)]);
    assert_eq!(log.due(&content).map(|quest| quest.id.as_str()), Some(FIRST));
    assert_eq!(complete(&mut log, &content), [FIRST]);
    assert_eq!(open(&log, &content), [SOLDIERS, PELTS]);
    assert_eq!(do_deeds(&mut log, &[Deed::Visited(LocationId(11))], &content), [], "it is over");
}

#[test]
fn deeds_count_up_to_the_goal_and_not_beyond() {
    let (content, mut log) = (Content::builtin(), QuestLog::default());
    do_deeds(&mut log, &[Deed::Visited(LocationId(11))], &content);
    complete(&mut log, &content);
    let two = [defeated("hollow_soldier"), defeated("corrupt_wolf"), defeated("hollow_soldier")];
    assert_eq!(do_deeds(&mut log, &two, &content), [(SOLDIERS.to_owned(), 2)]);
    assert_eq!(log.due(&content), None);
    assert_eq!(do_deeds(&mut log, &two, &content), [(SOLDIERS.to_owned(), 3)]);
    assert_eq!(do_deeds(&mut log, &two, &content), [], "until it is completed nothing more is counted");
    let quest = log.due(&content).unwrap();
    let message = log.message(quest);
    assert_eq!((message.progress, message.goal, message.status.as_str()), (3, 3, "active"));
}

#[test]
fn what_is_collected_counts_by_what_one_has_at_once() {
    let (content, mut log) = (Content::builtin(), QuestLog::default());
    do_deeds(&mut log, &[Deed::Visited(LocationId(11))], &content);
    complete(&mut log, &content);
    let mut sheet = sheet(1, 1);
    sheet.stacks.insert("wolf_pelt".to_owned(), 2);
    let steps = log.after(&[], &sheet, &content);
    assert_eq!(steps.len(), 1);
    log.take(&steps);
    sheet.stacks.remove("wolf_pelt");
    assert_eq!(log.after(&[], &sheet, &content), [], "it has been two");
    sheet.stacks.insert("wolf_pelt".to_owned(), 7);
    log.take(&log.after(&[], &sheet, &content));
    assert_eq!(log.progress_of(PELTS), Progress { done: 3, completed: false });
}

#[test]
fn any_shard_will_do_where_none_is_named() {
    let content = Content::builtin();
    let before = ["beyond-the-palisade", "clear-the-outpost", "the-city-of-tombs", "knight-fall"];
    let completed = Progress { done: 1, completed: true };
    let mut log = QuestLog::restore(before.map(|id| (id.to_owned(), completed)));
    let deeds = [Deed::Captured(CrystalShardId(7)), defeated("guardian")];
    let steps = do_deeds(&mut log, &deeds, &content);
    assert_eq!(steps, [("what-nobody-holds".to_owned(), 1), ("keeper-of-a-shard".to_owned(), 1)]);
}

#[test]
fn a_reward_is_what_the_quest_says_and_has_a_cause_of_its_own() {
    let content = Content::builtin();
    let quest = content.quests().iter().find(|quest| quest.id == SOLDIERS).unwrap();
    let sheet = sheet(1, 1);
    let reward = quest.reward(&sheet, &content).unwrap();
    assert_eq!(reward.cause.as_deref(), Some("quest:clear-the-outpost:1"));
    let after = sheet.after(&reward, None).unwrap();
    assert_eq!(after.progression.souls, 200);
    assert_eq!((after.progression.experience, after.progression.level), (100, 2));
    assert_eq!(after.stacks["health_potion"], 6);
}
