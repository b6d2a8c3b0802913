//! What one does with one's own things: wearing, using up, buying and selling. Each returns the settlement that does it.

#[cfg(test)]
mod tests;

use protocol::ErrorCode;
use protocol::characters::Resources;
use protocol::ids::ItemId;
use protocol::inventory::{Buy, Inventory, InventoryUpdate, OwnedItem, OwnedStack, SomeOf, VendorList, Ware};

use crate::Refusal;
use crate::content::{Content, Item, Location};
use crate::sheet::{Asset, SLOTS_MAX, Settlement, Sheet};

/// The share of its value that a vendor pays for a thing, in percent.
pub const VENDOR_PAYS_PERCENT: u32 = 50;

/// Something of one's own, as a command names it.
enum Chosen {
    Item(ItemId),
    Some { kind: String, quantity: i64 },
}

/// Puts an item on; what is worn in its place is taken off.
///
/// # Errors
/// `NOT_FOUND`, `INVALID` for what can't be worn, `CONFLICT` for what is worn already.
pub fn equip(sheet: &Sheet, content: &Content, id: ItemId) -> Result<Settlement, Refusal> {
    let item = sheet.item(id)?;
    if item.worn.is_some() {
        return Err(Refusal::new(ErrorCode::Conflict, format!("item {id} is worn already")));
    }
    let Some(slot) = described(content, &item.kind)?.slot else {
        return Err(Refusal::invalid("item_id", format!("a {} can't be worn", item.kind)));
    };
    let mut party = sheet.party();
    party.wear.extend(sheet.worn(slot).map(|worn| (worn, None)));
    party.wear.push((id, Some(slot)));
    Ok(Settlement::new("equip", vec![party]))
}

/// Takes an item off.
///
/// # Errors
/// `NOT_FOUND`, `CONFLICT` for what is not worn.
pub fn unequip(sheet: &Sheet, id: ItemId) -> Result<Settlement, Refusal> {
    if sheet.item(id)?.worn.is_none() {
        return Err(Refusal::new(ErrorCode::Conflict, format!("item {id} is not worn")));
    }
    let mut party = sheet.party();
    party.wear.push((id, None));
    Ok(Settlement::new("unequip", vec![party]))
}

/// Uses one thing up, for what it restores.
///
/// # Errors
/// `NOT_FOUND`, `NOT_ENOUGH`, `INVALID` for what can't be used, `CONFLICT` when there is nothing to restore.
pub fn use_up(sheet: &Sheet, content: &Content, what: &SomeOf) -> Result<Settlement, Refusal> {
    let asset = match chosen(what)? {
        Chosen::Item(id) => item_of(sheet, id)?,
        Chosen::Some { quantity: 2.., .. } => {
            return Err(Refusal::invalid("quantity", "expected 1: one thing at a time is used"));
        }
        Chosen::Some { kind, quantity } => stack_of(sheet, kind, quantity)?,
    };
    let growth = sheet.restored(after_using(sheet, described(content, kind_of(&asset))?)?);
    let mut party = sheet.party();
    party.growth = Some(growth);
    Ok(Settlement::new("use", vec![party]).moving(Some(sheet.character_id), None, asset))
}

/// What using one up makes of the resources.
///
/// # Errors
/// `INVALID` for what restores nothing, `CONFLICT` when there is nothing to restore.
pub fn after_using(sheet: &Sheet, item: &Item) -> Result<Resources, Refusal> {
    let has = sheet.resources;
    if item.restores == Default::default() {
        let reason = format!("a {} is of no use by itself", item.kind);
        return Err(Refusal::new(ErrorCode::Invalid, reason));
    }
    // At most a million each, and not beyond what there can be.
    let restored = Resources {
        health: (has.health + item.restores.health).min(has.max_health),
        stamina: (has.stamina + item.restores.stamina).min(has.max_stamina),
        mana: (has.mana + item.restores.mana).min(has.max_mana),
        ..has
    };
    if restored == has {
        return Err(Refusal::new(ErrorCode::Conflict, "there is nothing to restore"));
    }
    Ok(restored)
}

