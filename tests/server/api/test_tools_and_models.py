"""What agents can name, over HTTP."""

import asyncio

from tenuto import Workflow, tool
from tests.server.api.served import serving


@tool(permission="orders:read", labels=["untrusted"])
def look_up(order: str) -> str:
    """Find an order."""
    return order


def test_tools_of_offered_workflows_are_listed_with_what_they_need() -> None:
    async def main() -> None:
        flow = Workflow("shop", version="1")
        flow.node("look", tool=look_up, inputs={"order": "inputs.order"})
        async with serving(flow) as served:
            listed = (await served.client.get("/tools")).json()
            (found,) = listed["items"]
            assert found["name"] == "look_up"
            assert found["permission"] == "orders:read"
            assert found["labels"] == ["untrusted"]
            assert found["parameters"]["required"] == ["order"]
            assert listed["away"] == {}

    asyncio.run(main())


def test_models_are_listed_with_their_providers() -> None:
    async def main() -> None:
        async with serving() as served:
            listed = (await served.client.get("/models")).json()
            assert "offline" in listed["providers"]
            assert listed["health"] == []

    asyncio.run(main())
