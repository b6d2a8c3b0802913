//! The outbox by itself: order, numbers, links, and one answer a command.

use std::sync::Arc;

use actors::bells::{Asleep, Bell, Bells};
use actors::commands::{Begun, Ticket};
use actors::frame::{Frame, SharedFrame};
use actors::outbox::{Farewell, LinkNumber, Outbox, OutboxLimits, Pulled, Standing};
use protocol::session::{Done, Pong};
use protocol::{CharacterId, CloseCode, Dialect, ErrorCode, ErrorMessage, LocationId, ServerMessage};
use rules::venue::{Looking, Vantage};

use crate::peer::text;

const VANTAGE: Vantage = Vantage { location: LocationId(1), cell: (0, 0) };

fn outbox() -> Arc<Outbox> {
    Outbox::new(OutboxLimits { events_max: 8, bytes_max: 4_096 }, None, 0)
}

fn pong(number: i32) -> SharedFrame {
    Frame::new(ServerMessage::Pong(Pong { server_time: f64::from(number) }), 0)
}

fn pull(outbox: &Outbox, link: LinkNumber) -> (Pulled, Vec<Option<u64>>) {
    let mut batch = Vec::new();
    let pulled = outbox.pull(link, usize::MAX, &mut |seq, _| batch.push(seq), &Bell::new(&Arc::default(), 0));
    (pulled, batch)
}

fn numbers(batch: &[Option<u64>]) -> Vec<u64> {
    batch.iter().filter_map(|seq| *seq).collect()
}

fn begun(outbox: &Outbox, id: &str) -> Ticket {
    match outbox.begin(Some(text(id))) {
        Begun::New(ticket) => ticket,
        other => panic!("{other:?}"),
    }
}

fn refusal(code: ErrorCode) -> ErrorMessage {
    ErrorMessage::new(code, "no")
}

#[test]
fn events_wait_for_a_link_and_keep_their_numbers() {
    let outbox = outbox();
    for number in 0..3 {
        outbox.push(&pong(number));
    }
    let (link, last_seq) = outbox.attach(Dialect::V1Json, 0);
    assert_eq!(last_seq, 0);
    assert_eq!(numbers(&pull(&outbox, link).1), [1, 2, 3]);
    assert_eq!(pull(&outbox, link).0, Pulled::Idle);
    outbox.push(&pong(3));
    let (next, last_seq) = outbox.attach(Dialect::V1Json, 0);
    assert_eq!(last_seq, 3);
    assert_eq!(numbers(&pull(&outbox, next).1), [4]);
    let (Pulled::Ended(farewell), batch) = pull(&outbox, link) else { panic!("the old link goes on") };
    assert_eq!((farewell.code, batch.len()), (CloseCode::Replaced, 0));
}

#[test]
fn who_is_away_loses_the_oldest_and_who_is_there_the_connection() {
    let outbox = outbox();
    for number in 0..20 {
        outbox.push(&pong(number));
    }
    assert_eq!(outbox.backlog().0, 8);
    let (link, last_seq) = outbox.attach(Dialect::V1Json, 0);
    assert_eq!(last_seq, 12);
    outbox.jam(link);
    // What waited when it came is no reason to cut it off: it gets as much again.
    for number in 20..28 {
        outbox.push(&pong(number));
    }
    assert_eq!(outbox.backlog().0, 16);
    outbox.push(&pong(28));
    assert_eq!(outbox.backlog().0, 0, "a client that does not read holds no memory");
    let (Pulled::Ended(farewell), _) = pull(&outbox, link) else { panic!("goes on") };
    assert_eq!(farewell.code, CloseCode::TooSlow);
    assert!(outbox.detach(link, 5));
    outbox.push(&pong(1));
    let (link, _) = outbox.attach(Dialect::V1Json, 6);
    assert_eq!(numbers(&pull(&outbox, link).1).len(), 1);
}

#[test]
fn who_reads_is_not_cut_off_for_a_burst_that_the_server_makes() {
    let outbox = outbox();
    let (link, _) = outbox.attach(Dialect::V1Json, 0);
    assert_eq!(pull(&outbox, link).0, Pulled::Idle);
    for number in 1..=60 {
        outbox.push(&pong(number));
    }
    assert_eq!(numbers(&pull(&outbox, link).1), (1..=60).collect::<Vec<_>>());
    outbox.acknowledge(60);
    // Now its socket is full.
    outbox.jam(link);
    for number in 1..=8 {
        outbox.push(&pong(number));
    }
    assert_eq!(outbox.backlog().0, 8);
    outbox.push(&pong(9));
    assert!(matches!(pull(&outbox, link).0, Pulled::Ended(farewell) if farewell.code == CloseCode::TooSlow));
}