/// What the vendor of a location sells.
///
/// # Errors
/// `NOT_FOUND` where there is none.
pub fn wares(content: &Content, location: &Location) -> Result<VendorList, Refusal> {
    if location.sells.is_empty() {
        return Err(no_vendor(location));
    }
    let ware = |kind: &String| {
        let item = content.item(kind)?;
        Some(Ware { kind: kind.clone(), name: item.name.clone(), price: item.value })
    };
    Ok(VendorList {
        location_id: location.id,
        sells: location.sells.iter().filter_map(ware).collect(),
        pays_percent: VENDOR_PAYS_PERCENT,
    })
}

/// Buys from the vendor of a location, for what things are worth.
///
/// # Errors
/// `NOT_FOUND` where there is no vendor or it has no such thing, `NOT_ENOUGH` souls, `INVENTORY_FULL`.
pub fn buy(sheet: &Sheet, content: &Content, location: &Location, what: &Buy) -> Result<Settlement, Refusal> {
    if location.sells.is_empty() {
        return Err(no_vendor(location));
    }
    if !location.sells.iter().any(|kind| **kind == *what.kind) {
        return Err(Refusal::new(ErrorCode::NotFound, format!("the vendor sells no {:?}", &*what.kind))
            .with("field", "kind"));
    }
    let (kind, quantity) = (what.kind.to_string(), quantity_of(what.quantity)?);
    let item = described(content, &kind)?;
    let me = Some(sheet.character_id);
    let mut settlement = Settlement::new("buy", vec![sheet.party()]);
    let price = worth(item.value, quantity)?;
    if price > 0 {
        settlement = settlement.moving(me, None, Asset::Souls(price));
    }
    if item.stackable {
        return Ok(settlement.moving(None, me, Asset::Stack { kind, quantity }));
    }
    // Each is a thing of its own: never more of them than could be carried.
    let most = i64::try_from(SLOTS_MAX).unwrap_or(i64::MAX);
    for _ in 0..quantity.min(most + 1) {
        settlement = settlement.moving(None, me, Asset::NewItem { kind: kind.clone() });
    }
    Ok(settlement)
}

/// Sells something of one's own to the vendor of a location.
///
/// # Errors
/// `NOT_FOUND` where there is no vendor or one has no such thing, `NOT_ENOUGH`, `CONFLICT` for what is worth nothing.
pub fn sell(
    sheet: &Sheet,
    content: &Content,
    location: &Location,
    what: &SomeOf,
) -> Result<Settlement, Refusal> {
    if location.sells.is_empty() {
        return Err(no_vendor(location));
    }
    let (asset, quantity) = some_of(sheet, what)?;
    let item = described(content, kind_of(&asset))?;
    let pays = worth(item.value, quantity)?.saturating_mul(i64::from(VENDOR_PAYS_PERCENT)) / 100;
    if pays == 0 {
        return Err(Refusal::new(ErrorCode::Conflict, "the vendor gives nothing for that"));
    }
    let me = Some(sheet.character_id);
    Ok(Settlement::new("sell", vec![sheet.party()]).moving(me, None, asset).moving(
        None,
        me,
        Asset::Souls(pays),
    ))
}

/// By which field a command names a thing.
pub fn field_of(what: &SomeOf) -> &'static str {
    if what.kind.is_some() { "kind" } else { "item_id" }
}

/// What a command names, as it is to change hands, and how many.
///
/// # Errors
/// `INVALID`, `NOT_FOUND`, `NOT_ENOUGH`.
pub fn some_of(sheet: &Sheet, what: &SomeOf) -> Result<(Asset, i64), Refusal> {
    match chosen(what)? {
        Chosen::Item(id) => Ok((item_of(sheet, id)?, 1)),
        Chosen::Some { kind, quantity } => Ok((stack_of(sheet, kind, quantity)?, quantity)),
    }
}

/// Everything, as its owner sees it.
pub fn inventory(sheet: &Sheet, content: &Content) -> Inventory {
    Inventory {
        souls: sheet.progression.souls,
        slots: u32::try_from(SLOTS_MAX).unwrap_or(u32::MAX),
        items: sheet.items.keys().filter_map(|id| shown_item(sheet, content, *id)).collect(),
        stacks: sheet.stacks.iter().map(|(kind, many)| shown_stack(content, kind, *many)).collect(),
    }
}

