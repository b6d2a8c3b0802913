//! What can be typed: one table of commands, of which `/help` and what is said of a mistake are made.

use protocol::ids::{GroundId, ItemId};
use protocol::movement::Position;
use protocol::party::LootSharing;
use protocol::trade::Portion;

use crate::Thing;
use crate::terminal::arguments::{
    begin, buy, kind_or_item, name, number, offer, party, position, strike, text, whisper,
};

/// A line, understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Nothing,
    Chat(String),
    Say(String),
    Faction(String),
    PartyChat(String),
    Whisper { to: String, text: String },
    Block(String),
    Unblock(String),
    Blocked,
    Go(i64),
    Position(Position),
    Who,
    Where,
    Me,
    Combat(Combat),
    Use(String),
    Inventory,
    Equip(ItemId),
    Unequip(ItemId),
    Ground,
    Drop(Thing),
    Take(GroundId),
    Vendor,
    Buy { kind: String, quantity: u32 },
    Sell(Thing),
    Party(Party),
    Trade(Trade),
    Quests,
    World,
    Shards,
    News,
    Help,
    Quit,
}

/// What can be done about a fight.
#[derive(Debug, Clone, PartialEq)]
pub enum Combat {
    /// Against somebody near of this name, or an enemy of this kind; else whoever comes first.
    Begin(Option<String>),
    Attack {
        manner: Option<&'static str>,
        target: String,
    },
    Defend(Option<String>),
    /// An ability, and whom it is for behind it.
    Cast(String),
    Flee,
}

/// What can be done about a party.
#[derive(Debug, Clone, PartialEq)]
pub enum Party {
    Show,
    Create(String),
    Invite(String),
    Accept,
    Decline,
    Leave,
    Kick(String),
    Loot(LootSharing),
    Disband,
}

/// What can be done about a trade.
#[derive(Debug, Clone, PartialEq)]
pub enum Trade {
    Ask(String),
    Offer(Goods),
    Agree,
    Decline,
}

/// One's own side of a trade, whole.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Goods {
    pub souls: u32,
    pub items: Vec<ItemId>,
    pub stacks: Vec<Portion>,
}

/// A row of the table.
struct Entry {
    /// The first one is shown.
    names: &'static [&'static str],
    arguments: &'static str,
    help: &'static str,
    /// What follows the name, without space around it; `None`: it makes no sense.
    parse: fn(&str) -> Option<Command>,
}

const fn entry(
    names: &'static [&'static str],
    arguments: &'static str,
    help: &'static str,
    parse: fn(&str) -> Option<Command>,
) -> Entry {
    Entry { names, arguments, help, parse }
}

