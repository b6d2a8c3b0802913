"""The client of the Shards of Eternity document, written from its text: REST for bulk data, the WebSocket for the rest.

Like the original it validates what arrives against models: a message without a required field is an error,
fields that the model does not have are dropped.
"""

import asyncio
import inspect
import json
import time
from types import SimpleNamespace

import aiohttp

PROTOCOL_VERSION = "1.0.0"
ENVELOPE = {"type": str, "timestamp": float, "version": str}
NUMBER = (int, float)

# Required fields of each modelled type, then the optional ones; all of them have to be there, as value or null.
MODELS = {
    "auth_response": (
        {"success": bool, "server_time": float},
        {"session_token": str, "player_id": int, "message": str},
    ),
    "chat": (
        {"sender_id": int, "sender_name": str, "channel": str, "content": str},
        {"recipient_id": int},
    ),
    "character_update": (
        {"character_id": int, "character_name": str},
        {
            "location_id": int,
            "position": dict,
            "health": int,
            "max_health": int,
            "mana": int,
            "max_mana": int,
            "stamina": int,
            "max_stamina": int,
            "level": int,
            "faction": str,
        },
    ),
    "world_state": (
        {
            "current_reality": str,
            "reality_stability": NUMBER,
            "faction_shard_counts": dict,
            "active_players": int,
            "total_aetherfalls": int,
        },
        {"dominant_faction": str},
    ),
    "error": ({"error_code": str, "error_message": str}, {"details": dict}),
}
for channel_type in ("whisper", "party_chat", "faction_chat"):
    MODELS[channel_type] = MODELS["chat"]


def parse(text):
    """The message as an object with the documented attributes."""
    data = json.loads(text)
    for name, kind in ENVELOPE.items():
        assert isinstance(data.get(name), kind), f"{name} of {text}"
    assert data["version"] == PROTOCOL_VERSION, text
    assert data["priority"] in (0, 1, 2, 3) and "message_id" in data, text
    required, optional = MODELS.get(data["type"], ({}, {}))
    for name, kind in required.items():
        assert isinstance(data.get(name), kind), f"{name} of {text}"
    for name, kind in optional.items():
        assert name in data, f"{name} of {text}"
        assert data[name] is None or isinstance(data[name], kind), f"{name} of {text}"
    known = [*ENVELOPE, "message_id", "priority", *required, *optional]
    return SimpleNamespace(**{name: data[name] for name in known}, raw=data)


class NetworkClient:
    def __init__(self, master_server_url):
        self.url = master_server_url
        self.http = None
        self.socket = None
        self.session_token = None
        self.player_id = None
        self.username = None
        self.character = None
        self.handlers = {}
        self.nearby = {}
        self.receiving = None
        self.failure = None

    async def connect(self, username, password):
        self.http = aiohttp.ClientSession()
        body = {"username": username, "password": password}
        async with self.http.post(f"{self.url}/api/auth/login", json=body) as response:
            answer = await response.json()
            if not answer.get("success"):
                raise ConnectionError(answer.get("message"))
        self.session_token, self.player_id = answer["session_token"], answer["player_id"]
        self.username = answer["username"]
        self.socket = await self.http.ws_connect(self.url.replace("http", "ws") + "/ws")
        await self.send(
            "auth_request", username=username, password=password, session_token=self.session_token
        )
        answer = parse((await self.socket.receive(timeout=30)).data)
        assert answer.type == "auth_response" and answer.success, answer
        assert answer.message == "WebSocket authenticated" and answer.player_id == self.player_id
        self.receiving = asyncio.create_task(self.receive())

    async def disconnect(self):
        await self.send("disconnect", reason="client closing")
        await asyncio.wait_for(self.receiving, 30)
        await self.http.close()
        if self.failure:
            raise self.failure

    def register_handler(self, message_type, handler):
        self.handlers.setdefault(message_type, []).append(handler)

    async def send(self, message_type, **fields):
        envelope = {
            "type": message_type,
            "timestamp": time.time(),
            "version": PROTOCOL_VERSION,
            "message_id": None,
            "priority": 1,
        }
        await self.socket.send_str(json.dumps({**envelope, **fields}))

    async def receive(self):
        try:
            async for frame in self.socket:
                assert frame.type == aiohttp.WSMsgType.TEXT, frame
                message = parse(frame.data)
                if message.type == "character_update":
                    self.note_nearby(message)
                for handler in self.handlers.get(message.type, []):
                    outcome = handler(message)
                    if inspect.isawaitable(outcome):
                        await outcome
        except Exception as failure:
            self.failure = failure

    def note_nearby(self, message):
        if self.character and message.character_id != self.character["id"]:
            self.nearby[message.character_id] = SimpleNamespace(
                character_name=message.character_name,
                location_id=message.location_id,
                position=message.position,
                level=message.level,
                faction=message.faction,
                last_seen=time.time(),
            )

    def get_nearby_players(self, location_id=None):
        return [who for who in self.nearby.values() if location_id in (None, who.location_id)]

    def authorized(self):
        return {"Authorization": f"Bearer {self.session_token}"}

    async def get(self, path):
        async with self.http.get(f"{self.url}{path}", headers=self.authorized()) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def post(self, path, body):
        async with self.http.post(f"{self.url}{path}", json=body, headers=self.authorized()) as response:
            assert response.status == 200, await response.text()
            return await response.json()

    async def get_characters(self):
        return (await self.get("/api/characters"))["characters"]

    async def select_character(self, character_id):
        answer = await self.post("/api/characters/select", {"character_id": character_id})
        assert answer["success"]
        self.character = answer["character"]

    async def get_world_state(self):
        return await self.get("/api/world/state")

    async def get_shard_status(self):
        return (await self.get("/api/world/shards"))["shards"]

    async def send_chat(self, content, channel="global", recipient_id=None):
        await self.send(
            "chat",
            sender_id=self.character["id"],
            sender_name=self.character["name"],
            channel=channel,
            content=content,
            recipient_id=recipient_id,
        )

    async def send_move(self, to_location_id, from_location_id=None):
        await self.send(
            "move",
            character_id=self.character["id"],
            from_location_id=from_location_id,
            to_location_id=to_location_id,
            position=None,
            velocity=None,
        )

    async def send_position_update(self, position, velocity=None):
        await self.send(
            "move",
            character_id=self.character["id"],
            from_location_id=None,
            to_location_id=0,
            position=position,
            velocity=velocity,
        )
