"""One line of text for each event, for people who read a log."""

from typing import Final, TypeAlias, assert_never

from tenuto.core.session import events as e
from tenuto.core.session.state import REVIEW
from tenuto.core.vocabulary import TaskNo
from tenuto.views.excerpts import call_text, excerpt
from tenuto.views.moments import duration_text, moment_text
from tenuto.views.open_tasks import OpenTasks, answer_of

SessionFact: TypeAlias = (
    e.SessionStarted
    | e.SessionForked
    | e.SignalReceived
    | e.Routed
    | e.ChildReleased
    | e.SessionPausing
    | e.SessionPaused
    | e.SessionResumed
    | e.SessionCompleting
    | e.SessionCompleted
    | e.SessionFailing
    | e.SessionFailed
    | e.SessionCancelled
    | e.OutcomeReported
)
"""Events that say something of the session as a whole."""

StartFact: TypeAlias = e.TaskStarted | e.ChildrenStarted | e.UndoStarted | e.TaskSkipped
"""Events with which tasks begin."""


SILENT: Final = (
    e.SessionStarted,
    e.Routed,
    e.SessionCompleting,
    e.SessionCompleted,
    e.SessionFailed,
    e.SessionCancelled,
    e.OutcomeReported,
    e.ChildReleased,
    e.TaskCancelled,
    e.TaskBegun,
)
"""Events that need no line where progress is told: they mean nothing to who waits, or say how it
ended, which whoever shows the outcome says."""


def event_line(event: e.SessionEvent, tasks: OpenTasks) -> str:
    """Return what `event` says, in one line. `tasks` has begun the event and not ended it."""
    if isinstance(event, SessionFact):
        return _session_line(event)
    if isinstance(event, StartFact):
        return _start_line(event, tasks)
    path = tasks.path(event.task)
    match event:
        case e.MapOpened():
            return f"{path} has {event.count} items"
        case e.TimerSet():
            return f"{path} waits until {moment_text(event.due_ms)}"
        case e.TaskBegun():
            return f"{path} is about to take effect, once"
        case e.TaskDoubted():
            return f"{path} is in doubt: nobody knows whether it happened"
        case e.TaskCompleted():
            return _completed_line(event, tasks)
        case e.AttemptFailed():
            task = tasks[event.task]
            again = f"again at {moment_text(event.retry_ms)}" if event.retry_ms else "to be mended"
            return f"{path}, attempt {task.attempt}: {event.failure.message} ({again})"
        case e.TaskRetried():
            inputs = "" if event.inputs is None else f" with {excerpt(event.inputs)}"
            return f"{path}, attempt {tasks[event.task].attempt}{_by(event.by)}{inputs}"
        case e.TaskEscalated():
            return f"{path} needs a person: {event.failure.message}"
        case e.TaskFailed():
            on = "; the work goes on without it" if event.goes_on else ""
            return f"{path} failed ({event.failure.code}): {event.failure.message}{on}"
        case e.TaskCancelled():
            return f"{path} is given up"
        case e.Noted():
            return f"{path} notes {event.kind}: {excerpt(event.data)}"
        case e.SignalTaken():
            return f"{path} takes signal {event.name!r}"
        case e.ApprovalDecided():
            word = "approved" if event.approved else "denied"
            return f"{path} is {word}{_by(event.by)}{': ' if event.note else ''}{event.note}"
        case e.ChildSessionStarted():
            return f"{path} runs as session {event.session}"
        case _:
            assert_never(event)


