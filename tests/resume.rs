//! Going on with a session after a drop (v1): what was missed comes in order, each event once, or it is said what is
//! gone.

use std::sync::atomic::{AtomicU32, Ordering};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

use crate::harness::server::Server;
use crate::harness::socket::Socket;
use crate::harness::ticket::Ticket;
use crate::harness::way::Way;

/// How often the listeners of the randomised test drop out, all together.
const DROPS: u32 = 100;

async fn say(talker: &mut Socket, content: &str) -> Value {
    let said = talker.ask("chat", content, json!({"content": content})).await;
    assert_eq!(said["type"], "chat", "{said}");
    said
}

/// The next lines, which must be these.
async fn hear_lines(socket: &mut Socket, lines: impl IntoIterator<Item = String>) -> Vec<Value> {
    let mut heard = Vec::new();
    for line in lines {
        heard.push(socket.hear("chat").await);
        assert_eq!(heard.last().unwrap()["content"], *line);
    }
    heard
}

fn lines(of: &[Value]) -> Vec<&str> {
    of.iter()
        .filter(|message| message["type"] == "chat")
        .filter_map(|line| line["content"].as_str())
        .collect()
}

#[tokio::test]
async fn a_drop_costs_nothing_and_what_is_in_doubt_comes_as_it_came_before() {
    let server = Server::start();
    for way in Way::V1 {
        a_drop_costs_nothing_who_speaks(way, &server).await;
    }
}

async fn a_drop_costs_nothing_who_speaks(way: Way, server: &Server) {
    let (_, mut talker) = server.classic().await;
    let (player, mut socket, mut ticket) = server.resumable_speaking(way).await;
    let old = |range: std::ops::Range<u32>| range.map(|nth| format!("line {nth}"));
    for line in old(0..8) {
        say(&mut talker, &line).await;
    }
    hear_lines(&mut socket, old(0..3)).await;
    ticket.seq = socket.seq;
    let doubtful = hear_lines(&mut socket, old(3..8)).await;
    drop(socket);
    for line in old(8..20) {
        say(&mut talker, &line).await;
    }
    // As if the last five had not arrived.
    let (mut socket, answer) = ticket.resume(server).await;
    assert_eq!(answer["from_seq"], ticket.seq + 1);
    assert!(answer["to_seq"].as_u64() >= Some(ticket.seq + 17), "{answer}");
    assert_eq!(hear_lines(&mut socket, old(3..8)).await, doubtful, "the same frames");
    hear_lines(&mut socket, old(8..20)).await;
    let here = socket.hear("location_update").await;
    assert_eq!(here["location_id"], 1, "{here}");
    assert!(lines(&socket.everything_so_far().await).is_empty(), "each once");
    assert_eq!(say(&mut socket, "back").await["sender_id"], player.character);
    let left = talker.everything_so_far().await;
    assert!(left.iter().all(|message| message["type"] != "player_left_area"), "{left:?}");

    // What was acknowledged is known, whatever else is said.
    socket.say("ack", json!({"seq": socket.seq})).await;
    socket.everything_so_far().await;
    let acknowledged = socket.seq - 1;
    ticket.seq = 0;
    drop(socket);
    let (mut socket, answer) = ticket.resume(server).await;
    assert_eq!(answer["gap"], json!({"from_seq": 1, "to_seq": acknowledged}), "{answer}");
    assert!(lines(&socket.everything_so_far().await).is_empty());
}

#[tokio::test]
async fn what_opens_no_session_leaves_the_connection_free_to_sign_in() {
    let server = Server::start();
    let (_, foreign_socket, foreign) = server.resumable().await;
    let (player, mut socket, mut ticket) = server.resumable().await;
    let stranger = "00000000-0000-4000-8000-000000000001".to_owned();
    let wrong: [fn(&mut Ticket, &Ticket); 5] = [
        |ticket, _| ticket.token = ticket.token.chars().rev().collect(),
        |ticket, _| ticket.token = "?".to_owned(),
        |ticket, foreign| ticket.session = foreign.session.clone(),
        |ticket, foreign| ticket.token = foreign.token.clone(),
        |ticket, _| ticket.seq += 1,
    ];
    for change in wrong {
        ticket.drop_out(socket);
        let mut changed = ticket.clone();
        change(&mut changed, &foreign);
        socket = changed.expect_expired(&server).await;
        ticket = Ticket::of(ticket.way, &socket.sign_in(&player.person.token).await);
        socket.hear("location_update").await;
        say(&mut socket, "signed in").await;
    }
    Ticket { session: stranger, ..ticket }.expect_expired(&server).await;
    // Whoever was named in a wrong claim has noticed nothing.
    let mut foreign_socket = foreign_socket;
    assert_eq!(foreign_socket.ask("ping", "p", json!({})).await["type"], "pong");
}

