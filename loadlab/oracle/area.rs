//! What bots are shown of the world: whoever is in the cells around them, where they said they are, and nobody else.
//!
//! Three witnesses are held against each other: each viewer's frames among themselves, the frames of two viewers at the
//! same tick, and what the bots said of themselves.

mod picture;
#[cfg(test)]
mod tests;
mod trail;

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use protocol::area::{AreaUpdate, Moved};
use protocol::movement::Position;
use protocol::{CharacterId, LocationId};
use serde::Serialize;

use crate::oracle::{Faults, Verdict};
use picture::{EXACT_M, Picture, Step, cells_of, in_sight, is_near};
use trail::{Stays, Trail};

const PROMISE: (&str, &str) = (
    "area",
    "viewers are shown everybody in the five by five cells around them, where they are, and nobody else",
);

/// How much was looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Looked {
    /// Frames that were judged.
    pub frames: u64,
    /// Those of them that told everything.
    pub whole: u64,
    /// Who came, left or moved in them.
    pub entities: u64,
    /// Those of them whose position was held against what the bot had said.
    pub positions: u64,
    /// How often the pictures of two viewers were held against each other at one tick.
    pub compared: u64,
    /// In the end: viewers that were judged, and whom they saw.
    pub viewers_at_end: u64,
    pub seen_at_end: u64,
}

/// The judge of all viewers.
#[derive(Debug, Default)]
pub struct Area {
    pictures: BTreeMap<usize, Picture>,
    stays: BTreeMap<usize, Stays>,
    trails: BTreeMap<usize, Trail>,
    /// The number of the newest position of each bot that each viewer was shown.
    newest: HashMap<(usize, usize), u64>,
    bots: HashMap<CharacterId, usize>,
    looked: Looked,
    faults: Faults,
    is_over: bool,
}

impl Area {
    /// A bot plays this character. Whether it is a viewer, its connection being new.
    pub fn plays(&mut self, bot: usize, character: CharacterId, views: bool) {
        self.bots.insert(character, bot);
        self.trails.entry(bot).or_default();
        if views {
            self.pictures.insert(bot, Picture::new(character));
            self.stays.entry(bot).or_default();
        }
    }

    /// It goes to another location, to this place.
    pub fn sets_out(&mut self, bot: usize, to: LocationId, position: Position, at: Duration) {
        if let Some(trail) = self.trails.get_mut(&bot) {
            trail.say(to, position, at);
        }
    }

    /// It was let in there.
    pub fn is_let_in(&mut self, bot: usize, location: LocationId) {
        if let Some(trail) = self.trails.get_mut(&bot) {
            trail.is_at(location);
        }
    }

    /// It was not.
    pub fn turns_back(&mut self, bot: usize) {
        if let Some(trail) = self.trails.get_mut(&bot) {
            trail.doubt();
        }
    }

    /// The server tells it where it is: `woke`, having come into the world, where the server had it.
    pub fn arrived(
        &mut self,
        bot: usize,
        (location, position): (LocationId, Position),
        woke: Option<Duration>,
    ) {
        if let (Some(trail), Some(at)) = (self.trails.get_mut(&bot), woke) {
            trail.wake(location, position, at);
        }
        if let Some(picture) = self.pictures.get_mut(&bot) {
            picture.arrived(location);
        }
    }

    /// It tells the server where it is.
    pub fn steps(&mut self, bot: usize, position: Position, at: Duration) {
        if let Some(trail) = self.trails.get_mut(&bot) {
            trail.step(position, at);
        }
    }

    /// The server did not believe it.
    pub fn is_corrected(&mut self, bot: usize) {
        if let Some(trail) = self.trails.get_mut(&bot) {
            trail.correct();
        }
    }

    /// Its connection is gone.
    pub fn is_away(&mut self, bot: usize) {
        if let Some(trail) = self.trails.get_mut(&bot) {
            trail.doubt();
        }
        if let Some(picture) = self.pictures.get_mut(&bot) {
            picture.shut();
        }
    }

    /// It has a new one; `anew`: it had to sign in.
    pub fn is_back(&mut self, bot: usize, anew: bool) {
        if let Some(picture) = self.pictures.get_mut(&bot) {
            picture.begin();
            if anew {
                picture.lose_place();
            }
        }
    }

    /// The server is being restarted: its ticks begin anew, and the last steps may be lost.
    pub fn struck(&mut self) {
        for picture in self.pictures.values_mut() {
            picture.shut();
            picture.lose_place();
        }
        self.stays.values_mut().for_each(|stays| *stays = Stays::default());
        self.newest.clear();
        self.trails.values_mut().for_each(Trail::doubt);
    }

    /// A viewer was shown something. Returns when the positions near it that are new to it should have been told.
    pub fn shown(&mut self, viewer: usize, update: &AreaUpdate) -> Vec<Duration> {
        let Some(picture) = self.pictures.get_mut(&viewer).filter(|_| !self.is_over) else {
            return Vec::new();
        };
        let step = match picture.place(update) {
            Ok(Some(step)) => step,
            Ok(None) => return Vec::new(),
            Err((kind, what)) => {
                self.looked.frames += 1;
                self.faults.add(kind, || format!("bot {viewer}: {what}"));
                return Vec::new();
            }
        };
        if step != Step::SameTick
            && let Some(tick) = picture.end_turn(self.faults.of_viewer(viewer))
        {
            self.compare(viewer, tick);
        }
        let (Some(picture), Some(stays)) = (self.pictures.get_mut(&viewer), self.stays.get_mut(&viewer))
        else {
            return Vec::new();
        };
        picture.take(step, update, self.faults.of_viewer(viewer));
        match picture.own() {
            Some(own) if picture.is_told_whole() => stays.begin(own, update.tick),
            _ if !picture.is_told_whole() => stays.go_on(update.location_id, update.tick),
            _ => {}
        }
        self.looked.frames += 1;
        self.looked.whole += u64::from(update.full);
        self.believe(viewer, update)
    }

