//! One viewer's picture of its surroundings: what its frames told it, and whether they can be true.

use std::collections::HashMap;

use protocol::area::{AreaUpdate, CellUpdate, Gone, Moved};
use protocol::movement::Occupant;
use protocol::{CharacterId, LocationId};

use crate::oracle::Faults;

/// Column and row.
pub(super) type Cell = [i32; 2];

/// The side of a cell, as docs/protocol.md says: here once more, so that server and judge don't share a mistake.
const CELL_M: f64 = 50.0;
/// Whoever is not farther than this beyond the border of a cell may still be in it.
const HYSTERESIS_M: f64 = 5.0;
/// One sees so many cells in each direction beyond one's own.
const SIGHT_CELLS: i32 = 2;
/// Movement is told at every tick in cells no farther than this.
const NEAR_CELLS: i32 = 1;
/// The wire keeps the millimetre.
pub(super) const EXACT_M: f64 = 0.002;

/// Somebody in view.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    pub cell: Cell,
    pub at: (f64, f64),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Eye {
    /// Nothing counts before there is a new connection.
    Shut,
    /// The first frame has to be whole.
    #[default]
    Waiting,
    Open,
}

/// What a frame is to those before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Whole,
    NextTick,
    SameTick,
}

/// What the frames of one tick told so far. A tick may be told in several, so some of it is judged when the next begins.
#[derive(Debug, Default)]
struct Turn {
    whole: bool,
    /// One's own cell before it.
    was_in: Option<Cell>,
    cells: Vec<Cell>,
    /// Who came while one knew them in this other cell.
    came_over: Vec<(CharacterId, Cell)>,
    left: Vec<(CharacterId, Cell, Option<Cell>)>,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Picture {
    me: CharacterId,
    eye: Eye,
    /// Where the server said that one is.
    here: Option<LocationId>,
    /// What the picture is of.
    location: Option<LocationId>,
    tick: u64,
    turn: Option<Turn>,
    seen: HashMap<CharacterId, Seen>,
}

impl Picture {
    pub fn new(me: CharacterId) -> Self {
        Self { me, eye: Eye::Waiting, here: None, location: None, tick: 0, turn: None, seen: HashMap::new() }
    }

    /// A connection began.
    pub fn begin(&mut self) {
        self.forget();
        self.eye = Eye::Waiting;
    }

    /// What still comes on this connection says nothing.
    pub fn shut(&mut self) {
        self.forget();
        self.eye = Eye::Shut;
    }

    /// The session may begin anew, and where its character is then, the server will say.
    pub fn lose_place(&mut self) {
        self.here = None;
    }

    fn forget(&mut self) {
        self.seen.clear();
        (self.turn, self.location) = (None, None);
    }

    /// The server says where one is. What was shown of another location is of no use any more.
    pub fn arrived(&mut self, at: LocationId) {
        self.here = Some(at);
        if self.location.is_some_and(|location| location != at) {
            self.begin();
        }
    }

    /// Where it is of, and one's own cell, for a picture that is worth a look.
    pub fn own(&self) -> Option<(LocationId, Cell)> {
        let location = self.location.filter(|_| self.eye == Eye::Open)?;
        Some((location, self.seen.get(&self.me)?.cell))
    }

    pub fn seen(&self) -> &HashMap<CharacterId, Seen> {
        &self.seen
    }

    /// Whether the tick that is being told is told from the start.
    pub fn is_told_whole(&self) -> bool {
        self.turn.as_ref().is_some_and(|turn| turn.whole)
    }

    /// What a frame is to those before it: `None` if it says nothing, an error if it can't be.
    pub fn place(&self, update: &AreaUpdate) -> Result<Option<Step>, (&'static str, String)> {
        let (location, tick) = (update.location_id, update.tick);
        if self.eye == Eye::Shut {
            return Ok(None);
        }
        if let Some(here) = self.here.filter(|here| *here != location) {
            return Err((
                "elsewhere",
                format!("tick {tick} of location {location}; it was told that it is in {here}"),
            ));
        }
        let goes_on = self.eye == Eye::Open && self.location == Some(location);
        if !update.full && !goes_on {
            return Err(("unfounded", format!("news of location {location} before a whole view of it")));
        }
        if goes_on && (tick < self.tick || (update.full && tick == self.tick)) {
            return Err(("tick_back", format!("tick {tick} after {}", self.tick)));
        }
        Ok(Some(match update.full {
            true => Step::Whole,
            false if tick > self.tick => Step::NextTick,
            false => Step::SameTick,
        }))
    }

