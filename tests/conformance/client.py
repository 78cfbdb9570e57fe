"""What the conformance suite starts as its client: `tenuto.mcp_server`, driven as it asks.

The suite gives the address of its server as the last argument, and the name of the scenario in
`MCP_CONFORMANCE_SCENARIO`.
"""

import asyncio
import os
import sys
from typing import Any, Final

import tenuto

CALLS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "tools_call": ("add_numbers", {"a": 5, "b": 3}),
    "sse-retry": ("test_reconnection", {}),
}
"""Scenario to the tool that it wants called, and with what. Others want the tools listed."""


async def main(url: str, scenario: str) -> None:
    server = tenuto.mcp_server(name="conformance", url=url, timeout=20)
    try:
        tools = {tool.spec.name: tool for tool in await server.tools()}
        print("tools:", ", ".join(tools) or "none")
        if scenario in CALLS:
            name, arguments = CALLS[scenario]
            print("result:", await tools[name].function(**tools[name].bind(arguments)))
    finally:
        await server.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[-1], os.environ.get("MCP_CONFORMANCE_SCENARIO", "")))
