//! A defect behind a route is a 500 with an id, and nothing more.

use actix_web::http::Method;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, web};
use serde_json::Value;

use super::at_a_world;
use crate::answer::Shape;
use crate::call::{Answer, Call, dispatch};
use crate::routes::{Access, Body, Rate, Route};
use crate::{Edge, Options};

static BROKEN: Route = Route {
    method: Method::GET,
    path: "/broken",
    access: Access::Anonymous,
    shape: Shape::Problem,
    body: Body::None,
    rate: Rate::None,
    run: |call| Box::pin(broken(call)),
};

async fn broken(_call: Call) -> Answer {
    panic!("a secret of the server")
}

#[test]
fn a_panic_tells_the_client_nothing_but_where_to_look() {
    at_a_world(Options::default(), |_, world| {
        actix_rt::System::new().block_on(async {
            let edge = web::Data::new(Edge::new(world, Options::default()));
            let broken = web::get().to(|request, payload| dispatch(&BROKEN, request, payload));
            let service = init_service(App::new().app_data(edge).route("/broken", broken)).await;
            let response = call_service(&service, TestRequest::with_uri("/broken").to_request()).await;
            assert_eq!(response.status(), 500);
            let body: Value = read_body_json(response).await;
            assert_eq!(body["code"], "INTERNAL");
            assert!(body["request_id"].is_string() && !body.to_string().contains("secret"), "{body}");
        });
    });
}
