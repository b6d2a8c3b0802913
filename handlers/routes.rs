//! The one table of REST routes. The server is configured from it, and the matrix of who may do what is tested by it.

use actix_web::HttpResponse;
use actix_web::http::Method;
use actix_web::http::header::ALLOW;
use actix_web::web::{self, ServiceConfig};
use futures_util::future::LocalBoxFuture;
use protocol::{ErrorCode, ErrorMessage};
use storage::accounts::Role;

use crate::answer::{Shape, refuse};
use crate::call::{Answer, Call, dispatch};
use crate::envelope::Arrival;
use crate::{admin, auth, blocks, characters, health, party, world};

/// Who may use a route. What one may do there with whose things, the world decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    Anonymous,
    SignedIn,
    Moderator,
    Admin,
}

impl Access {
    /// Whether a signed-in session of this role may come in.
    pub fn admits(self, role: Role) -> bool {
        match self {
            Self::Anonymous | Self::SignedIn => true,
            Self::Moderator => role >= Role::Moderator,
            Self::Admin => role >= Role::Admin,
        }
    }
}

/// What a route expects in the body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Body {
    /// Nothing; what comes is not read.
    None,
    /// JSON, or nothing at all.
    Optional,
    Json,
}

/// The rate a route has beside those of all requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rate {
    None,
    /// Questions about the world.
    World,
    /// Lists of one's own things.
    List,
    /// Making, selecting and deleting characters.
    Characters,
    /// Registrations over a day; the rate of the moment is the world's.
    RegisterDay,
}

/// One method of one path.
pub struct Route {
    pub method: Method,
    /// With `{names}` for the parts that vary.
    pub path: &'static str,
    pub access: Access,
    /// What its refusals look like.
    pub shape: Shape,
    pub body: Body,
    pub rate: Rate,
    pub run: fn(Call) -> LocalBoxFuture<'static, Answer>,
}

macro_rules! routes {
    ($($method:ident $path:literal $access:ident $shape:ident $body:ident $rate:ident $run:path;)*) => {
        /// Every REST route there is.
        pub static ROUTES: &[Route] = &[$(Route {
            method: Method::$method,
            path: $path,
            access: Access::$access,
            shape: Shape::$shape,
            body: Body::$body,
            rate: Rate::$rate,
            run: |call| Box::pin($run(call)),
        }),*];
    };
}

// Method, path, who may, what refusals look like, body, rate beside the general ones, handler.
// Paths with a fixed last part stand before those where it varies: the first that fits is taken.
routes! {
    POST   "/api/auth/register"      Anonymous Success Json     RegisterDay auth::register;
    POST   "/api/auth/login"         Anonymous Success Json     None        auth::login;
    POST   "/api/auth/logout"        Anonymous Success Optional None        auth::logout;
    POST   "/api/auth/password"      SignedIn  Success Json     None        auth::change_password;
    GET    "/api/auth/sessions"      SignedIn  Success None     List        auth::sessions;
    DELETE "/api/auth/sessions/{id}" SignedIn  Success None     None        auth::end_session;
    DELETE "/api/account"            SignedIn  Success Json     None        auth::delete_account;
    GET    "/api/characters"         SignedIn  Error   None     List        characters::list;
    POST   "/api/characters"         SignedIn  Error   Json     Characters  characters::create;
    POST   "/api/characters/select"  SignedIn  Error   Json     Characters  characters::select;
    DELETE "/api/characters/{id}"    SignedIn  Error   None     Characters  characters::delete;
    GET    "/api/blocks"             SignedIn  Success None     List        blocks::list;
    POST   "/api/blocks"             SignedIn  Success Json     List        blocks::add;
    DELETE "/api/blocks/{id}"        SignedIn  Success None     List        blocks::remove;
    POST   "/api/party/create"       SignedIn  Error   Optional None        party::create;
    POST   "/api/party/invite"       SignedIn  Success Json     None        party::invite;
    POST   "/api/party/accept"       SignedIn  Success Optional None        party::accept;
    POST   "/api/party/decline"      SignedIn  Success Optional None        party::decline;
    POST   "/api/party/leave"        SignedIn  Success Optional None        party::leave;
    POST   "/api/party/kick"         SignedIn  Success Json     None        party::kick;
    POST   "/api/party/disband"      SignedIn  Success Optional None        party::disband;
    GET    "/api/party/{id}"         SignedIn  Error   None     List        party::view;
    GET    "/api/world/state"        Anonymous Error   None     World       world::state;
    GET    "/api/world/shards"       Anonymous Error   None     World       world::shards;
    GET    "/api/world/shards/{id}/history" Anonymous Error None World      world::history;
    GET    "/api/world/events"       Anonymous Error   None     World       world::events;
    GET    "/api/status"             Anonymous Error   None     World       health::status;
    GET    "/healthz"                Anonymous Problem None     None        health::healthz;
    GET    "/api/admin/mesh"         Admin     Problem None     None        admin::mesh;
    GET    "/api/admin/world"        Admin     Problem None     None        admin::world;
    GET    "/api/admin/sessions"     Admin     Problem None     None        admin::sessions;
    GET    "/api/admin/sessions/{id}" Admin    Problem None     None        admin::session;
    POST   "/api/admin/announcements" Admin    Problem Json     None        admin::announce;
    POST   "/api/admin/events"       Admin     Problem Json     None        admin::trigger_event;
    POST   "/api/admin/aetherfall"   Admin     Problem None     None        admin::end_world;
    POST   "/api/admin/shards/{id}/seal" Admin Problem None     None        admin::seal_shard;
    DELETE "/api/admin/shards/{id}/seal" Admin Problem None     None        admin::unseal_shard;
}

