//! `/healthz` for load balancers and watchdogs, `/api/status` as documented.

use actix_web::HttpResponse;
use serde_json::json;

use crate::call::{Answer, Call, ok};

/// `GET /healthz`: 503 while the disk fails or the server stops.
pub async fn healthz(call: Call) -> Answer {
    let world = &call.edge.world;
    if world.store().healthy() && !world.is_draining() {
        return Ok(HttpResponse::Ok().json(json!({"status": "ok"})));
    }
    Ok(HttpResponse::ServiceUnavailable().json(json!({"status": "degraded"})))
}

/// `GET /api/status`.
pub async fn status(call: Call) -> Answer {
    ok(&call.edge.world.status())
}
