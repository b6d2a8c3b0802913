//! A party as a state machine: after every step one of the members leads it, there are never too many, and what is saved
//! is what is.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop};
use proptest::{prop_assert, prop_assert_eq, prop_oneof, proptest};
use protocol::ids::PartyId;
use protocol::{CharacterId, ErrorCode, ServerMessage};
use rand::SeedableRng;

use super::{Mate, Party, PartyCommand, PartyEntry, PartyExit, PartyLimits, PartyRecord, PartySave};
use crate::venue::{Audience, Effect, Lookers, Member, Moment, Now, Save, Venue};
use crate::{Dice, Refusal};

const PEOPLE: i64 = 6;
const ID: PartyId = PartyId(7);
const LIMITS: PartyLimits =
    PartyLimits { invite_ms: 5_000, invites_max: 3, leader_away_ms: 1_000, away_ms: 4_000 };

fn member(id: i64) -> Member {
    Member {
        id: CharacterId(id),
        name: format!("Somebody {id}"),
        faction: "Golden Order".to_owned(),
        level: 1,
        epoch: 3,
    }
}

/// A party and its time.
struct Table {
    party: Party,
    now_ms: u64,
}

type Done = Result<Vec<Effect>, Refusal>;

impl Table {
    /// 1 has founded it, and is here.
    fn new() -> Self {
        let record = PartyRecord {
            name: "Lanterns".to_owned(),
            leader: CharacterId(1),
            max_members: 4,
            members: vec![Mate { id: CharacterId(1), name: "Somebody 1".to_owned() }],
            ..PartyRecord::default()
        };
        let party = Party::restore(ID, LIMITS, Some(record), &[CharacterId(1)], 0);
        Self { party, now_ms: 0 }
    }

    /// A refusal changes nothing.
    fn with(&mut self, input: impl FnOnce(&mut Party, &mut Moment) -> Result<(), Refusal>) -> Done {
        let (mut dice, before) = (Dice::seed_from_u64(1), self.party.clone());
        let now = Now { wall_ms: self.now_ms as i64, mono_ms: self.now_ms };
        let mut moment = Moment::new(now, &mut dice);
        let done = input(&mut self.party, &mut moment);
        if done.is_err() {
            assert_eq!((&self.party, moment.effects.len()), (&before, 0));
        }
        done.map(|()| moment.effects)
    }

    fn say(&mut self, who: i64, command: PartyCommand) -> Done {
        self.with(|party, moment| party.apply(&member(who), command, moment))
    }

    fn come(&mut self, who: i64, entry: PartyEntry) -> Done {
        self.with(|party, moment| party.enter(&member(who), entry, moment))
    }

    fn go(&mut self, who: i64, for_good: bool) -> Done {
        self.with(|party, moment| {
            party.leave(&member(who), PartyExit { for_good }, moment);
            Ok(())
        })
    }

    fn tick(&mut self) -> Done {
        self.with(|party, moment| {
            party.tick(&Lookers::default(), moment);
            Ok(())
        })
    }

    fn invite(&mut self, who: i64, whom: i64) -> Done {
        let invitee_name = format!("Somebody {whom}");
        self.say(who, PartyCommand::Invite { invitee: CharacterId(whom), invitee_name })
    }

    fn join(&mut self, whom: i64) {
        self.invite(1, whom).unwrap();
        self.come(whom, PartyEntry::Accept).unwrap();
    }

    fn ids(&self) -> Vec<i64> {
        self.party.record().members.iter().map(|mate| mate.id.0).collect()
    }
}

fn code(done: Done) -> ErrorCode {
    done.unwrap_err().code
}

fn saved(effects: &[Effect]) -> Option<&PartySave> {
    effects.iter().rev().find_map(|effect| match effect {
        Effect::Save(Save::Party(save)) => Some(&**save),
        _ => None,
    })
}

/// Who is told by a message of this kind.
fn told(effects: &[Effect], fits: impl Fn(&ServerMessage) -> bool) -> BTreeSet<i64> {
    let audience = |effect: &Effect| match effect {
        Effect::Tell(Audience::These(ids), message) if fits(message) => ids.clone(),
        _ => Vec::new(),
    };
    effects.iter().flat_map(audience).map(|id| id.0).collect()
}

