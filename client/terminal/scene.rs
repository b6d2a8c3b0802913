//! What a player at the terminal was told that the next command or line needs: his fight, his trade, his party.

use protocol::characters::CharacterAnswer;
use protocol::combat::{CombatState, Participant, Standing};
use protocol::party::PartyUpdate;
use protocol::trade::TradeUpdate;
use protocol::{CharacterId, ServerMessage};

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    pub me: CharacterId,
    pub level: i32,
    /// The names of what one's class can do in a fight.
    pub abilities: Vec<String>,
    pub fight: Option<Fight>,
    pub trade: Option<Window>,
    /// The trade that ended last.
    pub traded: Option<String>,
    pub party: Option<PartyUpdate>,
}

/// The fight one is in.
#[derive(Debug, Clone, PartialEq)]
pub struct Fight {
    pub id: String,
    pub participants: Vec<Participant>,
}

/// The trade one is in.
#[derive(Debug, Clone, PartialEq)]
pub struct Window {
    pub id: String,
    /// The name of the other side, where it was told.
    pub with: String,
    /// Of the offers that were shown last.
    pub version: u32,
    /// How many sides had accepted them.
    pub accepts: usize,
}

impl Scene {
    pub fn of(taken: &CharacterAnswer) -> Self {
        let abilities = taken.abilities.iter().map(|ability| ability.name.clone()).collect();
        Self {
            me: taken.character.id,
            level: taken.character.progression.level,
            abilities,
            fight: None,
            trade: None,
            traded: None,
            party: None,
        }
    }

    /// Whether it says how a trade stood before something that is known already: an answer is handled at once, what
    /// came before it may still wait.
    pub fn is_past(&self, message: &ServerMessage) -> bool {
        let ServerMessage::TradeUpdate(update) = message else { return false };
        let known = self.trade.as_ref().filter(|window| window.id == update.trade_id);
        self.traded.as_ref() == Some(&update.trade_id)
            || known.is_some_and(|window| {
                (update.offer_version, accepts(update)) < (window.version, window.accepts)
            })
    }

    /// Nothing more is heard of this trade.
    pub fn end_trade(&mut self, id: &str) {
        self.trade.take_if(|window| window.id == id);
        self.traded = Some(id.to_owned());
    }

    /// Learns from one message, after it was shown.
    pub fn learn(&mut self, message: &ServerMessage) {
        match message {
            ServerMessage::CharacterUpdate(update) if update.character_id == self.me => {
                self.level = update.level.unwrap_or(self.level);
            }
            ServerMessage::CombatStart(start) => {
                let participants = start.participants.clone();
                self.fight = Some(Fight { id: start.combat_id.clone(), participants });
            }
            // Who got away may hear how it stands once more.
            ServerMessage::CombatState(state) if self.fights_on(state) => {
                let participants = state.participants.clone();
                self.fight = Some(Fight { id: state.combat_id.clone(), participants });
            }
            ServerMessage::CombatEnd(end) => {
                self.fight.take_if(|fight| fight.id == end.combat_id);
            }
            ServerMessage::TradeRequest(request) => {
                let (id, with) = (request.trade_id.clone(), request.requester_name.clone());
                self.trade = Some(Window { id, with, version: 0, accepts: 0 });
            }
            ServerMessage::TradeUpdate(update) => {
                let known = self.trade.take().filter(|window| window.id == update.trade_id);
                let with = known.map_or_else(|| "the other".to_owned(), |window| window.with);
                let (id, version) = (update.trade_id.clone(), update.offer_version);
                self.trade = Some(Window { id, with, version, accepts: accepts(update) });
            }
            ServerMessage::TradeDecline(end) => self.end_trade(&end.trade_id),
            ServerMessage::TradeComplete(end) => self.end_trade(&end.trade_id),
            ServerMessage::PartyUpdate(party) => self.party = Some(party.clone()),
            ServerMessage::PartyKick(kick) if kick.character_id == self.me => self.party = None,
            ServerMessage::PartyDisband(_) => self.party = None,
            _ => {}
        }
    }

    /// Whether it is a fight that one is in still.
    pub fn fights_on(&self, state: &CombatState) -> bool {
        let own = state.participants.iter().find(|one| one.character_id == self.me);
        !state.is_finished && own.is_some_and(|own| own.standing != Standing::Fled)
    }

    /// Splits whom an ability is for off the end of what was typed, unless all of it is the name of one's own ability.
    pub fn split_ability<'a>(&self, fight: &Fight, typed: &'a str) -> (&'a str, Option<CharacterId>) {
        let is_own = self.abilities.iter().any(|name| name.eq_ignore_ascii_case(typed));
        if is_own { (typed, None) } else { fight.split_target(typed, self.me) }
    }

    /// What the fight calls somebody; "you" for oneself.
    pub fn name(&self, who: CharacterId) -> &str {
        if who == self.me {
            return "you";
        }
        let fighters = self.fight.iter().flat_map(|fight| &fight.participants);
        fighters
            .filter(|one| one.character_id == who)
            .map(|one| one.name.as_str())
            .next()
            .unwrap_or("somebody")
    }
}

fn accepts(update: &TradeUpdate) -> usize {
    update.offers.iter().filter(|offer| offer.accepted).count()
}

