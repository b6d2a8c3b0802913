//! Who is in a venue, and who of them hears what.

use std::collections::BTreeMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use protocol::{CharacterId, SessionId};
use rules::venue::{Audience, Member, News};

use crate::entity::Door;
use crate::notify::notify;
use crate::outbox::Outbox;
use crate::session::{self, Session};

/// A member's place in a venue.
#[derive(Debug)]
pub struct Seat {
    pub member: Member,
    pub session: SessionId,
    pub outbox: Arc<Outbox>,
    /// The session's own door, for news.
    pub door: Door<Session>,
    /// It hears what this input and later ones tell.
    pub since: u64,
    /// The input it came with, the last time.
    pub entered: u64,
    /// The input it left with.
    pub until: Option<u64>,
}

impl Seat {
    fn hears(&self, number: u64) -> bool {
        self.since <= number && self.until.is_none_or(|until| number < until)
    }
}

/// Outboxes that a broadcast goes to.
pub type Hearers = Arc<[Arc<Outbox>]>;

/// Everybody, where everybody hears the same.
#[derive(Debug)]
struct Crowd {
    hearers: Hearers,
    /// All hear what this input and later ones tell.
    since: u64,
    /// Nobody is about to go.
    stays: bool,
}

/// The seats of a venue. What all hear needs no walk over the seats while nobody comes or goes.
#[derive(Debug, Default)]
pub struct Seats {
    by_id: BTreeMap<CharacterId, Seat>,
    crowd: Option<Crowd>,
}

impl Deref for Seats {
    type Target = BTreeMap<CharacterId, Seat>;

    fn deref(&self) -> &Self::Target {
        &self.by_id
    }
}

impl DerefMut for Seats {
    fn deref_mut(&mut self) -> &mut Self::Target {
        self.crowd = None;
        &mut self.by_id
    }
}

impl Seats {
    /// Who of an audience hears what an input tells.
    pub fn hearers(&mut self, audience: &Audience, number: u64) -> Hearers {
        let hears = |seat: &&Seat| seat.hears(number);
        match audience {
            Audience::Everyone => {
                let crowd = self.crowd.get_or_insert_with(|| Crowd::of(&self.by_id));
                if crowd.stays && crowd.since <= number {
                    return crowd.hearers.clone();
                }
                self.by_id.values().filter(hears).map(outbox_of).collect()
            }
            Audience::Except(who) => {
                let others = self.by_id.values().filter(|seat| seat.member.id != *who);
                others.filter(hears).map(outbox_of).collect()
            }
            Audience::These(ids) => {
                ids.iter().filter_map(|id| self.by_id.get(id)).filter(hears).map(outbox_of).collect()
            }
        }
    }

    /// News of before somebody came (again) is of no use to him: he knows better.
    pub fn inform(&self, number: u64, who: CharacterId, news: News) {
        let here = |seat: &&Seat| seat.entered <= number && seat.until.is_none();
        if let Some(seat) = self.by_id.get(&who).filter(here) {
            if let News::Placed(location) = news {
                seat.outbox.stand_in(location);
            }
            notify(&seat.door, session::Mail::News { epoch: seat.member.epoch, who, news });
        }
    }
}

impl Crowd {
    fn of(seats: &BTreeMap<CharacterId, Seat>) -> Self {
        Self {
            hearers: seats.values().map(outbox_of).collect(),
            since: seats.values().map(|seat| seat.since).max().unwrap_or(0),
            stays: seats.values().all(|seat| seat.until.is_none()),
        }
    }
}

fn outbox_of(seat: &Seat) -> Arc<Outbox> {
    seat.outbox.clone()
}
