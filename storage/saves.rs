//! Everything that one input of a venue wants on disk.

use protocol::CharacterId;
use rules::venue::Save;

use crate::{StoreError, Write, answers, characters, chat, combats, parties, sheets, world};

/// All of it in one transaction, with the answer to the command that caused it: (who, message_id, answer).
///
/// A position of a character that somebody else has taken since is left out: the taker knows better.
/// [`StoreError::Conflict`](crate::StoreError::Conflict)`("message_id")` when the command had its effect before;
/// [`StoreError::StaleEpoch`] and [`StoreError::StaleSheet`] when a sheet that is to change is another one by now;
/// `Conflict("character")` when somebody is elsewhere who can be in one place only.
pub fn apply(saves: Vec<Save>, answer: Option<(CharacterId, String, String)>, now: i64) -> Write<()> {
    Write::new(move |database| {
        if let Some((character, message_id, answer)) = answer {
            answers::insert(database, character, &message_id, &answer, now)?;
        }
        for save in &saves {
            match save {
                Save::Chat(line) => chat::keep(database, line)?,
                Save::Whereabouts(whereabouts) => match characters::place(database, whereabouts) {
                    Ok(()) | Err(StoreError::StaleEpoch) => {}
                    Err(error) => return Err(error),
                },
                Save::Step(whereabouts) => characters::step(database, whereabouts)?,
                Save::Event(event) => drop(world::remember(database, event)?),
                Save::Settlement(settlement) => drop(sheets::apply(database, settlement, now)?),
                Save::Combat(save) => combats::keep(database, save, now)?,
                Save::Party(save) => parties::keep(database, save)?,
                Save::Realm(save) => world::keep(database, save, now)?,
            }
        }
        Ok(())
    })
}
