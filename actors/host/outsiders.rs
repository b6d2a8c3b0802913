//! What those ask of a venue who are not in it: admins, the edge, and who does not come in.

use protocol::{ErrorCode, ErrorMessage};
use rules::venue::Venue;
use tokio::sync::oneshot;

use crate::entity::Ctx;
use crate::flight::Sync;
use crate::host::{FLIGHTS_MAX, Host, Hosted, Newcomer, Order, Reply};
use crate::notify::notify;
use crate::{faults, session};

impl<V: Hosted> Host<V> {
    pub(super) fn tell_view(&self, to: oneshot::Sender<V::View>) {
        if let Some(venue) = &self.venue {
            // Whoever asked may have given up.
            let _ = to.send(venue.view());
        }
    }

    pub(super) fn ordain(&mut self, order: Order<V::Command>, ctx: &mut Ctx<Self>) {
        let Order { command, keep, done, refused } = order;
        let mut why = None;
        let applied = self.input_saved(Sync::Now, keep, None, ctx, |venue, moment| {
            faults::hit(V::fault(&command));
            Venue::ordain(venue, command, moment).inspect_err(|refusal| why = Some(refusal.clone()))
        });
        // Whoever asked may have given up.
        match self.flights.back_mut().filter(|flight| flight.number == self.inputs) {
            _ if !applied => drop(why.map(|why| refused.send(why.into()))),
            Some(flight) => flight.gone = Some(done),
            None => drop(done.send(())),
        }
    }

    /// Somebody who does not come in has something to say.
    pub(super) fn knock(
        &mut self,
        newcomer: &Newcomer,
        command: V::Command,
        reply: Reply,
        ctx: &mut Ctx<Self>,
    ) {
        if let Err(busy) = self.check_flights() {
            reply.refuse(busy, self.world.clock().now().wall_ms);
        } else {
            self.input(Some(reply), ctx, |venue, moment| {
                faults::hit(V::fault(&command));
                venue.apply(&newcomer.member, command, moment)
            });
        }
        notify(&newcomer.door, session::Mail::NotIn(V::name(&self.key)));
    }

    pub(super) fn check_flights(&self) -> Result<(), ErrorMessage> {
        if self.flights.len() < FLIGHTS_MAX {
            return Ok(());
        }
        let busy = ErrorMessage::new(ErrorCode::Busy, format!("the {} is overloaded: try again", V::KIND));
        Err(busy.with("retry_after_ms", 200))
    }
}
