//! Parties of real sessions: who comes in and goes, who leads, who hears what, and what is left by whatever happens.

mod fate;
mod machine;

use protocol::chat::{Channel, SayIn};
use protocol::ids::PartyId;
use protocol::party::{
    ChangeParty, CreateParty, Invite, Kick, LootSharing, OwnParty, PartyUpdate, WhichParty,
};
use protocol::{CharacterId, ClientMessage, ErrorCode, ServerMessage};
use storage::parties;

use crate::peer::{Peer, chat, text};
use crate::stage::{Plan, Stage, play};

pub fn create() -> ClientMessage {
    ClientMessage::PartyCreate(CreateParty::default())
}

pub fn invite(whom: CharacterId) -> ClientMessage {
    ClientMessage::PartyInvite(Invite { invitee_id: whom })
}

pub fn accept(party_id: Option<PartyId>) -> ClientMessage {
    ClientMessage::PartyAccept(WhichParty { party_id })
}

pub fn decline(party_id: Option<PartyId>) -> ClientMessage {
    ClientMessage::PartyDecline(WhichParty { party_id })
}

pub fn kick(whom: CharacterId) -> ClientMessage {
    ClientMessage::PartyKick(Kick { character_id: whom })
}

pub fn leave() -> ClientMessage {
    ClientMessage::PartyLeave(OwnParty::default())
}

pub fn disband() -> ClientMessage {
    ClientMessage::PartyDisband(OwnParty::default())
}

pub fn say(content: &str) -> ClientMessage {
    ClientMessage::PartyChat(SayIn { content: text(content) })
}

fn update(answer: ServerMessage) -> PartyUpdate {
    match answer {
        ServerMessage::PartyUpdate(update) => update,
        other => panic!("expected party_update, got {other:?}"),
    }
}

/// Waits to be shown a party of so many members, as many of them away.
async fn shown(peer: &mut Peer, members: usize, away: usize) -> PartyUpdate {
    peer.wait("party_update", |heard| match &heard.message {
        ServerMessage::PartyUpdate(update)
            if (update.member_ids.len(), update.away_ids.len()) == (members, away) =>
        {
            Some(update.clone())
        }
        _ => None,
    })
    .await
}

async fn invited(peer: &mut Peer) -> PartyId {
    peer.wait("party_invite", |heard| match &heard.message {
        ServerMessage::PartyInvite(invite) if heard.id.is_none() => Some(invite.party_id),
        _ => None,
    })
    .await
}

/// The first founds a party, and all others come in.
async fn group(peers: &mut [&mut Peer]) -> PartyId {
    let Some((first, others)) = peers.split_first_mut() else { panic!("nobody is no party") };
    let party = update(first.ask(create()).await);
    for other in others {
        first.ask(invite(other.character)).await;
        assert_eq!(invited(other).await, party.party_id);
        update(other.ask(accept(None)).await);
    }
    for peer in peers.iter_mut() {
        peer.linger(200).await;
        peer.inbox.clear();
    }
    party.party_id
}

async fn on_disk(stage: &Stage, who: CharacterId) -> Option<PartyId> {
    let now = stage.world.clock().now().wall_ms;
    stage.store.read(parties::of(who, now)).await.unwrap().party
}

async fn refused_with(peer: &mut Peer, message: ClientMessage, code: ErrorCode) {
    assert_eq!(peer.refused(message.clone()).await.error_code, code, "{message:?}");
}

#[test]
fn who_is_invited_comes_in_and_all_are_told() {
    play(Plan::seeded(1, 20), |stage: Stage| async move {
        let (mut anna, mut berta, mut carla) =
            (stage.player().await, stage.player().await, stage.player().await);
        let party = update(anna.ask(create()).await);
        assert_eq!((party.leader_id, party.max_members), (anna.character, 4));
        assert_eq!(party.party_name.as_deref(), Some("Adventuring Party"));
        let answer = anna.ask(invite(berta.character)).await;
        let ServerMessage::PartyInvite(asked) = answer else { panic!("{answer:?}") };
        assert_eq!((asked.inviter_id, asked.invitee_id), (anna.character, berta.character));
        assert_eq!(invited(&mut berta).await, party.party_id);
        // An invited one may look, a stranger may not.
        assert!(stage.world.party(party.party_id, Some(berta.character)).await.is_ok());
        let hidden = stage.world.party(party.party_id, Some(carla.character)).await;
        assert_eq!(hidden.unwrap_err().error_code, ErrorCode::NotFound);
        let joined = update(berta.ask(accept(None)).await);
        assert_eq!(joined.member_ids, [anna.character, berta.character]);
        assert_eq!(shown(&mut anna, 2, 0).await, joined);
        // Any member invites.
        berta.ask(invite(carla.character)).await;
        invited(&mut carla).await;
        update(carla.ask(accept(Some(party.party_id))).await);
        for peer in [&mut anna, &mut berta] {
            shown(peer, 3, 0).await;
        }
        assert_eq!(on_disk(&stage, carla.character).await, Some(party.party_id));
    });
}

