//! A mix: who does what, how often, for how long, and what must hold. Scenarios are mixes that are built in.

mod bounds;
mod builtin;

use std::path::Path;

use protocol::Dialect;
use protocol::chat::Channel;
use serde::{Deserialize, Serialize};

use crate::LabError;
use crate::objective::Objective;

pub use builtin::{SCENARIOS, scenario, source};

/// Which form of the protocol the bots speak.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum Speech {
    /// `shardmesh.v1.json`: numbered events, and resume.
    #[default]
    Json,
    /// `shardmesh.v1.msgpack`: the same in MessagePack.
    Msgpack,
    /// JSON, large messages compressed.
    JsonDeflate,
    /// MessagePack, large messages compressed.
    MsgpackDeflate,
    /// The documented JSON; what was on its way when a connection dropped may be lost.
    Classic,
}

impl Speech {
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Json => Dialect::V1Json,
            Self::Msgpack => Dialect::V1MsgPack,
            Self::JsonDeflate => Dialect::V1JsonDeflate,
            Self::MsgpackDeflate => Dialect::V1MsgPackDeflate,
            Self::Classic => Dialect::Classic,
        }
    }
}

/// Whom bots fight.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Quarry {
    /// Whoever one meets in the wilderness.
    #[default]
    Enemies,
    /// The guardians of crystal shards, which change hands so. Where one is of one's own already: whoever one meets there.
    Guardians,
}

/// A load, as a file describes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mix {
    /// One sentence: what it is for.
    pub about: String,
    #[serde(default = "defaults::bots")]
    pub bots: usize,
    /// How long it lasts, after everybody has arrived.
    #[serde(default = "defaults::secs")]
    pub secs: u64,
    /// How many bots stand where they see each other.
    #[serde(default = "defaults::group")]
    pub group: usize,
    /// How many bots read what they are shown of others, and are judged by it; the rest leave it unread.
    #[serde(default = "defaults::watchers")]
    pub watchers: usize,
    #[serde(default)]
    pub dialect: Speech,
    /// What must hold in the end beside the oracles, for example "chat.p99 < 50 ms".
    #[serde(default)]
    pub objectives: Vec<Objective>,
    pub crowd: Vec<Crowd>,
}

/// Bots that behave alike. 0 is "never" everywhere.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Crowd {
    pub name: String,
    /// Exactly so many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bots: Option<usize>,
    /// So many parts of the bots that no other crowd has by number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share: Option<f64>,
    /// Each bot's.
    #[serde(default)]
    pub moves_per_sec: f64,
    /// How far it walks from the middle of its group. Up to 40 everybody of a group sees everybody else of it all the
    /// time; farther, they lose each other and come among others.
    #[serde(default = "defaults::roam")]
    pub roam_m: f64,
    /// Between two changes of location of each bot: to another one, and home again.
    #[serde(default)]
    pub travel_every_secs: f64,
    /// Between two lines of each bot.
    #[serde(default)]
    pub chat_every_secs: f64,
    /// Where its lines are said: global, faction or say.
    #[serde(default)]
    pub channel: Channel,
    /// Each bot's.
    #[serde(default)]
    pub pings_per_sec: f64,
    /// Between two trades of souls that each second bot begins with the next one, which has to be of this crowd and near.
    #[serde(default)]
    pub trade_every_secs: f64,
    /// Between two things that each bot does about its party: founds one, invites, leaves, kicks, ends it.
    #[serde(default)]
    pub party_every_secs: f64,
    /// Between two fights that each bot begins who leads its party of four; the others of it fight along.
    #[serde(default)]
    pub fight_every_secs: f64,
    /// Whom they fight.
    #[serde(default)]
    pub quarry: Quarry,
    /// Between two cuts of each bot's connection, at random; it resumes.
    #[serde(default)]
    pub drop_every_secs: f64,
    /// Between two cuts of all connections of this crowd at once.
    #[serde(default)]
    pub storm_every_secs: f64,
    /// Between two times that this whole crowd stops reading.
    #[serde(default)]
    pub stall_every_secs: f64,
    /// How long it doesn't read.
    #[serde(default)]
    pub stall_secs: f64,
    /// Between two leaves of each bot, at random: it says goodbye and comes back with the same token.
    #[serde(default)]
    pub leave_every_secs: f64,
    /// Between two sign-outs of each bot, at random: its session ends, and it signs in again by password.
    #[serde(default)]
    pub sign_out_every_secs: f64,
    /// How long whoever left or signed out stays away.
    #[serde(default = "defaults::away")]
    pub away_secs: f64,
}

