"""Large messages compressed, with the `zlib` of the standard library, in both v1 dialects and both directions."""

import asyncio
import json
import struct
import zlib

import aiohttp
import msgpack
import pytest
import websockets

from test_msgpack import MSGPACK
from test_websockets import PATIENCE, V1, V1Client, token_of

MARKER = 0xC1
LONG = "🐉" * 500


class CompressingClient(V1Client):
    """Opens what comes compressed, and compresses everything it says once it is signed in."""

    def __init__(self, socket, packed):
        super().__init__(socket)
        self.packed = packed
        self.opened = 0

    def write(self, message):
        plain = msgpack.packb(message) if self.packed else json.dumps(message)
        if message["type"] == "auth_request":
            return plain
        plain = plain if self.packed else plain.encode()
        return struct.pack(">BQ", MARKER, 0) + zlib.compress(plain)

    def read(self, frame):
        if isinstance(frame, str) or frame[0] != MARKER:
            return self.parse(frame)
        _, seq = struct.unpack(">BQ", frame[:9])
        inflater = zlib.decompressobj()
        message = self.parse(inflater.decompress(frame[9:]))
        assert inflater.eof and not inflater.unused_data, "one whole stream"
        self.opened += 1
        return {"seq": seq, **message} if seq else message

    def parse(self, plain):
        return msgpack.unpackb(plain) if self.packed else json.loads(plain)


@pytest.mark.parametrize("subprotocol", [V1, MSGPACK])
def test_large_messages_come_and_go_compressed(server, subprotocol):
    async def play():
        url = server.replace("http", "ws") + "/ws"
        first, second = await token_of(server, "ann", "Ann"), await token_of(server, "bob", "Bob")
        async with (
            websockets.connect(f"{url}?compression=deflate", subprotocols=[subprotocol]) as socket,
            websockets.connect(url, subprotocols=[V1]) as plain_socket,
        ):
            assert socket.subprotocol == subprotocol
            client = CompressingClient(socket, subprotocol == MSGPACK)
            await client.enter(*first)
            plain = V1Client(plain_socket)
            await plain.enter(*second)
            before = client.opened
            await client.say("chat", content=LONG, message_id="c1")
            assert (await client.answer("c1"))["content"] == LONG and client.opened == before + 1
            assert (await plain.hear(lambda message: message["type"] == "chat"))["content"] == LONG
            await plain.say("chat", content="short", message_id="c2")
            await client.hear(lambda message: message.get("content") == "short")
            assert client.opened == before + 1, "what is small comes as it is"

            await socket.send(struct.pack(">BQ", MARKER, 0) + b"no stream")
            refused = await client.hear(lambda message: message["type"] == "error")
            assert refused["error_message"].startswith("Invalid compression: "), refused
            await socket.send(struct.pack(">BQ", MARKER, 0) + zlib.compress(b" " * 10_000_000))
            with pytest.raises(websockets.ConnectionClosed) as closed:
                while True:
                    await asyncio.wait_for(socket.recv(), PATIENCE)
            assert closed.value.rcvd.code == 1009, closed.value

    asyncio.run(play())


def test_another_compression_is_refused_by_name(server):
    async def ask():
        async with aiohttp.ClientSession() as http:
            async with http.get(f"{server}/ws?compression=zstd") as response:
                assert response.status == 400
                assert "compression" in (await response.json(content_type=None))["detail"]

    asyncio.run(ask())
