//! The one place that sends past a mailbox's bound: answers to one's own requests and news of lives, each
//! bounded by a named count (commits in flight, one tick, one death an entity).

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
