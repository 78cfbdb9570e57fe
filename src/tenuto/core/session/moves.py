"""Where one move ends and the next begins: the places at which a log may be cut.

A move is what one decision adds. Between moves a session knows all that it has to do; in the midst
of one it does not: a fork that shared half of a routing would never start the other half.
"""

from collections.abc import Sequence

from tenuto.core.session import events as e
from tenuto.core.session.state import REVIEW


def whole_moves(log: Sequence[e.SessionEvent], upto: int) -> int:
    """Return how many of the first `upto` events of `log` are whole moves.

    `log` begins with a move, and goes on beyond `upto` where the session did."""
    while 0 < upto < len(log) and _goes_on(log[upto - 1], log[upto]):
        upto -= 1
    return upto


def _goes_on(before: e.SessionEvent, event: e.SessionEvent) -> bool:
    """Return whether `event` belongs to the move that `before` belongs to."""
    match event:
        case e.TaskStarted() if event.kind == REVIEW:
            return isinstance(before, e.SessionCompleting)
        case e.TaskStarted() | e.TaskSkipped():
            # A finished task's tokens are passed on in one move.
            routing = (e.Routed, e.TaskStarted, e.TaskSkipped)
            return isinstance(before, routing) and before.after == event.after
        case e.TaskCancelled():
            return True
        case e.SessionFailing() | e.TaskFailed():
            chain = (e.TaskFailed, e.TaskStarted, e.TaskSkipped, e.Routed, e.SessionCompleting)
            return isinstance(before, (*chain, e.ApprovalDecided, e.SignalTaken, e.Noted))
        case e.ChildrenStarted():
            return event.kind == "recover" and isinstance(before, e.AttemptFailed)
        case e.SessionCompleted():
            return True
        case e.TaskDoubted():
            return isinstance(before, e.AttemptFailed | e.TaskDoubted)
        case (
            e.TaskCompleted() | e.TaskRetried() | e.AttemptFailed() | e.TaskEscalated() | e.Noted()
        ):
            return isinstance(before, e.Noted | e.SignalTaken | e.ApprovalDecided)
        case e.SignalReceived() | e.ApprovalDecided():
            return isinstance(before, e.Noted)
    return False
