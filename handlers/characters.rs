//! `/api/characters*`: one's own characters.

use actors::queries::{character_answer, character_deleted};
use protocol::auth::Success;
use protocol::characters::{Character, CharacterList, CreateCharacter};
use protocol::{CharacterId, ErrorCode, ErrorMessage};
use serde::Deserialize;

use crate::call::{Answer, Call, ok, text};

/// `GET /api/characters`.
pub async fn list(call: Call) -> Answer {
    let characters = call.edge.world.characters(call.who()?.account_id).await?;
    ok(&CharacterList { characters })
}

/// `POST /api/characters`.
pub async fn create(call: Call) -> Answer {
    let asked: CreateCharacter = call.json()?;
    let content = call.edge.world.content().clone();
    let keep = call.keep(move |made: &Character| text(&character_answer(made.clone(), &content)));
    let character = call.edge.world.create_character(call.who()?.account_id, &asked, keep).await?;
    ok(&character_answer(character, call.edge.world.content()))
}

/// As the documents have it: without an id there is a sentence of its own.
#[derive(Deserialize)]
struct Selected {
    character_id: Option<CharacterId>,
}

/// `POST /api/characters/select`.
pub async fn select(call: Call) -> Answer {
    let id = call.json::<Selected>()?.character_id.ok_or_else(|| {
        ErrorMessage::new(ErrorCode::Invalid, "character_id required").with("field", "character_id")
    })?;
    let selected = call.edge.world.select_character(call.who()?.session_id, id).await;
    let character = selected.map_err(|mut error| {
        if error.error_code == ErrorCode::NotFound {
            error.error_message = "Character not found".to_owned();
        }
        error
    })?;
    ok(&character_answer(character, call.edge.world.content()))
}

/// `DELETE /api/characters/{id}`.
pub async fn delete(call: Call) -> Answer {
    let id = call.part("id").parse().map(CharacterId).map_err(|_| {
        ErrorMessage::new(ErrorCode::Invalid, "id: expected the number of a character").with("field", "id")
    })?;
    let answer = |message| Success { success: true, message };
    let keep = call.keep(move |name: &String| text(&answer(character_deleted(name))));
    let message = call.edge.world.delete_character(call.who()?.account_id, id, keep).await?;
    ok(&answer(message))
}
