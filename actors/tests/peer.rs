//! A client without a socket: it sends through its session's door and pulls from its outbox.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Poll, ready};
use std::time::Duration;

use actors::World;
use actors::accounts::SignedIn;
use actors::bells::{Bell, Bells};
use actors::entity::Undelivered;
use actors::outbox::{Farewell, LinkNumber, Outbox, Pulled};
use actors::session::Inlet;
use protocol::characters::{CreateCharacter, WhichCharacter};
use protocol::chat::{Channel, Chat, Say};
use protocol::movement::{LocationUpdate, Move, Position};
use protocol::{
    CharacterId, ClientMessage, Dialect, ErrorCode, ErrorMessage, Incoming, LocationId, MessageId,
    ServerMessage, Text, codec,
};
use storage::sessions::SessionRow;

/// How long (on the paused clock) an answer may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// What a message is said to weigh.
const BYTES: usize = 120;

/// One message that arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    pub seq: Option<u64>,
    pub id: Option<String>,
    pub message: ServerMessage,
}

/// See the module.
pub struct Peer {
    pub world: World,
    pub name: String,
    pub address: String,
    pub signed: SignedIn,
    pub character: CharacterId,
    pub link: LinkNumber,
    pub outbox: Arc<Outbox>,
    pub inlet: Inlet,
    pub dialect: Dialect,
    /// What arrived and was not asked for yet.
    pub inbox: VecDeque<Heard>,
    /// Everything that ever arrived.
    pub heard: Vec<Heard>,
    pub pings: u32,
    pub ended: Option<Farewell>,
    /// Answers every ping, as clients do.
    pub pongs: bool,
    last_seq: u64,
    bells: Arc<Bells>,
    /// Commands named so far.
    pub ids: u64,
}

impl Peer {
    pub async fn sign_in(world: &World, name: &str, address: &str) -> Self {
        let signed = world.sign_in(name, "password", address).await.unwrap();
        Self::join(world, name, address, signed, Dialect::V1Json).await
    }

    pub async fn join(world: &World, name: &str, address: &str, signed: SignedIn, dialect: Dialect) -> Self {
        let attached = world.attach(signed.session_id, dialect, address).await.unwrap();
        Self {
            world: world.clone(),
            name: name.to_owned(),
            address: address.to_owned(),
            signed,
            character: CharacterId(0),
            link: attached.inlet.link,
            outbox: attached.inlet.outbox.clone(),
            inlet: attached.inlet,
            dialect,
            inbox: VecDeque::new(),
            heard: Vec::new(),
            pings: 0,
            ended: None,
            pongs: true,
            last_seq: attached.last_seq,
            bells: Arc::default(),
            ids: 0,
        }
    }

    /// A new connection of the same session, as after a drop.
    pub async fn reconnect(&mut self) {
        let attached = self.world.attach(self.signed.session_id, self.dialect, &self.address).await.unwrap();
        self.link = attached.inlet.link;
        self.outbox = attached.inlet.outbox.clone();
        self.inlet = attached.inlet;
        self.last_seq = attached.last_seq;
        self.ended = None;
    }

    /// The socket is gone.
    pub fn drop_connection(&self) {
        self.outbox.detach(self.link, self.world.clock().mono_ms());
    }

    /// Its socket takes nothing until it reads again.
    pub fn stop_reading(&self) {
        self.outbox.jam(self.link);
    }

    pub async fn make_character(&mut self, faction: usize) -> CharacterId {
        let name = self.name.clone();
        self.make_character_called(&name, faction).await
    }

    pub async fn make_character_called(&mut self, name: &str, faction: usize) -> CharacterId {
        let faction = self.world.content().factions()[faction].name.clone();
        let request = CreateCharacter {
            name: text(name),
            race: text("Human"),
            class: text("Warrior"),
            faction: text(&faction),
            method: None,
            stats: None,
        };
        let made = self.world.create_character(self.signed.account_id, &request, None).await.unwrap();
        self.character = made.id;
        made.id
    }

    /// Takes the character into the world.
    pub async fn enter(&mut self) -> LocationUpdate {
        let select = ClientMessage::CharacterSelect(WhichCharacter { character_id: self.character });
        let answer = self.ask(select).await;
        assert!(matches!(answer, ServerMessage::CharacterSelect(_)), "{answer:?}");
        self.wait_place().await
    }

