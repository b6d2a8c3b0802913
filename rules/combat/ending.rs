//! How a combat ends, for one and for all: who won, what he gets, who may take a crystal shard.

use protocol::combat::{Outcome, Side, Standing};
use protocol::party::LootSharing;
use protocol::{CharacterId, ServerMessage};
use rand::RngExt;

use crate::combat::course::Phase;
use crate::combat::fighter::{Fighter, Role};
use crate::combat::figures::chance;
use crate::combat::muster::majority;
use crate::combat::plan::other_side;
use crate::combat::{Aftermath, Combat};
use crate::content::GUARDIAN;
use crate::realm::{Captor, RealmCommand, Won};
use crate::venue::{Audience, Effect, Moment, News};

/// What an enemy is worth, for each of its levels.
const EXPERIENCE: i64 = 100;
const SOULS: std::ops::RangeInclusive<i64> = 50..=150;
/// Who was struck down gets up again with this share of his health.
const GETS_UP_WITH: i32 = 4;

/// What winners share.
#[derive(Debug, Default)]
struct Spoils {
    experience: i64,
    souls: i64,
    /// With the place of who finds it.
    loot: Vec<(usize, String)>,
    /// By all of them.
    defeated: Vec<String>,
    won: Option<Won>,
}

impl Combat {
    /// It is over; whoever is still in it is let go.
    pub(super) fn finish(&mut self, winner: Option<Side>, moment: &mut Moment) {
        self.course.phase = Phase::Over;
        let still_in: Vec<usize> = (0..self.course.fighters.len())
            .filter(|place| {
                let fighter = &self.course.fighters[*place];
                !fighter.is_enemy() && fighter.standing != Standing::Fled
            })
            .collect();
        let winners: Vec<usize> = still_in
            .iter()
            .copied()
            .filter(|place| Some(self.course.fighters[*place].side) == winner && !self.has_deserted(*place))
            .collect();
        let spoils = match winner {
            Some(side) if !winners.is_empty() => self.spoils(side, &winners, moment),
            _ => Spoils::default(),
        };
        self.tell_state(self.those_in_it(None), moment);
        for place in still_in {
            let outcome = match winner {
                Some(_) if winners.contains(&place) => Outcome::Won,
                Some(_) => Outcome::Lost,
                None => Outcome::Ended,
            };
            let mut aftermath = self.aftermath(place, outcome);
            if let Some(share) = winners.iter().position(|winner| *winner == place) {
                spoils.share(place, share, winners.len(), &mut aftermath);
            }
            self.let_go(aftermath, moment);
        }
        if let Some(prize) = self.course.prize() {
            let (combat, shard) = (self.course.id, Some(prize.shard));
            moment.effects.push(Effect::Errand(RealmCommand::Calm { combat, shard, won: spoils.won }));
        }
    }

    /// Whoever was struck down because he stayed away gets nothing of what the others won.
    fn has_deserted(&self, place: usize) -> bool {
        let fighter = &self.course.fighters[place];
        !fighter.is_up() && !fighter.is_present()
    }

    /// One of them is out of it already.
    pub(super) fn release(&mut self, place: usize, outcome: Outcome, moment: &mut Moment) {
        if !self.course.fighters[place].is_enemy() {
            let aftermath = self.aftermath(place, outcome);
            self.let_go(aftermath, moment);
        }
    }

    fn let_go(&mut self, aftermath: Aftermath, moment: &mut Moment) {
        let who = aftermath.character_id;
        moment.tell(Audience::These(vec![who]), ServerMessage::CombatEnd(aftermath.message()));
        self.released.push(aftermath);
        self.inform_released(who, moment);
    }

    pub(super) fn inform_released(&self, who: CharacterId, moment: &mut Moment) {
        moment.effects.push(Effect::Inform(who, News::Fought(self.course.id)));
    }