    /// Holds positions against what the bots said of themselves.
    fn believe(&mut self, viewer: usize, update: &AreaUpdate) -> Vec<Duration> {
        let Self { pictures, trails, newest, bots, looked, faults, .. } = self;
        let own = pictures.get(&viewer).and_then(Picture::own);
        let mut fresh = Vec::new();
        for news in update.cells.iter().map(|chunk| chunk.update()) {
            looked.entities += (news.enter.len() + news.leave.len() + news.moved.len()) as u64;
            let came = news.enter.iter().map(|one| (one.character_id, (one.position.x, one.position.y)));
            let moved = news.moved.iter().map(|Moved(who, x, y, ..)| (*who, (x.0, y.0)));
            for (who, at) in came.chain(moved) {
                // Somebody who is not of this run may be about.
                let said = bots.get(&who).and_then(|bot| Some((*bot, trails.get(bot)?)));
                let Some((bot, trail)) = said.filter(|(_, trail)| trail.is_awake()) else { continue };
                let Some((number, intended)) = trail.find(update.location_id, at) else {
                    if trail.is_complete() {
                        faults.add("invented", || {
                            format!(
                                "bot {viewer}: {who} was never at {at:?} of location {}",
                                update.location_id
                            )
                        });
                    }
                    continue;
                };
                looked.positions += 1;
                match newest.insert((viewer, bot), number) {
                    Some(before) if before > number => faults.add("went_back", || {
                        format!("bot {viewer}: {who} was at its place {before}, and is at {number} again")
                    }),
                    Some(before) if before == number => {}
                    _ if own.is_some_and(|(_, own)| is_near(own, news.cell)) => fresh.push(intended),
                    _ => {}
                }
            }
        }
        fresh
    }

    /// Holds a picture against where the other viewers saw themselves at the same tick.
    fn compare(&mut self, viewer: usize, tick: u64) {
        let Self { pictures, stays, bots, looked, faults, .. } = self;
        let Some((location, own)) = pictures.get(&viewer).and_then(Picture::own) else { return };
        let seen = pictures[&viewer].seen();
        let mut fault = faults.of_viewer(viewer);
        for (who, bot) in bots.iter().filter(|(_, bot)| **bot != viewer) {
            let Some(cell) = stays.get(bot).and_then(|stays| stays.at(location, tick)) else { continue };
            looked.compared += 1;
            let shown = seen.get(who).map(|seen| seen.cell);
            let expected = in_sight(own, cell).then_some(cell);
            if shown != expected {
                let kind = if shown.is_none() { "missing" } else { "lingering" };
                fault(
                    kind,
                    format!("at tick {tick} it is in {own:?}, and {who} in {cell:?}; it has it in {shown:?}"),
                );
            }
        }
    }

    /// Whether everybody sees what is true now. To be asked when nobody moves any more.
    pub fn is_settled(&self) -> bool {
        let mut wrong = 0;
        if !self.is_over {
            self.look_around(&mut |_, _| wrong += 1);
        }
        wrong == 0
    }

    /// Nobody moves any more, and what was on its way has arrived: what is wrong now stays wrong.
    pub fn conclude(&mut self) {
        let mut found = Vec::new();
        let (viewers, right) = self.look_around(&mut |kind, what| found.push((kind, what)));
        found.into_iter().for_each(|(kind, what)| self.faults.add(kind, || what));
        (self.looked.viewers_at_end, self.looked.seen_at_end) = (viewers, right);
        self.is_over = true;
    }

    /// Holds all pictures against where the bots are. Returns how many viewers there are, and how many they see right.
    fn look_around(&self, fault: &mut dyn FnMut(&'static str, String)) -> (u64, u64) {
        let (mut viewers, mut right) = (0, 0);
        for (viewer, picture) in &self.pictures {
            let Some((location, own)) = picture.own() else { continue };
            viewers += 1;
            for (who, bot) in &self.bots {
                let Some(truth) = self.trails.get(bot).and_then(Trail::last) else { continue };
                let shown = picture.seen().get(who);
                let is_here = truth.location == location;
                let can_be_seen = is_here && cells_of(truth.at).any(|cell| in_sight(own, cell));
                let must_be_seen = is_here && cells_of(truth.at).all(|cell| in_sight(own, cell));
                let kind = match shown {
                    None if must_be_seen => "missing",
                    Some(_) if !can_be_seen => "lingering",
                    Some(seen) if !is_same(seen.at, truth.at) => "stale",
                    Some(_) => {
                        right += 1;
                        continue;
                    }
                    None => continue,
                };
                fault(
                    kind,
                    format!("in the end bot {viewer} in {own:?} sees {who} as {shown:?}; it is at {truth:?}"),
                );
            }
        }
        (viewers, right)
    }

    pub fn looked(&self) -> Looked {
        self.looked
    }

    pub fn verdict(self) -> Verdict {
        let Looked { frames, whole, entities, positions, compared, viewers_at_end, seen_at_end } =
            self.looked;
        let evidence = format!(
            "{frames} frames ({whole} whole) with {entities} who came, left or moved, {positions} positions as they were \
             said; {compared} looks at two viewers at one tick; in the end {viewers_at_end} viewers saw {seen_at_end} \
             where they are"
        );
        Verdict::of(PROMISE, entities, evidence, self.faults)
    }
}

fn is_same(one: (f64, f64), other: (f64, f64)) -> bool {
    (one.0 - other.0).abs() < EXACT_M && (one.1 - other.1).abs() < EXACT_M
}
