//! How a combat comes about: they come together, and whoever challenged begins it.

use std::collections::BTreeMap;

use protocol::characters::Resources;
use protocol::combat::{Side, Standing};
use protocol::{CharacterId, ErrorCode, ServerMessage};
use rand::RngExt;

use crate::Refusal;
use crate::combat::course::{Against, Phase, Sharing, Terms};
use crate::combat::fighter::{Brain, Fighter, Played, Role, Stance};
use crate::combat::figures::thousandths;
use crate::combat::{Combat, CombatLimits, Recruit, over};
use crate::content::{Content, Enemy};
use crate::realm::{RealmCommand, held_already};
use crate::venue::{Audience, Effect, Member, Moment, News};

/// Enemies on one side.
const ENEMIES_MAX: usize = 6;
/// The sides of the die that initiative is rolled with.
const INITIATIVE_DIE: i64 = 20;

/// Coming into a combat.
#[derive(Debug, Clone, PartialEq)]
pub enum CombatEntry {
    Join(Box<Joining>),
    /// One was in it before, with this session or another one. Who was not hears that it is over for him.
    Return,
    /// As `Return`, by whoever was to begin it: if he has not, nobody will.
    CallOff,
}

/// How one comes into a combat for the first time.
#[derive(Debug, Clone, PartialEq)]
pub struct Joining {
    pub terms: Terms,
    pub side: Side,
    /// Of whoever challenged: he comes last, and with him it begins.
    pub opening: Option<Opening>,
    pub recruit: Recruit,
}

/// What whoever begins a combat says of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Opening {
    /// How they share what they find.
    pub sharing: Option<Sharing>,
    /// The faction that has the crystal shard that is fought for.
    pub held_by: Option<String>,
}

impl Terms {
    /// Whether such a combat can be.
    ///
    /// # Errors
    /// `NOT_FOUND` for a location or guardian that is not there, `FORBIDDEN` where nobody fights, `INVALID` for enemies
    /// that are not met there.
    pub fn check(&self, content: &Content) -> Result<(), Refusal> {
        let location = content
            .location(self.location_id)
            .ok_or_else(|| Refusal::new(ErrorCode::NotFound, "there is no such location"))?;
        if location.safe {
            let reason = format!("nobody fights in {}", location.name);
            return Err(Refusal::new(ErrorCode::Forbidden, reason).with("location_id", location.id.0));
        }
        match &self.against {
            Against::Characters => Ok(()),
            Against::Enemies(kinds) => {
                let stranger = kinds
                    .iter()
                    .find(|kind| !location.enemies.contains(kind) || content.enemy(kind).is_none());
                match stranger {
                    Some(kind) => Err(Refusal::invalid("enemy", format!("{kind:?} is not met here"))
                        .with("possible", location.enemies.clone())),
                    None if kinds.is_empty() => Err(Refusal::invalid("enemy", "nobody is met here")),
                    None if kinds.len() > ENEMIES_MAX => {
                        Err(Refusal::invalid("enemy", format!("expected at most {ENEMIES_MAX}")))
                    }
                    None => Ok(()),
                }
            }
            Against::Guardian(prize) => {
                let here =
                    content.crystal_shard(prize.shard).filter(|shard| shard.location_id == Some(location.id));
                match here {
                    Some(_) => Ok(()),
                    None => Err(Refusal::new(ErrorCode::NotFound, "no crystal shard is guarded here")
                        .with("field", "enemy")),
                }
            }
        }
    }
}

impl Combat {
    /// Somebody new.
    pub(super) fn muster(
        &mut self,
        who: &Member,
        entry: Joining,
        moment: &mut Moment,
    ) -> Result<(), Refusal> {
        self.may_join(&entry)?;
        let fighter = fighter(who, &entry);
        let Some(opening) = entry.opening else {
            self.course.terms = Some(entry.terms);
            self.course.fighters.push(fighter);
            return Ok(());
        };
        self.may_begin(&fighter, &entry.terms, &opening)?;
        let enemies = enemies(&self.content, &self.limits, &entry.terms.against);
        self.course.terms = Some(entry.terms);
        self.course.sharing = opening.sharing;
        self.course.fighters.push(fighter);
        self.course.fighters.extend(enemies);
        self.begin(who.id, moment);
        Ok(())
    }

    fn may_join(&self, entry: &Joining) -> Result<(), Refusal> {
        match self.course.phase {
            Phase::Mustering => {}
            Phase::Fighting => {
                return Err(Refusal::new(ErrorCode::Conflict, "the combat has begun already"));
            }
            Phase::Over => return Err(over()),
        }
        entry.terms.check(&self.content)?;
        if self.course.terms.as_ref().is_some_and(|terms| *terms != entry.terms) {
            return Err(Refusal::new(ErrorCode::Conflict, "that is another combat"));
        }
        if entry.side == Side::Second && entry.terms.against != Against::Characters {
            return Err(Refusal::new(ErrorCode::Conflict, "the other side is the enemies'"));
        }
        if entry.recruit.resources.health < 1 {
            return Err(Refusal::new(ErrorCode::Conflict, "you are down: nobody fights like that"));
        }
        let beside = self.course.fighters.iter().filter(|fighter| fighter.side == entry.side).count();
        if beside >= self.limits.side_max {
            let reason = format!("there are {} on that side already", self.limits.side_max);
            return Err(Refusal::new(ErrorCode::Conflict, reason));
        }
        Ok(())
    }