#[test]
fn what_is_said_in_a_party_stays_in_it_and_in_order() {
    play(Plan::seeded(2, 20), |stage: Stage| async move {
        let (mut anna, mut berta, mut carla) =
            (stage.player().await, stage.player().await, stage.player().await);
        let party = group(&mut [&mut anna, &mut berta]).await;
        let first = anna.say(Channel::Party, "Ready?").await;
        assert_eq!((first.chat_id, first.channel), (1, Channel::Party));
        assert_eq!(berta.hear("Ready?").await, first);
        let ServerMessage::PartyChat(second) = berta.ask(say("Yes.")).await else { panic!() };
        assert_eq!(second.chat_id, 2);
        assert_eq!(anna.hear("Yes.").await, second);
        refused_with(&mut carla, chat(Channel::Party, "Me too."), ErrorCode::NotFound).await;
        refused_with(&mut carla, say("Me too."), ErrorCode::NotFound).await;
        carla.linger(500).await;
        assert!(carla.lines(Channel::Party).is_empty());
        // Who is kicked hears no more, from the moment it counts.
        anna.ask(kick(berta.character)).await;
        anna.say(Channel::Party, "Gone.").await;
        berta.linger(500).await;
        assert_eq!(berta.lines(Channel::Party).len(), 2);
        assert_eq!(stage.world.party(party, Some(anna.character)).await.unwrap().member_count, 1);
    });
}

#[test]
fn only_the_leader_rules() {
    play(Plan::seeded(3, 20), |stage: Stage| async move {
        let (mut anna, mut berta, mut carla) =
            (stage.player().await, stage.player().await, stage.player().await);
        group(&mut [&mut anna, &mut berta, &mut carla]).await;
        let change = |name: Option<&str>, loot_sharing| {
            ClientMessage::PartyUpdate(ChangeParty { party_name: name.map(text), loot_sharing })
        };
        for message in [kick(carla.character), disband(), change(None, Some(LootSharing::Roll))] {
            refused_with(&mut berta, message, ErrorCode::Forbidden).await;
        }
        let own = kick(anna.character);
        refused_with(&mut anna, own, ErrorCode::Invalid).await;
        refused_with(&mut anna, kick(CharacterId(999)), ErrorCode::NotFound).await;
        refused_with(&mut anna, change(Some("\u{200b}"), None), ErrorCode::Invalid).await;
        let changed = update(anna.ask(change(Some("Lanterns"), Some(LootSharing::Leader))).await);
        assert_eq!(
            (changed.party_name.as_deref(), changed.loot_sharing),
            (Some("Lanterns"), LootSharing::Leader)
        );
        assert_eq!(shown(&mut berta, 3, 0).await, changed);
        // Whoever leads goes: the next who came leads.
        assert!(matches!(anna.ask(leave()).await, ServerMessage::Ok(_)));
        assert_eq!(shown(&mut berta, 2, 0).await.leader_id, berta.character);
        refused_with(&mut anna, say("Still here?"), ErrorCode::NotFound).await;
        let answer = berta.ask(kick(carla.character)).await;
        assert!(matches!(answer, ServerMessage::PartyKick(_)), "{answer:?}");
        carla
            .wait("party_kick", |heard| match &heard.message {
                ServerMessage::PartyKick(kick) => Some(kick.character_id),
                _ => None,
            })
            .await;
        assert!(matches!(berta.ask(disband()).await, ServerMessage::PartyDisband(_)));
        for peer in [&mut anna, &mut berta, &mut carla] {
            assert_eq!(on_disk(&stage, peer.character).await, None);
            update(peer.ask(create()).await);
        }
    });
}

#[test]
fn nobody_is_in_two_and_there_are_never_too_many() {
    play(Plan::seeded(4, 20), |stage: Stage| async move {
        let (mut anna, mut berta, mut carla) =
            (stage.player().await, stage.player().await, stage.player().await);
        let (mut dora, mut emma) = (stage.player().await, stage.player().await);
        group(&mut [&mut anna, &mut berta, &mut carla]).await;
        let other = group(&mut [&mut dora]).await;
        refused_with(&mut anna, create(), ErrorCode::Conflict).await;
        dora.ask(invite(berta.character)).await;
        refused_with(&mut berta, accept(Some(other)), ErrorCode::Conflict).await;
        refused_with(&mut anna, invite(berta.character), ErrorCode::Conflict).await;
        refused_with(&mut anna, invite(CharacterId(999)), ErrorCode::NotOnline).await;
        // Two are invited, for one there is room.
        let mut fiona = stage.player().await;
        for peer in [&mut emma, &mut fiona] {
            anna.ask(invite(peer.character)).await;
            refused_with(&mut anna, invite(peer.character), ErrorCode::Conflict).await;
        }
        update(emma.ask(accept(None)).await);
        refused_with(&mut fiona, accept(None), ErrorCode::Conflict).await;
        refused_with(&mut anna, invite(dora.character), ErrorCode::Conflict).await;
        refused_with(&mut emma, accept(None), ErrorCode::Conflict).await;
        assert!(matches!(emma.ask(leave()).await, ServerMessage::Ok(_)));
        update(fiona.ask(accept(None)).await);
    });
}

