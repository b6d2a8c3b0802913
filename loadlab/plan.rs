//! Where the bots stand: spread over the locations, in groups that see each other and nobody else.

use std::collections::BTreeMap;

use protocol::LocationId;
use protocol::movement::Position;

/// The town, which all ways lead through.
pub const NEXUS: LocationId = LocationId(1);
/// Where danger limits how many may enter.
const DANGEROUS: [LocationId; 5] =
    [LocationId(2), LocationId(3), LocationId(4), LocationId(11), LocationId(12)];
const DANGEROUS_CAPACITY: usize = 20;
/// Where anybody may go.
const SAFE: [LocationId; 7] =
    [NEXUS, LocationId(5), LocationId(6), LocationId(7), LocationId(8), LocationId(9), LocationId(10)];
/// Between the middles of two groups: farther than anybody sees (100 m) from the rims of both.
const GROUPS_APART_M: f64 = 280.0;
/// Groups a row and column; with 280 m between them they stay within 1000 m of the middle.
const GROUPS_A_ROW: usize = 7;

/// Where a bot lives.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Home {
    pub location: LocationId,
    /// The middle of its group.
    pub middle: Position,
}

/// Homes for `bots`, in groups of at most `group`.
pub fn homes(bots: usize, group: usize) -> Vec<Home> {
    let group = group.max(1);
    let mut homes = Vec::with_capacity(bots);
    for location in DANGEROUS {
        let wanted = (bots / 12).clamp(1, DANGEROUS_CAPACITY);
        fill(&mut homes, location, 0, wanted.min(group), bots);
    }
    let mut round = 0;
    while homes.len() < bots {
        for location in SAFE {
            fill(&mut homes, location, round, group, bots);
        }
        round += 1;
    }
    homes
}

/// Homes for bots that trade: in town, where nobody is turned away, and in groups that no pair of neighbours is parted by.
pub fn market(bots: usize, group: usize) -> Vec<Home> {
    let group = (group / 2 * 2).max(2);
    let mut homes = Vec::with_capacity(bots);
    for round in 0.. {
        if homes.len() >= bots {
            break;
        }
        fill(&mut homes, NEXUS, round, group, bots);
    }
    homes
}

/// The size of a party that can challenge a guardian, and of those who fight together here.
const BAND: usize = 4;
/// Where enemies are that beginners can defeat.
pub const WILDERNESS: LocationId = LocationId(11);

/// Who fights together, of bots with their factions: four at a time; of one faction, where `faithful`, which may leave fewer
/// in the last of each. Neighbours in the list are of different factions then, as far as there are several.
pub fn bands(fighters: &[(usize, String)], faithful: bool) -> Vec<Vec<usize>> {
    let mut by_faction: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (bot, faction) in fighters {
        by_faction.entry(if faithful { faction.as_str() } else { "" }).or_default().push(*bot);
    }
    let most = by_faction.values().map(|bots| bots.len().div_ceil(BAND)).max().unwrap_or(0);
    let nth = |nth: usize| {
        by_faction
            .values()
            .filter_map(move |bots| Some(bots.chunks(BAND).nth(nth)?.to_vec()))
            .collect::<Vec<_>>()
    };
    (0..most).flat_map(nth).collect()
}

/// Where the band with this number fights: two at each of the `prizes`, then again from the first.
pub fn prize_of(band: usize, prizes: usize) -> usize {
    band / 2 % prizes.max(1)
}

/// Where a bot goes whose home is full.
pub fn elsewhere(bot: usize) -> LocationId {
    SAFE[1 + bot % (SAFE.len() - 1)]
}

/// A location to step out to and come back from.
pub fn neighbour(location: LocationId) -> LocationId {
    if location == NEXUS { SAFE[1] } else { NEXUS }
}

/// Any location, by number.
pub fn any(number: usize) -> LocationId {
    LocationId((number % (SAFE.len() + DANGEROUS.len())) as i64 + 1)
}

fn fill(homes: &mut Vec<Home>, location: LocationId, round: usize, count: usize, bots: usize) {
    let count = count.min(bots - homes.len());
    let home = Home { location, middle: middle(round) };
    homes.extend(std::iter::repeat_n(home, count));
}

fn middle(round: usize) -> Position {
    let place = round % (GROUPS_A_ROW * GROUPS_A_ROW);
    let along = |index: usize| (index as f64 - (GROUPS_A_ROW / 2) as f64) * GROUPS_APART_M;
    Position { x: along(place % GROUPS_A_ROW), y: along(place / GROUPS_A_ROW), z: 0.0 }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::{DANGEROUS, Home, bands, homes, market, prize_of};

    fn count(homes: &[Home], same: impl Fn(&Home, &Home) -> bool) -> usize {
        homes.iter().map(|one| homes.iter().filter(|other| same(one, other)).count()).max().unwrap()
    }

    #[test]
    fn no_group_is_larger_than_asked_and_no_dangerous_place_overfull() {
        for (bots, group) in [(1, 20), (7, 3), (60, 20), (500, 20), (1000, 20), (500, 5)] {
            let homes = homes(bots, group);
            assert_eq!(homes.len(), bots);
            let together = count(&homes, |a, b| a == b);
            assert!(together <= group, "{bots} in groups of {group}: {together}");
            let dangerous: Vec<Home> =
                homes.iter().filter(|home| DANGEROUS.contains(&home.location)).copied().collect();
            if !dangerous.is_empty() {
                assert!(count(&dangerous, |a, b| a.location == b.location) <= 20);
            }
            assert!(homes.iter().all(|home| home.middle.x.abs() <= 900.0 && home.middle.y.abs() <= 900.0));
        }
    }

    #[test]
    fn neighbours_at_the_market_stand_together() {
        for (bots, group) in [(1, 20), (8, 8), (40, 7), (41, 1), (500, 20)] {
            let homes = market(bots, group);
            assert_eq!(homes.len(), bots);
            assert!(
                homes.chunks(2).all(|pair| pair.iter().all(|home| *home == pair[0])),
                "{bots} in {group}"
            );
        }
    }

    #[test]
    fn bands_are_of_one_faction_where_that_counts_and_two_contend_for_each_prize() {
        let factions = ["Reds", "Blues", "Greens"];
        let fighters: Vec<_> = (0..27).map(|bot| (bot, factions[bot % 3].to_owned())).collect();
        let bands = bands(&fighters, true);
        assert_eq!(bands.iter().map(Vec::len).sum::<usize>(), 27);
        assert!(bands.iter().all(|band| band.len() <= 4 && band.iter().all(|bot| bot % 3 == band[0] % 3)));
        for (number, pair) in bands.chunks(2).enumerate().filter(|(_, pair)| pair.len() == 2) {
            assert_ne!(pair[0][0] % 3, pair[1][0] % 3, "{bands:?}");
            assert_eq!(prize_of(2 * number, 12), prize_of(2 * number + 1, 12));
        }
        let mixed = super::bands(&fighters, false);
        assert_eq!(mixed[0], [0, 1, 2, 3]);
        assert_eq!(mixed.len(), 7);
    }

    #[test]
    fn five_hundred_bots_are_everywhere() {
        let mut by_location = BTreeMap::new();
        for home in homes(500, 20) {
            *by_location.entry(home.location).or_insert(0) += 1;
        }
        assert_eq!(by_location.len(), 12);
        assert!(by_location.values().all(|count| *count <= 60), "{by_location:?}");
    }
}
