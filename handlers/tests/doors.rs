//! What any request meets, whatever its route.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use super::{ask, at_an_edge, limits, say};
use crate::Options;

#[test]
fn every_answer_has_an_id_of_ours_and_closed_doors() {
    at_an_edge(Options::default(), |address| {
        let answer = ask(address, "GET", "/healthz", "X-Request-Id: forged\r\n");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        assert!(answer.ends_with("{\"status\":\"ok\"}"), "{answer}");
        for header in [
            "x-content-type-options: nosniff",
            "x-frame-options: DENY",
            "content-security-policy: default-src 'none'; frame-ancestors 'none'",
            "referrer-policy: no-referrer",
            "cache-control: no-store",
            "x-request-id: ",
        ] {
            assert!(answer.contains(header), "{header}\n{answer}");
        }
        assert!(!answer.contains("forged") && !answer.to_lowercase().contains("\r\nserver:"), "{answer}");
    });
}

#[test]
fn a_wrong_method_and_a_wrong_path_are_told_apart() {
    at_an_edge(Options::default(), |address| {
        for method in ["POST", "PUT", "DELETE", "PATCH"] {
            let answer = ask(address, method, "/healthz", "");
            assert!(answer.starts_with("HTTP/1.1 405"), "{answer}");
            assert!(answer.contains("allow: GET, HEAD, OPTIONS"), "{answer}");
            assert!(answer.contains("\"code\":\"METHOD_NOT_ALLOWED\""), "{answer}");
        }
        for method in ["TRACE", "CONNECT", "BREW"] {
            assert!(ask(address, method, "/healthz", "").starts_with("HTTP/1.1 4"), "{method}");
        }
        assert!(ask(address, "TRACE", "/healthz", "").starts_with("HTTP/1.1 405"));
        let answer = ask(address, "GET", "/nowhere", "");
        assert!(
            answer.starts_with("HTTP/1.1 404") && answer.contains("application/problem+json"),
            "{answer}"
        );
        assert!(ask(address, "OPTIONS", "/healthz", "").starts_with("HTTP/1.1 204"));
        let head = ask(address, "HEAD", "/healthz", "");
        assert!(head.starts_with("HTTP/1.1 200") && head.ends_with("\r\n\r\n"), "{head}");
    });
}

#[test]
fn a_token_in_a_url_is_refused_on_any_route() {
    at_an_edge(Options::default(), |address| {
        let answer = ask(address, "GET", "/healthz?token=secret", "");
        assert!(answer.starts_with("HTTP/1.1 400") && !answer.contains("secret"), "{answer}");
    });
}

#[test]
fn who_asks_too_much_is_told_when_to_return() {
    at_an_edge(limits(2, 64), |address| {
        assert!(ask(address, "GET", "/healthz", "").starts_with("HTTP/1.1 200"));
        assert!(ask(address, "GET", "/healthz", "").starts_with("HTTP/1.1 200"));
        let answer = ask(address, "GET", "/healthz", "X-Forwarded-For: 9.9.9.9\r\n");
        assert!(answer.starts_with("HTTP/1.1 429"), "{answer}");
        assert!(answer.contains("retry-after: ") && answer.contains("\"retry_after_ms\":"), "{answer}");
    });
}

#[test]
fn a_trusted_proxy_speaks_for_its_clients() {
    let options = Options { trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()], ..limits(1, 64) };
    at_an_edge(options, |address| {
        for client in ["9.9.9.8", "9.9.9.9"] {
            let forwarded = format!("X-Forwarded-For: 127.0.0.1, {client}\r\n");
            assert!(ask(address, "GET", "/healthz", &forwarded).starts_with("HTTP/1.1 200"));
            assert!(ask(address, "GET", "/healthz", &forwarded).starts_with("HTTP/1.1 429"));
        }
    });
}

#[test]
fn a_client_behind_a_proxy_has_only_so_many_websockets() {
    let options = Options { trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()], ..limits(100_000, 2) };
    at_an_edge(options, |address| {
        let open = |client: &str| {
            let mut stream = TcpStream::connect(address).unwrap();
            let request = format!(
                "GET /ws HTTP/1.1\r\nHost: {address}\r\nX-Forwarded-For: {client}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                 Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).unwrap();
            let mut start = [0; 12];
            stream.read_exact(&mut start).unwrap();
            (String::from_utf8_lossy(&start).into_owned(), stream)
        };
        let (first, kept) = open("9.9.9.9");
        let (second, _kept) = open("9.9.9.9");
        assert_eq!((first.as_str(), second.as_str()), ("HTTP/1.1 101", "HTTP/1.1 101"));
        assert_eq!(open("9.9.9.9").0, "HTTP/1.1 429");
        assert_eq!(open("9.9.9.8").0, "HTTP/1.1 101");
        drop(kept);
        // The server hears of the end in its own time.
        assert!((0..10_000).any(|_| open("9.9.9.9").0 == "HTTP/1.1 101"));
    });
}

