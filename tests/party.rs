//! Parties over real sockets and REST: told as documented in every dialect, kept through a stop and a kill.

use serde_json::{Value, json};

use crate::harness::people::Player;
use crate::harness::server::{Directory, Server};
use crate::harness::socket::Socket;
use crate::harness::way::Way;

const UPDATE: [&str; 7] =
    ["party_id", "party_name", "leader_id", "member_ids", "member_names", "max_members", "loot_sharing"];

async fn people<const N: usize>(server: &Server, way: Way) -> Vec<(Player, Socket)> {
    let mut people = Vec::new();
    for _ in 0..N {
        let player = server.player().await;
        let socket = server.enter(&player, Socket::speaking(way, server).await).await;
        people.push((player, socket));
    }
    people
}

/// Asserts that everything documented is there; more may be.
#[track_caller]
fn expect_keys(object: &Value, keys: &[&str]) {
    for key in keys {
        assert!(object.get(key).is_some(), "{key} is missing in {object}");
    }
}

fn members(update: &Value) -> usize {
    update["member_ids"].as_array().map_or(0, Vec::len)
}

#[tokio::test]
async fn a_party_is_told_with_everything_that_is_documented() {
    let server = Server::start();
    for way in [Way::Classic, Way::Json, Way::MsgPackDeflate] {
        let mut people = people::<2>(&server, way).await;
        let [(anna, one), (berta, two)] = &mut people[..] else { panic!() };
        let created = one.ask("party_create", "create", json!({"party_name": "Torchbearers"})).await;
        assert_eq!(created["type"], "party_update", "{created}");
        expect_keys(&created, &UPDATE);
        let own = one.ask("party_invite", "invite", json!({"invitee_id": berta.character})).await;
        let invite = two.hear("party_invite").await;
        for invite in [&own, &invite] {
            expect_keys(
                invite,
                &["party_id", "inviter_id", "inviter_name", "invitee_id", "invitee_name", "party_name"],
            );
            assert_eq!(invite["party_id"], created["party_id"]);
            assert_eq!(
                (&invite["inviter_id"], &invite["party_name"]),
                (&json!(anna.character), &json!("Torchbearers"))
            );
        }
        let joined = two.ask("party_accept", "accept", json!({})).await;
        expect_keys(&joined, &UPDATE);
        assert_eq!(joined["member_ids"], json!([anna.character, berta.character]));
        assert_eq!((&joined["loot_sharing"], &joined["max_members"]), (&json!("equal"), &json!(4)));
        one.hear_where("the new member", |heard| heard["type"] == "party_update" && members(heard) == 2)
            .await;
        let said = two.ask("party_chat", "say", json!({"content": "Ready?"})).await;
        expect_keys(&said, &["sender_id", "sender_name", "channel", "content"]);
        let heard = one.hear("party_chat").await;
        assert_eq!((&heard["content"], &heard["channel"]), (&json!("Ready?"), &json!("party")));
        let left = two.ask("party_leave", "leave", json!({})).await;
        assert_eq!(left["type"], "ok", "{left}");
        one.hear_where("the loss", |heard| heard["type"] == "party_update" && members(heard) == 1).await;
        let disbanded = one.ask("party_disband", "disband", json!({})).await;
        assert_eq!(disbanded["party_id"], created["party_id"]);
    }
}

