"""The document's Quick Start, played by two people on one server."""

import asyncio

import aiohttp
import pytest

from network_client import NetworkClient

PATIENCE = 30


async def newcomer(url, username, name):
    """Registers and makes a character, as the document's list of endpoints says."""
    async with aiohttp.ClientSession() as http:
        who = {"username": username, "password": "secret password"}
        async with http.post(f"{url}/api/auth/register", json=who) as response:
            assert (await response.json())["success"]
        async with http.post(f"{url}/api/auth/login", json=who) as response:
            token = (await response.json())["session_token"]
        body = {"name": name, "race": "Elf", "class": "Sorcerer", "faction": "Aether Seekers"}
        headers = {"Authorization": f"Bearer {token}"}
        async with http.post(f"{url}/api/characters", json=body, headers=headers) as response:
            assert (await response.json())["success"]
        async with http.post(f"{url}/api/auth/logout", json={"session_token": token}) as response:
            assert await response.json() == {"success": True, "message": "Logged out"}
    client = NetworkClient(url)
    await client.connect(username, "secret password")
    return client


def collected(client, message_type):
    """A queue of everything of this type that arrives from now on."""
    queue = asyncio.Queue()
    client.register_handler(message_type, queue.put_nowait)
    return queue


async def next_of(queue, fits=lambda message: True):
    while True:
        message = await asyncio.wait_for(queue.get(), PATIENCE)
        if fits(message):
            return message


async def quick_start(url):
    client = await newcomer(url, "mira", "Mira Sol")
    other = await newcomer(url, "bram", "Bram Stone")
    heard = []

    async def on_chat(message):
        heard.append(f"[{message.channel}] {message.sender_name}: {message.content}")

    client.register_handler("chat", on_chat)
    chats = collected(client, "chat")
    for player in (client, other):
        characters = await player.get_characters()
        assert characters[0]["progression"]["level"] == 1
        assert (characters[0]["race"], characters[0]["class"]) == ("Elf", "Sorcerer")
        await player.select_character(characters[0]["id"])

    await client.send_chat("Hello, world!")
    await next_of(chats)
    await other.send_chat("Hello, Mira!")
    await next_of(chats)
    assert heard == ["[global] Mira Sol: Hello, world!", "[global] Bram Stone: Hello, Mira!"]

    state = await client.get_world_state()
    assert state["current_reality"] == "Neutral" and state["active_players"] == 2
    shards = await client.get_shard_status()
    assert [shard["name"] for shard in shards][:2] == ["Phoenix Flame", "Ocean's Tear"]
    assert not shards[0]["is_captured"] and shards[0].get("owning_faction") is None
    return client, other


def test_the_quick_start_works_as_it_is_written(server):
    async def play():
        client, other = await quick_start(server)
        await client.disconnect()
        await other.disconnect()

    asyncio.run(play())


def test_moving_is_seen_by_those_nearby(server):
    async def play():
        client, other = await quick_start(server)
        seen = collected(other, "character_update")
        position = {"x": 10.5, "y": 20.3, "z": 5.0}
        await client.send_position_update(position=position, velocity={"x": 1.0, "y": 0.0, "z": 0.5})
        await next_of(seen, lambda message: message.position == position)
        (mira,) = other.get_nearby_players(location_id=1)
        assert (mira.character_name, mira.level, mira.faction) == ("Mira Sol", 1, "Aether Seekers")
        assert mira.position == position and mira.last_seen > 0

        arrived, left = collected(client, "location_update"), collected(other, "player_left_area")
        await client.send_move(to_location_id=5, from_location_id=1)
        assert (await next_of(arrived)).raw["location_id"] == 5
        assert (await next_of(left)).raw["character_name"] == "Mira Sol"
        await client.disconnect()
        await other.disconnect()

    asyncio.run(play())


def test_errors_arrive_with_code_and_sentence(server):
    async def play():
        client, other = await quick_start(server)
        errors = collected(client, "error")
        await client.send("no_such_type")
        error = await next_of(errors)
        assert error.error_code == "PROTOCOL_ERROR"
        assert error.error_message == "Failed to deserialize message: Unknown message type: no_such_type"
        await client.send_chat("x" * 501)
        assert (await next_of(errors)).error_message.startswith("Message validation failed: content")
        await client.send_move(to_location_id=999)
        assert (await next_of(errors)).error_code == "MOVE_REJECTED"
        pongs = collected(client, "pong")
        await client.send("ping")
        await next_of(pongs)
        await client.disconnect()
        await other.disconnect()

    asyncio.run(play())


def test_a_wrong_password_is_said_to_be_one(server):
    async def play():
        client = NetworkClient(server)
        try:
            with pytest.raises(ConnectionError):
                await client.connect("nobody", "wrong password")
        finally:
            await client.http.close()

    asyncio.run(play())
