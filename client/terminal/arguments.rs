//! What follows the name of a command.

use protocol::Text;
use protocol::ids::ItemId;
use protocol::movement::Position;
use protocol::party::LootSharing;
use protocol::trade::Portion;

use crate::Thing;
use crate::terminal::command::{Combat, Command, Goods, Party, Trade};

/// What a party is called that nobody named.
const PARTY_NAME: &str = "Adventuring Party";

pub fn text(rest: &str) -> Option<String> {
    (!rest.is_empty()).then(|| rest.to_owned())
}

pub fn number(rest: &str) -> Option<i64> {
    rest.parse().ok()
}

/// With or without quotes: nothing follows it.
pub fn name(rest: &str) -> Option<String> {
    let unquoted = rest.strip_prefix('"').and_then(|name| name.strip_suffix('"')).unwrap_or(rest);
    text(unquoted.trim())
}

pub fn whisper(rest: &str) -> Option<Command> {
    let (to, said) = match rest.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?,
        None => rest.split_once(char::is_whitespace)?,
    };
    Some(Command::Whisper { to: text(to.trim())?, text: text(said.trim())? })
}

pub fn position(rest: &str) -> Option<Position> {
    let (x, y) = rest.split_once(char::is_whitespace)?;
    let number = |text: &str| text.trim().parse().ok().filter(|number: &f64| number.is_finite());
    Some(Position { x: number(x)?, y: number(y)?, z: 0.0 })
}

pub fn begin(rest: &str) -> Command {
    Command::Combat(Combat::Begin(name(rest)))
}

/// In which manner, if the first word says so, and whom.
pub fn strike(rest: &str) -> Command {
    let (first, others) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let manner = ["light", "heavy"].into_iter().find(|manner| *manner == first);
    let target = if manner.is_some() { others.trim() } else { rest };
    Command::Combat(Combat::Attack { manner, target: target.to_owned() })
}

/// An item by its number, or so many of a kind.
pub fn kind_or_item(rest: &str) -> Option<Thing> {
    let (name, many) =
        rest.split_once(char::is_whitespace).map_or((rest, None), |(name, many)| (name, Some(many.trim())));
    match (name.parse(), many) {
        (Ok(serial), None) => Some(Thing::Item(ItemId(serial))),
        (Err(_), None) if !name.is_empty() => Some(Thing::one(name)),
        (Err(_), Some(many)) => Some(Thing::Some { kind: name.to_owned(), quantity: many.parse().ok()? }),
        _ => None,
    }
}

pub fn buy(rest: &str) -> Option<Command> {
    match kind_or_item(rest)? {
        Thing::Some { kind, quantity } => Some(Command::Buy { kind, quantity }),
        Thing::Item(_) => None,
    }
}

pub fn party(rest: &str) -> Option<Party> {
    let (word, argument) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let argument = argument.trim();
    match word {
        "create" => Some(Party::Create(name(argument).unwrap_or_else(|| PARTY_NAME.to_owned()))),
        "invite" => name(argument).map(Party::Invite),
        "kick" => name(argument).map(Party::Kick),
        "loot" => LootSharing::named(argument).map(Party::Loot),
        "" => Some(Party::Show),
        "accept" => Some(Party::Accept),
        "decline" => Some(Party::Decline),
        "leave" => Some(Party::Leave),
        "disband" => Some(Party::Disband),
        _ => None,
    }
}

/// Things with commas between them: souls, items by number, so many of a kind.
pub fn offer(rest: &str) -> Option<Command> {
    let mut goods = Goods::default();
    let listed = rest.split(',').map(str::trim).filter(|thing| !thing.is_empty() && rest != "nothing");
    for thing in listed {
        if let Some(souls) = thing.strip_suffix("souls").or_else(|| thing.strip_suffix("soul")) {
            goods.souls = goods.souls.checked_add(souls.trim().parse().ok()?)?;
            continue;
        }
        match kind_or_item(thing)? {
            Thing::Item(id) => goods.items.push(id),
            Thing::Some { kind, quantity } => {
                goods.stacks.push(Portion { kind: Text::new(kind).ok()?, quantity });
            }
        }
    }
    (!rest.is_empty()).then_some(Command::Trade(Trade::Offer(goods)))
}

#[cfg(test)]
mod tests {
    use protocol::Text;
    use protocol::ids::{GroundId, ItemId};
    use protocol::movement::Position;
    use protocol::party::LootSharing;
    use protocol::trade::Portion;

    use crate::Thing;
    use crate::terminal::command::{Combat, Command, Goods, Party, Trade, help};

    fn some(kind: &str, quantity: u32) -> Thing {
        Thing::Some { kind: kind.to_owned(), quantity }
    }

