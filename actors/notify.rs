//! The one place that sends past a mailbox's bound: answers to one's own requests and news of lives. Each is bounded by
//! something else: one entry and one leave a session and venue, one death an entity, one grace a session and second, one
//! sweep of the ground a location; one beginning and one end a fight for a crystal shard; and news of a character and of
//! what it settled on the ground, a command handed back and the answer to a request only behind a command that fitted into
//! a mailbox.

use actix::Addr;

use crate::entity::{Door, Entity};
use crate::registry::{Died, Registry};

/// Tells an entity something it asked for or has to know, whether its mailbox is full or not.
pub fn notify<E: Entity>(door: &Door<E>, mail: E::Mail) {
    let posted = door.stamp(mail);
    door.addr().do_send(posted);
}

/// Tells the registry of a death: one an entity and generation.
pub fn notify_registry<E: Entity>(registry: &Addr<Registry>, died: Died<E>) {
    registry.do_send(died);
}