    /// The frames of a tick are complete. Returns which.
    pub fn end_turn(&mut self, mut fault: impl FnMut(&'static str, String)) -> Option<u64> {
        let (turn, tick) = (self.turn.take()?, self.tick);
        let Some(Seen { cell: own, .. }) = self.seen.get(&self.me).copied() else {
            fault("blind", format!("at tick {tick} it does not see itself"));
            return None;
        };
        for cell in turn.cells.iter().filter(|cell| !in_sight(own, **cell)) {
            fault("outside", format!("at tick {tick} it was told of cell {cell:?} and is in {own:?}"));
        }
        if !turn.whole && turn.was_in != Some(own) {
            fault("no_snapshot", format!("at tick {tick} it went from {:?} to {own:?}", turn.was_in));
        }
        for (who, from) in &turn.came_over {
            if !turn.left.iter().any(|(left, cell, _)| (left, cell) == (who, from)) {
                fault("doubled", format!("at tick {tick} {who} came again, and had not left {from:?}"));
            }
        }
        for (who, from, to) in &turn.left {
            let now = self.seen.get(who).map(|seen| seen.cell);
            let expected = to.filter(|to| in_sight(own, *to));
            if now != expected {
                let text = format!("at tick {tick} {who} left {from:?} for {to:?}, and is in {now:?}");
                fault(if now.is_none() { "vanished" } else { "lingering" }, text);
            }
        }
        Some(tick)
    }

    /// Takes a frame in that was found to be such a step.
    pub fn take(&mut self, step: Step, update: &AreaUpdate, mut fault: impl FnMut(&'static str, String)) {
        if step == Step::Whole {
            self.seen.clear();
            self.eye = Eye::Open;
            self.location = Some(update.location_id);
        }
        if step != Step::SameTick || self.turn.is_none() {
            let was_in = self.seen.get(&self.me).map(|seen| seen.cell);
            self.turn = Some(Turn { whole: step == Step::Whole, was_in, ..Turn::default() });
        }
        self.tick = update.tick;
        let Some(turn) = self.turn.as_mut() else { return };
        for news in update.cells.iter().map(|chunk| chunk.update()) {
            turn.cells.push(news.cell);
            let mut fault = |kind, what: String| fault(kind, format!("at tick {} {what}", update.tick));
            enter(&mut self.seen, turn, news, &mut fault);
            leave(&mut self.seen, turn, news, &mut fault);
            walk(&mut self.seen, news, &mut fault);
        }
    }
}

type Fault<'a> = &'a mut dyn FnMut(&'static str, String);

fn enter(seen: &mut HashMap<CharacterId, Seen>, turn: &mut Turn, news: &CellUpdate, fault: Fault) {
    for Occupant { character_id: who, position, .. } in &news.enter {
        let at = (position.x, position.y);
        if !lies_in(news.cell, at) {
            fault("misplaced", format!("{who} came to {:?} at {at:?}", news.cell));
        }
        match seen.insert(*who, Seen { cell: news.cell, at }) {
            Some(before) if before.cell == news.cell => {
                fault("doubled", format!("{who} came to {:?}, where it was", news.cell));
            }
            Some(before) => turn.came_over.push((*who, before.cell)),
            None => {}
        }
    }
}

fn leave(seen: &mut HashMap<CharacterId, Seen>, turn: &mut Turn, news: &CellUpdate, fault: Fault) {
    for Gone(who, to) in &news.leave {
        turn.left.push((*who, news.cell, *to));
        if seen.get(who).is_some_and(|seen| seen.cell == news.cell) {
            seen.remove(who);
        } else if !turn.came_over.contains(&(*who, news.cell)) {
            fault("unknown_gone", format!("{who} left {:?}, where it was not", news.cell));
        }
    }
}

fn walk(seen: &mut HashMap<CharacterId, Seen>, news: &CellUpdate, fault: Fault) {
    for Moved(who, x, y, ..) in &news.moved {
        let at = (x.0, y.0);
        match seen.get_mut(who) {
            Some(seen) if seen.cell == news.cell && lies_in(news.cell, at) => seen.at = at,
            Some(seen) => {
                let text = format!("{who} moved in {:?} to {at:?}, and is in {:?}", news.cell, seen.cell);
                fault("misplaced", text);
            }
            None => fault("unseen", format!("{who} moved in {:?}, and was not shown before", news.cell)),
        }
    }
}

impl Faults {
    /// Notes what is wrong with what a viewer was shown.
    pub(super) fn of_viewer(&mut self, viewer: usize) -> impl FnMut(&'static str, String) {
        move |kind, what| self.add(kind, || format!("bot {viewer}: {what}"))
    }
}

pub(super) fn in_sight(from: Cell, cell: Cell) -> bool {
    distance(from, cell) <= SIGHT_CELLS
}

pub(super) fn is_near(from: Cell, cell: Cell) -> bool {
    distance(from, cell) <= NEAR_CELLS
}

fn distance(from: Cell, to: Cell) -> i32 {
    (from[0] - to[0]).abs().max((from[1] - to[1]).abs())
}

fn lies_in(cell: Cell, at: (f64, f64)) -> bool {
    cells_along(at.0).contains(&cell[0]) && cells_along(at.1).contains(&cell[1])
}

/// The cells that somebody at this place can be in, by where it came from.
pub(super) fn cells_of(at: (f64, f64)) -> impl Iterator<Item = Cell> {
    cells_along(at.0).flat_map(move |column| cells_along(at.1).map(move |row| [column, row]))
}

fn cells_along(metres: f64) -> std::ops::RangeInclusive<i32> {
    let reach = HYSTERESIS_M + EXACT_M;
    let cell = |metres: f64| (metres / CELL_M).floor() as i32;
    cell(metres - reach)..=cell(metres + reach)
}
