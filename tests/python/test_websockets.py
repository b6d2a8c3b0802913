"""Two more ways to speak, with the library `websockets`: the v1 dialect, and the documented encryption."""

import asyncio
import base64
import json
import time

import aiohttp
import websockets
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

from conftest import ENCRYPTION_KEY

PATIENCE = 30
V1 = "shardmesh.v1.json"


async def token_of(url, username, name):
    async with aiohttp.ClientSession() as http:
        who = {"username": username, "password": "secret password"}
        async with http.post(f"{url}/api/auth/register", json=who) as response:
            assert response.status == 200, await response.text()
        async with http.post(f"{url}/api/auth/login", json=who) as response:
            token = (await response.json())["session_token"]
        headers = {"Authorization": f"Bearer {token}"}
        body = {"name": name, "race": "Dwarf", "class": "Paladin", "faction": "Golden Order"}
        async with http.post(f"{url}/api/characters", json=body, headers=headers) as response:
            character = (await response.json())["character"]["id"]
    return token, character


class V1Client:
    """Checks of every frame what the dialect promises."""

    def __init__(self, socket):
        self.socket = socket
        self.seq = None

    def write(self, message):
        return json.dumps(message)

    def read(self, frame):
        return json.loads(frame)

    async def say(self, message_type, **fields):
        await self.socket.send(self.write({"type": message_type, **fields}))

    async def hear(self, fits):
        while True:
            message = self.read(await asyncio.wait_for(self.socket.recv(), PATIENCE))
            assert None not in message.values() and "version" not in message, message
            if "seq" in message:
                assert message["seq"] == self.seq + 1, message
                self.seq += 1
            if message["type"] == "auth_response":
                assert message["success"], message
                self.seq = message["last_seq"]
            if fits(message):
                return message

    async def answer(self, message_id):
        return await self.hear(lambda message: message.get("message_id") == message_id)

    async def enter(self, token, character):
        await self.say("auth_request", session_token=token, message_id="auth")
        await self.answer("auth")
        await self.say("character_select", character_id=character, message_id="select")
        assert (await self.answer("select"))["character"]["id"] == character
        await self.hear(lambda message: message["type"] == "location_update")


def sealer(password):
    """The document: Fernet, its key by PBKDF2 with SHA-256 and 100,000 rounds."""
    derive = PBKDF2HMAC(hashes.SHA256(), 32, b"shards_of_eternity_salt", 100_000)
    return Fernet(base64.urlsafe_b64encode(derive.derive(password.encode())))


class EncryptedClient:
    """Seals everything but its sign-in; what it can't open it reads as it is."""

    def __init__(self, socket, key):
        self.socket = socket
        self.key = key
        self.sealed = 0

    async def say(self, message_type, seal=True, **fields):
        envelope = {"timestamp": time.time(), "version": "1.0.0", "message_id": None, "priority": 1}
        text = json.dumps({"type": message_type, **envelope, **fields})
        if seal:
            text = base64.b64encode(self.key.encrypt(text.encode())).decode()
        await self.socket.send(text)

    async def hear(self, fits):
        while True:
            text = await asyncio.wait_for(self.socket.recv(), PATIENCE)
            if not text.startswith("{"):
                text = self.key.decrypt(base64.b64decode(text))
                self.sealed += 1
            message = json.loads(text)
            if fits(message):
                return message


def test_v1_and_encrypted_clients_hear_each_other(server):
    async def play():
        url = server.replace("http", "ws") + "/ws"
        first, second = await token_of(server, "ann", "Ann"), await token_of(server, "bob", "Bob")
        async with (
            websockets.connect(url, subprotocols=[V1]) as v1_socket,
            websockets.connect(url) as sealed_socket,
        ):
            assert v1_socket.subprotocol == V1 and sealed_socket.subprotocol is None
            v1 = V1Client(v1_socket)
            await v1.enter(*first)
            sealed = EncryptedClient(sealed_socket, sealer(ENCRYPTION_KEY))
            await sealed.say("auth_request", seal=False, username="", password="", session_token=second[0])
            answer = await sealed.hear(lambda message: message["type"] == "auth_response")
            assert answer["success"] and sealed.sealed == 0
            await sealed.say("character_select", character_id=second[1])
            await sealed.hear(lambda message: message["type"] == "character_select")
            assert sealed.sealed > 0, "who seals is answered sealed"

            await sealed.say("chat", content="in secret", channel="global")
            heard = await v1.hear(lambda message: message["type"] == "chat")
            assert (heard["content"], heard["sender_name"]) == ("in secret", "Bob")
            await v1.say("chat", content="in the open", message_id="c1")
            own = await v1.answer("c1")
            heard = await sealed.hear(lambda message: message.get("content") == "in the open")
            assert heard["sender_id"] == own["sender_id"] == first[1]

            await v1.say("move", to_location_id=0, position={"x": 1.5, "y": 2.5}, message_id="m1")
            assert (await v1.answer("m1"))["type"] == "ok"
            await sealed.hear(
                lambda message: message["type"] == "character_update" and message["position"]["x"] == 1.5
            )
            await v1.say("ack", seq=v1.seq, message_id="a1")
            assert (await v1.answer("a1"))["type"] == "ok"

    asyncio.run(play())


def test_who_returns_gets_what_was_said_meanwhile(server):
    async def play():
        url = server.replace("http", "ws") + "/ws"
        first, second = await token_of(server, "ann", "Ann"), await token_of(server, "bob", "Bob")
        async with websockets.connect(url, subprotocols=[V1]) as talker_socket:
            talker = V1Client(talker_socket)
            await talker.enter(*first)
            async with websockets.connect(url, subprotocols=[V1]) as socket:
                leaver = V1Client(socket)
                await leaver.enter(*second)
            for nth in range(3):
                await talker.say("chat", content=f"line {nth}", message_id=f"c{nth}")
                await talker.answer(f"c{nth}")
            async with websockets.connect(url, subprotocols=[V1]) as socket:
                back = V1Client(socket)
                await back.say("auth_request", session_token=second[0])
                for nth in range(3):
                    line = await back.hear(lambda message: message["type"] == "chat")
                    assert line["content"] == f"line {nth}"

    asyncio.run(play())


def test_the_server_says_goodbye_when_the_token_ends(server):
    async def play():
        url = server.replace("http", "ws") + "/ws"
        token, character = await token_of(server, "ann", "Ann")
        async with websockets.connect(url, additional_headers={"Authorization": f"Bearer {token}"}) as socket:
            assert json.loads(await asyncio.wait_for(socket.recv(), PATIENCE))["success"]
            async with aiohttp.ClientSession() as http:
                body = {"session_token": token}
                async with http.post(f"{server}/api/auth/logout", json=body) as response:
                    assert response.status == 200
            try:
                while True:
                    await asyncio.wait_for(socket.recv(), PATIENCE)
            except websockets.ConnectionClosed as closed:
                assert closed.rcvd.code == 4004, closed

    asyncio.run(play())
