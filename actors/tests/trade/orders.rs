//! Every order in which two agree to a trade while one of them logs out, comes back, is taken over and is deleted, 1,957
//! in all: never two who play one character, nothing is half done, nothing is made or lost, and nobody is stuck.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::LazyLock;

use actors::World;
use protocol::characters::WhichCharacter;
use protocol::ids::ItemId;
use protocol::session::Bare;
use protocol::{ClientMessage, ErrorCode, ErrorMessage, ServerMessage};
use rules::sheet::Sheet;
use rules::trade::cause_of;

use super::deal::{self, Offer, accept, decline, offer, open, total, update};
use crate::machine::Census;
use crate::peer::Peer;
use crate::stage::{Disk, Plan, Stage, in_letters, pass, play_on};

/// What happens to a trade between Anna and Berta that is open, with something in it from both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Event {
    AnnaAccepts,
    BertaAccepts,
    /// The session that plays her ends.
    AnnaLogsOut,
    /// She signs in, and selects her character.
    AnnaLogsIn,
    /// A session that she had already selects her character.
    AnnaIsTakenOver,
    AnnaIsDeleted,
}

const EVENTS: [Event; 6] = [
    Event::AnnaAccepts,
    Event::BertaAccepts,
    Event::AnnaLogsOut,
    Event::AnnaLogsIn,
    Event::AnnaIsTakenOver,
    Event::AnnaIsDeleted,
];

/// All at once, each while the one before is under way (answers of the store take up to 25 ms), or each when that is done.
const PACES_MS: [u64; 3] = [0, 10, 60];
/// Played in one world, so that its beginning is paid once.
const ORDERS_OF_A_WORLD: usize = 30;
/// That share the work.
const TESTS: usize = 4;

/// All in which each occurs once or not at all.
fn orders() -> Vec<Vec<Event>> {
    let mut all = vec![Vec::new()];
    let mut longest = 0..1;
    while !longest.is_empty() {
        let end = all.len();
        for index in longest {
            for event in EVENTS.into_iter().filter(|event| !all[index].contains(event)).collect::<Vec<_>>() {
                all.push([all[index].clone(), vec![event]].concat());
            }
        }
        longest = end..all.len();
    }
    all
}

static BEGINNING: LazyLock<(Vec<u8>, Census)> = LazyLock::new(|| Census::of(2, |_, census| async { census }));

/// Each order at one of the paces; with `TRADE_ORDERS` in the environment at all of them.
fn all_orders_are_sound(part: usize) {
    let orders = orders();
    assert_eq!(orders.len(), 1_957);
    let at_all_paces = std::env::var_os("TRADE_ORDERS").is_some();
    let mine = orders.iter().enumerate().filter(|(number, _)| number % TESTS == part);
    let mine = mine.flat_map(|(number, order)| {
        let of_this = number / TESTS % PACES_MS.len();
        let paces = PACES_MS.into_iter().enumerate();
        paces.filter(move |(pace, _)| at_all_paces || *pace == of_this).map(move |(_, ms)| (order, ms))
    });
    let mine: Vec<_> = mine.collect();
    let mut completed = 0;
    // Not the seed of the world before: ids would come again.
    for (seed, some) in (100..).zip(mine.chunks(ORDERS_OF_A_WORLD)) {
        let (database, census) = &*BEGINNING;
        let plan = Plan::seeded(seed, 25).with(|options| {
            // Nobody walks here.
            options.world.tick_hz = 2;
            options.world.updates_hz = 1;
        });
        completed += play_on(&Disk::with(database), plan, |stage: Stage| async move {
            let mut scene = Scene::begin(stage, census.clone()).await;
            for (order, pace_ms) in some {
                scene.play(order, *pace_ms).await;
            }
            assert_eq!(total(&scene.stage).await.problems, Vec::<String>::new(), "seed {seed}");
            scene.completed
        });
    }
    println!("{completed} of {} were completed", mine.len());
    assert!((20..mine.len() / 2).contains(&completed), "{completed}");
}

/// A world with Berta in it. Anna comes for each order.
struct Scene {
    stage: Stage,
    census: Census,
    berta: Peer,
    /// Named so far.
    characters: u32,
    connections: u64,
    completed: usize,
}

/// Anna's connections, the newest last, and whether her character was deleted.
#[derive(Default)]
struct Anna {
    connections: Vec<Peer>,
    deleted: Option<Result<String, ErrorMessage>>,
}

