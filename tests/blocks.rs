//! Block lists over real sockets and REST.

use serde_json::json;

use crate::harness::server::{Directory, Server};
use crate::harness::socket::Socket;
use crate::harness::way::Way;

#[tokio::test]
async fn who_is_blocked_in_one_way_is_so_in_all() {
    let directory = Directory::new();
    let server = Server::start_in(&directory, &[]);
    for way in [Way::Classic, Way::Json, Way::MsgPackDeflate] {
        let (anna, berta) = (server.player().await, server.player().await);
        let mut one = server.enter(&anna, Socket::speaking(way, &server).await).await;
        let mut two = server.enter(&berta, Socket::speaking(way, &server).await).await;
        let (anna_token, berta_token) = (Some(anna.person.token.as_str()), Some(berta.person.token.as_str()));
        let blocked = one.ask("block", "block", json!({"character_id": berta.character})).await;
        assert_eq!(blocked["type"], "ok", "{blocked}");
        let list = one.ask("block_list", "list", json!({})).await;
        assert_eq!(list["blocked"][0]["character_id"], json!(berta.character), "{list}");
        assert_eq!(server.get("/api/blocks", anna_token).await.expect()["blocked"], list["blocked"]);
        // Over REST he is told the same.
        server.post("/api/party/create", berta_token, &json!({})).await.expect();
        let body = json!({"invitee_id": anna.character});
        let refused = server.post("/api/party/invite", berta_token, &body).await;
        assert_eq!((refused.status, &refused.body["code"]), (403, &json!("FORBIDDEN")), "{refused:?}");
        assert_eq!(refused.body["field"], "invitee_id");
        let whisper = json!({"recipient_id": anna.character, "content": "psst"});
        let refused = two.ask("whisper", "whisper", whisper.clone()).await;
        assert_eq!(refused["error_code"], "FORBIDDEN", "{refused}");
        let path = format!("/api/blocks/{}", berta.character);
        server.delete(&path, anna_token).await.expect();
        let again = server.delete(&path, anna_token).await;
        assert_eq!((again.status, &again.body["field"]), (404, &json!("id")), "{again:?}");
        assert_eq!(two.ask("whisper", "another", whisper).await["type"], "whisper");
        assert_eq!(one.hear("whisper").await["content"], "psst");
    }
    let (anna, berta) = (server.person().await, server.player().await);
    let name = json!({"character_name": berta.name});
    server.post("/api/blocks", Some(&anna.token), &name).await.expect();
    // What was answered is there after a kill.
    server.kill();
    let server = Server::start_in(&directory, &[]);
    let list = server.get("/api/blocks", Some(&anna.token)).await.expect();
    assert_eq!(list["blocked"][0]["character_id"], json!(berta.character));
    let nobody = server.post("/api/blocks", Some(&anna.token), &json!({})).await;
    assert_eq!((nobody.status, &nobody.body["field"]), (400, &json!("character_id")), "{nobody:?}");
}
