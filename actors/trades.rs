//! Trades on the mesh: one actor each, for as long as somebody is in it.

use protocol::CharacterId;
use rules::trade::{Trade, TradeCommand};
use rules::venue::Member;
use storage::Pending;

use crate::host::{Host, Hosted};
use crate::options::Options;
use crate::registry::{Table, VenueName};
use crate::world::World;

impl Hosted for Trade {
    /// Its id.
    type Key = String;
    /// A window is nowhere on disk: what is not settled has not happened.
    type Record = ();
    type View = ();

    const KIND: &'static str = "trade";
    const PASSIVATES: bool = true;
    const ENDS_EMPTY: bool = true;
    const TELLS_REFUSED: bool = true;

    fn name(key: &String) -> VenueName {
        VenueName::Trade(key.clone())
    }

    fn table(world: &World) -> &Table<Host<Self>> {
        world.trades()
    }

    fn mailbox(options: &Options) -> usize {
        options.mailboxes.trade
    }

    fn load(_key: &String, _world: &World, _members: &[CharacterId]) -> Pending<()> {
        Pending::ready(())
    }

    /// One that was interrupted comes back with nobody in it: their sessions are told, and give it up.
    fn restore(key: &String, world: &World, (): (), _members: &[Member]) -> Self {
        Self::new(key.clone(), world.options().trade.window_ms)
    }

    fn has(&self, who: CharacterId) -> bool {
        self.has(who)
    }

    fn view(&self) {}

    fn fault(command: &TradeCommand) -> &'static str {
        match command {
            TradeCommand::Offer(_) => "trade.offer",
            TradeCommand::Accept { .. } => "trade.accept",
            TradeCommand::Decline => "trade.decline",
            TradeCommand::GiveUp => "trade.give_up",
            TradeCommand::Fight => "trade.fight",
            TradeCommand::Look => "trade.look",
        }
    }
}
