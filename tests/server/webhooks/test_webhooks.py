"""What happens in sessions is told to a receiver on a real socket, signed, until it takes it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tenuto.ports.ledger import EntryQuery
from tenuto.server.fences import Fencing
from tests.server.api.served import Served, echoing, serving, waiting
from tests.server.webhooks.receiver import Receiver, receiving

PRIVATE = Fencing(private_webhooks=True)


@contextlib.asynccontextmanager
async def telling(
    db: str = "memory://", delays_s: tuple[float, ...] = (0.01, 0.01, 0.01)
) -> AsyncIterator[Served]:
    async with serving(echoing(), waiting(), db=db, fencing=PRIVATE) as served:
        served.service.webhooks.courier.delays_s = delays_s
        served.service.webhooks.courier.look_s = 0.01
        yield served


async def added(served: Served, receiver: Receiver, **given: Any) -> dict[str, Any]:
    answer = await served.client.post("/webhooks", json={"url": receiver.url, **given})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def run(served: Served, workflow: str = "echo") -> str:
    flow = served.service.offered[workflow].workflow
    session = await served.service.runtime.start(flow, {"text": "a"})
    await session.wait_until_idle(timeout=5)
    return session.id


async def deliveries(served: Served, webhook: str, query: str = "") -> list[dict[str, Any]]:
    found = await served.client.get(f"/webhooks/{webhook}/deliveries{query}")
    items: list[dict[str, Any]] = found.json()["items"]
    return items


async def until_state(served: Served, webhook: str, state: str) -> list[dict[str, Any]]:
    async with asyncio.timeout(20):
        while True:
            found = await deliveries(served, webhook)
            if found and all(one["state"] == state for one in found):
                return found
            await asyncio.sleep(0.01)


def test_events_of_sessions_are_told_signed() -> None:
    async def main() -> None:
        async with receiving() as receiver, telling() as served:
            await run(served)  # Before there was a webhook: nobody is told.
            made = await added(served, receiver)
            id = await run(served)

            came = await receiver.until(lambda came: len(came) == 2)

            assert {one.type for one in came} == {"session.started", "session.completed"}
            assert {one.told["data"]["session"] for one in came} == {id}
            assert all(one.is_signed(made["secret"]) for one in came)
            assert len({one.id for one in came}) == 2
            assert came[0].headers["host"] == f"127.0.0.1:{receiver.port}"
            found = await until_state(served, made["id"], "delivered")
            assert [one["attempts"] for one in found] == [1, 1]
            assert {one["id"] for one in found} == {one.id for one in came}

    asyncio.run(main())


def test_a_webhook_is_told_only_of_what_it_wants() -> None:
    async def main() -> None:
        async with receiving() as receiver, telling() as served:
            await added(served, receiver, events=["session.completed"], workflows=["e*"])
            await added(served, receiver, events=["signal.*"])
            await run(served, "waiting")
            session = await run(served, "waiting")
            await served.client.post(f"/sessions/{session}/signal", json={"name": "go"})
            await run(served)

            came = await receiver.until(lambda came: len(came) == 2)
            assert sorted(one.type for one in came) == ["session.completed", "signal.received"]

    asyncio.run(main())


def test_a_message_that_is_not_taken_comes_again_under_its_id() -> None:
    async def main() -> None:
        async with receiving() as receiver, telling() as served:
            receiver.statuses = [500, 302]
            made = await added(served, receiver, events=["session.completed"])
            await run(served)

            came = await receiver.until(lambda came: len(came) == 3)
            assert len({one.id for one in came}) == 1
            assert all(one.is_signed(made["secret"]) for one in came)
            (found,) = await until_state(served, made["id"], "delivered")
            assert found["attempts"] == 3

    asyncio.run(main())


def test_a_receiver_that_was_away_gets_all_once_it_is_back() -> None:
    async def main() -> None:
        async with receiving() as receiver, telling(delays_s=(0.05,) * 1000) as served:
            made = await added(served, receiver, events=["session.completed"])
            await receiver.stop()
            sessions = [await run(served) for _ in range(5)]
            await receiver.start()

            came = await receiver.until(lambda came: len({one.id for one in came}) == 5)
            assert {one.told["data"]["session"] for one in came} == set(sessions)
            await until_state(served, made["id"], "delivered")

    asyncio.run(main())


def test_what_is_never_taken_is_given_up_and_the_webhook_with_it_and_can_be_sent_again() -> None:
    async def main() -> None:
        async with receiving() as receiver, telling() as served:
            receiver.statuses = [503] * 4
            made = await added(served, receiver, events=["session.completed"])
            await run(served)
            (dead,) = await until_state(served, made["id"], "dead")
            assert (dead["attempts"], dead["status"], dead["answer"]) == (4, 503, "ok")

            path = f"/webhooks/{made['id']}"
            async with asyncio.timeout(5):
                while (shown := (await served.client.get(path)).json())["active"]:  # noqa: ASYNC110  (seen over HTTP only)
                    await asyncio.sleep(0.01)
            assert "Nothing was taken" in shown["disabled_because"]
            entries = await served.service.ledger.entries(EntryQuery(kind="webhook"))
            assert (entries[0].action, entries[0].actor) == ("webhook.disable", "system")
            await run(served)
            assert len(await deliveries(served, made["id"])) == 1

            again = await served.client.post(f"{path}/deliveries/{dead['id']}/resend")
            assert again.json()["state"] == "delivered"
            assert receiver.received[-1].id == dead["id"]
            changed = {"url": receiver.url, "events": ["session.completed"]}
            await served.client.put(path, json=changed)
            await run(served)
            await until_state(served, made["id"], "delivered")
            assert len(await deliveries(served, made["id"])) == 2

    asyncio.run(main())


def test_a_receiver_that_is_gone_for_good_is_not_asked_again() -> None:
    async def main() -> None:
        async with receiving() as receiver, telling() as served:
            receiver.statuses = [410]
            made = await added(served, receiver, events=["session.completed"])
            await run(served)
            await until_state(served, made["id"], "dead")
            async with asyncio.timeout(5):
                while (await served.client.get(f"/webhooks/{made['id']}")).json()["active"]:  # noqa: ASYNC110  (seen over HTTP only)
                    await asyncio.sleep(0.01)
            assert len(receiver.received) == 1

    asyncio.run(main())


def test_after_a_rotation_messages_are_signed_with_both_secrets() -> None:
    async def main() -> None:
        async with receiving() as receiver, telling() as served:
            made = await added(served, receiver)
            rotated = await served.client.post(f"/webhooks/{made['id']}/rotate")
            tested = await served.client.post(f"/webhooks/{made['id']}/test")

            assert tested.json()["state"] == "delivered"
            (came,) = receiver.received
            assert came.type == "webhook.test"
            assert came.is_signed(made["secret"]) and came.is_signed(rotated.json()["secret"])
            assert made["secret"] != rotated.json()["secret"]
            shown = await served.client.get(f"/webhooks/{made['id']}")
            assert "secret" not in shown.json()

    asyncio.run(main())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "https://127.0.0.1/",
        "https://10.0.0.1/",
        "https://[::1]/",
        "https://169.254.169.254/latest",
        "https://user:pw@example.org/",
        "ftp://example.org/",
        "https:///x",
        "x",
    ],
)
def test_addresses_inside_are_refused_where_they_are_not_allowed(url: str) -> None:
    async def main() -> None:
        async with serving() as served:
            answer = await served.client.post("/webhooks", json={"url": url})
            assert (answer.status_code, answer.json()["code"]) == (422, "rejected")

    asyncio.run(main())


def test_a_name_that_leads_inside_is_not_asked() -> None:
    async def main() -> None:
        async with receiving() as receiver, telling() as served:
            made = await added(served, receiver)
            served.service.webhooks.courier.sender.private = False
            url = f"https://localhost:{receiver.port}/"
            await served.client.put(f"/webhooks/{made['id']}", json={"url": url})
            tested = (await served.client.post(f"/webhooks/{made['id']}/test")).json()

            assert (tested["state"], tested["status"]) == ("dead", 0)
            assert "no address of the public internet" in tested["answer"]
            assert receiver.received == []

    asyncio.run(main())


def test_a_server_that_ended_tells_the_rest_when_it_is_back(tmp_path: Path) -> None:
    db = f"sqlite:///{tmp_path / 'test.db'}"

    async def main() -> None:
        async with receiving() as receiver:
            await_again = (3600.0,) * 3
            async with telling(db, await_again) as served:
                made = await added(served, receiver, events=["session.completed"])
                receiver.statuses = [0]
                await run(served)
                (first,) = await receiver.until(lambda came: len(came) == 1)
            async with telling(db) as served:
                _, second = await receiver.until(lambda came: len(came) == 2)
                assert second.id == first.id
                await until_state(served, made["id"], "delivered")

    asyncio.run(main())


def test_pages_of_deliveries_neither_repeat_nor_miss_one() -> None:
    async def main() -> None:
        async with receiving() as receiver, telling() as served:
            made = await added(served, receiver, events=["session.completed"])
            for _ in range(5):
                await run(served)
            await receiver.until(lambda came: len(came) == 5)
            path = f"/webhooks/{made['id']}/deliveries?limit=2"
            seen, cursor = list[str](), ""
            while True:
                page = (await served.client.get(path + cursor)).json()
                seen += [one["id"] for one in page["items"]]
                if page["next_cursor"] is None:
                    break
                cursor = f"&cursor={page['next_cursor']}"
            assert len(seen) == len(set(seen)) == 5

    asyncio.run(main())


UNREACHABLE = [
    "http://[",
    "http://[::1",
    "http://[words]/",
    f"http://{'a' * 64}.example/",
    "http://a..example/",
    "http://.example/",
    "http://\u0000/",
    "http://a:port/",
]


@pytest.mark.parametrize("url", UNREACHABLE)
def test_an_address_that_cannot_be_one_is_refused(url: str) -> None:
    async def main() -> None:
        async with telling() as served:
            answer = await served.client.post("/webhooks", json={"url": url})

            assert (answer.status_code, answer.json()["code"]) == (422, "rejected")
            assert await served.service.webhooks.all("local") == ()

    asyncio.run(main())


def test_a_message_that_cannot_be_sent_does_not_keep_others_from_being_told() -> None:
    """As one to an address that was kept before it was looked at so closely."""

    async def main() -> None:
        async with receiving() as receiver, telling() as served:
            webhooks = served.service.webhooks
            looked_at = webhooks.courier.sender.check
            webhooks.courier.sender.check = lambda url: None  # type: ignore[method-assign]
            for number, url in enumerate(UNREACHABLE):
                await added(served, receiver, description=str(number))
                bad = await served.client.post("/webhooks", json={"url": url})
                assert bad.status_code == 201
            webhooks.courier.sender.check = looked_at  # type: ignore[method-assign]
            good = await added(served, receiver)

            for _ in range(2):
                await run(served)

            found = await until_state(served, good["id"], "delivered")
            assert {one["type"] for one in found} <= {"session.started", "session.completed"}
            again = await served.client.post(f"/webhooks/{bad.json()['id']}/test")
            assert (again.status_code, again.json()["state"]) == (200, "dead")

    asyncio.run(main())


def test_webhooks_are_listed_by_state() -> None:
    async def main() -> None:
        async with receiving() as receiver, telling(delays_s=()) as served:
            turned_off = await added(served, receiver, active=False)
            works = await added(served, receiver)
            receiver.statuses = [410]
            gone = await added(served, receiver)
            await served.client.post(f"/webhooks/{gone['id']}/test")

            async def listed(query: str) -> dict[str, str]:
                found = (await served.client.get(f"/webhooks{query}")).json()
                return {one["id"]: one["state"] for one in found}

            assert await listed("?state=active") == {works["id"]: "active"}
            assert await listed("?state=inactive") == {turned_off["id"]: "inactive"}
            assert await listed("?state=disabled") == {gone["id"]: "disabled"}
            assert len(await listed("")) == 3
            strange = await served.client.get("/webhooks?state=broken")
            assert (strange.status_code, strange.json()["code"]) == (400, "bad_request")

    asyncio.run(main())
