//! Parties: who is in which, who leads, who is invited. Their only writer, once made, is the party's own host.

use protocol::CharacterId;
use protocol::ids::PartyId;
use protocol::party::{LootSharing, PartyInvite, PartyView};
use rules::party::{Invitation, Mate, PartyRecord, PartySave};
use rules::venue::RoomKey;
use rusqlite::{Connection, OptionalExtension, Row};

use crate::error::or_taken;
use crate::{Read, StoreError, Write, answers};

/// A party that is to be made, with its leader as its only member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewParty {
    pub name: String,
    pub loot_sharing: LootSharing,
    pub max_members: u32,
    pub founder: CharacterId,
    /// That must be the founder's.
    pub epoch: i64,
    /// Unix milliseconds.
    pub now: i64,
}

/// A command's name, and what its answer is once the party has its number.
pub type CreationAnswer = (String, Box<dyn FnOnce(PartyId) -> String + Send>);

/// Where a character belongs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Belonging {
    pub party: Option<PartyId>,
    /// The open ones, the oldest first.
    pub invitations: Vec<PartyInvite>,
}

/// Makes a party. [`StoreError::Conflict`]`("character")` when the founder is in one already, `("message_id")` when the
/// command had its effect before; [`StoreError::StaleEpoch`] when somebody else has taken the founder.
pub fn create(new: NewParty, answer: Option<CreationAnswer>) -> Write<PartyId> {
    Write::new(move |database| {
        let founder = new.founder.0;
        database
            .prepare_cached(
                "INSERT INTO parties (name, leader_id, loot_sharing, max_members, created_at)
                 VALUES (?1, ?2, ?3, ?4, ?5)",
            )?
            .execute((&new.name, founder, new.loot_sharing.as_str(), new.max_members, new.now))?;
        let id = PartyId(database.last_insert_rowid());
        if let Some((message_id, answer)) = answer {
            answers::insert(database, new.founder, &message_id, &answer(id), new.now)?;
        }
        join(database, id, new.founder, new.epoch, 0)?;
        Ok(id)
    })
}

/// How a party stands; absent: it is no more.
pub fn load(id: PartyId, now: i64) -> Read<Option<PartyRecord>> {
    Read::new(move |database| record(database, id, now))
}

/// All there are.
pub fn ids() -> Read<Vec<PartyId>> {
    Read::new(|database| {
        let mut statement = database.prepare_cached("SELECT id FROM parties ORDER BY id")?;
        let ids = statement.query_map([], |row| row.get(0).map(PartyId))?;
        Ok(ids.collect::<Result<_, _>>()?)
    })
}

/// Where a character belongs.
pub fn of(who: CharacterId, now: i64) -> Read<Belonging> {
    Read::new(move |database| belonging(database, who, now))
}

/// A party as one of its members, or somebody who is invited, may see it.
pub fn view(id: PartyId, who: CharacterId, now: i64) -> Read<Option<PartyView>> {
    Read::new(move |database| {
        let record = record(database, id, now)?;
        let may_see = |record: &PartyRecord| {
            record.has(who) || record.invitations.iter().any(|invitation| invitation.invitee == who)
        };
        Ok(record.filter(may_see).map(|record| record.view(id)))
    })
}

pub(crate) fn belonging(database: &Connection, who: CharacterId, now: i64) -> Result<Belonging, StoreError> {
    let party = database
        .prepare_cached("SELECT party_id FROM party_members WHERE character_id = ?1")?
        .query_row([who.0], |row| row.get(0).map(PartyId))
        .optional()?;
    let mut statement = database.prepare_cached(
        "SELECT party_id, parties.name AS party_name, invitee_id, invitees.name AS invitee_name, inviter_id,
             inviters.name AS inviter_name, expires_at
         FROM party_invitations
             JOIN parties ON parties.id = party_id
             JOIN characters AS invitees ON invitees.id = invitee_id
             JOIN characters AS inviters ON inviters.id = inviter_id
         WHERE invitee_id = ?1 AND expires_at > ?2 ORDER BY party_invitations.id",
    )?;
    let invitations = statement.query_map((who.0, now), |row| {
        let name: String = row.get("party_name")?;
        Ok(invitation(row)?.message(PartyId(row.get("party_id")?), &name))
    })?;
    Ok(Belonging { party, invitations: invitations.collect::<Result<_, _>>()? })
}

/// # Errors
/// [`StoreError::StaleEpoch`] and [`StoreError::Conflict`]`("character")` of whoever joins, as for [`create`];
/// [`StoreError::NotFound`] when the party is no more.
pub(crate) fn keep(database: &Connection, save: &PartySave) -> Result<(), StoreError> {
    let id = save.party_id;
    let Some(record) = &save.record else { return forget(database, id) };
    // The database looks at that only when the transaction ends, together with others' writes: these must not suffer.
    if !record.has(record.leader) {
        return Err(StoreError::Sql(format!("party {id} would be led by somebody who is not in it")));
    }
    let changed = database
        .prepare_cached(
            "UPDATE parties SET name = ?2, leader_id = ?3, loot_sharing = ?4, max_members = ?5 WHERE id = ?1",
        )?
        .execute((id.0, &record.name, record.leader.0, record.loot_sharing.as_str(), record.max_members))?;
    if changed == 0 {
        return Err(StoreError::NotFound);
    }
    let ids: Vec<i64> = record.members.iter().map(|mate| mate.id.0).collect();
    let ids = serde_json::to_string(&ids).expect("integers are JSON");
    database
        .prepare_cached(
            "DELETE FROM party_members
             WHERE party_id = ?1 AND character_id NOT IN (SELECT value FROM json_each(?2))",
        )?
        .execute((id.0, ids))?;
    if let Some((who, epoch)) = save.joined {
        let last: i64 = database
            .prepare_cached("SELECT coalesce(max(place), 0) FROM party_members WHERE party_id = ?1")?
            .query_row([id.0], |row| row.get(0))?;
        join(database, id, who, epoch, last + 1)?;
    }
    keep_invitations(database, id, &record.invitations)
}

