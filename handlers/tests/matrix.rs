//! Who may do what, for every route there is: generated from the table, so that no route can be forgotten.

use actors::World;
use storage::accounts::Role;

use super::{at_a_world, send};
use crate::Options;
use crate::routes::{Access, Body, ROUTES};

/// A path of this route that can be asked for; nothing of this name exists.
fn path_of(route: &str) -> String {
    route.replace("{id}", "999999")
}

#[test]
fn every_route_lets_in_whom_it_should() {
    at_a_world(Options::default(), |address, world: World| {
        let mut asked = 0;
        for route in ROUTES {
            for role in [None, Some(Role::Player), Some(Role::Moderator), Some(Role::Admin)] {
                // Of its own each time: signing out ends it.
                let token = role.map(|role| super::token_of(&world, &format!("who{asked}"), role));
                let body = if route.body == Body::Json { "{}" } else { "" };
                let reply =
                    send(address, route.method.as_str(), &path_of(route.path), token.as_deref(), body);
                let who = format!("{role:?} {} {}: {}", route.method, route.path, reply.text);
                let may = match (role, route.access) {
                    (_, Access::Anonymous) => true,
                    (None, _) => false,
                    (Some(role), access) => access.admits(role),
                };
                match (may, role) {
                    (false, None) => assert_eq!(reply.status, 401, "{who}"),
                    (false, Some(_)) => assert_eq!(reply.status, 403, "{who}"),
                    // Nobody signs out who is not signed in.
                    (true, None) if route.path == "/api/auth/logout" => {
                        assert_eq!(reply.status, 401, "{who}")
                    }
                    // Who plays nobody is in no party: 401, as the documents have it.
                    (true, Some(_)) if route.path.starts_with("/api/party/") && reply.status == 401 => {
                        assert!(reply.text.contains("select a character"), "{who}");
                    }
                    (true, _) => assert!(![0, 401, 403, 405].contains(&reply.status), "{who}"),
                }
                assert!(reply.status < 500, "{who}");
                asked += 1;
            }
        }
        assert_eq!(asked, ROUTES.len() * 4);
    });
}

#[test]
fn a_token_that_is_none_opens_nothing() {
    at_a_world(Options::default(), |address, _| {
        let forged = "x".repeat(43);
        for route in ROUTES.iter().filter(|route| route.access != Access::Anonymous) {
            for token in ["", "MTphZG1pbg==", forged.as_str(), "\u{e4}"] {
                let reply = send(address, route.method.as_str(), &path_of(route.path), Some(token), "");
                assert_eq!(reply.status, 401, "{} {}: {}", route.method, route.path, reply.text);
                assert_eq!(reply.json["code"], "UNAUTHORIZED");
                assert!(reply.text.contains("www-authenticate: Bearer"), "{}", reply.text);
            }
        }
    });
}

#[test]
fn bad_input_is_refused_by_every_route_that_reads_some() {
    at_a_world(Options::default(), |address, world| {
        let mut asked = 0;
        let mut fresh_token = || {
            asked += 1;
            super::token_of(&world, &format!("who{asked}"), Role::Admin)
        };
        let deep = format!("{}1{}", "{\"a\":".repeat(40), "}".repeat(40));
        let huge = format!("{{\"username\":\"{}\"}}", "a".repeat(60_000));
        for route in ROUTES.iter().filter(|route| route.body != Body::None) {
            for body in [
                "{",
                "[]",
                "null",
                "1",
                "\"text\"",
                "{}x",
                "{\"a\":NaN}",
                &deep,
                &huge,
                "{\"username\":1,\"password\":2,\"session_token\":3,\"old_password\":4,\"character_id\":\"5\",\"name\":6}",
                "{\"username\":null,\"password\":[],\"session_token\":{},\"old_password\":[],\"character_id\":1.5,\"name\":[]}",
                "{\"character_id\":9223372036854775808,\"username\":{},\"session_token\":1,\"old_password\":1,\"name\":1,\"password\":1}",
                "{\"username\":\"\\ud800\",\"session_token\":\"\\ud800\",\"name\":\"\\ud800\",\"old_password\":\"\\ud800\",\"password\":\"\\ud800\",\"character_id\":-1e400}",
            ] {
                let reply =
                    send(address, route.method.as_str(), &path_of(route.path), Some(&fresh_token()), body);
                let shown: String = body.chars().take(80).collect();
                let what = format!("{} {} {shown}: {}", route.method, route.path, reply.text);
                // An unknown field is no error, so that some of these are an empty object to some routes.
                let harmless = route.path == "/api/auth/logout" && reply.status == 200 && body == huge;
                assert!(harmless || (400..500).contains(&reply.status), "{what}");
                assert!(harmless || reply.json["code"].is_string(), "{what}");
            }
            let form = super::say(
                address,
                &format!(
                    "{} {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: Bearer {}\r\n\
                     Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{{}}",
                    route.method,
                    path_of(route.path),
                    fresh_token()
                ),
            );
            assert!(form.starts_with("HTTP/1.1 400") && form.contains("content-type"), "{form}");
        }
    });
}
