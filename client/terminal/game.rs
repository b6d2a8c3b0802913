//! The game itself: lines in, what was heard out, one after the other.

use std::io;

use protocol::chat::Chat;
use protocol::inventory::InventoryUpdate;
use protocol::{LocationId, ServerMessage};
use tokio::io::{AsyncBufRead, AsyncWrite, AsyncWriteExt, Lines};
use tokio::sync::mpsc;

use crate::terminal::PlayError;
use crate::terminal::command::{Command, help};
use crate::terminal::scene::Scene;
use crate::terminal::show;
use crate::{Client, ClientError, NearbyPlayer, Notice};

/// Of what happened in the world lately, so many are shown.
const EVENTS: u32 = 10;

/// What was heard.
pub enum News {
    Message(Box<ServerMessage>),
    Notice(Notice),
}

/// Who plays, and what he knows.
pub struct Game<W> {
    pub client: Client,
    pub output: W,
    pub scene: Scene,
}

/// What a command comes to: what to say, and what was answered that nobody else hears.
#[derive(Default)]
pub struct Answer {
    pub text: String,
    pub heard: Option<ServerMessage>,
}

impl From<String> for Answer {
    fn from(text: String) -> Self {
        Self { text, heard: None }
    }
}

impl From<&str> for Answer {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<ServerMessage> for Answer {
    fn from(heard: ServerMessage) -> Self {
        Self { text: String::new(), heard: Some(heard) }
    }
}

impl<W: AsyncWrite + Unpin> Game<W> {
    pub async fn run<R: AsyncBufRead + Unpin>(
        &mut self,
        mut typed: Lines<R>,
        mut news: mpsc::Receiver<News>,
    ) -> Result<(), PlayError> {
        loop {
            tokio::select! {
                heard = news.recv() => match heard {
                    Some(News::Message(message)) => self.hear(&message).await?,
                    Some(News::Notice(notice)) => self.say(&show::notice(&notice).unwrap_or_default()).await?,
                    None => return Ok(()),
                },
                line = typed.next_line() => {
                    let Some(line) = line? else { return Ok(()) };
                    match Command::parse(&line) {
                        Ok(Command::Quit) => return Ok(()),
                        // What is heard meanwhile waits in its channel.
                        Ok(command) => self.do_it(command).await?,
                        Err(advice) => self.say(&advice).await?,
                    }
                }
            }
        }
    }

    async fn do_it(&mut self, command: Command) -> Result<(), PlayError> {
        match self.obey(command).await {
            Ok(Answer { text, heard }) => {
                self.say(&text).await?;
                if let Some(message) = heard {
                    self.hear(&message).await?;
                }
            }
            Err(error @ ClientError::Ended(_)) => return Err(error.into()),
            Err(error) => self.say(&show::error(&error)).await?,
        }
        Ok(())
    }

    async fn hear(&mut self, message: &ServerMessage) -> io::Result<()> {
        if self.scene.is_past(message) {
            return Ok(());
        }
        let line = show::message(message, &self.scene);
        self.scene.learn(message);
        self.say(&line.unwrap_or_default()).await
    }

    async fn say(&mut self, line: &str) -> io::Result<()> {
        if line.is_empty() { Ok(()) } else { print(&mut self.output, line).await }
    }

    /// Does it. What everybody hears of it, oneself included, is shown when it is heard.
    async fn obey(&mut self, command: Command) -> Result<Answer, ClientError> {
        let client = &self.client;
        Ok(match command {
            Command::Nothing | Command::Quit => Answer::default(),
            Command::Chat(text) => said(client.send_chat(text).await?),
            Command::Say(text) => said(client.say(text).await?),
            Command::Faction(text) => said(client.faction_chat(text).await?),
            Command::PartyChat(text) => said(client.party_chat(text).await?),
            Command::Whisper { to, text } => said(client.whisper(to, text).await?),
            Command::Block(name) => {
                client.block(name.as_str()).await?;
                format!("You hear nothing more from {name}.").into()
            }
            Command::Unblock(name) => {
                client.unblock(name.as_str()).await?;
                format!("{name} may turn to you again.").into()
            }
            Command::Blocked => show::blocked(&client.blocked().await?).into(),
            Command::Go(location) => {
                client.send_move(LocationId(location), client.location()).await?;
                Answer::default()
            }
            Command::Position(position) => {
                client.send_position_update(position, None).await?;
                Answer::default()
            }
            Command::Who => show::players(&client.get_nearby_players(None)).into(),
            Command::Where => show::location(client.location()).into(),
            Command::Me => show::oneself(&client.own_state().await?).into(),
            Command::Combat(combat) => self.fight(combat).await?,
            Command::Use(what) => self.use_up(&what).await?,
            Command::Inventory => show::inventory(&client.inventory().await?).into(),
            Command::Equip(item) => changed(client.equip(item).await?),
            Command::Unequip(item) => changed(client.unequip(item).await?),
            Command::Ground => show::ground(&client.ground()).into(),
            Command::Drop(what) => changed(client.drop_item(what).await?),
            Command::Take(id) => changed(client.pick_up(id).await?),
            Command::Vendor => show::vendor(&client.vendor().await?).into(),
            Command::Buy { kind, quantity } => changed(client.buy(&kind, quantity).await?),
            Command::Sell(what) => changed(client.sell(what).await?),
            Command::Party(party) => self.party(party).await?,
            Command::Trade(trade) => self.trade(trade).await?,
            Command::Quests => {
                client.ask_quests().await?;
                Answer::default()
            }
            Command::World => show::world(&client.get_world_state().await?).into(),
            Command::Shards => show::shards(&client.get_shards().await?).into(),
            Command::News => show::events(&client.get_events(EVENTS).await?).into(),
            Command::Help => help().into(),
        })
    }

    /// Somebody near, by name.
    pub fn find(&self, name: &str) -> Option<NearbyPlayer> {
        let near = self.client.get_nearby_players(None);
        near.into_iter().find(|player| player.character_name.to_lowercase() == name.to_lowercase())
    }
}

/// What one says is heard by oneself too.
fn said(_: Chat) -> Answer {
    Answer::default()
}

/// The handlers hear of it too.
fn changed(_: InventoryUpdate) -> Answer {
    Answer::default()
}

pub async fn print(output: &mut (impl AsyncWrite + Unpin), line: &str) -> io::Result<()> {
    output.write_all(line.as_bytes()).await?;
    output.write_all(b"\n").await?;
    output.flush().await
}