#[tokio::test]
async fn after_the_time_of_grace_there_is_nothing_to_go_on_with() {
    let server = Server::with(&[("session.grace_secs", "1")]);
    let (_, mut witness) = server.classic().await;
    let (player, socket, mut ticket) = server.resumable().await;
    ticket.drop_out(socket);
    let gone = |message: &Value| {
        message["type"] == "player_left_area" && message["character_id"] == player.character
    };
    witness.hear_where("the leaving", gone).await;
    let mut socket = ticket.expect_expired(&server).await;
    socket.sign_in(&player.person.token).await;
    let select = json!({"character_id": player.character});
    assert_eq!(socket.ask("character_select", "s", select).await["type"], "character_select");
}

#[tokio::test]
async fn a_token_holds_until_something_came_in_on_the_connection_it_opened() {
    let server = Server::start();
    let (_, socket, mut ticket) = server.resumable().await;
    ticket.drop_out(socket);
    // The answer is lost, again and again.
    for _ in 0..3 {
        ticket.clone().resume(&server).await;
    }
    let old = ticket.clone();
    let (mut socket, _) = ticket.resume(&server).await;
    socket.everything_so_far().await;
    ticket.drop_out(socket);
    Ticket { seq: ticket.seq, ..old }.expect_expired(&server).await;
    let (mut socket, _) = ticket.resume(&server).await;
    assert_eq!(socket.ask("ping", "p", json!({})).await["type"], "pong");
}

#[tokio::test]
async fn who_resumes_replaces_a_connection_that_still_lives() {
    let server = Server::start();
    let (_, mut talker) = server.classic().await;
    let (player, mut first, mut ticket) = server.resumable().await;
    say(&mut talker, "heard twice").await;
    ticket.seq = first.seq;
    first.hear("chat").await;
    let (mut second, _) = ticket.resume(&server).await;
    assert_eq!(first.closed().await.code, Some(4001));
    assert_eq!(first.heard("disconnect").len(), 1, "the older is told why");
    assert_eq!(second.hear("chat").await["content"], "heard twice");
    assert_eq!(say(&mut second, "it is me").await["sender_id"], player.character);
}

#[tokio::test]
async fn what_is_gone_for_good_is_named_and_how_things_stand_follows() {
    let kept = 16;
    let server = Server::with(&[("ws.out_queue_events", &kept.to_string())]);
    let (_, mut talker) = server.classic().await;
    let (player, mut socket, mut ticket) = server.resumable().await;
    // The part of the world that answers a step has told of the arrival before.
    let here = json!({"to_location_id": 0, "position": {"x": 7.0, "y": 8.0, "z": 0.0}});
    assert_eq!(socket.ask("move", "here", here).await["type"], "ok");
    socket.everything_so_far().await;
    ticket.drop_out(socket);
    for nth in 0..40 {
        say(&mut talker, &format!("line {nth}")).await;
    }
    let (mut socket, answer) = ticket.resume(&server).await;
    let to_seq = answer["to_seq"].as_u64().unwrap();
    assert_eq!(to_seq, ticket.seq + 40);
    let gap = json!({"from_seq": ticket.seq + 1, "to_seq": to_seq - kept});
    assert_eq!((&answer["gap"], &answer["from_seq"]), (&gap, &json!(to_seq - kept + 1)), "{answer}");
    let anything = |_: &Value| true;
    let own = socket.hear_where("one's own state", anything).await;
    assert_eq!((&own["type"], &own["character_id"]), (&json!("character_update"), &json!(player.character)));
    assert_eq!(socket.hear_where("the world's state", anything).await["type"], "world_state");
    for nth in 40 - kept..40 {
        let line = socket.hear_where("the next event", anything).await;
        assert_eq!(line["content"], format!("line {nth}"), "{line}");
    }
    assert_eq!(socket.hear_where("where one is", anything).await["type"], "location_update");
    say(&mut socket, "and on it goes").await;
}

