//! What can be typed.

use protocol::ids::ItemId;

use crate::Thing;

/// Shown by `/help`.
pub const HELP: &str = "\
text           to everybody
/say TEXT      to those near
/f TEXT        to your faction
/w NAME TEXT   to one (names with spaces in quotes: /w \"Old Bo\" hello)
/block NAME    want nothing more from somebody
/unblock NAME  want something again
/blocked       whom you block
/go ID         to a neighbouring location
/pos X Y       to a point here, in metres
/who           who is near
/where         where you are
/inv           what you have
/ground        what lies here
/drop WHAT     lay it down: an item by its number, or what is counted by its kind, with how many: /drop health_potion 2
/take ID       pick up what lies here
/world         the state of the world
/shards        the crystal shards
/quit          leave";

/// A line, understood.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    Nothing,
    Chat(String),
    Say(String),
    Faction(String),
    Whisper { to: String, text: String },
    Block(String),
    Unblock(String),
    Blocked,
    Go(i64),
    Position { x: f64, y: f64 },
    Inventory,
    Ground,
    Drop(Thing),
    Take(i64),
    Who,
    Where,
    World,
    Shards,
    Help,
    Quit,
}

impl Command {
    /// Understands a line, or says how it should look.
    pub fn parse(line: &str) -> Result<Self, String> {
        let line = line.trim();
        let Some(command) = line.strip_prefix('/') else {
            return Ok(if line.is_empty() { Self::Nothing } else { Self::Chat(line.to_owned()) });
        };
        let (word, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let rest = rest.trim();
        match (word, rest) {
            ("say" | "s", text) if !text.is_empty() => Ok(Self::Say(text.to_owned())),
            ("f" | "faction", text) if !text.is_empty() => Ok(Self::Faction(text.to_owned())),
            ("w" | "whisper", rest) => whisper(rest).ok_or_else(|| usage("/w NAME TEXT")),
            ("block", name) if !name.is_empty() => Ok(Self::Block(unquoted(name))),
            ("unblock", name) if !name.is_empty() => Ok(Self::Unblock(unquoted(name))),
            ("block" | "unblock", _) => Err(usage(&format!("/{word} NAME"))),
            ("blocked", _) => Ok(Self::Blocked),
            ("go", id) => id.parse().map(Self::Go).map_err(|_| usage("/go ID, for example /go 2")),
            ("pos", point) => position(point).ok_or_else(|| usage("/pos X Y, for example /pos 10 -20")),
            ("inv" | "inventory", _) => Ok(Self::Inventory),
            ("ground", _) => Ok(Self::Ground),
            ("drop", what) => thing(what).map(Self::Drop).ok_or_else(|| usage("/drop 12, or /drop KIND 2")),
            ("take", id) => id.parse().map(Self::Take).map_err(|_| usage("/take ID, for example /take 5")),
            ("who", _) => Ok(Self::Who),
            ("where", _) => Ok(Self::Where),
            ("world", _) => Ok(Self::World),
            ("shards", _) => Ok(Self::Shards),
            ("help" | "?", _) => Ok(Self::Help),
            ("quit" | "exit" | "q", _) => Ok(Self::Quit),
            ("say" | "s" | "f" | "faction", _) => Err(usage(&format!("/{word} TEXT"))),
            (word, _) => Err(format!("There is no /{word}; /help lists what there is.")),
        }
    }
}

fn usage(how: &str) -> String {
    format!("Like this: {how}")
}

/// As for whispers, though nothing follows the name here.
fn unquoted(name: &str) -> String {
    name.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(name).trim().to_owned()
}

fn whisper(rest: &str) -> Option<Command> {
    let (to, text) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => rest.split_once(char::is_whitespace)?,
    };
    let (to, text) = (to.trim().to_owned(), text.trim().to_owned());
    (!to.is_empty() && !text.is_empty()).then_some(Command::Whisper { to, text })
}

/// An item by its number, or so many of a kind.
fn thing(what: &str) -> Option<Thing> {
    let (name, many) =
        what.split_once(char::is_whitespace).map_or((what, None), |(a, b)| (a, Some(b.trim())));
    match (name.parse(), many) {
        (Ok(serial), None) => Some(Thing::Item(ItemId(serial))),
        (Err(_), None) if !name.is_empty() => Some(Thing::one(name)),
        (Err(_), Some(many)) => Some(Thing::Some { kind: name.to_owned(), quantity: many.parse().ok()? }),
        _ => None,
    }
}

fn position(point: &str) -> Option<Command> {
    let (x, y) = point.split_once(char::is_whitespace)?;
    let number = |text: &str| text.trim().parse().ok().filter(|number: &f64| number.is_finite());
    Some(Command::Position { x: number(x)?, y: number(y)? })
}

#[cfg(test)]
mod tests {
    use super::{Command, ItemId, Thing};

    #[test]
    fn lines_are_understood() {
        let whisper = |to: &str| Command::Whisper { to: to.to_owned(), text: "hi there".to_owned() };
        let cases = [
            ("", Command::Nothing),
            ("  hello  you ", Command::Chat("hello  you".to_owned())),
            ("/say hello", Command::Say("hello".to_owned())),
            ("/w Bo hi there", whisper("Bo")),
            ("/w \"Old Bo\" hi there", whisper("Old Bo")),
            ("/block Old Bo", Command::Block("Old Bo".to_owned())),
            ("/unblock \"Old Bo\"", Command::Unblock("Old Bo".to_owned())),
            ("/blocked", Command::Blocked),
            ("/go 12", Command::Go(12)),
            ("/pos 1.5 -2", Command::Position { x: 1.5, y: -2.0 }),
            ("/drop 12", Command::Drop(Thing::Item(ItemId(12)))),
            ("/drop arrow", Command::Drop(Thing::one("arrow"))),
            ("/drop arrow  3", Command::Drop(Thing::Some { kind: "arrow".to_owned(), quantity: 3 })),
            ("/take 7", Command::Take(7)),
            ("/quit", Command::Quit),
        ];
        for (line, command) in cases {
            assert_eq!(Command::parse(line), Ok(command), "{line}");
        }
    }

    #[test]
    fn what_is_not_understood_is_explained() {
        for line in [
            "/say",
            "/w Bo",
            "/w \"Bo hi",
            "/block",
            "/unblock ",
            "/go north",
            "/pos 1",
            "/pos 1 NaN",
            "/drop",
            "/drop 12 2",
            "/drop arrow many",
            "/take",
            "/dance",
        ] {
            assert!(Command::parse(line).is_err(), "{line}");
        }
    }
}
