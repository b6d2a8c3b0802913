//! What messages look like as a line of text.

mod dealings;
mod fight;
#[cfg(test)]
mod tests;
mod things;

pub use dealings::party;
pub use things::{ground, inventory, vendor};

use protocol::blocks::Blocked;
use protocol::characters::CharacterUpdate;
use protocol::chat::{Channel, Chat};
use protocol::movement::LocationUpdate;
use protocol::world::{CrystalShard, WorldEvent, WorldState};
use protocol::{LocationId, ServerMessage};
use serde_json::Value;

use crate::terminal::scene::Scene;
use crate::{ClientError, NearbyPlayer, Notice};

/// A message as one line; `None` for what a person need not see.
pub fn message(message: &ServerMessage, scene: &Scene) -> Option<String> {
    use ServerMessage::{
        Aetherfall, CharacterUpdate, Chat, ChatHistory, CombatAction, CombatDamage, CombatEnd, CombatHeal,
        CombatStart, CombatState, Disconnect, Error, EventTrigger, FactionChat, GroundUpdate, InvalidMessage,
        InventoryUpdate, LocationUpdate, PartyChat, PartyDecline, PartyDisband, PartyInvite, PartyKick,
        PartyUpdate, PlayerJoinedArea, PlayerLeftArea, QuestUpdate, RealityShift, ShardCaptured, ShardStatus,
        TradeComplete, TradeDecline, TradeRequest, TradeUpdate, Whisper, WorldAnnouncement,
    };
    Some(match message {
        Chat(line) | Whisper(line) | PartyChat(line) | FactionChat(line) => chat(line),
        ChatHistory(history) if history.lines.is_empty() => return None,
        ChatHistory(history) => {
            let past =
                history.lines.iter().map(|line| format!("  {}: {}", line.sender_name, plain(&line.content)));
            let past: Vec<String> = past.collect();
            format!("-- said before ({}):\n{}", history.channel, past.join("\n"))
        }
        WorldAnnouncement(news) => format!("*** {}: {}", news.announced_by, plain(&news.content)),
        LocationUpdate(update) => arrival(update),
        GroundUpdate(update) => things::lies_or_not(update)?,
        PlayerJoinedArea(who) => format!("-- {} (level {}) comes", who.character_name, who.level),
        PlayerLeftArea(who) => match who.to_location_id {
            Some(to) => format!("-- {} goes to {to}", who.character_name),
            None => format!("-- {} leaves", who.character_name),
        },
        CharacterUpdate(update) => grown(update, scene)?,
        CombatStart(start) => fight::start(start, scene),
        CombatAction(action) => fight::action(action, scene),
        CombatDamage(damage) => fight::damage(damage, scene),
        CombatHeal(heal) => fight::heal(heal, scene),
        CombatState(state) => fight::state(state, scene)?,
        CombatEnd(end) => fight::end(end),
        InventoryUpdate(update) => things::change(update),
        PartyInvite(invite) => dealings::invite(invite, scene),
        PartyUpdate(update) => party(update),
        PartyDecline(who) => format!("-- {} does not come into the party", who.character_name),
        PartyKick(who) if who.character_id == scene.me => "-- you are out of the party".to_owned(),
        PartyKick(who) => format!("-- {} is out of the party", who.character_name),
        PartyDisband(end) => format!("-- the party is no more: {}", plain(&end.reason)),
        TradeRequest(request) => dealings::request(request),
        TradeUpdate(update) => dealings::window(update, scene),
        TradeDecline(end) => format!("-- nothing is traded: {}", plain(&end.reason)),
        TradeComplete(end) => dealings::complete(end, scene),
        ShardCaptured(news) => {
            let (who, shard) = (&news.captured_by_character_name, &news.shard_name);
            format!("*** {} takes {shard}, by the hand of {who}", news.faction)
        }
        ShardStatus(status) => {
            status.shards.iter().map(|one| format!("*** {}", shard(one))).collect::<Vec<_>>().join("\n")
        }
        RealityShift(news) => format!("*** {} becomes {}", news.from_reality, news.to_reality),
        Aetherfall(news) => {
            let winner = news.winning_faction.as_ref().map_or_else(String::new, |who| format!(" by {who}"));
            format!("*** Aetherfall {}{winner}: {} begins", news.total_aetherfalls, news.new_reality)
        }
        EventTrigger(event) => format!("*** {}: {}", plain(&event.title), plain(&event.description)),
        QuestUpdate(quest) => format!(
            "-- quest, {}: {} ({}/{}) {}",
            quest.status, quest.title, quest.progress, quest.goal, quest.description
        ),
        Error(error) | InvalidMessage(error) => self::error(&error.clone().into()),
        Disconnect(goodbye) => format!("! {}", goodbye.reason),
        _ => return None,
    })
}