/// What changed from one sheet to the next, as its owner sees it.
pub fn update(before: &Sheet, after: &Sheet, content: &Content, reason: &str) -> InventoryUpdate {
    let changed = after.items.iter().filter(|(id, item)| before.items.get(id) != Some(item));
    let kinds =
        before.stacks.keys().chain(after.stacks.keys().filter(|kind| !before.stacks.contains_key(*kind)));
    let stacks = kinds.filter(|kind| before.stacks.get(*kind) != after.stacks.get(*kind));
    InventoryUpdate {
        reason: reason.to_owned(),
        souls: after.progression.souls,
        items: changed.filter_map(|(id, _)| shown_item(after, content, *id)).collect(),
        gone: before.items.keys().filter(|id| !after.items.contains_key(id)).copied().collect(),
        stacks: stacks
            .map(|kind| shown_stack(content, kind, after.stacks.get(kind).copied().unwrap_or(0)))
            .collect(),
    }
}

fn shown_item(sheet: &Sheet, content: &Content, id: ItemId) -> Option<OwnedItem> {
    let owned = sheet.items.get(&id)?;
    let item = content.item(&owned.kind);
    Some(OwnedItem {
        item_id: id,
        kind: owned.kind.clone(),
        // Of a kind that the content has no more: it can still be seen, given away and dropped.
        name: item.map_or_else(|| owned.kind.clone(), |item| item.name.clone()),
        slot: item.and_then(|item| item.slot).map(|slot| slot.as_str().to_owned()),
        equipped: owned.worn.is_some(),
        value: item.map_or(0, |item| item.value),
    })
}

fn shown_stack(content: &Content, kind: &str, quantity: i64) -> OwnedStack {
    let item = content.item(kind);
    OwnedStack {
        kind: kind.to_owned(),
        name: item.map_or_else(|| kind.to_owned(), |item| item.name.clone()),
        quantity,
        value: item.map_or(0, |item| item.value),
    }
}

fn chosen(what: &SomeOf) -> Result<Chosen, Refusal> {
    match (what.item_id, &what.kind, what.quantity) {
        (Some(id), None, None | Some(1)) => Ok(Chosen::Item(id)),
        (Some(_), None, Some(_)) => Err(Refusal::invalid("quantity", "expected 1: there is one of an item")),
        (None, Some(kind), quantity) => {
            Ok(Chosen::Some { kind: kind.to_string(), quantity: quantity_of(quantity)? })
        }
        _ => Err(Refusal::invalid("item_id", "expected either item_id or kind")),
    }
}

fn quantity_of(quantity: Option<u32>) -> Result<i64, Refusal> {
    match quantity.unwrap_or(1) {
        0 => Err(Refusal::invalid("quantity", "expected 1 or more")),
        quantity => Ok(i64::from(quantity)),
    }
}

fn item_of(sheet: &Sheet, id: ItemId) -> Result<Asset, Refusal> {
    Ok(Asset::Item { id, kind: sheet.item(id)?.kind.clone() })
}

fn stack_of(sheet: &Sheet, kind: String, quantity: i64) -> Result<Asset, Refusal> {
    if !sheet.stacks.contains_key(&kind) {
        return Err(Refusal::new(ErrorCode::NotFound, format!("you have no {kind}")).with("field", "kind"));
    }
    Ok(Asset::Stack { kind, quantity })
}

fn kind_of(asset: &Asset) -> &str {
    match asset {
        Asset::Souls(_) => "souls",
        Asset::Stack { kind, .. } | Asset::Item { kind, .. } | Asset::NewItem { kind } => kind,
    }
}

fn described<'a>(content: &'a Content, kind: &str) -> Result<&'a Item, Refusal> {
    content
        .item(kind)
        .ok_or_else(|| Refusal::new(ErrorCode::Conflict, format!("nobody knows what a {kind} is any more")))
}

fn worth(value: i64, quantity: i64) -> Result<i64, Refusal> {
    value
        .checked_mul(quantity)
        .ok_or_else(|| Refusal::invalid("quantity", "that many are worth more than there is"))
}

fn no_vendor(location: &Location) -> Refusal {
    Refusal::new(ErrorCode::NotFound, format!("there is no vendor in {}", location.name))
        .with("location_id", location.id.0)
}
