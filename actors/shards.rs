//! World shards on the mesh: one actor each, which simulates its locations at a fixed rate.

use std::time::Duration;

use protocol::CharacterId;
use rules::venue::Member;
use rules::world_shard::{Sight, Sighting, WorldCommand, WorldShard};
use storage::Pending;
use storage::ground::ShardRecord;

use crate::host::{Host, Hosted};
use crate::options::{Options, WorldOptions};
use crate::registry::{Table, VenueName};
use crate::world::World;

impl Hosted for WorldShard {
    /// Its name in the content.
    type Key = String;
    type Record = ShardRecord;
    type View = Vec<Sighting>;

    const KIND: &'static str = "world_shard";
    const PASSIVATES: bool = false;

    fn name(key: &String) -> VenueName {
        VenueName::Shard(key.clone())
    }

    fn table(world: &World) -> &Table<Host<Self>> {
        world.shards()
    }

    fn mailbox(options: &Options) -> usize {
        options.mailboxes.world_shard
    }

    fn tick_every(options: &Options) -> Option<Duration> {
        Some(Duration::from_secs(1) / options.world.tick_hz.max(1))
    }

    fn load(key: &String, world: &World, members: &[CharacterId]) -> Pending<ShardRecord> {
        let locations = world.content().locations_of(key).map(|location| location.id).collect();
        world.store().read(storage::ground::of_shard(members.to_vec(), locations))
    }

    fn restore(key: &String, world: &World, record: ShardRecord, members: &[Member]) -> Self {
        let mut shard = Self::new(key, world.content().clone(), sight(&world.options().world));
        shard.strew(record.heaps, record.last_heap);
        for last in record.whereabouts {
            if let Some(member) = members.iter().find(|member| member.id == last.character_id) {
                shard.readmit(member.clone(), last.location_id, last.position);
            }
        }
        shard
    }

    fn has(&self, who: CharacterId) -> bool {
        self.has(who)
    }

    fn view(&self) -> Vec<Sighting> {
        self.sightings()
    }

    fn fault(command: &WorldCommand) -> &'static str {
        match command {
            WorldCommand::Move { .. } => "world_shard.move",
            WorldCommand::Travel { .. } => "world_shard.travel",
            WorldCommand::Look => "world_shard.look",
            WorldCommand::Approach { .. } => "world_shard.approach",
            WorldCommand::LayDown { .. } => "world_shard.lay_down",
            WorldCommand::PickUp { .. } => "world_shard.pick_up",
            WorldCommand::Ground { .. } => "world_shard.ground",
        }
    }
}

fn sight(options: &WorldOptions) -> Sight {
    let tick_hz = u64::from(options.tick_hz.max(1));
    Sight {
        range_m: options.view_range_m,
        others_max: options.view_max,
        every_ticks: (tick_hz / u64::from(options.updates_hz.max(1))).max(1),
        save_every_ticks: (options.save_every_ms * tick_hz / 1_000).max(1),
    }
}
