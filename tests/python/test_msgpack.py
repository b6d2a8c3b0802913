"""The MessagePack dialect, with the library `msgpack`: what it writes and reads is what others write and read."""

import asyncio
import json

import msgpack
import websockets

from conftest import ROOT
from test_websockets import PATIENCE, V1, V1Client, token_of

MSGPACK = "shardmesh.v1.msgpack"


class PackedClient(V1Client):
    """Writes MessagePack, and gets nothing else."""

    def write(self, message):
        return msgpack.packb(message)

    def read(self, frame):
        assert isinstance(frame, bytes), frame
        return msgpack.unpackb(frame)


def test_the_golden_messages_are_those_of_the_json_dialect():
    lines = [json.loads(line) for line in (ROOT / "protocol/golden.jsonl").read_text().splitlines()]
    expected = [(line["from"], line["message"]) for line in lines if line["dialect"] == V1]
    lines = [json.loads(line) for line in (ROOT / "protocol/golden_msgpack.jsonl").read_text().splitlines()]
    packed = [(line["from"], msgpack.unpackb(bytes.fromhex(line["hex"]))) for line in lines]
    assert len(packed) > 60 and packed == expected


def test_packed_and_json_clients_hear_each_other_and_resume(server):
    async def play():
        url = server.replace("http", "ws") + "/ws"
        first, second = await token_of(server, "ann", "Ann"), await token_of(server, "bob", "Bob")
        async with websockets.connect(url, subprotocols=[V1]) as json_socket:
            talker = V1Client(json_socket)
            await talker.enter(*first)
            async with websockets.connect(url, subprotocols=[MSGPACK, V1]) as socket:
                assert socket.subprotocol == MSGPACK
                packed = PackedClient(socket)
                await packed.say("auth_request", session_token=second[0])
                welcome = await packed.hear(lambda message: message["type"] == "auth_response")
                await packed.say("character_select", character_id=second[1], message_id="select")
                assert (await packed.answer("select"))["character"]["id"] == second[1]
                await packed.hear(lambda message: message["type"] == "location_update")
                await packed.say("chat", content="as bytes", message_id="c1")
                own = await packed.answer("c1")
                heard = await talker.hear(lambda message: message["type"] == "chat")
                for field in ("content", "sender_id", "sender_name", "chat_id", "timestamp"):
                    assert heard[field] == own[field], field
                await packed.say("move", to_location_id=0, position={"x": 1.5, "y": 2}, message_id="m1")
                assert (await packed.answer("m1"))["type"] == "ok"
                await packed.say("chat", content=b"as bytes", message_id="c2")
                refused = await packed.hear(lambda message: message["type"] == "error")
                assert refused["error_code"] == "PROTOCOL_ERROR" and refused["details"]["field"] == "content"
                await socket.send("{}")
                refused = await packed.hear(lambda message: message["type"] == "error")
                assert "this dialect is binary" in refused["error_message"]
            for nth in range(3):
                await talker.say("chat", content=f"line {nth}", message_id=f"c{nth}")
                await talker.answer(f"c{nth}")
            async with websockets.connect(url, subprotocols=[MSGPACK]) as socket:
                back = PackedClient(socket)
                back.seq = packed.seq
                await back.say(
                    "resume",
                    session_id=welcome["session_id"],
                    resume_token=welcome["resume_token"],
                    last_seq=packed.seq,
                )
                resumed = msgpack.unpackb(await asyncio.wait_for(socket.recv(), PATIENCE))
                assert resumed["type"] == "resumed" and resumed["gap"] is None
                for nth in range(3):
                    line = await back.hear(lambda message: message["type"] == "chat")
                    assert line["content"] == f"line {nth}"

    asyncio.run(play())
