//! Parties as a state machine: five people do what they like, messages are doubled, lost and late, connections drop,
//! sessions are taken over, actors panic, people stay away and the process dies. Nobody is ever in two parties, whoever
//! leads one is in it, nobody does what he may not or is kept from what he may, and in the end all agree with the disk.

mod person;
mod script;
mod witness;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use actors::faults::arm;
use protocol::ids::PartyId;
use protocol::{CharacterId, ErrorCode, ServerMessage};
use rules::party::PartyRecord;
use storage::parties;

use super::{create, leave, on_disk, say};
use crate::machine::{Census, Step, Tally, eight_times, prove};
use crate::stage::{Disk, Plan, Stage, pass, play_on};
use person::Person;
use script::{FAULTS, PEOPLE, Play, Script, script};
use witness::Witness;

const MEMBERS_MAX: usize = 3;
const INVITES_MAX: usize = 2;
const INVITE_MS: i64 = 5_000;
const LEADER_AWAY_MS: i64 = 1_000;
const AWAY_MS: i64 = 4_000;
/// What time brings may come so much later: with the sweep that looks, and the disk.
const SLACK_MS: i64 = 3_000;

/// What has to occur, and how often at least in 2,000 cases.
const SITUATIONS: [(&str, u32); 15] = [
    ("asked again too soon", 40),
    ("a party is full", 400),
    ("turned away at a full party", 40),
    ("no invitation into a full party", 80),
    ("refused as no leader", 300),
    ("a member can't kick", 150),
    ("a leader kicked", 8),
    ("a leader left the others", 16),
    ("a leader was missed", 48),
    ("a member was missed", 60),
    ("an invitation ran out", 48),
    ("invited by two at once", 80),
    ("accepting while in another party", 800),
    ("a race with a disband", 8),
    ("accepted after declining", 40),
];

/// Everybody as they are before the first life of every script.
static BEGINNING: LazyLock<(Vec<u8>, Census)> =
    LazyLock::new(|| Census::of(PEOPLE, |_, census| async { census }));

fn play_out(script: &Script, tally: &Tally) {
    let (database, census) = &*BEGINNING;
    let (disk, mut census) = (Disk::with(database), census.clone());
    for (number, steps) in script.lives.iter().enumerate() {
        let last = number + 1 == script.lives.len();
        let plan = Plan::seeded(script.seed.wrapping_add(number as u64), 25).with(|options| {
            options.restarts.panics_max = usize::MAX;
            options.party.members_max = MEMBERS_MAX as u32;
            options.party.limits.invites_max = INVITES_MAX;
            options.party.limits.invite_ms = INVITE_MS;
            options.party.limits.leader_away_ms = LEADER_AWAY_MS as u64;
            options.party.limits.away_ms = AWAY_MS as u64;
            // Nobody walks here.
            options.world.tick_hz = 2;
            options.world.updates_hz = 1;
        });
        census = play_on(&disk, plan, |stage: Stage| async move {
            let mut life = Life::begin(&stage, census, tally).await;
            for step in steps {
                life.take(step).await;
            }
            life.end(last).await
        });
    }
}

/// One process, with everybody in it.
struct Life<'a> {
    stage: &'a Stage,
    tally: &'a Tally,
    census: Census,
    people: Vec<Person>,
    witness: Witness,
    began_ms: i64,
    /// When each of those who are in a party was first seen in it.
    joined_ms: BTreeMap<(PartyId, CharacterId), i64>,
}

impl<'a> Life<'a> {
    async fn begin(stage: &'a Stage, mut census: Census, tally: &'a Tally) -> Self {
        let people = census.arrive(stage).await;
        let began_ms = wall_ms(stage);
        let people = people.into_iter().map(|client| Person::new(client, began_ms)).collect();
        let mut life = Self {
            stage,
            tally,
            census,
            people,
            witness: Witness::default(),
            began_ms,
            joined_ms: BTreeMap::new(),
        };
        // As the death of the process before has left it.
        life.look().await;
        life
    }

    async fn take(&mut self, step: &Step<Play>) {
        if let Some(fault) = step.fault {
            arm(fault, 1);
            self.witness.broken();
        }
        let raced = self.people.iter().any(|person| !person.said.is_empty());
        let (characters, person) = (&self.census.characters, &mut self.people[step.who]);
        match person.client.comes_and_goes(&step.deed, self.stage).await {
            Some(play) => {
                let (message, said) = person.about(*play, characters, raced, wall_ms(self.stage));
                let id = person.client.send(&message, step.fate, &mut self.census);
                if person.client.sent.contains(&id) {
                    person.said.insert(id, said);
                    self.race_disbands(step.who);
                }
            }
            None => {
                person.lost_sight(wall_ms(self.stage));
                self.witness.disturbed();
            }
        }
        pass(step.wait_ms).await;
        self.look().await;
    }

    /// Whoever says something while somebody else ends a party may come too late.
    fn race_disbands(&mut self, who: usize) {
        for (_, person) in self.people.iter_mut().enumerate().filter(|(index, _)| *index != who) {
            for said in person.said.values_mut().filter(|said| matches!(said.play, Play::Disband)) {
                said.raced = true;
            }
        }
    }

