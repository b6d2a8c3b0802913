//! Parties on disk: nobody is in two, whoever leads is in it, and what is over leaves nothing.

use protocol::CharacterId;
use protocol::ids::PartyId;
use protocol::party::LootSharing;
use rules::party::{Invitation, Mate, PartyRecord, PartySave};
use rules::venue::{ChatLine, RoomKey, Save};

use super::Disk;
use crate::parties::{NewParty, create, ids, load, of, view};
use crate::{Store, StoreError, Write, saves};

const NOW: i64 = 1_000;

fn people(store: &Store) -> [CharacterId; 3] {
    let ann = super::account(store, "Ann");
    ["Aria", "Bela", "Cora"].map(|name| super::character(store, ann, name))
}

fn found(store: &Store, founder: CharacterId) -> Result<PartyId, StoreError> {
    let new = NewParty {
        name: "Lanterns".to_owned(),
        loot_sharing: LootSharing::Roll,
        max_members: 4,
        founder,
        epoch: 0,
        now: NOW,
    };
    store.write(create(new, None)).wait()
}

fn record(store: &Store, id: PartyId) -> Option<PartyRecord> {
    store.read(load(id, NOW)).wait().unwrap()
}

fn save(
    store: &Store,
    party_id: PartyId,
    record: Option<PartyRecord>,
    joined: Option<(CharacterId, i64)>,
) -> Result<(), StoreError> {
    let save = Save::Party(Box::new(PartySave { party_id, record, joined }));
    store.write(saves::apply(vec![save], None, NOW)).wait()
}

fn with_mate(store: &Store, id: PartyId, mate: CharacterId, epoch: i64) -> Result<(), StoreError> {
    let mut record = record(store, id).unwrap();
    record.members.push(Mate { id: mate, name: String::new() });
    save(store, id, Some(record), Some((mate, epoch)))
}

#[test]
fn who_founds_a_party_leads_it_and_is_in_no_other() {
    let disk = Disk::new();
    let store = disk.inline();
    let [aria, bela, _] = people(&store);
    let party = found(&store, aria).unwrap();
    let read = record(&store, party).unwrap();
    assert_eq!((read.leader, read.loot_sharing, read.members.len()), (aria, LootSharing::Roll, 1));
    assert_eq!(read.members[0].name, "Aria");
    assert_eq!(found(&store, aria), Err(StoreError::Conflict("character")));
    let other = found(&store, bela).unwrap();
    assert_eq!(with_mate(&store, other, aria, 0), Err(StoreError::Conflict("character")));
    assert_eq!(with_mate(&store, party, bela, 0), Err(StoreError::Conflict("character")));
    assert_eq!(store.read(ids()).wait().unwrap(), [party, other]);
    assert_eq!(store.read(of(aria, NOW)).wait().unwrap().party, Some(party));
}

#[test]
fn a_stale_session_brings_nobody_in() {
    let disk = Disk::new();
    let store = disk.inline();
    let [aria, bela, _] = people(&store);
    let party = found(&store, aria).unwrap();
    assert_eq!(with_mate(&store, party, bela, 7), Err(StoreError::StaleEpoch));
    assert_eq!(record(&store, party).unwrap().members.len(), 1);
    with_mate(&store, party, bela, 0).unwrap();
    let names: Vec<_> = record(&store, party).unwrap().members.into_iter().map(|mate| mate.name).collect();
    assert_eq!(names, ["Aria", "Bela"]);
}

#[test]
fn a_party_is_never_led_by_somebody_else() {
    let disk = Disk::new();
    let store = disk.inline();
    let [aria, bela, _] = people(&store);
    let party = found(&store, aria).unwrap();
    let led = PartyRecord { leader: bela, ..record(&store, party).unwrap() };
    assert!(matches!(save(&store, party, Some(led), None), Err(StoreError::Sql(_))));
    // And the database itself holds it, whoever writes.
    let sql = "UPDATE parties SET leader_id = leader_id + 1";
    let forced = store.write(Write::new(move |database| Ok(database.execute(sql, [])?))).wait();
    assert!(forced.is_err(), "{forced:?}");
}

#[test]
fn what_is_over_leaves_nothing() {
    let disk = Disk::new();
    let store = disk.inline();
    let [aria, bela, cora] = people(&store);
    let party = found(&store, aria).unwrap();
    with_mate(&store, party, bela, 0).unwrap();
    let invitation = Invitation {
        invitee: cora,
        invitee_name: "Cora".to_owned(),
        inviter: bela,
        inviter_name: "Bela".to_owned(),
        expires_at_ms: NOW + 1,
    };
    let mut invited = record(&store, party).unwrap();
    invited.invitations.push(invitation.clone());
    save(&store, party, Some(invited.clone()), None).unwrap();
    save(&store, party, Some(invited), None).unwrap();
    assert_eq!(record(&store, party).unwrap().invitations, [invitation]);
    let told = &store.read(of(cora, NOW)).wait().unwrap().invitations[0];
    assert_eq!((told.party_name.as_deref(), told.inviter_name.as_str()), (Some("Lanterns"), "Bela"));
    for (who, sees) in [(aria, true), (bela, true), (cora, true), (CharacterId(99), false)] {
        assert_eq!(store.read(view(party, who, NOW)).wait().unwrap().is_some(), sees);
    }
    assert_eq!(store.read(view(party, cora, NOW + 1)).wait().unwrap(), None, "it ran out");
    let line = ChatLine {
        room: RoomKey::Party(party),
        chat_id: 7,
        sender_id: aria,
        sender_name: "Aria".to_owned(),
        content: "Ready?".to_owned(),
        said_at_ms: NOW,
    };
    store.write(saves::apply(vec![Save::Chat(line)], None, NOW)).wait().unwrap();
    assert_eq!(record(&store, party).unwrap().last_chat_id, 7);
    save(&store, party, None, None).unwrap();
    assert_eq!(record(&store, party), None);
    assert_eq!(store.read(of(cora, NOW)).wait().unwrap(), Default::default());
    let left = "SELECT (SELECT count(*) FROM party_members) + (SELECT count(*) FROM party_invitations)
                + (SELECT count(*) FROM chat_lines)";
    let left =
        store.read(crate::Read::new(move |database| Ok(database.query_row(left, [], |row| row.get(0))?)));
    assert_eq!(left.wait(), Ok(0_i64));
    found(&store, aria).unwrap();
}
