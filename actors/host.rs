//! The one actor that hosts every kind of venue: seats, order, commits, fan-out, panics, ticks.
//!
//! A venue's rules apply at once, while earlier commits are still in flight; what they tell leaves strictly in
//! input order, each behind its own commit.

mod ending;
mod hosted;
mod outsiders;
mod recovery;
mod ticks;

pub use hosted::{Hosted, Mail, Newcomer, Order, Reply};
use recovery::{Lander, Recovery};
use ticks::spawn_ticks;
pub use ticks::{Pace, TickDone};

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::Context as TaskContext;

use actix::AsyncContext;
use protocol::{CharacterId, ErrorCode, ErrorMessage, ServerMessage, SessionId};
use rules::venue::{Effect, Member, Moment};
use rules::{Dice, Refusal};
use storage::requests::Keep;
use tokio::sync::oneshot;

use crate::bells::Asleep;
use crate::entity::{Birth, Ctx, Entity, Vitals, Watcher};
use crate::flight::{Flight, Flights, Journal, Outcome, Released, Sync};
use crate::frame::Frame;
use crate::notify::notify;
use crate::options::Options;
use crate::registry::{Table, tell_watchers};
use crate::seats::{Seat, Seats};
use crate::world::World;
use crate::{faults, realms, session};

/// Inputs whose commits are under way; more wait as `BUSY`.
const FLIGHTS_MAX: usize = 256;

/// See the module.
pub struct Host<V: Hosted> {
    key: V::Key,
    world: World,
    generation: u64,
    venue: Option<V>,
    pub(crate) seats: Seats,
    pub(crate) flights: Flights,
    journal: Journal,
    inputs: u64,
    dice: Dice,
    pace: Arc<Pace>,
    empty_since_ms: u64,
    vitals: Option<Arc<Vitals>>,
}

impl<V: Hosted> Entity for Host<V> {
    type Key = V::Key;
    type Kept = ();
    type Mail = Mail<V>;

    const KIND: &'static str = V::KIND;

    fn table(world: &World) -> &Table<Self> {
        V::table(world)
    }

    fn mailbox(options: &Options) -> usize {
        V::mailbox(options)
    }

    fn born(birth: Birth<Self>) -> Self {
        let dice = birth.world.dice(V::KIND, &birth.key);
        let journal = Journal::new(birth.world.clone());
        let empty_since_ms = birth.world.clock().mono_ms();
        Self {
            key: birth.key,
            world: birth.world,
            generation: birth.generation,
            venue: None,
            seats: Seats::default(),
            flights: Flights::default(),
            journal,
            inputs: 0,
            dice,
            pace: Pace::new(),
            empty_since_ms,
            vitals: None,
        }
    }

    fn started(&mut self, ctx: &mut Ctx<Self>) {
        ctx.spawn(Lander);
        ctx.wait(Recovery::Landing);
        if let Some(every) = V::tick_every(self.world.options())
            && let Some(door) = V::table(&self.world).running(&self.key)
        {
            self.vitals = Some(door.vitals().clone());
            spawn_ticks(&door, every, self.pace.clone());
        }
    }

    fn receive(&mut self, mail: Mail<V>, ctx: &mut Ctx<Self>) {
        match mail {
            Mail::Enter { newcomer, entry, reply } => self.enter(newcomer, entry, reply, ctx),
            Mail::Command { who, session, command, reply } => self.command(who, session, command, reply, ctx),
            Mail::Knock { newcomer, command, reply } => self.knock(&newcomer, command, reply, ctx),
            Mail::Leave { who, session, exit, gone } => {
                self.leave(who, session, exit, gone, ctx);
                self.end_if_empty(ctx);
            }
            Mail::Tick(done) => {
                self.miss_the_dead(ctx);
                self.tick(ctx);
                drop(done);
            }
            Mail::Ordain(order) => self.ordain(order, ctx),
            Mail::View(to) => self.tell_view(to),
            Mail::Rest => self.rest(ctx),
        }
    }

    fn buried(_: &World, key: &V::Key, watchers: Vec<Watcher>) {
        tell_watchers(&watchers, &V::name(key));
    }
}

