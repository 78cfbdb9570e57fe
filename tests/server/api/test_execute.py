"""Agents over HTTP: registered, listed, given tasks."""

import asyncio

from tests.server.api.served import Served, serving

CLERK = {"name": "clerk", "model": "offline", "instructions": "Answer.", "capabilities": ["mail"]}


async def register(served: Served, **changes: object) -> None:
    added = await served.client.post("/agents", json={**CLERK, **changes})
    assert added.status_code == 201, added.text


def test_agents_side_by_side_give_an_answer_each() -> None:
    async def main() -> None:
        async with serving() as served:
            await register(served)
            await register(served, name="lead-critic")

            done = await served.client.post(
                "/agents/execute?wait=10",
                json={"task_description": "Say hello.", "agents": ["clerk", "lead-critic"]},
            )

            assert done.status_code == 200, done.text
            assert set(done.json()["output"]["answers"]) == {"clerk", "lead_critic"}
            assert done.json()["workflow"] == "agents/clerk + lead-critic"
            status = (await served.client.get("/agents/clerk/status")).json()
            assert (status["state"], status["metrics"]["completed"]) == ("idle", 1)
            assert status["metrics"]["success_rate"] == 1.0

    asyncio.run(main())
