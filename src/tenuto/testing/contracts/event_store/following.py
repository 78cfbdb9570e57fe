"""Followers: the past, then what comes, without gap or repeat."""

import asyncio

from tenuto.core.errors import Stale
from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import EventStore, StoredCommit
from tenuto.testing.contracts.event_store.case import (
    A,
    B,
    StoreCase,
    first,
    fork,
    more,
    refusal,
    spans,
    start,
    write,
    write_at_once,
)


class Following(StoreCase):
    """What `follow` yields."""

    def test_a_follower_has_the_past_and_then_what_comes(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), start(B))
            follower = store.follow()
            past = await first(follower, 2)

            coming = asyncio.ensure_future(first(follower, 2))
            await write(store, more(B, 1, payload=b"live"), more(A, 1))

            assert spans(past) == [(A, 1, 1), (B, 1, 1)]
            live = await coming
            assert spans(live) == [(B, 2, 2), (A, 2, 2)]
            assert live == list(await store.read(after=2))

        self.check(scenario)

    def test_a_follower_of_a_session_has_that_session_only(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), start(B))
            follower = store.follow(session=B)
            await first(follower, 1)

            await write(store, more(A, 1), more(B, 1), more(A, 2), more(B, 2, count=2))

            assert spans(await first(follower, 2)) == [(B, 2, 2), (B, 3, 4)]

        self.check(scenario)

    def test_a_follower_begins_anywhere(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A, count=2), start(B), more(A, 2, count=3))

            assert spans(await first(store.follow(after=2), 2)) == [(B, 1, 1), (A, 3, 5)]
            assert spans(await first(store.follow(session=A, after=3), 1)) == [(A, 3, 5)]
            late = store.follow(session=A, after=5)
            coming = asyncio.ensure_future(first(late, 1))
            await store.append(more(A, 5))
            assert spans(await coming) == [(A, 6, 6)]

        self.check(scenario)

    def test_followers_among_concurrent_appends_miss_and_repeat_nothing(self) -> None:
        async def scenario(store: EventStore) -> None:
            sessions = [SessionId(f"s{number}") for number in range(20)]
            await write_at_once(store, *[start(session) for session in sessions])
            last = 20 + 20 * 30

            async def go_on(session: SessionId) -> None:
                for version in range(1, 31):
                    await store.append(more(session, version))

            async def follow(after: int) -> list[StoredCommit]:
                # Each follower joins at another moment of the writing.
                for _ in range(after):
                    await asyncio.sleep(0)
                return await first(store.follow(after=after), last - after)

            async def follow_one(session: SessionId) -> list[StoredCommit]:
                return await first(store.follow(session=session), 31)

            followers = [asyncio.ensure_future(follow(after)) for after in range(0, 200, 8)]
            of_one = [asyncio.ensure_future(follow_one(session)) for session in sessions]
            await asyncio.gather(*[go_on(session) for session in sessions])

            for after, follower in zip(range(0, 200, 8), followers, strict=True):
                positions = [commit.position for commit in await follower]
                assert positions == list(range(after + 1, last + 1))
            for session, follower in zip(sessions, of_one, strict=True):
                assert spans(await follower) == [(session, v, v) for v in range(1, 32)]

        self.check(scenario)

    def test_a_slow_follower_misses_nothing_and_holds_up_nobody(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))
            slow = store.follow()
            await first(slow, 1)
            waits = asyncio.ensure_future(anext(slow))
            await asyncio.sleep(0)

            # Far more than any buffer holds, while the follower takes nothing.
            await write_at_once(store, *[more(A, version) for version in range(1, 3_001)])

            got = [await waits, *await first(slow, 2_999)]
            assert [commit.position for commit in got] == list(range(2, 3_002))

        self.check(scenario)

    def test_a_follower_of_a_fork_has_the_events_of_the_origin_first(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A), more(A, 1), fork(B, A, 1))
            follower = store.follow(session=B)

            past = await first(follower, 2)
            await write(store, more(A, 2), more(B, 2))

            assert spans(past) == [(A, 1, 1), (B, 2, 2)]
            assert spans(await first(follower, 1)) == [(B, 3, 3)]

        self.check(scenario)

    def test_a_follower_may_be_there_before_its_session(self) -> None:
        async def scenario(store: EventStore) -> None:
            follower = asyncio.ensure_future(first(store.follow(session=B), 2))
            await asyncio.sleep(0.02)

            await write(store, start(A, count=2), fork(B, A, 1))

            assert spans(await follower) == [(A, 1, 1), (B, 2, 2)]

        self.check(scenario)

    def test_followers_see_nothing_that_was_refused(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))
            follower = store.follow()
            await first(follower, 1)

            assert isinstance(await refusal(store.append(more(A, 9))), Stale)
            await store.append(more(A, 1, count=0, payload=b""))
            await store.append(more(A, 1, payload=b"real"))

            assert [commit.payload for commit in await first(follower, 1)] == [b"real"]

        self.check(scenario)

    def test_a_follower_that_went_away_disturbs_nobody(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))
            gone = asyncio.ensure_future(first(store.follow(), 5))
            stays = store.follow()
            await first(stays, 1)
            await asyncio.sleep(0.02)

            gone.cancel()
            await asyncio.gather(gone, return_exceptions=True)
            await write(store, more(A, 1), more(A, 2))

            assert spans(await first(stays, 2)) == [(A, 2, 2), (A, 3, 3)]

        self.check(scenario)

    def test_closing_the_store_ends_its_followers(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))
            caught_up = asyncio.Event()

            async def follow_to_the_end() -> list[StoredCommit]:
                seen: list[StoredCommit] = []
                async for commit in store.follow():
                    seen.append(commit)
                    if len(seen) == 2:
                        caught_up.set()
                return seen

            follower = asyncio.ensure_future(follow_to_the_end())
            await store.append(more(A, 1))
            await caught_up.wait()

            await store.close()

            assert spans(await follower) == [(A, 1, 1), (A, 2, 2)]

        self.check(scenario)