fn arrival(update: &LocationUpdate) -> String {
    let exits: Vec<String> = update.exits.iter().map(ToString::to_string).collect();
    let lying = match update.ground.len() {
        0 => String::new(),
        many => format!("; on the ground: {many} (/ground)"),
    };
    let met = match &update.enemies[..] {
        [] => String::new(),
        enemies => format!("; one meets {} (/fight)", enemies.join(", ")),
    };
    let sold = match &update.sells[..] {
        [] => String::new(),
        sells => format!("; for sale: {} (/buy)", sells.join(", ")),
    };
    format!(
        "-- {} ({}), ways to {}; {} others are here{met}{sold}{lying}",
        update.location_name,
        update.location_id,
        exits.join(", "),
        update.occupant_count
    )
}

/// One's own new level.
fn grown(update: &CharacterUpdate, scene: &Scene) -> Option<String> {
    let level = update.level.filter(|level| update.character_id == scene.me && *level > scene.level)?;
    Some(format!("*** You are level {level} now"))
}

fn chat(line: &Chat) -> String {
    let content = plain(&line.content);
    match line.channel {
        Channel::Whisper => format!("{} whispers: {content}", line.sender_name),
        channel => format!("[{channel}] {}: {content}", line.sender_name),
    }
}

/// What others write must not steer the terminal.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// What went wrong, and what there was to choose from.
pub fn error(error: &ClientError) -> String {
    let text = plain(&error.to_string());
    let ClientError::Refused { details, .. } = error else { return format!("! {text}") };
    let possible = details.get("possible").and_then(Value::as_array).into_iter().flatten();
    let unsaid: Vec<&str> = possible.filter_map(Value::as_str).filter(|name| !text.contains(name)).collect();
    if unsaid.is_empty() { format!("! {text}") } else { format!("! {text}: try {}", unsaid.join(", ")) }
}

/// News of the connection as one line.
pub fn notice(notice: &Notice) -> Option<String> {
    Some(match notice {
        Notice::Reconnecting { attempt, wait, why } => {
            format!("-- {why}; attempt {attempt} to come back in {:.1} s", wait.as_secs_f64())
        }
        Notice::Resumed | Notice::Reconnected => "-- back again".to_owned(),
        Notice::CharacterLost { why } => format!("! your character can't play on: {why}"),
        Notice::Missed { from_seq, to_seq } => format!("-- {} messages were missed", to_seq - from_seq + 1),
        Notice::Ended(end) => format!("-- {end}"),
        Notice::Repeated { .. } | Notice::Unreadable { .. } => return None,
    })
}

/// Who is near, a line each.
pub fn players(players: &[NearbyPlayer]) -> String {
    if players.is_empty() {
        return "Nobody is near.".to_owned();
    }
    let one = |player: &NearbyPlayer| {
        let level = player.level.map_or_else(|| "?".to_owned(), |level| level.to_string());
        let faction = player.faction.as_deref().unwrap_or("no faction known");
        let at = player.position.map_or_else(String::new, |at| format!(" at {:.0}, {:.0}", at.x, at.y));
        format!("  {} (level {level}, {faction}){at}", player.character_name)
    };
    players.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// How one's own character stands.
pub fn oneself(state: &CharacterUpdate) -> String {
    let of = |now: Option<i32>, most: Option<i32>| match (now, most) {
        (Some(now), Some(most)) => format!("{now}/{most}"),
        _ => "?".to_owned(),
    };
    let level = state.level.map_or_else(String::new, |level| format!(", level {level}"));
    format!(
        "{}{level}: {} health, {} stamina, {} mana",
        state.character_name,
        of(state.health, state.max_health),
        of(state.stamina, state.max_stamina),
        of(state.mana, state.max_mana)
    )
}

/// Whom one blocks, a line each.
pub fn blocked(blocked: &[Blocked]) -> String {
    if blocked.is_empty() {
        return "You block nobody.".to_owned();
    }
    blocked.iter().map(|one| format!("  {}", one.character_name)).collect::<Vec<_>>().join("\n")
}

pub fn location(here: Option<LocationId>) -> String {
    here.map_or_else(|| "Nowhere yet.".to_owned(), |here| format!("You are in location {here}."))
}

pub fn world(state: &WorldState) -> String {
    let counts: Vec<String> =
        state.faction_shard_counts.iter().map(|(faction, count)| format!("{faction} {count}")).collect();
    format!(
        "{}, stability {:.0}; {} players; shards: {}",
        state.current_reality,
        state.reality_stability,
        state.active_players,
        counts.join(", ")
    )
}

/// The crystal shards, a line each.
pub fn shards(shards: &[CrystalShard]) -> String {
    shards.iter().map(|one| format!("  {}", shard(one))).collect::<Vec<_>>().join("\n")
}

fn shard(shard: &CrystalShard) -> String {
    let owner = shard.owning_faction.as_deref().unwrap_or("nobody");
    let at = shard.location_id.map_or_else(String::new, |at| format!(" in {at}"));
    format!("{}{at} - {}, held by {owner}, guarded by {}", shard.name, shard.status, shard.guardian_name)
}

/// What happened lately, a line each.
pub fn events(events: &[WorldEvent]) -> String {
    if events.is_empty() {
        return "Nothing worth remembering.".to_owned();
    }
    let one = |event: &WorldEvent| {
        format!("  {} {}: {}", event.timestamp, plain(&event.title), plain(&event.description))
    };
    events.iter().map(one).collect::<Vec<_>>().join("\n")
}
