//! Where characters go, who hears of it, and what of it survives.

use protocol::area::AreaUpdate;
use protocol::characters::WhichCharacter;
use protocol::chat::Channel;
use protocol::movement::Position;
use protocol::{ClientMessage, ErrorCode, LocationId, ServerMessage};
use rules::venue::Whereabouts;

use crate::peer::{Heard, Peer, chat, step, travel};
use crate::stage::{Disk, Plan, Stage, pass, play, play_on, play_on_threads};

fn joined(heard: &Heard) -> bool {
    matches!(heard.message, ServerMessage::PlayerJoinedArea(_))
}

fn left(heard: &Heard) -> Option<Option<LocationId>> {
    match &heard.message {
        ServerMessage::PlayerLeftArea(left) => Some(left.to_location_id),
        _ => None,
    }
}

async fn go(peer: &mut Peer, to: i64) {
    let answer = peer.ask(travel(to)).await;
    assert!(matches!(answer, ServerMessage::LocationUpdate(_)), "{answer:?}");
}

async fn position_of(peer: &Peer) -> Option<(LocationId, Position)> {
    let all = peer.world.store().read(storage::characters::whereabouts(vec![peer.character])).await.unwrap();
    all.first().map(|last| (last.location_id, last.position))
}

/// Where a frame says somebody is.
fn whereabouts(update: &AreaUpdate, who: protocol::CharacterId) -> Option<[f64; 2]> {
    update.cells.iter().map(|chunk| chunk.update()).find_map(|cell| {
        let moved = cell.moved.iter().find(|moved| moved.0 == who).map(|moved| [moved.1.0, moved.2.0]);
        let came = cell.enter.iter().find(|came| came.character_id == who);
        moved.or(came.map(|came| [came.position.x, came.position.y]))
    })
}

#[test]
fn a_smooth_step_is_seen_by_who_is_near_and_a_leap_is_answered_with_where_one_is() {
    play(Plan::seeded(2, 10), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let done = anna.ask(step(3.0, 4.0)).await;
        assert!(matches!(done, ServerMessage::Ok(_)), "{done:?}");
        let seen = berta
            .wait("anna's step", |heard| match &heard.message {
                ServerMessage::AreaUpdate(update) => {
                    whereabouts(update, anna.character).filter(|at| at[0] == 3.0)
                }
                _ => None,
            })
            .await;
        assert_eq!(seen, [3.0, 4.0]);
        let me = anna.character;
        let refused = anna.refused(step(900.0, 0.0)).await;
        assert_eq!(refused.error_code, ErrorCode::MoveRejected);
        let own = anna
            .wait("where one is", |heard| match &heard.message {
                ServerMessage::CharacterUpdate(update) => {
                    (update.character_id == me).then_some(update.position)
                }
                _ => None,
            })
            .await;
        assert_eq!(own, Some(Position { x: 3.0, y: 4.0, z: 0.0 }));
        // A step without a name is silent when it is right, and says so when it is not.
        anna.send_as(step(900.0, 0.0), None).unwrap();
        anna.error(ErrorCode::MoveRejected).await;
    });
}

#[test]
fn ways_lead_to_neighbours_only_within_a_shard_and_across_shards() {
    for plan in [Plan::seeded(4, 25), Plan::seeded(5, 25).on_one_shard()] {
        play(plan, neighbours);
    }
}

async fn neighbours(stage: Stage) {
    let (mut anna, mut berta) = (stage.player().await, stage.player().await);
    anna.linger(200).await;
    assert_eq!(anna.count(joined), 1, "berta came");
    go(&mut berta, 2).await;
    let to = anna.wait("berta's leaving", left).await;
    assert_eq!(to, Some(LocationId(2)));
    assert_eq!(berta.refused(travel(3)).await.error_code, ErrorCode::MoveRejected);
    // What is said at the new place is heard there, and not at the old one.
    go(&mut anna, 2).await;
    berta.wait("anna's coming", |heard| joined(heard).then_some(())).await;
    berta.linger(300).await;
    anna.linger(300).await;
    anna.say(Channel::Say, "here I am").await;
    berta.hear("here I am").await;
    assert_eq!((anna.place().await, berta.place().await), (LocationId(2), LocationId(2)));
    go(&mut anna, 1).await;
    anna.linger(300).await;
    anna.say(Channel::Say, "home").await;
    berta.linger(300).await;
    assert_eq!(berta.lines(Channel::Say).len(), 1);
    assert_eq!(position_of(&anna).await.map(|(location, _)| location), Some(LocationId(1)));
}

