//! How a crystal shard stands: whose it is, whether it is fought for or sealed. Everybody is told when that changes.

use protocol::ids::{CombatId, CrystalShardId};
use protocol::world::ShardStatus;
use protocol::{ErrorCode, ServerMessage};

use crate::Refusal;
use crate::combat::Prize;
use crate::content::{Content, CrystalShard};
use crate::realm::{Holding, Realm, Won, remember};
use crate::venue::{Audience, Moment, RealmSave, Save};

/// A crystal shard as everybody is told of it.
pub fn shard_message(
    shard: &CrystalShard,
    owner: Option<&str>,
    status: &str,
) -> protocol::world::CrystalShard {
    protocol::world::CrystalShard {
        id: shard.id,
        shard_number: shard.id.0,
        name: shard.name.clone(),
        description: shard.description.clone(),
        element: shard.element.clone(),
        location_id: shard.location_id,
        is_captured: owner.is_some(),
        owning_faction: owner.map(str::to_owned),
        status: status.to_owned(),
        guardian_name: shard.guardian.name.clone(),
        guardian_defeated: owner.is_some(),
        power_level: shard.power_level,
    }
}

impl Holding {
    fn status(&self, contested: bool) -> &'static str {
        match (self.sealed, contested, &self.owner) {
            (true, _, _) => "sealed",
            (false, true, _) => "contested",
            (false, false, Some(_)) => "controlled",
            (false, false, None) => "unclaimed",
        }
    }
}

impl Realm {
    /// # Errors
    /// `NOT_FOUND` for a shard that is not there, `FORBIDDEN` for a sealed one, `CONFLICT` for one that was taken since, or
    /// is one's own.
    pub fn may_take(&self, faction: &str, prize: Prize) -> Result<(), Refusal> {
        let holding = self.record.shards.get(&prize.shard);
        may_be_taken(&self.content, holding, prize)?;
        match holding.and_then(|holding| holding.owner.as_deref()) {
            Some(owner) if owner == faction => Err(held_already(&self.content, prize.shard, faction)),
            _ => Ok(()),
        }
    }

    pub(super) fn is_contested(&self, shard: CrystalShardId) -> bool {
        self.record.contested.values().any(|fought_for| *fought_for == shard)
    }

    fn status(&self, shard: CrystalShardId, contested: bool) -> &'static str {
        self.record
            .shards
            .get(&shard)
            .map_or_else(|| Holding::default().status(contested), |holding| holding.status(contested))
    }

    /// Of one alone: the others are as they were.
    pub(super) fn tell_shard(&self, id: CrystalShardId, moment: &mut Moment) {
        let Some(shard) = self.content.crystal_shard(id) else { return };
        let owner = self.record.shards.get(&id).and_then(|holding| holding.owner.as_deref());
        let shards = vec![shard_message(shard, owner, self.status(id, self.is_contested(id)))];
        moment.tell(Audience::Everyone, ServerMessage::ShardStatus(ShardStatus { shards }));
    }

    /// This fight has begun: for a realm that was restored meanwhile, too, which has read of it.
    pub(super) fn contest(&mut self, combat: CombatId, shard: CrystalShardId, moment: &mut Moment) {
        self.record.contested.remove(&combat);
        let before = self.status(shard, self.is_contested(shard));
        self.record.contested.insert(combat, shard);
        if self.status(shard, true) != before {
            self.tell_shard(shard, moment);
        }
    }

    /// This fight is over. Whoever was defeated, and whoever comes too late, changes nothing but that.
    pub(super) fn calm(
        &mut self,
        combat: CombatId,
        shard: Option<CrystalShardId>,
        won: Option<Won>,
        moment: &mut Moment,
    ) {
        let read = self.record.contested.remove(&combat);
        if won.is_some_and(|won| self.capture(combat, &won, moment).is_ok()) {
            return;
        }
        let Some(shard) = shard.or(read) else { return };
        if self.status(shard, self.is_contested(shard)) != self.status(shard, true) {
            self.tell_shard(shard, moment);
        }
    }

    /// `NOT_FOUND` for a shard that is not there.
    pub(super) fn seal(
        &mut self,
        id: CrystalShardId,
        sealed: bool,
        moment: &mut Moment,
    ) -> Result<(), Refusal> {
        let Some(shard) = self.content.crystal_shard(id) else {
            let refusal = Refusal::new(ErrorCode::NotFound, "there is no such crystal shard");
            return Err(refusal.with("field", "id"));
        };
        let name = shard.name.clone();
        let holding = self.record.shards.entry(id).or_default();
        if holding.sealed == sealed {
            return Ok(());
        }
        holding.sealed = sealed;
        // What was won before the seal is not taken when it is lifted.
        holding.epoch += i64::from(sealed);
        let owner = holding.owner.clone();
        moment.save(Save::Realm(Box::new(RealmSave { seals: vec![(id, sealed)], ..self.save() })));
        let (title, description) = if sealed {
            (format!("{name} is sealed"), format!("Nobody can take {name} until its seal is lifted."))
        } else {
            (format!("The seal of {name} is lifted"), format!("{name} can be taken again."))
        };
        remember("announcement", title, description, owner.as_deref(), moment);
        self.tell_shard(id, moment);
        Ok(())
    }
}

/// Whether a crystal shard can be taken, or fought for, by anybody but whoever holds it.
///
/// # Errors
/// As [`Realm::may_take`], but for those whose it is.
pub fn may_be_taken(content: &Content, holding: Option<&Holding>, prize: Prize) -> Result<(), Refusal> {
    let shard = content
        .crystal_shard(prize.shard)
        .ok_or_else(|| Refusal::new(ErrorCode::NotFound, "there is no such crystal shard"))?;
    let untouched = Holding::default();
    let holding = holding.unwrap_or(&untouched);
    let refuse = |code, reason: String| Err(Refusal::new(code, reason).with("shard_id", shard.id.0));
    if holding.sealed {
        return refuse(ErrorCode::Forbidden, format!("{} is sealed: nobody can take it", shard.name));
    }
    if holding.epoch != prize.epoch {
        return refuse(ErrorCode::Conflict, format!("{} was taken or sealed meanwhile", shard.name));
    }
    Ok(())
}

/// A faction does not take what it has.
pub(crate) fn held_already(content: &Content, shard: CrystalShardId, faction: &str) -> Refusal {
    let name = content.crystal_shard(shard).map_or("it", |shard| shard.name.as_str());
    let reason = format!("{name} is in the hands of {faction} already");
    Refusal::new(ErrorCode::Conflict, reason).with("shard_id", shard.0)
}
