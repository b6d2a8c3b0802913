//! What abilities do.

use protocol::ServerMessage;
use protocol::characters::Stats;
use protocol::combat::{ActionResult, ActionType, Targets};

use crate::characters::modifier;
use crate::combat::Combat;
use crate::combat::figures::{chance, thousandths};
use crate::combat::moves::Deed;
use crate::content::{Ability, Stat};
use crate::venue::Moment;

impl Combat {
    /// An ability does not miss; who dodges may evade it, half of the defence stops some of it, and nobody parries it.
    pub(super) fn cast(
        &mut self,
        who: usize,
        ability: &Ability,
        target: Option<usize>,
        moment: &mut Moment,
    ) -> Deed {
        let caster = &mut self.course.fighters[who];
        caster.pay(&ability.cost);
        if ability.cooldown > 0 {
            caster.cooldowns.insert(ability.name.clone(), ability.cooldown);
        }
        let mut deed = Deed::new(ActionType::Spell, ActionResult::Done, String::new());
        let mut said = format!("{} uses {}", caster.name, ability.name);
        deed.name = Some(ability.name.clone());
        if ability.cost.health > 0 {
            self.lose(None, who, i64::from(ability.cost.health), false, &mut deed.consequences);
        }
        self.course.fighters[who].regain_mana(ability.restores_mana);
        match ability.targets {
            Targets::One | Targets::All => {
                let foes = match target {
                    Some(target) => vec![target],
                    None => self.course.foes_up(who).collect(),
                };
                deed.result = self.cast_at(who, ability, &foes, &mut said, &mut deed.consequences, moment);
                // Of whom nothing was had nothing is drawn.
                if deed.result != ActionResult::Dodged {
                    let healing = scaled(ability.healing, ability, &self.course.fighters[who].stats);
                    self.heal(Some(who), who, healing, &mut deed.consequences);
                }
            }
            Targets::Ally | Targets::Oneself => {
                let helped = target.unwrap_or(who);
                if helped != who {
                    said += &format!(" on {}", self.course.fighters[helped].name);
                }
                let healing = scaled(ability.healing, ability, &self.course.fighters[who].stats);
                self.heal(Some(who), helped, healing, &mut deed.consequences);
                if let Some(effect) = ability.effect {
                    self.course.fighters[helped].put_under(effect);
                }
            }
        }
        deed.target_id = target.map(|target| self.course.fighters[target].id);
        deed.sentence = said + ".";
        deed
    }

    fn cast_at(
        &mut self,
        who: usize,
        ability: &Ability,
        foes: &[usize],
        said: &mut String,
        told: &mut Vec<ServerMessage>,
        moment: &mut Moment,
    ) -> ActionResult {
        let base = scaled(ability.damage, ability, &self.course.fighters[who].stats);
        let mut result = ActionResult::Dodged;
        for foe in foes {
            let met = &self.course.fighters[*foe];
            let name = met.name.clone();
            if met.dodges() && chance(met.figures().dodge_percent(), moment.dice) {
                *said += &format!("; {name} dodges");
                continue;
            }
            result = ActionResult::Done;
            if base > 0 {
                result = ActionResult::Hit;
                let weak = ability.execute_below.is_some_and(|below| met.health_share() < thousandths(below));
                let damage = if weak { 2 * base } else { base };
                let lost = self.wound(Some(who), *foe, damage, false, told);
                *said += &format!("; {name} takes {lost} damage");
            }
            let met = &mut self.course.fighters[*foe];
            if let Some(effect) = ability.effect.filter(|_| met.is_up()) {
                met.put_under(effect);
            }
        }
        result
    }
}

/// A figure of an ability, by the stats of who uses it: base × (1 + Σ modifier × factor × 0.1), and at least 1 of what it
/// does at all.
fn scaled(base: i32, ability: &Ability, stats: &Stats) -> i64 {
    let of = |stat: &Stat| match stat {
        Stat::Strength => stats.strength,
        Stat::Dexterity => stats.dexterity,
        Stat::Intelligence => stats.intelligence,
        Stat::Constitution => stats.constitution,
        Stat::Wisdom => stats.wisdom,
        Stat::Charisma => stats.charisma,
    };
    let factors = ability.scales_with.iter();
    let sum: i64 = factors.map(|(stat, factor)| i64::from(modifier(of(stat))) * thousandths(*factor)).sum();
    (i64::from(base) * (10_000 + sum) / 10_000).max(i64::from(base.min(1)))
}