#[tokio::test]
async fn after_a_gap_ones_party_and_ones_trade_are_told_anew() {
    let server = Server::with(&[("ws.out_queue_events", "16")]);
    let (talker, mut other) = server.classic().await;
    let (_, mut socket, mut ticket) = server.resumable().await;
    let party = socket.ask("party_create", "party", json!({})).await;
    let trade = socket.ask("trade_request", "trade", json!({"recipient_id": talker.character})).await;
    assert!(party["party_id"].is_number() && trade["trade_id"].is_string(), "{party} {trade}");
    socket.everything_so_far().await;
    ticket.drop_out(socket);
    for nth in 0..40 {
        say(&mut other, &format!("line {nth}")).await;
    }
    let (mut socket, answer) = ticket.resume(&server).await;
    assert!(answer["gap"].is_object(), "{answer}");
    assert_eq!(socket.hear("party_update").await["party_id"], party["party_id"]);
    assert_eq!(socket.hear("trade_request").await["trade_id"], trade["trade_id"]);
}

#[tokio::test]
async fn classic_clients_can_not_resume_and_are_told_so() {
    let server = Server::start();
    let (player, socket, mut ticket) = server.resumable().await;
    ticket.drop_out(socket);
    let mut classic = Socket::classic(&server).await;
    let claim = json!({"session_id": ticket.session, "resume_token": ticket.token, "last_seq": ticket.seq});
    let refused = classic.ask("resume", "r", claim).await;
    assert_eq!(refused["error_code"], "UNSUPPORTED", "{refused}");
    classic.sign_in(&player.person.token).await;
}

#[tokio::test]
async fn a_command_sent_right_before_a_drop_has_its_effect_once() {
    let server = Server::start();
    let (_, mut witness) = server.classic().await;
    let (_, mut socket, mut ticket) = server.resumable().await;
    for nth in 0..20 {
        let (id, body) = (format!("id {nth}"), json!({"content": format!("line {nth}")}));
        let mut named = body.clone();
        named["message_id"] = json!(id);
        socket.say("chat", named).await;
        let arrived = nth % 2 == 0;
        if arrived {
            // Then the answer is among what was missed, once.
            hear_lines(&mut witness, [format!("line {nth}")]).await;
        }
        ticket.drop_out(socket);
        (socket, _) = ticket.resume(&server).await;
        let missed = socket.everything_so_far().await;
        let mut answers: Vec<&Value> = missed.iter().filter(|message| message["message_id"] == *id).collect();
        assert!(answers.len() == 1 || !arrived && answers.is_empty(), "{missed:?}");
        let again = socket.ask("chat", &id, body).await;
        answers.push(&again);
        assert!(answers.iter().all(|answer| answer["type"] == "chat"), "{answers:?}");
        assert!(answers.iter().all(|answer| answer["chat_id"] == again["chat_id"]), "{answers:?}");
        if !arrived {
            hear_lines(&mut witness, [format!("line {nth}")]).await;
        }
    }
    assert!(lines(&witness.everything_so_far().await).is_empty(), "nothing was said twice");
}

#[tokio::test]
async fn a_planned_restart_is_a_drop_like_any_other() {
    let server = Server::start();
    let (_, mut talker) = server.v1().await;
    let (_, socket, mut away) = server.resumable_speaking(Way::MsgPack).await;
    let (_, mut there, mut stays) = server.resumable().await;
    away.drop_out(socket);
    let (forgetful, mut third, _) = server.resumable().await;
    let said = |range: std::ops::Range<u32>| range.map(|nth| format!("line {nth}"));
    for line in said(0..10) {
        say(&mut talker, &line).await;
    }
    hear_lines(&mut there, said(0..10)).await;
    hear_lines(&mut third, said(0..10)).await;
    server.terminate();
    third.closed().await;
    let forgotten = third.seq;
    assert_eq!(there.closed().await.code, Some(1012));
    stays.drop_out(there);
    let directory = server.stop().await;

    let server = Server::start_in(&directory, &[]);
    let (_, mut newcomer) = server.v1().await;
    say(&mut newcomer, "before anybody is back").await;
    let (stale, started) = (stays.clone(), away.clone());
    let (mut there, answer) = stays.resume(&server).await;
    assert!(answer["gap"].is_null(), "{answer}");
    let (mut back, answer) = away.resume(&server).await;
    assert!(answer["gap"].is_null(), "{answer}");
    hear_lines(&mut back, said(0..10)).await;
    for socket in [&mut there, &mut back] {
        hear_lines(socket, ["before anybody is back".to_owned()]).await;
    }
    say(&mut newcomer, "after it").await;
    for socket in [&mut there, &mut back] {
        hear_lines(socket, ["after it".to_owned()]).await;
        let more = socket.everything_so_far().await;
        assert!(lines(&more).is_empty(), "each once: {more:?}");
    }
    say(&mut there, "still myself").await;
    hear_lines(&mut back, ["still myself".to_owned()]).await;
    // Who signs in instead has lost what was sent and not taken, but hears nothing twice.
    let mut socket = Socket::v1(&server).await;
    let welcome = socket.sign_in(&forgetful.person.token).await;
    assert_eq!(welcome["last_seq"], forgotten, "{welcome}");
    hear_lines(&mut socket, ["before anybody is back".to_owned(), "after it".to_owned()]).await;
    // What the earlier process kept opens nothing more, now that the new tokens were used.
    stays.drop_out(there);
    away.drop_out(back);
    stale.expect_expired(&server).await;
    started.expect_expired(&server).await;
    // And once more, over two restarts in a row.
    let (there, _) = stays.resume(&server).await;
    stays.drop_out(there);
    let directory = server.stop().await;
    let directory = Server::start_in(&directory, &[]).stop().await;
    let server = Server::start_in(&directory, &[]);
    let (mut there, answer) = stays.resume(&server).await;
    assert!(answer["gap"].is_null(), "{answer}");
    say(&mut there, "here again").await;
}

