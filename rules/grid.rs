//! Who is near whom: positions in square cells, so that looking around costs what is near, not what there is.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use protocol::CharacterId;
use protocol::movement::Position;

use crate::movement::distance;

/// The side of a cell, in metres.
pub const CELL_M: f64 = 50.0;
/// How far beyond its cell's border one has to be to change it, so that walking along a border changes nothing.
pub const HYSTERESIS_M: f64 = 5.0;

/// Which cell: `(0, 0)` has its lower corner at the origin.
pub type Cell = (i32, i32);

/// The positions of one location. Positions are finite: `movement::check_position` has seen them.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Grid {
    cell_of: BTreeMap<CharacterId, Cell>,
    /// Only cells with somebody in them.
    cells: BTreeMap<Cell, BTreeMap<CharacterId, Position>>,
}

impl Grid {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn len(&self) -> usize {
        self.cell_of.len()
    }

    pub fn is_empty(&self) -> bool {
        self.cell_of.is_empty()
    }

    /// Puts somebody somewhere, whether or not they were elsewhere before.
    pub fn insert(&mut self, who: CharacterId, position: Position) -> Cell {
        self.remove(who);
        let cell = (cell_along(position.x), cell_along(position.y));
        self.put(who, position, cell);
        cell
    }

    /// Moves somebody who is here.
    ///
    /// Returns the old and the new cell when they differ. Who is not here does not move.
    pub fn move_to(&mut self, who: CharacterId, position: Position) -> Option<(Cell, Cell)> {
        let old = *self.cell_of.get(&who)?;
        let new = (stay_along(old.0, position.x), stay_along(old.1, position.y));
        if new != old {
            self.remove(who);
        }
        self.put(who, position, new);
        (new != old).then_some((old, new))
    }

    /// Takes somebody out; returns the cell they were in.
    pub fn remove(&mut self, who: CharacterId) -> Option<Cell> {
        let cell = self.cell_of.remove(&who)?;
        if let Entry::Occupied(mut members) = self.cells.entry(cell) {
            members.get_mut().remove(&who);
            if members.get().is_empty() {
                members.remove();
            }
        }
        Some(cell)
    }

    pub fn position(&self, who: CharacterId) -> Option<Position> {
        self.cells.get(self.cell_of.get(&who)?)?.get(&who).copied()
    }

    pub fn cell(&self, who: CharacterId) -> Option<Cell> {
        self.cell_of.get(&who).copied()
    }

    /// Who is in a cell, in order of id.
    pub fn members(&self, cell: Cell) -> impl Iterator<Item = (CharacterId, Position)> {
        self.cells.get(&cell).into_iter().flatten().map(|(who, position)| (*who, *position))
    }

    /// Everybody, in order of id.
    pub fn everybody(&self) -> impl Iterator<Item = CharacterId> {
        self.cell_of.keys().copied()
    }

    /// Who is at most `range_m` metres away, the nearest first, of two equally near the one with the lower id.
    pub fn within(&self, of: Position, range_m: f64) -> Vec<CharacterId> {
        let reach = range_m + HYSTERESIS_M;
        let columns = cell_along(of.x - reach)..=cell_along(of.x + reach);
        let rows = cell_along(of.y - reach)..=cell_along(of.y + reach);
        if columns.is_empty() {
            return Vec::new();
        }
        let mut found: Vec<(f64, CharacterId)> = self
            .cells
            .range((*columns.start(), i32::MIN)..=(*columns.end(), i32::MAX))
            .filter(|((_, row), _)| rows.contains(row))
            .flat_map(|(_, members)| members)
            .map(|(who, position)| (distance(of, *position), *who))
            .filter(|(away, _)| *away <= range_m)
            .collect();
        found.sort_unstable_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1)));
        found.into_iter().map(|(_, who)| who).collect()
    }

    /// The `max` nearest of them, without `except`.
    pub fn nearest(&self, of: Position, range_m: f64, max: usize, except: CharacterId) -> Vec<CharacterId> {
        let mut near = self.within(of, range_m);
        near.retain(|who| *who != except);
        near.truncate(max);
        near
    }

    fn put(&mut self, who: CharacterId, position: Position, cell: Cell) {
        self.cell_of.insert(who, cell);
        self.cells.entry(cell).or_default().insert(who, position);
    }
}

fn cell_along(coordinate: f64) -> i32 {
    (coordinate / CELL_M).floor() as i32
}

/// The old cell along one axis, unless the coordinate is clearly beyond it.
fn stay_along(old: i32, coordinate: f64) -> i32 {
    let low = f64::from(old) * CELL_M;
    let stays = (low - HYSTERESIS_M..=low + CELL_M + HYSTERESIS_M).contains(&coordinate);
    if stays { old } else { cell_along(coordinate) }
}
