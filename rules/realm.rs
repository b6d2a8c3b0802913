//! The realm: who holds the crystal shards, what that makes of reality, and when the world begins anew.

mod standing;
#[cfg(test)]
mod tests;

pub(crate) use standing::held_already;
pub use standing::{may_be_taken, shard_message};

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::events::EventTrigger;
use protocol::ids::{CombatId, CrystalShardId};
use protocol::world::{Aetherfall, RealityShift, ShardCaptured};
use protocol::{CharacterId, ErrorCode, LocationId, ServerMessage};
use rand::RngExt;
use serde::{Deserialize, Serialize};

use crate::Refusal;
use crate::combat::Prize;
use crate::content::Content;
use crate::venue::{Audience, Effect, Member, Moment, NewEvent, News, RealmSave, Save, ShardChange, Venue};

/// What a change of reality costs of its stability.
const SHIFT_COST: std::ops::RangeInclusive<i32> = 5..=15;
/// How stable a reality is at most.
pub const STABILITY_MAX: i32 = 100;
/// So many claimed shards leave the world as it is in nobody's hands.
const NEUTRAL_CLAIMED_MAX: usize = 3;

/// What of the realm is on disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RealmRecord {
    pub reality: String,
    /// 0 to 100.
    pub stability: i32,
    pub aetherfalls: u32,
    pub shards: BTreeMap<CrystalShardId, Holding>,
    /// The combats with guardians that are under way, each with the crystal shard it is for.
    pub contested: BTreeMap<CombatId, CrystalShardId>,
}

/// How a crystal shard stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Holding {
    pub owner: Option<String>,
    /// How often it has changed hands or was sealed.
    pub epoch: i64,
    /// The combat by which it came into the hands that it is in.
    pub taken_in: Option<CombatId>,
    /// Nobody can take it.
    pub sealed: bool,
}

/// See the module. There is one.
#[derive(Debug, Clone)]
pub struct Realm {
    content: Arc<Content>,
    record: RealmRecord,
}

/// Who takes a crystal shard for his faction: the history names him.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Captor {
    pub id: CharacterId,
    pub name: String,
    pub faction: String,
}

/// The guardian of a crystal shard was defeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Won {
    pub prize: Prize,
    pub captor: Captor,
}

/// What can be asked of the realm. The first comes from whoever has won, the next two from combats, the others from
/// whoever runs the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RealmCommand {
    /// Takes the crystal shard whose guardian was defeated in a combat, if it was not taken by that already.
    Capture { combat: CombatId, won: Won },
    /// A guardian is fought.
    Contest { combat: CombatId, shard: CrystalShardId },
    /// That fight is over. `shard`: absent when it can't be told any more what it was for.
    Calm { combat: CombatId, shard: Option<CrystalShardId>, won: Option<Won> },
    /// Lets the world begin anew.
    EndWorld,
    /// Something happens that everybody hears of.
    Happen(Happening),
    /// Nobody can take a crystal shard, or it can be taken again.
    Seal { shard: CrystalShardId, sealed: bool },
}

/// Something that happens to the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Happening {
    /// `faction_war` or `announcement`: of the kinds that are remembered.
    pub event_type: &'static str,
    pub title: String,
    pub description: String,
    pub faction: Option<String>,
    /// Where; absent when it is everywhere.
    pub location_id: Option<LocationId>,
}

impl Realm {
    pub fn restore(content: Arc<Content>, record: RealmRecord) -> Self {
        Self { content, record }
    }

    pub fn record(&self) -> &RealmRecord {
        &self.record
    }

    /// How many of the world's shards each faction holds; those without are left out.
    fn counts(&self) -> BTreeMap<&str, usize> {
        let mut counts = BTreeMap::new();
        for shard in self.content.crystal_shards() {
            let owner = self.record.shards.get(&shard.id).and_then(|holding| holding.owner.as_deref());
            if let Some(owner) = owner {
                *counts.entry(owner).or_default() += 1;
            }
        }
        counts
    }

