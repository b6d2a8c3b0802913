//! v1: who is around and how they move, in cells that all viewers nearby share.

use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Serialize, Serializer};

use crate::movement::Occupant;
use crate::{CharacterId, Dialect, LocationId, ServerMessage, Stamp, codec};

/// Below this, 32 bits keep a coordinate to the millimetre.
const SINGLE_MAX_M: f64 = 8192.0;
/// Further out a number with a fraction has no millimetres to keep.
const MILLIMETRES_MAX_M: f64 = (1u64 << 43) as f64;

/// What changed around one since the last frame; with `full`, all there is: it replaces everything one knew. Frames that
/// belong together (a crowd is told in several) carry one `tick`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AreaUpdate {
    /// Which step of the world: grows by one with each, usually 20 a second.
    pub tick: u64,
    /// The location that the cells are of: the one that the last `location_update` named.
    pub location_id: LocationId,
    /// 1 when the world keeps its pace; 0.5 when its steps take twice the time.
    pub dilation: f64,
    /// Whether this replaces everything one knew.
    pub full: bool,
    /// What happened in each cell of the view: of the five by five cells around the one that one is in. A cell is left
    /// 5 m beyond its border. Who enters and leaves is told at every step, movement at every step in the nearest three by
    /// three cells, and less often in those beyond and in crowds.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<CellUpdate>"))]
    pub cells: Vec<Arc<Chunk>>,
}

/// What happened in one cell: a square of 50 m.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CellUpdate {
    /// Column and row: `[0, 0]` has its lower corner at the origin.
    pub cell: [i32; 2],
    /// Who is in it now and was not before. Somebody one knows already has come over from another cell of the view.
    #[serde(default)]
    pub enter: Vec<Occupant>,
    /// Who is not in it any more, as `[character_id, [column, row]]`, or null in place of the cell for somebody who left the
    /// location. Whoever went to a cell of one's view is still in view.
    #[serde(default)]
    pub leave: Vec<Gone>,
    /// Who moved within it: `[character_id, x, y, z, vx, vy, vz]` in metres and metres a second, exact to a millimetre.
    #[serde(default, rename = "move")]
    pub moved: Vec<Moved>,
}

/// Who left a cell, and for which one: null for out of the location.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Gone(pub CharacterId, pub Option<[i32; 2]>);

/// Where somebody is: x, y, z, and the velocity along them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Moved(
    pub CharacterId,
    pub Coordinate,
    pub Coordinate,
    pub Coordinate,
    pub Coordinate,
    pub Coordinate,
    pub Coordinate,
);

/// Metres, or metres a second, to the millimetre: written in the shortest form that keeps that (a whole number, 32 or 64
/// bits in MessagePack).
#[derive(Debug, Clone, Copy, Default, PartialEq, Deserialize)]
#[serde(transparent)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Coordinate(pub f64);

impl Serialize for Coordinate {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let millimetres = (self.0 * 1000.0).round();
        let metres = millimetres / 1000.0;
        if metres.abs() >= SINGLE_MAX_M {
            to.serialize_f64(if metres.abs() < MILLIMETRES_MAX_M { metres } else { self.0 })
        } else if metres.fract() == 0.0 {
            to.serialize_i64(metres as i64)
        } else {
            to.serialize_f32(metres as f32)
        }
    }
}

/// A cell's update with its encodings, each made once for all frames that it is part of.
#[derive(Debug, Default)]
pub struct Chunk {
    update: CellUpdate,
    json: OnceLock<Vec<u8>>,
    msgpack: OnceLock<Vec<u8>>,
}

impl Chunk {
    pub fn new(update: CellUpdate) -> Arc<Self> {
        Arc::new(Self { update, ..Self::default() })
    }

    pub fn update(&self) -> &CellUpdate {
        &self.update
    }

    fn encoded(&self, dialect: Dialect) -> &[u8] {
        let data = "plain data always encodes";
        if dialect.is_binary() {
            self.msgpack.get_or_init(|| rmp_serde::to_vec_named(&self.update).expect(data))
        } else {
            self.json.get_or_init(|| serde_json::to_vec(&self.update).expect(data))
        }
    }
}