impl Default for Crowd {
    fn default() -> Self {
        Self {
            name: String::new(),
            bots: None,
            share: None,
            moves_per_sec: 0.0,
            roam_m: defaults::roam(),
            travel_every_secs: 0.0,
            chat_every_secs: 0.0,
            channel: Channel::Global,
            pings_per_sec: 0.0,
            trade_every_secs: 0.0,
            party_every_secs: 0.0,
            fight_every_secs: 0.0,
            quarry: Quarry::default(),
            drop_every_secs: 0.0,
            storm_every_secs: 0.0,
            stall_every_secs: 0.0,
            stall_secs: 0.0,
            leave_every_secs: 0.0,
            sign_out_every_secs: 0.0,
            away_secs: defaults::away(),
        }
    }
}

mod defaults {
    pub(super) fn bots() -> usize {
        60
    }
    pub(super) fn secs() -> u64 {
        30
    }
    pub(super) fn group() -> usize {
        20
    }
    pub(super) fn watchers() -> usize {
        20
    }
    pub(super) fn away() -> f64 {
        1.0
    }
    pub(super) fn roam() -> f64 {
        40.0
    }
}

impl Crowd {
    /// Whether its bots stop reading now and then.
    pub fn stalls(&self) -> bool {
        self.stall_every_secs > 0.0
    }

    /// Whether its bots trade.
    pub fn trades(&self) -> bool {
        self.trade_every_secs > 0.0
    }

    /// Whether its bots come together in parties, as they like.
    pub fn groups(&self) -> bool {
        self.party_every_secs > 0.0
    }

    /// Whether its bots fight.
    pub fn fights(&self) -> bool {
        self.fight_every_secs > 0.0
    }

    /// Whether its connections end, on purpose and in whatever way.
    pub fn drops(&self) -> bool {
        self.drop_every_secs > 0.0 || self.storm_every_secs > 0.0
    }
}