/// Adds all routes to the server; a known path with another method is 405, everything else 404.
pub fn configure(config: &mut ServiceConfig) {
    for (at, first) in ROUTES.iter().enumerate() {
        if ROUTES[..at].iter().any(|earlier| earlier.path == first.path) {
            continue;
        }
        let mut resource = web::resource(first.path);
        for route in ROUTES.iter().filter(|route| route.path == first.path) {
            resource = resource.route(
                web::method(route.method.clone())
                    .to(move |request, payload| dispatch(route, request, payload)),
            );
            if route.method == Method::GET {
                resource =
                    resource.route(web::head().to(move |request, payload| dispatch(route, request, payload)));
            }
        }
        let shape = first.shape;
        let allowed = methods_of(first.path);
        let options = allowed.clone();
        resource = resource.route(web::method(Method::OPTIONS).to(move || {
            let options = options.clone();
            async move { HttpResponse::NoContent().insert_header((ALLOW, options)).finish() }
        }));
        config.service(resource.default_service(web::to(move |request| {
            let allowed = allowed.clone();
            async move { wrong_method(&request, shape, allowed) }
        })));
    }
    #[cfg(feature = "conformance")]
    config.route("/conformance/echo", web::get().to(crate::ws::echo::connect_echo));
    config.default_service(web::to(|request| async move { no_such_path(&request) }));
}

fn methods_of(path: &str) -> String {
    let mut methods: Vec<&str> = Vec::new();
    for route in ROUTES.iter().filter(|route| route.path == path) {
        methods.push(route.method.as_str());
        if route.method == Method::GET {
            methods.push("HEAD");
        }
    }
    methods.push("OPTIONS");
    methods.join(", ")
}

pub(crate) fn wrong_method(request: &actix_web::HttpRequest, shape: Shape, allowed: String) -> HttpResponse {
    let text = format!("{} serves {allowed}, not {}", request.path(), request.method());
    let error = ErrorMessage::new(ErrorCode::MethodNotAllowed, text);
    let mut response = refuse(shape, &error, &Arrival::of(request).request_id);
    if let Ok(allowed) = allowed.parse() {
        response.headers_mut().insert(ALLOW, allowed);
    }
    response
}

fn no_such_path(request: &actix_web::HttpRequest) -> HttpResponse {
    let error = ErrorMessage::new(ErrorCode::NotFound, "there is nothing at this path");
    refuse(Shape::Problem, &error, &Arrival::of(request).request_id)
}
