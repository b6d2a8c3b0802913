//! What a player at the terminal was told that the next command or line needs: his fight, his trade, his party.

use protocol::characters::Character;
use protocol::combat::{CombatState, Participant, Standing};
use protocol::party::PartyUpdate;
use protocol::{CharacterId, ServerMessage};

/// See the module.
#[derive(Debug, Clone, PartialEq)]
pub struct Scene {
    pub me: CharacterId,
    pub level: i32,
    pub fight: Option<Fight>,
    pub trade: Option<Window>,
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
}

impl Scene {
    pub fn of(character: &Character) -> Self {
        Self { me: character.id, level: character.progression.level, fight: None, trade: None, party: None }
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
                self.trade = Some(Window { id, with, version: 0 });
            }
            ServerMessage::TradeUpdate(update) => {
                let known = self.trade.take().filter(|window| window.id == update.trade_id);
                let with = known.map_or_else(|| "the other".to_owned(), |window| window.with);
                let (id, version) = (update.trade_id.clone(), update.offer_version);
                self.trade = Some(Window { id, with, version });
            }
            ServerMessage::TradeDecline(end) => {
                self.trade.take_if(|window| window.id == end.trade_id);
            }
            ServerMessage::TradeComplete(end) => {
                self.trade.take_if(|window| window.id == end.trade_id);
            }
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

    use protocol::CharacterId;
    use protocol::combat::{Participant, Side, Standing};

    use super::Fight;

    #[test]
    fn whom_a_move_is_for_stands_at_the_end() {
        let one = |id: i64, name: &str| Participant {
            character_id: CharacterId(id),
            name: name.to_owned(),
            level: 1,
            health: 1,
            max_health: 1,
            stamina: 1,
            max_stamina: 1,
            mana: 1,
            max_mana: 1,
            is_enemy: id < 0,
            rank: None,
            side: Side::First,
            standing: Standing::Up,
            effects: Vec::new(),
            effect_turns: BTreeMap::new(),
            cooldowns: BTreeMap::new(),
        };
        let participants = vec![one(7, "Mira"), one(8, "Bo"), one(9, "Old Bo"), one(-1, "Wolf 1")];
        let fight = Fight { id: "1".to_owned(), participants };
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