#[test]
fn only_who_is_invited_comes_in_and_only_in_time() {
    let mut table = Table::new();
    assert_eq!(code(table.come(2, PartyEntry::Accept)), ErrorCode::NotFound);
    assert_eq!(code(table.come(2, PartyEntry::Return { shown: true })), ErrorCode::NotFound);
    assert_eq!(code(table.invite(2, 3)), ErrorCode::NotFound);
    table.invite(1, 2).unwrap();
    assert_eq!(code(table.invite(1, 2)), ErrorCode::Conflict);
    assert_eq!(code(table.invite(1, 1)), ErrorCode::Conflict);
    table.now_ms = 5_000;
    assert_eq!(code(table.come(2, PartyEntry::Accept)), ErrorCode::NotFound);
    table.invite(1, 2).unwrap();
    let joined = table.come(2, PartyEntry::Accept).unwrap();
    assert_eq!(saved(&joined).unwrap().joined, Some((CharacterId(2), 3)));
    assert_eq!(
        told(&joined, |message| matches!(message, ServerMessage::PartyUpdate(_))),
        BTreeSet::from([1])
    );
    assert_eq!(code(table.come(2, PartyEntry::Accept)), ErrorCode::NotFound);
    for whom in [3, 4, 5] {
        table.invite(2, whom).unwrap();
    }
    assert_eq!(code(table.invite(2, 6)), ErrorCode::Conflict, "too many are open");
    for whom in [3, 4] {
        table.come(whom, PartyEntry::Accept).unwrap();
    }
    assert_eq!(code(table.come(5, PartyEntry::Accept)), ErrorCode::Conflict, "it is full");
}

#[test]
fn who_declines_is_left_alone_for_a_while() {
    let mut table = Table::new();
    assert_eq!(code(table.say(2, PartyCommand::Decline)), ErrorCode::NotFound);
    table.invite(1, 2).unwrap();
    table.say(2, PartyCommand::Decline).unwrap();
    let refused = table.invite(1, 2).unwrap_err();
    assert_eq!(refused.details["retry_after_ms"], 60_000);
    table.now_ms = 60_000;
    table.invite(1, 2).unwrap();
}

#[test]
fn whoever_came_first_and_is_here_leads_next() {
    let mut table = Table::new();
    for whom in [2, 3, 4] {
        table.join(whom);
    }
    table.go(2, false).unwrap();
    table.say(1, PartyCommand::Leave).unwrap();
    assert_eq!((table.party.record().leader, table.ids()), (CharacterId(3), vec![2, 3, 4]));
    // With nobody here it is whoever came first.
    table.go(3, false).unwrap();
    table.go(4, false).unwrap();
    table.now_ms = 1_000;
    table.tick().unwrap();
    assert_eq!(table.party.record().leader, CharacterId(3), "there is nobody to hand over to");
    table.come(4, PartyEntry::Return { shown: false }).unwrap();
    table.tick().unwrap();
    assert_eq!(table.party.record().leader, CharacterId(4));
    table.now_ms = 4_000;
    let missed = table.tick().unwrap();
    assert_eq!(table.ids(), [4]);
    assert_eq!(
        told(&missed, |message| matches!(message, ServerMessage::PartyUpdate(_))),
        BTreeSet::from([4])
    );
    let over = table.go(4, true).unwrap();
    assert!(table.party.is_over() && saved(&over).unwrap().record.is_none());
}

#[test]
fn who_is_kicked_hears_that_and_nothing_more() {
    let mut table = Table::new();
    table.join(2);
    table.join(3);
    let kicked = table.say(1, PartyCommand::Kick { whom: CharacterId(2) }).unwrap();
    assert_eq!(
        told(&kicked, |message| matches!(message, ServerMessage::PartyKick(_))),
        BTreeSet::from([2, 3])
    );
    let said = table.say(1, PartyCommand::Say { content: "gone".to_owned() }).unwrap();
    assert_eq!(told(&said, |message| matches!(message, ServerMessage::PartyChat(_))), BTreeSet::from([3]));
    assert_eq!(code(table.say(2, PartyCommand::Look)), ErrorCode::NotFound);
}

