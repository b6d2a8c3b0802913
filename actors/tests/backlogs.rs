//! What admins see of how sessions keep up: every stage is counted where it happens.

use actors::backlogs::Worst;
use protocol::admin::{SendCounts, SessionView};
use protocol::chat::Channel;
use protocol::session::Resume;
use protocol::{CloseCode, Dialect};

use crate::peer::{Peer, text};
use crate::stage::{Plan, Stage, play};

fn view_of(peer: &Peer) -> SessionView {
    peer.world.session_view(peer.signed.session_id).unwrap()
}

fn counts_of(peer: &Peer) -> SendCounts {
    view_of(peer).counts
}

#[test]
fn who_does_not_read_is_seen_with_what_waits_and_with_what_was_lost() {
    play(Plan::seeded(9, 10), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        berta.linger(100).await;
        berta.stop_reading();
        for number in 0..100 {
            anna.say(Channel::Global, &format!("line {number}")).await;
        }
        let behind = view_of(&berta);
        assert_eq!((behind.state.as_str(), behind.backlog.unsent_events), ("connected", 100));
        assert_eq!(behind.character_name.as_deref(), Some(berta.name.as_str()));
        assert_eq!(behind.dialect.as_deref(), Some("shardmesh.v1.json"));
        assert!(behind.backlog.unsent_bytes > 100 * 50, "{behind:?}");
        assert_eq!(view_of(&anna).backlog.unsent_events, 0);
        let all = stage.world.sessions_view(Worst::Backlog, 0, 1);
        assert_eq!((all.sessions.len(), &all.sessions[0]), (1, &behind), "the furthest behind comes first");
        assert_eq!((all.running, all.connected, all.next_offset), (2, 2, Some(1)));
        let held = behind.backlog.held_events + view_of(&anna).backlog.held_events;
        assert_eq!(all.backlog.held_events, held);
        for number in 100..600 {
            anna.say(Channel::Global, &format!("line {number}")).await;
        }
        // What came after the ring was cleared waits for whoever comes back.
        let ended = view_of(&berta);
        assert_eq!((ended.state.as_str(), ended.counts.overflows), ("ending", 1));
        assert_eq!(ended.counts.events_lost + ended.backlog.unsent_events, 600);
        assert!(ended.counts.events_lost >= 512 && ended.backlog.unsent_events < 100, "{ended:?}");
        let worst = stage.world.sessions_view(Worst::Drops, 0, 10);
        assert_eq!(worst.sessions[0], ended);
        assert_eq!((worst.counts.overflows, worst.next_offset), (1, None));
        assert_eq!(berta.goodbye().await.code, CloseCode::TooSlow);
        berta.drop_connection();
        assert_eq!(view_of(&berta).state, "gone");
    });
}

#[test]
fn who_is_silent_is_seen_with_his_pings() {
    play(Plan::seeded(8, 10), |stage: Stage| async move {
        let mut anna = stage.player().await;
        anna.linger(40_000).await;
        let lively = view_of(&anna);
        assert!((2..=3).contains(&lively.counts.pings), "{lively:?}");
        assert_eq!((lively.counts.pings_unanswered, lively.counts.evictions), (0, 0));
        anna.pongs = false;
        anna.linger(18_000).await;
        let silent = view_of(&anna);
        assert!(silent.pinged && silent.silent_ms > 10_000, "{silent:?}");
        anna.linger(26_000).await;
        let counts = counts_of(&anna);
        assert_eq!(
            (counts.pings, counts.pings_unanswered, counts.evictions),
            (lively.counts.pings + 1, 1, 1)
        );
    });
}

#[test]
fn who_comes_back_is_seen_with_his_gaps() {
    play(Plan::seeded(3, 10), |stage: Stage| async move {
        let (world, mut anna) = (stage.world.clone(), stage.player().await);
        let berta = stage.player().await;
        let id = berta.signed.session_id;
        let attached = world.attach(id, Dialect::V1Json, "here").await.unwrap();
        let mut token = attached.resume_token.unwrap();
        for (lines, gaps) in [(10, 0), (600, 1)] {
            world.session(id).unwrap();
            berta.outbox.abandon_link(0);
            for number in 0..lines {
                anna.say(Channel::Global, &format!("line {number}")).await;
            }
            let resume_token = text(token.as_str());
            let resume = Resume { session_id: id, resume_token, last_seq: attached.last_seq };
            let resumed = world.resume(&resume, Dialect::V1Json, "here").await.unwrap();
            token = resumed.resume_token.unwrap();
            assert_eq!(counts_of(&berta).gaps, gaps);
        }
        let counts = counts_of(&berta);
        assert_eq!((counts.connections, counts.resumes), (4, 2));
    });
}