impl Scene {
    async fn begin(stage: Stage, census: Census) -> Self {
        let (name, address) = &census.names[1];
        let mut berta = Peer::sign_in(&stage.world, name, address).await;
        berta.character = census.characters[1];
        // Names of commands are for a day.
        berta.ids = 1_000_000;
        berta.enter().await;
        Self { stage, census, berta, characters: 0, connections: 0, completed: 0 }
    }

    /// A new session of Anna's.
    fn connection(&mut self) -> impl Future<Output = Peer> + use<> {
        self.connections += 1;
        let (name, address) = self.census.names[0].clone();
        let (world, ids) = (self.stage.world.clone(), self.connections * 1_000);
        let character = self.census.characters[0];
        async move {
            let mut peer = Peer::sign_in(&world, &name, &address).await;
            (peer.character, peer.ids) = (character, ids);
            peer
        }
    }

    async fn play(&mut self, order: &[Event], pace_ms: u64) {
        let context = format!("{order:?}, each {pace_ms} ms after the other");
        let mut first = self.connection().await;
        first.enter().await;
        let mut second = None;
        if order.contains(&Event::AnnaIsTakenOver) {
            second = Some(self.connection().await);
        }
        let before = [self.sheet(0).await.unwrap(), self.sheet(1).await.unwrap()];
        let trade = open(&mut first, &mut self.berta).await;
        let goods = |of: &Sheet, souls| Offer { items: vec![thing(of)], souls, potions: 0 };
        update(first.ask(offer(&trade, &goods(&before[0], 2))).await);
        let shown = update(self.berta.ask(offer(&trade, &goods(&before[1], 1))).await);
        let anna = Rc::new(RefCell::new(Anna { connections: vec![first], deleted: None }));
        let accept = accept(&trade, shown.offer_version);
        for event in order {
            self.happen(*event, &anna, &mut second, &accept);
            if pace_ms > 0 {
                pass(pace_ms).await;
            }
        }
        pass(1_000).await;
        anna.borrow_mut().connections.extend(second);
        let Anna { connections, deleted } = anna.take();
        self.berta.read();
        let deleted = match deleted {
            None => false,
            Some(Ok(_)) => true,
            Some(Err(refused)) => {
                assert_eq!(refused.error_code, ErrorCode::Conflict, "{context}");
                false
            }
        };
        let live = live(&self.stage.world, &connections).await;
        assert!(live <= usize::from(!deleted), "{live} sessions play one character: {context}");
        self.it_is_done_or_not(&before, &trade, deleted, &context).await;
        self.nobody_is_stuck(&trade, deleted, &context).await;
    }

    /// Begins it: what it leads to goes on while the next ones happen.
    fn happen(
        &mut self,
        event: Event,
        anna: &Rc<RefCell<Anna>>,
        second: &mut Option<Peer>,
        accept: &ClientMessage,
    ) {
        let newest = |anna: &Rc<RefCell<Anna>>| anna.borrow().connections.len() - 1;
        let (world, shared) = (self.stage.world.clone(), anna.clone());
        match event {
            Event::AnnaAccepts => {
                let newest = newest(anna);
                say(&mut anna.borrow_mut().connections[newest], accept.clone());
            }
            Event::BertaAccepts => drop(self.berta.send(accept.clone())),
            Event::AnnaLogsOut => {
                let signed = anna.borrow().connections[newest(anna)].signed.clone();
                // It may have ended meanwhile.
                actix_rt::spawn(async move { world.sign_out(signed.account_id, signed.session_id).await });
            }
            Event::AnnaLogsIn => {
                let connection = self.connection();
                actix_rt::spawn(async move {
                    let mut connection = connection.await;
                    select(&mut connection);
                    shared.borrow_mut().connections.push(connection);
                });
            }
            Event::AnnaIsTakenOver => {
                let mut connection = second.take().expect("it happens once");
                select(&mut connection);
                anna.borrow_mut().connections.push(connection);
            }
            Event::AnnaIsDeleted => {
                let account = anna.borrow().connections[0].signed.account_id;
                let character = self.census.characters[0];
                actix_rt::spawn(async move {
                    let deleted = world.delete_character(account, character, None).await;
                    shared.borrow_mut().deleted = Some(deleted);
                });
            }
        }
    }
}

