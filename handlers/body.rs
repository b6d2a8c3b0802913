//! Reading a request's body: bounded in size, in time and in depth, because actix-web bounds only the size.

use std::time::Duration;

use actix_web::http::header::{CONTENT_TYPE, HeaderMap};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use protocol::codec::{DEPTH_MAX, Strict, depth, field_of, reason_of};
use protocol::{ErrorCode, ErrorMessage};
use serde::de::DeserializeOwned;

use crate::options::HttpOptions;

/// Collects a body as its pieces arrive.
///
/// # Errors
/// `TOO_LARGE` beyond `body_max`; `TIMEOUT` when it comes slower than a person's worst line would bring it.
pub async fn read<E>(
    mut pieces: impl Stream<Item = Result<Bytes, E>> + Unpin,
    options: &HttpOptions,
) -> Result<Bytes, ErrorMessage> {
    let mut body = BytesMut::new();
    let patience = tokio::time::sleep(options.body_timeout);
    tokio::pin!(patience);
    loop {
        let piece = tokio::select! {
            piece = pieces.next() => piece,
            () = &mut patience => {
                return Err(ErrorMessage::new(ErrorCode::Timeout, "the body of the request did not arrive in time"));
            }
        };
        let Some(piece) = piece else { return Ok(body.freeze()) };
        let piece = piece.map_err(|_| {
            ErrorMessage::new(ErrorCode::ProtocolError, "the body of the request ended early")
        })?;
        if body.len() + piece.len() > options.body_max {
            return Err(too_large(options.body_max));
        }
        body.extend_from_slice(&piece);
        // What has arrived at the least rate buys that much more time.
        let earned = Duration::from_millis(piece.len() as u64 * 1000 / options.body_rate_min.max(1));
        let deadline = patience.deadline() + earned;
        patience.as_mut().reset(deadline);
    }
}

fn too_large(max: usize) -> ErrorMessage {
    ErrorMessage::new(ErrorCode::TooLarge, format!("the body of the request is larger than {max} bytes"))
}

/// # Errors
/// The body is not declared as JSON, which would let a form on any web page send it.
pub fn check_is_json(headers: &HeaderMap) -> Result<(), ErrorMessage> {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        return Ok(());
    }
    let found = if kind.is_empty() { "none".to_owned() } else { format!("{kind:?}") };
    Err(ErrorMessage::new(
        ErrorCode::Invalid,
        format!("Content-Type must be application/json, found {found}"),
    )
    .with("field", "content-type"))
}

/// Reads JSON into `T`.
///
/// # Errors
/// `PROTOCOL_ERROR` with the reason, and the field where there is one.
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ErrorMessage> {
    let wrong = |text: String| ErrorMessage::new(ErrorCode::ProtocolError, text);
    if depth(body) > DEPTH_MAX {
        return Err(wrong(format!("Invalid JSON: nested deeper than {DEPTH_MAX}")));
    }
    // In words that fit whatever `T` is.
    if body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[') {
        return Err(wrong("expected a JSON object, found a list".to_owned()));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(Strict(&mut json)).map_err(|error| {
        let reason = reason_of(error.inner());
        if !error.inner().is_data() {
            return wrong(format!("Invalid JSON: {reason}"));
        }
        match field_of(&error.path().to_string(), &reason) {
            Some(field) => wrong(format!("{field}: {reason}")).with("field", field),
            None => wrong(reason),
        }
    })?;
    json.end().map_err(|error| wrong(format!("Invalid JSON: {}", reason_of(&error))))?;
    Ok(value)
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
    use bytes::Bytes;
    use futures_util::{Stream, StreamExt, stream};
    use protocol::ErrorCode;
    use protocol::auth::Credentials;
    use protocol::characters::CreateCharacter;

    use super::{check_is_json, parse, read};
    use crate::options::Options;

    /// `count` pieces of `bytes` each, one every `pause`.
    fn drip(
        count: usize,
        bytes: usize,
        pause: Duration,
    ) -> impl Stream<Item = Result<Bytes, Infallible>> + Unpin {
        Box::pin(stream::iter(0..count).then(move |_| async move {
            tokio::time::sleep(pause).await;
            Ok(Bytes::from(vec![b'x'; bytes]))
        }))
    }

    #[tokio::test(start_paused = true)]
    async fn a_slow_but_honest_line_gets_through_and_a_drip_does_not() {
        let options = Options::default().http;
        let honest = read(drip(60, 1024, Duration::from_secs(1)), &options).await.unwrap();
        assert_eq!(honest.len(), 60 * 1024);
        let slow = read(drip(1000, 1, Duration::from_secs(1)), &options).await.unwrap_err();
        assert_eq!(slow.error_code, ErrorCode::Timeout);
        let silent = read(drip(1, 1, Duration::from_secs(3600)), &options).await.unwrap_err();
        assert_eq!(silent.error_code, ErrorCode::Timeout);
    }

    #[tokio::test(start_paused = true)]
    async fn a_body_may_be_as_large_as_the_limit_and_not_a_byte_more() {
        let options = Options::default().http;
        assert_eq!(read(drip(64, 1024, Duration::ZERO), &options).await.unwrap().len(), 65536);
        let error = read(drip(65, 1024, Duration::ZERO), &options).await.unwrap_err();
        assert_eq!(error.error_code, ErrorCode::TooLarge);
    }

    #[test]
    fn only_json_is_json() {
        for (kind, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/merge-patch+json", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("application/jsonx", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CONTENT_TYPE, HeaderValue::from_static(kind));
            assert_eq!(check_is_json(&headers).is_ok(), expected, "{kind}");
        }
        assert!(check_is_json(&HeaderMap::new()).is_err());
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, field, reason) in [
            ("", None, "Invalid JSON: EOF"),
            ("{", None, "Invalid JSON: EOF"),
            ("nope", None, "Invalid JSON: expected"),
            ("[\"a\", \"b\"]", None, "expected a JSON object"),
            ("null", None, "invalid type: null"),
            (r#"{"username":"a"}"#, Some("password"), "password: missing field"),
            (r#"{"username":1,"password":"b"}"#, Some("username"), "username: invalid type: integer"),
            (r#"{"username":"a","username":"b"}"#, Some("username"), "username: duplicate field"),
            (r#"{"username":"a","password":"b"} x"#, None, "Invalid JSON: trailing"),
        ] {
            let error = parse::<Credentials>(text.as_bytes()).unwrap_err();
            assert!(error.error_message.starts_with(reason), "{text}: {}", error.error_message);
            assert_eq!(error.details.get("field").and_then(|field| field.as_str()), field, "{text}");
        }
        let deep = "[".repeat(40);
        assert!(parse::<Credentials>(deep.as_bytes()).unwrap_err().error_message.contains("deeper than 32"));
        let utf8 = parse::<Credentials>(b"{\"username\":\"\xff\"}").unwrap_err();
        assert!(utf8.error_message.contains("Invalid JSON"), "{}", utf8.error_message);
    }

    #[test]
    fn neither_a_list_is_a_struct_nor_an_object_a_word() {
        for (field, value) in [("stats", "[10,10,10,10,10,10]"), ("method", r#"{"point_buy":null}"#)] {
            let start = r#"{"name":"Mira","race":"Elf","class":"Mage","faction":"Golden Order""#;
            let text = format!("{start},\"{field}\":{value}}}");
            let error = parse::<CreateCharacter>(text.as_bytes()).unwrap_err();
            assert!(error.error_message.starts_with(&format!("{field}: invalid type: ")), "{error:?}");
            assert_eq!(error.details["field"], field);
        }
    }
}
