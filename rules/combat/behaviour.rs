//! How enemies choose what they do.

use protocol::combat::Targets;
use rand::RngExt;

use crate::Dice;
use crate::combat::Combat;
use crate::combat::fighter::{Brain, Fighter, Role, Stance};
use crate::combat::figures::{Blow, HEAVY, LIGHT, chance};
use crate::combat::plan::{GUARDS, Plan};
use crate::content::{Ability, Amounts, Behaviour, Content, EffectKind};

/// Shares of health, in thousandths.
const HURT: i64 = 400;
const BADLY_HURT: i64 = 300;
const COWED: i64 = 500;
/// How often one uses an ability that it could use, in percent.
const USES_ABILITIES: i64 = 30;
const USES_ABILITIES_TACTICALLY: i64 = 65;

/// What an enemy has a mind to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Intent {
    Heavy,
    Light,
    Guard(Stance),
    Flee,
}

impl Combat {
    /// What the enemy at this place does.
    pub(super) fn enemy_plan<'a>(&self, place: usize, content: &'a Content, dice: &mut Dice) -> Plan<'a> {
        let fighter = &self.course.fighters[place];
        let Role::Enemy(brain) = &fighter.role else { return Plan::Wait };
        let foes: Vec<usize> = self.course.foes_up(place).collect();
        let weakest = foes.iter().copied().min_by_key(|foe| self.course.fighters[*foe].health_share());
        let Some(weakest) = weakest else { return Plan::Wait };
        let behaviour = self.mood(fighter, brain, weakest);
        let target = match brain.behaviour {
            Behaviour::Tactical => weakest,
            _ => foes[dice.random_range(0..foes.len())],
        };
        let often =
            if brain.behaviour == Behaviour::Tactical { USES_ABILITIES_TACTICALLY } else { USES_ABILITIES };
        let able = abilities(fighter, brain, content);
        if !able.is_empty() && chance(often, dice) {
            let ability = able[dice.random_range(0..able.len())];
            let target = (ability.targets == Targets::One).then_some(target);
            return Plan::Cast { ability, target };
        }
        carry_out(fighter, intent(behaviour, fighter, dice), target)
    }

    /// Rage makes berserkers of all; tacticians go by how it stands.
    fn mood(&self, fighter: &Fighter, brain: &Brain, weakest: usize) -> Behaviour {
        if fighter.health_share() < brain.enrage_below {
            return Behaviour::Berserker;
        }
        match brain.behaviour {
            Behaviour::Tactical if self.course.fighters[weakest].health_share() < BADLY_HURT => {
                Behaviour::Aggressive
            }
            Behaviour::Tactical if fighter.health_share() < HURT => Behaviour::Defensive,
            Behaviour::Tactical => Behaviour::Balanced,
            other => other,
        }
    }
}

/// What it can use now, and would change something.
fn abilities<'a>(fighter: &Fighter, brain: &Brain, content: &'a Content) -> Vec<&'a Ability> {
    let known = brain.abilities.iter().filter_map(|name| content.ability(name));
    let free = known.filter(|ability| !fighter.cooldowns.contains_key(&ability.name));
    free.filter(|ability| fighter.can_pay(&ability.cost).is_ok())
        .filter(|ability| {
            let whole = fighter.resources.health == fighter.resources.max_health;
            let heals = ability.effect.is_some_and(|effect| effect.kind == EffectKind::Regeneration);
            let has_it = ability.effect.is_some_and(|effect| fighter.is_under(effect.kind));
            match ability.targets {
                Targets::Oneself | Targets::Ally => !(has_it || heals && whole),
                Targets::One | Targets::All => true,
            }
        })
        .collect()
}

fn intent(behaviour: Behaviour, fighter: &Fighter, dice: &mut Dice) -> Intent {
    let share = fighter.health_share();
    let roll = dice.random_range(1..=100);
    match behaviour {
        Behaviour::Berserker if roll <= 80 => Intent::Heavy,
        Behaviour::Berserker => Intent::Light,
        Behaviour::Aggressive if roll <= 60 => Intent::Heavy,
        Behaviour::Aggressive => Intent::Light,
        Behaviour::Defensive if share < BADLY_HURT && roll <= 50 => Intent::Guard(Stance::Parrying),
        Behaviour::Defensive if share < BADLY_HURT && roll <= 75 => Intent::Guard(Stance::Blocking),
        Behaviour::Defensive if roll <= 30 => Intent::Guard(Stance::Parrying),
        Behaviour::Defensive if roll <= 50 => Intent::Guard(Stance::Blocking),
        Behaviour::Defensive => Intent::Light,
        Behaviour::Coward if share < BADLY_HURT && roll <= 50 => Intent::Flee,
        Behaviour::Coward if share < COWED && roll <= 60 => Intent::Guard(Stance::Dodging),
        Behaviour::Coward if share < COWED => Intent::Guard(Stance::Blocking),
        // The rest is balanced.
        Behaviour::Coward | Behaviour::Balanced | Behaviour::Tactical => match roll {
            1..=35 => Intent::Light,
            36..=60 => Intent::Heavy,
            61..=75 => Intent::Guard(Stance::Dodging),
            76..=85 => Intent::Guard(Stance::Parrying),
            _ => Intent::Guard(Stance::Blocking),
        },
    }
}

/// What it has the breath for; else it gathers some.
fn carry_out(fighter: &Fighter, intent: Intent, target: usize) -> Plan<'static> {
    let strike = |blow: &'static Blow| {
        let cost = Amounts { stamina: blow.stamina, ..Amounts::default() };
        fighter.can_pay(&cost).is_ok().then_some(Plan::Strike { blow, target })
    };
    let guard = |stance: Stance| {
        let guard = GUARDS.iter().find(|guard| guard.stance == stance)?;
        (fighter.resources.stamina >= guard.stamina).then_some(Plan::Guard { stance })
    };
    let wanted = match intent {
        Intent::Heavy => strike(&HEAVY).or_else(|| strike(&LIGHT)),
        Intent::Light => strike(&LIGHT),
        Intent::Guard(stance) => guard(stance),
        Intent::Flee => Some(Plan::Flee),
    };
    // A guard would cost what it lacks for a blow, turn after turn.
    wanted.unwrap_or(Plan::Guard { stance: Stance::Open })
}
