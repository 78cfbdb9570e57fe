"""What a session may spend and has spent (P9), added up from the log alone.

A turn may take more than was set aside for it, as nobody knows before what it takes; so much more
than its budget a session may spend of tokens and money, and nothing more. Of turns and calls it
never spends more.
"""

import math
from functools import reduce
from typing import Final

from tenuto.core.budget import NOTHING, UNBOUNDED, Budget, Spending, set_aside, wider
from tenuto.core.session import events as e
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import TaskNo
from tenuto.testing.simulation.cast import CALLED, Cast

BOUNDS: Final = ("tokens", "usd", "turns", "tool_calls")


class Account:
    """The account of one session, and of all below it together."""

    def __init__(self) -> None:
        self.budget = UNBOUNDED
        self.share = UNBOUNDED
        """What it may spend without what people have granted it."""
        self.below: list[Account] = []
        """Those of its child sessions."""
        self.spent = NOTHING
        """By itself, without those below it."""
        self.has_children = False
        self.has_ended = False
        self.has_news = False
        """Something was spent that is not booked yet."""
        self._leeway = NOTHING
        self._booked = NOTHING, NOTHING
        self._all_spent, self._all_leeway = NOTHING, NOTHING
        """With those below: what was spent, and what turns took beyond what was set aside for them,
        with what people have granted below."""
        self._reported = NOTHING
        self._aside: dict[TaskNo, Spending] = {}
        self._last: dict[TaskNo, Spending] = {}

    def take(self, event: e.SessionEvent, cast: Cast) -> None:
        """Take in the next event of the log; the cast has taken it."""
        match event:
            case e.ChildrenStarted(kind="model"):
                self._aside[event.first] = self._last.get(event.parent, NOTHING)
                self._spend(Spending(turns=event.count))
            case e.ChildrenStarted() if event.kind in CALLED and event.parent in cast.agents:
                self._spend(Spending(tool_calls=event.count))
            case e.TaskStarted(kind="workflow") | e.ChildrenStarted(kind="workflow"):
                self.has_children = True
            case e.TaskCompleted() if cast.kinds.get(event.task) == "model":
                self._turn_ended(event.task, cast)
            case e.TaskCompleted() | e.TaskFailed() if event.spent is not None:
                self._reported = self._reported.plus(event.spent)
            case e.TaskFailed() | e.TaskCancelled():
                self._aside.pop(event.task, None)
            case e.SessionStarted():
                self.budget = self.share = event.budget
            case e.SessionCompleted() | e.SessionFailed() | e.SessionCancelled():
                self.has_ended = True
            case e.SessionForked():
                # What its origin's children have spent is spent here too; who knows of what.
                self.book(self._reported, self._reported)
            case e.SessionResumed():
                self.budget = wider(self.budget, event.budget)

    def _turn_ended(self, task: TaskNo, cast: Cast) -> None:
        agent = cast.parents[task]
        usage = cast.answers[agent].usage
        took = Spending(tokens=usage.input_tokens + usage.output_tokens, usd=usage.cost_usd)
        aside = self._aside.pop(task, NOTHING)
        self._last[agent] = took
        self._spend(took)
        self._leeway = self._leeway.plus(
            Spending(tokens=max(0, took.tokens - aside.tokens), usd=max(0.0, took.usd - aside.usd))
        )

    def _spend(self, amount: Spending) -> None:
        self.spent = self.spent.plus(amount)
        self.has_news = True

    def misstated(self, state: SessionState) -> str:
        """Return what the state tells otherwise than the log, in words, or nothing."""
        if self.has_children:
            return ""
        if not is_same_amount(state.spent, self.spent):
            return f"it has spent {self.spent}, and its state says {state.spent}"
        aside = reduce(Spending.plus, self._aside.values(), NOTHING)
        if self.budget != UNBOUNDED and not is_same_amount(state.reserved, aside):
            return f"its turns under way need {aside}, and its state says {state.reserved}"
        return ""

    def news(self) -> tuple[Spending, Spending]:
        """Return what was spent since the last call, and the leeway that came with it."""
        spent, leeway = self._booked
        self._booked = self.spent, self._leeway
        self.has_news = False
        return self.spent.plus(spent, times=-1), self._leeway.plus(leeway, times=-1)

    def book(self, spent: Spending, leeway: Spending) -> None:
        """Add what this session, or one below it, has spent."""
        self._all_spent = self._all_spent.plus(spent)
        self._all_leeway = self._all_leeway.plus(leeway)

    def allow(self, granted: Budget) -> None:
        """Take note that people have granted a session below more."""
        self._all_leeway = self._all_leeway.plus(set_aside(granted))

    def overspent(self) -> str:
        """Return which bound was overspent by more than the leeway, in words, or nothing."""
        found = self._beyond(self._all_spent)
        return f"has spent {found}" if found else ""

    def overpromised(self) -> str:
        """Return which bound those below may overspend together, in words, or nothing."""
        promised = self.spent
        for child in self.below:
            promised = promised.plus(
                child._all_spent if child.has_ended else set_aside(child.share)
            )
        found = self._beyond(promised)
        return f"has promised {found}" if found else ""

    def _beyond(self, amount: Spending) -> str:
        for name in BOUNDS:
            bound = getattr(self.budget, name)
            found, leeway = getattr(amount, name), getattr(self._all_leeway, name)
            if bound is None or found <= bound + leeway or math.isclose(found, bound + leeway):
                continue
            return f"{found:g} {name} of {bound:g}, where {leeway:g} beyond that are due"
        return ""


def is_same_amount(one: Spending, other: Spending) -> bool:
    """Return whether two sums of the same parts agree, whatever their order."""
    return (one.tokens, one.turns, one.tool_calls) == (
        other.tokens,
        other.turns,
        other.tool_calls,
    ) and math.isclose(one.usd, other.usd, abs_tol=1e-9)
