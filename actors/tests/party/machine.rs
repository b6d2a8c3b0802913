//! Parties as a state machine: four people do what they like, messages are doubled, lost and late, connections drop,
//! sessions are taken over, actors panic, people stay away and the process dies. Nobody is ever in two parties, whoever
//! leads one is in it, and in the end everybody agrees with the disk.

mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use actors::faults::arm;
use proptest::prelude::{ProptestConfig, proptest};
use protocol::characters::WhichCharacter;
use protocol::ids::PartyId;
use protocol::party::{ChangeParty, LootSharing};
use protocol::{CharacterId, ClientMessage, ErrorCode, ServerMessage};
use storage::parties;

use super::{accept, create, decline, disband, invite, kick, leave, on_disk, say};
use crate::peer::{Peer, text};
use crate::stage::{Disk, Plan, Stage, pass, play_on};
use script::{Deed, FAULTS, Fate, PEOPLE, Script, Step, script};

/// Somebody, with what has to be answered to him.
struct Person {
    peer: Peer,
    sent: BTreeSet<String>,
    /// The newest party he was invited to.
    invited: Option<PartyId>,
    /// The last line he heard of each party.
    heard: BTreeMap<PartyId, u64>,
}

/// What is known of everybody over all lives.
#[derive(Clone, Default)]
struct Books {
    names: Vec<(String, String)>,
    characters: Vec<CharacterId>,
    ids: u64,
}

impl Person {
    fn look(&mut self) {
        self.peer.read();
        for heard in std::mem::take(&mut self.peer.inbox) {
            match heard.message {
                ServerMessage::PartyInvite(invite) if invite.invitee_id == self.peer.character => {
                    self.invited = Some(invite.party_id);
                }
                ServerMessage::PartyUpdate(update) => {
                    let members: BTreeSet<_> = update.member_ids.iter().collect();
                    assert_eq!(members.len(), update.member_ids.len(), "{update:?}");
                    assert!(members.contains(&update.leader_id), "{update:?}");
                    assert!(members.len() <= update.max_members as usize, "{update:?}");
                    assert!(update.away_ids.iter().all(|away| members.contains(away)), "{update:?}");
                }
                // The rules know before the disk does what can't be.
                ServerMessage::Error(error) => assert_ne!(error.error_code, ErrorCode::Storage, "{error:?}"),
                _ => {}
            }
        }
    }

    async fn act(&mut self, step: &Step, stage: &Stage, others: &[CharacterId], books: &mut Books) {
        let named = |named: bool| if named { self.invited } else { None };
        let message = match step.deed {
            Deed::Create => create(),
            Deed::Invite { whom } => invite(others[whom]),
            Deed::Accept { by_name } => accept(named(by_name)),
            Deed::Decline { by_name } => decline(named(by_name)),
            Deed::Leave => leave(),
            Deed::Kick { whom } => kick(others[whom]),
            Deed::Change => {
                let loot_sharing = Some(LootSharing::Roll);
                ClientMessage::PartyUpdate(ChangeParty { party_name: Some(text("Lanterns")), loot_sharing })
            }
            Deed::Disband => disband(),
            Deed::Say => say("hello"),
            Deed::Drop => return self.peer.drop_connection(),
            Deed::Reconnect => {
                // What was not answered may be lost with the connection.
                self.sent.clear();
                return self.peer.reconnect().await;
            }
            Deed::TakeOver => return self.begin_anew(stage, false).await,
            Deed::SignOutAndIn => return self.begin_anew(stage, true).await,
        };
        let id = format!("{}-{}", self.peer.name, books.ids);
        books.ids += 1;
        for _ in 0..match step.fate {
            Fate::Arrives => 1,
            Fate::Doubled => 2,
            Fate::Lost => 0,
        } {
            self.sent.insert(id.clone());
            // A full mailbox is for floods.
            self.peer.send_as(message.clone(), Some(&id)).unwrap();
        }
    }

    async fn begin_anew(&mut self, stage: &Stage, sign_out: bool) {
        if sign_out {
            let (account, session) = (self.peer.signed.account_id, self.peer.signed.session_id);
            // Its session may have ended meanwhile.
            let _ = stage.world.sign_out(account, session).await;
        }
        self.sent.clear();
        let mut peer = stage.again(&self.peer).await;
        let which = WhichCharacter { character_id: peer.character };
        peer.send_as(ClientMessage::CharacterSelect(which), None).unwrap();
        self.peer = peer;
    }
}

/// Everybody as they are before the first life of every script.
static BEGINNING: LazyLock<(Vec<u8>, Books)> = LazyLock::new(|| {
    let disk = Disk::new();
    let books = play_on(&disk, Plan::default(), |stage: Stage| async move {
        let mut books = Books::default();
        for _ in 0..PEOPLE {
            let mut peer = stage.guest().await;
            books.characters.push(peer.make_character(0).await);
            books.names.push((peer.name.clone(), peer.address.clone()));
        }
        books
    });
    (disk.database(), books)
});

fn play_out(script: &Script) {
    let (database, books) = &*BEGINNING;
    let (disk, mut books) = (Disk::with(database), books.clone());
    for (number, life) in script.lives.iter().enumerate() {
        let last = number + 1 == script.lives.len();
        let plan = Plan::seeded(script.seed.wrapping_add(number as u64), 25).with(|options| {
            options.restarts.panics_max = usize::MAX;
            options.party.members_max = 3;
            options.party.limits.invite_ms = 5_000;
            options.party.limits.leader_away_ms = 1_000;
            options.party.limits.away_ms = 4_000;
            // Nobody walks here.
            options.world.tick_hz = 2;
            options.world.updates_hz = 1;
        });
        books = play_on(&disk, plan, |stage: Stage| live(stage, life.clone(), last, books));
    }
}

