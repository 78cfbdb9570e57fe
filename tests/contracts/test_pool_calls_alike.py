"""PostgreSQL takes the same calls in the same order as the plain rules do, whatever is done."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from contextlib import AsyncExitStack
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from tenuto.adapters.memory import MemoryCalls
from tenuto.core.pools import Pool
from tenuto.ports.membership import Together
from tenuto.ports.pools import Claim
from tenuto.testing.clock import FakeClock
from tenuto.testing.contracts.pool_calls import GPU, YEAR_S, pool_call
from tests.contracts.pool_members import members
from tests.postgres import Schemas, needs_postgres

pytestmark = needs_postgres

T = TypeVar("T")

small = st.integers(0, 3)
pools = st.builds(
    Pool,
    st.just(GPU),
    concurrency=small,
    rate=st.sampled_from([0, 0, 0, 5, 12]),
    per=st.just(YEAR_S),
    key=st.just("tenant"),
    key_concurrency=st.integers(1, 3),
    key_rate=st.sampled_from([0, 0, 0, 4]),
)
some_calls = st.lists(
    st.tuples(st.integers(0, 25), st.sampled_from("abc"), st.sampled_from("xyz"), small),
    max_size=6,
)


class Alike(RuleBasedStateMachine):
    """Two members of one schema, and one process with the rules."""

    fresh_schema: staticmethod[[], str]

    @initialize(pool=pools)
    def begin(self, pool: Pool) -> None:
        self.runner = asyncio.Runner()
        self.stack = AsyncExitStack()
        self.plain = MemoryCalls(FakeClock())
        self.claims: list[tuple[Together, Claim]] = []
        self.gone: set[str] = set()
        url = type(self).fresh_schema()
        self.members = self.run(self.stack.enter_async_context(members(url, 2)))
        self.declare(pool)

    def run(self, work: Awaitable[T]) -> T:
        async def main() -> T:
            return await work

        return self.runner.run(main())

    @rule(pool=pools)
    def declare(self, pool: Pool) -> None:
        self.run(self.members[0].calls.declare([pool]))
        self.run(self.plain.declare([pool]))

    @rule(one=st.integers(0, 1), facts=some_calls)
    def put(self, one: int, facts: list[tuple[int, str, str, int]]) -> None:
        calls = [
            pool_call(str(n), tenant=tenant, key=key, priority=priority)
            for n, tenant, key, priority in facts
        ]
        # Of one transaction the calls come in the order of their tenants.
        for call in calls:
            self.run(self.members[one].calls.put([call]))
            self.run(self.plain.put([call]))

    @rule(one=st.integers(0, 1), room=st.integers(0, 4), knows=st.none() | st.booleans())
    def claim(self, one: int, room: int, knows: bool | None) -> None:
        member = self.members[one]
        # The plain ones are one process's: they take what is another's for held.
        holders = {claim.id: at for at, claim in self.claims}
        others = [id for id, at in holders.items() if at is not member]
        mine = [id for id, at in holders.items() if at is member]
        held = None if knows is None else (mine if knows else mine[::2])
        found = self.run(member.calls.claim(GPU, room, held=held))
        kept = None if held is None else [*held, *others]
        expected = self.run(self.plain.claim(GPU, room, held=kept))
        assert found.claims == expected.claims
        assert found.are_more == expected.are_more
        assert (found.again_ms is None) == (expected.again_ms is None)
        self.claims += [(self.members[one], claim) for claim in found.claims]

    @rule(which=st.integers(0, 20), outcome=st.binary(max_size=3))
    def settle(self, which: int, outcome: bytes) -> None:
        if self.claims:
            member, claim = self.claims[which % len(self.claims)]
            taken = self.run(member.calls.settle([(claim, outcome)]))
            assert taken == self.run(self.plain.settle([(claim, outcome)]))

    @rule(ids=st.lists(st.integers(0, 25).map(str), max_size=4))
    def drop(self, ids: list[str]) -> None:
        self.run(self.members[0].calls.drop(ids))
        self.run(self.plain.drop(ids))

    @invariant()
    def what_is_found_is_the_same(self) -> None:
        if hasattr(self, "members"):
            ids = [str(n) for n in range(26)]
            found = self.run(self.members[1].calls.find(ids))
            assert found == self.run(self.plain.find(ids))

    def teardown(self) -> None:
        if hasattr(self, "runner"):
            self.run(self.stack.aclose())
            self.runner.close()


class TestAlike(Schemas):
    def test_both_give_the_same(self) -> None:
        made = type("Made", (Alike,), {"fresh_schema": staticmethod(self.fresh_schema)})
        run_state_machine_as_test(
            made, settings=settings(max_examples=12, stateful_step_count=40, deadline=None)
        )