impl Mix {
    /// Reads a file.
    ///
    /// # Errors
    /// [`LabError::Mix`] names what is wrong with it, unknown keys included.
    pub fn read(path: &Path) -> Result<Self, LabError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path)
            .map_err(|error| LabError::Mix { path: name.clone(), why: error.to_string() })?;
        Self::parse(&name, &text)
    }

    /// Reads what `path` says.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn parse(path: &str, text: &str) -> Result<Self, LabError> {
        let wrong = |why: String| LabError::Mix { path: path.to_owned(), why };
        let mix: Self = toml::from_str(text).map_err(|error| wrong(error.to_string()))?;
        mix.check().map_err(wrong)?;
        Ok(mix)
    }

    /// Whether somebody is meant to say something.
    pub fn has_chat(&self) -> bool {
        self.crowd.iter().any(|crowd| crowd.chat_every_secs > 0.0)
    }

    /// Which crowd each bot is of, the crowds spread evenly.
    ///
    /// # Errors
    /// When there are fewer bots than the crowds have by number.
    pub fn roster(&self) -> Result<Vec<usize>, String> {
        let sizes = self.sizes()?;
        let mut places: Vec<(f64, usize)> = Vec::with_capacity(self.bots);
        for (crowd, size) in sizes.into_iter().enumerate() {
            places.extend((0..size).map(|place| ((place as f64 + 0.5) / size as f64, crowd)));
        }
        places.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        Ok(places.into_iter().map(|(_, crowd)| crowd).collect())
    }

    /// How many bots each crowd has.
    fn sizes(&self) -> Result<Vec<usize>, String> {
        let fixed: usize = self.crowd.iter().filter_map(|crowd| crowd.bots).sum();
        let Some(rest) = self.bots.checked_sub(fixed) else {
            return Err(format!("the crowds have {fixed} bots by number, but there are only {}", self.bots));
        };
        let parts: f64 = self.crowd.iter().filter_map(|crowd| crowd.share).sum();
        if parts == 0.0 && rest > 0 {
            return Err(format!("{rest} of {} bots are in no crowd: give one a `share`", self.bots));
        }
        let (mut given, mut so_far) = (0, 0.0);
        let sizes = self.crowd.iter().map(|crowd| {
            let Some(share) = crowd.share else { return crowd.bots.unwrap_or(0) };
            so_far += share;
            // By what was given so far, so that the parts add up whatever the rounding.
            let until = (rest as f64 * so_far / parts).round() as usize;
            let size = until - given;
            given = until;
            size
        });
        Ok(sizes.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{Crowd, Mix};

    fn mix(bots: usize, crowds: &[(Option<usize>, Option<f64>)]) -> Mix {
        let crowd = crowds.iter().map(|(bots, share)| Crowd {
            name: "x".to_owned(),
            bots: *bots,
            share: *share,
            ..Crowd::default()
        });
        let mut mix = Mix::parse("x", "about = \"x\"\n[[crowd]]\nname = \"x\"\nshare = 1").unwrap();
        mix.crowd = crowd.collect();
        mix.bots = bots;
        mix
    }

    fn sizes(mix: &Mix) -> Vec<usize> {
        let roster = mix.roster().unwrap();
        (0..mix.crowd.len()).map(|crowd| roster.iter().filter(|one| **one == crowd).count()).collect()
    }

    #[test]
    fn every_bot_is_in_one_crowd() {
        assert_eq!(sizes(&mix(100, &[(None, Some(7.0)), (None, Some(3.0))])), [70, 30]);
        assert_eq!(sizes(&mix(101, &[(Some(1), None), (None, Some(0.2)), (None, Some(0.2))])), [1, 50, 50]);
        assert_eq!(sizes(&mix(2, &[(None, Some(1.0)), (None, Some(1.0)), (None, Some(1.0))])), [1, 0, 1]);
        assert_eq!(sizes(&mix(3, &[(Some(3), None), (None, Some(1.0))])), [3, 0]);
        assert!(mix(2, &[(Some(3), None)]).roster().unwrap_err().contains("only 2"));
        assert!(mix(4, &[(Some(3), None)]).roster().unwrap_err().contains("no crowd"));
    }

    #[test]
    fn crowds_are_spread_and_do_not_stand_in_blocks() {
        let roster = mix(100, &[(None, Some(1.0)), (None, Some(1.0))]).roster().unwrap();
        assert!(roster.chunks(10).all(|ten| ten.iter().sum::<usize>() == 5), "{roster:?}");
    }

    #[test]
    fn what_is_wrong_with_a_file_is_named() {
        let crowd = "[[crowd]]\nname = \"a\"\nshare = 1\n";
        let cases = [
            ("about = \"x\"\nbotz = 3\n".to_owned() + crowd, "botz"),
            (format!("about = \"x\"\n{crowd}moves = 3\n"), "moves"),
            (format!("about = \"x\"\n{crowd}moves_per_sec = 101\n"), "crowd `a`: moves_per_sec"),
            (format!("about = \"x\"\n{crowd}chat_every_secs = 0.001\n"), "crowd `a`: chat_every_secs"),
            (format!("about = \"x\"\n{crowd}bots = 3\n"), "crowd `a`: `bots` or `share`"),
            (format!("about = \"x\"\n{crowd}stall_secs = 3\n"), "crowd `a`: stall_every_secs"),
            (format!("about = \"x\"\n{crowd}channel = \"party\"\n"), "crowd `a`: channel"),
            (format!("about = \"x\"\nobjectives = [\"chat.p98 < 1 ms\"]\n{crowd}"), "p98"),
            (format!("about = \"x\"\nbots = 0\n{crowd}"), "bots"),
            ("about = \"x\"\ncrowd = []\n".to_owned(), "crowd"),
            (crowd.to_owned(), "about"),
        ];
        for (text, named) in cases {
            let error = Mix::parse("evening.toml", &text).unwrap_err().to_string();
            assert!(error.starts_with("evening.toml: ") && error.contains(named), "{named}: {error}");
        }
    }
}
