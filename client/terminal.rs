//! A small terminal client: lines in, lines out. Works over any reader and writer, so a test can play it too.

mod command;
mod show;

use std::io;

use protocol::ids::GroundId;
use protocol::{ErrorCode, Incoming, LocationId, ServerMessage};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite, AsyncWriteExt, Lines};
use tokio::sync::mpsc;

use crate::{Client, ClientError, Notice, Options};
use command::Command;
use protocol::movement::Position;

/// Lines that wait to be shown. When the terminal does not take them, the client stops reading.
const LINES_MAX: usize = 256;

/// Why a game at the terminal ended badly.
#[derive(Debug, thiserror::Error)]
pub enum PlayError {
    #[error(transparent)]
    Client(#[from] ClientError),
    #[error("the terminal can't be read or written: {0}")]
    Terminal(#[from] io::Error),
}

/// Who plays, and where.
#[derive(Debug, Clone)]
pub struct Play {
    /// For example `http://127.0.0.1:8888`.
    pub url: String,
    pub username: String,
    pub password: String,
    /// Make the account if there is none of this name.
    pub register: bool,
    /// Which character; the first one without it. One of this name is made if there is none.
    pub character: Option<String>,
    pub options: Options,
}

/// Plays until `/quit`, the end of the input, or the end of the connection.
///
/// # Errors
/// When signing in fails, the connection ends for good, or the terminal does.
pub async fn play<R, W>(play: Play, input: R, mut output: W) -> Result<(), PlayError>
where
    R: AsyncBufRead + Unpin,
    W: AsyncWrite + Unpin,
{
    let client = sign_in(&play).await?;
    let (lines, shown) = mpsc::channel(LINES_MAX);
    listen(&client, lines);
    enter_the_world(&client, &play, &mut output).await?;
    print(&mut output, "Type to talk to everybody, /help for the rest.").await?;
    let mut game = Game { client: client.clone(), output };
    let result = game.run(input.lines(), shown).await;
    drop(game);
    client.leave();
    result
}

async fn sign_in(play: &Play) -> Result<Client, ClientError> {
    let connect = || Client::connect_with(&play.url, &play.username, &play.password, play.options.clone());
    if play.register {
        match Client::register(&play.url, &play.username, &play.password).await {
            Err(error) if error.code() == Some(ErrorCode::NameTaken) => {}
            Err(error) => return Err(error),
            Ok(()) => {}
        }
    }
    connect().await
}

fn listen(client: &Client, lines: mpsc::Sender<String>) {
    let notices = lines.clone();
    client.on_rest_async(move |incoming: Incoming<ServerMessage>| {
        let lines = lines.clone();
        async move {
            if let Some(line) = show::message(&incoming.message) {
                // Nobody listens any more once the game is over.
                lines.send(line).await.ok();
            }
        }
    });
    client.on_notice(move |notice: &Notice| {
        if let Some(line) = show::notice(notice) {
            notices.try_send(line).ok();
        }
    });
}

async fn enter_the_world(
    client: &Client,
    play: &Play,
    output: &mut (impl AsyncWrite + Unpin),
) -> Result<(), PlayError> {
    let characters = client.characters().await?;
    for character in &characters {
        let level = character.progression.level;
        let line = format!("  {} - level {level} {} {}", character.name, character.race, character.class);
        print(output, &line).await?;
    }
    let wanted = play.character.as_deref();
    let found = characters.into_iter().find(|character| wanted.is_none_or(|name| character.name == name));
    let character = match found {
        Some(character) => character,
        None => {
            let name = wanted.map_or_else(|| name_from(&play.username), str::to_owned);
            print(output, &format!("You have no character yet: {name} comes to life.")).await?;
            client.create_character(&name, "Human", "Warrior", "Golden Order").await?
        }
    };
    let character = client.select_character(character.id).await?;
    print(output, &format!("You are {} of the {}.", character.name, character.faction)).await?;
    Ok(())
}

/// A character's name from a user name: letters only, at least three.
fn name_from(username: &str) -> String {
    let letters: String = username.chars().filter(|letter| letter.is_ascii_alphabetic()).take(40).collect();
    let mut name = letters.to_lowercase();
    if let Some(first) = name.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    if name.len() < 3 { format!("Wanderer {name}").trim_end().to_owned() } else { name }
}

struct Game<W> {
    client: Client,
    output: W,
}

impl<W: AsyncWrite + Unpin> Game<W> {
    async fn run<R: AsyncBufRead + Unpin>(
        &mut self,
        mut typed: Lines<R>,
        mut shown: mpsc::Receiver<String>,
    ) -> Result<(), PlayError> {
        loop {
            tokio::select! {
                line = shown.recv() => match line {
                    Some(line) => print(&mut self.output, &line).await?,
                    None => return Ok(()),
                },
                line = typed.next_line() => {
                    let Some(line) = line? else { return Ok(()) };
                    let command = match Command::parse(&line) {
                        Ok(Command::Quit) => return Ok(()),
                        Ok(command) => command,
                        Err(advice) => {
                            print(&mut self.output, &advice).await?;
                            continue;
                        }
                    };
                    // What is heard meanwhile waits in its channel.
                    match self.obey(command).await {
                        Ok(answer) if answer.is_empty() => {}
                        Ok(answer) => print(&mut self.output, &answer).await?,
                        Err(error @ ClientError::Ended(_)) => return Err(error.into()),
                        Err(error) => print(&mut self.output, &format!("! {error}")).await?,
                    }
                }
            }
        }
    }

    /// Does it; what one's own words look like is shown when they are heard.
    async fn obey(&self, command: Command) -> Result<String, ClientError> {
        let client = &self.client;
        match command {
            Command::Nothing | Command::Quit => {}
            Command::Chat(text) => drop(client.send_chat(text).await?),
            Command::Say(text) => drop(client.say(text).await?),
            Command::Faction(text) => drop(client.faction_chat(text).await?),
            Command::Whisper { to, text } => drop(client.whisper(to, text).await?),
            Command::Block(name) => {
                client.block(name.as_str()).await?;
                return Ok(format!("You hear nothing more from {name}."));
            }
            Command::Unblock(name) => {
                client.unblock(name.as_str()).await?;
                return Ok(format!("{name} may turn to you again."));
            }
            Command::Blocked => return Ok(show::blocked(&client.blocked().await?)),
            Command::Go(location) => drop(client.send_move(LocationId(location), client.location()).await?),
            Command::Position { x, y } => {
                client.send_position_update(Position { x, y, z: 0.0 }, None).await?;
            }
            Command::Inventory => return Ok(show::inventory(&client.inventory().await?)),
            Command::Ground => return Ok(show::ground(&client.ground())),
            Command::Drop(what) => drop(client.drop_item(what).await?),
            Command::Take(id) => drop(client.pick_up(GroundId(id)).await?),
            Command::Who => return Ok(show::players(&client.get_nearby_players(None))),
            Command::Where => {
                return Ok(show::location(client.location()));
            }
            Command::World => return Ok(show::world(&client.get_world_state().await?)),
            Command::Shards => return Ok(show::shards(&client.get_shards().await?)),
            Command::Help => return Ok(command::HELP.to_owned()),
        }
        Ok(String::new())
    }
}

async fn print(output: &mut (impl AsyncWrite + Unpin), line: &str) -> io::Result<()> {
    output.write_all(line.as_bytes()).await?;
    output.write_all(b"\n").await?;
    output.flush().await
}

#[cfg(test)]
mod tests {
    use super::name_from;

    #[test]
    fn every_user_name_gives_a_character_a_name_it_may_have() {
        let cases = [("mira", "Mira"), ("MIRA_42", "Mira"), ("x1", "Wanderer X"), ("42", "Wanderer")];
        for (username, name) in cases {
            assert_eq!(name_from(username), name);
        }
    }
}
