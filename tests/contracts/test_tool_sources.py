"""Every source of tools passes the one suite."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import tenuto
from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.mcp import Address, Command, McpServer, Rules
from tenuto.ports.tool import ToolSource
from tenuto.testing import FakeToolSource
from tenuto.testing.contracts import ToolSourceContract
from tests.adapters.mcp import sdk_server
from tests.adapters.mcp.using import plain


def echo(text: str) -> dict[str, str]:
    """Give a text back."""
    return {"text": text}


@tenuto.tool(once=True, labels=["untrusted"])
def order(article: str) -> str:
    """Order an article."""
    return article


class TestFakeToolSource(ToolSourceContract):
    def make_source(self) -> ToolSource:
        return FakeToolSource([echo, order])

    def make_source_away(self) -> ToolSource:
        source = FakeToolSource()
        source.fault = tenuto.Transient("the shop does not answer")
        return source


@pytest.mark.slow
class TestMcpOverPipes(ToolSourceContract):
    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        self.log = tmp_path / "told.jsonl"

    def make_source(self) -> ToolSource:
        return McpServer("shop", plain("good", self.log), Rules(), schemas=JsonSchemas())

    def make_source_away(self) -> ToolSource:
        place = Command(command=("no-such-program",))
        return McpServer("shop", place, Rules(), schemas=JsonSchemas())


@pytest.fixture(scope="class")
def over_http(request: pytest.FixtureRequest) -> Iterator[None]:
    with sdk_server.serving() as url:
        request.cls.url = url
        yield


@pytest.mark.slow
@pytest.mark.usefixtures("over_http")
class TestMcpOverHttp(ToolSourceContract):
    url = ""

    def make_source(self) -> ToolSource:
        return McpServer("shop", Address(url=self.url), Rules(), schemas=JsonSchemas())

    def make_source_away(self) -> ToolSource:
        place = Address(url="http://127.0.0.1:9/mcp")
        return McpServer("shop", place, Rules(), schemas=JsonSchemas())
