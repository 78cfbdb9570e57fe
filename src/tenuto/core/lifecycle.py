"""The states of a session and the only ways between them, as one table.

The table is drawn in `docs/lifecycle.md` by `scripts/draw_lifecycle.py` and walked by a test.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from tenuto.core.errors import CorruptLog

Phase: TypeAlias = Literal[
    "initializing",
    "ready",
    "running",
    "pausing",
    "paused",
    "completing",
    "completed",
    "failing",
    "failed",
    "cancelled",
]

Status: TypeAlias = Literal[
    "pending", "running", "waiting", "paused", "completed", "failed", "cancelled"
]
"""The coarse state that users see."""

WaitsFor: TypeAlias = Literal["approval", "signal", "timer"]
"""What outside of it a session may wait for, with all of its work or with some while other goes on.
approval: whatever a person has to decide."""

LEGAL: Final[Mapping[tuple[Phase, str], Phase]] = {
    ("initializing", "SessionStarted"): "ready",
    ("ready", "TaskStarted"): "running",
    ("ready", "SessionFailing"): "failing",
    ("ready", "SessionForked"): "ready",
    ("running", "SessionForked"): "running",
    ("pausing", "SessionForked"): "running",
    ("paused", "SessionForked"): "running",
    ("running", "SessionCompleting"): "completing",
    ("completing", "SessionCompleted"): "completed",
    ("completing", "SessionFailing"): "failing",
    ("running", "SessionFailing"): "failing",
    ("failing", "SessionFailed"): "failed",
    ("running", "SessionPausing"): "pausing",
    ("pausing", "SessionPaused"): "paused",
    ("pausing", "SessionResumed"): "running",
    ("pausing", "SessionFailing"): "failing",
    ("paused", "SessionResumed"): "running",
    ("paused", "SessionFailing"): "failing",
    ("ready", "SessionCancelled"): "cancelled",
    ("running", "SessionCancelled"): "cancelled",
    ("pausing", "SessionCancelled"): "cancelled",
    ("paused", "SessionCancelled"): "cancelled",
    ("completing", "SessionCancelled"): "cancelled",
    ("failing", "SessionCancelled"): "cancelled",
}
"""(phase, event) -> next phase; an absent pair is illegal. Source: DESIGN 3.3."""

TERMINAL: Final[frozenset[Phase]] = frozenset({"completed", "failed", "cancelled"})

STATUS: Final[Mapping[Phase, Status]] = {
    "initializing": "pending",
    "ready": "pending",
    "running": "running",
    "pausing": "running",
    "paused": "paused",
    "completing": "running",
    "completed": "completed",
    "failing": "running",
    "failed": "failed",
    "cancelled": "cancelled",
}


def next_phase(phase: Phase, event: str) -> Phase:
    """Return the phase that `event` leads to.

    Raises:
        CorruptLog: the table has no such way.
    """
    try:
        return LEGAL[phase, event]
    except KeyError:
        raise CorruptLog(f"Event {event!r} cannot follow in phase {phase!r}.") from None