    pub async fn row(&self) -> SessionRow {
        self.world.authenticate(self.signed.token.as_str()).await.unwrap()
    }

    /// Sends a message under a new name, which it returns.
    pub fn send(&mut self, message: ClientMessage) -> String {
        self.ids += 1;
        let id = format!("{}-{}", self.signed.account_id, self.ids);
        self.send_as(message, Some(&id)).unwrap();
        id
    }

    /// Sends a message under a given name, or none.
    pub fn send_as(&mut self, message: ClientMessage, id: Option<&str>) -> Result<(), Undelivered> {
        let incoming =
            Incoming { message, message_id: id.map(message_id), timestamp: None, seq: None, ack: None };
        self.inlet.receive(incoming, BYTES)
    }

    /// Sends a message and waits for its answer.
    pub async fn ask(&mut self, message: ClientMessage) -> ServerMessage {
        let id = self.send(message);
        self.answer(&id).await
    }

    /// Sends a message that has to be refused.
    pub async fn refused(&mut self, message: ClientMessage) -> ErrorMessage {
        match self.ask(message).await {
            ServerMessage::Error(error) => error,
            other => panic!("{} expected a refusal, got {other:?}", self.name),
        }
    }

    pub async fn answer(&mut self, id: &str) -> ServerMessage {
        self.wait(&format!("the answer to {id}"), |heard| {
            (heard.id.as_deref() == Some(id)).then(|| heard.message.clone())
        })
        .await
    }

    pub async fn error(&mut self, code: ErrorCode) -> ErrorMessage {
        self.wait(&format!("{code}"), |heard| match &heard.message {
            ServerMessage::Error(error) if error.error_code == code => Some(error.clone()),
            _ => None,
        })
        .await
    }

    /// Says something and waits for the own copy of it.
    pub async fn say(&mut self, channel: Channel, content: &str) -> Chat {
        line_of(&self.ask(chat(channel, content)).await).unwrap_or_else(|| panic!("{content} was no line"))
    }

    /// Waits for a line with this content.
    pub async fn hear(&mut self, content: &str) -> Chat {
        self.wait(&format!("the line {content:?}"), |heard| {
            line_of(&heard.message).filter(|line| line.content == content)
        })
        .await
    }

    pub async fn wait_place(&mut self) -> LocationUpdate {
        self.wait("location_update", |heard| match &heard.message {
            ServerMessage::LocationUpdate(update) => Some(update.clone()),
            _ => None,
        })
        .await
    }

    /// Where the server says the character is; 0: nowhere.
    pub async fn place(&self) -> LocationId {
        let seen = self.world.world_view().await;
        let mut here = seen.locations.iter();
        let found = here.find(|place| place.characters.iter().any(|who| who.character_id == self.character));
        found.map_or(LocationId(0), |place| place.location_id)
    }

    /// Takes the first message out of the inbox that `choose` wants, waiting for it if need be.
    pub async fn wait<T>(&mut self, what: &str, choose: impl Fn(&Heard) -> Option<T>) -> T {
        if let Some(found) = self.find(&choose) {
            return found;
        }
        let name = self.name.clone();
        let waited = tokio::time::timeout(DEADLINE, async {
            loop {
                self.pull_some().await;
                if let Some(found) = self.find(&choose) {
                    return Some(found);
                }
                if self.ended.is_some() {
                    return None;
                }
            }
        })
        .await;
        match waited {
            Ok(Some(found)) => found,
            Ok(None) => panic!("{name} waited for {what}; the link ended: {:?}", self.ended),
            Err(_) => panic!("{name} waited for {what} in vain; unread: {:?}", self.inbox),
        }
    }

    fn find<T>(&mut self, choose: &impl Fn(&Heard) -> Option<T>) -> Option<T> {
        let (at, found) = self.inbox.iter().enumerate().find_map(|(at, heard)| Some((at, choose(heard)?)))?;
        self.inbox.remove(at);
        Some(found)
    }

