//! Parties and trades as lines of text.

use protocol::party::{PartyInvite, PartyUpdate};
use protocol::trade::{Offer, TradeComplete, TradeRequest, TradeUpdate};

use crate::terminal::scene::Scene;
use crate::terminal::show::plain;

pub fn invite(invite: &PartyInvite, scene: &Scene) -> String {
    let party = invite.party_name.as_deref().map_or_else(String::new, |name| format!(" \"{}\"", plain(name)));
    if invite.inviter_id == scene.me {
        return format!("-- {} is invited into your party{party}", invite.invitee_name);
    }
    format!("*** {} invites you into a party{party}: /party accept or /party decline", invite.inviter_name)
}

/// Who is in it.
pub fn party(party: &PartyUpdate) -> String {
    let members = party.member_ids.iter().zip(&party.member_names).map(|(id, name)| {
        let leads = if *id == party.leader_id { " (leads)" } else { "" };
        let away = if party.away_ids.contains(id) { " (away)" } else { "" };
        format!("{name}{leads}{away}")
    });
    let members: Vec<String> = members.collect();
    let name = party.party_name.as_deref().map_or_else(|| "party".to_owned(), plain);
    let (of, loot) = (party.max_members, party.loot_sharing);
    format!("-- {name}: {} ({} of {of}, loot: {loot})", members.join(", "), members.len())
}

pub fn request(request: &TradeRequest) -> String {
    let who = &request.requester_name;
    format!("*** {who} wants to trade: /offer something (or nothing) to begin, or /decline")
}

/// Both sides, and what can be done about it.
pub fn window(update: &TradeUpdate, scene: &Scene) -> String {
    format!("-- trade: {}. /offer, /agree or /decline", sides(&update.offers, "give", scene))
}

pub fn complete(end: &TradeComplete, scene: &Scene) -> String {
    format!("*** Traded: {}", sides(&end.offers, "gave", scene))
}

fn sides(offers: &[Offer], give: &str, scene: &Scene) -> String {
    let one = |offer: &Offer| {
        let other = scene.trade.as_ref().map_or("the other", |window| window.with.as_str());
        let (name, give) = match offer.character_id == scene.me {
            true => ("you", give),
            false => (other, if give == "give" { "gives" } else { give }),
        };
        let agrees = match (offer.accepted && give != "gave", offer.character_id == scene.me) {
            (false, _) => "",
            (true, true) => " and agree",
            (true, false) => " and agrees",
        };
        format!("{name} {give} {}{agrees}", goods(offer))
    };
    offers.iter().map(one).collect::<Vec<_>>().join("; ")
}

fn goods(offer: &Offer) -> String {
    let souls = (offer.souls > 0).then(|| format!("{} souls", offer.souls));
    let items = offer.items.iter().map(|item| format!("{} {}", item.item_id, item.kind));
    let stacks = offer.stacks.iter().map(|stack| format!("{} {}", stack.quantity, stack.kind));
    let all: Vec<String> = souls.into_iter().chain(items).chain(stacks).collect();
    if all.is_empty() { "nothing".to_owned() } else { all.join(", ") }
}
