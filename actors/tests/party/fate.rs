//! What becomes of a party when people stay away, actors panic, the disk is sick and the process dies.

use actors::faults::arm;
use protocol::chat::Channel;
use protocol::{ErrorCode, ServerMessage};
use storage::parties;

use super::{
    accept, create, decline, disband, group, invite, invited, keep_on, kick, leave, on_disk, refused_with,
    say, shown, update,
};
use crate::peer::Peer;
use crate::stage::{Disk, Plan, Stage, pass, play, play_on};

#[test]
fn who_is_away_is_missed_hands_over_and_goes() {
    play(Plan::seeded(7, 20), |stage: Stage| async move {
        let (mut anna, mut berta, mut carla) =
            (stage.player().await, stage.player().await, stage.player().await);
        let party = group(&mut [&mut anna, &mut berta, &mut carla]).await;
        // A dropped connection is no absence.
        anna.drop_connection();
        keep_on(&mut berta, &mut carla, 10_000).await;
        anna.reconnect().await;
        assert_eq!(shown(&mut anna, 3, 0).await.leader_id, anna.character);
        assert!(!berta.inbox.iter().any(|heard| matches!(heard.message, ServerMessage::PartyUpdate(_))));
        // Who is taken over by another session of its own stays.
        let mut again = stage.again(&anna).await;
        again.enter().await;
        assert_eq!(shown(&mut again, 3, 0).await.leader_id, anna.character);
        stage.world.sign_out(again.signed.account_id, again.signed.session_id).await.unwrap();
        assert_eq!(shown(&mut berta, 3, 1).await.leader_id, anna.character);
        keep_on(&mut berta, &mut carla, 35_000).await;
        assert_eq!(shown(&mut berta, 3, 1).await.leader_id, berta.character);
        // Whoever comes back in time is in it still.
        let mut again = stage.again(&anna).await;
        again.enter().await;
        assert_eq!(shown(&mut again, 3, 0).await.leader_id, berta.character);
        stage.world.sign_out(again.signed.account_id, again.signed.session_id).await.unwrap();
        keep_on(&mut berta, &mut carla, 605_000).await;
        shown(&mut berta, 2, 0).await;
        assert_eq!(on_disk(&stage, anna.character).await, None);
        // And when all stay away, it is no more.
        for peer in [&berta, &carla] {
            stage.world.sign_out(peer.signed.account_id, peer.signed.session_id).await.unwrap();
        }
        pass(620_000).await;
        assert_eq!(stage.store.read(parties::load(party, 0)).await.unwrap(), None);
        assert_eq!(stage.world.parties().len(), 0, "{:?}", stage.world.mesh_view());
    });
}

#[test]
fn a_deleted_character_is_out_at_once() {
    play(Plan::seeded(8, 20), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        group(&mut [&mut anna, &mut berta]).await;
        stage.world.delete_character(anna.signed.account_id, anna.character, None).await.unwrap();
        assert_eq!(shown(&mut berta, 1, 0).await.leader_id, berta.character);
    });
}

#[test]
fn a_party_outlives_the_process() {
    let disk = Disk::new();
    let (party, people) = play_on(&disk, Plan::seeded(9, 20), |stage: Stage| async move {
        let (mut anna, mut berta, carla) = (stage.player().await, stage.player().await, stage.player().await);
        let party = group(&mut [&mut anna, &mut berta]).await;
        anna.ask(invite(carla.character)).await;
        anna.say(Channel::Party, "before").await;
        let people =
            [&anna, &berta, &carla].map(|peer| (peer.name.clone(), peer.address.clone(), peer.character));
        (party, people)
    });
    play_on(&disk, Plan::seeded(10, 20), |stage: Stage| async move {
        let mut peers = Vec::new();
        for (name, address, character) in people {
            let mut peer = Peer::sign_in(&stage.world, &name, &address).await;
            (peer.character, peer.ids) = (character, 1_000);
            peer.enter().await;
            peers.push(peer);
        }
        let [anna, berta, carla] = &mut peers[..] else { panic!() };
        assert_eq!(shown(anna, 2, 1).await.party_id, party);
        shown(anna, 2, 0).await;
        shown(berta, 2, 0).await;
        // Its invitations are open still, and told again to whoever comes in.
        assert_eq!(invited(carla).await, party);
        assert_eq!(update(carla.ask(accept(None)).await).leader_id, anna.character);
        assert_eq!(carla.say(Channel::Party, "after").await.chat_id, 2);
    });
}

#[test]
fn a_repeated_command_has_its_effect_once() {
    play(Plan::seeded(11, 40), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        for _ in 0..3 {
            anna.send_as(create(), Some("found")).unwrap();
        }
        let first = update(anna.answer("found").await);
        let mut again = stage.again(&anna).await;
        again.enter().await;
        again.send_as(create(), Some("found")).unwrap();
        assert_eq!(update(again.answer("found").await), first);
        again.ask(invite(berta.character)).await;
        for _ in 0..3 {
            berta.send_as(accept(None), Some("yes")).unwrap();
        }
        let joined = update(berta.answer("yes").await);
        let mut again = stage.again(&berta).await;
        again.enter().await;
        again.send_as(accept(None), Some("yes")).unwrap();
        assert_eq!(update(again.answer("yes").await), joined);
    });
}

#[test]
fn a_panic_anywhere_leaves_a_party_as_it_was_last_told() {
    let faults = [
        "party.enter",
        "party.invite",
        "party.decline",
        "party.kick",
        "party.say",
        "party.tick",
        "party.leave",
        "party.leave_for_good",
        "party.disband",
        "party_create",
        "party_accept",
        "party_invite",
    ];
    for fault in faults {
        play(Plan::seeded(12, 20), |stage: Stage| async move {
            let (mut anna, mut berta) = (stage.player().await, stage.player().await);
            arm(fault, 1);
            for _ in 0..2 {
                for message in [create(), invite(berta.character)] {
                    anna.ask(message).await;
                }
                for message in [decline(None), accept(None), say("x"), leave()] {
                    berta.ask(message).await;
                }
                anna.ask(invite(berta.character)).await;
                berta.ask(accept(None)).await;
                for message in [kick(berta.character), disband()] {
                    anna.ask(message).await;
                }
                keep_on(&mut anna, &mut berta, 61_000).await;
            }
            arm(fault, 0);
            for peer in [&mut anna, &mut berta] {
                peer.ask(leave()).await;
                peer.inbox.clear();
            }
            // Afterwards everything works.
            group(&mut [&mut anna, &mut berta]).await;
            assert_eq!(berta.say(Channel::Party, "well").await.chat_id, 1, "{fault}");
            assert!(matches!(anna.ask(disband()).await, ServerMessage::PartyDisband(_)), "{fault}");
        });
    }
}

#[test]
fn a_sick_disk_lets_nobody_in_and_says_so() {
    play(Plan::seeded(13, 40), |stage: Stage| async move {
        let (mut anna, mut berta) = (stage.player().await, stage.player().await);
        let party = group(&mut [&mut anna]).await;
        anna.ask(invite(berta.character)).await;
        stage.store.fail_next_commit();
        refused_with(&mut berta, accept(None), ErrorCode::Storage).await;
        assert_eq!(on_disk(&stage, berta.character).await, None);
        assert_eq!(stage.world.party(party, Some(anna.character)).await.unwrap().member_count, 1);
    });
}
