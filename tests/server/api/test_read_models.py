"""The tables that are kept from events, as who runs the server sees to them."""

import asyncio

from tests.server.api.people import ByHeader, of
from tests.server.api.served import echoing, serving


def test_an_admin_has_the_tables_made_anew_while_the_server_runs() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            models = served.service.runtime.read_models
            started = {"inputs": {"text": "x"}}
            for _ in range(3):
                await served.client.post("/workflows/echo/start?wait=5", json=started)
            await models.wait(timeout=5)
            before = await models.rows("agent_tasks")

            answers = await asyncio.gather(
                *[served.client.post("/read-models/rebuild") for _ in range(3)]
            )
            after = await models.rows("agent_tasks")
            shown = (await served.client.get("/read-models")).json()

            assert [answer.status_code for answer in answers] == [200, 200, 200]
            assert answers[0].json() == shown
            assert (shown["position"], shown["behind"]) == (shown["end"], 0)
            assert len(before) == 3 and after == before
            entries = (await served.client.get("/audit?action=read_models.rebuild")).json()
            assert len(entries["items"]) == 3

    asyncio.run(main())


def test_only_admins_of_the_first_organisation_may() -> None:
    async def main() -> None:
        async with serving(authenticator=ByHeader()) as served:
            for ask in (served.client.get("/read-models", headers=of("red")),):
                assert (await ask).status_code == 403
            refused = await served.client.post("/read-models/rebuild", headers=of("red"))
            assert refused.status_code == 403

    asyncio.run(main())