#[test]
fn what_follows_a_way_at_once_is_said_at_one_of_both_ends_and_answered() {
    for seed in 0..8 {
        play(Plan::seeded(seed, 40), |stage: Stage| async move {
            let mut anna = stage.player().await;
            let way = anna.send(travel(2));
            let said = anna.send(chat(Channel::Say, "on the way"));
            let back = anna.send(travel(1));
            anna.answer(&way).await;
            anna.answer(&said).await;
            anna.answer(&back).await;
            anna.linger(1_000).await;
            let place = anna.place().await;
            let line = anna.say(Channel::Say, "where am I").await;
            assert_eq!(line.content, "where am I");
            assert_eq!(position_of(&anna).await.map(|(location, _)| location), Some(place));
        });
    }
}

#[test]
fn a_full_location_refuses_who_walks_in_but_never_who_signs_in() {
    play(Plan::default(), |stage: Stage| async move {
        let mut inside = Vec::new();
        for _ in 0..20 {
            let mut peer = stage.player().await;
            go(&mut peer, 11).await;
            inside.push(peer);
        }
        let mut late = stage.player().await;
        let full = late.refused(travel(11)).await;
        assert_eq!(full.error_code, ErrorCode::AreaFull);
        assert_eq!(late.place().await, LocationId(1));
        late.say(Channel::Say, "still here").await;
        // Twelve is of the same shard as eleven: who was refused can go there, and then on.
        go(&mut late, 12).await;
        assert_eq!(late.place().await, LocationId(12));
        // Whoever was in there comes back though somebody took the place meanwhile.
        let mut first = inside.remove(0);
        stage.world.sign_out(first.signed.account_id, first.signed.session_id).await.unwrap();
        first.read();
        let mut other = stage.player().await;
        go(&mut other, 11).await;
        let mut again = stage.again(&first).await;
        assert_eq!(again.enter().await.location_id, LocationId(11));
    });
}

#[test]
fn signing_out_saves_the_last_step_before_it_returns() {
    for seed in 0..6 {
        let disk = Disk::new();
        let character = play_on(&disk, Plan::seeded(seed, 50), |stage: Stage| async move {
            let mut anna = stage.player().await;
            pass(7 * seed).await;
            anna.ask(step(5.0, 1.0 + seed as f64 / 10.0)).await;
            stage.world.sign_out(anna.signed.account_id, anna.signed.session_id).await.unwrap();
            let (location, at) = position_of(&anna).await.unwrap();
            assert_eq!((location, at.x), (LocationId(1), 5.0));
            assert_eq!(stage.world.directory().len(), 0);
            anna.character
        });
        play_on(&disk, Plan::default(), |stage: Stage| async move {
            let mut anna = Peer::sign_in(&stage.world, "Player-aaa", "home").await;
            anna.character = character;
            let place = anna.enter().await;
            assert_eq!(place.position.x, 5.0);
        });
    }
}

#[test]
fn a_drained_world_comes_back_with_everybody_where_he_was() {
    let disk = Disk::new();
    let (signed, at) = play_on(&disk, Plan::seeded(8, 30), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        go(&mut anna, 12).await;
        anna.ask(step(790.0, 3.0)).await;
        berta.ask(step(1.0, 1.0)).await;
        stage.world.drain().await;
        for peer in [&mut anna, &mut berta] {
            assert_eq!(peer.goodbye().await.code, protocol::CloseCode::Restart);
        }
        (anna.signed.clone(), position_of(&anna).await.unwrap())
    });
    assert_eq!((at.0, at.1.x), (LocationId(12), 790.0));
    play_on(&disk, Plan::seeded(9, 30), |stage: Stage| async move {
        // The session lives on over the restart, with its character.
        let mut anna =
            Peer::join(&stage.world, "Player-aaa", "home", signed, protocol::Dialect::V1Json).await;
        let place = anna.wait_place().await;
        assert_eq!((place.location_id, place.position.x), (LocationId(12), 790.0));
        anna.say(Channel::Global, "back").await;
    });
}

#[test]
fn who_leaves_one_character_for_another_is_in_one_place_only() {
    for seed in 0..12 {
        play(Plan::seeded(seed, 60), |stage: Stage| async move {
            let mut anna = stage.player().await;
            let first = anna.character;
            let second = anna.make_character_called("Second Self", 1).await;
            // On the way to another shard when the other character is taken.
            anna.send(travel(2));
            let select = protocol::characters::WhichCharacter { character_id: second };
            let answer = anna.ask(protocol::ClientMessage::CharacterSelect(select)).await;
            assert!(matches!(answer, ServerMessage::CharacterSelect(_)), "{answer:?}");
            anna.linger(1_500).await;
            assert_eq!(anna.place().await, LocationId(1));
            anna.say(Channel::Say, "as the second").await;
            go(&mut anna, 5).await;
            anna.linger(500).await;
            anna.say(Channel::Say, "over here").await;
            anna.character = first;
            assert_eq!(anna.place().await, LocationId(0), "the first left the world");
        });
    }
}

