//! `token mint`: accounts with a character and a session each, without hashing a password, for load scripts.

use std::thread;

use actors::accounts::mint as mint_account;
use actors::clock::Clock;
use actors::tokens::Token;
use protocol::characters::CreateCharacter;
use protocol::{AccountId, CharacterId, Text};
use rand::SeedableRng;
use rules::{Content, Dice, names};
use serde::Serialize;
use storage::Store;

use crate::commands::{refused, say, store_beside};
use crate::content;
use crate::problem::Problem;
use crate::secrets::SecretsProblem;
use crate::settings::Settings;

/// So many are made at the same time: the store puts them into common commits.
const AT_ONCE: u32 = 32;
/// What a number becomes in a name, where only letters are allowed.
const LETTERS: &[u8; 16] = b"abcdefghijklmnop";

/// One line of the output.
#[derive(Serialize)]
struct Minted {
    username: String,
    session_token: String,
    player_id: AccountId,
    character_id: CharacterId,
}

/// Makes `count` of them, beside a running server if there is one.
///
/// # Errors
/// What the store or the rules say.
pub fn mint(settings: &Settings, count: u32) -> Result<(), Problem> {
    let store = store_beside(settings)?;
    let content = content::load(&settings.world.content)?;
    let batch = getrandom::u64().map_err(SecretsProblem::NoRandomness)?;
    let lifetime_ms = settings.session.absolute_secs * 1000;
    let one = |number| mint_one(&store, &content, batch, number, lifetime_ms);
    for start in (0..count).step_by(AT_ONCE as usize) {
        let numbers = start..count.min(start + AT_ONCE);
        let minted: Vec<Result<Minted, Problem>> = thread::scope(|scope| {
            let threads: Vec<_> = numbers.map(|number| scope.spawn(move || one(number))).collect();
            threads.into_iter().map(|thread| thread.join().expect("minting does not panic")).collect()
        });
        for line in minted {
            say(&serde_json::to_string(&line?).expect("a line of text and numbers is JSON"))?;
        }
    }
    Ok(())
}

fn mint_one(
    store: &Store,
    content: &Content,
    batch: u64,
    number: u32,
    lifetime_ms: i64,
) -> Result<Minted, Problem> {
    let now_ms = Clock::system().now().wall_ms;
    let username = format!("bot-{batch:016x}-{number}");
    let key = names::fold(&username);
    let (player_id, token): (AccountId, Token) =
        mint_account(store, username.clone(), key, now_ms, lifetime_ms)?;
    let mut dice = Dice::seed_from_u64(batch.wrapping_add(u64::from(number)));
    let new =
        rules::characters::create(&character(content, batch, number), content, &mut dice).map_err(refused)?;
    let character = store.write(storage::characters::create(player_id, new, 1, now_ms)).wait()?;
    Ok(Minted { username, session_token: token.as_str().to_owned(), player_id, character_id: character.id })
}

/// Races, classes and factions in turn, so that a crowd of them is mixed.
fn character(content: &Content, batch: u64, number: u32) -> CreateCharacter {
    let turn = number as usize;
    let text = |name: &str| Text::new(name).expect("names of the content are short");
    CreateCharacter {
        name: Text::new(format!("Bot {}-{}", letters(batch), letters(u64::from(number))))
            .expect("it is short"),
        race: text(&content.races()[turn % content.races().len()].name),
        class: text(&content.classes()[turn % content.classes().len()].name),
        faction: text(&content.factions()[turn % content.factions().len()].name),
        method: None,
        stats: None,
    }
}

fn letters(number: u64) -> String {
    format!("{number:x}")
        .chars()
        .filter_map(|digit| Some(char::from(LETTERS[digit.to_digit(16)? as usize])))
        .collect()
}

#[cfg(test)]
mod tests {
    use rules::{Content, names};

    use super::{character, letters};

    #[test]
    fn every_bot_has_an_acceptable_name_of_its_own() {
        let content = Content::builtin();
        assert_eq!(letters(0x0f1), "pb");
        let mut seen = std::collections::HashSet::new();
        for number in 0..1000 {
            let name = character(&content, u64::MAX, number).name;
            assert!(seen.insert(names::character_name(&name).unwrap().key), "{name:?}");
        }
    }
}