    fn capture(&mut self, combat: CombatId, won: &Won, moment: &mut Moment) -> Result<(), Refusal> {
        let Won { prize, captor } = won;
        let holding = self.record.shards.get(&prize.shard);
        if holding.is_some_and(|holding| holding.taken_in == Some(combat)) {
            // Whoever asks again has not heard that they have it.
            return Ok(());
        }
        self.may_take(&captor.faction, *prize)?;
        let name = self.content.crystal_shard(prize.shard).map_or(String::new(), |shard| shard.name.clone());
        let holding = self.record.shards.entry(prize.shard).or_default();
        let previous = holding.owner.replace(captor.faction.clone());
        holding.epoch += 1;
        holding.taken_in = Some(combat);
        self.record.contested.remove(&combat);
        let mut save = self.save();
        save.changes.push(ShardChange {
            shard: prize.shard,
            faction: Some(captor.faction.clone()),
            previous: previous.clone(),
            by: Some(captor.id),
            combat: Some(combat),
            epoch: prize.epoch + 1,
        });
        let taken = ShardCaptured {
            shard_id: prize.shard,
            shard_name: name.clone(),
            captured_by_character_id: captor.id,
            captured_by_character_name: captor.name.clone(),
            faction: captor.faction.clone(),
            previous_owner_faction: previous.clone(),
        };
        moment.tell(Audience::Everyone, ServerMessage::ShardCaptured(taken));
        let title = format!("{} captured by {}", name, captor.faction);
        let from = previous.as_deref().map_or(String::new(), |previous| format!(" from {previous}"));
        let description = format!("{} took {name}{from} for {}.", captor.name, captor.faction);
        remember("shard_capture", title, description, Some(&captor.faction), moment);
        if let Some(previous) = previous {
            let war = Happening {
                event_type: "faction_war",
                title: format!("{} against {previous}", captor.faction),
                description: format!("{} lost {name} to {}.", previous, captor.faction),
                faction: Some(captor.faction.clone()),
                location_id: self.content.crystal_shard(prize.shard).and_then(|shard| shard.location_id),
            };
            happen(war, moment);
        }
        self.settle(&mut save, moment);
        moment.save(Save::Realm(Box::new(save)));
        // Others fight on for it, who can't have it any more.
        if self.is_contested(prize.shard) {
            self.tell_shard(prize.shard, moment);
        }
        Ok(())
    }

    /// What the shards make of reality, and whether that ends the world.
    fn settle(&mut self, save: &mut RealmSave, moment: &mut Moment) {
        let counts = self.counts();
        let all = self.content.crystal_shards().len();
        let winner =
            counts.iter().find(|(_, count)| **count == all).map(|(faction, _)| (*faction).to_owned());
        if let Some(winner) = winner {
            return self.end_world(Some(&winner), save, moment);
        }
        let claimed: usize = counts.values().sum();
        let most = counts.values().max().copied().unwrap_or(0);
        let mut leaders = counts.iter().filter(|(_, count)| **count == most).map(|(faction, _)| *faction);
        let faction = match (leaders.next(), leaders.next()) {
            _ if claimed <= NEUTRAL_CLAIMED_MAX => None,
            (Some(leader), None) => Some(leader.to_owned()),
            // Of two that hold as many neither changes anything.
            _ => return self.note(save),
        };
        let reality = self.content.reality_of(faction.as_deref()).name.clone();
        if reality != self.record.reality {
            self.shift(reality, faction, moment);
        }
        if self.record.stability == 0 {
            return self.end_world(None, save, moment);
        }
        self.note(save);
    }

    fn shift(&mut self, reality: String, faction: Option<String>, moment: &mut Moment) {
        let cost = moment.dice.random_range(SHIFT_COST);
        self.record.stability = (self.record.stability - cost).max(0);
        let from = std::mem::replace(&mut self.record.reality, reality.clone());
        let title = format!("{from} gives way to {reality}");
        let description = format!("Reality shifted; {} of its stability is left.", self.record.stability);
        remember("reality_shift", title, description, faction.as_deref(), moment);
        let shift = RealityShift {
            from_reality: from,
            to_reality: reality,
            faction,
            reality_stability: f64::from(self.record.stability),
        };
        moment.tell(Audience::Everyone, ServerMessage::RealityShift(shift));
    }

    /// All shards are nobody's again; the new world begins as the winner's.
    fn end_world(&mut self, winner: Option<&str>, save: &mut RealmSave, moment: &mut Moment) {
        for (shard, holding) in &mut self.record.shards {
            if let Some(previous) = holding.owner.take() {
                holding.epoch += 1;
                holding.taken_in = None;
                let (shard, epoch) = (*shard, holding.epoch);
                let change = ShardChange {
                    shard,
                    faction: None,
                    previous: Some(previous),
                    by: None,
                    combat: None,
                    epoch,
                };
                save.changes.push(change);
            }
        }
        self.record.aetherfalls = self.record.aetherfalls.saturating_add(1);
        self.record.stability = STABILITY_MAX;
        self.record.reality = self.content.reality_of(winner).name.clone();
        let title = format!("Aetherfall {}", self.record.aetherfalls);
        let cause = match winner {
            Some(winner) => format!("{winner} held every crystal shard"),
            None => "Reality could hold no longer".to_owned(),
        };
        let description = format!("{cause}: the world begins anew, as {}.", self.record.reality);
        remember("aetherfall", title, description, winner, moment);
        let aetherfall = Aetherfall {
            total_aetherfalls: self.record.aetherfalls,
            winning_faction: winner.map(str::to_owned),
            new_reality: self.record.reality.clone(),
        };
        moment.tell(Audience::Everyone, ServerMessage::Aetherfall(aetherfall));
        self.note(save);
    }

