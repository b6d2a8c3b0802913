//! `/healthz`: for load balancers and watchdogs.

use actix_web::HttpResponse;
use serde_json::json;

use crate::call::{Answer, Call};

/// `GET /healthz`.
pub async fn healthz(_call: Call) -> Answer {
    Ok(HttpResponse::Ok().json(json!({"status": "ok"})))
}
