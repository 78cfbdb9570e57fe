"""Allowances in memory."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from tenuto.core.limiting.rules import State, Verdict, asked
from tenuto.ports.allowances import Allowance

KEYS_MAX: Final = 50_000
"""Some 15 MB where all are in use."""


class MemoryAllowances:
    """`Allowances` of one process; those that were not asked for longest are forgotten first."""

    def __init__(self, *, keys_max: int = KEYS_MAX) -> None:
        assert keys_max >= 1, "at least one is kept"
        self._keys_max = keys_max
        self._states: OrderedDict[str, State] = OrderedDict()

    async def take(self, wanted: Sequence[Allowance], now_ms: int) -> tuple[Verdict, ...]:
        """See `Allowances.take`."""
        states, allowed = self._states, True
        verdicts: list[Verdict] = []
        after: list[State] = []
        for one in wanted:
            verdict, state = asked(one.rule, states.get(one.key), now_ms)
            allowed = allowed and verdict.allowed
            verdicts.append(verdict)
            after.append(state)
        for one, state in zip(wanted, after, strict=True):
            if allowed:
                states[one.key] = state
            elif one.key not in states:
                continue
            states.move_to_end(one.key)
        while len(states) > self._keys_max:
            states.popitem(last=False)
        return tuple(verdicts)