impl<V: Hosted> Host<V> {
    fn enter(&mut self, newcomer: Newcomer, entry: V::Entry, reply: Reply, ctx: &mut Ctx<Self>) {
        let member = newcomer.member.clone();
        let newer = |seat: &Seat| seat.member.epoch > member.epoch;
        if self.seats.get(&member.id).is_some_and(newer) {
            // The character was taken by somebody else meanwhile, who is here already.
            return if reply.ticket.is_some() {
                reply.refuse(not_in_here().into(), self.world.clock().now().wall_ms);
            };
        }
        let entered = self.input(Some(reply), ctx, |venue, moment| {
            faults::hit(&format!("{}.enter", V::KIND));
            venue.enter(&member, entry, moment)
        });
        if entered {
            // Who comes again with the same outbox still hears what is in flight.
            let before = self.seats.get(&newcomer.member.id).filter(|seat| seat.session == newcomer.session);
            let since = before.map_or(self.inputs, |seat| seat.since);
            let seat = Seat {
                member: newcomer.member,
                session: newcomer.session,
                outbox: newcomer.outbox,
                door: newcomer.door,
                since,
                entered: self.inputs,
                until: None,
            };
            self.seats.insert(seat.member.id, seat);
            self.note_members();
        } else if self.venue.is_none() || V::TELLS_REFUSED {
            // After a panic, whoever was to come in has to try again.
            notify(&newcomer.door, session::Mail::NotIn(V::name(&self.key)));
        }
    }

    fn command(
        &mut self,
        who: CharacterId,
        session: SessionId,
        command: V::Command,
        reply: Reply,
        ctx: &mut Ctx<Self>,
    ) {
        if let Err(busy) = self.check_flights() {
            return reply.refuse(busy, self.world.clock().now().wall_ms);
        }
        let member = self.seat_of(who, session).map(|seat| seat.member.clone());
        self.input(Some(reply), ctx, |venue, moment| {
            let member = member.ok_or_else(not_in_here)?;
            faults::hit(V::fault(&command));
            venue.apply(&member, command, moment)
        });
    }

    /// An older session's leave must not take the seat that a newer one has taken over.
    fn leave(
        &mut self,
        who: CharacterId,
        session: SessionId,
        exit: V::Exit,
        gone: Option<oneshot::Sender<()>>,
        ctx: &mut Ctx<Self>,
    ) {
        let Some(seat) = self.seat_of(who, session) else { return };
        let member = seat.member.clone();
        self.input(None, ctx, |venue, moment| {
            faults::hit(&format!("{}.leave", V::KIND));
            venue.leave(&member, exit, moment);
            Ok(())
        });
        // Events of earlier inputs are still his: the seat is cleared when this input's turn comes.
        let number = self.inputs;
        if let Some(seat) = self.seats.get_mut(&who) {
            seat.until = Some(number);
        }
        let told = self.flights.back().is_some_and(|flight| flight.number == number);
        if !told && !self.flights.is_idle() {
            let wall_ms = self.world.clock().now().wall_ms;
            self.flights.push_back(Flight::new(number, wall_ms, None, None, Outcome::Done, Vec::new()));
        }
        match self.flights.back_mut() {
            Some(flight) => {
                flight.leaver = Some((who, session));
                flight.gone = gone;
            }
            None => {
                self.seats.remove(&who);
            }
        }
        self.note_members();
    }

    /// What most ticks save was promised to nobody, so nobody waits for the disk.
    fn tick(&mut self, ctx: &mut Ctx<Self>) {
        if self.flights.len() < FLIGHTS_MAX {
            let lookers = self.lookers();
            self.input_saved(Sync::Later, None, None, ctx, |venue, moment| {
                faults::hit(&format!("{}.tick", V::KIND));
                venue.tick(&lookers, moment);
                Ok(())
            });
        }
    }

    fn input(
        &mut self,
        reply: Option<Reply>,
        ctx: &mut Ctx<Self>,
        apply: impl FnOnce(&mut V, &mut Moment) -> Result<(), Refusal>,
    ) -> bool {
        self.input_saved(Sync::Now, None, reply, ctx, apply)
    }

    /// Applies one input. What it shows leaves now; what it tells waits in a flight for its commit and its turn.
    fn input_saved(
        &mut self,
        sync: Sync,
        keep: Option<Keep<()>>,
        reply: Option<Reply>,
        ctx: &mut Ctx<Self>,
        apply: impl FnOnce(&mut V, &mut Moment) -> Result<(), Refusal>,
    ) -> bool {
        let now = self.world.clock().now();
        self.inputs += 1;
        let Some(venue) = self.venue.as_mut() else {
            // Only before the first record is loaded, when the mailbox waits: a bug if it happens.
            log::error!("{} {} got an input before it was restored", V::KIND, self.key);
            return false;
        };
        let mut moment = Moment::new(now, &mut self.dice);
        let applied = catch_unwind(AssertUnwindSafe(|| apply(venue, &mut moment)));
        let effects = moment.effects;
        let number = self.inputs;
        match applied {
            Ok(Ok(())) => {
                let (told, saves) = self.sort_out(effects, now.wall_ms);
                let receipt = self.journal.save(sync, saves, keep, reply.as_ref(), &told, now.wall_ms);
                let flight = Flight::new(number, now.wall_ms, receipt, reply, Outcome::Done, told);
                if !flight.is_empty() {
                    self.flights.push_back(flight);
                }
                true
            }
            Ok(Err(refusal)) => {
                let (told, _) = self.sort_out(effects, now.wall_ms);
                let outcome = Outcome::Refused(refusal.into());
                self.flights.push_back(Flight::new(number, now.wall_ms, None, reply, outcome, told));
                false
            }
            Err(_) => {
                let internal =
                    ErrorMessage::new(ErrorCode::Internal, "a defect of ours: nothing was changed");
                let outcome = Outcome::Refused(internal);
                self.flights.push_back(Flight::new(number, now.wall_ms, None, reply, outcome, Vec::new()));
                self.stumble(ctx);
                false
            }
        }
    }

