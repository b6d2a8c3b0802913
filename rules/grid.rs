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

    /// How many are in a cell.
    pub fn count(&self, cell: Cell) -> usize {
        self.cells.get(&cell).map_or(0, BTreeMap::len)
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::{Just, Strategy, prop};
    use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};

    use super::{CELL_M, Grid, HYSTERESIS_M};
    use crate::movement::distance;
    use protocol::CharacterId;
    use protocol::movement::Position;

    const A: CharacterId = CharacterId(1);
    const B: CharacterId = CharacterId(2);
    const C: CharacterId = CharacterId(3);

    fn at(x: f64, y: f64) -> Position {
        Position { x, y, z: 0.0 }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Insert(i64, Position),
        Move(i64, Position),
        Remove(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let whole =
            (-12..12_i32, -12..12_i32).prop_map(|(x, y)| at(f64::from(x) * 25.0, f64::from(y) * 25.0));
        let somewhere = prop_oneof![whole, (-300.0..300.0, -300.0..300.0).prop_map(|(x, y)| at(x, y))];
        let step = (0..20_i64, somewhere).prop_flat_map(|(who, position)| {
            prop_oneof![
                Just(Step::Insert(who, position)),
                Just(Step::Move(who, position)),
                Just(Step::Remove(who))
            ]
        });
        prop::collection::vec(step, 0..100)
    }

    /// The grid, and the same without cells.
    fn taken(steps: Vec<Step>) -> (Grid, BTreeMap<CharacterId, Position>) {
        let (mut grid, mut plain) = (Grid::new(), BTreeMap::new());
        for step in steps {
            match step {
                Step::Insert(who, position) => {
                    grid.insert(CharacterId(who), position);
                    plain.insert(CharacterId(who), position);
                }
                Step::Move(who, position) => {
                    grid.move_to(CharacterId(who), position);
                    plain.entry(CharacterId(who)).and_modify(|here| *here = position);
                }
                Step::Remove(who) => {
                    grid.remove(CharacterId(who));
                    plain.remove(&CharacterId(who));
                }
            }
        }
        (grid, plain)
    }

    proptest! {
        #[test]
        fn the_grid_finds_whom_looking_at_everybody_finds(
            steps in steps(), x in -100.0..100.0, y in -100.0..100.0, range_m in 0.0..200.0, max in 0..30_usize,
        ) {
            let (grid, plain) = taken(steps);
            let mut near: Vec<(f64, CharacterId)> =
                plain.iter().map(|(who, position)| (distance(at(x, y), *position), *who)).collect();
            near.retain(|(away, _)| *away <= range_m);
            near.sort_by(|one, other| one.partial_cmp(other).expect("distances are numbers"));
            let near: Vec<CharacterId> = near.into_iter().map(|(_, who)| who).collect();
            prop_assert_eq!(grid.within(at(x, y), range_m), near.clone());
            let others: Vec<CharacterId> = near.into_iter().filter(|who| *who != A).take(max).collect();
            prop_assert_eq!(grid.nearest(at(x, y), range_m, max, A), others);
        }

        #[test]
        fn everybody_is_in_one_cell_and_at_most_the_hysteresis_beyond_it(steps in steps()) {
            let (grid, plain) = taken(steps);
            prop_assert_eq!(grid.everybody().collect::<Vec<_>>(), plain.keys().copied().collect::<Vec<_>>());
            prop_assert_eq!(grid.cells.values().map(BTreeMap::len).sum::<usize>(), plain.len());
            prop_assert!(grid.cells.values().all(|members| !members.is_empty()));
            for (who, position) in plain {
                prop_assert_eq!(grid.position(who), Some(position));
                let cell = grid.cell(who).expect("who is here has a cell");
                prop_assert!(grid.members(cell).any(|(member, _)| member == who));
                for (index, coordinate) in [(cell.0, position.x), (cell.1, position.y)] {
                    let low = f64::from(index) * CELL_M;
                    prop_assert!((low - HYSTERESIS_M..=low + CELL_M + HYSTERESIS_M).contains(&coordinate));
                }
            }
        }
    }

    #[test]
    fn walking_along_a_border_changes_no_cell() {
        let mut grid = Grid::new();
        assert_eq!(grid.insert(A, at(49.0, 10.0)), (0, 0));
        for x in [51.0, 54.9, 55.0, 48.0, -4.9, 53.0] {
            assert_eq!(grid.move_to(A, at(x, 10.0)), None, "at {x}");
        }
        assert_eq!(grid.move_to(A, at(55.1, 10.0)), Some(((0, 0), (1, 0))));
        assert_eq!(grid.move_to(A, at(46.0, 10.0)), None);
        assert_eq!(grid.move_to(A, at(44.9, -5.1)), Some(((1, 0), (0, -1))));
    }

    #[test]
    fn who_is_beyond_the_border_of_its_cell_is_found() {
        let mut grid = Grid::new();
        grid.insert(A, at(40.0, 40.0));
        grid.move_to(A, at(54.0, 54.0));
        assert_eq!(grid.cell(A), Some((0, 0)));
        assert_eq!(grid.within(at(60.0, 60.0), 9.0), [A]);
        grid.insert(B, at(10.0, 10.0));
        grid.move_to(B, at(-4.0, -4.0));
        assert_eq!(grid.within(at(-10.0, -10.0), 9.0), [B]);
    }

    #[test]
    fn of_two_equally_near_the_lower_id_comes_first() {
        let mut grid = Grid::new();
        grid.insert(C, at(10.0, 0.0));
        grid.insert(B, at(-10.0, 0.0));
        grid.insert(A, at(0.0, 5.0));
        assert_eq!(grid.within(at(0.0, 0.0), 10.0), [A, B, C]);
        assert_eq!(grid.nearest(at(0.0, 0.0), 10.0, 2, A), [B, C]);
        assert_eq!(grid.nearest(at(0.0, 0.0), f64::INFINITY, 1, C), [A]);
        assert!(grid.within(at(0.0, 0.0), -10.0).is_empty());
    }

    #[test]
    fn who_is_not_here_neither_moves_nor_leaves() {
        let mut grid = Grid::new();
        assert_eq!(grid.move_to(A, at(0.0, 0.0)), None);
        assert_eq!(grid.remove(A), None);
        assert!(grid.is_empty());
    }
}
