//! Trades as a state machine: three people do what they like, messages are doubled, lost and late, connections drop,
//! sessions are taken over, actors panic and the process dies. Nothing comes from nowhere, and nothing is half done.

mod script;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use actors::faults::arm;
use proptest::prelude::{ProptestConfig, proptest};
use protocol::characters::WhichCharacter;
use protocol::ids::ItemId;
use protocol::inventory::{SomeOf, WhichItem};
use protocol::{CharacterId, ClientMessage, ErrorCode, ServerMessage};
use rules::sheet::Sheet;

use crate::peer::{Peer, travel};
use crate::stage::{Disk, Plan, Stage, pass, play_on};
use crate::trade::deal::{self, Offer, accept, decline, offer, request};
use script::{Deed, FAULTS, Fate, PEOPLE, Script, Step, script};

/// Somebody, with what he has seen of his trades.
struct Person {
    peer: Peer,
    /// What has to be answered.
    sent: BTreeSet<String>,
    trade: Option<String>,
    version: u32,
}

/// What is known of everybody over all lives.
#[derive(Clone, Default)]
struct Books {
    names: Vec<(String, String)>,
    characters: Vec<CharacterId>,
    start: Vec<Sheet>,
    trades: BTreeSet<String>,
    completed: BTreeMap<String, Vec<protocol::trade::Offer>>,
    declined: BTreeSet<String>,
    sold: bool,
    ids: u64,
}

impl Person {
    fn look(&mut self, books: &mut Books) {
        self.peer.read();
        for heard in std::mem::take(&mut self.peer.inbox) {
            match heard.message {
                ServerMessage::TradeRequest(request) => {
                    books.trades.insert(request.trade_id.clone());
                    self.trade = Some(request.trade_id);
                    self.version = 0;
                }
                ServerMessage::TradeUpdate(update) if self.trade.as_ref() == Some(&update.trade_id) => {
                    self.version = self.version.max(update.offer_version);
                }
                ServerMessage::TradeComplete(complete) if !complete.offers.is_empty() => {
                    let before = books.completed.insert(complete.trade_id, complete.offers.clone());
                    assert!(before.is_none_or(|before| before == complete.offers), "both saw the same");
                }
                ServerMessage::TradeDecline(decline) => drop(books.declined.insert(decline.trade_id)),
                _ => {}
            }
        }
    }

