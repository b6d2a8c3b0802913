//! How much a session may send: all kinds together, and each kind by itself.

use std::collections::VecDeque;
use std::sync::Arc;

use protocol::chat::Channel;
use protocol::{AccountId, ClientMessage, ErrorCode, ErrorMessage};

use crate::clock::Clock;
use crate::limiters::Dear;
use crate::limits::{Bucket, Wait};
use crate::world::World;

/// The span in which limited messages are counted as strikes.
const STRIKES_WITHIN_MS: u64 = 10_000;

/// What becomes of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Pass,
    /// Too many moves: the latest is kept for later, without an error.
    Coalesce,
    Refuse(Wait),
    /// Refused once too often.
    Strike(Wait),
}

/// One session's buckets. Those that it never needs are never made.
pub struct Limits {
    world: World,
    account: Option<AccountId>,
    /// Where the latest connection comes from.
    address: Arc<str>,
    messages: Arc<Bucket>,
    bytes: Bucket,
    moves: Option<Bucket>,
    inventory: Option<Bucket>,
    trade: Option<Bucket>,
    combat: Option<Bucket>,
    strikes_ms: VecDeque<u64>,
}

impl Limits {
    pub fn new(world: &World) -> Self {
        let rates = &world.options().rates;
        let clock = world.clock();
        Self {
            account: None,
            address: "".into(),
            messages: Arc::new(Bucket::new(rates.messages, clock)),
            bytes: Bucket::new(rates.kibibytes, clock),
            moves: None,
            inventory: None,
            trade: None,
            combat: None,
            strikes_ms: VecDeque::new(),
            world: world.clone(),
        }
    }

    /// Whose limits these are, where limits are by account.
    pub fn belong_to(&mut self, account: AccountId) {
        self.account = Some(account);
    }

    /// Where a new connection comes from.
    pub fn come_from(&mut self, address: Arc<str>) {
        self.address = address;
    }

    /// What counts all messages, for those that never come here.
    pub fn messages(&self) -> Arc<Bucket> {
        self.messages.clone()
    }

    pub fn check(&mut self, message: &ClientMessage, bytes: usize) -> Verdict {
        if !self.world.options().limits_enabled {
            return Verdict::Pass;
        }
        if let Err(wait) = self.check_volume(bytes) {
            return self.refuse(wait);
        }
        match self.check_kind(message) {
            Ok(()) => Verdict::Pass,
            Err(_) if matches!(message, ClientMessage::Move(_)) => Verdict::Coalesce,
            Err(wait) => self.refuse(wait),
        }
    }

    pub fn check_malformed(&mut self, bytes: usize) -> Verdict {
        if !self.world.options().limits_enabled {
            return Verdict::Pass;
        }
        match self.check_volume(bytes) {
            Ok(()) => Verdict::Pass,
            Err(wait) => self.refuse(wait),
        }
    }

    fn check_volume(&self, bytes: usize) -> Result<(), Wait> {
        self.messages.take()?;
        let kibibytes = u32::try_from(bytes.div_ceil(1024)).unwrap_or(u32::MAX);
        // Most messages are far below a KiB; those are bounded by their number.
        if kibibytes > 1 {
            self.bytes.take_many(kibibytes, self.world.options().rates.kibibytes.burst)?;
        }
        Ok(())
    }