/// What somebody does.
#[derive(Debug, Clone)]
enum Deed {
    Invite(i64),
    Accept,
    Decline,
    Leave,
    Kick(i64),
    Disband,
    Say,
    Away,
    Return,
    Delete,
    Tick,
}

fn step() -> impl Strategy<Value = (i64, Deed, u64)> {
    let who = || 1..=PEOPLE;
    let deed = prop_oneof![
        6 => who().prop_map(Deed::Invite),
        8 => Just(Deed::Accept),
        1 => Just(Deed::Decline),
        1 => Just(Deed::Leave),
        1 => who().prop_map(Deed::Kick),
        1 => prop_oneof![1 => Just(Deed::Disband), 3 => Just(Deed::Say)],
        2 => Just(Deed::Say),
        3 => Just(Deed::Away),
        3 => Just(Deed::Return),
        1 => Just(Deed::Delete),
        4 => Just(Deed::Tick),
    ];
    (who(), deed, prop_oneof![4 => Just(0), 3 => 1..500_u64, 1 => 500..6_000_u64])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn a_party_is_sound_after_every_step(
        steps in prop::collection::vec(step(), 1..60),
        restores in prop::collection::vec(any::<bool>(), 60),
    ) {
        let mut table = Table::new();
        let mut invited: BTreeMap<i64, u64> = BTreeMap::new();
        let mut disk = Some(table.party.record().clone());
        for ((who, deed, later_ms), restored) in steps.into_iter().zip(restores) {
            table.now_ms += later_ms;
            let before = table.ids();
            let done = match deed {
                Deed::Invite(whom) => {
                    let done = table.invite(who, whom);
                    if done.is_ok() {
                        invited.insert(whom, table.now_ms + 5_000);
                    }
                    done
                }
                Deed::Accept => {
                    let done = table.come(who, PartyEntry::Accept);
                    if done.is_ok() {
                        let until = invited.remove(&who);
                        prop_assert!(until.is_some_and(|until| table.now_ms < until), "{} was not asked", who);
                        prop_assert!(!before.contains(&who));
                    }
                    done
                }
                Deed::Decline => {
                    invited.remove(&who);
                    table.say(who, PartyCommand::Decline)
                }
                Deed::Leave => table.say(who, PartyCommand::Leave),
                Deed::Kick(whom) => table.say(who, PartyCommand::Kick { whom: CharacterId(whom) }),
                Deed::Disband => table.say(who, PartyCommand::Disband),
                Deed::Say => table.say(who, PartyCommand::Say { content: "hello".to_owned() }),
                Deed::Away => table.go(who, false),
                Deed::Return => table.come(who, PartyEntry::Return { shown: false }),
                Deed::Delete => table.go(who, true),
                Deed::Tick => table.tick(),
            };
            if let Some(save) = done.iter().find_map(|effects| saved(effects)) {
                disk = save.record.clone();
            }
            let ids = table.ids();
            let distinct: BTreeSet<i64> = ids.iter().copied().collect();
            prop_assert_eq!(distinct.len(), ids.len());
            prop_assert!(ids.len() <= 4);
            prop_assert!(table.party.is_over() || ids.contains(&table.party.record().leader.0));
            // What counts is on disk: who is in it and who leads; who is asked as far as that has not run out.
            let on_disk = disk.clone().unwrap_or_default();
            prop_assert_eq!(&on_disk.members, &table.party.record().members);
            prop_assert!(table.party.is_over() || on_disk.leader == table.party.record().leader);
            let open = |record: &PartyRecord| -> Vec<CharacterId> {
                let open = record.invitations.iter().filter(|one| one.is_open(table.now_ms as i64));
                open.map(|one| one.invitee).collect()
            };
            prop_assert!(table.party.is_over() || open(&on_disk) == open(table.party.record()));
            if restored && matches!(deed, Deed::Tick) {
                // The process died: nobody is here until he comes again.
                table.party = Party::restore(ID, LIMITS, disk.clone(), &[], table.now_ms);
            }
        }
    }
}
