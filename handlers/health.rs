//! `/healthz` for load balancers and watchdogs, `/api/status` as documented.

use actix_web::HttpResponse;
use serde_json::json;

use crate::call::{Answer, Call, ok};

/// `GET /healthz`: 503 while the disk fails or the server stops.
pub async fn healthz(call: Call) -> Answer {
    let world = &call.edge.world;
    let reason = match (world.store().healthy(), world.is_draining()) {
        (true, false) => return Ok(HttpResponse::Ok().json(json!({"status": "ok"}))),
        (false, _) => "the disk failed: nothing is saved until a restart; the log says more",
        (true, true) => "the server stops",
    };
    Ok(HttpResponse::ServiceUnavailable().json(json!({"status": "degraded", "reason": reason})))
}

/// `GET /api/status`.
pub async fn status(call: Call) -> Answer {
    ok(&call.edge.world.status())
}
