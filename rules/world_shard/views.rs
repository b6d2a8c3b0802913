//! What those who look around in batches are told: one chunk for each cell that changed, shared by all who see it.
//!
//! A view is the five by five cells around one's own. Who enters and leaves a cell is told at once; how they move, every
//! tick in the nearest cells and less often in the farther ones and in crowds.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use protocol::area::{AreaUpdate, CellUpdate, Chunk, Coordinate, Gone, Moved};
use protocol::movement::Position;
use protocol::{CharacterId, LocationId};

use crate::grid::{Cell, Grid};
use crate::venue::{Effect, Vantage};
use crate::world_shard::Area;
use crate::world_shard::body::Body;

/// How many cells one sees in each direction beyond one's own.
const SIGHT_CELLS: i32 = 2;
/// Movement in cells farther than this from one's own is told at most every [`FAR_TICKS`].
const NEAR_CELLS: i32 = 1;
/// Five times a second at 20 ticks.
const FAR_TICKS: u64 = 4;
/// With more than this in view, movement is told half as often; with twice as many a quarter as often, and so on: what
/// a viewer is sent stays below some 60 KiB a second.
const CROWD: usize = 100;
/// The least often that movement is told.
const SLOWEST_TICKS: u64 = 16;
/// A frame is cut when it gets about this long, so that no message is over 8 KiB.
const FRAME_BYTES: usize = 6 * 1024;
/// About what somebody who enters, leaves or moves takes in a frame.
const ENTER_BYTES: usize = 160;
const LEAVE_BYTES: usize = 24;
const MOVE_BYTES: usize = 60;

/// What one tick tells of one location: made for whoever looks, each part once.
pub(super) struct Views<'a> {
    tick: u64,
    dilation: f64,
    location: LocationId,
    grid: &'a Grid,
    paces: &'a mut BTreeMap<Cell, u64>,
    bodies: &'a BTreeMap<CharacterId, Body>,
    changes: BTreeMap<Cell, Changes>,
    /// By cell and by how many ticks' movement they tell; 0 for none.
    told: BTreeMap<(Cell, u64), Vec<Sized>>,
    whole: BTreeMap<Cell, Vec<Sized>>,
}

#[derive(Debug, Default)]
struct Changes {
    enter: Vec<CharacterId>,
    leave: Vec<Gone>,
}

type Sized = (Arc<Chunk>, usize);

impl<'a> Views<'a> {
    /// Compares where everybody in the area is with where they were told to be, and takes note.
    pub(super) fn new(
        (tick, dilation): (u64, f64),
        location: LocationId,
        area: &'a mut Area,
        bodies: &'a mut BTreeMap<CharacterId, Body>,
    ) -> Self {
        let mut changes: BTreeMap<Cell, Changes> = BTreeMap::new();
        if std::mem::take(&mut area.changed) {
            for (who, was_in) in std::mem::take(&mut area.departed) {
                changes.entry(was_in).or_default().leave.push(Gone(who, None));
            }
            for who in &area.occupants {
                let Some(body) = bodies.get_mut(who) else { continue };
                let Some(cell) = area.grid.cell(*who) else { continue };
                match body.told_in.replace(cell) {
                    Some(old) if old == cell => continue,
                    Some(old) => {
                        let to = Some([cell.0, cell.1]);
                        changes.entry(old).or_default().leave.push(Gone(*who, to));
                    }
                    None => {}
                }
                body.entered_at = tick;
                changes.entry(cell).or_default().enter.push(*who);
            }
        }
        let (Area { grid, paces, .. }, bodies) = (area, &*bodies);
        Self {
            tick,
            dilation,
            location,
            grid,
            paces,
            bodies,
            changes,
            told: BTreeMap::new(),
            whole: BTreeMap::new(),
        }
    }

    /// Tells the viewers in this area, of whom each comes with what it knows.
    pub(super) fn tell(mut self, viewers: &[(CharacterId, Option<Vantage>)], effects: &mut Vec<Effect>) {
        let mut from: BTreeMap<Cell, [Vec<CharacterId>; 2]> = BTreeMap::new();
        for (who, knows) in viewers {
            let Some(cell) = self.bodies.get(who).and_then(|body| body.told_in) else { continue };
            let knows = *knows == Some(Vantage { location: self.location, cell });
            from.entry(cell).or_default()[usize::from(knows)].push(*who);
        }
        for (cell, [strangers, followers]) in from {
            let at = Vantage { location: self.location, cell };
            if !strangers.is_empty() {
                let updates = self.everything(cell);
                effects.push(Effect::View { to: strangers, at, full: true, updates });
            }
            if !followers.is_empty() {
                let updates = self.news(cell);
                if !updates.is_empty() {
                    effects.push(Effect::View { to: followers, at, full: false, updates });
                }
            }
        }
    }

    fn everything(&mut self, from: Cell) -> Vec<AreaUpdate> {
        let mut chunks = Vec::new();
        for cell in around(from) {
            let (grid, bodies) = (self.grid, self.bodies);
            let made = self.whole.entry(cell).or_insert_with(|| {
                let enter = grid.members(cell).map(|(who, _)| who).collect();
                sized(cell, &Changes { enter, leave: Vec::new() }, Vec::new(), bodies)
            });
            chunks.extend(made.iter().cloned());
        }
        let mut updates = self.frames(chunks);
        match updates.first_mut() {
            Some(first) => first.full = true,
            None => updates.push(AreaUpdate { full: true, ..self.frame() }),
        }
        updates
    }

