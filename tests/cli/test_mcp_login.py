"""`tenuto mcp-login`: how a person signs in to a server."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.adapters.mcp.gate import Gate, open_gate
from tests.cli.shell import Shell

pytestmark = pytest.mark.slow


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Gate]:
    monkeypatch.setenv("TENUTO_MCP_LOGINS", str(tmp_path / "logins"))
    with open_gate() as gate:
        yield gate


def sign_in(shell: Shell, gate: Gate, *arguments: str) -> tuple[int, str, str]:
    """Run the command, and be the browser of whoever reads what it says."""
    process = shell.spawn("mcp-login", *arguments, "--no-browser")
    assert process.stderr is not None
    line = process.stderr.readline()
    found = re.search(r"To sign in, open (\S+)", line)
    assert found, line + process.stderr.read()
    urlopen(found[1]).read()
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_a_person_signs_in_by_address_and_is_listed_and_forgotten(
    shell: Shell, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "environment", _with_logins(shell, tmp_path / "logins"))

    code, out, err = sign_in(shell, gate, gate.url)
    assert (code, err) == (0, "")
    assert out == f"Signed in to {gate.url}, for read. Tools: 1.\n"

    listed = shell("mcp-login", "--list", "--json").json
    assert (listed["url"], listed["scope"], listed["renewed"]) == (gate.url, "read", True)
    assert "access-token" not in shell("mcp-login", "--list").out

    assert shell("mcp-login", gate.url, "--forget").code == 0
    assert shell("mcp-login", "--list").out == ""
    again = shell("mcp-login", gate.url, "--forget")
    assert again.code == 4
    assert "login" in again.err


def test_a_server_of_a_file_is_named_as_it_is_there(
    shell: Shell, gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shell, "environment", _with_logins(shell, tmp_path / "logins"))
    servers = {"gate": {"url": gate.url, "auth": {"scope": "more"}}, "local": {"command": "true"}}
    file = shell.write("servers.json", json.dumps({"mcpServers": servers}))

    code, out, _ = sign_in(shell, gate, "gate", "--tools", file, "--scope", "most", "--json")

    assert code == 0
    assert json.loads(out)["scope"] == "read more most"
    assert shell("tools", "--tools", str(shell.folder / file)).out.startswith("gate.echo")
    other = shell("mcp-login", "local", "--tools", str(shell.folder / file))
    assert (other.code, "not to this" in other.err) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "Name a server"),
        (("shop",), "'shop' is no address, and no server of the file of --tools"),
        (("http://a.example", "--issuer", "http://x.example"), "issuer='http://x.example'"),
        (("https://a.example", "--secret-variable", "A"), "stands with its client_id and issuer"),
    ],
)
def test_a_mistake_is_told(shell: Shell, arguments: tuple[str, ...], said: str) -> None:
    result = shell("mcp-login", *arguments)

    assert result.code == 2
    assert said in result.err


def test_a_server_that_cannot_be_reached_is_told(shell: Shell, gate: Gate) -> None:
    result = shell("mcp-login", "http://127.0.0.1:9/mcp")

    assert result.code == 1
    assert "cannot be reached at http://127.0.0.1:9/mcp" in result.err


def _with_logins(shell: Shell, folder: Path) -> object:
    kept = shell.environment()
    return lambda: {**kept, "TENUTO_MCP_LOGINS": str(folder)}
