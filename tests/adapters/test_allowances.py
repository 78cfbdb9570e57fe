"""Several rules at once let a request through together or not at all."""

import asyncio

from tenuto.adapters.memory import MemoryAllowances
from tenuto.core.limiting.rules import Verdict, Window
from tenuto.ports.allowances import Allowance

WIDE = Allowance(key="user:ann", rule=Window(9, 60))
NARROW = Allowance(key="organisation:local", rule=Window(1, 60))
NOW_MS = 1_700_000_000_000


def took(allowances: MemoryAllowances, *wanted: Allowance) -> tuple[Verdict, ...]:
    return asyncio.run(allowances.take(wanted, NOW_MS))


def test_what_one_rule_refuses_is_counted_by_none() -> None:
    allowances = MemoryAllowances()

    first, refused, alone = (
        took(allowances, WIDE, NARROW),
        took(allowances, WIDE, NARROW),
        took(allowances, WIDE),
    )

    assert [one.allowed for one in (*first, *refused)] == [True, True, True, False]
    assert first[0].remaining == 8
    assert alone[0].remaining == 7, "the request that was refused took nothing"


def test_those_that_were_not_asked_for_longest_are_forgotten_first() -> None:
    allowances = MemoryAllowances(keys_max=2)
    other = Allowance(key="user:bob", rule=WIDE.rule)
    took(allowances, NARROW)
    took(allowances, WIDE)

    (refused,) = took(allowances, NARROW)  # Counts as asked for, though nothing was taken.
    took(allowances, other)

    assert not refused.allowed
    assert not took(allowances, NARROW)[0].allowed
    assert took(allowances, WIDE)[0].remaining == 8
