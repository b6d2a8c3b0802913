//! `GET /conformance/echo`: says back what it hears, for the suites that test WebSocket servers from outside. It is the
//! connection of `/ws` in all but that; only builds with the feature `conformance` have it.

use actix_web::{HttpRequest, HttpResponse, web};
use protocol::Dialect;

use crate::answer::{Shape, refuse};
use crate::edge::Edge;
use crate::envelope::Arrival;
use crate::ws::{Accepted, State, accept, begin};

/// Upgrades, or says why not.
pub async fn connect_echo(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let arrival = Arrival::of(&request);
    let response = match begin(&request) {
        Ok(response) => response,
        Err(error) => return refuse(Shape::Problem, &error, &arrival.request_id),
    };
    let edge = edge.as_ref().clone();
    accept(response, Accepted { edge, arrival, dialect: Dialect::default(), state: State::Echo })
}
