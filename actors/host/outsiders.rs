//! What those ask of a venue who are not in it: admins, and the edge.

use rules::venue::Venue;
use tokio::sync::oneshot;

use crate::entity::Ctx;
use crate::host::{Host, Hosted, Order};

impl<V: Hosted> Host<V> {
    pub(super) fn tell_view(&self, to: oneshot::Sender<V::View>) {
        if let Some(venue) = &self.venue {
            // Whoever asked may have given up.
            let _ = to.send(venue.view());
        }
    }

    pub(super) fn ordain(&mut self, order: Order<V::Command>, ctx: &mut Ctx<Self>) {
        let Order { command, done, refused } = order;
        let mut why = None;
        let applied = self.input(None, ctx, |venue, moment| {
            Venue::ordain(venue, command, moment).inspect_err(|refusal| why = Some(refusal.clone()))
        });
        // Whoever asked may have given up.
        match self.flights.back_mut().filter(|flight| flight.number == self.inputs) {
            _ if !applied => drop(why.map(|why| refused.send(why.into()))),
            Some(flight) => flight.gone = Some(done),
            None => drop(done.send(())),
        }
    }
}
