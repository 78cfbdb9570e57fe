"""`tenuto tools`, and `--tools` of the verbs that run sessions."""

import json
import sys
from pathlib import Path

import pytest

import tenuto
from tenuto.ports.tool import ToolSource
from tenuto.testing import FakeToolSource
from tests.adapters.mcp.using import PLAIN
from tests.cli.shell import Shell

FLOW = """\
workflow: buying
graph:
  nodes: {buy: {tool: shop.order, inputs: {article: "'pen'"}}}
  edges: []
  entry: buy
output: outputs.buy
"""


@tenuto.tool(permission="shop:order", labels=["untrusted"], once=True)
def order(article: str) -> str:
    """Order an article."""
    return f"ordered {article}"


@tenuto.tool
def price(article: str) -> int:
    """Tell a price."""
    return len(article)


@pytest.fixture
def sources(monkeypatch: pytest.MonkeyPatch) -> dict[str, FakeToolSource]:
    """Return what any file of servers holds."""
    held = {"shop": FakeToolSource([order, price]), "mill": FakeToolSource()}

    def read_servers(path: str) -> dict[str, ToolSource]:
        if not Path(path).exists():
            raise tenuto.NotFound(what="file of servers", name=path)
        return dict(held)

    monkeypatch.setattr(tenuto, "read_servers", read_servers)
    Path("servers.json").write_text("{}")
    Path("flow.yaml").write_text(FLOW)
    return held


def test_tools_are_listed_by_their_ids(shell: Shell, sources: dict[str, FakeToolSource]) -> None:
    listed = shell("tools", "--tools", "servers.json")

    assert listed.code == 0
    assert listed.out.splitlines() == [
        "shop.order  shop:order  untrusted  Order an article.",
        "shop.price  -           -          Tell a price.",
    ]
    assert all(source.closed for source in sources.values())


def test_tools_are_listed_for_machines(shell: Shell, sources: dict[str, FakeToolSource]) -> None:
    first, _ = shell("tools", "--tools", "servers.json", "--json").json_lines

    assert first == {
        "id": "shop.order",
        "shown_as": "shop__order",
        "permission": "shop:order",
        "labels": ["untrusted"],
        "once": True,
        "safe": False,
        "description": "Order an article.",
        "parameters": order.spec.parameters,
    }


@pytest.mark.parametrize("fault", [tenuto.Transient("asleep"), tenuto.Escalatable("asleep")])
def test_a_server_that_cannot_be_asked_is_told_and_the_others_are_listed(
    shell: Shell, sources: dict[str, FakeToolSource], fault: Exception
) -> None:
    sources["mill"].fault = fault

    listed = shell("tools", "--tools", "servers.json")

    assert listed.code == 1
    assert listed.err == "mill: asleep\n"
    assert "shop.price" in listed.out


def test_the_variable_names_the_file(
    shell: Shell, sources: dict[str, FakeToolSource], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENUTO_TOOLS", "servers.json")

    assert "shop.order" in shell("tools").out


def test_without_a_file_there_are_no_tools(shell: Shell) -> None:
    listed = shell("tools")

    assert (listed.code, listed.out) == (0, "")
    assert "name a file with --tools" in listed.err


def test_a_file_that_is_not_there_is_told(shell: Shell, sources: dict[str, FakeToolSource]) -> None:
    refused = shell("tools", "--tools", "servants.json")

    assert refused.code == 2
    assert "No file of servers 'servants.json' was found." in refused.err


def test_a_name_of_a_server_that_definitions_cannot_use_is_told(
    shell: Shell, sources: dict[str, FakeToolSource]
) -> None:
    sources["GitHub"] = FakeToolSource()

    refused = shell("tools", "--tools", "servers.json")

    assert refused.code == 2
    assert "'GitHub' is no name of a source of tools" in refused.err


def test_a_session_that_lacked_its_server_goes_on_when_it_is_resumed_with_it(
    shell: Shell, sources: dict[str, FakeToolSource]
) -> None:
    assert shell("validate", "flow.yaml").code == 0

    lacking = shell("run", "flow.yaml")
    assert lacking.code == 3
    assert "There is no source of tools 'shop'" in lacking.err

    assert shell("approve", "last").code == 0
    resumed = shell("resume", "last", "--tools", "servers.json")
    assert resumed.code == 0
    assert resumed.out == '"ordered pen"\n'
    assert sources["shop"].closed


@pytest.mark.parametrize(
    "line", ["run flow.yaml", "resume", "fork last --at 2 --run"], ids=["run", "resume", "fork"]
)
def test_verbs_that_run_sessions_have_the_tools_of_servers(
    shell: Shell, sources: dict[str, FakeToolSource], line: str
) -> None:
    if line != "run flow.yaml":
        shell("run", "flow.yaml")
        shell("approve", "last")

    done = shell(*line.split(), "--tools", "servers.json", "-q" if "fork" not in line else "--json")

    assert done.code == 0, done.err
    assert "ordered pen" in done.out


def test_tools_of_a_real_server_are_listed_and_used_by_a_workflow(shell: Shell) -> None:
    command = {"command": sys.executable, "args": [str(PLAIN), "good", "told.jsonl"]}
    Path("mcp.json").write_text(json.dumps({"mcpServers": {"shop": command}}))
    Path("echo.yaml").write_text(
        "workflow: echoing\n"
        "graph: {nodes: {say: {tool: shop.echo, inputs: {text: \"'hello'\"}}}, entry: say}\n"
        "output: outputs.say\n"
    )

    listed = shell("tools", "--tools", "mcp.json")
    done = shell("run", "echo.yaml", "--tools", "mcp.json")

    assert "shop.echo  mcp:shop:echo  untrusted" in listed.out
    assert done.code == 0
    assert "hello" in done.out