/// Those that are there keep their row: what is newest goes by it.
fn keep_invitations(database: &Connection, id: PartyId, open: &[Invitation]) -> Result<(), StoreError> {
    let invitees: Vec<i64> = open.iter().map(|invitation| invitation.invitee.0).collect();
    let invitees = serde_json::to_string(&invitees).expect("integers are JSON");
    database
        .prepare_cached(
            "DELETE FROM party_invitations
             WHERE party_id = ?1 AND invitee_id NOT IN (SELECT value FROM json_each(?2))",
        )?
        .execute((id.0, invitees))?;
    for Invitation { invitee, inviter, expires_at_ms, .. } in open {
        // One that ran out, and was not swept away on disk, gives way to a newer one.
        database
            .prepare_cached(
                "DELETE FROM party_invitations WHERE party_id = ?1 AND invitee_id = ?2 AND expires_at <> ?3",
            )?
            .execute((id.0, invitee.0, expires_at_ms))?;
        database
            .prepare_cached(
                "INSERT INTO party_invitations (party_id, invitee_id, inviter_id, expires_at)
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (party_id, invitee_id) DO NOTHING",
            )?
            .execute((id.0, invitee.0, inviter.0, expires_at_ms))?;
    }
    Ok(())
}

fn join(
    database: &Connection,
    id: PartyId,
    who: CharacterId,
    epoch: i64,
    place: i64,
) -> Result<(), StoreError> {
    let joined = database
        .prepare_cached(
            "INSERT INTO party_members (character_id, party_id, place)
             SELECT id, ?2, ?4 FROM characters WHERE id = ?1 AND epoch = ?3 AND deleted_at IS NULL",
        )?
        .execute((who.0, id.0, epoch, place))
        .map_err(or_taken("character"))?;
    if joined == 0 { Err(StoreError::StaleEpoch) } else { Ok(()) }
}

fn forget(database: &Connection, id: PartyId) -> Result<(), StoreError> {
    database.prepare_cached("DELETE FROM party_members WHERE party_id = ?1")?.execute([id.0])?;
    database.prepare_cached("DELETE FROM parties WHERE id = ?1")?.execute([id.0])?;
    database
        .prepare_cached("DELETE FROM chat_lines WHERE room = ?1")?
        .execute([RoomKey::Party(id).to_string()])?;
    Ok(())
}

fn record(database: &Connection, id: PartyId, now: i64) -> Result<Option<PartyRecord>, StoreError> {
    let found = database
        .prepare_cached("SELECT name, leader_id, loot_sharing, max_members FROM parties WHERE id = ?1")?
        .query_row([id.0], |row| {
            let loot: String = row.get("loot_sharing")?;
            let record = PartyRecord {
                name: row.get("name")?,
                leader: CharacterId(row.get("leader_id")?),
                max_members: row.get("max_members")?,
                ..PartyRecord::default()
            };
            Ok((record, loot))
        })
        .optional()?;
    let Some((mut record, loot)) = found else { return Ok(None) };
    record.loot_sharing = LootSharing::named(&loot)
        .ok_or_else(|| StoreError::Corrupt(format!("party {id} shares its loot as {loot:?}")))?;
    let mut statement = database.prepare_cached(
        "SELECT characters.id, characters.name FROM party_members
             JOIN characters ON characters.id = character_id
         WHERE party_id = ?1 ORDER BY place, character_id",
    )?;
    let mates = statement
        .query_map([id.0], |row| Ok(Mate { id: CharacterId(row.get("id")?), name: row.get("name")? }))?;
    record.members = mates.collect::<Result<_, _>>()?;
    let mut statement = database.prepare_cached(
        "SELECT invitee_id, invitees.name AS invitee_name, inviter_id, inviters.name AS inviter_name, expires_at
         FROM party_invitations
             JOIN characters AS invitees ON invitees.id = invitee_id
             JOIN characters AS inviters ON inviters.id = inviter_id
         WHERE party_id = ?1 AND expires_at > ?2 ORDER BY party_invitations.id",
    )?;
    record.invitations = statement.query_map((id.0, now), invitation)?.collect::<Result<_, _>>()?;
    let last: Option<i64> = database
        .prepare_cached("SELECT max(chat_id) FROM chat_lines WHERE room = ?1")?
        .query_row([RoomKey::Party(id).to_string()], |row| row.get(0))?;
    record.last_chat_id = last.unwrap_or(0).unsigned_abs();
    Ok(Some(record))
}

fn invitation(row: &Row) -> rusqlite::Result<Invitation> {
    Ok(Invitation {
        invitee: CharacterId(row.get("invitee_id")?),
        invitee_name: row.get("invitee_name")?,
        inviter: CharacterId(row.get("inviter_id")?),
        inviter_name: row.get("inviter_name")?,
        expires_at_ms: row.get("expires_at")?,
    })
}