/// Writes an `area_update` like [`codec::encode`] does, out of the encoded cells that it shares with other frames.
pub fn encode(dialect: Dialect, update: &AreaUpdate, stamp: Stamp) -> Vec<u8> {
    let chunks: Vec<&[u8]> = update.cells.iter().map(|chunk| chunk.encoded(dialect)).collect();
    let head = ServerMessage::AreaUpdate(update.clone_head());
    // The cells come last: what is written of none is the end of the message.
    let mut out = codec::encode(dialect, &head, stamp);
    out.reserve_exact(chunks.iter().map(|chunk| chunk.len() + 1).sum::<usize>() + 4);
    if dialect.is_binary() {
        out.truncate(out.len() - EMPTY_ARRAY.len());
        let cells = u32::try_from(chunks.len()).expect("a view has fewer cells than that");
        rmp::encode::write_array_len(&mut out, cells).expect("memory takes whatever is written");
        chunks.iter().for_each(|chunk| out.extend_from_slice(chunk));
    } else {
        out.truncate(out.len() - EMPTY_JSON_END.len());
        for (index, chunk) in chunks.iter().enumerate() {
            out.push(if index == 0 { b'[' } else { b',' });
            out.extend_from_slice(chunk);
        }
        out.extend_from_slice(if chunks.is_empty() { EMPTY_JSON_END } else { b"]}" });
    }
    out
}

/// How a message ends whose last field is an array of nothing.
const EMPTY_ARRAY: &[u8] = &[0x90];
const EMPTY_JSON_END: &[u8] = b"[]}";

impl AreaUpdate {
    /// All but the cells.
    fn clone_head(&self) -> Self {
        let Self { tick, location_id, dilation, full, cells: _ } = *self;
        Self { tick, location_id, dilation, full, cells: Vec::new() }
    }
}

impl PartialEq for Chunk {
    fn eq(&self, other: &Self) -> bool {
        self.update == other.update
    }
}

impl Serialize for Chunk {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.update.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Chunk {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self { update: CellUpdate::deserialize(from)?, ..Self::default() })
    }
}

#[cfg(test)]
mod tests {
    use super::{AreaUpdate, CellUpdate, Chunk, Coordinate, Gone, Moved};
    use crate::movement::{Occupant, Position};
    use crate::{CharacterId, Dialect, Incoming, LocationId, ServerMessage, Stamp, codec};

    fn update(cells: usize) -> AreaUpdate {
        let at = |metres| Coordinate(metres);
        let chunk = |number: usize| {
            Chunk::new(CellUpdate {
                cell: [number as i32, -1],
                enter: vec![Occupant {
                    character_id: CharacterId(7),
                    character_name: "Mira".to_owned(),
                    level: 3,
                    faction: "Aether Seekers".to_owned(),
                    position: Position { x: 1.5, y: -2.0, z: 0.0 },
                }],
                leave: vec![Gone(CharacterId(8), None), Gone(CharacterId(9), Some([0, 1]))],
                moved: vec![Moved(
                    CharacterId(10),
                    at(12.345),
                    at(-0.25),
                    at(0.0),
                    at(9000.001),
                    at(3.0),
                    at(-1.125),
                )],
            })
        };
        let cells = (0..cells).map(chunk).collect();
        AreaUpdate { tick: 12, location_id: LocationId(1), dilation: 0.5, full: true, cells }
    }

    #[test]
    fn spliced_frames_are_what_the_codec_writes() {
        let stamp = Stamp { timestamp: 1.25, ..Stamp::default() };
        for (dialect, cells) in [Dialect::V1Json, Dialect::V1MsgPack]
            .into_iter()
            .flat_map(|dialect| [0, 1, 2, 25].map(|cells| (dialect, cells)))
        {
            let update = update(cells);
            let spliced = super::encode(dialect, &update, stamp);
            let message = ServerMessage::AreaUpdate(update);
            let read: Incoming<ServerMessage> =
                codec::decode(dialect, &spliced).expect("a frame of ours can be read");
            let plain: Incoming<ServerMessage> =
                codec::decode(dialect, &codec::encode(dialect, &message, stamp)).unwrap();
            assert_eq!(read, plain, "{dialect:?} with {cells} cells");
            assert_eq!(read.timestamp, Some(1.25));
        }
    }

    #[test]
    fn coordinates_keep_the_millimetre_in_few_bytes() {
        let text = |metres: f64| serde_json::to_string(&Coordinate(metres)).unwrap();
        assert_eq!(text(12.345_678), "12.346");
        assert_eq!(text(-0.000_1), "0");
        assert_eq!(text(40.0), "40");
        assert_eq!(text(9_000.001), "9000.001");
        assert_eq!(text(72_767_749_336_559.0), "72767749336559.0");
        assert_eq!(rmp_serde::to_vec(&Coordinate(40.0)).unwrap().len(), 1);
        assert_eq!(rmp_serde::to_vec(&Coordinate(12.345)).unwrap().len(), 5);
        assert_eq!(rmp_serde::to_vec(&Coordinate(9_000.001)).unwrap().len(), 9);
    }
}
