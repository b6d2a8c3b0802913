"""Starts the built server for tests that know it only by its documents."""

import os
import pathlib
import signal
import subprocess

import pytest

ROOT = pathlib.Path(__file__).parent.parent.parent
ENCRYPTION_KEY = "shared by all who encrypt"


def binary():
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    path = pathlib.Path(os.environ.get("SHARDMESH_BIN", target / "debug" / "shardmesh"))
    if not path.exists():
        pytest.fail(f"there is no server at {path}: run cargo build, or set SHARDMESH_BIN")
    return path.resolve()


@pytest.fixture
def server(tmp_path):
    """The URL of a server with a new world; it must end well when it is told to."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("SHARDMESH__")},
        "SHARDMESH__AUTH__ARGON2_MEMORY_KIB": "8",
        "SHARDMESH__P2P__ENCRYPTION_KEY": ENCRYPTION_KEY,
    }
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            [binary(), "serve", "--listen", "127.0.0.1:0"],
            cwd=tmp_path,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        line = process.stdout.readline().strip()
        start = "listening on "
        assert line.startswith(start), f"{line!r}\n{(tmp_path / 'log').read_text()}"
        yield line.removeprefix(start)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0, (tmp_path / "log").read_text()
        assert " ERROR " not in (tmp_path / "log").read_text()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
