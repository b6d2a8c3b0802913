//! Rooms come and go as they are needed, and reach everybody however many they are.

use std::sync::Arc;

use actors::bells::Bell;
use actors::host::{Mail, Newcomer};
use actors::outbox::{Outbox, OutboxLimits, Pulled};
use protocol::chat::Channel;
use protocol::{CharacterId, Dialect, ServerMessage};
use rules::room::RoomEntry;
use rules::venue::{Member, RoomKey};

use crate::peer::{Peer, travel};
use crate::stage::{Plan, Stage, pass, play, play_on_threads};

fn runs(stage: &Stage, key: &str) -> bool {
    stage.world.mesh_view().entities.iter().any(|entity| entity.kind == "room" && entity.key == key)
}

#[test]
fn an_empty_room_is_let_go_and_comes_back_with_its_history() {
    play(Plan::seeded(1, 10), |stage: Stage| async move {
        let mut anna = stage.player().await;
        anna.ask(travel(5)).await;
        anna.linger(200).await;
        let first = anna.say(Channel::Say, "remember me").await;
        anna.ask(travel(1)).await;
        assert!(runs(&stage, "say:5"));
        anna.linger(55_000).await;
        assert!(runs(&stage, "say:5"));
        anna.linger(20_000).await;
        assert!(!runs(&stage, "say:5"));
        assert!(runs(&stage, "say:1") && runs(&stage, "global"));
        anna.ask(travel(5)).await;
        let page = anna
            .wait("the history", |heard| match &heard.message {
                ServerMessage::ChatHistory(page) if page.channel == Channel::Say => {
                    page.lines.iter().find(|line| line.content == "remember me").map(|line| line.chat_id)
                }
                _ => None,
            })
            .await;
        assert_eq!(page, first.chat_id);
        assert_eq!(anna.say(Channel::Say, "more").await.chat_id, first.chat_id + 1);
    });
}

#[test]
fn who_comes_while_a_room_is_let_go_is_in_it_afterwards() {
    // Around the moment at which the room goes: whatever comes first, nobody is lost.
    for offset in (0..2_000).step_by(125) {
        play(Plan::seeded(offset, 30), |stage: Stage| async move {
            let (mut anna, mut berta) = (stage.player().await, stage.player().await);
            anna.ask(travel(5)).await;
            anna.linger(300).await;
            anna.ask(travel(1)).await;
            for _ in 0..69 {
                anna.linger(999).await;
                berta.linger(1).await;
            }
            anna.linger(offset).await;
            let way = anna.send(travel(5));
            berta.ask(travel(5)).await;
            anna.answer(&way).await;
            anna.linger(300).await;
            berta.linger(300).await;
            anna.say(Channel::Say, "both here").await;
            berta.hear("both here").await;
        });
    }
}

#[test]
fn a_thousand_members_hear_every_line_in_order() {
    let plan = Plan::seeded(2, 20).with(|options| options.mailboxes.room = 2_000);
    play(plan, |stage: Stage| async move {
        let mut anna = stage.player().await;
        let crowd = crowd(&stage, &anna, 1_000);
        pass(200).await;
        let sent: Vec<String> = (0..3)
            .map(|number| anna.send(crate::peer::chat(Channel::Global, &format!("line {number}"))))
            .collect();
        for id in sent {
            anna.answer(&id).await;
        }
        pass(200).await;
        for outbox in crowd {
            let link = outbox.attach(Dialect::V1Json, 0).0;
            let mut lines = Vec::new();
            let mut read = |_, text: &[u8]| lines.push(String::from_utf8(text.to_vec()).unwrap());
            let pulled = outbox.pull(link, usize::MAX, &mut read, &Bell::new(&Arc::default(), 0));
            assert_eq!(pulled, Pulled::Some { ping: false, more: false });
            assert_eq!(lines.len(), 3);
            for (number, line) in lines.iter().enumerate() {
                assert!(line.contains(&format!("line {number}")), "{line}");
            }
        }
    });
}

/// Members of the global room that are only an outbox each.
fn crowd(stage: &Stage, host: &Peer, size: i64) -> Vec<Arc<Outbox>> {
    let room = stage.world.rooms().find(&stage.world, &RoomKey::Global, || ()).unwrap();
    let session = host.signed.session_id;
    let door = stage.world.session(session).unwrap();
    let join = |number: i64| {
        let outbox = Outbox::new(OutboxLimits::default(), None, 0);
        let member = Member {
            id: CharacterId(10_000 + number),
            name: format!("Number {number}"),
            faction: "Golden Order".to_owned(),
            level: 1,
            epoch: 1,
        };
        let reply = actors::host::Reply { who: member.id, outbox: outbox.clone(), ticket: None };
        let newcomer = Newcomer { member, session, outbox: outbox.clone(), door: door.clone() };
        let entry = RoomEntry { wants_history: false };
        room.post(Mail::Enter { newcomer, entry, reply }).unwrap();
        outbox
    };
    (0..size).map(join).collect()
}

#[test]
fn draining_tells_everybody_when_to_come_back() {
    play(Plan::seeded(3, 30), |stage: Stage| async move {
        let mut peers = Vec::new();
        for _ in 0..10 {
            peers.push(stage.player().await);
        }
        stage.world.drain().await;
        let mut waits = Vec::new();
        for peer in &mut peers {
            let farewell = peer.goodbye().await;
            assert_eq!(farewell.code, protocol::CloseCode::Restart);
            waits.push(farewell.retry_after_ms.unwrap());
        }
        waits.sort_unstable();
        waits.dedup();
        assert_eq!(waits.len(), 10, "spread out: {waits:?}");
        assert_eq!(stage.world.directory().len(), 0);
        assert!(stage.world.sessions().is_empty());
    });
}

#[test]
fn on_many_threads_too_everybody_hears_the_same_lines_in_the_same_order() {
    play_on_threads(|stage: Stage| async move {
        let mut peers = Vec::new();
        for number in 0..12 {
            peers.push(stage.player_of(number % 3).await);
        }
        for round in 0..10 {
            for (number, peer) in peers.iter_mut().enumerate() {
                peer.send(crate::peer::chat(Channel::Global, &format!("{round} by {number}")));
                if number % 4 == round % 4 {
                    peer.send(travel(if round % 2 == 0 { 5 } else { 1 }));
                }
            }
            for peer in &mut peers {
                peer.read();
            }
        }
        for peer in &mut peers {
            for round in 0..10 {
                for number in 0..12 {
                    peer.hear(&format!("{round} by {number}")).await;
                }
            }
        }
        let first = peers[0].lines(Channel::Global);
        assert_eq!(first.len(), 120);
        for peer in &peers[1..] {
            assert_eq!(peer.lines(Channel::Global), first);
        }
        stage.world.drain().await;
        assert_eq!(stage.world.directory().len(), 0);
    });
}