    /// What is left of somebody, without what he won.
    pub(super) fn aftermath(&self, place: usize, outcome: Outcome) -> Aftermath {
        let fighter = &self.course.fighters[place];
        let resources = fighter.resources;
        let health = match resources.health {
            0 => (resources.max_health / GETS_UP_WITH).max(1),
            health => health,
        };
        Aftermath {
            combat_id: self.course.id,
            character_id: fighter.id,
            outcome,
            health,
            stamina: resources.stamina,
            mana: resources.mana,
            used: fighter.played().map(|played| played.used.clone()).unwrap_or_default(),
            experience: 0,
            souls: 0,
            loot: Vec::new(),
            defeated: Vec::new(),
            prize: None,
            captor: None,
        }
    }

    /// What the enemies of the other side leave behind who are down. Characters leave nothing: who fights them does it
    /// for the glory.
    fn spoils(&self, side: Side, winners: &[usize], moment: &mut Moment) -> Spoils {
        let mut spoils = Spoils::default();
        let defeated =
            |fighter: &&Fighter| fighter.side == other_side(side) && fighter.standing == Standing::Down;
        for fighter in self.course.fighters.iter().filter(defeated) {
            let Role::Enemy(brain) = &fighter.role else { continue };
            let level = i64::from(fighter.level);
            spoils.defeated.push(brain.kind.clone());
            spoils.experience += EXPERIENCE * level;
            spoils.souls += moment.dice.random_range(SOULS) * level;
            let loot = self.content.enemy(&brain.kind).map_or(&[][..], |enemy| &enemy.loot);
            for loot in loot {
                if chance(i64::from(loot.percent), moment.dice) {
                    let finder = self.finder(winners, spoils.loot.len(), moment);
                    spoils.loot.push((finder, loot.item.clone()));
                }
            }
        }
        // Of a guardian that ran away nothing is won.
        if let Some(prize) = self.course.prize()
            && !spoils.defeated.is_empty()
        {
            spoils.defeated.push(GUARDIAN.to_owned());
            spoils.won = self.captor(winners).map(|captor| Won { prize, captor });
        }
        spoils
    }

    /// Who gets the next thing that is found, after so many.
    fn finder(&self, winners: &[usize], found: usize, moment: &mut Moment) -> usize {
        let sharing = self.course.sharing;
        let leader = sharing.filter(|sharing| sharing.loot == LootSharing::Leader).and_then(|sharing| {
            winners.iter().copied().find(|place| self.course.fighters[*place].id == sharing.leader)
        });
        match sharing.map(|sharing| sharing.loot) {
            // In turn; where it begins depends on how long the fight was, so that it is not always the same one.
            Some(LootSharing::Equal) => winners[(self.course.turn as usize + found) % winners.len()],
            _ => leader.unwrap_or_else(|| winners[moment.dice.random_range(0..winners.len())]),
        }
    }

    /// Who takes the crystal shard of a defeated guardian: of the faction that most of the winners are of, whoever
    /// has done the most damage, one who is there before one who is not.
    fn captor(&self, winners: &[usize]) -> Option<Captor> {
        let fighter = |place: &usize| &self.course.fighters[*place];
        let faction = majority(winners.iter().map(fighter))?;
        let of_faction =
            |place: &&usize| fighter(place).played().is_some_and(|played| played.faction == faction);
        let best = winners.iter().filter(of_faction).map(fighter).max_by_key(|fighter| {
            (fighter.is_present(), fighter.damage_dealt, std::cmp::Reverse(fighter.id))
        });
        best.map(|best| Captor { id: best.id, name: best.name.clone(), faction: faction.clone() })
    }
}

impl Spoils {
    /// What the one at `place` gets, as number `share` of so many: equal shares, the first ones get what is over.
    fn share(&self, place: usize, share: usize, of: usize, aftermath: &mut Aftermath) {
        let (share, of) = (share as i64, of as i64);
        let part = |sum: i64| sum / of + i64::from(share < sum % of);
        aftermath.experience = part(self.experience);
        aftermath.souls = part(self.souls);
        let found = self.loot.iter().filter(|(finder, _)| *finder == place);
        aftermath.loot = found.map(|(_, kind)| kind.clone()).collect();
        aftermath.defeated = self.defeated.clone();
        // All of them have fought for it.
        aftermath.prize = self.won.as_ref().map(|won| won.prize);
        aftermath.captor = self.won.as_ref().map(|won| won.captor.clone());
    }
}