#[tokio::test]
async fn after_a_crash_one_signs_in_anew() {
    let server = Server::start();
    let (player, mut socket, mut ticket) = server.resumable().await;
    say(&mut socket, "before").await;
    ticket.drop_out(socket);
    let directory = server.stop().await;
    let server = Server::start_in(&directory, &[]);
    // What a planned restart kept is of no use any more, once it was taken.
    let (mut socket, _) = ticket.resume(&server).await;
    say(&mut socket, "between").await;
    ticket.drop_out(socket);
    let directory = server.kill();
    let server = Server::start_in(&directory, &[]);
    let mut socket = ticket.expect_expired(&server).await;
    let welcome = socket.sign_in(&player.person.token).await;
    assert_eq!(welcome["last_seq"], 0, "{welcome}");
    assert_eq!(socket.hear("location_update").await["seq"].as_u64(), Some(socket.seq));
}

/// Listens, drops out and comes back at random until all have done so often enough; then to the last line. Returns the
/// numbers of all lines.
async fn listen(
    server: &Server,
    (mut socket, mut ticket): (Socket, Ticket),
    seed: u64,
    drops: &AtomicU32,
) -> Vec<u64> {
    let mut dice = StdRng::seed_from_u64(seed);
    let mut heard = Vec::new();
    loop {
        // The socket itself sees to it that `seq` has no gap and no repeat.
        for _ in 0..dice.random_range(0..6) {
            let line = socket.hear("chat").await;
            heard.push(line["chat_id"].as_u64().unwrap());
            if line["content"] == "the last" {
                return heard;
            }
            if dice.random_ratio(1, 4) {
                socket.say("ack", json!({"seq": socket.seq})).await;
            }
        }
        if drops.fetch_add(1, Ordering::Relaxed) < DROPS {
            ticket.drop_out(socket);
            if dice.random_ratio(1, 5) {
                // The answer does not arrive.
                ticket.clone().resume(server).await;
            }
            // What was written for one dialect is written anew for the other.
            ticket.way = Way::V1[dice.random_range(0..Way::V1.len())];
            let answer;
            (socket, answer) = ticket.resume(server).await;
            assert!(answer["gap"].is_null(), "{answer}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn at_random_moments_nothing_is_missing_and_nothing_comes_twice() {
    let server = Server::start();
    let (_, mut talker) = server.v1().await;
    let mut listeners = Vec::new();
    for _ in 0..3 {
        let (_, socket, ticket) = server.resumable().await;
        listeners.push((socket, ticket));
    }
    let drops = AtomicU32::new(0);
    let talk = async {
        let mut said = Vec::new();
        while drops.load(Ordering::Relaxed) < DROPS {
            said.push(say(&mut talker, &format!("line {}", said.len())).await["chat_id"].as_u64().unwrap());
        }
        said.push(say(&mut talker, "the last").await["chat_id"].as_u64().unwrap());
        said
    };
    let listening =
        listeners.into_iter().enumerate().map(|(nth, who)| listen(&server, who, nth as u64, &drops));
    let (said, heard) = tokio::join!(talk, futures_util::future::join_all(listening));
    for heard in heard {
        assert_eq!(heard, said, "every line, once, in order");
    }
}