    /// At the disk, and at what everybody was told.
    async fn look(&mut self) {
        let parties = all_is_sound(self.stage).await;
        let now_ms = wall_ms(self.stage);
        let pairs = parties.iter().flat_map(|(id, party)| party.members.iter().map(|mate| (*id, mate.id)));
        let since_ms = |pair| self.joined_ms.get(&pair).copied().unwrap_or(now_ms);
        self.joined_ms = pairs.map(|pair| (pair, since_ms(pair))).collect();
        self.nobody_is_missed_in_vain(&parties, now_ms);
        let away = self.people.iter().filter(|person| person.client.away_since_ms.is_some());
        let away: BTreeSet<CharacterId> = away.map(|person| person.client.peer.character).collect();
        self.witness.look_at_disk(parties, &away, now_ms, self.tally);
        let news: Vec<_> = self.people.iter_mut().map(|person| person.client.news()).collect();
        for heard in news.iter().flatten() {
            if let ServerMessage::PartyInvite(invite) = &heard.message {
                self.witness.heard_of(invite);
            }
        }
        for (person, news) in self.people.iter_mut().zip(news) {
            person.look(news, &mut self.witness, now_ms, self.tally);
        }
        self.witness.conclude();
    }

    /// Who stays away does not lead those who are here, and is no member for ever.
    fn nobody_is_missed_in_vain(&self, parties: &BTreeMap<PartyId, PartyRecord>, now_ms: i64) {
        if self.witness.is_faulty() {
            return;
        }
        let late = |since_ms: i64, patience_ms| now_ms - since_ms.max(self.began_ms) > patience_ms + SLACK_MS;
        let person = |who: CharacterId| {
            self.people.iter().find(|person| person.client.peer.character == who).expect("all are known")
        };
        let is_away = |who: CharacterId, patience_ms| {
            person(who).client.away_since_ms.is_some_and(|since_ms| late(since_ms, patience_ms))
        };
        let is_here = |party: PartyId, who: CharacterId| {
            let (person, joined_ms) = (person(who), self.joined_ms[&(party, who)]);
            person.client.away_since_ms.is_none() && late(person.here_since_ms.max(joined_ms), LEADER_AWAY_MS)
        };
        for (id, party) in parties {
            assert!(!party.members.iter().any(|mate| is_away(mate.id, AWAY_MS)), "{party:?}");
            let somebody = party.members.iter().any(|mate| is_here(*id, mate.id));
            assert!(!(somebody && is_away(party.leader, LEADER_AWAY_MS)), "{party:?}");
        }
    }

    async fn end(mut self, last: bool) -> Census {
        FAULTS.iter().for_each(|fault| arm(fault, 0));
        if last {
            self.all_agree().await;
            all_is_sound(self.stage).await;
        }
        self.census
    }

    /// After all that: everything was answered, and what sessions, parties and the disk think of one another is the same.
    async fn all_agree(&mut self) {
        for person in &mut self.people {
            person.client.settle(self.stage).await;
        }
        pass(3_000).await;
        for person in &mut self.people {
            person.client.news();
            person.client.all_is_answered();
            // What he was told in the meantime was not judged.
            person.lost_sight(wall_ms(self.stage));
            person.client.select().await;
        }
        pass(2_000).await;
        let mut parties_of = Vec::new();
        for person in &mut self.people {
            for heard in person.client.news() {
                person.hears(&heard.message);
            }
            let peer = &mut person.client.peer;
            let party = on_disk(self.stage, peer.character).await;
            match (peer.ask(say(&format!("I am {}", peer.name))).await, party) {
                (ServerMessage::PartyChat(said), Some(party)) => {
                    let last = person.heard.insert(party, said.chat_id);
                    assert!(last.is_none_or(|last| last < said.chat_id));
                }
                (ServerMessage::Error(error), None) => assert_eq!(error.error_code, ErrorCode::NotFound),
                (answer, party) => panic!("{} is in {party:?}: {answer:?}", peer.name),
            }
            parties_of.push(party);
        }
        pass(500).await;
        let names: Vec<_> = self.people.iter().map(|person| person.client.peer.name.clone()).collect();
        for (index, person) in self.people.iter_mut().enumerate() {
            let peer = &mut person.client.peer;
            peer.read();
            for (other, name) in names.iter().enumerate() {
                let line = format!("I am {name}");
                let hears = peer.heard.iter().any(
                    |heard| matches!(&heard.message, ServerMessage::PartyChat(said) if said.content == line),
                );
                let together = parties_of[index].is_some() && parties_of[index] == parties_of[other];
                assert_eq!(hears, together, "{} hears {name}", names[index]);
            }
        }
        // Nothing keeps anybody from beginning anew.
        for person in &mut self.people {
            person.client.peer.ask(leave()).await;
            let made = person.client.peer.ask(create()).await;
            assert!(matches!(made, ServerMessage::PartyUpdate(_)), "{made:?}");
        }
    }
}

fn wall_ms(stage: &Stage) -> i64 {
    stage.world.clock().now().wall_ms
}

/// Of what is on disk, at any moment.
async fn all_is_sound(stage: &Stage) -> BTreeMap<PartyId, PartyRecord> {
    loop {
        let mut parties = BTreeMap::new();
        for id in stage.store.read(parties::ids()).await.unwrap() {
            // It may be over by now.
            let Some(party) = stage.store.read(parties::load(id, 0)).await.unwrap() else { continue };
            assert!(party.has(party.leader), "{id}: {party:?}");
            assert!(party.members.len() <= MEMBERS_MAX, "{id}: {party:?}");
            parties.insert(id, party);
        }
        let mut grouped = BTreeSet::new();
        let mut mates = parties.values().flat_map(|party: &PartyRecord| &party.members);
        // Each was read at another moment: whoever seems to be in two has gone from one to the other meanwhile. That
        // he is not is the database's to say, and it has no second row for him.
        if mates.all(|mate| grouped.insert(mate.id)) {
            return parties;
        }
    }
}

fn parties_are_sound(seed: u64) {
    prove("PARTY_CASES", seed, script(), &SITUATIONS, |script, tally| play_out(&script, tally));
}

eight_times!(parties_are_sound);
