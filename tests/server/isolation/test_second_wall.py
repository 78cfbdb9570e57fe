"""Where the server forgets to look whose a session is, PostgreSQL does not."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

import tenuto
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import HeadQuery
from tenuto.server.principal import Principal
from tenuto.server.service import Service
from tests.postgres import fresh_database, needs_postgres
from tests.server.api.served import echoing, serving

pytestmark = needs_postgres


class ByHeader:
    """Believes who asks."""

    async def authenticate(self, connection: Any) -> Principal:
        town = connection.headers["x-town"]
        return Principal(organisation=town, user="ada", roles=("admin",))


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TENUTO_SECRET_KEY", "only-for-this-test-of-a-second-wall-0123456789")
    with fresh_database() as url:
        yield url


def forget_whose(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take away what the code looks at."""

    async def session(self: Service, principal: Principal, id: str) -> Any:
        handle = self.runtime.session(id)
        return handle, await handle.head()

    async def look(self: Service, principal: Principal, id: str) -> Any:
        return await self.runtime.looks.at(SessionId(id))

    monkeypatch.setattr(Service, "session", session)
    monkeypatch.setattr(Service, "look", look)


def test_a_session_of_another_organisation_is_refused_by_the_database_itself(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forget_whose(monkeypatch)

    async def main() -> None:
        async with serving(echoing(), db=url, authenticator=ByHeader()) as served:
            runtime = served.service.runtime
            session = await runtime.start(echoing(), {"text": "ours"}, tenant="one")
            await session.result(20)
            for path in ("", "/events", "/tasks", "/messages", "/trace", "/export"):
                place = f"/sessions/{session.id}{path}"
                own = await served.client.get(place, headers={"x-town": "one"})
                strange = await served.client.get(place, headers={"x-town": "two"})
                assert own.status_code == 200, (path, own.text)
                assert strange.status_code == 404, (path, strange.text)

    asyncio.run(main())


def test_what_a_session_does_sees_its_own_tenant_alone(url: str) -> None:
    async def count(ctx: tenuto.Context) -> dict[str, Any]:
        found = await runtimes[0].sessions(HeadQuery())
        return {"tenants": sorted({head.tenant for head in found})}

    runtimes: list[tenuto.Runtime] = []
    flow = tenuto.Workflow("counting", output="outputs.count.tenants")
    flow.node("count", function=count)

    async def main() -> None:
        async with tenuto.open(url, workflows=[flow]) as runtime:
            runtimes.append(runtime)
            for tenant in ("one", "two"):
                session = await runtime.start(flow, tenant=tenant)
                assert await session.result(20) == [tenant]

    asyncio.run(main())
