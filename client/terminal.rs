//! A small terminal client: lines in, lines out. Works over any reader and writer, so a test can play it too.

mod arguments;
mod command;
mod deeds;
mod game;
mod scene;
mod show;

use std::io;

use protocol::characters::CharacterAnswer;
use protocol::{ErrorCode, Incoming, ServerMessage};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncWrite};
use tokio::sync::mpsc;

use crate::commands::ask;
use crate::{Client, ClientError, Notice, Options, compose};
use game::{Game, News, print};
use scene::Scene;

/// What waits to be shown. When the terminal does not take it, the client stops reading.
const NEWS_MAX: usize = 256;

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
    let (news, heard) = mpsc::channel(NEWS_MAX);
    listen(&client, news);
    let taken = enter_the_world(&client, &play, &mut output).await?;
    print(&mut output, "Type to talk to everybody, /help for the rest.").await?;
    let mut game = Game { client: client.clone(), output, scene: Scene::of(&taken) };
    let result = game.run(input.lines(), heard).await;
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

fn listen(client: &Client, news: mpsc::Sender<News>) {
    let notices = news.clone();
    client.on_rest_async(move |incoming: Incoming<ServerMessage>| {
        let news = news.clone();
        async move {
            // Where everybody is is looked up when it is asked for.
            if !matches!(incoming.message, ServerMessage::AreaUpdate(_)) {
                // Nobody listens any more once the game is over.
                news.send(News::Message(Box::new(incoming.message))).await.ok();
            }
        }
    });
    client.on_notice(move |notice: &Notice| {
        notices.try_send(News::Notice(notice.clone())).ok();
    });
}

async fn enter_the_world(
    client: &Client,
    play: &Play,
    output: &mut (impl AsyncWrite + Unpin),
) -> Result<CharacterAnswer, PlayError> {
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
    let select = compose::select_character(character.id);
    let taken = ask!(client, select, ServerMessage::CharacterSelect(taken) => taken)?;
    print(output, &format!("You are {} of the {}.", taken.character.name, taken.character.faction)).await?;
    Ok(taken)
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
