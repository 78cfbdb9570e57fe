"""Heads: lists of sessions without folding a log."""

import msgspec

from tenuto.core.vocabulary import SessionId
from tenuto.ports.event_store import EventStore, HeadQuery
from tenuto.testing.contracts.event_store.case import (
    A,
    B,
    C,
    StoreCase,
    head_of,
    more,
    start,
    write,
    write_at_once,
)


async def listed(store: EventStore, **query: object) -> list[str]:
    asked = msgspec.structs.replace(HeadQuery(), **query)
    return [head.session for head in await store.heads(asked)]


class Listing(StoreCase):
    """What `heads` returns."""

    def test_the_newest_start_comes_first(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(B), start(C), start(A), more(B, 1))

            assert await listed(store) == [A, C, B]

        self.check(scenario)

    def test_pages_hold_every_head_once(self) -> None:
        async def scenario(store: EventStore) -> None:
            sessions = [SessionId(f"s{number % 10}{number}") for number in range(25)]
            await write_at_once(store, *[start(session) for session in sessions])

            seen: list[str] = []
            while page := await listed(store, before=seen[-1] if seen else None, limit=7):
                assert len(page) <= 7
                seen += page
                await store.append(start(SessionId(f"later{len(seen)}")))

            assert seen == sessions[::-1]

        self.check(scenario)

    def test_a_head_is_the_one_written_last(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))
            for status, active, wake_ms in (
                ("waiting", False, 50),
                ("waiting", False, 60),
                ("running", True, None),
                ("completed", False, None),
            ):
                head = head_of(A, status=status, active=active, wake_ms=wake_ms, updated_ms=5)

                await store.append(more(A, 1, count=0, payload=b"", head=head))

                assert await store.heads(HeadQuery()) == (head,)
                assert await listed(store, statuses=(status,)) == [A]
                assert await listed(store, active=active) == [A]
                assert await listed(store, active=not active) == []

        self.check(scenario)

    def test_heads_are_found_by_words_of_what_they_wait_for(self) -> None:
        async def scenario(store: EventStore) -> None:
            said = {A: "a decision on 'x'", B: "a signal for 'a person'", C: "100% of _x"}
            commits = [start(session) for session in said]
            for session, text in said.items():
                head = head_of(session, status="waiting", waiting_for=text)
                commits.append(more(session, 1, count=0, payload=b"", head=head))
            await write_at_once(store, *commits)

            assert await listed(store, words=("a decision on ", "nothing")) == [A]
            assert await listed(store, words=("a decision", "a person"), limit=5) == [B, A]
            assert await listed(store, words=("a Decision",)) == []
            assert await listed(store, words=("100% of _",)) == [C]
            assert await listed(store, words=("1%",)) == []

        self.check(scenario)

    def test_heads_are_found_by_what_some_work_waits_for_whatever_their_status(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(
                store,
                start(A, waits_for=("approval",), tenant="x"),
                start(B, waits_for=("approval", "timer"), status="waiting", tenant="x"),
                start(C, waits_for=("signal",), tenant="x"),
            )

            assert await listed(store, waits_for=("approval",)) == [B, A]
            assert await listed(store, waits_for=("signal", "timer"), tenant="x") == [C, B]
            assert await listed(store, waits_for=("approval",), statuses=("running",)) == [A]
            assert await listed(store, waits_for=("approval",), before=B, tenant="x") == [A]
            assert await listed(store, waits_for=("approval",), tenant="y") == []

            head = head_of(A, status="running", tenant="x", waits_for=("timer",))
            await store.append(more(A, 1, head=head))

            assert await listed(store, waits_for=("approval",)) == [B]
            assert (await store.load(A)).head.waits_for == ("timer",)

        self.check(scenario)

    def test_heads_queued_behind_one_another_end_with_the_last(self) -> None:
        async def scenario(store: EventStore) -> None:
            last = head_of(A, waiting_for="last", updated_ms=9)
            commits = [
                start(A),
                more(A, 1, head=head_of(A, status="waiting", wake_ms=3)),
                more(A, 2, head=head_of(A, status="running")),
                more(A, 3, head=last),
            ]

            await write_at_once(store, *commits)

            assert await store.heads(HeadQuery()) == (last,)
            assert await listed(store, wake_before_ms=100) == []

        self.check(scenario)

    def test_each_field_of_a_query_picks_those_that_match(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(
                store,
                start(A, tenant="x", workflow="w1", key="k", status="waiting", wake_ms=100),
                start(B, tenant="y", workflow="w1", key="k", parent=A, active=False),
                start(C, tenant="y", workflow="w2", status="failed", wake_ms=200, active=False),
            )

            assert await listed(store, tenant="y") == [C, B]
            assert await listed(store, workflow="w1") == [B, A]
            assert await listed(store, parent=A) == [B]
            assert await listed(store, key="k") == [B, A]
            assert await listed(store, tenant="x", key="k") == [A]
            assert await listed(store, active=True) == [A]
            assert await listed(store, active=False) == [C, B]
            assert await listed(store, statuses=("failed", "waiting")) == [C, A]
            assert await listed(store, statuses=("completed",)) == []
            assert await listed(store, tenant="y", statuses=("running",), workflow="w1") == [B]

        self.check(scenario)

    def test_lists_are_of_a_user_of_roots_of_a_time_and_by_what_people_type(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(
                store,
                start(A, tenant="x", user="ada", workflow="report", started_ms=10),
                start(B, tenant="x", user="ada", workflow="poem", started_ms=20, parent=A),
                start(C, tenant="x", user="bob", workflow="report", started_ms=30, key="k-7"),
            )

            assert await listed(store, tenant="x", user="ada") == [B, A]
            assert await listed(store, tenant="x", user="") == []
            assert await listed(store, tenant="x", roots=True) == [C, A]
            assert await listed(store, tenant="x", roots=True, user="ada") == [A]
            assert await listed(store, tenant="x", since_ms=20) == [C, B]
            assert await listed(store, tenant="x", until_ms=20) == [A]
            assert await listed(store, tenant="x", since_ms=11, until_ms=30) == [B]
            assert await listed(store, tenant="x", text="epo") == [C, A]
            assert await listed(store, tenant="x", text="k-") == [C]
            assert await listed(store, tenant="x", text="b") == [B], "not the user's name"
            assert await listed(store, tenant="x", text="k-", workflow="poem") == []
            assert await listed(store, tenant="y", text="k-") == []
            assert await listed(store, text="epo", user="bob") == [C]

        self.check(scenario)

    def test_deadlines_are_found_before_a_moment(self) -> None:
        async def scenario(store: EventStore) -> None:
            await write(store, start(A, wake_ms=100), start(B, wake_ms=200), start(C))

            assert await listed(store, wake_before_ms=100) == []
            assert await listed(store, wake_before_ms=101) == [A]
            assert await listed(store, wake_before_ms=10_000) == [B, A]

        self.check(scenario)

    def test_a_prefix_is_taken_literally(self) -> None:
        async def scenario(store: EventStore) -> None:
            names = ["ab", "abc", "aB", "a%", "a_c", "b", "a\U0010ffff!"]
            await write(store, *[start(SessionId(name)) for name in names])

            assert await listed(store, prefix="ab") == ["abc", "ab"]
            assert await listed(store, prefix="a%") == ["a%"]
            assert await listed(store, prefix="a_") == ["a_c"]
            assert await listed(store, prefix="a") == [n for n in names[::-1] if n != "b"]
            assert await listed(store, prefix="a\U0010ffff") == ["a\U0010ffff!"]
            assert await listed(store, prefix="'; DROP TABLE sessions; --") == []

        self.check(scenario)

    def test_a_page_after_an_unknown_session_is_empty(self) -> None:
        async def scenario(store: EventStore) -> None:
            await store.append(start(A))

            assert await listed(store, before="nobody") == []

        self.check(scenario)