#[test]
fn an_invitation_runs_out_and_may_be_declined() {
    play(Plan::seeded(5, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        refused_with(&mut berta, accept(None), ErrorCode::NotFound).await;
        refused_with(&mut berta, decline(None), ErrorCode::NotFound).await;
        let party = group(&mut [&mut anna]).await;
        anna.ask(invite(berta.character)).await;
        assert!(matches!(berta.ask(decline(None)).await, ServerMessage::Ok(_)));
        let declined = anna.wait("party_decline", |heard| match &heard.message {
            ServerMessage::PartyDecline(decline) => Some(decline.character_id),
            _ => None,
        });
        assert_eq!(declined.await, berta.character);
        refused_with(&mut berta, accept(Some(party)), ErrorCode::NotFound).await;
        let error = anna.refused(invite(berta.character)).await;
        assert!(error.details.contains_key("retry_after_ms"), "{error:?}");
        keep_on(&mut anna, &mut berta, 61_000).await;
        anna.ask(invite(berta.character)).await;
        keep_on(&mut anna, &mut berta, 300_000).await;
        refused_with(&mut berta, accept(None), ErrorCode::NotFound).await;
        refused_with(&mut berta, accept(Some(party)), ErrorCode::NotFound).await;
        anna.ask(invite(berta.character)).await;
        update(berta.ask(accept(None)).await);
    });
}

/// Lets time go by while both answer pings.
async fn keep_on(one: &mut Peer, other: &mut Peer, ms: u64) {
    for _ in 0..ms.div_ceil(5_000) {
        one.linger(5_000).await;
        other.linger(1).await;
    }
}

#[test]
fn a_bare_answer_is_for_the_newest_invitation() {
    play(Plan::seeded(6, 20), |stage: Stage| async move {
        let (mut anna, mut berta, mut carla) =
            (stage.player().await, stage.player().await, stage.player().await);
        let older = group(&mut [&mut anna]).await;
        let newer = group(&mut [&mut berta]).await;
        for inviter in [&mut anna, &mut berta] {
            inviter.ask(invite(carla.character)).await;
        }
        assert_eq!(update(carla.ask(accept(None)).await).party_id, newer);
        carla.ask(leave()).await;
        assert!(matches!(carla.ask(decline(None)).await, ServerMessage::Ok(_)));
        refused_with(&mut carla, accept(Some(older)), ErrorCode::NotFound).await;
    });
}

#[test]
fn commands_about_parties_have_their_rate_in_all_sessions_together() {
    play(Plan::seeded(14, 5).limited(), |stage: Stage| async move {
        let mut anna = stage.player().await;
        for _ in 0..10 {
            refused_with(&mut anna, leave(), ErrorCode::NotFound).await;
        }
        refused_with(&mut anna, leave(), ErrorCode::RateLimited).await;
        // Neither a new session nor a message of another kind begins anew.
        let mut again = stage.again(&anna).await;
        again.enter().await;
        let error = again.refused(invite(CharacterId(999))).await;
        assert_eq!(error.error_code, ErrorCode::RateLimited);
        let wait_ms = error.details["retry_after_ms"].as_u64().unwrap();
        assert!(wait_ms <= 3_334, "0.3 a second: {wait_ms}");
        again.linger(wait_ms + 1).await;
        refused_with(&mut again, leave(), ErrorCode::NotFound).await;
        refused_with(&mut again, leave(), ErrorCode::RateLimited).await;
    });
}

#[test]
fn a_server_lets_a_party_have_twenty_open_invitations_for_five_minutes() {
    play(Plan::seeded(15, 1), |stage: Stage| async move {
        let mut anna = stage.player().await;
        anna.ask(create()).await;
        let mut guests = Vec::new();
        for _ in 0..21 {
            guests.push(stage.player().await);
        }
        let now_ms = stage.world.clock().now().wall_ms;
        for guest in &guests[..20] {
            let answer = anna.ask(invite(guest.character)).await;
            let ServerMessage::PartyInvite(invite) = answer else { panic!("{answer:?}") };
            let lasts_ms = (invite.expires_at * 1_000.0) as i64 - now_ms;
            assert!((300_000..301_000).contains(&lasts_ms), "{lasts_ms}");
        }
        let error = anna.refused(invite(guests[20].character)).await;
        assert_eq!(
            (error.error_code, error.details["field"].as_str()),
            (ErrorCode::Conflict, Some("invitee_id"))
        );
    });
}
