//! As much of Colyseus 0.18's protocol as a measured client needs: a seat by HTTP, then its binary messages.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::engine::Outgoing;

pub const JOIN_ROOM: u8 = 10;
pub const ERROR: u8 = 11;
const ROOM_DATA: u8 = 13;
pub const STATE_PATCH: u8 = 15;
/// In a patch: the fields of another object follow.
const SWITCH_TO_STRUCTURE: u8 = 255;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Seat {
    process_id: String,
    room_id: String,
    session_id: String,
}

/// Where somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Point {
    pub x: f32,
    pub y: f32,
}

/// Asks for a seat in a room; returns the path to connect to.
///
/// # Errors
/// Why there is none.
pub fn reserve(address: SocketAddr, room: &str) -> Result<String, String> {
    let answer =
        post(address, &format!("/matchmake/joinOrCreate/{room}")).map_err(|error| error.to_string())?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("no answer")?;
    if head.split(' ').nth(1) != Some("200") {
        return Err(format!("no seat: {head} {body}"));
    }
    let Seat { process_id, room_id, session_id } =
        serde_json::from_str(body).map_err(|error| format!("{error} in {body}"))?;
    Ok(format!("/{process_id}/{room_id}?sessionId={session_id}"))
}

fn post(address: SocketAddr, path: &str) -> std::io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    write!(
        socket,
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{{}}"
    )?;
    let mut answer = String::new();
    socket.read_to_string(&mut answer)?;
    Ok(answer)
}

/// Says that one has joined.
pub fn join(out: &mut Outgoing) {
    out.binary(&[JOIN_ROOM]);
}

/// A message of a type that the room knows.
pub fn say(kind: &str, content: &impl Serialize, out: &mut Outgoing) {
    let mut message = vec![ROOM_DATA, 0xa0 | kind.len() as u8];
    message.extend_from_slice(kind.as_bytes());
    let content = rmp_serde::to_vec_named(content).expect("plain data always encodes");
    message.extend_from_slice(&content);
    out.binary(&message);
}

/// Whether this is a message of that type.
pub fn is(kind: &str, payload: &[u8]) -> bool {
    let Some(rest) = payload.strip_prefix(&[ROOM_DATA, 0xa0 | kind.len() as u8]) else { return false };
    rest.starts_with(kind.as_bytes())
}

/// The new positions in a patch of the state, whose objects have two fields of 32-bit numbers, x and y. Somebody of whom
/// only one is new counts, with the other unknown.
///
/// # Errors
/// What is in it besides: somebody came or left.
pub fn positions(patch: &[u8], mut each: impl FnMut(Option<f32>, Option<f32>)) -> Result<(), &'static str> {
    const STRANGE: &str = "a patch with more than positions";
    let mut rest = patch.strip_prefix(&[STATE_PATCH]).ok_or("no patch")?;
    while !rest.is_empty() {
        rest = skip_number(rest.strip_prefix(&[SWITCH_TO_STRUCTURE]).ok_or(STRANGE)?).ok_or(STRANGE)?;
        let mut fields = [None; 2];
        while let Some((&field, after)) = rest.split_first()
            && field != SWITCH_TO_STRUCTURE
        {
            let (number, after) = after.split_first_chunk::<4>().ok_or(STRANGE)?;
            // Bit 7 says that the field had no value before.
            *fields.get_mut(usize::from(field & 0x7f)).ok_or(STRANGE)? = Some(f32::from_le_bytes(*number));
            rest = after;
        }
        each(fields[0], fields[1]);
    }
    Ok(())
}

fn skip_number(bytes: &[u8]) -> Option<&[u8]> {
    let (&kind, rest) = bytes.split_first()?;
    let len = match kind {
        0..=0x7f => 0,
        0xcc => 1,
        0xcd => 2,
        0xce => 4,
        _ => return None,
    };
    rest.get(len..)
}

#[cfg(test)]
mod tests {
    use super::{is, positions};

    #[test]
    fn positions_are_found_in_a_patch() {
        let mut patch = vec![15];
        for (refid, fields) in
            [(&[5u8][..], &[(0u8, 1.5f32), (1, -2.0)][..]), (&[0xcd, 255, 255], &[(1, 255.0)])]
        {
            patch.push(255);
            patch.extend_from_slice(refid);
            for (field, number) in fields {
                patch.push(*field);
                patch.extend_from_slice(&number.to_le_bytes());
            }
        }
        let mut found = Vec::new();
        positions(&patch, |x, y| found.push((x, y))).unwrap();
        assert_eq!(found, [(Some(1.5), Some(-2.0)), (None, Some(255.0))]);
        patch.extend_from_slice(&[255, 6, 0x82, 0, 0, 0, 0]);
        assert!(positions(&patch, |_, _| {}).is_err());
        assert!(positions(&[14], |_, _| {}).is_err());
    }

    #[test]
    fn messages_are_known_by_their_type() {
        assert!(is("chat", b"\x0d\xa4chat\xa1x"));
        assert!(!is("chat", b"\x0d\xa4pong"));
        assert!(!is("chat", b"\x0f\xa4chat"));
    }
}