impl Scene {
    /// As it is on disk; absent when it was deleted.
    async fn sheet(&self, of: usize) -> Option<Sheet> {
        self.stage.store.read(storage::sheets::load(self.census.characters[of])).await.unwrap()
    }

    /// All of the trade is on disk and was told, or nothing of it.
    async fn it_is_done_or_not(&mut self, before: &[Sheet; 2], trade: &str, deleted: bool, context: &str) {
        let settled = self.stage.store.read(storage::sheets::is_settled(cause_of(trade))).await.unwrap();
        let completed = self.berta.count(|heard| {
            matches!(&heard.message, ServerMessage::TradeComplete(complete) if complete.trade_id == trade)
        });
        let declined = self.berta.count(|heard| {
            matches!(&heard.message, ServerMessage::TradeDecline(decline) if decline.trade_id == trade)
        });
        assert_eq!((completed, declined == 0 || !settled), (usize::from(settled), true), "{context}");
        let after = [self.sheet(0).await, self.sheet(1).await];
        assert_eq!(after[0].is_none(), deleted, "{context}");
        self.completed += completed;
        let given = if settled { [-1, 1] } else { [0, 0] };
        let things = [thing(&before[0]), thing(&before[1])];
        for (mine, after) in after.iter().enumerate() {
            let Some(after) = after else { continue };
            let mut items: Vec<ItemId> = before[mine].items.keys().copied().collect();
            if settled {
                items.retain(|item| *item != things[mine]);
                items.push(things[1 - mine]);
                items.sort_unstable();
            }
            let souls = before[mine].progression.souls + given[mine];
            let has: Vec<ItemId> = after.items.keys().copied().collect();
            assert_eq!((has, after.progression.souls), (items, souls), "{context}");
        }
    }

    /// Nobody is in a trade that is over, and Anna, or whoever comes after her, can trade with Berta.
    async fn nobody_is_stuck(&mut self, trade: &str, deleted: bool, context: &str) {
        self.berta.ask(decline(trade)).await;
        // Whoever waits in a trade for somebody who never came waits five seconds, and is looked after once a second.
        let mut waited_ms = 0;
        while !self.stage.world.trades().is_empty() {
            assert!(waited_ms < 6_000, "{:?}: {context}", self.stage.world.mesh_view());
            pass(100).await;
            waited_ms += 100;
        }
        let mut anna = self.connection().await;
        if deleted {
            self.characters += 1;
            let name = in_letters(100 + self.characters);
            self.census.characters[0] = anna.make_character_called(&name, 0).await;
        }
        anna.enter().await;
        assert!(deal::attempt(&mut anna, &mut self.berta).await, "{context}");
        let now_ms = self.stage.world.clock().now().wall_ms;
        let account = anna.signed.account_id;
        for row in self.stage.store.read(storage::sessions::list(account, now_ms)).await.unwrap() {
            self.stage.world.sign_out(account, row.session_id).await.unwrap();
        }
        self.berta.heard.clear();
        self.berta.inbox.clear();
    }
}

/// The first of one's things, to give away.
fn thing(sheet: &Sheet) -> ItemId {
    *sheet.items.keys().next().unwrap()
}

/// Nobody hears it when the session is over.
fn say(peer: &mut Peer, message: ClientMessage) {
    peer.ids += 1;
    let id = format!("{}-{}", peer.signed.account_id, peer.ids);
    let _ = peer.send_as(message, Some(&id));
}

fn select(peer: &mut Peer) {
    let which = WhichCharacter { character_id: peer.character };
    say(peer, ClientMessage::CharacterSelect(which));
}

/// How many of these sessions play their character, whether anybody still hears them or not.
async fn live(world: &World, connections: &[Peer]) -> usize {
    let mut live = 0;
    for session in connections.iter().map(|peer| peer.signed.session_id) {
        if world.sessions().running(&session).is_some() {
            let shown = world.command(session, ClientMessage::Inventory(Bare {}), None).await;
            live += usize::from(matches!(shown, Ok(ServerMessage::Inventory(_))));
        }
    }
    live
}

#[test]
fn the_first_quarter_of_all_orders_is_sound() {
    all_orders_are_sound(0);
}

#[test]
fn the_second_quarter_of_all_orders_is_sound() {
    all_orders_are_sound(1);
}

#[test]
fn the_third_quarter_of_all_orders_is_sound() {
    all_orders_are_sound(2);
}

#[test]
fn the_last_quarter_of_all_orders_is_sound() {
    all_orders_are_sound(3);
}
