//! A partition of the world: who is where in its locations, who may move how, and who sees whom.

mod ambush;
mod body;
mod encounter;
mod ground;
mod place;
mod show;
#[cfg(test)]
mod tests;
mod views;

pub use ground::{Grounded, nothing_there};

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use protocol::ids::GroundId;
use protocol::inventory::SomeOf;
use protocol::movement::{PlayerJoinedArea, PlayerLeftArea, Position};
use protocol::{CharacterId, ErrorCode, LocationId, ServerMessage};

use crate::content::{Content, Location};
use crate::grid::{Cell, Grid};
use crate::ground::Heap;
use crate::movement::{SpeedBudget, check_position, distance};
use crate::venue::{Audience, Effect, Found, Lookers, Member, Moment, Save, Venue};
use crate::world_shard::body::Body;
use crate::{Now, Refusal};

/// How far and how often one sees.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sight {
    /// Metres.
    pub range_m: f64,
    /// The nearest so many.
    pub others_max: usize,
    /// A show every so many ticks.
    pub every_ticks: u64,
    /// A save of what moved every so many ticks.
    pub save_every_ticks: u64,
}

/// One world shard.
#[derive(Debug)]
pub struct WorldShard {
    content: Arc<Content>,
    sight: Sight,
    ticks: u64,
    areas: BTreeMap<LocationId, Area>,
    bodies: BTreeMap<CharacterId, Body>,
    /// Everything that had been laid on the ground up to this was known when the shard was restored.
    ground_read_to: GroundId,
}

/// A location as it lives: who is in it, and whether anything changed since the last show.
#[derive(Debug, Default)]
struct Area {
    grid: Grid,
    occupants: BTreeSet<CharacterId>,
    stirred: bool,
    /// Somebody came, went or changed the cell since the last tick.
    changed: bool,
    /// Who left since the last tick, and the cell that others were told of.
    departed: BTreeMap<CharacterId, Cell>,
    /// Where those who look from a cell are told of movement less often than at every tick: every how many.
    paces: BTreeMap<Cell, u64>,
    /// What lies there.
    ground: BTreeMap<GroundId, Heap>,
}

/// Coming into a location of this shard.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Arrival {
    pub location: LocationId,
    /// Where one was last; the spawn if absent.
    pub position: Option<Position>,
    pub from: Option<LocationId>,
    /// Signing in and coming back are never refused for want of room.
    pub exempt: bool,
}

/// What a member can do in the world.
#[derive(Debug, Clone, PartialEq)]
pub enum WorldCommand {
    /// Goes to a point of the same location.
    Move { position: Position, velocity: Option<Position> },
    /// Goes to another location of this shard; whoever sends it on has checked the way.
    Travel { to: LocationId, position: Option<Position> },
    /// Asks to be told where one is.
    Look,
    /// Its session wants to know that this character is within view, before it goes on.
    Approach { whom: CharacterId },
    /// Its session wants to know where this is to be laid down.
    LayDown { what: SomeOf },
    /// Its session wants to know what this is, and that it is near.
    PickUp { id: GroundId },
    /// What is on disk of the ground: from the server, never from a member.
    Ground { location: LocationId, news: Grounded },
}

/// Where a member goes who leaves this shard; absent for one who leaves the world.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Departure {
    pub to: Option<LocationId>,
}

/// Who is where, for admins.
#[derive(Debug, Clone, PartialEq)]
pub struct Sighting {
    pub member: Member,
    pub location: LocationId,
    pub position: Position,
}

impl WorldShard {
    /// An empty shard with the locations that the content gives it.
    pub fn new(name: &str, content: Arc<Content>, sight: Sight) -> Self {
        let areas = content.locations_of(name).map(|location| (location.id, Area::default())).collect();
        Self { content, sight, ticks: 0, areas, bodies: BTreeMap::new(), ground_read_to: GroundId(0) }
    }

    /// Puts somebody back who was here before the shard had to be restored: told to nobody.
    pub fn readmit(&mut self, member: Member, location: LocationId, position: Position) {
        if let Some(area) = self.areas.get_mut(&location) {
            area.grid.insert(member.id, position);
            area.occupants.insert(member.id);
            area.stirred = true;
            area.changed = true;
            self.bodies.insert(member.id, Body::new(member, location, position));
        }
    }

    /// Whether this character is in it.
    pub fn has(&self, who: CharacterId) -> bool {
        self.bodies.contains_key(&who)
    }

