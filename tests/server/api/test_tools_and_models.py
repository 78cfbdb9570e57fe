"""What agents can name, over HTTP."""

import asyncio
from typing import Any

from tenuto import Workflow, tool
from tenuto.core.agent.routes import ModelHealth
from tenuto.sdk.models import Models
from tenuto.server.principal import Connection, Principal
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


class FromElsewhere:
    """Lets everybody in as the admin of another organisation than that of the first start."""

    async def authenticate(self, connection: Connection) -> Principal:
        return Principal(organisation="elsewhere", user="eve", roles=("admin",))


def test_how_models_do_for_all_organisations_is_told_to_the_operators_only() -> None:
    failed = ModelHealth(
        model="mock:a", state="open", failures=5, error="billing: acme owes", since_ms=1
    )

    async def told(**settings: Any) -> list[Any]:
        async with serving(**settings) as served:
            served.service.runtime.models = Models(("mock",), routes={}, health=lambda: (failed,))
            health: list[Any] = (await served.client.get("/models")).json()["health"]
            return health

    async def main() -> None:
        assert [one["error"] for one in await told()] == ["billing: acme owes"]
        assert await told(authenticator=FromElsewhere()) == []

    asyncio.run(main())
