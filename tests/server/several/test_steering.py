"""Whatever is asked of a session, it does not matter which server is asked."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx2

import tenuto
from tests.postgres import needs_postgres
from tests.server.api.served import Served, waiting
from tests.server.several.pairs import run, started_at, two_servers

pytestmark = needs_postgres


async def told(served: Served, path: str, **body: Any) -> httpx2.Response:
    return await served.client.post(path, json=body, timeout=20)


def approving() -> tenuto.Workflow:
    flow = tenuto.Workflow("approving", version="1")
    flow.node("sign", approval="Sign it?")
    return flow


def formal() -> tenuto.Workflow:
    flow = tenuto.Workflow("formal", version="1")
    form = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    flow.node("ask", wait="go", form=form)
    return flow


def test_a_session_is_steered_from_either_server_and_both_tell_the_same_at_once(url: str) -> None:
    async def main() -> None:
        async with two_servers(url, waiting(), approving()) as (home, other):
            session = await started_at(home, "waiting")
            place = f"/sessions/{session}"
            for verb, body, status in (
                ("pause", {"reason": "lunch"}, "paused"),
                ("resume", {}, "waiting"),
                ("signal", {"name": "else", "data": 1}, "waiting"),
                ("signal", {"name": "go", "data": {"n": 1}}, "completed"),
            ):
                answer = await told(other, f"{place}/{verb}", **body)
                assert (answer.status_code, answer.json()["status"]) == (200, status), answer.text
                for served in (home, other):
                    assert (await served.client.get(place)).json() == answer.json()

            session = await started_at(home, "waiting")
            fork = await told(other, f"/sessions/{session}/fork", at=2)
            assert fork.status_code == 201, fork.text
            gone = await told(other, f"/sessions/{session}/cancel", reason="no need")
            assert gone.json()["status"] == "cancelled"
            for served in (home, other):
                found = (await served.client.get(f"/sessions/{fork.json()['id']}")).json()
                assert found["status"] == "waiting"

            for word in ("approve", "deny"):
                session = await started_at(home, "approving")
                items = (await other.client.get("/approvals")).json()["items"]
                (asked,) = [item for item in items if item["session"] == session]
                answer = await told(other, f"/approvals/{session}/{asked['task']}/{word}")
                assert answer.status_code == 200, answer.text
                for served in (home, other):
                    items = (await served.client.get("/approvals")).json()["items"]
                    assert session not in {item["session"] for item in items}
                    found = (await served.client.get(f"/sessions/{session}")).json()
                    assert found["status"] == "completed"

    run(main())


def test_what_a_session_refuses_both_servers_refuse_in_the_same_words(url: str) -> None:
    async def main() -> None:
        async with two_servers(url, waiting(), formal()) as (home, other):
            ended = await started_at(home, "waiting")
            await told(home, f"/sessions/{ended}/cancel")
            asking, open_ = await started_at(home, "formal"), await started_at(home, "waiting")
            for path, body in (
                (f"/sessions/{ended}/signal", {"name": "go"}),
                (f"/sessions/{ended}/pause", {}),
                (f"/sessions/{asking}/signal", {"name": "go", "data": {"n": "one"}}),
                (f"/approvals/{open_}/7/approve", {}),
                (f"/sessions/{open_}/fork", {"at": 99}),
                ("/sessions/nothing/signal", {"name": "go"}),
            ):
                answers = [await told(served, path, **body) for served in (home, other)]
                problems = [answer.json() for answer in answers]
                for problem in problems:
                    problem.pop("trace_id", None)
                assert answers[0].status_code >= 400
                assert answers[0].status_code == answers[1].status_code, (path, problems)
                assert problems[0] == problems[1]

    run(main())


def test_who_waits_at_one_server_hears_the_end_of_a_session_of_the_other(url: str) -> None:
    async def main() -> None:
        async with two_servers(url, waiting()) as (home, other):
            path = "/workflows/waiting/start?wait=20"
            waits = [asyncio.create_task(told(other, path, key=f"k{n}")) for n in range(6)]
            while True:
                items = (await home.client.get("/sessions?status=waiting")).json()["items"]
                if len(items) == len(waits):
                    break
            for n, item in enumerate(items):
                await told(home, f"/sessions/{item['id']}/signal", name="go", data=n)

            ends = [await one for one in waits]
            assert {end.json()["status"] for end in ends} == {"completed"}, ends[0].text
            engine = other.service.runtime._engine
            at_home = [one["id"] for one in items if not engine.owning.runs("waiting", one["id"])]
            assert at_home, "some of them were not the sessions of the server that was asked"

    run(main())


def test_one_key_at_both_servers_at_once_starts_one_session(url: str) -> None:
    async def main() -> None:
        async with two_servers(url, waiting()) as (home, other):
            for n in range(10):
                path, sent = "/workflows/waiting/start", {"Idempotency-Key": f"k{n}"}
                answers = await asyncio.gather(
                    *[s.client.post(path, json={}, headers=sent) for s in (home, other)]
                )
                ids = {answer.json()["id"] for answer in answers if answer.status_code < 300}
                assert len(ids) == 1, [answer.text for answer in answers]
                again = await other.client.post(path, json={}, headers=sent)
                assert again.json()["id"] in ids
            assert len((await home.client.get("/sessions")).json()["items"]) == 10

    run(main())


def test_one_key_at_both_servers_at_once_is_one_signal(url: str) -> None:
    async def main() -> None:
        async with two_servers(url, waiting()) as (home, other):
            session = await started_at(home, "waiting")
            path, body = f"/sessions/{session}/signal", {"name": "else", "data": 1}
            for n in range(10):
                sent = {"Idempotency-Key": f"k{n}"}
                answers = await asyncio.gather(
                    *[s.client.post(path, json=body, headers=sent) for s in (home, other)]
                )
                assert {answer.status_code for answer in answers} == {200}
            events = (await home.client.get(f"/sessions/{session}/events")).json()["items"]
            taken = [event for event in events if event["type"] == "SignalReceived"]
            assert len(taken) == 10

    run(main())