    /// Everybody in it, in order of id.
    pub fn sightings(&self) -> Vec<Sighting> {
        self.bodies
            .values()
            .map(|body| Sighting {
                member: body.member.clone(),
                location: body.location,
                position: body.position,
            })
            .collect()
    }

    fn location(&self, id: LocationId) -> Result<&Location, Refusal> {
        if !self.areas.contains_key(&id) {
            return Err(Refusal::new(ErrorCode::NotFound, format!("there is no location {id} here")));
        }
        self.content
            .location(id)
            .ok_or_else(|| Refusal::new(ErrorCode::NotFound, format!("there is no location {id}")))
    }

    fn room_for(&self, who: CharacterId, location: &Location) -> Result<(), Refusal> {
        let Some(capacity) = location.capacity else { return Ok(()) };
        let others = self.areas[&location.id].occupants.iter().filter(|id| **id != who).count();
        if others >= capacity as usize {
            let reason = format!("{} is full: {capacity} characters are there already", location.name);
            return Err(Refusal::new(ErrorCode::AreaFull, reason)
                .with("location_id", location.id.0)
                .with("capacity", capacity));
        }
        Ok(())
    }

    fn arrive(
        &mut self,
        who: &Member,
        location: LocationId,
        position: Position,
        from: Option<LocationId>,
        moment: &mut Moment,
    ) {
        let mut body = Body::new(who.clone(), location, position);
        // Who comes into the world is where the disk says. A way to another shard may have overtaken this, and is
        // acknowledged by then: it must not be undone.
        moment.save(match from {
            Some(_) => Save::Whereabouts(body.whereabouts()),
            None => Save::Step(body.whereabouts()),
        });
        let area = self.areas.get_mut(&location).expect("the location was found in this shard");
        area.grid.insert(who.id, position);
        area.occupants.insert(who.id);
        area.stirred = true;
        area.changed = true;
        body.told_in = area.departed.remove(&who.id);
        body.moved_at = self.ticks + 1;
        let others = others_in(area, who.id);
        self.bodies.insert(who.id, body);
        self.tell_arrived(who.id, from, moment);
        if !others.is_empty() {
            let joined = PlayerJoinedArea {
                character_id: who.id,
                character_name: who.name.clone(),
                location_id: location,
                level: who.level,
                faction: who.faction.clone(),
                position,
            };
            moment.tell(Audience::These(others), ServerMessage::PlayerJoinedArea(joined));
        }
        if from.is_some() {
            self.may_be_awaited(who.id, moment);
        }
    }

    /// Takes somebody out of his location and tells those who stay.
    fn depart(&mut self, who: CharacterId, to: Option<LocationId>, moment: &mut Moment) -> Option<Body> {
        let body = self.bodies.remove(&who)?;
        if let Some(area) = self.areas.get_mut(&body.location) {
            area.grid.remove(who);
            area.occupants.remove(&who);
            area.stirred = true;
            if let Some(cell) = body.told_in {
                area.changed = true;
                area.departed.insert(who, cell);
            }
            let others = others_in(area, who);
            if !others.is_empty() {
                let left = PlayerLeftArea {
                    character_id: who,
                    character_name: body.member.name.clone(),
                    location_id: body.location,
                    to_location_id: to,
                };
                moment.tell(Audience::These(others), ServerMessage::PlayerLeftArea(left));
            }
        }
        Some(body)
    }

    fn walk(
        &mut self,
        who: &Member,
        position: Position,
        velocity: Option<Position>,
        moment: &mut Moment,
    ) -> Result<(), Refusal> {
        match self.step(who.id, position, velocity, moment.now) {
            Ok(metres) => self.may_be_seen(who.id, metres, moment),
            Err(refusal) => {
                if let Some(body) = self.bodies.get(&who.id) {
                    moment.tell(Audience::These(vec![who.id]), body.update());
                }
                return Err(refusal);
            }
        }
        Ok(())
    }

    /// How many metres it was on foot: where one appears in a location is no way.
    fn step(
        &mut self,
        who: CharacterId,
        position: Position,
        velocity: Option<Position>,
        now: Now,
    ) -> Result<f64, Refusal> {
        let body = self.bodies.get_mut(&who).ok_or_else(not_here)?;
        let location = self.content.location(body.location).ok_or_else(not_here)?;
        check_position(location, position, velocity)?;
        let appears = body.budget == SpeedBudget::Entering;
        body.budget.spend(body.position, position, location.speed, now)?;
        let metres = if appears { 0.0 } else { distance(body.position, position) };
        body.position = position;
        body.velocity = velocity;
        body.unsaved = true;
        body.moved = true;
        body.moved_at = self.ticks + 1;
        if let Some(area) = self.areas.get_mut(&body.location) {
            area.changed |= area.grid.move_to(who, position).is_some();
            area.stirred = true;
        }
        Ok(metres)
    }