    fn news(&mut self, from: Cell) -> Vec<AreaUpdate> {
        let pace = self.pace(from);
        let mut chunks = Vec::new();
        for cell in around(from) {
            let is_near = (cell.0 - from.0).abs() <= NEAR_CELLS && (cell.1 - from.1).abs() <= NEAR_CELLS;
            let every = if is_near { pace } else { pace.max(FAR_TICKS) };
            let window = if self.tick.is_multiple_of(every) { every } else { 0 };
            chunks.extend(self.told(cell, window).iter().cloned());
        }
        self.frames(chunks)
    }

    /// Movement is told every so many ticks to those who look from this cell. Where a crowd goes, it becomes more often
    /// only with a tick that tells everything that was not told yet.
    fn pace(&mut self, from: Cell) -> u64 {
        let in_view: usize = around(from).map(|cell| self.grid.count(cell)).sum();
        let crowds = in_view.div_ceil(CROWD).max(1) as u64;
        let wanted = crowds.next_power_of_two().min(SLOWEST_TICKS);
        let before = self.paces.remove(&from).unwrap_or(1);
        let next = if self.tick.is_multiple_of(before) { wanted } else { wanted.max(before) };
        if next > 1 {
            self.paces.insert(from, next);
        }
        wanted.max(before)
    }

    fn told(&mut self, cell: Cell, window: u64) -> &[Sized] {
        let (tick, grid, bodies) = (self.tick, self.grid, self.bodies);
        let changes = self.changes.get(&cell);
        self.told.entry((cell, window)).or_insert_with(|| {
            let moved = grid.members(cell).filter_map(|(who, position)| {
                let body = bodies.get(&who)?;
                let counts = body.moved_at + window > tick && body.entered_at != tick;
                counts.then(|| moved(who, position, body.velocity))
            });
            let moved = if window == 0 { Vec::new() } else { moved.collect() };
            match changes {
                Some(changes) => sized(cell, changes, moved, bodies),
                None => sized(cell, &Changes::default(), moved, bodies),
            }
        })
    }

    fn frame(&self) -> AreaUpdate {
        AreaUpdate {
            tick: self.tick,
            location_id: self.location,
            dilation: self.dilation,
            full: false,
            cells: Vec::new(),
        }
    }

    fn frames(&self, chunks: Vec<Sized>) -> Vec<AreaUpdate> {
        let mut frames: Vec<AreaUpdate> = Vec::new();
        let mut bytes = 0;
        for (chunk, size) in chunks {
            match frames.last_mut().filter(|_| bytes + size <= FRAME_BYTES) {
                Some(frame) => frame.cells.push(chunk),
                None => {
                    bytes = 0;
                    frames.push(AreaUpdate { cells: vec![chunk], ..self.frame() });
                }
            }
            bytes += size;
        }
        frames
    }
}

/// The chunks that tell this of a cell, each small enough for a frame; none if there is nothing to tell.
fn sized(
    cell: Cell,
    changes: &Changes,
    moved: Vec<Moved>,
    bodies: &BTreeMap<CharacterId, Body>,
) -> Vec<Sized> {
    let mut chunks = Chunks { cell, done: Vec::new(), update: CellUpdate::default(), bytes: 0 };
    for gone in &changes.leave {
        chunks.room(LEAVE_BYTES).leave.push(*gone);
    }
    for body in changes.enter.iter().filter_map(|who| bodies.get(who)) {
        chunks.room(ENTER_BYTES).enter.push(body.occupant());
    }
    for one in moved {
        chunks.room(MOVE_BYTES).moved.push(one);
    }
    chunks.finish()
}

struct Chunks {
    cell: Cell,
    done: Vec<Sized>,
    update: CellUpdate,
    bytes: usize,
}

impl Chunks {
    /// The update that has room for so much more.
    fn room(&mut self, bytes: usize) -> &mut CellUpdate {
        if self.bytes + bytes > FRAME_BYTES {
            self.close();
        }
        self.bytes += bytes;
        &mut self.update
    }

    fn close(&mut self) {
        if self.bytes > 0 {
            let cell = [self.cell.0, self.cell.1];
            let update = CellUpdate { cell, ..std::mem::take(&mut self.update) };
            self.done.push((Chunk::new(update), std::mem::take(&mut self.bytes)));
        }
    }

    fn finish(mut self) -> Vec<Sized> {
        self.close();
        self.done
    }
}

fn around(from: Cell) -> impl Iterator<Item = Cell> {
    (-SIGHT_CELLS..=SIGHT_CELLS)
        .flat_map(move |i| (-SIGHT_CELLS..=SIGHT_CELLS).map(move |j| (from.0 + i, from.1 + j)))
}

fn moved(who: CharacterId, at: Position, velocity: Option<Position>) -> Moved {
    let along = velocity.unwrap_or_default();
    Moved(
        who,
        Coordinate(at.x),
        Coordinate(at.y),
        Coordinate(at.z),
        Coordinate(along.x),
        Coordinate(along.y),
        Coordinate(along.z),
    )
}
