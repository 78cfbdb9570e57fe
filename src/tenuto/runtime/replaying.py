"""Decides a recorded session anew from the inputs its log implies, and finds the first difference.

The log holds events, not inputs; but each batch of events begins with one that only one input can
have caused, and moves of the core itself need none. So the log is walked: find the input behind
the next event, decide it on the folded state, and hold what the rules say against what was
recorded.
"""

from collections.abc import Sequence

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.session import events as e
from tenuto.core.session.causes import cause_of
from tenuto.core.session.decide import decide
from tenuto.core.session.evolve import evolve
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Version
from tenuto.core.workflow.program import Program


class Divergence(msgspec.Struct, frozen=True, kw_only=True):
    """The first place where the rules and the log differ. None stands for the end of a side."""

    version: Version
    recorded: e.SessionEvent | None
    decided: e.SessionEvent | None
    reason: str = ""


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many events were decided anew, and the first divergence, if any."""

    events: int
    divergence: Divergence | None


def replay(log: Sequence[e.SessionEvent], program: Program) -> ReplayReport:
    """Return whether `program` decides the events of `log` again, from version 1 on.

    The part of a fork that belongs to its origin is decided as the origin's own."""
    state = SessionState()
    done = 0
    while done < len(log):
        cut = _cut_by_fork(log, done)
        if cut:
            for event in log[done : done + cut]:
                evolve(state, event)
            done += cut
        cause = cause_of(state, log, done)
        try:
            decided = decide(state, cause, program)
        except Rejected as error:
            return _report(done, log[done], None, str(error))
        for n, event in enumerate(decided):
            recorded = log[done + n] if done + n < len(log) else None
            if isinstance(recorded, e.SessionForked) and n:
                # The fork shares the first events of this move, and went its own way from there.
                decided = decided[:n]
                break
            if recorded != event:
                return _report(done + n, recorded, event, f"after {type(cause).__name__}")
        if not decided:
            return _report(done, log[done], None, f"{type(cause).__name__} adds nothing now")
        for event in decided:
            evolve(state, event)
        done += len(decided)
    return ReplayReport(events=done, divergence=None)


def _cut_by_fork(log: Sequence[e.SessionEvent], at: int) -> int:
    """Return how many notes stand at `at` whose outcome the fork does not share."""
    end = at
    while end < len(log) and isinstance(log[end], e.Noted):
        end += 1
    is_cut = end > at and end < len(log) and isinstance(log[end], e.SessionForked)
    return end - at if is_cut else 0


def _report(
    done: int, recorded: e.SessionEvent | None, decided: e.SessionEvent | None, reason: str
) -> ReplayReport:
    divergence = Divergence(
        version=Version(done + 1), recorded=recorded, decided=decided, reason=reason
    )
    return ReplayReport(events=done, divergence=divergence)
