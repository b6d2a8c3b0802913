//! What of a sheet is locked: things that lie in an open trade, or all of it while a venue decides what becomes of it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use protocol::ErrorCode;
use protocol::ids::ItemId;

use super::{Sheet, locked, not_enough, positive};
use crate::Refusal;

/// What a character is engaged in that has a say over its sheet.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Engagement {
    /// By its id, as is a combat.
    Trade(String),
    Combat(String),
}

impl fmt::Display for Engagement {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        out.write_str(match self {
            Self::Trade(_) => "trade",
            Self::Combat(_) => "combat",
        })
    }
}

/// Some of what a character owns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Goods {
    pub items: BTreeSet<ItemId>,
    pub stacks: BTreeMap<String, i64>,
    pub souls: i64,
}

/// A sheet that nobody but the venue it was given to may change, until that one settles or lets go.
/// Only [`Sheet::freeze`] makes one.
#[derive(Debug, Clone, PartialEq)]
pub struct Reserved {
    sheet: Sheet,
}

impl Reserved {
    /// As it is, at the version that the venue has to name.
    pub fn sheet(&self) -> &Sheet {
        &self.sheet
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Holds {
    whole: Option<Engagement>,
    goods: BTreeMap<Engagement, Goods>,
}

impl Holds {
    fn others<'a>(&'a self, by: Option<&'a Engagement>) -> impl Iterator<Item = (&'a Engagement, &'a Goods)> {
        self.goods.iter().filter(move |(holder, _)| Some(*holder) != by)
    }

    pub(super) fn item_held<'a>(&'a self, id: ItemId, by: Option<&'a Engagement>) -> Option<&'a Engagement> {
        self.others(by).find(|(_, goods)| goods.items.contains(&id)).map(|(holder, _)| holder)
    }

    // Each hold was within what others left, so no sum of them exceeds what is there.
    pub(super) fn stack_held(&self, kind: &str, by: Option<&Engagement>) -> i64 {
        self.others(by).filter_map(|(_, goods)| goods.stacks.get(kind)).sum()
    }

    pub(super) fn souls_held(&self, by: Option<&Engagement>) -> i64 {
        self.others(by).map(|(_, goods)| goods.souls).sum()
    }
}

impl Sheet {
    /// Locks goods for `by`, instead of what it had locked before.
    ///
    /// # Errors
    /// What is not there, is worn, or is locked elsewhere, naming the field of [`Goods`]; nothing is changed.
    pub fn hold(&mut self, by: &Engagement, goods: Goods) -> Result<(), Refusal> {
        self.check_whole(Some(by))?;
        for id in &goods.items {
            self.loose(*id, Some(by)).map_err(|refusal| refusal.with("field", "items"))?;
        }
        for (kind, quantity) in &goods.stacks {
            positive(*quantity)?;
            let available = self.available(kind, Some(by));
            if *quantity > available {
                return Err(not_enough(kind, available, *quantity).with("field", "stacks"));
            }
        }
        if goods.souls < 0 {
            return Err(Refusal::invalid("souls", "expected 0 or more"));
        }
        if goods.souls > self.available_souls(Some(by)) {
            let refusal = not_enough("souls", self.available_souls(Some(by)), goods.souls);
            return Err(refusal.with("field", "souls"));
        }
        self.holds.goods.insert(by.clone(), goods);
        Ok(())
    }

    /// What is locked for `by`.
    pub fn held(&self, by: &Engagement) -> Option<&Goods> {
        self.holds.goods.get(by)
    }

    /// Gives the whole sheet into the hands of `by`: nobody else changes it until [`Self::thaw`] or
    /// [`Self::release`].
    ///
    /// # Errors
    /// Somebody else has it.
    pub fn freeze(&mut self, by: &Engagement) -> Result<Reserved, Refusal> {
        self.check_whole(Some(by))?;
        self.holds.whole = Some(by.clone());
        Ok(Reserved { sheet: self.clone() })
    }

    /// Takes the sheet back; goods that `by` has locked stay so.
    pub fn thaw(&mut self, by: &Engagement) {
        if self.holds.whole.as_ref() == Some(by) {
            self.holds.whole = None;
        }
    }

    /// Frees everything that is locked for `by`.
    pub fn release(&mut self, by: &Engagement) {
        self.thaw(by);
        self.holds.goods.remove(by);
    }

    /// Whether `by` has the whole sheet.
    pub fn is_frozen_by(&self, by: &Engagement) -> bool {
        self.holds.whole.as_ref() == Some(by)
    }

    /// Whether anything of an item is locked.
    pub fn is_locked(&self, id: ItemId) -> bool {
        self.holds.item_held(id, None).is_some()
    }

    /// # Errors
    /// `LOCKED` while somebody else has the whole sheet.
    pub(super) fn check_whole(&self, by: Option<&Engagement>) -> Result<(), Refusal> {
        match &self.holds.whole {
            Some(holder) if Some(holder) != by => Err(match holder {
                Engagement::Trade(_) => Refusal::new(
                    ErrorCode::Locked,
                    "you have accepted a trade: change your offer or decline it first",
                ),
                holder => locked("what you have", holder),
            }),
            _ => Ok(()),
        }
    }
}
