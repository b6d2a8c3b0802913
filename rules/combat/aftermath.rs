//! What a combat leaves of a character: what is left of it, what it used up, what it won.

use std::collections::BTreeMap;

use protocol::CharacterId;
use protocol::characters::Resources;
use protocol::combat::{CombatEnd, Outcome};
use protocol::ids::{CombatId, INTEGER_MAX};
use serde::{Deserialize, Serialize};

use crate::combat::course::Prize;
use crate::combat::fighter::Supply;
use crate::content::Content;
use crate::realm::{Captor, Won};
use crate::sheet::{Asset, Engagement, Growth, SLOTS_MAX, Settlement, Sheet};

/// See the module. There is one for each character and combat; the session that has the character's sheet puts it into
/// effect, once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Aftermath {
    pub combat_id: CombatId,
    pub character_id: CharacterId,
    pub outcome: Outcome,
    /// What is left, as are stamina and mana.
    pub health: i32,
    pub stamina: i32,
    pub mana: i32,
    pub used: Vec<Supply>,
    pub experience: i64,
    pub souls: i64,
    /// Kinds of what it found, each once or more often.
    pub loot: Vec<String>,
    /// Kinds of the enemies that it won against, and `guardian` for that of a crystal shard.
    #[serde(default)]
    pub defeated: Vec<String>,
    /// The crystal shard whose guardian was defeated, for everybody who won it.
    pub prize: Option<Prize>,
    /// Who takes it; absent: whose aftermath this is.
    #[serde(default)]
    pub captor: Option<Captor>,
}

impl Aftermath {
    /// The same, as its character is told.
    pub fn message(&self) -> CombatEnd {
        CombatEnd {
            combat_id: self.combat_id.to_string(),
            outcome: self.outcome,
            experience: self.experience,
            souls: self.souls,
            loot: self.loot.clone(),
        }
    }

    /// The crystal shard that it won, if it did.
    pub fn won(&self, own: impl FnOnce() -> Captor) -> Option<Won> {
        let prize = self.prize?;
        Some(Won { prize, captor: self.captor.clone().unwrap_or_else(own) })
    }

    /// What has the sheet until this is put into effect.
    pub fn engagement(&self) -> Engagement {
        Engagement::Combat(self.combat_id.to_string())
    }

    /// What it changes of the sheet, whatever that is by now: it is never refused. What is not there any more is not used
    /// up, and what there is no room for stays behind.
    pub fn settlement(&self, sheet: &Sheet, content: &Content) -> Settlement {
        let who = sheet.character_id;
        let mut party = sheet.party();
        party.growth = Some(self.growth(sheet, content));
        let cause = format!("combat:{}:{who}", self.combat_id);
        let mut settlement = Settlement::new("combat", vec![party]).caused_by(cause);
        for asset in self.used_up(sheet) {
            settlement = settlement.moving(Some(who), None, asset);
        }
        for asset in self.found(sheet, content) {
            settlement = settlement.moving(None, Some(who), asset);
        }
        settlement
    }

    fn growth(&self, sheet: &Sheet, content: &Content) -> Growth {
        let Resources { max_health, max_stamina, max_mana, .. } = sheet.resources;
        let mut left = sheet.clone();
        left.resources = Resources {
            health: self.health.clamp(1, max_health.max(1)),
            max_health,
            stamina: self.stamina.clamp(0, max_stamina),
            max_stamina,
            mana: self.mana.clamp(0, max_mana),
            max_mana,
        };
        let grown = content.class(&sheet.class).map(|class| left.grown(class, self.experience));
        match grown {
            Some(Ok(grown)) => grown,
            // Nobody learns more than there is to learn.
            _ => left.restored(left.resources),
        }
    }

    fn used_up(&self, sheet: &Sheet) -> Vec<Asset> {
        let still_there = self.used.iter().filter_map(|supply| match supply.item_id {
            Some(id) => sheet
                .items
                .get(&id)
                .filter(|item| item.kind == supply.kind && item.worn.is_none() && !sheet.is_locked(id))
                .map(|item| Asset::Item { id, kind: item.kind.clone() }),
            None => {
                let quantity = supply.quantity.min(sheet.available(&supply.kind, Some(&self.engagement())));
                (quantity > 0).then(|| Asset::Stack { kind: supply.kind.clone(), quantity })
            }
        });
        still_there.collect()
    }

    fn found(&self, sheet: &Sheet, content: &Content) -> Vec<Asset> {
        let mut found = Vec::new();
        let souls = self.souls.min(INTEGER_MAX - sheet.progression.souls);
        if souls > 0 {
            found.push(Asset::Souls(souls));
        }
        // What is used up makes no room: what it was used for came first, but the sheet counts both at once.
        let mut free = SLOTS_MAX.saturating_sub(sheet.slots_used());
        let mut counts: BTreeMap<&str, i64> = BTreeMap::new();
        for kind in &self.loot {
            *counts.entry(kind).or_default() += 1;
        }
        for (kind, count) in counts {
            let stackable = content.item(kind).is_some_and(|item| item.stackable);
            if !stackable {
                for _ in 0..count.min(i64::try_from(free).unwrap_or(i64::MAX)) {
                    found.push(Asset::NewItem { kind: kind.to_owned() });
                    free -= 1;
                }
                continue;
            }
            let has = sheet.stacks.get(kind).copied().unwrap_or(0);
            let quantity = count.min(INTEGER_MAX - has);
            if quantity > 0 && (has > 0 || free > 0) {
                free -= usize::from(has == 0);
                found.push(Asset::Stack { kind: kind.to_owned(), quantity });
            }
        }
        found
    }
}