impl Fight {
    /// Splits whom it is for off the end of what was typed: the longest name that it ends with. `me` is oneself.
    pub fn split_target<'a>(&self, typed: &'a str, me: CharacterId) -> (&'a str, Option<CharacterId>) {
        let names = self.participants.iter().map(|one| (one.name.as_str(), one.character_id));
        let ends = names.chain([("me", me)]).filter_map(|(name, id)| {
            let from = typed.len().checked_sub(name.len())?;
            let (before, end) = typed.split_at_checked(from)?;
            let apart = before.is_empty() || before.ends_with(char::is_whitespace);
            (apart && end.eq_ignore_ascii_case(name)).then_some((before.trim(), id))
        });
        let longest = ends.min_by_key(|(before, _)| before.len());
        longest.map_or((typed, None), |(before, id)| (before, Some(id)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use protocol::combat::{Participant, Side, Standing};
    use protocol::trade::{Offer, TradeComplete, TradeRequest, TradeUpdate};
    use protocol::{CharacterId, ServerMessage};

    use super::{Fight, Scene};

    fn scene(abilities: &[&str]) -> Scene {
        Scene {
            me: CharacterId(7),
            level: 1,
            abilities: abilities.iter().map(ToString::to_string).collect(),
            fight: None,
            trade: None,
            traded: None,
            party: None,
        }
    }

    fn fight(fighters: &[(i64, &str)]) -> Fight {
        let one = |(id, name): &(i64, &str)| Participant {
            character_id: CharacterId(*id),
            name: (*name).to_owned(),
            level: 1,
            health: 1,
            max_health: 1,
            stamina: 1,
            max_stamina: 1,
            mana: 1,
            max_mana: 1,
            is_enemy: *id < 0,
            rank: None,
            side: Side::First,
            standing: Standing::Up,
            effects: Vec::new(),
            effect_turns: BTreeMap::new(),
            cooldowns: BTreeMap::new(),
        };
        Fight { id: "1".to_owned(), participants: fighters.iter().map(one).collect() }
    }

    fn shown(trade: &str, offer_version: u32, accepted: bool) -> ServerMessage {
        let offer = Offer {
            character_id: CharacterId(8),
            items: Vec::new(),
            stacks: Vec::new(),
            souls: offer_version,
            accepted,
        };
        ServerMessage::TradeUpdate(TradeUpdate {
            trade_id: trade.to_owned(),
            offer_version,
            offers: vec![offer],
        })
    }

    #[test]
    fn how_a_trade_stood_before_is_neither_shown_nor_learnt() {
        let mut scene = scene(&[]);
        let mut hears = |message: &ServerMessage| {
            let heard = !scene.is_past(message);
            if heard {
                scene.learn(message);
            }
            (heard, scene.trade.as_ref().map(|window| window.version))
        };
        let (asked, ended) = ("1".to_owned(), "1".to_owned());
        let requester_name = "Bo".to_owned();
        let (requester_id, recipient_id) = (CharacterId(8), CharacterId(7));
        let request = TradeRequest { trade_id: asked, requester_id, requester_name, recipient_id };
        assert_eq!(hears(&ServerMessage::TradeRequest(request)), (true, Some(0)));
        // The answer to one's own offer comes before what waits.
        assert_eq!(hears(&shown("1", 2, false)), (true, Some(2)));
        assert_eq!(hears(&shown("1", 1, false)), (false, Some(2)));
        assert_eq!(hears(&shown("1", 2, true)), (true, Some(2)));
        assert_eq!(hears(&shown("1", 2, false)), (false, Some(2)));
        assert_eq!(hears(&shown("1", 3, false)), (true, Some(3)));
        let end = TradeComplete { trade_id: ended, offers: Vec::new() };
        assert_eq!(hears(&ServerMessage::TradeComplete(end)), (true, None));
        assert_eq!(hears(&shown("1", 4, false)), (false, None));
        assert_eq!(hears(&shown("2", 1, false)), (true, Some(1)));
    }

    #[test]
    fn what_is_all_the_name_of_an_ability_is_for_nobody() {
        let scene = scene(&["Shield Bash"]);
        let fight = fight(&[(7, "Mira"), (8, "Bash")]);
        for (typed, split) in [
            ("Shield Bash", ("Shield Bash", None)),
            ("shield bash", ("shield bash", None)),
            ("Shield Bash Bash", ("Shield Bash", Some(CharacterId(8)))),
            ("Slow Bash", ("Slow", Some(CharacterId(8)))),
        ] {
            assert_eq!(scene.split_ability(&fight, typed), split, "{typed}");
        }
    }

    #[test]
    fn whom_a_move_is_for_stands_at_the_end() {
        let fight = fight(&[(7, "Mira"), (8, "Bo"), (9, "Old Bo"), (-1, "Wolf 1")]);
        for (typed, before, id) in [
            ("Shield Bash wolf 1", "Shield Bash", Some(-1)),
            ("Lay on Hands Old Bo", "Lay on Hands", Some(9)),
            ("Lay on Hands Bo", "Lay on Hands", Some(8)),
            ("health_potion me", "health_potion", Some(7)),
            ("Bo", "", Some(8)),
            ("Limbo", "Limbo", None),
            ("Fireball", "Fireball", None),
            ("", "", None),
            ("ö", "ö", None),
        ] {
            assert_eq!(fight.split_target(typed, CharacterId(7)), (before, id.map(CharacterId)), "{typed}");
        }
    }
}