    /// Shows what is to be shown, and parts what is told from what is saved.
    fn sort_out(&self, effects: Vec<Effect>, wall_ms: i64) -> (Vec<Effect>, Vec<rules::venue::Save>) {
        let (mut told, mut saves, mut asleep) = (Vec::new(), Vec::new(), Asleep::default());
        for effect in effects {
            match effect {
                Effect::Show { to, about, message } => {
                    let frame = Frame::new(message, wall_ms);
                    for viewer in to.iter().filter_map(|id| self.seats.get(id)) {
                        viewer.outbox.show(about, &frame, &mut asleep);
                    }
                }
                Effect::View { to, at, full, updates } => {
                    let frames: Arc<[_]> = updates
                        .into_iter()
                        .map(|update| Frame::new(ServerMessage::AreaUpdate(update), wall_ms))
                        .collect();
                    for viewer in to.iter().filter_map(|id| self.seats.get(id)) {
                        viewer.outbox.show_view(at, full, &frames, &mut asleep);
                    }
                    asleep.ring_many();
                }
                Effect::Save(save) => saves.push(save),
                event @ (Effect::Answer(_)
                | Effect::Tell(..)
                | Effect::Inform(..)
                | Effect::HandBack(_)
                | Effect::Errand(_)) => told.push(event),
            }
        }
        (told, saves)
    }

    /// The state may be half changed: it goes, and what was last committed comes back.
    fn stumble(&mut self, ctx: &mut Ctx<Self>) {
        self.venue = None;
        if V::table(&self.world).stumbled(&self.world, &self.key) {
            log::error!("{} {} panicked: restoring what was last committed", V::KIND, self.key);
            ctx.wait(Recovery::Landing);
        } else {
            log::error!("{} {} panicked too often: it rests", V::KIND, self.key);
            ctx.wait(Recovery::Ending);
        }
    }

    /// The state is ahead of the disk, by no fault of its own: what was committed comes back.
    fn go_back(&mut self, ctx: &mut Ctx<Self>) {
        self.venue = None;
        ctx.wait(Recovery::Landing);
    }

    /// Puts the venue back as it is on disk. Whoever is not in it by that has to come again.
    fn restore(&mut self, record: V::Record) {
        let members: Vec<Member> = self.seats.values().map(|seat| seat.member.clone()).collect();
        let venue = V::restore(&self.key, &self.world, record, &members);
        for (_, seat) in self.seats.extract_if(.., |who, _| !venue.has(*who)) {
            notify(&seat.door, session::Mail::NotIn(V::name(&self.key)));
        }
        for seat in self.seats.values() {
            seat.outbox.forget_view();
        }
        self.venue = Some(venue);
        self.journal.begin_anew();
        self.note_members();
    }

    fn seat_of(&self, who: CharacterId, session: SessionId) -> Option<&Seat> {
        self.seats.get(&who).filter(|seat| seat.session == session && seat.until.is_none())
    }

    fn note_members(&mut self) {
        if self.seats.is_empty() {
            self.empty_since_ms = self.world.clock().mono_ms();
        }
        if self.vitals.is_none() {
            self.vitals = V::table(&self.world).running(&self.key).map(|door| door.vitals().clone());
        }
        if let Some(vitals) = &self.vitals {
            vitals.set_members(self.seats.len());
        }
    }

    /// Releases what has been committed, in input order.
    pub(crate) fn land(&mut self, cx: &mut TaskContext) -> Released {
        loop {
            let released = self.flights.release(&mut self.seats, cx);
            for errand in self.flights.errands.drain(..) {
                realms::tell_realm(&self.world, errand);
            }
            if !matches!(released, Released::Left) {
                return released;
            }
            self.note_members();
        }
    }
}

fn not_in_here() -> Refusal {
    Refusal::new(ErrorCode::NoCharacter, "your character is not in here (any more)")
}
