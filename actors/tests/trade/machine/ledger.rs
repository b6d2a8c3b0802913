//! Who should have what, by all that was traded, used, bought, sold, dropped and picked up; and who has it on disk.

use std::collections::BTreeMap;

use protocol::CharacterId;
use protocol::ground::GroundItem;
use protocol::ids::ItemId;
use protocol::inventory::InventoryUpdate;
use protocol::trade::Offer;
use rules::Content;
use rules::ground::Heap;
use rules::inventory::VENDOR_PAYS_PERCENT;
use rules::sheet::{Asset, Sheet};

use super::script::Play;

/// What is drunk, sold and dropped without a serial.
pub const POTION: &str = "health_potion";

/// Something of which somebody has so much.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    Souls,
    Stack(String),
    Item(ItemId),
}

/// Nobody: the ground.
type Holder = Option<CharacterId>;

/// What somebody said to do with what is his.
#[derive(Debug, Clone)]
pub struct Dealing {
    pub who: CharacterId,
    pub play: Play,
    /// The item that it is about.
    pub item: Option<ItemId>,
    /// What he said to pick up.
    pub heap: Option<GroundItem>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Never 0.
    has: BTreeMap<(Holder, Thing), i64>,
    kinds: BTreeMap<ItemId, String>,
}

impl Ledger {
    pub fn of(sheets: &[Sheet], heaps: &[Heap]) -> Self {
        let mut ledger = Self::default();
        for sheet in sheets {
            let who = Some(sheet.character_id);
            ledger.add(who, Thing::Souls, sheet.progression.souls);
            for (kind, many) in &sheet.stacks {
                ledger.add(who, Thing::Stack(kind.clone()), *many);
            }
            for (id, item) in &sheet.items {
                ledger.add_item(who, *id, &item.kind);
            }
        }
        for heap in heaps {
            match &heap.asset {
                Asset::Item { id, kind } => ledger.add_item(None, *id, kind),
                Asset::Stack { kind, quantity } => ledger.add(None, Thing::Stack(kind.clone()), *quantity),
                other => panic!("{other:?} lies on the ground"),
            }
        }
        ledger
    }

    fn add(&mut self, who: Holder, thing: Thing, many: i64) {
        let has = self.has.entry((who, thing.clone())).or_default();
        *has += many;
        if *has == 0 {
            self.has.remove(&(who, thing));
        }
    }

    fn add_item(&mut self, who: Holder, id: ItemId, kind: &str) {
        self.add(who, Thing::Item(id), 1);
        self.kinds.insert(id, kind.to_owned());
    }

    /// What each offered is the other's.
    pub fn trade(&mut self, offers: &[Offer]) {
        let [one, other] = offers else { panic!("{offers:?}") };
        for (from, to) in [(one, other), (other, one)] {
            let (giver, taker) = (Some(from.character_id), Some(to.character_id));
            let souls = (Thing::Souls, i64::from(from.souls));
            let items = from.items.iter().map(|item| (Thing::Item(item.item_id), 1));
            let stacks =
                from.stacks.iter().map(|all| (Thing::Stack(all.kind.clone()), i64::from(all.quantity)));
            for (thing, many) in items.chain(stacks).chain([souls]) {
                self.add(giver, thing.clone(), -many);
                self.add(taker, thing, many);
            }
        }
    }

    /// What was bought is there before anything is done with it.
    pub fn buy(&mut self, dealing: &Dealing, answer: &InventoryUpdate, content: &Content) {
        let Play::Buy { kind, quantity } = dealing.play else { return };
        let (who, item) = (Some(dealing.who), content.item(kind).unwrap());
        self.add(who, Thing::Souls, -item.value * i64::from(quantity));
        if item.stackable {
            return self.add(who, Thing::Stack(kind.to_owned()), i64::from(quantity));
        }
        assert_eq!(answer.items.len(), quantity as usize, "{answer:?}");
        for new in &answer.items {
            assert!(!self.kinds.contains_key(&new.item_id), "{new:?} is not new");
            self.add_item(who, new.item_id, kind);
        }
    }

    /// Everything else that can be done with one's own.
    pub fn deal(&mut self, dealing: &Dealing, content: &Content) {
        let who = Some(dealing.who);
        let (thing, kind) = match dealing.item {
            Some(id) => (Thing::Item(id), self.kinds[&id].clone()),
            None => (Thing::Stack(POTION.to_owned()), POTION.to_owned()),
        };
        match dealing.play {
            Play::Use => self.add(who, thing, -1),
            Play::Sell { .. } => {
                self.add(who, thing, -1);
                let value = content.item(&kind).unwrap().value;
                self.add(who, Thing::Souls, value * i64::from(VENDOR_PAYS_PERCENT) / 100);
            }
            Play::LayDown { .. } => {
                self.add(who, thing.clone(), -1);
                self.add(None, thing, 1);
            }
            Play::PickUp { .. } => {
                let heap = dealing.heap.as_ref().expect("what nobody has heard of can't be picked up");
                let thing = heap.item_id.map_or_else(|| Thing::Stack(heap.kind.clone()), Thing::Item);
                self.add(None, thing.clone(), -heap.quantity);
                self.add(who, thing, heap.quantity);
            }
            _ => {}
        }
    }

    /// How much there is of everything, whoever has it.
    pub fn in_all(&self) -> BTreeMap<&Thing, i64> {
        let mut all = BTreeMap::new();
        for ((_, thing), many) in &self.has {
            *all.entry(thing).or_default() += many;
        }
        all.retain(|_, many| *many != 0);
        all
    }

    /// Who has what.
    pub fn each(&self) -> &BTreeMap<(Holder, Thing), i64> {
        &self.has
    }
}