    async fn act(
        &mut self,
        step: &Step,
        stage: &Stage,
        others: &[CharacterId],
        things: Vec<ItemId>,
        books: &mut Books,
    ) {
        let trade = self.trade.clone().unwrap_or_else(|| "none".to_owned());
        let thing = |item: usize| *things.get(item).unwrap_or(&ItemId(999));
        let message = match step.deed {
            Deed::Request { whom } => request(others[whom]),
            Deed::Offer { items, potions, souls } => {
                let chosen = things.iter().enumerate().filter(|(bit, _)| items & (1 << (bit % 8)) != 0);
                offer(&trade, &Offer { items: chosen.map(|(_, id)| *id).collect(), potions, souls })
            }
            Deed::Accept { back } => accept(&trade, self.version.saturating_sub(back)),
            Deed::Decline => decline(&trade),
            Deed::Equip { item } => ClientMessage::ItemEquip(WhichItem { item_id: thing(item) }),
            Deed::Unequip { item } => ClientMessage::ItemUnequip(WhichItem { item_id: thing(item) }),
            Deed::Sell { item } => {
                books.sold = true;
                ClientMessage::VendorSell(SomeOf { item_id: Some(thing(item)), kind: None, quantity: None })
            }
            Deed::Travel { to } => travel(to),
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

/// Three people as they are before the first life of every script.
static BEGINNING: LazyLock<(Vec<u8>, Books)> = LazyLock::new(|| {
    let disk = Disk::new();
    let books = play_on(&disk, Plan::default(), |stage: Stage| async move {
        let mut books = Books::default();
        for _ in 0..PEOPLE {
            let mut peer = stage.guest().await;
            books.characters.push(peer.make_character(0).await);
            books.names.push((peer.name.clone(), peer.address.clone()));
        }
        books.start = sheets(&stage, &books.characters).await;
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
            // Nobody walks here.
            options.world.tick_hz = 2;
            options.world.updates_hz = 1;
        });
        books = play_on(&disk, plan, |stage: Stage| live(stage, life.clone(), last, books));
    }
}

async fn live(stage: Stage, life: Vec<Step>, last: bool, mut books: Books) -> Books {
    // As the death of the process before has left it.
    nothing_is_half_done(&stage, &books).await;
    let mut people = arrive(&stage, &mut books).await;
    let characters = books.characters.clone();
    let (one, two) = people.split_at_mut(1);
    let asked = one[0].peer.ask(request(two[0].peer.character)).await;
    if matches!(asked, ServerMessage::TradeRequest(_)) {
        deal::asked(&mut two[0].peer).await;
    }
    for person in &mut people {
        person.peer.inbox.extend(person.peer.heard.clone());
        person.look(&mut books);
    }
    for step in &life {
        if let Some(fault) = step.fault {
            arm(FAULTS[fault], 1);
        }
        let person = &mut people[step.who];
        let things = match step.deed {
            Deed::Offer { .. } | Deed::Equip { .. } | Deed::Unequip { .. } | Deed::Sell { .. } => {
                let own = &sheets(&stage, &[person.peer.character]).await[0];
                own.items.keys().copied().collect()
            }
            _ => Vec::new(),
        };
        person.act(step, &stage, &characters, things, &mut books).await;
        pass(step.wait_ms).await;
        for person in &mut people {
            person.look(&mut books);
        }
    }
    FAULTS.iter().for_each(|fault| arm(fault, 0));
    if last {
        all_is_well(&stage, people, &mut books).await;
        nothing_is_half_done(&stage, &books).await;
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
        people.push(Person { peer, sent: BTreeSet::new(), trade: None, version: 0 });
    }
    people
}

async fn sheets(stage: &Stage, of: &[CharacterId]) -> Vec<Sheet> {
    let mut all = Vec::new();
    for id in of {
        all.push(stage.store.read(storage::sheets::load(*id)).await.unwrap().unwrap());
    }
    all
}

/// After all that: nothing is locked, nobody waits, and what the sessions think is what is on disk.
async fn all_is_well(stage: &Stage, mut people: Vec<Person>, books: &mut Books) {
    for person in &mut people {
        if person.peer.ended.is_some() || !person.peer.outbox.hears(person.peer.link) {
            person.sent.clear();
            person.peer.reconnect().await;
        }
    }
    pass(3_000).await;
    for person in &mut people {
        person.look(books);
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
        if person.peer.place().await.0 != 1 {
            person.peer.ask(travel(1)).await;
        }
        if let Some(trade) = person.trade.take() {
            person.peer.ask(decline(&trade)).await;
        }
    }
    pass(2_000).await;
    for person in &mut people {
        person.look(books);
    }
    assert_eq!(stage.world.trades().len(), 0, "{:?}", stage.world.mesh_view());
    for person in &mut people {
        let disk = &sheets(stage, &[person.peer.character]).await[0];
        let shown = deal::belongings(&mut person.peer).await;
        assert_eq!(shown, rules::inventory::inventory(disk, stage.world.content()));
        for item in shown.items {
            // Worn or not by now: nothing keeps it.
            let id = WhichItem { item_id: item.item_id };
            if let ServerMessage::Error(error) = person.peer.ask(ClientMessage::ItemEquip(id)).await {
                assert!(item.equipped && error.error_code == ErrorCode::Conflict, "{error:?}");
            }
        }
    }
    let (one, two) = people.split_at_mut(1);
    if deal::belongings(&mut one[0].peer).await.souls > 0 {
        assert!(deal::attempt(&mut one[0].peer, &mut two[0].peer).await);
    }
}

fn is_passing(answer: &ServerMessage) -> bool {
    use protocol::ErrorCode::{Busy, Internal, NoCharacter};
    matches!(answer, ServerMessage::Error(error) if matches!(error.error_code, Busy | Internal | NoCharacter))
}

/// What was told is on disk, what was declined is not, and what everybody had is still there.
async fn nothing_is_half_done(stage: &Stage, books: &Books) {
    let report = deal::total(stage).await;
    assert_eq!(report.problems, Vec::<String>::new());
    let mut unheard = false;
    for trade in &books.trades {
        let cause = rules::trade::cause_of(trade);
        let settled = stage.store.read(storage::sheets::is_settled(cause)).await.unwrap();
        let heard = books.completed.contains_key(trade);
        assert!(settled || !heard, "{trade} was told to be complete");
        assert!(!(settled && books.declined.contains(trade)), "{trade} was told to be declined");
        unheard |= settled && !heard;
    }
    let now = sheets(stage, &books.characters).await;
    let serials = |all: &[Sheet]| {
        let mut all: Vec<ItemId> = all.iter().flat_map(|sheet| sheet.items.keys().copied()).collect();
        all.sort_unstable();
        all
    };
    let potions =
        |all: &[Sheet]| all.iter().map(|sheet| sheet.stacks.get("health_potion").unwrap_or(&0)).sum::<i64>();
    let souls = |all: &[Sheet]| all.iter().map(|sheet| sheet.progression.souls).sum::<i64>();
    assert_eq!(potions(&now), potions(&books.start));
    if books.sold {
        return;
    }
    assert_eq!((serials(&now), souls(&now)), (serials(&books.start), souls(&books.start)));
    if !unheard {
        let moved = owners(books);
        // The soul that shows at the end that all is well goes from the first to the second.
        for sheet in &now {
            let expected = moved[&sheet.character_id];
            let (who, has) = (sheet.character_id, sheet.progression.souls);
            assert!(
                (has - expected).abs() <= 1,
                "{who} has {has} souls, not {expected}: {:?}",
                books.completed
            );
        }
    }
}

/// The souls that everybody should have after all that was told.
fn owners(books: &Books) -> BTreeMap<CharacterId, i64> {
    let mut souls: BTreeMap<_, _> =
        books.start.iter().map(|sheet| (sheet.character_id, sheet.progression.souls)).collect();
    for offers in books.completed.values() {
        let [one, two] = &offers[..] else { panic!("{offers:?}") };
        for (from, to) in [(one, two), (two, one)] {
            *souls.get_mut(&from.character_id).unwrap() -= i64::from(from.souls);
            *souls.get_mut(&to.character_id).unwrap() += i64::from(from.souls);
        }
    }
    souls
}

/// So many in each of the eight tests; `TRADE_CASES=125000` makes it a million in all.
fn cases() -> ProptestConfig {
    let asked = std::env::var("TRADE_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: asked.unwrap_or(250), failure_persistence: None, ..ProptestConfig::default() }
}

/// The same property under several names: cores share the work.
macro_rules! a_trade_is_whole_or_not_at_all {
    ($($name:ident)*) => {
        proptest! {
            #![proptest_config(cases())]
            $(#[test] fn $name(script in script()) { play_out(&script); })*
        }
    };
}

a_trade_is_whole_or_not_at_all! {
    whatever_happens_first
    whatever_happens_second
    whatever_happens_third
    whatever_happens_fourth
    whatever_happens_fifth
    whatever_happens_sixth
    whatever_happens_seventh
    whatever_happens_eighth
}
