//! Combats on the mesh: one actor each, until it is over and everybody has left.

use std::time::Duration;

use protocol::CharacterId;
use protocol::ids::CombatId;
use rules::combat::{Combat, CombatCommand, CombatView};
use rules::venue::Member;
use storage::Pending;

use crate::host::{Host, Hosted};
use crate::options::Options;
use crate::registry::{Table, VenueName};
use crate::world::World;

/// How often a combat looks at the time: turns are long.
const TICK: Duration = Duration::from_secs(1);

impl Hosted for Combat {
    type Key = CombatId;
    /// As it was saved last; absent: nothing of it is on disk.
    type Record = Option<String>;
    type View = CombatView;

    const KIND: &'static str = "combat";
    const PASSIVATES: bool = true;
    const TELLS_REFUSED: bool = true;

    fn name(key: &CombatId) -> VenueName {
        VenueName::Combat(*key)
    }

    fn table(world: &World) -> &Table<Host<Self>> {
        world.combats()
    }

    fn mailbox(options: &Options) -> usize {
        options.mailboxes.combat
    }

    fn tick_every(_options: &Options) -> Option<Duration> {
        Some(TICK)
    }

    fn load(key: &CombatId, world: &World, _members: &[CharacterId]) -> Pending<Option<String>> {
        world.store().read(storage::combats::state(*key))
    }

    fn restore(key: &CombatId, world: &World, record: Option<String>, members: &[Member]) -> Self {
        let (content, limits, now) =
            (world.content().clone(), world.options().combat.limits, world.clock().now());
        let present: Vec<CharacterId> = members.iter().map(|member| member.id).collect();
        let restored =
            record.map(|state| Self::restore(&state, content.clone(), limits, &present, now)).transpose();
        match restored {
            Ok(Some(combat)) => combat,
            Ok(None) => Self::new(*key, content, limits, now),
            Err(error) => {
                log::error!("combat {key} can't be read, and is over: {error}");
                Self::unreadable(*key, content, limits, now)
            }
        }
    }

    fn has(&self, who: CharacterId) -> bool {
        self.has(who)
    }

    /// Who fights may come back.
    fn may_rest(&self) -> bool {
        self.is_idle()
    }

    fn view(&self) -> CombatView {
        self.view()
    }

    fn fault(command: &CombatCommand) -> &'static str {
        match command {
            CombatCommand::Act(_) => "combat.act",
            CombatCommand::Look => "combat.look",
        }
    }
}

impl World {
    /// Goes on with the combats that the last process left: whoever fought in them may come back.
    pub(crate) fn resume_combats(&self) {
        let world = self.clone();
        let left = self.store().read(storage::combats::under_way());
        actix_rt::spawn(async move {
            match left.await {
                Ok(left) => {
                    for id in left {
                        // It starts on demand otherwise: with the first who comes back.
                        let _ = world.combats().find(&world, &id, || ());
                    }
                }
                Err(error) => log::error!("combats under way can't be read: {error}"),
            }
        });
    }
}