def _session_line(event: SessionFact) -> str:
    match event:
        case e.SessionStarted():
            return f"{event.workflow} {event.workflow_version} begins: {excerpt(event.inputs)}"
        case e.SessionForked():
            patch = f", with {excerpt(event.patch)}" if event.patch else ""
            return f"forked from {event.origin} at version {event.origin_version}{patch}"
        case e.SignalReceived():
            data = "" if event.data is None else f": {excerpt(event.data)}"
            return f"signal {event.name!r}{_by(event.by)}{data}"
        case e.Routed():
            return _routed_line(event)
        case e.ChildReleased():
            return f"the session of {event.effect} is no longer wanted and has ended"
        case e.SessionPausing():
            return f"pausing: {event.reason}"
        case e.SessionPaused():
            return "paused"
        case e.SessionResumed():
            steps = f" with {event.steps} more steps" if event.steps else ""
            return f"resumed{steps}{_by(event.by)}"
        case e.SessionCompleting():
            return "no work is left"
        case e.SessionCompleted():
            return f"completed: {excerpt(event.output)}"
        case e.SessionFailing():
            return f"failing: {event.failure.message}"
        case e.SessionFailed():
            return f"failed ({event.failure.code}): {event.failure.message}"
        case e.SessionCancelled():
            return f"cancelled{_by(event.by)}: {event.reason or 'no reason given'}"
        case e.OutcomeReported():
            return "the parent session knows the outcome"
        case _:
            assert_never(event)


def _routed_line(event: e.Routed) -> str:
    """Waiting tokens are for the rules; people want to know that, and where, some wait."""
    arrivals = [entry for entry in event.joins.values() if entry is not None]
    waiting = [f"a join has {' and '.join(sorted(entry))}" for entry in arrivals]
    waiting += [f"{name!r} waits for more" for name, wave in event.waves.items() if wave]
    where = f"after task {event.after}" if event.after else "a cycle has come to rest"
    return f"routed {where}{': ' if waiting else ''}{', '.join(waiting)}"


def _start_line(event: StartFact, tasks: OpenTasks) -> str:
    match event:
        case e.TaskStarted():
            due = f", until {moment_text(event.due_ms)}" if event.due_ms else ""
            return f"{event.node} starts ({event.kind}{due})"
        case e.TaskSkipped():
            return f"{event.node} is skipped"
        case e.UndoStarted():
            return f"{tasks.path(event.task)} starts: compensation of task {event.of}"
        case e.ChildrenStarted():
            return _children_line(event, tasks)
        case _:
            assert_never(event)


def _children_line(event: e.ChildrenStarted, tasks: OpenTasks) -> str:
    parent, first = tasks.path(event.parent), tasks[event.first]
    if event.kind == "recover":
        return f"{parent}: looking for a fix"
    if event.kind == "model":
        numbers = ", ".join(map(str, event.shown.messages)) if event.shown is not None else ""
        shown = f", shown messages {numbers}" if numbers else ""
        return f"{parent} asks its model ({first.label}{shown})"
    if first.call is not None:
        children = [tasks[TaskNo(event.first + offset)] for offset in range(event.count)]
        calls = [task.call for task in children if task.call is not None]
        return f"{parent} calls " + ", ".join(
            call_text(call.tool, call.arguments) for call in calls
        )
    if event.count > 1:
        last = event.index + event.count - 1
        return f"{parent}: items {event.index} to {last} start ({event.kind})"
    return f"{tasks.path(event.first)} starts ({event.kind})"


def _completed_line(event: e.TaskCompleted, tasks: OpenTasks) -> str:
    task = tasks[event.task]
    path, took = tasks.path(event.task), duration_text(event.at_ms - task.since_ms)
    if task.kind == REVIEW:
        return f"{path} has passed its guards in {took}"
    said = _answer_text(event) if task.kind == "model" else excerpt(event.output)
    return f"{path} is done in {took}: {said}"


def _answer_text(event: e.TaskCompleted) -> str:
    answer = answer_of(event.output)
    usage = f"{answer.usage.input_tokens}+{answer.usage.output_tokens} tokens"
    if answer.cached:
        usage = f"from the cache, {answer.cached}"
    if answer.recalled:
        usage += f", {len(answer.recalled)} recalled"
    if answer.calls:
        wishes = ", ".join(call_text(call.tool, call.arguments, 60) for call in answer.calls)
        return f"wants {wishes} ({usage})"
    said = excerpt(answer.text if answer.data is None else answer.data)
    return f"{said} ({usage})" + (f"; misses its schema: {answer.fault}" if answer.fault else "")


def _by(by: str) -> str:
    return f" by {by}" if by else ""
