//! What messages look like as a line of text.

use protocol::blocks::Blocked;
use protocol::chat::{Channel, Chat};
use protocol::ground::{GroundItem, GroundUpdate};
use protocol::inventory::Inventory;
use protocol::movement::Position;
use protocol::world::{CrystalShard, WorldState};
use protocol::{LocationId, ServerMessage};

use crate::{NearbyPlayer, Notice};

/// A message as one line; `None` for what a person need not see.
pub fn message(message: &ServerMessage) -> Option<String> {
    use ServerMessage::{
        Aetherfall, Chat, ChatHistory, Disconnect, Error, EventTrigger, FactionChat, GroundUpdate,
        InvalidMessage, LocationUpdate, PartyChat, PlayerJoinedArea, PlayerLeftArea, QuestUpdate,
        RealityShift, ShardCaptured, Whisper, WorldAnnouncement,
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
        LocationUpdate(update) => {
            let exits: Vec<String> = update.exits.iter().map(ToString::to_string).collect();
            let lying = match update.ground.len() {
                0 => String::new(),
                many => format!("; on the ground: {many} (/ground)"),
            };
            format!(
                "-- {} ({}), ways to {}; {} others are here{lying}",
                update.location_name,
                update.location_id,
                exits.join(", "),
                update.occupant_count
            )
        }
        GroundUpdate(update) => lies_or_not(update)?,
        PlayerJoinedArea(who) => format!("-- {} (level {}) comes", who.character_name, who.level),
        PlayerLeftArea(who) => match who.to_location_id {
            Some(to) => format!("-- {} goes to {to}", who.character_name),
            None => format!("-- {} leaves", who.character_name),
        },
        ShardCaptured(news) => format!("*** {} takes {}", news.faction, news.shard_name),
        RealityShift(news) => format!("*** {} becomes {}", news.from_reality, news.to_reality),
        Aetherfall(news) => format!("*** Aetherfall {}: {}", news.total_aetherfalls, news.new_reality),
        EventTrigger(event) => format!("*** {}: {}", event.title, event.description),
        QuestUpdate(quest) => format!("-- {} {}/{}", quest.title, quest.progress, quest.goal),
        Error(error) | InvalidMessage(error) => format!("! {} ({})", error.error_message, error.error_code),
        Disconnect(goodbye) => format!("! {}", goodbye.reason),
        _ => return None,
    })
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

fn lies_or_not(update: &GroundUpdate) -> Option<String> {
    let laid = update.items.iter().map(|item| format!("-- on the ground: {}", thing(item)));
    let gone = update.gone.iter().map(|id| format!("-- {id} does not lie here any more"));
    let lines: Vec<String> = laid.chain(gone).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn thing(item: &GroundItem) -> String {
    let many = if item.quantity == 1 { String::new() } else { format!("{} ", item.quantity) };
    let Position { x, y, .. } = item.position;
    format!("{} {many}{} at {x:.0}, {y:.0}", item.ground_id, item.name)
}

/// What lies on the ground, a line each.
pub fn ground(lying: &[GroundItem]) -> String {
    if lying.is_empty() {
        return "Nothing lies here.".to_owned();
    }
    lying.iter().map(|item| format!("  {}", thing(item))).collect::<Vec<_>>().join("\n")
}

/// What one has, a line each.
pub fn inventory(all: &Inventory) -> String {
    let items = all.items.iter().map(|item| {
        let worn = if item.equipped { ", worn" } else { "" };
        format!("  {} {}{worn}", item.item_id, item.name)
    });
    let stacks =
        all.stacks.iter().map(|stack| format!("  {} {} ({})", stack.quantity, stack.name, stack.kind));
    let souls = std::iter::once(format!("  {} souls", all.souls));
    souls.chain(items).chain(stacks).collect::<Vec<_>>().join("\n")
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
    let one = |shard: &CrystalShard| {
        let owner = shard.owning_faction.as_deref().unwrap_or("nobody");
        format!("  {} - held by {owner}, guarded by {}", shard.name, shard.guardian_name)
    };
    shards.iter().map(one).collect::<Vec<_>>().join("\n")
}