    fn attack(manner: Option<&'static str>, target: &str) -> Command {
        Command::Combat(Combat::Attack { manner, target: target.to_owned() })
    }

    #[test]
    fn lines_are_understood() {
        let whisper = |to: &str| Command::Whisper { to: to.to_owned(), text: "hi there".to_owned() };
        let begin = |whom: Option<&str>| Command::Combat(Combat::Begin(whom.map(str::to_owned)));
        let cases = [
            ("", Command::Nothing),
            ("  hello  you ", Command::Chat("hello  you".to_owned())),
            ("/say hello", Command::Say("hello".to_owned())),
            ("/p hello", Command::PartyChat("hello".to_owned())),
            ("/w Bo hi there", whisper("Bo")),
            ("/w \"Old Bo\" hi there", whisper("Old Bo")),
            ("/block Old Bo", Command::Block("Old Bo".to_owned())),
            ("/unblock \"Old Bo\"", Command::Unblock("Old Bo".to_owned())),
            ("/blocked", Command::Blocked),
            ("/go 12", Command::Go(12)),
            ("/pos 1.5 -2", Command::Position(Position { x: 1.5, y: -2.0, z: 0.0 })),
            ("/fight", begin(None)),
            ("/fight \"Old Bo\"", begin(Some("Old Bo"))),
            ("/attack", attack(None, "")),
            ("/a heavy", attack(Some("heavy"), "")),
            ("/attack heavy Corrupt Wolf 2", attack(Some("heavy"), "Corrupt Wolf 2")),
            ("/attack Corrupt Wolf", attack(None, "Corrupt Wolf")),
            ("/defend", Command::Combat(Combat::Defend(None))),
            ("/defend parry", Command::Combat(Combat::Defend(Some("parry".to_owned())))),
            ("/cast Shield Bash Bo", Command::Combat(Combat::Cast("Shield Bash Bo".to_owned()))),
            ("/flee", Command::Combat(Combat::Flee)),
            ("/use health_potion", Command::Use("health_potion".to_owned())),
            ("/equip 7", Command::Equip(ItemId(7))),
            ("/drop 12", Command::Drop(Thing::Item(ItemId(12)))),
            ("/drop arrow", Command::Drop(Thing::one("arrow"))),
            ("/drop arrow  3", Command::Drop(some("arrow", 3))),
            ("/take 7", Command::Take(GroundId(7))),
            ("/buy longsword", Command::Buy { kind: "longsword".to_owned(), quantity: 1 }),
            ("/sell arrow 5", Command::Sell(some("arrow", 5))),
            ("/party", Command::Party(Party::Show)),
            ("/party create", Command::Party(Party::Create("Adventuring Party".to_owned()))),
            ("/party invite Old Bo", Command::Party(Party::Invite("Old Bo".to_owned()))),
            ("/party loot roll", Command::Party(Party::Loot(LootSharing::Roll))),
            ("/agree", Command::Trade(Trade::Agree)),
            ("/quit", Command::Quit),
        ];
        for (line, command) in cases {
            assert_eq!(Command::parse(line), Ok(command), "{line}");
        }
    }

    #[test]
    fn an_offer_is_a_list_of_things() {
        let stacks = vec![Portion { kind: Text::new("arrow").unwrap(), quantity: 2 }];
        let all = Goods { souls: 20, items: vec![ItemId(12), ItemId(13)], stacks };
        for (line, goods) in [("/offer 20 souls, 12,13, arrow 2", all), ("/offer nothing", Goods::default())]
        {
            assert_eq!(Command::parse(line), Ok(Command::Trade(Trade::Offer(goods))), "{line}");
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
            "/equip sword",
            "/use",
            "/buy",
            "/buy 12",
            "/offer",
            "/offer many souls",
            "/party invite",
            "/party loot mine",
            "/party dance",
            "/trade",
        ] {
            let advice = Command::parse(line).unwrap_err();
            let word = line.split_whitespace().next().unwrap_or_default();
            assert!(advice.starts_with(&format!("Like this: {word}")), "{line}: {advice}");
        }
        let advice = Command::parse("/dance").unwrap_err();
        assert!(advice.contains("/help"), "{advice}");
    }

    #[test]
    fn help_names_each_command_once() {
        let help = help();
        let names: Vec<&str> = help.lines().filter_map(|line| line.split_whitespace().next()).collect();
        let mut once = names.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), names.len(), "{help}");
        for name in names.iter().filter(|name| name.starts_with('/')) {
            let understood = Command::parse(name);
            assert!(understood.is_ok() || understood.is_err_and(|advice| advice.contains(name)), "{name}");
        }
    }
}
