//! What a mix may say: the bounds of its numbers, and what goes together.

use protocol::chat::Channel;

use crate::mix::{Crowd, Mix};

/// As many as the kernel gives one process sockets for on usual settings.
pub(crate) const BOTS_MAX: usize = 20_000;
pub(crate) const SECS_MAX: u64 = 24 * 3600;
pub(crate) const GROUP_MAX: usize = 2000;
/// From one end of a location to the other.
pub(crate) const ROAM_MAX_M: f64 = 2000.0;

type Rate = fn(&Crowd) -> f64;

/// Name, what it is, and the least and the most it may be beside 0.
const RATES: [(&str, Rate, f64, f64); 13] = [
    ("moves_per_sec", |crowd| crowd.moves_per_sec, 0.01, 100.0),
    ("travel_every_secs", |crowd| crowd.travel_every_secs, 0.5, 3600.0),
    ("chat_every_secs", |crowd| crowd.chat_every_secs, 0.01, 3600.0),
    ("pings_per_sec", |crowd| crowd.pings_per_sec, 0.01, 1000.0),
    ("trade_every_secs", |crowd| crowd.trade_every_secs, 0.01, 3600.0),
    ("party_every_secs", |crowd| crowd.party_every_secs, 0.01, 3600.0),
    ("fight_every_secs", |crowd| crowd.fight_every_secs, 0.01, 3600.0),
    ("drop_every_secs", |crowd| crowd.drop_every_secs, 0.5, 3600.0),
    ("storm_every_secs", |crowd| crowd.storm_every_secs, 1.0, 3600.0),
    ("stall_every_secs", |crowd| crowd.stall_every_secs, 1.0, 3600.0),
    // A session is kept for a minute after its connection, which the server may end at once.
    ("stall_secs", |crowd| crowd.stall_secs, 0.1, 45.0),
    ("leave_every_secs", |crowd| crowd.leave_every_secs, 0.5, 3600.0),
    ("sign_out_every_secs", |crowd| crowd.sign_out_every_secs, 0.5, 3600.0),
];

impl Mix {
    pub(crate) fn check(&self) -> Result<(), String> {
        within("bots", self.bots, 1, BOTS_MAX)?;
        within("secs", self.secs as usize, 1, SECS_MAX as usize)?;
        within("group", self.group, 1, GROUP_MAX)?;
        if self.crowd.is_empty() {
            return Err("at least one [[crowd]] is needed".to_owned());
        }
        for crowd in &self.crowd {
            crowd.check().map_err(|why| format!("crowd `{}`: {why}", crowd.name))?;
        }
        self.roster().map(drop)
    }
}

impl Crowd {
    fn check(&self) -> Result<(), String> {
        for (name, rate, least, most) in RATES {
            let value = rate(self);
            if value != 0.0 && !(least..=most).contains(&value) {
                return Err(format!("{name}: expected 0, or {least} to {most}, found {value}"));
            }
        }
        if self.bots.is_some() == self.share.is_some() {
            return Err("`bots` or `share`, and not both, says how many they are".to_owned());
        }
        if !self.share.is_none_or(|share| share > 0.0 && share.is_finite()) {
            return Err("share: expected a number above 0".to_owned());
        }
        if !(0.0..=55.0).contains(&self.away_secs) {
            return Err(format!("away_secs: expected 0 to 55, found {}", self.away_secs));
        }
        if !(1.0..=ROAM_MAX_M).contains(&self.roam_m) {
            return Err(format!("roam_m: expected 1 to {ROAM_MAX_M}, found {}", self.roam_m));
        }
        // Who hears a line said is who is at the same home then.
        if self.channel == Channel::Say && self.travel_every_secs > 0.0 {
            return Err("channel: who travels can't be judged by what is heard by `say`".to_owned());
        }
        if (self.stall_every_secs > 0.0) != (self.stall_secs > 0.0) || self.stall_secs > self.stall_every_secs
        {
            return Err("stall_every_secs and a shorter stall_secs go together".to_owned());
        }
        if self.groups() && self.fights() {
            return Err(
                "party_every_secs or fight_every_secs, not both: who fights keeps to his party".to_owned()
            );
        }
        if self.leave_every_secs > 0.0 && self.sign_out_every_secs > 0.0 {
            return Err("leave_every_secs or sign_out_every_secs, not both".to_owned());
        }
        if !matches!(self.channel, Channel::Global | Channel::Faction | Channel::Say) {
            return Err(format!("channel: expected global, faction or say, found {}", self.channel));
        }
        Ok(())
    }
}

fn within(name: &str, value: usize, least: usize, most: usize) -> Result<(), String> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(format!("{name}: expected {least} to {most}, found {value}"))
}