#[test]
fn whose_location_is_gone_wakes_where_the_world_begins_and_is_saved_there() {
    play(Plan::seeded(9, 10), |stage: Stage| async move {
        let mut anna = stage.guest().await;
        let character = anna.make_character(0).await;
        let read = storage::characters::whereabouts(vec![character]);
        let [born] = stage.store.read(read).await.unwrap()[..] else { panic!("she was born somewhere") };
        let nowhere = Whereabouts { location_id: LocationId(999), ..born };
        stage.store.write(storage::characters::save_whereabouts(vec![nowhere])).await.unwrap();
        let start = stage.world.content().start().id;
        assert_eq!(anna.enter().await.location_id, start);
        assert_eq!(position_of(&anna).await.map(|(location, _)| location), Some(start));
    });
}

#[test]
fn who_goes_on_at_once_is_told_of_both_places_in_the_order_of_the_way() {
    for seed in 0..20 {
        play(Plan::seeded(seed, 10), |stage: Stage| async move {
            let mut anna = stage.guest().await;
            anna.make_character(0).await;
            let who = anna.character;
            let select = anna.send(ClientMessage::CharacterSelect(WhichCharacter { character_id: who }));
            // Into another shard, before anything of the first one can have been heard.
            let away = anna.send(travel(5));
            let twice = anna.send(travel(2));
            anna.answer(&select).await;
            let error = anna.answer(&twice).await;
            assert!(matches!(error, ServerMessage::Error(_)), "it is on its way: {error:?}");
            anna.answer(&away).await;
            anna.linger(200).await;
            let places: Vec<i64> = anna.heard.iter().filter_map(place_of).collect();
            assert_eq!(places, [1, 5], "seed {seed}");
            assert_eq!(anna.place().await, LocationId(5));
        });
    }
}

#[test]
fn on_threads_too_nobody_is_told_of_where_he_was_after_where_he_is() {
    play_on_threads(|stage: Stage| async move {
        for _ in 0..20 {
            let mut anna = stage.guest().await;
            anna.make_character(0).await;
            let who = anna.character;
            anna.send(ClientMessage::CharacterSelect(WhichCharacter { character_id: who }));
            let away = anna.send(travel(5));
            anna.answer(&away).await;
            let back = anna.send(travel(1));
            anna.answer(&back).await;
            let places: Vec<i64> = anna.heard.iter().filter_map(place_of).collect();
            assert_eq!(places, [1, 5, 1]);
        }
    });
}

#[test]
fn what_is_shown_is_of_the_place_that_was_told_last() {
    for seed in 0..10 {
        play(Plan::seeded(seed, 30), |stage: Stage| async move {
            let mut anna = stage.player().await;
            // Somebody moves at both ends, so that there is something to show at each tick.
            let (mut here, mut there) = (stage.player().await, stage.player().await);
            go(&mut there, 5).await;
            for round in 0..12 {
                let away = anna.send(travel(if round % 2 == 0 { 5 } else { 1 }));
                for peer in [&mut here, &mut there] {
                    peer.ask(step(0.1 * f64::from(round), 0.0)).await;
                }
                anna.answer(&away).await;
                anna.linger(60).await;
            }
            let (mut place, mut views) = (None, 0);
            for heard in &anna.heard {
                if let ServerMessage::AreaUpdate(update) = &heard.message {
                    assert!(
                        place.is_none_or(|place| place == update.location_id.0),
                        "seed {seed}: {place:?}, {update:?}"
                    );
                    views += 1;
                }
                place = place_of(heard).or(place);
            }
            assert!(views > 6, "{views}");
        });
    }
}

fn place_of(heard: &Heard) -> Option<i64> {
    match &heard.message {
        ServerMessage::LocationUpdate(update) => Some(update.location_id.0),
        _ => None,
    }
}

#[test]
fn a_way_that_waits_is_answered_when_the_character_is_given_up() {
    play(Plan::seeded(4, 10), |stage: Stage| async move {
        let mut anna = stage.guest().await;
        let first = anna.make_character(0).await;
        let second = anna.make_character_called("Another One", 0).await;
        anna.send(ClientMessage::CharacterSelect(WhichCharacter { character_id: first }));
        let away = anna.send(travel(5));
        let other = anna.send(ClientMessage::CharacterSelect(WhichCharacter { character_id: second }));
        anna.answer(&other).await;
        let refused = anna.answer(&away).await;
        assert!(
            matches!(&refused, ServerMessage::Error(error) if error.error_code == ErrorCode::NoCharacter),
            "{refused:?}"
        );
    });
}
