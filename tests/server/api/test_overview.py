"""How sessions are doing, in one answer."""

import asyncio
from datetime import UTC, datetime, timedelta

import tenuto
from tenuto import Workflow
from tenuto.core.accounts.permissions import ALL
from tenuto.core.accounts.roles import ROLES
from tests.server.api.people import ByHeader, of
from tests.server.api.served import serving


async def work(ctx: tenuto.Context, ok: bool) -> str:
    """Work, or fail."""
    if not ok:
        raise ValueError("the work is not possible")
    return "done"


def working() -> Workflow:
    """Return a workflow that works, or fails."""
    return Workflow("working", version="1").node("work", function=work, inputs={"ok": "inputs.ok"})


def asking() -> Workflow:
    """Return a workflow that asks."""
    return Workflow("asking", version="1").node("ask", approval="May it go on?")


def test_an_overview_counts_what_is_open_how_it_ended_and_how_long_it_took() -> None:
    async def main() -> None:
        async with serving(working(), asking(), authenticator=ByHeader()) as served:
            api, ada, eve = served.client, of("local", "ada"), of("x", "eve")
            for ok in (True, True, True, False):
                started = await api.post(
                    "/workflows/working/start?wait=20", json={"inputs": {"ok": ok}}, headers=ada
                )
                assert started.status_code == 200, started.text
            await api.post("/workflows/asking/start?wait=0.3", json={}, headers=eve)
            asked = await api.post("/workflows/asking/start?wait=0.3", json={}, headers=ada)
            assert asked.json()["status"] == "waiting"

            told = (await api.get("/overview", headers=ada)).json()
            other = (await api.get("/overview", headers=eve)).json()
            tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
            later = (await api.get("/overview", params={"since": tomorrow}, headers=ada)).json()

            assert told["open"] == {"pending": 0, "running": 0, "waiting": 1, "paused": 0}
            assert told["ended"] == {"completed": 3, "failed": 1, "cancelled": 0}
            assert (told["success_rate"], told["to_approve"]) == (0.75, 1)
            assert 0 <= told["took_ms"]["p50"] <= told["took_ms"]["p99"]
            assert told["used"]["turns"] == 0 and told["queue"] == {"running": 0, "waiting": 0}
            assert other["ended"]["completed"] == 0 and other["open"]["waiting"] == 1
            assert other["queue"] is None, "what the process does is told to its operators only"
            assert later["success_rate"] is None and later["took_ms"]["p50"] is None
            assert later["open"]["waiting"] == 1, "what is open counts whenever it started"

    asyncio.run(main())


def test_roles_are_told_with_all_that_they_allow() -> None:
    async def main() -> None:
        async with serving() as served:
            told = (await served.client.get("/roles")).json()

            assert [role["name"] for role in told["roles"]] == list(ROLES)
            assert told["roles"][-1]["permissions"] == told["permissions"] == list(ALL)

    asyncio.run(main())
