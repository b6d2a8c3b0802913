//! Trades as a state machine: three people do what they like, messages are doubled, lost and late, connections drop,
//! sessions are taken over, actors panic, people stay away and the process dies. Nothing comes from nowhere, nothing is
//! half done, and nothing changes hands but what both have seen. What is offered can't be used, worn, sold or dropped.

mod ledger;
mod person;
mod script;
mod witness;

use std::sync::LazyLock;

use actors::faults::arm;
use protocol::characters::Resources;
use protocol::inventory::WhichItem;
use protocol::trade::Offer;
use protocol::{CharacterId, ClientMessage, Dialect, ErrorCode, Incoming, LocationId, ServerMessage, codec};
use rules::sheet::{Asset, Settlement, Sheet};

use crate::machine::{Census, Step, Tally, eight_times, prove};
use crate::peer::{Peer, travel};
use crate::stage::{Disk, Plan, Stage, pass, play_on};
use crate::trade::deal::{self, decline};
use ledger::{Ledger, POTION};
use person::{Person, Things};
use script::{FAULTS, LOCATIONS, PEOPLE, POTIONS, Play, SOULS, Script, script};
use witness::Witness;

/// What has to occur, and how often at least in 2,000 cases.
const SITUATIONS: [(&str, u32); 24] = [
    ("completed", 150),
    ("declined", 16),
    ("left", 400),
    ("ran out", 8),
    ("an accept was cleared", 250),
    ("accepted an old version", 80),
    ("accepted nothing, or too early", 200),
    ("asked while trading", 300),
    ("asked from afar", 60),
    ("offered more than there is", 250),
    ("offered what is another's", 300),
    ("put on", 300),
    ("sold", 100),
    ("used", 400),
    ("bought", 150),
    ("dropped", 400),
    ("picked up", 100),
    ("not there to be picked up", 600),
    ("locked: wear", 40),
    ("locked: use", 60),
    ("locked: buy", 48),
    ("locked: sell", 40),
    ("locked: drop", 48),
    ("locked: potions to drop or to sell", 80),
];

/// What is known over all lives.
#[derive(Clone)]
struct Books {
    census: Census,
    witness: Witness,
}

/// Everybody as they are before the first life of every script.
static BEGINNING: LazyLock<(Vec<u8>, Books)> = LazyLock::new(|| {
    Census::of(PEOPLE, |stage, census| async move {
        for sheet in sheets(&stage, &census.characters).await {
            equip(&stage, &sheet).await;
        }
        let start = sheets(&stage, &census.characters).await;
        Books { census, witness: Witness::of(start) }
    })
});

/// With so many potions and souls, and so badly hurt that no potion is too many.
async fn equip(stage: &Stage, sheet: &Sheet) {
    let (me, mut party) = (Some(sheet.character_id), sheet.party());
    party.growth = Some(sheet.restored(Resources { health: 1, max_health: 10_000, ..sheet.resources }));
    let quantity = i64::from(POTIONS) - sheet.stacks[POTION];
    let gift = Settlement::new("gift", vec![party])
        .moving(None, me, Asset::Stack { kind: POTION.to_owned(), quantity })
        .moving(None, me, Asset::Souls(i64::from(SOULS) - sheet.progression.souls));
    stage.store.write(storage::sheets::settle(gift, None, 1)).await.unwrap();
}