#[test]
fn a_burst_that_nobody_looks_after_ends_the_link_too() {
    let outbox = outbox();
    let (link, _) = outbox.attach(Dialect::V1Json, 0);
    for number in 1..=64 {
        outbox.push(&pong(number));
    }
    assert_eq!(outbox.backlog().0, 64);
    outbox.push(&pong(65));
    assert_eq!(outbox.backlog().0, 0);
    assert!(matches!(pull(&outbox, link).0, Pulled::Ended(farewell) if farewell.code == CloseCode::TooSlow));
}

#[test]
fn a_goodbye_comes_after_what_was_said_before_it_and_before_what_comes_later() {
    let outbox = outbox();
    let (link, _) = outbox.attach(Dialect::V1Json, 0);
    outbox.push(&pong(1));
    outbox.end_link(Farewell::new(CloseCode::Normal, "bye"));
    outbox.end_link(Farewell::new(CloseCode::Kicked, "and stay away"));
    outbox.push(&pong(2));
    assert_eq!(numbers(&pull(&outbox, link).1), [1]);
    assert!(matches!(pull(&outbox, link).0, Pulled::Ended(farewell) if farewell.code == CloseCode::Normal));
    let (next, _) = outbox.attach(Dialect::V1Json, 0);
    assert_eq!(numbers(&pull(&outbox, next).1), [2]);
}

#[test]
fn of_a_state_only_the_newest_is_sent_and_none_to_who_is_away() {
    let outbox = outbox();
    outbox.show(CharacterId(1), &pong(0), &mut Asleep::default());
    let (link, _) = outbox.attach(Dialect::Classic, 0);
    assert_eq!(pull(&outbox, link).0, Pulled::Idle);
    for number in 0..50 {
        outbox.show(CharacterId(1), &pong(number), &mut Asleep::default());
        outbox.show(CharacterId(2), &pong(number), &mut Asleep::default());
    }
    let batch = pull(&outbox, link).1;
    assert_eq!((batch.len(), numbers(&batch).len()), (2, 0));
}

fn looks(outbox: &Outbox) -> Option<Looking> {
    outbox.look().0
}

#[test]
fn a_client_that_can_not_take_views_gets_fewer_and_whole_ones_until_it_can() {
    let outbox = outbox();
    let frames: Arc<[SharedFrame]> = [pong(1)].into();
    let (link, _) = outbox.attach(Dialect::V1Json, 0);
    let (news, everything) =
        (Some(Looking::Around { knows: Some(VANTAGE) }), Some(Looking::Around { knows: None }));
    assert_eq!(looks(&outbox), everything, "a new connection knows nothing");
    outbox.show_view(VANTAGE, true, &frames, &mut Asleep::default());
    assert_eq!(pull(&outbox, link).1.len(), 1);
    for _ in 0..2 {
        assert_eq!(looks(&outbox), news);
        outbox.show_view(VANTAGE, false, &frames, &mut Asleep::default());
    }
    assert_eq!(outbox.look(), (news, Some(true)), "two ticks may wait");
    outbox.show_view(VANTAGE, false, &frames, &mut Asleep::default());
    let Standing { state: counts, state_waiting: waiting, every_ticks: every, .. } = outbox.standing();
    assert_eq!((counts.replaced, counts.lowered, waiting, every), (3, 1, 0, 2));
    assert_eq!(outbox.look(), (None, None), "a tick is left out");
    let mut left_out = 0;
    for _ in 0..200 {
        match looks(&outbox) {
            None => left_out += 1,
            looking => {
                assert_eq!(looking, everything);
                outbox.show_view(VANTAGE, true, &frames, &mut Asleep::default());
                assert_eq!(outbox.standing().state_waiting, 1, "only the newest waits");
            }
        }
    }
    assert!(left_out > 180, "{left_out} ticks were left out");
    // It reads again: from then on it is caught up step by step.
    for _ in 0..200 {
        pull(&outbox, link);
        match looks(&outbox) {
            Some(Looking::Around { knows: None }) => {
                outbox.show_view(VANTAGE, true, &frames, &mut Asleep::default())
            }
            Some(_) => outbox.show_view(VANTAGE, false, &frames, &mut Asleep::default()),
            None => {}
        }
    }
    assert_eq!(outbox.standing().every_ticks, 1);
    assert_eq!(outbox.look(), (news, Some(true)));
}

