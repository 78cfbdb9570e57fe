"""What was changed by one server counts at the other at once: accounts, registries, lists."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx2

from tests.postgres import needs_postgres
from tests.server.accounts.offices import PASSWORD, QUICK
from tests.server.api.served import Served, waiting
from tests.server.several.pairs import run, started_at, two_servers

pytestmark = needs_postgres

TEXT = """
workflow: kept
version: "{version}"
graph:
  nodes:
    wait: {{wait: go}}
"""


@contextlib.asynccontextmanager
async def clients(
    home: Served, other: Served, key: str
) -> AsyncIterator[tuple[httpx2.AsyncClient, httpx2.AsyncClient]]:
    """Give a client of each server that shows the key, or the token."""
    shown = {"Authorization": f"Bearer {key}"}
    async with (
        httpx2.AsyncClient(base_url=f"{home.address}/api/v1", headers=shown) as first,
        httpx2.AsyncClient(base_url=f"{other.address}/api/v1", headers=shown) as second,
    ):
        yield first, second


async def founded(home: Served) -> str:
    """Return the first admin's key."""
    found = await home.service.accounts.organisations.found_home()
    assert found is not None
    home.service.accounts.passwords.hasher = QUICK
    return found.key_text


def test_a_key_that_is_revoked_at_one_server_is_refused_at_once_by_the_other(url: str) -> None:
    async def main() -> None:
        async with (
            two_servers(url, waiting(), login=True) as (home, other),
            clients(home, other, await founded(home)) as (admin, _),
        ):
            for n in range(5):
                made = (await admin.post("/keys", json={"label": f"k{n}"})).json()
                async with clients(home, other, made["key"]) as (first, second):
                    for _ in range(3):
                        assert (await second.get("/sessions")).status_code == 200
                    # Others ask all the time: what was read for them may be older.
                    busy = [asyncio.create_task(second.get("/sessions")) for _ in range(8)]
                    gone = await admin.delete(f"/keys/{made['id']}")
                    assert gone.status_code < 300, gone.text
                    assert (await second.get("/sessions")).status_code == 401
                    assert (await first.get("/sessions")).status_code == 401
                    await asyncio.gather(*busy)

    run(main())


def test_who_logs_in_at_one_server_is_known_at_the_other_until_they_are_disabled(url: str) -> None:
    async def main() -> None:
        async with (
            two_servers(url, waiting(), login=True) as (home, other),
            clients(home, other, await founded(home)) as (admin, _),
        ):
            other.service.accounts.passwords.hasher = QUICK
            body = {"name": "ada", "roles": ["operator"], "password": PASSWORD}
            ada = (await admin.post("/users", json=body)).json()
            login = {"name": "ada", "password": PASSWORD}
            begun = (await admin.post("/auth/login", json=login)).json()
            async with clients(home, other, begun["access_token"]) as (first, second):
                assert (await second.get("/auth/me")).json()["name"] == "ada"
                again = await second.post(
                    "/auth/refresh", json={"refresh_token": begun["refresh_token"]}
                )
                assert again.status_code == 200, again.text
                await admin.patch(f"/users/{ada['id']}", json={"disabled": True})
                for client in (second, first):
                    assert (await client.get("/auth/me")).status_code == 401

    run(main())


def test_what_is_registered_at_one_server_is_listed_started_and_deleted_at_the_other(
    url: str,
) -> None:
    async def main() -> None:
        async with two_servers(url, waiting()) as (home, other):
            for version in ("1", "2"):
                text = TEXT.format(version=version)
                headers = {"Content-Type": "text/yaml", "If-Match": "*"}
                sent: dict[str, Any] = {"content": text, "headers": headers}
                made = await home.client.post("/workflows", **sent)
                if made.status_code == 409:
                    made = await home.client.put("/workflows/kept", **sent)
                assert made.status_code in (200, 201), made.text
                for served in (other, home):
                    items = (await served.client.get("/workflows")).json()["items"]
                    assert {"waiting", "kept"} == {item["name"] for item in items}
                    shown = (await served.client.get("/workflows/kept")).json()
                    assert shown["workflow_version"] == version
            started = await other.client.post("/workflows/kept/start", json={})
            assert started.status_code in (200, 201, 202), started.text
            place = f"/sessions/{started.json()['id']}"
            for served in (home, other):
                assert (await served.client.get(place)).json()["status"] == "waiting"
            signal = await home.client.post(f"{place}/signal", json={"name": "go"})
            assert signal.json()["status"] == "completed"
            gone = await other.client.delete("/workflows/kept", headers={"If-Match": "*"})
            assert gone.status_code < 300, gone.text
            items = (await home.client.get("/workflows")).json()["items"]
            assert [item["name"] for item in items] == ["waiting"]

    run(main())


def test_a_session_that_went_on_at_one_server_is_shown_as_it_is_by_the_other(url: str) -> None:
    async def main() -> None:
        async with two_servers(url, waiting()) as pair:
            for home, other in (pair, (pair.other, pair.home)):
                session = await started_at(home, "waiting")
                for _ in range(3):
                    before = (await other.client.get(f"/sessions/{session}")).json()
                    assert before["status"] == "waiting"
                await home.client.post(f"/sessions/{session}/signal", json={"name": "go"})
                for part in ("", "/state", "/messages", "/tasks", "/events"):
                    shown = [
                        (await served.client.get(f"/sessions/{session}{part}")).json()
                        for served in (other, home)
                    ]
                    assert shown[0] == shown[1], part
                listed = (await other.client.get("/sessions")).json()["items"]
                found = {one["id"]: one["status"] for one in listed}
                assert found[session] == "completed"

    run(main())


def test_what_is_kept_of_ended_sessions_is_forgotten_when_they_go_to_the_other_server(
    url: str,
) -> None:
    async def main() -> None:
        async with two_servers(url, waiting()) as (home, _):
            session = await started_at(home, "waiting")
            await home.client.post(f"/sessions/{session}/signal", json={"name": "go"})
            runtime = home.service.runtime
            await home.client.get(f"/sessions/{session}")
            assert await runtime.looks.at(session) is await runtime.looks.at(session)  # type: ignore[arg-type]
            kept = await runtime.looks.at(session)  # type: ignore[arg-type]
            sharing = runtime._engine.owning.sharing
            assert sharing is not None
            # As if it had been away: they are others' and its again.
            mine = sharing.holdings.mine
            sharing.holdings.lose(mine)
            sharing.holdings.gain(mine)
            assert await runtime.looks.at(session) is not kept  # type: ignore[arg-type]
            assert runtime.duties.leads("projecting") and runtime.duties.leads("webhooks")
            sharing.seat._lease_until_s = 0.0
            assert not runtime.duties.leads("projecting")
            assert not runtime.duties.leads("webhooks")
            once = await runtime.looks.at(session)  # type: ignore[arg-type]
            assert await runtime.looks.at(session) is not once  # type: ignore[arg-type]

    run(main())
