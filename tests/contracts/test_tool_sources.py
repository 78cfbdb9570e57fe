"""Every source of tools passes the one suite."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tenuto.adapters.json_schema import JsonSchemas
from tenuto.adapters.mcp import Address, Command, McpServer, Rules
from tenuto.ports.tool import ToolSource
from tenuto.testing.contracts import ToolSourceContract
from tests.adapters.mcp import sdk_server
from tests.adapters.mcp.using import plain


@pytest.mark.slow
class TestMcpOverPipes(ToolSourceContract):
    def make_source(self) -> ToolSource:
        log = Path(tempfile.mkdtemp()) / "told.jsonl"
        return McpServer("shop", plain("good", log), Rules(), schemas=JsonSchemas())

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
