"""Sessions over HTTP: lists, one, its past, and what can be told to it."""

import asyncio
from typing import Any

import tenuto
from tests.server.api.served import echoing, serving, waiting


def test_a_session_is_listed_shown_and_read() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            flow = served.service.offered["echo"].workflow
            session = await served.service.runtime.start(flow, {"text": "hello"})
            await session.result(timeout=5)

            listed = (await served.client.get("/sessions")).json()
            assert [item["id"] for item in listed["items"]] == [session.id]
            assert listed["next_cursor"] is None
            shown = (await served.client.get(f"/sessions/{session.id}")).json()
            assert (shown["status"], shown["output"]) == ("completed", {"echo": {"text": "hello"}})
            events = (await served.client.get(f"/sessions/{session.id}/events")).json()["items"]
            assert [event["version"] for event in events] == list(range(1, len(events) + 1))
            assert events[0]["type"] == "SessionStarted"
            state = (await served.client.get(f"/sessions/{session.id}/state?at=1")).json()
            assert state["version"] == 1

    asyncio.run(main())


def test_pages_of_a_list_neither_repeat_nor_miss_a_session() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            flow = served.service.offered["echo"].workflow
            started = [(await served.service.runtime.start(flow)).id for _ in range(5)]
            seen: list[str] = []
            query = "/sessions?limit=2"
            while True:
                page = (await served.client.get(query)).json()
                seen += [item["id"] for item in page["items"]]
                if page["next_cursor"] is None:
                    break
                query = f"/sessions?limit=2&cursor={page['next_cursor']}"
            assert seen == started[::-1]

    asyncio.run(main())


def test_what_is_told_to_a_session_happens_and_stands_in_the_ledger() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            flow = served.service.offered["waiting"].workflow
            session = await served.service.runtime.start(flow)
            await session.wait_until_idle(timeout=5)
            told = await served.client.post(
                f"/sessions/{session.id}/signal", json={"name": "go", "data": 1}
            )
            assert told.status_code == 200
            await session.result(timeout=5)
            again = await served.client.post(f"/sessions/{session.id}/cancel", json={})
            assert (again.status_code, again.json()["code"]) == (409, "session_ended")

            number, _ = await served.service.ledger.digest()
            assert number == 1

    asyncio.run(main())


def test_what_is_not_there_is_a_problem_with_a_code_and_a_hint() -> None:
    async def main() -> None:
        async with serving() as served:
            for path, status, code in [
                ("/sessions/none", 404, "not_found"),
                ("/sessions?limit=0", 400, "bad_request"),
                ("/sessions?cursor=%00", 400, "bad_request"),
                ("/nowhere", 404, "no_such_route"),
            ]:
                answer = await served.client.get(path)
                assert answer.status_code == status, path
                assert answer.headers["content-type"] == "application/problem+json"
                problem = answer.json()
                assert problem["code"] == code
                assert problem["hint"]
                assert problem["trace_id"] == answer.headers["x-request-id"]

    asyncio.run(main())


def test_a_list_finds_what_waits_while_other_work_of_it_goes_on() -> None:
    release = asyncio.Event()

    async def work(ctx: tenuto.Context) -> int:
        await release.wait()
        return 1

    async def main() -> None:
        flow = tenuto.Workflow("both", version="1")
        flow.node("sign", approval="Sign it?").node("go", wait="go").node("work", function=work)
        async with serving(flow, waiting()) as served:

            async def listed(query: str) -> list[dict[str, Any]]:
                answer = await served.client.get(f"/sessions?{query}")
                assert answer.status_code == 200, answer.text
                return list(answer.json()["items"])

            id = (await served.client.post("/workflows/both/start", json={})).json()["id"]
            (found,) = await listed("waits_for=approval")
            assert (found["id"], found["status"]) == (id, "running")
            assert found["waits_for"] == ["approval", "signal"]
            assert await listed("waits_for=timer") == []
            answer = await served.client.get("/sessions?waits_for=approval&count=true")
            assert answer.json()["count"] == 1

            session = served.service.runtime.session(id)
            await session.signal("go", None)
            await session.approve()
            assert await listed("waits_for=approval&waits_for=signal") == []

            release.set()
            assert (await session.wait_until_idle(timeout=5)).status == "completed"
            assert (await listed("workflow=both"))[0]["waits_for"] == []

    asyncio.run(main())


def test_a_list_is_narrowed_and_counted() -> None:
    async def main() -> None:
        async with serving(echoing(), waiting()) as served:
            runtime, offered = served.service.runtime, served.service.offered
            waits = await runtime.start(offered["waiting"].workflow, key="order-17", user="ada")
            echo = await runtime.start(offered["echo"].workflow, {"text": "x"}, user="bob")
            other = await runtime.start(offered["echo"].workflow, {"text": "x"}, tenant="elsewhere")
            await waits.wait_until_idle(timeout=5)
            await echo.result(timeout=5)
            await other.result(timeout=5)

            async def listed(query: str) -> list[str]:
                answer = await served.client.get(f"/sessions?{query}")
                assert answer.status_code == 200, answer.text
                return [item["id"] for item in answer.json()["items"]]

            assert await listed("") == [echo.id, waits.id]
            assert await listed("status=waiting") == [waits.id]
            assert await listed("status=waiting&status=completed") == [echo.id, waits.id]
            assert await listed("user=bob") == [echo.id]
            assert await listed("q=order-") == [waits.id]
            assert await listed("q=aiti") == [waits.id]
            assert await listed("roots=true&workflow=echo") == [echo.id]
            assert await listed("since=2030-01-01T00:00:00Z") == []
            assert await listed("until=2030-01-01T00:00:00Z") == [echo.id, waits.id]
            counted = (await served.client.get("/sessions?count=true&limit=1")).json()
            assert (counted["count"], counted["count_is_exact"]) == (2, True)

    asyncio.run(main())
