//! People whose messages fare as the script says, over all lives of a process.

use std::collections::BTreeSet;

use protocol::characters::WhichCharacter;
use protocol::{CharacterId, ClientMessage, ServerMessage};

use super::{Deed, Fate};
use crate::peer::{Heard, Peer};
use crate::stage::{Disk, Plan, Stage, play_on};

/// Who there is, whatever lives and dies.
#[derive(Clone, Default)]
pub struct Census {
    pub names: Vec<(String, String)>,
    pub characters: Vec<CharacterId>,
    /// Commands named so far.
    ids: u64,
}

/// Somebody, with what has to be answered to him.
pub struct Client {
    pub peer: Peer,
    pub sent: BTreeSet<String>,
    /// Signed out, and since when by the wall clock.
    pub away_since_ms: Option<i64>,
}

impl Census {
    /// So many, each with a character, and the disk that they are on. `look` says what else is worth knowing of them.
    pub fn of<T, F: Future<Output = T>>(people: usize, look: impl FnOnce(Stage, Self) -> F) -> (Vec<u8>, T) {
        let disk = Disk::new();
        let seen = play_on(&disk, Plan::default(), |stage: Stage| async move {
            let mut census = Self::default();
            for _ in 0..people {
                let mut peer = stage.guest().await;
                census.characters.push(peer.make_character(0).await);
                census.names.push((peer.name.clone(), peer.address.clone()));
            }
            look(stage, census).await
        });
        (disk.database(), seen)
    }

    /// Everybody comes into the world.
    pub async fn arrive(&mut self, stage: &Stage) -> Vec<Client> {
        let mut people = Vec::new();
        for ((name, address), character) in self.names.iter().zip(&self.characters) {
            let mut peer = Peer::sign_in(&stage.world, name, address).await;
            peer.character = *character;
            // Names of commands are for a day.
            peer.ids = 1_000_000 + self.ids;
            self.ids += 1_000;
            peer.enter().await;
            people.push(Client { peer, sent: BTreeSet::new(), away_since_ms: None });
        }
        people
    }
}

impl Client {
    /// Sends a message as it fares, and says what it is called.
    pub fn send(&mut self, message: &ClientMessage, fate: Fate, census: &mut Census) -> String {
        let id = format!("{}-{}", self.peer.name, census.ids);
        census.ids += 1;
        for _ in 0..match fate {
            Fate::Arrives => 1,
            Fate::Doubled => 2,
            Fate::Lost => 0,
        } {
            self.sent.insert(id.clone());
            // A full mailbox is for floods.
            self.peer.send_as(message.clone(), Some(&id)).unwrap();
        }
        id
    }

    /// Does what is not of the game; hands back what is.
    pub async fn comes_and_goes<'a, D>(&mut self, deed: &'a Deed<D>, stage: &Stage) -> Option<&'a D> {
        match deed {
            // Whoever is away comes back first.
            _ if self.away_since_ms.is_some() => self.begin_anew(stage).await,
            Deed::Play(play) => return Some(play),
            Deed::Drop => self.peer.drop_connection(),
            Deed::Reconnect => self.reconnect().await,
            Deed::TakeOver => self.begin_anew(stage).await,
            Deed::SignOutAndIn => {
                self.sign_out(stage).await;
                self.begin_anew(stage).await;
            }
            Deed::SignOut => {
                self.sign_out(stage).await;
                self.away_since_ms = Some(stage.world.clock().now().wall_ms);
            }
        }
        None
    }

    async fn reconnect(&mut self) {
        // What was not answered may be lost with the connection.
        self.sent.clear();
        self.peer.reconnect().await;
    }

    async fn sign_out(&mut self, stage: &Stage) {
        let (account, session) = (self.peer.signed.account_id, self.peer.signed.session_id);
        self.sent.clear();
        // It may have ended meanwhile.
        let _ = stage.world.sign_out(account, session).await;
    }

    async fn begin_anew(&mut self, stage: &Stage) {
        self.sent.clear();
        self.away_since_ms = None;
        let mut peer = stage.again(&self.peer).await;
        peer.send_as(select(&peer), None).unwrap();
        self.peer = peer;
    }

    /// Back to where answers can be heard, with the character in the world, when all is over.
    pub async fn settle(&mut self, stage: &Stage) {
        if self.away_since_ms.is_some() {
            self.begin_anew(stage).await;
        } else if self.peer.ended.is_some() || !self.peer.outbox.hears(self.peer.link) {
            self.reconnect().await;
        }
    }

    /// Whatever was said was answered, and alike if it was answered twice.
    pub fn all_is_answered(&self) {
        for id in &self.sent {
            let answers = self.peer.heard.iter().filter(|heard| heard.id.as_ref() == Some(id));
            let answers: Vec<_> = answers.map(|heard| &heard.message).collect();
            assert!(!answers.is_empty(), "{id} was not answered");
            // What was refused for the moment may be done at the second try; what was done is told alike.
            let last = answers[answers.len() - 1];
            assert!(answers.iter().all(|answer| *answer == last || is_passing(answer)), "{id}: {answers:?}");
        }
    }

    /// Takes the character into the world again.
    pub async fn select(&mut self) {
        let taken = self.peer.ask(select(&self.peer)).await;
        assert!(matches!(taken, ServerMessage::CharacterSelect(_)), "{taken:?}");
    }

    /// What arrived since the last look.
    pub fn news(&mut self) -> Vec<Heard> {
        self.peer.read();
        std::mem::take(&mut self.peer.inbox).into()
    }
}

fn select(peer: &Peer) -> ClientMessage {
    ClientMessage::CharacterSelect(WhichCharacter { character_id: peer.character })
}

/// Whether a command was refused for the moment only.
pub fn is_passing(answer: &ServerMessage) -> bool {
    use protocol::ErrorCode::{Busy, Internal, NoCharacter};
    matches!(answer, ServerMessage::Error(error) if matches!(error.error_code, Busy | Internal | NoCharacter))
}
