//! Who is in the world: which session plays which character, and by what name others find it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use protocol::{AccountId, CharacterId, SessionId};

use crate::entity::Door;
use crate::outbox::Outbox;
use crate::session::Session;

/// A character that is being played.
#[derive(Debug, Clone)]
pub struct Playing {
    pub character: CharacterId,
    pub name: String,
    pub account: AccountId,
    /// The character's, when the session took it: the highest is the latest.
    pub epoch: i64,
    pub session: SessionId,
    pub outbox: Arc<Outbox>,
    pub door: Door<Session>,
    /// Alive while it is in a trade: see [`Directory::in_trade`].
    pub trade: Weak<()>,
}

impl Playing {
    /// Whether it is in a trade, or about to be.
    pub fn is_in_trade(&self) -> bool {
        self.trade.strong_count() > 0
    }
}

/// What became of a claim.
#[derive(Debug)]
pub enum Claim {
    Granted,
    /// The session that had it has to let go.
    TakenFrom(Box<Playing>),
    /// Another session took it later, and came here sooner.
    TooLate,
}

/// The one list of everybody in the world.
#[derive(Debug, Default)]
pub struct Directory {
    people: Mutex<People>,
}

#[derive(Debug, Default)]
struct People {
    by_id: HashMap<CharacterId, Playing>,
    by_name: HashMap<String, CharacterId>,
}

impl Directory {
    /// Enters a character for a session, unless a later one has it.
    pub fn claim(&self, playing: Playing) -> Claim {
        let mut people = self.lock();
        let (session, epoch) = (playing.session, playing.epoch);
        if people.by_id.get(&playing.character).is_some_and(|before| before.epoch > epoch) {
            return Claim::TooLate;
        }
        people.by_name.insert(rules::names::fold(&playing.name), playing.character);
        match people.by_id.insert(playing.character, playing) {
            Some(before) if before.session != session => Claim::TakenFrom(Box::new(before)),
            _ => Claim::Granted,
        }
    }

    /// Takes a character out, unless another session has it by now.
    pub fn release(&self, character: CharacterId, session: SessionId) {
        let mut people = self.lock();
        if people.by_id.get(&character).is_some_and(|playing| playing.session == session)
            && let Some(playing) = people.by_id.remove(&character)
        {
            people.by_name.remove(&rules::names::fold(&playing.name));
        }
    }

    /// Notes that a character that this session plays is in a trade, as long as what is returned is kept.
    pub fn in_trade(&self, character: CharacterId, session: SessionId) -> Arc<()> {
        let kept = Arc::new(());
        let mut people = self.lock();
        if let Some(playing) = people.by_id.get_mut(&character).filter(|playing| playing.session == session) {
            playing.trade = Arc::downgrade(&kept);
        }
        kept
    }

    pub fn find(&self, character: CharacterId) -> Option<Playing> {
        self.lock().by_id.get(&character).cloned()
    }

    pub fn find_by_name(&self, name: &str) -> Option<Playing> {
        let people = self.lock();
        let id = people.by_name.get(&rules::names::fold(name))?;
        people.by_id.get(id).cloned()
    }

    /// Everybody, in no order.
    pub fn all(&self) -> Vec<Playing> {
        self.lock().by_id.values().cloned().collect()
    }

    /// Characters in the world.
    pub fn len(&self) -> usize {
        self.lock().by_id.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lock().by_id.is_empty()
    }

    // Both maps are whole between any two statements of the above.
    fn lock(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
