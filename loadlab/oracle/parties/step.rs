//! What a party may be, and how it may come to be so: one step at a time.

use std::collections::BTreeSet;

use protocol::CharacterId;
use protocol::party::PartyUpdate;

/// What makes no sense of an update that `who` is told, whatever was before it.
pub(super) fn unsound(who: CharacterId, update: &PartyUpdate) -> Vec<(&'static str, String)> {
    let ids = &update.member_ids;
    let mut wrong = Vec::new();
    if !ids.contains(&update.leader_id) {
        wrong.push(("led by a stranger", format!("{} leads {ids:?}", update.leader_id)));
    }
    if !ids.contains(&who) {
        wrong.push(("told to a stranger", format!("{who} is not of {ids:?}")));
    }
    if ids.len() > update.max_members as usize {
        wrong.push(("too many", format!("{} of at most {}", ids.len(), update.max_members)));
    }
    if ids.iter().collect::<BTreeSet<_>>().len() != ids.len() {
        wrong.push(("twice in it", format!("{ids:?}")));
    }
    if update.member_names.len() != ids.len() {
        wrong.push(("unnamed", format!("{} names of {} members", update.member_names.len(), ids.len())));
    }
    if let Some(stranger) = update.away_ids.iter().find(|id| !ids.contains(id)) {
        wrong.push(("away, but none of it", format!("{stranger}")));
    }
    wrong
}

/// A party in words, the same for the same party.
pub(super) fn shown(party: &PartyUpdate) -> String {
    let list = |ids: &[CharacterId]| ids.iter().map(|id| format!(" {id} ")).collect::<String>();
    let PartyUpdate { party_id, leader_id, loot_sharing, .. } = party;
    let name = party.party_name.as_deref().unwrap_or_default();
    let (members, away) = (list(&party.member_ids), list(&party.away_ids));
    format!("{party_id}:[{members}] led by {leader_id}, away [{away}], {loot_sharing}, {name:?}")
}

/// Whether one thing can have happened between the two.
pub(super) fn check(before: &PartyUpdate, after: &PartyUpdate) -> Result<(), String> {
    let told = || format!("{} became {}", shown(before), shown(after));
    let (old, new) = (&before.member_ids, &after.member_ids);
    let joined: Vec<_> = new.iter().filter(|id| !old.contains(id)).collect();
    let left: Vec<_> = old.iter().filter(|id| !new.contains(id)).collect();
    let changed = (&before.party_name, before.loot_sharing) != (&after.party_name, after.loot_sharing);
    let stayed: Vec<_> = old.iter().filter(|id| new.contains(id)).collect();
    let in_order = new.iter().filter(|id| old.contains(id)).eq(stayed);
    let away = |party: &PartyUpdate| party.away_ids.iter().copied().collect::<BTreeSet<_>>();
    let came_or_went = away(before).symmetric_difference(&away(after)).filter(|id| new.contains(id)).count();
    if !in_order {
        return Err(format!("its members changed places: {}", told()));
    }
    // Whoever is away for too long is out together with others who are.
    if joined.len() + usize::from(!left.is_empty()) + usize::from(changed) + came_or_went > 1 {
        return Err(format!("several things at once: {}", told()));
    }
    if joined.len() == 1 && new.last() != joined.first().copied() {
        return Err(format!("the new one is not the last: {}", told()));
    }
    let led_by_away = before.away_ids.contains(&before.leader_id) && left.is_empty() && joined.is_empty();
    if before.leader_id != after.leader_id && !left.contains(&&before.leader_id) && !led_by_away {
        return Err(format!("it is led by somebody else for no reason: {}", told()));
    }
    Ok(())
}