    fn travel(
        &mut self,
        who: &Member,
        to: LocationId,
        position: Option<Position>,
        moment: &mut Moment,
    ) -> Result<(), Refusal> {
        let from = self.bodies.get(&who.id).ok_or_else(not_here)?.location;
        let location = self.location(to)?;
        self.room_for(who.id, location)?;
        let position = position.unwrap_or(location.spawn);
        check_position(location, position, None)?;
        self.depart(who.id, Some(to), moment);
        self.arrive(who, to, position, Some(from), moment);
        Ok(())
    }

    fn save_moved(&mut self, moment: &mut Moment) {
        for body in self.bodies.values_mut().filter(|body| body.unsaved) {
            body.unsaved = false;
            moment.save(Save::Step(body.whereabouts()));
        }
    }
}

fn others_in(area: &Area, who: CharacterId) -> Vec<CharacterId> {
    area.occupants.iter().copied().filter(|id| *id != who).collect()
}

fn not_here() -> Refusal {
    Refusal::new(ErrorCode::NoCharacter, "your character is not in this part of the world")
}

impl Venue for WorldShard {
    type Entry = Arrival;
    type Command = WorldCommand;
    type Exit = Departure;

    fn enter(&mut self, who: &Member, arrival: Arrival, moment: &mut Moment) -> Result<(), Refusal> {
        if let Some(body) = self.bodies.get_mut(&who.id).filter(|body| body.location == arrival.location) {
            body.member = who.clone();
            self.tell_arrived(who.id, arrival.from, moment);
            return Ok(());
        }
        let location = self.location(arrival.location)?;
        if !arrival.exempt {
            self.room_for(who.id, location)?;
        }
        let wanted = arrival.position.unwrap_or(location.spawn);
        let possible = check_position(location, wanted, None);
        if !arrival.exempt {
            possible.clone()?;
        }
        let position = if possible.is_ok() { wanted } else { location.spawn };
        self.depart(who.id, Some(arrival.location), moment);
        self.arrive(who, arrival.location, position, arrival.from, moment);
        Ok(())
    }

    fn apply(&mut self, who: &Member, command: WorldCommand, moment: &mut Moment) -> Result<(), Refusal> {
        match command {
            WorldCommand::Move { position, velocity } => self.walk(who, position, velocity, moment),
            WorldCommand::Travel { to, position } => self.travel(who, to, position, moment),
            WorldCommand::Approach { whom } => self.approach(who.id, whom, moment),
            WorldCommand::LayDown { what } => {
                let spot = self.spot_of(who.id)?;
                moment.effects.push(Effect::HandBack(Found::Standing { what, spot }));
                Ok(())
            }
            WorldCommand::PickUp { id } => self.reach(who.id, id, moment),
            WorldCommand::Ground { .. } => {
                Err(Refusal::new(ErrorCode::Forbidden, "only the server says what lies where"))
            }
            WorldCommand::Look => {
                if !self.bodies.contains_key(&who.id) {
                    return Err(not_here());
                }
                moment.answer(ServerMessage::LocationUpdate(self.location_update(who.id, None)));
                Ok(())
            }
        }
    }

    fn ordain(&mut self, command: WorldCommand, moment: &mut Moment) -> Result<(), Refusal> {
        let WorldCommand::Ground { location, news } = command else {
            return Err(Refusal::new(ErrorCode::Forbidden, "only who is here does that"));
        };
        self.note_ground(location, news, moment);
        Ok(())
    }

    fn leave(&mut self, who: &Member, exit: Departure, moment: &mut Moment) {
        let Some(body) = self.depart(who.id, exit.to, moment) else { return };
        // Whoever goes on to another shard is saved by that one: ours would overwrite where he is now.
        if exit.to.is_none() {
            moment.save(Save::Step(body.whereabouts()));
        }
    }

    fn tick(&mut self, lookers: &Lookers, moment: &mut Moment) {
        self.ticks += 1;
        self.tell_views(lookers, moment);
        if self.ticks.is_multiple_of(self.sight.every_ticks) {
            self.show(lookers, moment);
        }
        if self.ticks.is_multiple_of(self.sight.save_every_ticks) {
            self.save_moved(moment);
        }
    }
}
