//! Commands that had their effect before: their answer is on the disk, and is given again.

use protocol::{Dialect, ErrorCode, ErrorMessage, ServerMessage, codec};

use crate::host::Reply;
use crate::world::World;

/// An answer that was kept on disk, as the message it was.
pub fn kept_message(text: &str) -> Option<ServerMessage> {
    codec::decode::<ServerMessage>(Dialect::V1Json, text.as_bytes()).ok().map(|incoming| incoming.message)
}

/// Answers a command from the disk, where somebody else of the same character has put the answer meanwhile.
pub fn answer_again(world: &World, reply: Reply) {
    let Some(ticket) = reply.ticket.clone() else { return };
    let Some(id) = ticket.message_id.clone() else { return };
    let found = world.store().read(storage::answers::find(reply.who, id.into_string()));
    let clock = world.clock();
    actix_rt::spawn(async move {
        let kept = found.await.ok().flatten().and_then(|text| kept_message(&text));
        match kept {
            Some(answer) => reply.outbox.answer(&ticket, answer, clock.now().wall_ms),
            None => {
                let busy =
                    ErrorMessage::new(ErrorCode::Busy, "it was done before, but its answer can't be found")
                        .with("retry_after_ms", 1_000);
                reply.refuse(busy, clock.now().wall_ms);
            }
        }
    });
}
