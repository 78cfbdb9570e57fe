"""The Redis that tests have: it is real, it is theirs, and nothing of it stays."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import redis

from scripts.redis_server import Server
from tests.redis_ground import needs_own_redis, own_redis

ROOT = Path(__file__).parents[2]
SECONDS_MAX = 30


@needs_own_redis
def test_the_server_wants_its_password_and_listens_on_loopback_only() -> None:
    with redis.Redis.from_url(own_redis().url) as client:
        assert client.config_get("bind") == {"bind": "127.0.0.1"}
    with (
        redis.Redis(port=own_redis().port) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()


@needs_own_redis
def test_a_killed_server_comes_back_empty_to_its_port() -> None:
    server = Server()
    try:
        with redis.Redis.from_url(server.url) as client:
            client.set("note", "here")
            port = server.port

            server.kill()

            with pytest.raises(redis.ConnectionError):
                client.ping()
            server.start()
            assert server.port == port
            assert client.get("note") is None
    finally:
        server.close()


@needs_own_redis
@pytest.mark.slow
def test_the_server_ends_with_a_process_that_is_killed() -> None:
    program = (
        "from scripts.redis_server import Server\n"
        "server = Server()\n"
        "print(server._process.pid, flush=True)\n"
        "input()\n"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with owner:
        assert owner.stdout is not None
        pid = int(owner.stdout.readline())

        owner.send_signal(signal.SIGKILL)

        while _is_there(pid):
            os.sched_yield()


def _is_there(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