const COMMANDS: &[Entry] = &[
    entry(&["say", "s"], "TEXT", "to those in the same location", |rest| text(rest).map(Command::Say)),
    entry(&["f", "faction"], "TEXT", "to your faction", |rest| text(rest).map(Command::Faction)),
    entry(&["p"], "TEXT", "to your party", |rest| text(rest).map(Command::PartyChat)),
    entry(
        &["w", "whisper"],
        "NAME TEXT",
        "to one; names with spaces in quotes: /w \"Old Bo\" hello",
        whisper,
    ),
    entry(&["block"], "NAME", "want nothing more from somebody", |rest| name(rest).map(Command::Block)),
    entry(&["unblock"], "NAME", "want something again", |rest| name(rest).map(Command::Unblock)),
    entry(&["blocked"], "", "whom you block", |_| Some(Command::Blocked)),
    entry(&["go"], "ID", "to a neighbouring location, for example /go 2", |rest| {
        number(rest).map(Command::Go)
    }),
    entry(&["pos"], "X Y", "to a point here, in metres, for example /pos 10 -20", |rest| {
        position(rest).map(Command::Position)
    }),
    entry(&["who"], "", "who is near", |_| Some(Command::Who)),
    entry(&["where"], "", "where you are", |_| Some(Command::Where)),
    entry(&["me"], "", "how you are", |_| Some(Command::Me)),
    entry(
        &["fight"],
        "[KIND|NAME|guardian]",
        "an enemy of this kind, somebody near, or the guardian of the shard; alone: whoever comes first",
        |rest| Some(begin(rest)),
    ),
    entry(&["attack", "a"], "[light|heavy] [TARGET]", "strike; heavy hurts more and misses more", |rest| {
        Some(strike(rest))
    }),
    entry(
        &["defend", "d"],
        "[block|dodge|parry|rest]",
        "ward off until your next turn; rest wards off nothing",
        |rest| Some(Command::Combat(Combat::Defend(text(rest)))),
    ),
    entry(&["cast", "c"], "NAME [TARGET]", "use an ability; alone, in your turn: which you have", |rest| {
        Some(Command::Combat(Combat::Cast(rest.to_owned())))
    }),
    entry(
        &["use"],
        "KIND|ID [TARGET]",
        "use something up, in a fight or outside: /use health_potion",
        |rest| text(rest).map(Command::Use),
    ),
    entry(&["flee"], "", "try to get away from a fight", |_| Some(Command::Combat(Combat::Flee))),
    entry(&["bag", "inv", "inventory"], "", "what you have", |_| Some(Command::Inventory)),
    entry(&["equip"], "ID", "put on an item, by its [number] in /bag", |rest| {
        number(rest).map(|id| Command::Equip(ItemId(id)))
    }),
    entry(&["unequip"], "ID", "take it off", |rest| number(rest).map(|id| Command::Unequip(ItemId(id)))),
    entry(&["drop"], "ID | KIND [N]", "lay it down: /drop 12, or /drop health_potion 2", |rest| {
        kind_or_item(rest).map(Command::Drop)
    }),
    entry(&["ground"], "", "what lies here", |_| Some(Command::Ground)),
    entry(&["take"], "ID", "pick up what lies here, for example /take 5", |rest| {
        number(rest).map(|id| Command::Take(GroundId(id)))
    }),
    entry(&["vendor"], "", "what is sold here", |_| Some(Command::Vendor)),
    entry(&["buy"], "KIND [N]", "buy it here", buy),
    entry(&["sell"], "ID | KIND [N]", "sell it here", |rest| kind_or_item(rest).map(Command::Sell)),
    entry(
        &["party"],
        "[create [NAME]|invite NAME|accept|decline|leave|kick NAME|loot equal/leader/roll|disband]",
        "alone: who is in your party",
        |rest| party(rest).map(Command::Party),
    ),
    entry(&["trade"], "NAME", "ask somebody near to trade", |rest| {
        name(rest).map(|whom| Command::Trade(Trade::Ask(whom)))
    }),
    entry(
        &["offer"],
        "THINGS|nothing",
        "your whole side of the trade: /offer 20 souls, 12, health_potion 2",
        offer,
    ),
    entry(&["agree"], "", "accept the trade as it was shown last", |_| Some(Command::Trade(Trade::Agree))),
    entry(&["decline"], "", "end the trade", |_| Some(Command::Trade(Trade::Decline))),
    entry(&["quests"], "", "what there is to do", |_| Some(Command::Quests)),
    entry(&["world"], "", "the state of the world", |_| Some(Command::World)),
    entry(&["shards"], "", "the crystal shards", |_| Some(Command::Shards)),
    entry(&["news"], "", "what happened in the world lately", |_| Some(Command::News)),
    entry(&["help", "?"], "", "this", |_| Some(Command::Help)),
    entry(&["quit", "exit", "q"], "", "leave", |_| Some(Command::Quit)),
];

impl Entry {
    /// As it is typed.
    fn usage(&self) -> String {
        format!("/{} {}", self.names[0], self.arguments).trim_end().to_owned()
    }
}

impl Command {
    /// Understands a line, or says how it should look.
    pub fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim();
        let Some(command) = line.strip_prefix('/') else {
            return Ok(text(line).map_or(Self::Nothing, Self::Chat));
        };
        let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let Some(entry) = COMMANDS.iter().find(|entry| entry.names.contains(&word)) else {
            return Err(format!("There is no /{word}; /help lists what there is."));
        };
        (entry.parse)(rest.trim()).ok_or_else(|| format!("Like this: {} - {}", entry.usage(), entry.help))
    }
}

/// What there is, a line each.
pub fn help() -> String {
    let first = ("TEXT".to_owned(), "to everybody");
    let rows = COMMANDS.iter().map(|entry| (entry.usage(), entry.help));
    let lines = std::iter::once(first).chain(rows).map(|(usage, help)| format!("  {usage:24} {help}"));
    lines.collect::<Vec<_>>().join("\n")
}
