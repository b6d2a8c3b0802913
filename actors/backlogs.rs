//! How sessions keep up with what they are sent: what admins look at when somebody's network is bad.

use std::cmp::Reverse;
use std::collections::HashMap;

use protocol::admin::{Backlog, SendCounts, SessionView, Sessions};
use protocol::{CharacterId, Dialect, SessionId};

use crate::outbox::{Standing, Tally};
use crate::world::World;

/// Who comes first in a list of sessions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Worst {
    /// Those for whom most bytes wait to be sent, then those for whom most are held.
    #[default]
    Backlog,
    /// Those who lost most: events and connections first, then state frames.
    Drops,
}

impl World {
    /// A page of the running sessions, the worst first; the order among equals is that of their ids.
    pub fn sessions_view(&self, worst: Worst, offset: usize, limit: usize) -> Sessions {
        let standings: Vec<(SessionId, Standing)> = self
            .sessions()
            .all_running()
            .into_iter()
            .map(|(id, _, outbox)| (id, outbox.standing()))
            .collect();
        let mut order: Vec<usize> = (0..standings.len()).collect();
        order.sort_by_key(|index| {
            let (id, standing) = &standings[*index];
            let key = match worst {
                Worst::Backlog => (standing.unsent.1 as u64, standing.held.1 as u64),
                Worst::Drops => {
                    let Tally { overflows, evictions, .. } = standing.tally;
                    (standing.lost + overflows + evictions, standing.state.replaced)
                }
            };
            (Reverse(key), *id)
        });
        let playing = self.who_plays();
        let now_ms = self.clock().mono_ms();
        let page = order.iter().skip(offset).take(limit).map(|index| {
            let (id, standing) = &standings[*index];
            session_view(*id, standing, playing.get(id), now_ms)
        });
        let mut view = Sessions {
            running: standings.len() as u64,
            connected: standings.iter().filter(|(_, standing)| standing.link.is_some()).count() as u64,
            backlog: Backlog::default(),
            counts: SendCounts::default(),
            sessions: page.collect(),
            next_offset: Some(offset.saturating_add(limit))
                .filter(|next| *next < standings.len())
                .map(|next| next as u64),
        };
        for (_, standing) in &standings {
            add_backlog(&mut view.backlog, &backlog_of(standing));
            add_counts(&mut view.counts, &counts_of(standing));
        }
        view
    }

    /// One running session.
    pub fn session_view(&self, id: SessionId) -> Option<SessionView> {
        self.sessions().running(&id)?;
        let outbox = self.sessions().kept(&id)?;
        let playing = self.who_plays();
        Some(session_view(id, &outbox.standing(), playing.get(&id), self.clock().mono_ms()))
    }

    fn who_plays(&self) -> HashMap<SessionId, (CharacterId, String)> {
        self.directory()
            .all()
            .into_iter()
            .map(|playing| (playing.session, (playing.character, playing.name)))
            .collect()
    }
}

fn session_view(
    session_id: SessionId,
    standing: &Standing,
    playing: Option<&(CharacterId, String)>,
    now_ms: u64,
) -> SessionView {
    let link = standing.link.as_ref();
    SessionView {
        session_id,
        character_id: playing.map(|(id, _)| *id),
        character_name: playing.map(|(_, name)| name.clone()),
        state: match link {
            Some(link) if link.ending => "ending",
            Some(_) => "connected",
            None => "gone",
        }
        .to_owned(),
        dialect: link.map(|link| name_of(link.dialect).to_owned()),
        silent_ms: now_ms.saturating_sub(link.map_or(standing.gone_since_ms, |link| link.heard_ms)),
        pinged: link.is_some_and(|link| link.pinged),
        every_ticks: standing.every_ticks,
        backlog: backlog_of(standing),
        counts: counts_of(standing),
    }
}

fn name_of(dialect: Dialect) -> &'static str {
    match (dialect.subprotocol(), dialect) {
        (Some(name), _) => name,
        (None, Dialect::ClassicEncrypted) => "classic, sealed",
        (None, _) => "classic",
    }
}

fn backlog_of(standing: &Standing) -> Backlog {
    Backlog {
        unsent_events: standing.unsent.0 as u64,
        unsent_bytes: standing.unsent.1 as u64,
        held_events: standing.held.0 as u64,
        held_bytes: standing.held.1 as u64,
        state_frames: standing.state_waiting as u64,
    }
}

fn counts_of(standing: &Standing) -> SendCounts {
    let tally = &standing.tally;
    SendCounts {
        events_lost: standing.lost,
        state_replaced: standing.state.replaced,
        state_slowed: standing.state.lowered,
        snapshots: standing.state.snapshots,
        overflows: tally.overflows,
        evictions: tally.evictions,
        pings: tally.pings,
        pings_unanswered: tally.pings_unanswered,
        connections: tally.links,
        resumes: tally.resumes,
        gaps: tally.gaps,
    }
}

fn add_backlog(sum: &mut Backlog, one: &Backlog) {
    sum.unsent_events += one.unsent_events;
    sum.unsent_bytes += one.unsent_bytes;
    sum.held_events += one.held_events;
    sum.held_bytes += one.held_bytes;
    sum.state_frames += one.state_frames;
}

fn add_counts(sum: &mut SendCounts, one: &SendCounts) {
    sum.events_lost += one.events_lost;
    sum.state_replaced += one.state_replaced;
    sum.state_slowed += one.state_slowed;
    sum.snapshots += one.snapshots;
    sum.overflows += one.overflows;
    sum.evictions += one.evictions;
    sum.pings += one.pings;
    sum.pings_unanswered += one.pings_unanswered;
    sum.connections += one.connections;
    sum.resumes += one.resumes;
    sum.gaps += one.gaps;
}
