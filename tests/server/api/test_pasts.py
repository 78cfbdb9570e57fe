"""What a session did, told as messages, tasks, trace, cost and as a file to take away."""

from __future__ import annotations

import asyncio
import hashlib
import json

import tenuto
from tests.server.api.served import Served, echoing, serving, waiting
from tests.server.api.test_streams import started


def talking() -> tenuto.Workflow:
    """Return a workflow of one agent that needs no key."""
    agent = tenuto.Agent("writer", model="offline", instructions="Answer.")
    flow = tenuto.Workflow("talking", version="1")
    flow.node("say", agent=agent, inputs={"text": "inputs.text"})
    return flow


async def get(served: Served, session: str, rest: str) -> dict[str, object]:
    answer = await served.client.get(f"/sessions/{session}/{rest}")
    assert answer.status_code == 200, answer.text
    told: dict[str, object] = answer.json()
    return told


def test_messages_come_in_pages_from_any_version_on() -> None:
    async def main() -> None:
        async with serving(talking()) as served:
            session = await started(served, "talking")
            whole = (await get(served, session.id, "messages"))["items"]
            assert isinstance(whole, list)
            assert [message["type"] for message in whole] == ["asked", "answered"]
            assert whole[1]["agent"] == "writer"
            first = await get(served, session.id, "messages?limit=1")
            assert first["items"] == whole[:1]
            rest = await get(served, session.id, f"messages?after={first['next_cursor']}")
            assert rest["items"] == whole[1:]
            assert rest["next_cursor"] is None

    asyncio.run(main())


def test_tasks_say_what_they_are_part_of_how_often_they_were_tried_and_when() -> None:
    async def main() -> None:
        async with serving(talking(), waiting()) as served:
            session = await started(served, "talking")
            told = await get(served, session.id, "tasks")
            items = told["items"]
            assert isinstance(items, list)
            agent, turn = items
            assert (agent["kind"], agent["state"], agent["attempts"]) == ("agent", "done", 1)
            assert (turn["label"], turn["parent"]) == ("turn 1", agent["no"])
            assert agent["started_at"] <= agent["ended_at"]
            assert told["status"] == "completed"

            open_one = await started(served, "waiting")
            told = await get(served, open_one.id, "tasks")
            assert told["status"] == "waiting"
            assert told["ended_at"] is None

    asyncio.run(main())


def test_cost_is_told_by_agent_and_in_all() -> None:
    async def main() -> None:
        async with serving(talking()) as served:
            session = await started(served, "talking")
            told = await get(served, session.id, "cost")
            agents = told["agents"]
            assert isinstance(agents, dict)
            assert agents["writer"]["turns"] == 1
            assert told["total"] == agents["writer"]

    asyncio.run(main())


def test_the_trace_is_one_that_collectors_take() -> None:
    async def main() -> None:
        async with serving(talking()) as served:
            session = await started(served, "talking")
            told = await get(served, session.id, "trace")
            resources = told["resourceSpans"]
            assert isinstance(resources, list)
            spans = resources[0]["scopeSpans"][0]["spans"]
            assert len({span["traceId"] for span in spans}) == 1
            assert len(spans) >= 2

    asyncio.run(main())


def test_an_export_is_a_file_that_shows_whether_it_is_whole() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            session = await started(served, "echo")
            answer = await served.client.get(f"/sessions/{session.id}/export")
            assert answer.headers["content-type"].startswith("application/x-ndjson")
            assert session.id in answer.headers["content-disposition"]
            lines = answer.content.splitlines(keepends=True)
            end = json.loads(lines[-1])
            assert (end["kind"], end["status"]) == ("end", "completed")
            assert end["events"] == (await session.state()).version
            assert end["sha256"] == hashlib.sha256(b"".join(lines[:-1])).hexdigest()

    asyncio.run(main())


def test_events_are_listed_from_versions_that_no_list_of_sessions_knows_yet() -> None:
    # The head is written when the status changes, and events come in between.
    async def main() -> None:
        gate = asyncio.Event()

        async def step(ctx: tenuto.Context) -> dict[str, str]:
            if ctx.task > 3:
                await gate.wait()
            return {}

        flow = tenuto.Workflow("stepping", version="1")
        flow.node("steps", loop=True, do=tenuto.body(function=step), max_iterations=5)
        async with serving(flow) as served:
            session = await served.service.runtime.start(flow)
            version = 0
            async for stored in session.events():
                version = stored.version
                if version == 6:
                    break
            assert (await session.head()).version < version
            told = await get(served, session.id, f"events?after={version}")
            gate.set()
            await session.result(5)
            told = await get(served, session.id, f"events?after={version}")
            assert isinstance(told["items"], list)
            assert told["items"][0]["version"] == version + 1
            assert (await get(served, session.id, "events?after=10000"))["items"] == []

    asyncio.run(main())


def test_a_recap_is_the_same_however_often_and_in_which_order_it_is_asked_for() -> None:
    async def main() -> None:
        async with serving(talking()) as served:
            session = await started(served, "talking")
            newest = (await session.state()).version
            forwards = [await get(served, session.id, f"recap?at={n}") for n in range(newest + 1)]
            again = [await get(served, session.id, f"recap?at={n}") for n in range(newest + 1)]
            backwards = [
                await get(served, session.id, f"recap?at={n}") for n in range(newest, -1, -1)
            ]

            assert [one["version"] for one in forwards] == list(range(newest + 1))
            assert forwards == again == backwards[::-1]
            behind = await get(served, session.id, "recap?behind=2")
            assert (behind["version"], behind["newest"]) == (newest - 2, newest)
            short = await get(served, session.id, f"recap?behind={newest}")
            assert (short["version"], short["tasks"]) == (0, [])

    asyncio.run(main())


def test_events_are_found_by_words_page_by_page() -> None:
    async def main() -> None:
        async with serving(talking()) as served:
            session = await started(served, "talking")
            found = await get(served, session.id, "events?q=TASKcompleted&limit=1")
            assert isinstance(found["items"], list)
            assert [one["type"] for one in found["items"]] == ["TaskCompleted"]
            rest = await get(
                served, session.id, f"events?q=taskcompleted&after={found['next_cursor']}"
            )
            assert isinstance(rest["items"], list) and len(rest["items"]) == 1
            assert (await get(served, session.id, "events?q=zebra"))["items"] == []

    asyncio.run(main())