    /// `NOT_FOUND` for a faction or location that is not there.
    fn happen(&self, happening: Happening, moment: &mut Moment) -> Result<(), Refusal> {
        let no_such = |field, what| {
            Err(Refusal::new(ErrorCode::NotFound, format!("there is no such {what}")).with("field", field))
        };
        let factions = self.content.factions();
        if happening.faction.as_ref().is_some_and(|name| !factions.iter().any(|row| row.name == *name)) {
            return no_such("faction", "faction");
        }
        if happening.location_id.is_some_and(|id| self.content.location(id).is_none()) {
            return no_such("location_id", "location");
        }
        happen(happening, moment);
        Ok(())
    }

    fn save(&self) -> RealmSave {
        let RealmRecord { reality, stability, aetherfalls, .. } = &self.record;
        RealmSave {
            reality: reality.clone(),
            stability: *stability,
            aetherfalls: *aetherfalls,
            changes: Vec::new(),
            seals: Vec::new(),
        }
    }

    /// The world's own row, as it is by now.
    fn note(&self, save: &mut RealmSave) {
        *save = RealmSave { changes: std::mem::take(&mut save.changes), ..self.save() };
    }
}

/// Everybody hears of it, and it is remembered.
fn happen(happening: Happening, moment: &mut Moment) {
    let Happening { event_type, title, description, faction, location_id } = happening;
    remember(event_type, title.clone(), description.clone(), faction.as_deref(), moment);
    let event_id = format!("{:016x}", moment.dice.random::<u64>());
    let event_type = event_type.to_owned();
    let trigger = EventTrigger { event_id, event_type, title, description, location_id };
    moment.tell(Audience::Everyone, ServerMessage::EventTrigger(trigger));
}

fn remember(
    event_type: &'static str,
    title: String,
    description: String,
    faction: Option<&str>,
    moment: &mut Moment,
) {
    let at_ms = moment.now.wall_ms;
    let faction = faction.map(str::to_owned);
    moment.save(Save::Event(NewEvent { event_type, title, description, faction, at_ms }));
}

impl Venue for Realm {
    type Entry = ();
    type Command = RealmCommand;
    type Exit = ();

    fn enter(&mut self, _who: &Member, _entry: (), _moment: &mut Moment) -> Result<(), Refusal> {
        Ok(())
    }

    /// Whoever asked for a shard hears that he was heard, however it went: then his part of the combat is done.
    fn apply(&mut self, who: &Member, command: RealmCommand, moment: &mut Moment) -> Result<(), Refusal> {
        match command {
            RealmCommand::Capture { combat, won } => {
                let ended = self.capture(combat, &won, moment);
                moment.effects.push(Effect::Inform(who.id, News::Claimed(combat)));
                ended
            }
            RealmCommand::Contest { .. }
            | RealmCommand::Calm { .. }
            | RealmCommand::EndWorld
            | RealmCommand::Happen(_)
            | RealmCommand::Seal { .. } => {
                Err(Refusal::new(ErrorCode::Forbidden, "only whoever runs the server commands that"))
            }
        }
    }

    fn ordain(&mut self, command: RealmCommand, moment: &mut Moment) -> Result<(), Refusal> {
        match command {
            RealmCommand::EndWorld => {
                let mut save = self.save();
                self.end_world(None, &mut save, moment);
                moment.save(Save::Realm(Box::new(save)));
                Ok(())
            }
            RealmCommand::Happen(happening) => self.happen(happening, moment),
            RealmCommand::Seal { shard, sealed } => self.seal(shard, sealed, moment),
            RealmCommand::Contest { combat, shard } => {
                self.contest(combat, shard, moment);
                Ok(())
            }
            RealmCommand::Calm { combat, shard, won } => {
                self.calm(combat, shard, won, moment);
                Ok(())
            }
            RealmCommand::Capture { combat, won } => self.capture(combat, &won, moment),
        }
    }

    fn leave(&mut self, _who: &Member, _exit: (), _moment: &mut Moment) {}
}