    /// Reads on until the connection is ended, and says how.
    pub async fn goodbye(&mut self) -> Farewell {
        let ended = tokio::time::timeout(DEADLINE, async {
            while self.ended.is_none() {
                self.pull_some().await;
            }
        });
        assert!(ended.await.is_ok(), "{} was not told goodbye; unread: {:?}", self.name, self.inbox);
        self.ended.clone().unwrap()
    }

    /// Takes in what is there now.
    pub fn read(&mut self) {
        let waker = std::task::Waker::noop();
        let mut context = std::task::Context::from_waker(waker);
        while self.poll_pull(&mut context).is_ready() && self.ended.is_none() {}
    }

    /// Lets time go by, reading all the while, as a client does.
    pub async fn linger(&mut self, ms: u64) {
        let until = tokio::time::sleep(Duration::from_millis(ms));
        tokio::pin!(until);
        loop {
            if self.ended.is_some() {
                return until.await;
            }
            tokio::select! {
                biased;
                () = self.pull_some() => {}
                () = &mut until => return,
            }
        }
    }

    /// How many messages `choose` wants arrived ever.
    pub fn count(&self, choose: impl Fn(&Heard) -> bool) -> usize {
        self.heard.iter().filter(|heard| choose(heard)).count()
    }

    /// Every line of a channel in the order it came.
    pub fn lines(&self, channel: Channel) -> Vec<Chat> {
        let lines = self.heard.iter().filter_map(|heard| line_of(&heard.message));
        lines.filter(|line| line.channel == channel).collect()
    }

    async fn pull_some(&mut self) {
        poll_fn(|context| self.poll_pull(context)).await;
    }

    fn poll_pull(&mut self, context: &mut std::task::Context) -> Poll<()> {
        let mut batch = Vec::new();
        let mut read = |seq, text: &[u8]| batch.push((seq, text.to_vec()));
        let bell = Bell::new(&self.bells, 0);
        let pulled = loop {
            match self.outbox.pull(self.link, 64 * 1024, &mut read, &bell) {
                Pulled::Idle => ready!(self.bells.poll_rung(context, &mut Vec::new())),
                pulled => break pulled,
            }
        };
        match pulled {
            Pulled::Idle => {}
            Pulled::Some { ping, .. } => {
                self.pings += u32::from(ping);
                if ping && self.pongs {
                    self.outbox.heard(self.link, self.world.clock().mono_ms());
                }
            }
            Pulled::Ended(farewell) => self.ended = Some(farewell),
        }
        for (seq, text) in batch {
            if let Some(seq) = seq {
                assert_eq!(seq, self.last_seq + 1, "{} missed an event", self.name);
                self.last_seq = seq;
            }
            let incoming: Incoming<ServerMessage> = codec::decode(self.dialect, &text).unwrap();
            let heard =
                Heard { seq, id: incoming.message_id.map(MessageId::into_string), message: incoming.message };
            self.inbox.push_back(heard.clone());
            self.heard.push(heard);
        }
        Poll::Ready(())
    }
}

pub fn text<const MIN: usize, const MAX: usize>(content: &str) -> Text<MIN, MAX> {
    Text::new(content).unwrap()
}

fn message_id(id: &str) -> MessageId {
    text(id)
}

pub fn chat(channel: Channel, content: &str) -> ClientMessage {
    ClientMessage::Chat(Say { channel, content: text(content), recipient_id: None })
}

/// A smooth step.
pub fn step(x: f64, y: f64) -> ClientMessage {
    let position = Some(Position { x, y, z: 0.0 });
    ClientMessage::Move(Move {
        from_location_id: None,
        to_location_id: LocationId::SAME,
        position,
        velocity: None,
    })
}

/// A way to another location.
pub fn travel(to: i64) -> ClientMessage {
    let to_location_id = LocationId(to);
    ClientMessage::Move(Move { from_location_id: None, to_location_id, position: None, velocity: None })
}

pub fn line_of(message: &ServerMessage) -> Option<Chat> {
    match message {
        ServerMessage::Chat(line)
        | ServerMessage::Whisper(line)
        | ServerMessage::FactionChat(line)
        | ServerMessage::PartyChat(line) => Some(line.clone()),
        _ => None,
    }
}