async fn live(stage: Stage, life: Vec<Step>, last: bool, mut books: Books) -> Books {
    // As the death of the process before has left it.
    all_is_sound(&stage).await;
    let mut people = arrive(&stage, &mut books).await;
    let characters = books.characters.clone();
    for step in &life {
        if let Some(fault) = step.fault {
            arm(FAULTS[fault], 1);
        }
        people[step.who].act(step, &stage, &characters, &mut books).await;
        pass(step.wait_ms).await;
        people.iter_mut().for_each(Person::look);
        all_is_sound(&stage).await;
    }
    FAULTS.iter().for_each(|fault| arm(fault, 0));
    if last {
        all_agree(&stage, people).await;
        all_is_sound(&stage).await;
    }
    books
}

/// Everybody comes into the world.
async fn arrive(stage: &Stage, books: &mut Books) -> Vec<Person> {
    let mut people = Vec::new();
    for ((name, address), character) in books.names.iter().zip(&books.characters) {
        let mut peer = Peer::sign_in(&stage.world, name, address).await;
        peer.character = *character;
        // Names of commands are for a day.
        peer.ids = 1_000_000 + books.ids;
        books.ids += 1_000;
        peer.enter().await;
        people.push(Person { peer, sent: BTreeSet::new(), invited: None, heard: BTreeMap::new() });
    }
    people
}

/// Of what is on disk, at any moment.
async fn all_is_sound(stage: &Stage) {
    let mut grouped = BTreeSet::new();
    for id in stage.store.read(parties::ids()).await.unwrap() {
        // It may be over by now.
        let Some(party) = stage.store.read(parties::load(id, 0)).await.unwrap() else { continue };
        assert!(party.has(party.leader), "{id}: {party:?}");
        assert!(party.members.len() <= party.max_members as usize, "{id}: {party:?}");
        for mate in &party.members {
            assert!(grouped.insert(mate.id), "{} is in two", mate.name);
        }
    }
}

/// After all that: everything was answered, and what sessions, parties and the disk think of one another is the same.
async fn all_agree(stage: &Stage, mut people: Vec<Person>) {
    for person in &mut people {
        if person.peer.ended.is_some() || !person.peer.outbox.hears(person.peer.link) {
            person.sent.clear();
            person.peer.reconnect().await;
        }
    }
    pass(3_000).await;
    for person in &mut people {
        person.look();
        for id in &person.sent {
            let answers = person.peer.heard.iter().filter(|heard| heard.id.as_ref() == Some(id));
            let answers: Vec<_> = answers.map(|heard| &heard.message).collect();
            assert!(!answers.is_empty(), "{id} was not answered");
            // What was refused for the moment may be done at the second try; what was done is told alike.
            let last = answers[answers.len() - 1];
            assert!(answers.iter().all(|answer| *answer == last || is_passing(answer)), "{id}: {answers:?}");
        }
        let which = WhichCharacter { character_id: person.peer.character };
        let taken = person.peer.ask(ClientMessage::CharacterSelect(which)).await;
        assert!(matches!(taken, ServerMessage::CharacterSelect(_)), "{taken:?}");
    }
    pass(2_000).await;
    let mut parties_of = Vec::new();
    for person in &mut people {
        person.look();
        let party = on_disk(stage, person.peer.character).await;
        let line = format!("I am {}", person.peer.name);
        match (person.peer.ask(say(&line)).await, party) {
            (ServerMessage::PartyChat(said), Some(party)) => {
                let last = person.heard.insert(party, said.chat_id);
                assert!(last.is_none_or(|last| last < said.chat_id));
            }
            (ServerMessage::Error(error), None) => assert_eq!(error.error_code, ErrorCode::NotFound),
            (answer, party) => panic!("{} is in {party:?}: {answer:?}", person.peer.name),
        }
        parties_of.push(party);
    }
    pass(500).await;
    let running = stage.world.parties().len();
    let names: Vec<_> = people.iter().map(|person| person.peer.name.clone()).collect();
    for (index, person) in people.iter_mut().enumerate() {
        person.peer.read();
        for (other, name) in names.iter().enumerate() {
            let line = format!("I am {name}");
            let hears = person.peer.heard.iter().any(
                |heard| matches!(&heard.message, ServerMessage::PartyChat(said) if said.content == line),
            );
            let together = parties_of[index].is_some() && parties_of[index] == parties_of[other];
            assert_eq!(hears, together, "{} hears {name}; {running} parties run", names[index]);
        }
    }
    // Nothing keeps anybody from beginning anew.
    for person in &mut people {
        person.peer.ask(leave()).await;
        let made = person.peer.ask(create()).await;
        assert!(matches!(made, ServerMessage::PartyUpdate(_)), "{made:?}");
    }
}

fn is_passing(answer: &ServerMessage) -> bool {
    use protocol::ErrorCode::{Busy, Internal, NoCharacter};
    matches!(answer, ServerMessage::Error(error) if matches!(error.error_code, Busy | Internal | NoCharacter))
}

/// So many in each of the eight tests; `PARTY_CASES=125000` makes it a million in all.
fn cases() -> ProptestConfig {
    let asked = std::env::var("PARTY_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(250), failure_persistence: None, ..ProptestConfig::default() }
}

/// The same property under several names: cores share the work.
macro_rules! parties_are_sound {
    ($($name:ident)*) => {
        proptest! {
            #![proptest_config(cases())]
            $(#[test] fn $name(script in script()) { play_out(&script); })*
        }
    };
}

parties_are_sound! {
    whatever_happens_first
    whatever_happens_second
    whatever_happens_third
    whatever_happens_fourth
    whatever_happens_fifth
    whatever_happens_sixth
    whatever_happens_seventh
    whatever_happens_eighth
}
