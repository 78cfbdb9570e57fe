"""MCP servers as users name them: by command, by address, and in a file."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto import DefinitionError, NotFound, Rejected, Workflow
from tenuto.adapters.mcp import Address, Auth, Command, McpServer
from tests.adapters.mcp.using import PLAIN


def made(**options: Any) -> McpServer:
    server = tenuto.mcp_server(**options)
    assert isinstance(server, McpServer)
    return server


def read(tmp_path: Path, document: object, **options: Any) -> dict[str, McpServer]:
    path = tmp_path / "mcp.json"
    path.write_text(json.dumps(document), "utf-8")
    servers = tenuto.read_servers(path, **options)
    assert all(isinstance(server, McpServer) for server in servers.values())
    return servers  # type: ignore[return-value]  # as was just asserted


def test_a_server_by_command_is_not_started_before_it_is_used() -> None:
    server = made(command=["no-such-program"], timeout=5, trust=True, idempotent=["get_*"])

    assert server.name == "no_such_program"
    assert server.place == Command(command=("no-such-program",))
    assert (server.rules.timeout, server.rules.connect_timeout) == (5, 30)
    assert (server.rules.trust, server.rules.idempotent) == (True, ("get_*",))
    assert server.rules.labels == ("untrusted",)


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"command": ["npx", "-y", "@scope/server-files", "books"]}, "server_files"),
        ({"command": ["bin/shop-server", "stdio"]}, "shop_server"),
        ({"command": ["python", "servers/shop.py", "-v"]}, "shop_py"),
        ({"url": "https://user:secret@mcp.example.org:8443/v1"}, "mcp_example_org_8443"),
        ({"url": "https://example.org/mcp", "name": "shop"}, "shop"),
    ],
)
def test_a_server_without_a_name_is_called_by_its_program_or_host(
    options: dict[str, Any], name: str
) -> None:
    assert made(**options).name == name


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "give one of the two"),
        ({"command": ["a"], "url": "http://b"}, "give one of the two"),
        ({"command": "npx server"}, "give a list of texts, as ['npx', 'server']"),
        ({"command": ["a"], "headers": {}}, "by command= has no option 'headers'"),
        ({"url": "http://b", "cwd": "."}, "by url= has no option 'cwd'"),
        ({"url": "http://b", "retries": 3}, "has no option 'retries'; there are: timeout"),
        ({"url": "example.org/mcp"}, "give an address with http:// or https://"),
        ({"url": "http://b", "name": "a b"}, "a server's name has letters"),
        ({"url": "http://b", "timeout": 0}, "timeout=0: give seconds, more than 0"),
        ({"url": "http://b", "connect_timeout": True}, "connect_timeout=True: give seconds"),
        ({"url": "http://b", "idempotent": "get_*"}, "give a list of names"),
        ({"url": "http://b", "headers": {"a b": "c"}}, "give a mapping of header names"),
        ({"command": ["a"], "env": {"A": 1}}, "env: give a mapping"),
        ({"command": ["a", 3]}, "give a list of texts"),
        ({"command": [""]}, "give the program and its arguments as a list"),
    ],
)
def test_settings_that_do_not_fit_are_refused_with_what_to_do(
    options: dict[str, Any], said: str
) -> None:
    with pytest.raises(Rejected) as raised:
        tenuto.mcp_server(**options)

    assert said in str(raised.value)


def test_an_address_is_shown_without_what_may_be_secret() -> None:
    server = made(url="https://user:hidden@example.org/mcp?key=hidden#hidden")

    assert repr(server) == "McpServer('example_org', https://example.org/mcp)"


def test_the_servers_of_a_file_are_read_by_their_names(tmp_path: Path) -> None:
    servers = read(
        tmp_path,
        {
            "mcpServers": {
                "files": {"command": "npx", "args": ["-y", "files"], "env": {"A": "${B}"}},
                "web": {
                    "type": "http",
                    "url": "https://example.org/mcp",
                    "headers": {"Authorization": "Bearer ${TOKEN}"},
                    "tenuto": {"timeout": 7, "trust": True},
                },
                "off": {"command": "x", "disabled": True},
            }
        },
        timeout=9,
    )

    assert list(servers) == ["files", "web"]
    assert servers["files"].name == "files"
    assert servers["files"].place == Command(command=("npx", "-y", "files"), env={"A": "${B}"})
    assert servers["web"].place == Address(
        url="https://example.org/mcp", headers={"Authorization": "Bearer ${TOKEN}"}
    )
    assert (servers["files"].rules.timeout, servers["web"].rules.timeout) == (9, 7)
    assert (servers["files"].rules.trust, servers["web"].rules.trust) == (False, True)


def test_how_tokens_are_got_stands_in_a_file_as_in_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENUTO_MCP_LOGINS", str(tmp_path / "logins"))
    machine = {
        "grant": "client_credentials",
        "client_id": "a",
        "client_secret": "${A}",
        "issuer": "https://login.example",
    }
    entries = {
        "person": {"url": "https://example.org/mcp", "auth": "login"},
        "machine": {"url": "https://example.org/mcp", "auth": machine},
    }

    servers = read(tmp_path, {"mcpServers": entries})

    kept = str(tmp_path / "logins")
    assert servers["person"].place == Address(
        url="https://example.org/mcp", auth=Auth(), logins=kept
    )
    assert servers["machine"].place.auth == Auth(**machine)  # type: ignore[union-attr, arg-type]


@pytest.mark.parametrize(
    ("auth", "said"),
    [
        ("password", "auth does not fit"),
        ({"client_secret": "hunter2hunter2"}, "client_secret names a variable"),
        ({"secret": "hunter2hunter2"}, "its keys are: grant, client_id"),
        (["login"], "auth does not fit"),
    ],
)
def test_a_mistake_in_how_tokens_are_got_is_told_without_what_may_be_secret(
    auth: Any, said: str
) -> None:
    with pytest.raises(Rejected) as raised:
        made(url="https://example.org/mcp", auth=auth)

    assert said in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_tokens_and_a_header_of_ones_own_do_not_go_together() -> None:
    with pytest.raises(Rejected, match="auth makes the header Authorization"):
        made(url="https://example.org/mcp", auth="login", headers={"authorization": "Bearer x"})


def test_all_that_is_wrong_in_a_file_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError) as raised:
        read(
            tmp_path,
            {
                "mcpServers": {
                    "a": {"comand": "x"},
                    "b": {},
                    "c": "npx",
                    "d": {"command": ["npx"]},
                    "e": {"type": "sse", "url": "http://e"},
                    "f": {"url": 3},
                    "g": {"args": ["x"], "url": "http://g"},
                    "h": {"command": "x", "tenuto": {"timout": 3}},
                    "i j": {"command": "x"},
                }
            },
        )

    said = {problem.path.rpartition(".")[2]: problem.message for problem in raised.value.problems}
    assert list(said) == [*"abcdefgh", "i j"]
    assert "no key 'comand'; there are: command, args" in said["a"]
    assert "give one of the two" in said["b"]
    assert "A server is an object" in said["c"]
    assert "command is a text" in said["d"]
    assert "type='sse' does not fit" in said["e"]
    assert "url is a text" in said["f"]
    assert "args stand with a command" in said["g"]
    assert "its keys are: timeout" in said["h"]
    assert "a server's name has letters" in said["i j"]
    assert {problem.file for problem in raised.value.problems} == {str(tmp_path / "mcp.json")}


def test_a_file_that_is_not_there_or_holds_something_else_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="No file of MCP servers"):
        tenuto.read_servers(tmp_path / "nothing.json")
    with pytest.raises(DefinitionError, match="The file holds no servers"):
        read(tmp_path, {"servers": {}})
    (tmp_path / "broken.json").write_text("{", "utf-8")
    with pytest.raises(DefinitionError, match="cannot be read as JSON"):
        tenuto.read_servers(tmp_path / "broken.json")


@pytest.mark.slow
def test_a_call_that_nobody_knows_of_waits_for_a_person_and_is_not_made_again(
    tmp_path: Path,
) -> None:
    log = tmp_path / "told.jsonl"

    async def story() -> str:
        server = made(command=[sys.executable, str(PLAIN), "good", str(log)], name="shop")
        try:
            tools = {tool.spec.name: tool for tool in await server.tools()}
            flow = Workflow("flow").node("work", tool="die", inputs={"text": "'x'"})
            async with tenuto.open("memory://", code={"die": tools["die"]}) as runtime:
                session = await runtime.start(flow)
                head = await session.wait_until_idle(20)
                return head.waiting_for
        finally:
            await server.close()

    waiting = asyncio.run(story())

    assert waiting.startswith("a person to say whether 'work' happened")
    assert log.read_text("utf-8").count('"tools/call"') == 1
