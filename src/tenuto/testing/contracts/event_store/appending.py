"""Appends: order, atomicity, expected versions."""

import asyncio

from tenuto.core.errors import Stale, StoreUnavailable
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import EventStore
from tenuto.testing.contracts.event_store.case import (
    A,
    B,
    C,
    StoreCase,
    head_of,
    more,
    refusal,
    snapshot,
    spans,
    start,
    write,
    write_at_once,
)


class Appending(StoreCase):
    """What a commit does for a session that the store knows."""

    def test_an_append_returns_the_position_of_its_last_event(self) -> None:
        async def scenario(store: EventStore) -> None:
            commits = [start(A, count=2), start(B, count=3), more(A, 2, count=4), more(B, 3)]

            assert await write(store, *commits) == [2, 5, 9, 10]

        self.check(scenario)

    def test_positions_have_neither_gap_nor_repeat(self) -> None:
        async def scenario(store: EventStore) -> None:
            sessions = [SessionId(f"s{number}") for number in range(50)]

            async def write_one(session: SessionId, seed: int) -> None:
                await store.append(start(session, count=1 + seed % 3))
                version = 1 + seed % 3
                for step in range(10):
                    count = 1 + (seed + step) % 4
                    await store.append(more(session, version, count=count))
                    version += count

            await asyncio.gather(*[write_one(s, seed) for seed, s in enumerate(sessions)])

            reached = 0
            for commit in await store.read(limit=10_000):
                assert commit.position - commit.count == reached
                reached = commit.position
            assert reached == sum([(await store.load(session)).version for session in sessions])

        self.check(scenario)

    def test_the_order_of_calls_is_the_order_of_writes(self) -> None:
        async def scenario(store: EventStore) -> None:
            sessions = [SessionId(f"s{number}") for number in range(300)]
            commits = [start(session) for session in sessions]
            commits += [more(session, 1) for session in sessions]

            positions = await write_at_once(store, *commits)

            assert positions == list(range(1, 601))
            stored = await store.read()
            assert [commit.session for commit in stored] == sessions * 2

        self.check(scenario)

    def test_commits_of_one_session_may_be_queued_behind_one_another(self) -> None:
        async def scenario(store: EventStore) -> None:
            commits = [start(A), *[more(A, version) for version in range(1, 100)]]

            positions = await write_at_once(store, *commits)

            assert positions == list(range(1, 101))
            assert (await store.load(A)).version == 100

        self.check(scenario)

    def test_a_stale_writer_changes_nothing(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1, snapshot=snapshot(2)))
            before = (await store.load(A), await store.read())
            stale = more(A, 1, head=head_of(A, user="thief"), snapshot=snapshot(2, b"stolen"))

            error = await refusal(store.append(stale))

            assert isinstance(error, Stale)
            assert (error.session, error.expected, error.found) == (A, 1, 2)
            assert (await store.load(A), await store.read()) == before

        self.check(scenario)

    def test_an_append_from_the_future_is_stale(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))

            error = await refusal(store.append(more(A, 2)))

            assert isinstance(error, Stale)
            assert (error.expected, error.found) == (2, 1)

        self.check(scenario)

    def test_a_stale_commit_fails_alone(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), start(B), start(C))

            answers = await write_at_once(store, more(A, 1), more(B, 7), more(A, 1), more(C, 1))

            assert answers[0] == 4
            assert isinstance(answers[1], Stale)
            assert isinstance(answers[2], Stale)
            assert answers[3] == 5
            assert spans(await store.read(after=3)) == [(A, 2, 2), (C, 2, 2)]

        self.check(scenario)

    def test_of_many_writers_at_one_version_one_wins(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))

            answers = await write_at_once(store, *[more(A, 1) for _ in range(20)])

            assert answers[0] == 2
            assert all(isinstance(answer, Stale) for answer in answers[1:])

        self.check(scenario)

    def test_what_is_queued_behind_a_refused_commit_is_judged_by_what_was_written(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))

            answers = await write_at_once(store, more(A, 5), more(A, 6), more(A, 1))

            assert isinstance(answers[0], Stale)
            assert isinstance(answers[1], Stale)
            assert answers[2] == 2

        self.check(scenario)

    def test_a_commit_without_events_replaces_the_head_and_takes_no_position(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), start(B))
            waiting = head_of(A, status="waiting", waiting_for="a reply", active=False, wake_ms=77)

            position = await store.append(more(A, 1, count=0, payload=b"", head=waiting))

            assert position == 2
            assert (await store.load(A)).head == waiting
            assert (await store.load(A)).version == 1
            assert await store.append(more(B, 1)) == 3

        self.check(scenario)

    def test_a_commit_without_events_is_stale_like_any_other(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1))
            late = more(A, 1, count=0, payload=b"", head=head_of(A, user="late"))

            error = await refusal(store.append(late))

            assert isinstance(error, Stale)
            assert (await store.load(A)).head.user == ""

        self.check(scenario)

    def test_payloads_are_kept_byte_for_byte(self) -> None:
        async def scenario(store: EventStore) -> None:
            payloads = [
                b"",
                b"\x00",
                bytes(range(256)) * 3,
                b"\xff" * 100_000,
                "é".encode("latin1"),
            ]
            await store.append(start(A))

            for version, payload in enumerate(payloads, start=1):
                await store.append(more(A, version, payload=payload))

            assert [commit.payload for commit in await store.read(after=1)] == payloads

        self.check(scenario)

    def test_an_append_that_nobody_waits_for_any_more_is_written_all_the_same(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))

            given_up = asyncio.ensure_future(store.append(more(A, 1)))
            given_up.cancel()

            assert await store.append(more(A, 2)) == 3

        self.check(scenario)

    def test_closing_writes_what_is_queued(self) -> None:
        async def scenario(store: EventStore) -> None:
            queued = [
                asyncio.ensure_future(store.append(start(SessionId(str(number)))))
                for number in range(100)
            ]

            await store.close()

            assert [await future for future in queued] == list(range(1, 101))

        self.check(scenario)

    def test_a_closed_store_takes_nothing(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.close()

            assert isinstance(await refusal(store.append(start(A))), StoreUnavailable)

        self.check(scenario)
