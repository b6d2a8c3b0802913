//! `/api/party*`: one's party. What changes it is done by one's session, as if it had come over its connection.

use protocol::auth::Success;
use protocol::ids::PartyId;
use protocol::party::{CreateParty, CreatedParty, Invite, Kick, OwnParty, WhichParty};
use protocol::{ClientMessage, ErrorCode, ErrorMessage, ServerMessage};

use crate::call::{Answer, Call, ok};

/// `GET /api/party/{id}`.
pub async fn view(call: Call) -> Answer {
    let id = call.part("id").parse().map(PartyId).map_err(|_| {
        ErrorMessage::new(ErrorCode::Invalid, "id: expected the number of a party").with("field", "id")
    })?;
    ok(&call.edge.world.party(id, call.who()?.character_id).await?)
}

/// `POST /api/party/create`.
pub async fn create(call: Call) -> Answer {
    let request = if call.body.is_empty() { CreateParty::default() } else { call.json()? };
    match command(&call, ClientMessage::PartyCreate(request)).await? {
        ServerMessage::PartyUpdate(party) => ok(&CreatedParty {
            success: true,
            party_id: party.party_id,
            party_name: party.party_name.unwrap_or_default(),
        }),
        other => Err(unexpected(&other)),
    }
}

/// `POST /api/party/invite`.
pub async fn invite(call: Call) -> Answer {
    let invite: Invite = call.json()?;
    match command(&call, ClientMessage::PartyInvite(invite)).await? {
        ServerMessage::PartyInvite(invite) => done(format!("{} is invited", invite.invitee_name)),
        other => Err(unexpected(&other)),
    }
}

/// `POST /api/party/accept`.
pub async fn accept(call: Call) -> Answer {
    let which = which(&call)?;
    match command(&call, ClientMessage::PartyAccept(which)).await? {
        ServerMessage::PartyUpdate(party) => ok(&CreatedParty {
            success: true,
            party_id: party.party_id,
            party_name: party.party_name.unwrap_or_default(),
        }),
        other => Err(unexpected(&other)),
    }
}

/// `POST /api/party/decline`.
pub async fn decline(call: Call) -> Answer {
    let which = which(&call)?;
    command(&call, ClientMessage::PartyDecline(which)).await?;
    done("Declined")
}

/// `POST /api/party/leave`.
pub async fn leave(call: Call) -> Answer {
    command(&call, ClientMessage::PartyLeave(own(&call)?)).await?;
    done("Left the party")
}

/// `POST /api/party/kick`.
pub async fn kick(call: Call) -> Answer {
    let kick: Kick = call.json()?;
    match command(&call, ClientMessage::PartyKick(kick)).await? {
        ServerMessage::PartyKick(kick) => done(format!("{} had to go", kick.character_name)),
        other => Err(unexpected(&other)),
    }
}

/// `POST /api/party/disband`.
pub async fn disband(call: Call) -> Answer {
    command(&call, ClientMessage::PartyDisband(own(&call)?)).await?;
    done("The party is no more")
}

fn which(call: &Call) -> Result<WhichParty, ErrorMessage> {
    if call.body.is_empty() { Ok(WhichParty::default()) } else { call.json() }
}

fn own(call: &Call) -> Result<OwnParty, ErrorMessage> {
    if call.body.is_empty() { Ok(OwnParty::default()) } else { call.json() }
}

/// Without a selected character one is nobody here: 401, as the documents have it.
async fn command(call: &Call, message: ClientMessage) -> Result<ServerMessage, ErrorMessage> {
    let done = call.edge.world.command(call.who()?.session_id, message, call.command_name()).await;
    done.map_err(|mut error| {
        if error.error_code == ErrorCode::NoCharacter {
            error.error_code = ErrorCode::Unauthorized;
            error.error_message = "Unauthorized: select a character first".to_owned();
        }
        error
    })
}

fn done(message: impl Into<String>) -> Answer {
    ok(&Success { success: true, message: message.into() })
}

fn unexpected(answer: &ServerMessage) -> ErrorMessage {
    log::error!("a session answered a request about parties with {answer:?}");
    ErrorMessage::new(ErrorCode::Internal, "a defect of ours")
}
