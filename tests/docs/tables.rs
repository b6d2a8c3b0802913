//! The tables of the reference that say what is in the content: `protocol/` does not know it.

use protocol::combat::Targets;
use rules::Content;
use rules::content::{Ability, Amounts, Goal, Quest};

/// What the classes can do in a fight.
pub fn abilities(content: &Content) -> String {
    let head = "| class | ability | cost | cooldown | whom | what it does |\n|---|---|---|---|---|---|";
    let rows = content.abilities().iter().filter_map(|ability| {
        let class = ability.class.as_ref()?;
        let Ability { name, cooldown, .. } = ability;
        let (cost, whom, does) = (cost(ability.cost), whom(ability.targets), does(ability));
        Some(format!("| {class} | {name} | {cost} | {cooldown} | {whom} | {does} |"))
    });
    table(head, rows)
}

/// What there is to do.
pub fn quests(content: &Content) -> String {
    let head = "| `quest_id` | after | what to do | what it brings |\n|---|---|---|---|";
    let rows = content.quests().iter().map(|quest| {
        let after = quest.after.as_ref().map_or_else(String::new, |after| format!("`{after}`"));
        format!("| `{}` | {after} | {} | {} |", quest.id, task(quest, content), reward(quest))
    });
    table(head, rows)
}

fn table(head: &str, rows: impl Iterator<Item = String>) -> String {
    std::iter::once(head.to_owned()).chain(rows).collect::<Vec<_>>().join("\n")
}

fn cost(Amounts { health, stamina, mana }: Amounts) -> String {
    let all = [(health, "health"), (stamina, "stamina"), (mana, "mana")];
    let named =
        all.into_iter().filter(|(amount, _)| *amount > 0).map(|(amount, name)| format!("{amount} {name}"));
    named.collect::<Vec<_>>().join(", ")
}

fn whom(targets: Targets) -> &'static str {
    match targets {
        Targets::Oneself => "oneself",
        Targets::Ally => "one's own side",
        Targets::One => "an enemy",
        Targets::All => "all enemies",
    }
}

fn does(ability: &Ability) -> String {
    let factors = ability.scales_with.iter().map(|(stat, factor)| {
        let name = format!("{stat:?}").to_lowercase();
        format!("{name} × {factor}")
    });
    let factors: Vec<String> = factors.collect();
    let of_oneself = if matches!(ability.targets, Targets::One | Targets::All) { " for oneself" } else { "" };
    let figures = [(ability.damage, "damage", ""), (ability.healing, "healing", of_oneself)];
    let figures = figures.into_iter().filter(|(amount, ..)| *amount > 0);
    let figures: Vec<String> =
        figures.map(|(amount, name, whose)| format!("{amount} {name}{whose}")).collect();
    let mut all = Vec::new();
    if !figures.is_empty() {
        all.push(format!("{} ({})", figures.join(" and "), factors.join(", ")));
    }
    if let Some(below) = ability.execute_below {
        all.push(format!("twice that below {} % health", below * 100.0));
    }
    if ability.restores_mana > 0 {
        all.push(format!("{} mana", ability.restores_mana));
    }
    if let Some(effect) = ability.effect {
        let amount = if effect.amount > 0 { format!(" {}", effect.amount) } else { String::new() };
        all.push(format!("`{}`{amount}, turns: {}", effect.kind.as_str(), effect.rounds));
    }
    all.join("; ")
}

fn task(quest: &Quest, content: &Content) -> String {
    match &quest.goal {
        Goal::Visit(id) => {
            let name = content.location(*id).map_or("", |location| location.name.as_str());
            format!("visit {name} ({id})")
        }
        Goal::Defeat(kind) => format!("defeat {} `{kind}`", quest.count),
        Goal::Collect(kind) => format!("have {} `{kind}`", quest.count),
        Goal::Capture(shard) if shard.0 == 0 => "capture any crystal shard".to_owned(),
        Goal::Capture(shard) => format!("capture crystal shard {shard}"),
    }
}

fn reward(quest: &Quest) -> String {
    let sums = [(quest.experience, "experience"), (quest.souls, "souls")];
    let sums = sums.into_iter().filter(|(sum, _)| *sum > 0).map(|(sum, name)| format!("{sum} {name}"));
    sums.chain(quest.items.iter().map(|kind| format!("`{kind}`"))).collect::<Vec<_>>().join(", ")
}