#[test]
fn one_address_has_only_so_many_connections() {
    at_an_edge(limits(1000, 2), |address| {
        let get = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
        let status = |stream: &mut TcpStream| {
            stream.write_all(get.as_bytes()).unwrap();
            let mut start = [0; 12];
            stream.read_exact(&mut start).unwrap();
            String::from_utf8_lossy(&start).into_owned()
        };
        let mut kept: Vec<TcpStream> = (0..2).map(|_| TcpStream::connect(address).unwrap()).collect();
        for stream in &mut kept {
            assert_eq!(status(stream), "HTTP/1.1 200");
        }
        let mut third = TcpStream::connect(address).unwrap();
        assert_eq!(status(&mut third), "HTTP/1.1 429");
        let mut rest = String::new();
        third.read_to_string(&mut rest).unwrap();
        assert!(rest.contains("more than 2 connections from your address"), "{rest}");
    });
}

#[test]
fn other_origins_get_nothing_unless_listed() {
    let options = Options { allowed_origins: vec!["https://game.example".to_owned()], ..Options::default() };
    at_an_edge(options, |address| {
        let listed = ask(address, "GET", "/healthz", "Origin: https://game.example\r\n");
        assert!(listed.contains("access-control-allow-origin: https://game.example"), "{listed}");
        let preflight =
            "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n";
        let asked = format!("Origin: https://game.example\r\n{preflight}");
        let answer = ask(address, "OPTIONS", "/api/characters", &asked);
        assert!(
            answer.starts_with("HTTP/1.1 200") && answer.contains("access-control-allow-methods"),
            "{answer}"
        );
        let other = ask(address, "GET", "/healthz", "Origin: https://evil.example\r\n");
        assert!(!other.contains("access-control-allow-origin"), "{other}");
    });
    at_an_edge(Options::default(), |address| {
        let answer = ask(address, "GET", "/healthz", "Origin: https://game.example\r\n");
        assert!(answer.starts_with("HTTP/1.1 200") && !answer.contains("access-control"), "{answer}");
    });
}

#[test]
fn what_is_no_http_is_closed_and_nobody_notices() {
    let mut options = Options::default();
    options.http.head_timeout = Duration::from_secs(1);
    at_an_edge(options, |address| {
        for text in [
            "\r\n\r\n\r\n",
            "GET\r\n\r\n",
            "GET / HTTP/9.9\r\n\r\n",
            "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        ] {
            let answer = say(address, text);
            assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{text:?}: {answer}");
        }
        assert!(ask(address, "GET", "/healthz", "").starts_with("HTTP/1.1 200"));
    });
}

#[test]
fn a_body_that_drips_is_cut() {
    let mut options = Options::default();
    options.http.body_timeout = Duration::from_millis(200);
    at_an_edge(options, |address| {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = "POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 8192\r\n";
        stream.write_all(format!("{head}\r\n{{").as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"code\":\"TIMEOUT\""), "{answer}");
    });
}

#[test]
fn a_body_that_is_too_large_is_refused() {
    at_an_edge(Options::default(), |address| {
        let body = "x".repeat(65537);
        let head = format!("Content-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        let answer = say(address, &format!("POST /api/auth/login HTTP/1.1\r\nHost: a\r\n{head}\r\n{body}"));
        assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("connection: close"), "{answer}");
    });
}

#[test]
fn who_is_refused_before_his_request_is_read_may_finish_it() {
    at_an_edge(Options::default(), |address| {
        let mut stream = TcpStream::connect(address).unwrap();
        let head = "POST /api/characters HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 65536\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        // The answer is here: nobody will read the body.
        stream.peek(&mut [0]).unwrap();
        for _ in 0..64 {
            stream.write_all(&[b'x'; 1024]).expect("the server takes it, or this connection were reset");
        }
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    });
}