#[test]
fn a_command_is_answered_once_and_its_repetition_the_same_way() {
    let outbox = outbox();
    let (link, _) = outbox.attach(Dialect::V1Json, 0);
    let ticket = begun(&outbox, "a");
    assert!(matches!(outbox.begin(Some(text("a"))), Begun::UnderWay));
    outbox.answer(&ticket, ServerMessage::Ok(Done {}), 0);
    outbox.answer(&ticket, ServerMessage::Ok(Done {}), 0);
    outbox.refuse(&ticket, refusal(ErrorCode::Busy), 0);
    assert_eq!(pull(&outbox, link).1.len(), 1);
    assert!(matches!(outbox.begin(Some(text("a"))), Begun::Answered(_)));
    // What was refused for the moment may be tried again; what was refused for good stays so.
    let ticket = begun(&outbox, "b");
    outbox.refuse(&ticket, refusal(ErrorCode::Busy), 0);
    let ticket = begun(&outbox, "b");
    outbox.refuse(&ticket, refusal(ErrorCode::NotOnline), 0);
    assert!(matches!(outbox.begin(Some(text("b"))), Begun::Answered(_)));
}

#[test]
fn recalled_answers_never_push_out_ones_own() {
    let outbox = outbox();
    for number in 0..100 {
        let ticket = begun(&outbox, &format!("own {number}"));
        outbox.answer(&ticket, ServerMessage::Ok(Done {}), 0);
    }
    let under_way = begun(&outbox, "under way");
    let recalled = (0..512).map(|number| (text(&format!("old {number}")), pong(number))).collect();
    outbox.recall(recalled, false);
    assert!(outbox.has_forgotten());
    assert!(matches!(outbox.begin(Some(text("own 0"))), Begun::Answered(_)));
    assert!(matches!(outbox.begin(Some(text("old 511"))), Begun::Answered(_)));
    assert!(matches!(outbox.begin(Some(text("under way"))), Begun::UnderWay));
    assert!(outbox.is_open(&under_way));
    assert!(matches!(outbox.begin(Some(text("old 0"))), Begun::New(_)), "that is for the disk to know");
}

#[test]
fn the_bell_is_rung_for_every_kind_of_news() {
    let outbox = outbox();
    let bells = Arc::new(Bells::default());
    let bell = Bell::new(&bells, 7);
    let rung = || {
        let mut numbers = Vec::new();
        let _ = bells.poll_rung(&mut std::task::Context::from_waker(std::task::Waker::noop()), &mut numbers);
        numbers
    };
    let (link, _) = outbox.attach(Dialect::V1Json, 0);
    let news: [&dyn Fn(); 5] = [
        &|| outbox.push(&pong(1)),
        &|| outbox.show_view(VANTAGE, true, &[pong(1)].into(), &mut Asleep::default()),
        &|| outbox.ask_ping(),
        &|| outbox.end_link(Farewell::new(CloseCode::Normal, "bye")),
        &|| assert!(outbox.attach(Dialect::V1Json, 1).0 > link),
    ];
    for (number, tell) in (1..).zip(news) {
        let _ = outbox.pull(link, usize::MAX, &mut |_, _| {}, &bell);
        assert!(rung().is_empty(), "news {number}");
        tell();
        tell();
        assert_eq!(rung(), [7], "news {number}");
    }
}

/// A connection whose socket is full does not look before it has room, which may be never.
#[test]
fn the_end_is_told_to_those_who_have_not_looked_since_they_were_told_something() {
    type End = fn(&Outbox);
    let ends: [(&str, End); 4] = [
        ("a goodbye", |outbox| outbox.end_link(Farewell::new(CloseCode::Normal, "bye"))),
        ("giving up", |outbox| outbox.abandon_link(1)),
        ("another connection", |outbox| assert_eq!(outbox.attach(Dialect::V1Json, 1).1, 0)),
        ("too much", |outbox| (0..9).for_each(|number| outbox.push(&pong(number)))),
    ];
    for (what, end) in ends {
        let (outbox, bells) = (outbox(), Arc::new(Bells::default()));
        let rung = || {
            let mut numbers = Vec::new();
            let _ =
                bells.poll_rung(&mut std::task::Context::from_waker(std::task::Waker::noop()), &mut numbers);
            numbers
        };
        let (link, _) = outbox.attach(Dialect::V1Json, 0);
        assert_eq!(outbox.pull(link, usize::MAX, &mut |_, _| {}, &Bell::new(&bells, 7)), Pulled::Idle);
        outbox.push(&pong(0));
        assert_eq!(rung(), [7]);
        assert!(!outbox.is_over(link));
        outbox.jam(link);
        end(&outbox);
        assert!(outbox.is_over(link), "{what}");
        assert!(rung().contains(&7), "{what}");
    }
}
