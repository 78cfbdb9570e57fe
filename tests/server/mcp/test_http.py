"""`tenuto mcp --http`: any number of clients on loopback, and nobody else."""

import asyncio
import signal
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tenuto.cli.app import run as run_line
from tenuto.core.errors import PortError, Rejected
from tenuto.server.listening import address_of, is_loopback, listening
from tenuto.server.mcp.http import check_exposure
from tests.server.mcp.serving import FLOWS, HttpServer, run, text_of

PING = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
JSON = {"Accept": "application/json, text/event-stream"}
INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "t", "version": "1"},
    },
}


@pytest.fixture(scope="module")
def hello(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpServer]:
    with HttpServer(tmp_path_factory.mktemp("hello"), "hello") as server:
        yield server


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])
def test_two_clients_with_one_key_share_one_session(hello: HttpServer, mode: str) -> None:
    async def work(url: str) -> None:
        told: list[str | None] = []

        async def hear(progress: float, total: float | None, message: str | None) -> None:
            told.append(message)

        async def call() -> object:
            async with Client(url, mode=mode) as client:
                result = await client.call_tool(
                    "hello",
                    {"name": "Ada"},
                    progress_callback=hear,
                    meta={"tenuto/key": f"order-{mode}"},  # type: ignore[typeddict-unknown-key]
                )
                assert text_of(result) == "Hello, Ada!"
                return (result.meta or {})["tenuto/session"]

        first, second = await asyncio.gather(call(), call())
        assert first == second
        assert "greet starts (function)" in told

    run(lambda: work(hello.url))


@pytest.mark.slow
def test_a_session_outlives_its_server_and_is_ended_by_the_next(tmp_path: Path) -> None:
    async def begin(url: str) -> None:
        async with Client(url) as client:
            await client.call_tool("lingering", meta={"tenuto/key": "k"})  # type: ignore[typeddict-unknown-key]

    async def end(url: str) -> None:
        async with Client(url) as client:
            result = await client.call_tool("lingering", meta={"tenuto/key": "k"})  # type: ignore[typeddict-unknown-key]
            assert text_of(result) == "gone"
            assert len((await client.list_resources()).resources) == 1

    with HttpServer(tmp_path, "lingering", "--wait", "0") as server:
        run(lambda: begin(server.url))
        server.process.kill()
    (tmp_path / "go").touch()
    with HttpServer(tmp_path, "lingering") as server:
        run(lambda: end(server.url))


@pytest.mark.slow
def test_a_foreign_host_or_origin_is_refused(hello: HttpServer) -> None:
    with httpx2.Client(headers=JSON) as client:
        host = client.post(hello.url, json=INITIALIZE, headers={"Host": "evil.example.com"})
        origin = client.post(
            hello.url, json=INITIALIZE, headers={"Origin": "http://evil.example.com"}
        )
        own = client.post(hello.url, json=INITIALIZE, headers={"Origin": "http://localhost:3000"})

    assert (host.status_code, origin.status_code, own.status_code) == (421, 403, 200)


@pytest.mark.slow
def test_malformed_requests_are_refused_and_the_next_is_served(hello: HttpServer) -> None:
    with httpx2.Client(headers=JSON) as client:
        no_json = client.post(hello.url, content=b"{", headers={"Content-Type": "application/json"})
        no_message = client.post(hello.url, json={"jsonrpc": "1.0"})
        no_session = client.post(hello.url, json=PING, headers={"mcp-session-id": "nowhere"})
        too_large = client.post(
            hello.url, content=b" " * 5_000_000, headers={"Content-Type": "application/json"}
        )
        elsewhere = client.post(hello.url.replace("/mcp", "/else"), json=PING)
        good = client.post(hello.url, json=INITIALIZE)

    codes = [r.status_code for r in (no_json, no_message, no_session, too_large, elsewhere, good)]
    assert codes == [400, 400, 404, 413, 404, 200]


@pytest.mark.slow
def test_with_a_token_only_requests_that_bear_it_are_served(tmp_path: Path) -> None:
    async def work(url: str) -> None:
        headers = {"Authorization": "Bearer s3cret"}
        async with (
            httpx2.AsyncClient(headers=headers) as http,
            Client(streamable_http_client(url, http_client=http)) as client,
        ):
            result = await client.call_tool("hello", {"name": "Ada"})
            assert text_of(result) == "Hello, Ada!"

    with HttpServer(tmp_path, "hello", TENUTO_MCP_TOKEN="s3cret") as server:
        for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer sécret"}):
            encoded = {name: text.encode() for name, text in headers.items()}
            refused = httpx2.post(server.url, json=INITIALIZE, headers={**JSON, **encoded})  # type: ignore[dict-item]
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"] == "Bearer"
            assert "s3cret" not in refused.text
        run(lambda: work(server.url))


@pytest.mark.slow
def test_a_server_that_is_told_to_stop_stops_though_a_call_is_open(tmp_path: Path) -> None:
    async def work(server: HttpServer) -> None:
        async with Client(server.url) as client:
            call = asyncio.create_task(client.call_tool("napping"))
            while not (await client.list_resources()).resources:  # noqa: ASYNC110  (another process)
                await asyncio.sleep(0.05)
            server.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(server.process.wait, 20)
            await asyncio.wait({call})

    with HttpServer(tmp_path, "napping", "--cancel") as server:
        run(lambda: work(server))
        assert server.process.returncode == 130
    assert run_line(["sessions", "--db", str(tmp_path / "tenuto.db"), "--status", "waiting"]) == 0


def test_what_others_can_reach_needs_a_token_and_names() -> None:
    check_exposure("127.0.0.1", token="", names=())
    check_exposure("::1", token="", names=())
    check_exposure("192.0.2.1", token="s3cret", names=())
    check_exposure("0.0.0.0", token="s3cret", names=("agents.example.org",))
    with pytest.raises(Rejected, match="Set TENUTO_MCP_TOKEN"):
        check_exposure("192.0.2.1", token="", names=("agents.example.org",))
    with pytest.raises(Rejected, match="--allow-host NAME"):
        check_exposure("0.0.0.0", token="s3cret", names=())


def test_only_loopback_is_loopback() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "localhost", "LOCALHOST")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "localhost.example.org", "192.0.2.1", "")))


def test_a_port_that_is_taken_is_told() -> None:
    with listening("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        assert address_of(first) == f"http://127.0.0.1:{port}"
        with pytest.raises(PortError, match=f"127.0.0.1:{port} cannot be listened on: Address"):
            listening("127.0.0.1", port)


@pytest.mark.parametrize("place", ["x", "1:x", "127.0.0.1:99999", ""])
def test_a_place_that_is_none_is_wrong_usage(
    place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_line(["mcp", f"{FLOWS}:hello", "--http", place]) == 2
    assert "is no [HOST:]PORT" in capsys.readouterr().err
