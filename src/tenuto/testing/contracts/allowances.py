"""What everything that counts requests must do. Subclass it and build one."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

from tenuto.core.limiting.rules import Bucket, Rule, State, Verdict, Window, asked
from tenuto.ports.allowances import Allowance, Allowances

_Check: TypeAlias = Callable[[Allowances], Awaitable[None]]

BEGIN_MS = 1_700_000_000_123
WIDE = Allowance(key="user:ann", rule=Window(9, 60))
NARROW = Allowance(key="organisation:local", rule=Window(1, 60))
RULES: tuple[Rule, ...] = (
    Bucket(0.2, 3),
    Bucket(3.0, 1),
    Bucket(1 / 3, 20),
    Window(1, 1),
    Window(7, 3),
    Window(20, 60),
)
STEPS_MS = (0, 0, 1, 40, -30, 99, 100, 101, 3, 900, 0, 0, 0, 1_100, 2_500, 7, 5_000, 61_000, 0, 330)


class AllowancesContract(ABC):
    """Several rules let a request through together or not at all, and each says what
    `core.limiting.rules` says."""

    @abstractmethod
    def opened(self) -> AbstractAsyncContextManager[Allowances]:
        """Return a context that gives one without counts, which goes by the moments it is given."""
        ...

    def test_what_one_rule_refuses_is_counted_by_none(self) -> None:
        async def check(allowances: Allowances) -> None:
            first = await allowances.take([WIDE, NARROW], BEGIN_MS)
            refused = await allowances.take([WIDE, NARROW], BEGIN_MS)
            alone = await allowances.take([WIDE], BEGIN_MS)

            assert [one.allowed for one in (*first, *refused)] == [True, True, True, False]
            assert first[0].remaining == 8
            assert alone[0].remaining == 7, "the request that was refused took nothing"

        self._run(check)

    def test_each_rule_says_exactly_what_it_says_elsewhere(self) -> None:
        async def check(allowances: Allowances) -> None:
            for place, rule in enumerate(RULES):
                state: State | None = None
                now_ms = BEGIN_MS
                for step in STEPS_MS * 3:
                    now_ms += step
                    wanted, after = asked(rule, state, now_ms)
                    if wanted.allowed:
                        state = after
                    one = Allowance(key=f"it:{place}", rule=rule)

                    (found,) = await allowances.take([one], now_ms)

                    assert found == wanted, (rule, now_ms - BEGIN_MS)

        self._run(check)

    def test_requests_at_once_take_no_more_than_there_is(self) -> None:
        async def check(allowances: Allowances) -> None:
            answers = await asyncio.gather(*(allowances.take([WIDE], BEGIN_MS) for _ in range(30)))

            assert sum(verdict.allowed for (verdict,) in answers) == 9
            assert sorted(v.remaining for (v,) in answers if v.allowed) == list(range(9))

        self._run(check)

    def test_nothing_wanted_is_answered_with_nothing(self) -> None:
        async def check(allowances: Allowances) -> None:
            found: tuple[Verdict, ...] = await allowances.take([], BEGIN_MS)
            assert found == ()

        self._run(check)

    def _run(self, check: _Check) -> None:
        async def main() -> None:
            async with self.opened() as allowances:
                await check(allowances)

        asyncio.run(main())
