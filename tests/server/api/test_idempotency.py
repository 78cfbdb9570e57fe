"""A request sent again under its idempotency key is answered again, and carried out once."""

import asyncio
from pathlib import Path

import httpx2
import psycopg
import pytest

import tenuto
from tenuto.adapters.memory import MemoryAnswers
from tenuto.core.errors import StoreUnavailable
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import HeadQuery
from tests.postgres import fresh_database, needs_postgres
from tests.server.api.served import Served, echoing, serving, waiting

KEY = {"Idempotency-Key": "order-17"}


async def started(served: Served, name: str) -> tenuto.Session:
    session = await served.service.runtime.start(served.service.offered[name].workflow)
    await session.wait_until_idle(timeout=5)
    return session


async def fork_count(served: Served) -> int:
    heads = await served.service.runtime.sessions(HeadQuery())
    return sum(1 for head in heads if head.origin is not None)


def test_the_same_request_again_gets_the_same_answer_and_is_not_carried_out_again() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            path = f"/sessions/{session.id}/fork"

            first = await served.client.post(path, json={"at": 1}, headers=KEY)
            again = await served.client.post(path, json={"at": 1}, headers=KEY)

            assert (first.status_code, again.status_code) == (201, 201)
            assert again.content == first.content
            assert "idempotent-replayed" not in first.headers
            assert again.headers["idempotent-replayed"] == "true"
            assert again.headers["x-request-id"] != first.headers["x-request-id"]
            assert await fork_count(served) == 1

    asyncio.run(main())


def test_without_a_key_or_with_another_one_it_is_carried_out_again() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            path = f"/sessions/{(await started(served, 'waiting')).id}/fork"
            for headers in ({}, {}, {"Idempotency-Key": "a"}, {"Idempotency-Key": '"b"'}):
                await served.client.post(path, json={"at": 1}, headers=headers)

            assert await fork_count(served) == 4

    asyncio.run(main())


def test_a_key_of_another_request_is_refused() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            path = f"/sessions/{(await started(served, 'waiting')).id}/fork"
            await served.client.post(path, json={"at": 1}, headers=KEY)

            for other, body in [(path, {"at": 2}), (f"{path}?x=1", {"at": 1})]:
                answer = await served.client.post(other, json=body, headers=KEY)
                assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
            assert await fork_count(served) == 1

    asyncio.run(main())


def test_while_a_request_is_in_flight_its_key_is_taken() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            path = f"/sessions/{(await started(served, 'waiting')).id}/fork"
            reached, go_on = asyncio.Event(), asyncio.Event()
            service = served.service
            enter = service.ledger.append

            async def slowly(changes):  # type: ignore[no-untyped-def]
                reached.set()
                await go_on.wait()
                return await enter(changes)

            service.ledger.append = slowly  # type: ignore[method-assign]
            first = asyncio.create_task(served.client.post(path, json={"at": 1}, headers=KEY))
            await reached.wait()

            second = await served.client.post(path, json={"at": 1}, headers=KEY)
            assert (second.status_code, second.json()["code"]) == (409, "key_in_flight")
            assert second.headers["retry-after"] == "1"

            go_on.set()
            assert (await first).status_code == 201
            third = await served.client.post(path, json={"at": 1}, headers=KEY)
            assert third.content == (await first).content

    asyncio.run(main())


def test_what_was_refused_may_be_tried_again_under_its_key() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            path = f"/sessions/{session.id}/fork"
            refused = await served.client.post(path, json={"at": 999}, headers=KEY)
            assert refused.status_code >= 400

            answer = await served.client.post(path, json={"at": 1}, headers=KEY)
            assert answer.status_code == 201

    asyncio.run(main())


def test_a_request_without_a_body_is_answered_again_too() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            session = await started(served, "waiting")
            await session.pause()
            path = f"/sessions/{session.id}/resume"
            first = await served.client.post(path, headers=KEY)
            await session.pause()
            again = await served.client.post(path, headers=KEY)
            other = await served.client.post(path, json={"unread": 1}, headers=KEY)

            assert again.content == first.content
            assert (await session.state()).phase != "running"
            assert other.json()["code"] == "key_reused"

    asyncio.run(main())


def test_answers_outlive_the_server_that_gave_them_and_no_text_of_them_is_in_the_file(
    tmp_path: Path,
) -> None:
    file = tmp_path / "test.db"

    first = answered_twice(f"sqlite:///{file}")

    assert (file.with_name("test.db.key").stat().st_mode & 0o777) == 0o600
    kept = _content_of_answers(file)
    assert SessionId(first.json()["id"]).encode() not in kept


@needs_postgres
def test_answers_outlive_the_server_that_gave_them_and_no_text_of_them_is_in_the_schema(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TENUTO_SECRET_KEY", "only-for-this-test-of-answers-0123456789-abcdef")
    with fresh_database() as url:
        first = answered_twice(url)

        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT content FROM tenuto.answers_1").fetchall()
    assert len(rows) == 1
    assert SessionId(first.json()["id"]).encode() not in rows[0][0]


def answered_twice(db: str) -> httpx2.Response:
    """Return the answer to a request that two servers got, one after the other."""

    async def once() -> httpx2.Response:
        async with serving(echoing(), db=db) as served:
            runtime = served.service.runtime
            flow = served.service.offered["echo"].workflow
            session = await runtime.start(flow, {"text": "marker-of-this-test"}, key="one")
            await session.result(timeout=5)
            path = f"/sessions/{session.id}/fork"
            return await served.client.post(path, json={"at": 1}, headers=KEY)

    first, again = asyncio.run(once()), asyncio.run(once())
    assert first.status_code == 201
    assert again.content == first.content
    assert again.headers["idempotent-replayed"] == "true"
    return first


def _content_of_answers(file: Path) -> bytes:
    import sqlite3

    connection = sqlite3.connect(file)
    try:
        rows = connection.execute("SELECT content FROM answers_1").fetchall()
    finally:
        connection.close()
    assert len(rows) == 1
    content: bytes = rows[0][0]
    return content


@pytest.mark.parametrize("key", ["", "x" * 256, "zwölf"])
def test_what_is_no_key_is_refused_with_what_was_found(key: str) -> None:
    async def main() -> None:
        async with serving() as served:
            answer = await served.client.post(
                "/sessions/none/resume", headers={"Idempotency-Key": key.encode()}
            )
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")

    asyncio.run(main())


def test_a_session_is_started_once_even_if_the_server_ends_before_it_keeps_its_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def lost(self: object, answer: object) -> None:
        raise StoreUnavailable("The power went out.")

    monkeypatch.setattr(MemoryAnswers, "keep", lost)

    async def main() -> None:
        async with serving(echoing()) as served:
            asked = {"inputs": {"text": "a"}}
            first, again = [
                await served.client.post("/workflows/echo/start", json=asked, headers=KEY)
                for _ in range(2)
            ]

            assert (first.status_code, again.status_code) == (202, 202)
            assert again.json()["id"] == first.json()["id"]
            assert len(await served.service.runtime.sessions(HeadQuery())) == 1

    asyncio.run(main())
