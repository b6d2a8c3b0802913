//! The ground between the disk and the world shards: what has changed there is told to the shard whose location it is.

use std::collections::BTreeMap;

use protocol::LocationId;
use protocol::ids::GroundId;
use rules::world_shard::{Grounded, WorldCommand};
use tokio::sync::oneshot;

use crate::host::{Mail, Order};
use crate::notify::notify;
use crate::world::World;

/// A shard that is not running reads what is on disk when it starts. Nobody waits: what is told has happened.
pub(crate) fn tell_shard(world: &World, location: LocationId, news: Grounded) {
    let Some(shard) = world.content().location(location).map(|location| &location.world_shard) else {
        return;
    };
    // Not a door that was kept from before: the shard may have died since, and its successor may have read the ground
    // before this was on disk.
    if let Some(door) = world.shards().running(shard) {
        let ((done, _), (refused, _)) = (oneshot::channel(), oneshot::channel());
        notify(
            &door,
            Mail::Ordain(Order {
                command: WorldCommand::Ground { location, news },
                keep: None,
                done,
                refused,
            }),
        );
    }
}

/// What has lain for too long vanishes.
pub(crate) fn expire(world: &World) {
    let gone = world.store().write(storage::ground::expire(world.clock().now().wall_ms));
    let world = world.clone();
    actix_rt::spawn(async move {
        let gone = match gone.await {
            Ok(gone) => gone,
            Err(error) => return log::warn!("taking away what has lain for too long: {error}"),
        };
        let mut by_location: BTreeMap<LocationId, Vec<GroundId>> = BTreeMap::new();
        for heap in gone {
            by_location.entry(heap.spot.location).or_default().push(heap.id);
        }
        for (location, ids) in by_location {
            tell_shard(&world, location, Grounded::Expired(ids));
        }
    });
}
