//! How the edge says no: the documented shapes, each with a stable code and the request's id.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER, SEC_WEBSOCKET_VERSION, UPGRADE, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, HttpResponseBuilder};
use protocol::{ErrorCode, ErrorMessage};
use serde_json::{Map, Value, json};

/// What a route's refusals look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// `{"error": …}`, as the documents have it for characters and parties.
    Error,
    /// `{"success": false, "message": …}`, as the documents have it for signing in.
    Success,
    /// `application/problem+json` (RFC 9457), wherever the documents are silent.
    Problem,
}

/// The response that tells `error` to whoever made request `request_id`.
pub fn refuse(shape: Shape, error: &ErrorMessage, request_id: &str) -> HttpResponse {
    let status =
        StatusCode::from_u16(error.error_code.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut body: Map<String, Value> = error.details.clone();
    match shape {
        Shape::Error => {
            body.insert("error".to_owned(), json!(error.error_message));
        }
        Shape::Success => {
            body.insert("success".to_owned(), json!(false));
            body.insert("message".to_owned(), json!(error.error_message));
        }
        Shape::Problem => {
            body.insert("type".to_owned(), json!("about:blank"));
            body.insert("title".to_owned(), json!(status.canonical_reason().unwrap_or("Error")));
            body.insert("status".to_owned(), json!(status.as_u16()));
            body.insert("detail".to_owned(), json!(error.error_message));
        }
    }
    body.insert("code".to_owned(), json!(error.error_code));
    body.insert("request_id".to_owned(), json!(request_id));
    let mut response = HttpResponse::build(status);
    add_headers(&mut response, shape, error);
    response.body(Value::Object(body).to_string())
}

fn add_headers(response: &mut HttpResponseBuilder, shape: Shape, error: &ErrorMessage) {
    let kind = if shape == Shape::Problem { "application/problem+json" } else { "application/json" };
    response.insert_header((CONTENT_TYPE, kind));
    if let Some(wait_ms) = error.details.get("retry_after_ms").and_then(Value::as_u64) {
        response.insert_header((RETRY_AFTER, wait_ms.div_ceil(1000).max(1).to_string()));
    } else if matches!(error.error_code, ErrorCode::Busy | ErrorCode::Storage) {
        response.insert_header((RETRY_AFTER, "1"));
    }
    if error.error_code == ErrorCode::Unauthorized {
        response.insert_header((WWW_AUTHENTICATE, "Bearer"));
    }
    if error.error_code == ErrorCode::UpgradeRequired {
        response.insert_header((UPGRADE, "websocket"));
        response.insert_header((SEC_WEBSOCKET_VERSION, "13"));
    }
    if matches!(error.error_code, ErrorCode::TooLarge | ErrorCode::Timeout) {
        // The rest of the body is still on its way and nobody will read it.
        response.force_close();
    }
}

#[cfg(test)]
mod tests {
    use actix_web::body::MessageBody;
    use protocol::{ErrorCode, ErrorMessage};
    use serde_json::{Value, json};

    use super::{Shape, refuse};

    fn body_of(shape: Shape, error: &ErrorMessage) -> Value {
        let bytes = refuse(shape, error, "r1").into_body().try_into_bytes().unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    #[test]
    fn each_shape_says_the_same_in_its_own_words() {
        let error =
            ErrorMessage::new(ErrorCode::NotFound, "Character not found").with("field", "character_id");
        let common = json!({"code": "NOT_FOUND", "request_id": "r1", "field": "character_id"});
        for (shape, own) in [
            (Shape::Error, json!({"error": "Character not found"})),
            (Shape::Success, json!({"success": false, "message": "Character not found"})),
            (
                Shape::Problem,
                json!({"type": "about:blank", "title": "Not Found", "status": 404, "detail": "Character not found"}),
            ),
        ] {
            let mut expected = common.as_object().unwrap().clone();
            expected.extend(own.as_object().unwrap().clone());
            assert_eq!(body_of(shape, &error), Value::Object(expected));
        }
    }

    #[test]
    fn who_must_wait_is_told_how_long_in_both_ways() {
        let error = ErrorMessage::new(ErrorCode::RateLimited, "too fast").with("retry_after_ms", 1001);
        let response = refuse(Shape::Problem, &error, "r1");
        assert_eq!(response.status(), 429);
        assert_eq!(response.headers().get("retry-after").unwrap(), "2");
        assert_eq!(body_of(Shape::Problem, &error)["retry_after_ms"], 1001);
    }
}
