"""Forks: another session's past, a future of their own."""

from tenuto.core.errors import NotFound, Stale
from tenuto.core.vocabulary import Version
from tenuto.ports.event_store import EventStore
from tenuto.testing.contracts.event_store.case import (
    A,
    B,
    C,
    StoreCase,
    fork,
    more,
    refusal,
    snapshot,
    spans,
    start,
    write,
)
from tenuto.testing.contracts.event_store.reading import folded


class Forking(StoreCase):
    """What a session with an origin begins with."""

    def test_a_fork_begins_with_the_events_of_its_origin(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1), more(A, 2))

            position = await store.append(fork(B, A, 2))
            await store.append(more(B, 3))

            assert position == 4
            stored = await store.load(B)
            assert stored.version == 4
            assert stored.head.origin == A
            assert folded(stored) == (0, [(A, 1, 1), (A, 2, 2), (B, 3, 3), (B, 4, 4)])
            assert await store.read(session=B) == stored.commits

        self.check(scenario)

    def test_a_fork_and_its_origin_go_separate_ways(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), fork(B, A, 1), more(A, 1), more(B, 2), more(A, 2))

            assert spans((await store.load(A)).commits) == [(A, 1, 1), (A, 2, 2), (A, 3, 3)]
            assert spans((await store.load(B)).commits) == [(A, 1, 1), (B, 2, 2), (B, 3, 3)]

        self.check(scenario)

    def test_a_fork_within_a_commit_has_its_first_events_only(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1, count=4, payload=b"four"), fork(B, A, 3))

            stored = await store.load(B)

            # The payload is whole; `count` says how many of its events the fork has.
            assert spans(stored.commits) == [(A, 1, 1), (A, 2, 3), (B, 4, 4)]
            assert stored.commits[1].payload == b"four"
            assert [commit.position for commit in stored.commits] == [1, 3, 6]
            assert spans(await store.read(session=B, after=2)) == [(A, 2, 3), (B, 4, 4)]
            assert spans(await store.read(session=B, after=3)) == [(B, 4, 4)]

        self.check(scenario)

    def test_a_fork_of_a_fork_begins_with_the_events_of_both(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A, count=4), fork(B, A, 2, count=3), fork(C, B, 4))

            whole = [(A, 1, 2), (B, 3, 4), (C, 5, 5)]
            assert spans((await store.load(C)).commits) == whole
            assert spans(await store.read(session=C)) == whole
            assert spans(await store.read(session=C, limit=2)) == whole[:2]
            assert spans(await store.read(session=C, after=2, limit=1)) == whole[1:2]

        self.check(scenario)

    def test_a_fork_may_lie_within_what_its_origin_took_from_its_own(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A, count=3), fork(B, A, 3), fork(C, B, 1))

            assert spans((await store.load(C)).commits) == [(A, 1, 1), (C, 2, 2)]

        self.check(scenario)

    def test_a_fork_is_loaded_at_versions_on_both_sides_of_its_start(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1), fork(B, A, 2), more(B, 3))

            assert spans((await store.load(B, at=Version(1))).commits) == [(A, 1, 1)]
            assert spans((await store.load(B, at=Version(2))).commits) == [(A, 1, 1), (A, 2, 2)]
            at_3 = (await store.load(B, at=Version(3))).commits
            assert spans(at_3) == [(A, 1, 1), (A, 2, 2), (B, 3, 3)]

        self.check(scenario)

    def test_the_snapshot_of_the_origin_serves_if_the_fork_has_its_events(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A, count=2), more(A, 2, snapshot=snapshot(3)), more(A, 3))
            await write(store, fork(B, A, 4), fork(C, A, 2))

            assert folded(await store.load(B)) == (3, [(A, 4, 4), (B, 5, 5)])
            assert folded(await store.load(C)) == (0, [(A, 1, 2), (C, 3, 3)])

        self.check(scenario)

    def test_the_own_snapshot_of_a_fork_comes_first(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1, snapshot=snapshot(2)), fork(B, A, 2))
            await write(store, more(B, 3, snapshot=snapshot(4, b"own")), more(B, 4))

            stored = await store.load(B)
            assert stored.snapshot == snapshot(4, b"own")
            assert folded(stored) == (4, [(B, 5, 5)])
            assert folded(await store.load(B, at=Version(3))) == (2, [(B, 3, 3)])

        self.check(scenario)

    def test_a_fork_without_events_of_its_own_is_at_the_version_of_its_origin(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A, count=3), fork(B, A, 2, count=0))

            assert (await store.load(B)).version == 2
            assert spans((await store.load(B)).commits) == [(A, 1, 2)]
            assert spans(await store.read(session=B)) == [(A, 1, 2)]
            assert await store.append(more(B, 2)) == 4

        self.check(scenario)

    def test_a_read_of_all_has_each_event_once(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A, count=2), fork(B, A, 2), more(A, 2))

            assert spans(await store.read()) == [(A, 1, 2), (B, 3, 3), (A, 3, 3)]

        self.check(scenario)

    def test_a_fork_must_begin_where_its_head_says(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A, count=3))
            wrong = more(B, 1, head=fork(B, A, 2).head)

            error = await refusal(store.append(wrong))

            assert isinstance(error, Stale)
            assert (error.session, error.expected, error.found) == (B, 1, 2)

        self.check(scenario)

    def test_a_fork_of_what_does_not_exist_is_refused(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A, count=3))

            assert isinstance(await refusal(store.append(fork(B, A, 4))), NotFound)
            assert isinstance(await refusal(store.append(fork(B, C, 1))), NotFound)
            assert await store.append(fork(B, A, 3)) == 4

        self.check(scenario)