    fn check_kind(&mut self, message: &ClientMessage) -> Result<(), Wait> {
        let rates = self.world.options().rates;
        let clock = self.world.clock();
        let take = |bucket: &mut Option<Bucket>, rate| bucket_of(bucket, rate, clock).take();
        match message {
            ClientMessage::Move(_) => take(&mut self.moves, rates.moves),
            ClientMessage::CharacterList(_)
            | ClientMessage::Block(_)
            | ClientMessage::Unblock(_)
            | ClientMessage::BlockList(_) => self.take_dear(Dear::List),
            ClientMessage::CharacterUpdate(_)
            | ClientMessage::QuestUpdate(_)
            | ClientMessage::WorldState(_)
            | ClientMessage::ShardStatus(_) => self.take_dear(Dear::Question),
            ClientMessage::CharacterCreate(_)
            | ClientMessage::CharacterSelect(_)
            | ClientMessage::CharacterDelete(_) => self.take_dear(Dear::Character),
            ClientMessage::Inventory(_)
            | ClientMessage::ItemEquip(_)
            | ClientMessage::ItemUnequip(_)
            | ClientMessage::ItemUse(_)
            | ClientMessage::VendorList(_)
            | ClientMessage::VendorBuy(_)
            | ClientMessage::VendorSell(_) => take(&mut self.inventory, rates.inventory),
            ClientMessage::ItemDrop(_) | ClientMessage::ItemPickup(_) => {
                take(&mut self.inventory, rates.inventory)?;
                self.take_ground()
            }
            ClientMessage::TradeUpdate(_)
            | ClientMessage::TradeAccept(_)
            | ClientMessage::TradeDecline(_) => take(&mut self.trade, rates.trade),
            ClientMessage::PartyCreate(_)
            | ClientMessage::PartyInvite(_)
            | ClientMessage::PartyAccept(_)
            | ClientMessage::PartyDecline(_)
            | ClientMessage::PartyLeave(_)
            | ClientMessage::PartyKick(_)
            | ClientMessage::PartyUpdate(_)
            | ClientMessage::PartyDisband(_) => self.take_party(),
            ClientMessage::TradeRequest(_) => self.take_trade_request(),
            ClientMessage::CombatStart(_) | ClientMessage::CombatAction(_) => {
                take(&mut self.combat, rates.combat)
            }
            ClientMessage::Chat(say) if matches!(say.channel, Channel::Global | Channel::Faction) => {
                self.take_wide()
            }
            ClientMessage::FactionChat(_) => self.take_wide(),
            ClientMessage::Chat(_) | ClientMessage::Whisper(_) | ClientMessage::PartyChat(_) => {
                self.take_chat()
            }
            _ => Ok(()),
        }
    }

    fn take_dear(&self, what: Dear) -> Result<(), Wait> {
        self.world.limiters().take_dear(what, self.account, &self.address)
    }

    fn take_trade_request(&self) -> Result<(), Wait> {
        self.account.map_or(Ok(()), |account| self.world.limiters().trade_request.take(&account))
    }

    fn take_ground(&self) -> Result<(), Wait> {
        self.account.map_or(Ok(()), |account| self.world.limiters().ground.take(&account))
    }

    fn take_party(&self) -> Result<(), Wait> {
        self.account.map_or(Ok(()), |account| self.world.limiters().party.take(&account))
    }

    fn take_chat(&self) -> Result<(), Wait> {
        self.account.map_or(Ok(()), |account| self.world.limiters().chat.take(&account))
    }

    fn take_wide(&self) -> Result<(), Wait> {
        self.take_chat()?;
        self.account.map_or(Ok(()), |account| self.world.limiters().chat_wide.take(&account))
    }

    fn refuse(&mut self, wait: Wait) -> Verdict {
        let now_ms = self.world.clock().mono_ms();
        self.strikes_ms.push_back(now_ms);
        while self.strikes_ms.front().is_some_and(|at| now_ms.saturating_sub(*at) > STRIKES_WITHIN_MS) {
            self.strikes_ms.pop_front();
        }
        if self.strikes_ms.len() > self.world.options().session.strikes_max as usize {
            self.strikes_ms.clear();
            return Verdict::Strike(wait);
        }
        Verdict::Refuse(wait)
    }
}

fn bucket_of(bucket: &mut Option<Bucket>, rate: crate::options::Rate, clock: Clock) -> &Bucket {
    bucket.get_or_insert_with(|| Bucket::new(rate, clock))
}

/// The `error` that tells somebody to wait.
pub fn limited(wait: Wait) -> ErrorMessage {
    let reason = format!("too much, too fast: try again in {} ms", wait.retry_after_ms);
    ErrorMessage::new(ErrorCode::RateLimited, reason).with("retry_after_ms", wait.retry_after_ms)
}
