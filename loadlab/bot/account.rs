//! Who a bot signs in as: a minted account with its token, or one of its own with a password.

use client::{Client, ClientError, Options};
use protocol::CharacterId;

use crate::stage::Stage;
use crate::tokens::Token;

/// What a number becomes in a name, where only letters are allowed.
const LETTERS: &[u8; 16] = b"abcdefghijklmnop";

/// How to sign in.
#[derive(Debug)]
pub(super) enum Account {
    Minted { token: String, character: CharacterId },
    Own { username: String, password: String, character: NewCharacter },
}

/// A character that an account of one's own begins with.
#[derive(Debug, Clone)]
pub(super) struct NewCharacter(String);

impl Account {
    pub fn minted(token: &Token) -> Self {
        Self::Minted { token: token.session_token.clone(), character: token.character_id }
    }

    /// Makes an account on the server.
    pub async fn make(stage: &Stage, index: usize) -> Result<Self, ClientError> {
        let username = format!("lab-{:08x}-{index}", stage.run);
        // Whoever reads this program knows how it is made, so it is made of what nobody else sees.
        let password = format!("{:032x}", rand::random::<u128>());
        Client::register(&stage.url, &username, &password).await?;
        let character = NewCharacter(format!("Lab {}-{}", letters(stage.run.into()), letters(index as u64)));
        Ok(Self::Own { username, password, character })
    }

    pub async fn connect(&self, url: &str, options: Options) -> Result<Client, ClientError> {
        match self {
            Self::Minted { token, .. } => Client::connect_with_token(url, token, options).await,
            Self::Own { username, password, .. } => {
                Client::connect_with(url, username, password, options).await
            }
        }
    }

    /// The minted one; an account of one's own has its character made first.
    pub fn character(&self) -> CharacterId {
        match self {
            Self::Minted { character, .. } => *character,
            Self::Own { .. } => CharacterId(0),
        }
    }

    pub fn character_to_make(&self) -> Option<NewCharacter> {
        match self {
            Self::Minted { .. } => None,
            Self::Own { character, .. } => Some(character.clone()),
        }
    }
}

impl NewCharacter {
    pub async fn create(&self, client: &Client) -> Result<CharacterId, ClientError> {
        Ok(client.create_character(&self.0, "Human", "Warrior", "Golden Order").await?.id)
    }
}

fn letters(number: u64) -> String {
    format!("{number:x}")
        .chars()
        .filter_map(|digit| Some(char::from(LETTERS[digit.to_digit(16)? as usize])))
        .collect()
}
