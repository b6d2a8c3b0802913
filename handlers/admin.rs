//! `/api/admin/*`: what admins see of the running server.

use crate::call::{Answer, Call, ok};

/// `GET /api/admin/mesh`: every entity that has an address.
pub async fn mesh(call: Call) -> Answer {
    ok(&call.edge.world.mesh_view())
}

/// `GET /api/admin/world`: every location with who is in it.
pub async fn world(call: Call) -> Answer {
    ok(&call.edge.world.world_view().await)
}
