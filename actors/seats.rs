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

/// Outboxes that broadcasts go to.
pub type Hearers = Arc<[Arc<Outbox>]>;

/// Who hears one broadcast.
#[derive(Debug)]
pub struct Heard {
    pub by: Hearers,
    /// The one of them who doesn't.
    pub not_by: Option<Arc<Outbox>>,
}

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
    pub fn hearers(&mut self, audience: &Audience, number: u64) -> Heard {
        let not_to = match audience {
            Audience::Everyone => None,
            Audience::Except(who) => Some(*who),
            Audience::These(ids) => {
                let these = ids.iter().filter_map(|id| self.by_id.get(id));
                return Heard::by(these.filter(|seat| seat.hears(number)));
            }
        };
        let crowd = self.crowd.get_or_insert_with(|| Crowd::of(&self.by_id));
        if crowd.stays && crowd.since <= number {
            let not_by = not_to.and_then(|who| self.by_id.get(&who)).map(outbox_of);
            return Heard { by: crowd.hearers.clone(), not_by };
        }
        let others = self.by_id.values().filter(|seat| Some(seat.member.id) != not_to);
        Heard::by(others.filter(|seat| seat.hears(number)))
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

impl Heard {
    fn by<'s>(seats: impl Iterator<Item = &'s Seat>) -> Self {
        Self { by: seats.map(outbox_of).collect(), not_by: None }
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