#[tokio::test]
async fn rest_does_what_a_message_does() {
    let server = Server::start();
    let mut people = people::<3>(&server, Way::Json).await;
    let [(anna, one), (berta, two), (carla, _)] = &mut people[..] else { panic!() };
    let token = |player: &Player| player.person.token.clone();
    let (anna_token, berta_token, carla_token) = (token(anna), token(berta), token(carla));
    let created = server.post("/api/party/create", Some(&anna_token), &json!({})).await;
    let created = created.expect();
    assert_eq!((&created["success"], &created["party_name"]), (&json!(true), &json!("Adventuring Party")));
    // One's own connection hears of it as others would.
    assert_eq!(one.hear("party_update").await["party_id"], created["party_id"]);
    let party = format!("/api/party/{}", created["party_id"]);
    let again = server.post("/api/party/create", Some(&anna_token), &json!({})).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("CONFLICT")), "{:?}", again.body);
    let body = json!({"invitee_id": berta.character});
    let invited = server.post("/api/party/invite", Some(&anna_token), &body).await.expect();
    assert_eq!(invited["success"], json!(true));
    two.hear("party_invite").await;
    // Who is invited may look; to others it is not there.
    expect_keys(
        &server.get(&party, Some(&berta_token)).await.expect(),
        &["id", "party_name", "leader_id", "is_active", "max_members", "member_count", "loot_sharing"],
    );
    let hidden = server.get(&party, Some(&carla_token)).await;
    assert_eq!((hidden.status, &hidden.body["error"]), (404, &json!("Party not found")));
    let missing = server.post("/api/party/invite", Some(&anna_token), &json!({})).await;
    assert_eq!((missing.status, &missing.body["field"]), (400, &json!("invitee_id")));
    let accepted = server.post("/api/party/accept", Some(&berta_token), &json!({})).await.expect();
    assert_eq!(accepted["party_id"], created["party_id"]);
    two.hear_where("herself among them", |heard| heard["type"] == "party_update" && members(heard) == 2)
        .await;
    one.hear_where("the new member", |heard| heard["type"] == "party_update" && members(heard) == 2).await;
    let forbidden = server.post("/api/party/disband", Some(&berta_token), &json!({})).await;
    assert_eq!((forbidden.status, &forbidden.body["success"]), (403, &json!(false)));
    let other = json!({"party_id": 99});
    let foreign = server.post("/api/party/leave", Some(&berta_token), &other).await;
    assert_eq!((foreign.status, &foreign.body["field"]), (404, &json!("party_id")), "{:?}", foreign.body);
    let left = server.post("/api/party/leave", Some(&berta_token), &json!({})).await.expect();
    assert_eq!(left["success"], json!(true));
    let view = server.get(&party, Some(&anna_token)).await.expect();
    assert_eq!((&view["member_count"], &view["is_active"]), (&json!(1), &json!(true)));
    let none = server.post("/api/party/leave", Some(&carla_token), &json!({})).await;
    assert_eq!((none.status, &none.body["code"]), (404, &json!("NOT_FOUND")));
    let declined = server.post("/api/party/decline", Some(&carla_token), &json!({})).await;
    assert_eq!(declined.status, 404, "{:?}", declined.body);
    // Without a character there is nobody to be in a party.
    let guest = server.person().await;
    let nobody = server.post("/api/party/create", Some(&guest.token), &json!({})).await;
    assert_eq!(nobody.status, 401, "{:?}", nobody.body);
}

#[tokio::test]
async fn a_party_is_there_after_a_kill_and_a_stop() {
    let directory = Directory::new();
    let server = Server::start_in(&directory, &[]);
    let mut people = people::<3>(&server, Way::Json).await;
    let [(_, one), (berta, two), (carla, three)] = &mut people[..] else { panic!() };
    let created = one.ask("party_create", "create", json!({})).await;
    for (player, socket) in [(&*berta, two), (&*carla, three)] {
        let name = format!("invite {}", player.character);
        one.ask("party_invite", &name, json!({"invitee_id": player.character})).await;
        socket.hear("party_invite").await;
    }
    let (_, two) = &mut people[1];
    let joined = two.ask("party_accept", "accept", json!({})).await;
    assert_eq!(members(&joined), 2, "{joined}");
    let players: Vec<Player> = people.into_iter().map(|(player, _)| player).collect();
    // At once: what was acknowledged is on disk.
    server.kill();
    let server = Server::start_in(&directory, &[]);
    let mut one = server.enter(&players[0], Socket::v1(&server).await).await;
    let shown = one.hear("party_update").await;
    assert_eq!((&shown["party_id"], members(&shown)), (&created["party_id"], 2), "{shown}");
    // The invitation is open still, and is told again.
    let mut three = server.enter(&players[2], Socket::v1(&server).await).await;
    assert_eq!(three.hear("party_invite").await["party_id"], created["party_id"]);
    let joined = three.ask("party_accept", "accept", json!({})).await;
    assert_eq!(members(&joined), 3, "{joined}");
    server.stop().await;
    let server = Server::start_in(&directory, &[]);
    let mut two = server.enter(&players[1], Socket::v1(&server).await).await;
    let shown = two.hear("party_update").await;
    assert_eq!((&shown["leader_id"], members(&shown)), (&json!(players[0].character), 3), "{shown}");
    let said = two.ask("party_chat", "say", json!({"content": "All here?"})).await;
    assert_eq!(said["chat_id"], 1, "{said}");
}