    fn may_begin(&self, opener: &Fighter, terms: &Terms, opening: &Opening) -> Result<(), Refusal> {
        let all = || self.course.fighters.iter().chain([opener]);
        match &terms.against {
            Against::Characters if !all().any(|fighter| fighter.side != opener.side) => {
                Err(Refusal::new(ErrorCode::Conflict, "nobody took up the challenge"))
            }
            Against::Characters | Against::Enemies(_) => Ok(()),
            Against::Guardian(prize) => {
                let count = all().count();
                if count < self.limits.guardian_min {
                    let reason = format!(
                        "a guardian is challenged by {} to {} together",
                        self.limits.guardian_min, self.limits.side_max
                    );
                    return Err(Refusal::new(ErrorCode::Conflict, reason).with("fighters", count));
                }
                let Some(faction) = majority(all()) else {
                    let reason = "more than half of those who challenge a guardian have to be of one faction";
                    return Err(Refusal::new(ErrorCode::Conflict, reason));
                };
                if opening.held_by.as_ref() == Some(&faction) {
                    return Err(held_already(&self.content, prize.shard, &faction));
                }
                Ok(())
            }
        }
    }

    fn begin(&mut self, opener: CharacterId, moment: &mut Moment) {
        for fighter in &mut self.course.fighters {
            fighter.initiative = fighter.figures().initiative + moment.dice.random_range(1..=INITIATIVE_DIE);
        }
        self.course.phase = Phase::Fighting;
        self.course.round = 1;
        self.course.order = self.course.ranked();
        self.course.active = 0;
        let characters = self.course.fighters.iter().filter_map(|one| Some((one.id, one.played()?.epoch)));
        self.joined = characters.collect();
        let start = ServerMessage::CombatStart(self.course.start_message());
        for (who, _) in &self.joined {
            moment.effects.push(Effect::Inform(*who, News::Fighting(self.course.id)));
        }
        moment.answer(start.clone());
        moment.tell(Audience::Except(opener), start);
        if let Some(prize) = self.course.prize() {
            let combat = self.course.id;
            moment.effects.push(Effect::Errand(RealmCommand::Contest { combat, shard: prize.shard }));
        }
        self.take_turns(moment);
        self.keep(moment);
    }
}

/// The faction that more than half of them are of.
pub(super) fn majority<'a>(fighters: impl Iterator<Item = &'a Fighter>) -> Option<String> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = 0;
    for played in fighters.filter_map(Fighter::played) {
        *counts.entry(&played.faction).or_default() += 1;
        all += 1;
    }
    counts.into_iter().find(|(_, count)| 2 * count > all).map(|(faction, _)| faction.to_owned())
}

fn fighter(who: &Member, entry: &Joining) -> Fighter {
    let Recruit { class, stats, resources, attack_bonus, defense_bonus, supplies } = entry.recruit.clone();
    Fighter {
        id: who.id,
        name: who.name.clone(),
        level: who.level,
        side: entry.side,
        role: Role::Character(Box::new(Played {
            epoch: who.epoch,
            class,
            faction: who.faction.clone(),
            supplies: supplies.into_iter().filter(|supply| supply.quantity > 0).collect(),
            used: Vec::new(),
            absent_since_ms: None,
            turns_missed: 0,
        })),
        stats,
        resources,
        attack_bonus,
        defense_bonus,
        standing: Standing::Up,
        stance: Stance::Open,
        effects: Vec::new(),
        cooldowns: BTreeMap::new(),
        initiative: 0,
        damage_dealt: 0,
    }
}

fn enemies(content: &Content, limits: &CombatLimits, against: &Against) -> Vec<Fighter> {
    match against {
        Against::Characters => Vec::new(),
        Against::Enemies(kinds) => {
            let rows: Vec<&Enemy> = kinds.iter().filter_map(|kind| content.enemy(kind)).collect();
            let number = |index: usize| {
                let same = |row: &&&Enemy| row.kind == rows[index].kind;
                (rows.iter().filter(same).count() > 1).then(|| 1 + rows[..index].iter().filter(same).count())
            };
            let named = rows.iter().enumerate().map(|(index, row)| match number(index) {
                Some(number) => enemy(row, index, format!("{} {number}", row.name), row.level, row.health),
                None => enemy(row, index, row.name.clone(), row.level, row.health),
            });
            named.collect()
        }
        Against::Guardian(prize) => {
            let guardian = content.crystal_shard(prize.shard).map(|shard| &shard.guardian);
            let made = guardian.and_then(|guardian| {
                let row = content.enemy(&guardian.kind)?;
                let health = i64::from(guardian.health) * i64::from(limits.guardian_health_percent) / 100;
                let health = i32::try_from(health).unwrap_or(i32::MAX).max(1);
                Some(enemy(row, 0, guardian.name.clone(), guardian.level, health))
            });
            made.into_iter().collect()
        }
    }
}

/// `index` makes its id, below 0.
fn enemy(row: &Enemy, index: usize, name: String, level: i32, health: i32) -> Fighter {
    let (stamina, mana) = (row.grown(row.stamina), row.grown(row.mana));
    Fighter {
        id: CharacterId(-1 - index as i64),
        name,
        level,
        side: Side::Second,
        role: Role::Enemy(Brain {
            kind: row.kind.clone(),
            rank: Some(row.rank),
            behaviour: row.behaviour,
            enrage_below: row.enrage_below.map_or(0, thousandths),
            abilities: row.abilities.clone(),
        }),
        stats: row.grown_stats(),
        resources: Resources {
            health,
            max_health: health,
            stamina,
            max_stamina: stamina,
            mana,
            max_mana: mana,
        },
        attack_bonus: 0,
        defense_bonus: 0,
        standing: Standing::Up,
        stance: Stance::Open,
        effects: Vec::new(),
        cooldowns: BTreeMap::new(),
        initiative: 0,
        damage_dealt: 0,
    }
}