fn play_out(script: &Script, tally: &Tally) {
    let (database, books) = &*BEGINNING;
    let (disk, mut books) = (Disk::with(database), books.clone());
    for (number, steps) in script.lives.iter().enumerate() {
        let last = number + 1 == script.lives.len();
        let plan = Plan::seeded(script.seed.wrapping_add(number as u64), 25).with(|options| {
            options.restarts.panics_max = usize::MAX;
            options.trade.window_ms = 4_000;
            // Nobody walks here.
            options.world.tick_hz = 2;
            options.world.updates_hz = 1;
        });
        books = play_on(&disk, plan, |stage: Stage| async move {
            if number > 0 {
                // As the death of the process before has left it.
                nothing_is_half_done(&stage, &books).await;
            }
            let mut life = Life::begin(&stage, books, tally).await;
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
    books: Books,
    people: Vec<Person>,
}

impl<'a> Life<'a> {
    async fn begin(stage: &'a Stage, mut books: Books, tally: &'a Tally) -> Self {
        books.witness.begin();
        let people = books.census.arrive(stage).await.into_iter().map(Person::new).collect();
        let mut life = Self { stage, tally, books, people };
        life.look();
        life
    }

    async fn take(&mut self, step: &Step<Play>) {
        let Books { census, witness } = &mut self.books;
        witness.step();
        if let Some(fault) = step.fault {
            arm(fault, 1);
            witness.broken();
        }
        let person = &mut self.people[step.who];
        match person.client.comes_and_goes(&step.deed, self.stage).await {
            Some(play) => {
                let mut things =
                    things(self.stage, person.client.peer.character, &census.characters, play).await;
                things.heaps = witness.ground();
                let (message, said) = person.about(*play, &census.characters, &things);
                let id = person.client.send(&message, step.fate, census);
                if person.client.sent.contains(&id) {
                    person.note(&id, &said, witness);
                    person.said.insert(id, said);
                }
            }
            None => {
                person.lost_sight();
                witness.here.remove(&person.client.peer.character);
                witness.disturbed();
            }
        }
        pass(step.wait_ms).await;
        self.look();
    }

    /// At what everybody was told.
    fn look(&mut self) {
        let on_the_way =
            |person: &Person| person.said.values().any(|said| matches!(said.play, Play::Travel { .. }));
        if self.people.iter().any(on_the_way) {
            let said = self.people.iter_mut().flat_map(|person| person.said.values_mut());
            said.for_each(|said| said.raced = true);
        }
        for person in &mut self.people {
            let news = person.client.news();
            person.look(news, &mut self.books.witness, self.tally);
        }
    }

    async fn end(mut self, last: bool) -> Books {
        FAULTS.iter().for_each(|fault| arm(fault, 0));
        if last {
            self.all_is_well().await;
            nothing_is_half_done(self.stage, &self.books).await;
        }
        self.books
    }

    /// After all that: nothing is locked, nobody waits, and what the sessions think is what is on disk.
    async fn all_is_well(&mut self) {
        for person in &mut self.people {
            person.client.settle(self.stage).await;
        }
        pass(3_000).await;
        self.look();
        for person in &mut self.people {
            person.client.all_is_answered();
            person.client.select().await;
            let peer = &mut person.client.peer;
            if peer.place().await.0 != 1 {
                peer.ask(travel(1)).await;
            }
            if let Some(trade) = person.trade.take() {
                peer.ask(decline(&trade)).await;
            }
        }
        // Whoever waits in a trade for somebody who never came waits five seconds, and is looked after once a second.
        pass(6_000).await;
        self.look();
        assert_eq!(self.stage.world.trades().len(), 0, "{:?}", self.stage.world.mesh_view());
        for person in &mut self.people {
            let peer = &mut person.client.peer;
            let disk = &sheets(self.stage, &[peer.character]).await[0];
            let shown = deal::belongings(peer).await;
            assert_eq!(shown, rules::inventory::inventory(disk, self.stage.world.content()));
            for item in shown.items {
                // Worn or not by now: nothing keeps it.
                let id = WhichItem { item_id: item.item_id };
                if let ServerMessage::Error(error) = peer.ask(ClientMessage::ItemEquip(id)).await {
                    assert!(item.equipped && error.error_code == ErrorCode::Conflict, "{error:?}");
                }
            }
        }
        let (one, two) = self.people.split_at_mut(1);
        let (one, two) = (&mut one[0].client.peer, &mut two[0].client.peer);
        if deal::belongings(one).await.souls > 0 {
            assert!(deal::attempt(one, two).await);
            let side = |who: &Peer, souls| Offer {
                character_id: who.character,
                items: Vec::new(),
                stacks: Vec::new(),
                souls,
                accepted: false,
            };
            let given = vec![side(one, 1), side(two, 0)];
            self.books.witness.completed.insert("at the end".to_owned(), given);
        }
    }
}

async fn sheets(stage: &Stage, of: &[CharacterId]) -> Vec<Sheet> {
    let mut all = Vec::new();
    for id in of {
        all.push(stage.store.read(storage::sheets::load(*id)).await.unwrap().unwrap());
    }
    all
}

/// All items, as far as they are of interest.
async fn things(stage: &Stage, me: CharacterId, all: &[CharacterId], play: &Play) -> Things {
    let mut things = Things { own: Vec::new(), others: Vec::new(), heaps: Vec::new() };
    let of_items = matches!(
        play,
        Play::Offer { .. }
            | Play::Equip { .. }
            | Play::Unequip { .. }
            | Play::Sell { item: Some(_) }
            | Play::LayDown { item: Some(_) }
    );
    if of_items {
        for sheet in sheets(stage, all).await {
            let whose = if sheet.character_id == me { &mut things.own } else { &mut things.others };
            whose.extend(sheet.items.keys().copied());
        }
    }
    things
}

/// What was told is on disk, what was refused is not, and everybody has what he should.
async fn nothing_is_half_done(stage: &Stage, books: &Books) {
    let Books { census, witness } = books;
    let report = deal::total(stage).await;
    assert_eq!(report.problems, Vec::<String>::new());
    let mut unheard = false;
    for trade in witness.trades.keys() {
        let cause = rules::trade::cause_of(trade);
        let settled = stage.store.read(storage::sheets::is_settled(cause)).await.unwrap();
        let heard = witness.completed.contains_key(trade);
        assert!(settled || !heard, "{trade} was told to be complete");
        assert!(!(settled && witness.declined.contains(trade)), "{trade} was told to be declined");
        unheard |= settled && !heard;
    }
    let expected = expected(stage, witness).await;
    let ground = storage::ground::of_shard(Vec::new(), LOCATIONS.map(LocationId).to_vec());
    let heaps = stage.store.read(ground).await.unwrap().heaps;
    let now = Ledger::of(&sheets(stage, &census.characters).await, &heaps);
    assert_eq!(now.in_all(), expected.in_all(), "{:?}", witness.dealings);
    // Of what nobody heard it is not known what it was.
    if !unheard {
        assert_eq!(now.each(), expected.each(), "{:?} {:?}", witness.completed, witness.dealings);
    }
}

/// Who should have what. A command whose answer nobody heard was done if its answer is kept.
async fn expected(stage: &Stage, witness: &Witness) -> Ledger {
    let content = stage.world.content();
    let mut ledger = Ledger::of(&witness.start, &[]);
    let mut done = Vec::new();
    for (id, dealing) in &witness.dealings {
        let kept = storage::answers::find(dealing.who, id.clone());
        let kept = stage.store.read(kept).await.unwrap();
        assert!(kept.is_some() || !witness.granted.contains(id), "{id} was granted: {dealing:?}");
        let Some(kept) = kept else { continue };
        assert!(!witness.refused.contains(id), "{id} was refused: {dealing:?}");
        let kept: Incoming<ServerMessage> = codec::decode(Dialect::V1Json, kept.as_bytes()).unwrap();
        let ServerMessage::InventoryUpdate(update) = kept.message else { panic!("{kept:?}") };
        ledger.buy(dealing, &update, content);
        done.push(dealing);
    }
    done.into_iter().for_each(|dealing| ledger.deal(dealing, content));
    witness.completed.values().for_each(|offers| ledger.trade(offers));
    ledger
}

fn trades_are_whole(seed: u64) {
    prove("TRADE_CASES", seed, script(), &SITUATIONS, |script, tally| play_out(&script, tally));
}

eight_times!(trades_are_whole);
