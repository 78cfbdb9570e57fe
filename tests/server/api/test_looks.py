"""A session is shown as it is, from memory or from the store."""

import asyncio
from pathlib import Path

from tests.server.api.served import echoing, serving, waiting


def test_a_session_that_goes_on_is_shown_as_it_is_now_and_as_it_ended(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(waiting(), db=f"sqlite:///{tmp_path}/a.db") as served:
            session = await served.service.runtime.start(served.service.offered["waiting"].workflow)
            await session.wait_until_idle()
            path = f"/sessions/{session.id}"

            before = (await served.client.get(path)).json()
            assert before["status"] == "waiting" and before["waits"]

            await session.cancel()
            for _ in range(2):
                after = (await served.client.get(path)).json()
                assert (after["status"], after["waits"]) == ("cancelled", [])
                assert after["version"] == (await session.state()).version > before["version"]

    asyncio.run(main())


def test_one_that_has_ended_is_read_once_until_it_is_loaded_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(echoing(), db=f"sqlite:///{tmp_path}/a.db") as served:
            runtime = served.service.runtime
            session = await runtime.start(served.service.offered["echo"].workflow, {"text": "x"})
            await session.result(timeout=10)

            first = await runtime.looks.at(session.id)
            assert await runtime.looks.at(session.id) is first

            refused = await served.client.post(f"/sessions/{session.id}/cancel", json={})
            assert refused.status_code == 409
            again = await runtime.looks.at(session.id)
            assert again is not first and again.state == first.state

    asyncio.run(main())
