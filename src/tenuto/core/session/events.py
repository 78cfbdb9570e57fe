"""The facts of a session. Each was true when it was appended and stays in the log for ever.

On the wire an event is an array: its tag `Name/format`, then its fields in the order below. A field
may be added at the end with a default; any other change makes a new format and an upcaster in
`codec`.

Work is promised by `TaskStarted`, `ChildrenStarted`, `TaskRetried`, `UndoStarted` and settled by
`TaskCompleted`, `TaskFailed`, `TaskCancelled`: what is promised and not settled is pending.
"""

from typing import TypeAlias

import msgspec

from tenuto.core.agent.asks import Ask
from tenuto.core.budget import UNBOUNDED, Budget, Spending
from tenuto.core.errors import Failure
from tenuto.core.vocabulary import Digest, EffectId, Json, JsonObject, SessionId, TaskNo, Version
from tenuto.core.workflow.model import StateKey


class Event(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """What every event has: the moment of its decision, in ms since 1970."""

    at_ms: int


class SessionStarted(
    Event, tag="SessionStarted/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """A session began. The definition is kept by its digest; what the fold needs of it is here."""

    session: SessionId
    tenant: str
    user: str
    workflow: str
    workflow_version: str
    digest: Digest
    inputs: JsonObject
    state: dict[str, StateKey]
    steps_max: int
    key: str | None
    parent: SessionId | None
    parent_effect: EffectId | None
    depth: int
    rules: int
    """Number of the rule set that decides this session; see `decide.RULES`."""
    budget: Budget = UNBOUNDED
    labels: tuple[str, ...] = ()
    """Of the inputs."""


class SessionForked(
    Event, tag="SessionForked/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """What came before is another session's log up to `origin_version`; from here on this is
    `session`."""

    session: SessionId
    origin: SessionId
    origin_version: Version
    patch: JsonObject


class TaskStarted(Event, tag="TaskStarted/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """A node was activated. `after` is the task whose token did it, 0 at the entry.

    `captures` are the paths whose values the task keeps as they are now."""

    task: TaskNo
    node: str
    kind: str
    after: TaskNo
    captures: tuple[str, ...]
    due_ms: int


class MapOpened(Event, tag="MapOpened/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """The list of a map was looked at: it has `count` items."""

    task: TaskNo
    count: int


class Shown(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """Messages from other agents that a turn of `agent` is shown, by number."""

    agent: str
    messages: tuple[int, ...]


class ChildrenStarted(
    Event, tag="ChildrenStarted/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """`count` tasks below `parent` began, numbered from `first`, with indexes from `index`.

    Items of a map, iterations of a loop, an agent's turn (kind `model`, index = turn) and tool
    calls (kind `tool`, `agent` or `message`, index = place in the answer), a failed task's
    `recover`."""

    parent: TaskNo
    first: TaskNo
    index: int
    count: int
    node: str
    kind: str
    captures: tuple[str, ...]
    due_ms: int
    shown: Shown | None = None
    """Of a turn: what other agents have written."""


class TimerSet(Event, tag="TimerSet/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """A timer's moment was computed."""

    task: TaskNo
    due_ms: int


class TaskBegun(Event, tag="TaskBegun/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """A `once` effect is about to be carried out: after a crash it is in doubt (P3)."""

    task: TaskNo


class TaskDoubted(Event, tag="TaskDoubted/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """A `once` effect was in flight when its process died; nobody knows yet whether it happened."""

    task: TaskNo


class TaskCompleted(
    Event, tag="TaskCompleted/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """A task's outcome. `updates` are new values for state keys where the node names them;
    where it is None the keys of `output` that the state declares are the updates."""

    task: TaskNo
    output: Json
    updates: JsonObject | None
    undo: bool
    """The node has a `compensate`, to be run if the session fails."""
    spent: Spending | None = None
    """Of a child session: what it has spent, with all below it."""
    labels: tuple[str, ...] = ()
    """That its tool, or its session, says of the output."""


class AttemptFailed(
    Event, tag="AttemptFailed/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """One attempt failed; another follows at `retry_ms`, or after `recover` when that is 0."""

    task: TaskNo
    failure: Failure
    retry_ms: int
    jitter: float


class TaskRetried(Event, tag="TaskRetried/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """The next attempt is promised, with `inputs` in place of the node's where not None."""

    task: TaskNo
    inputs: JsonObject | None
    by: str


class TaskEscalated(
    Event, tag="TaskEscalated/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """The task waits for a person to say how to go on. `ask`: the attempt was not made yet, and may
    be with just what the question tells."""

    task: TaskNo
    failure: Failure
    ask: Ask | None = None


class TaskFailed(Event, tag="TaskFailed/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """A task failed for good. `goes_on`: its node, map or agent carries on without it.
    `abandons`: its child session may still run and is to be cancelled."""

    task: TaskNo
    failure: Failure
    goes_on: bool
    abandons: bool
    spent: Spending | None = None
    """Of a child session: what it has spent, with all below it."""
    labels: tuple[str, ...] = ()
    """That its tool says of all that it gives, its errors among them."""


class TaskSkipped(Event, tag="TaskSkipped/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """A node was passed by: its branch was not taken or its condition was false."""

    task: TaskNo
    node: str
    after: TaskNo


class TaskCancelled(
    Event, tag="TaskCancelled/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """A task was given up because what it belongs to ended."""

    task: TaskNo


class Routed(Event, tag="Routed/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """Tokens of task `after` arrived at joins and merges that wait for more, or came to their end.

    Each entry is the new value for its key; None forgets the key. See `routing` for their
    meaning."""

    after: TaskNo
    joins: dict[str, dict[str, bool] | None]
    waves: dict[str, tuple[int, int] | None]
    cycles: dict[str, tuple[str, ...] | None]


class Noted(Event, tag="Noted/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """Something a task wanted on record: a claim, a citation, a measurement."""

    task: TaskNo
    kind: str
    data: Json


class SignalReceived(
    Event, tag="SignalReceived/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """A signal came from outside and is kept until a wait takes it."""

    name: str
    data: Json
    by: str
    labels: tuple[str, ...] = ()
    """Of the data."""
    key: str = ""
    """What makes it the same signal when it comes again."""


class SignalTaken(Event, tag="SignalTaken/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """A wait took the oldest kept signal of its name."""

    task: TaskNo
    name: str


class ApprovalDecided(
    Event, tag="ApprovalDecided/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """A person (or expiry) decided on a task that waited for it."""

    task: TaskNo
    approved: bool
    by: str
    note: str


class ChildSessionStarted(
    Event, tag="ChildSessionStarted/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """The session that a `workflow` task asked for runs under this id."""

    task: TaskNo
    session: SessionId


class ChildReleased(
    Event, tag="ChildReleased/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """A child session that is no longer wanted has been cancelled, or never was."""

    effect: EffectId


class UndoStarted(Event, tag="UndoStarted/1", frozen=True, array_like=True, kw_only=True, gc=False):
    """Compensation of completed task `of` began, as task `task`."""

    task: TaskNo
    of: TaskNo


class SessionPausing(
    Event, tag="SessionPausing/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """No new work is promised; what runs may finish. `by` is empty when a budget was spent, and
    `task` is what wanted more of it, if it was a loop or an agent."""

    by: str
    reason: str
    task: TaskNo = TaskNo(0)
    short: str = ""
    """The bound of the budget that was spent; `steps` are told by the counts."""


class SessionPaused(
    Event, tag="SessionPaused/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """Nothing runs any more."""


class SessionResumed(
    Event, tag="SessionResumed/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """Work goes on, with `steps` and `budget` more to spend."""

    by: str
    steps: int
    budget: Budget = UNBOUNDED


class SessionCompleting(
    Event, tag="SessionCompleting/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """No token is left."""


class SessionCompleted(
    Event, tag="SessionCompleted/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """The session ended well."""

    output: Json


class SessionFailing(
    Event, tag="SessionFailing/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """The session cannot end well; what was done is compensated where a node says how."""

    failure: Failure
    task: TaskNo


class SessionFailed(
    Event, tag="SessionFailed/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """The session ended with a failure."""

    failure: Failure


class SessionCancelled(
    Event, tag="SessionCancelled/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """The session was given up on request."""

    by: str
    reason: str


class OutcomeReported(
    Event, tag="OutcomeReported/1", frozen=True, array_like=True, kw_only=True, gc=False
):
    """The parent session has recorded this session's outcome."""


SessionEvent: TypeAlias = (
    SessionStarted
    | SessionForked
    | TaskStarted
    | MapOpened
    | ChildrenStarted
    | TimerSet
    | TaskBegun
    | TaskDoubted
    | TaskCompleted
    | AttemptFailed
    | TaskRetried
    | TaskEscalated
    | TaskFailed
    | TaskSkipped
    | TaskCancelled
    | Routed
    | Noted
    | SignalReceived
    | SignalTaken
    | ApprovalDecided
    | ChildSessionStarted
    | ChildReleased
    | UndoStarted
    | SessionPausing
    | SessionPaused
    | SessionResumed
    | SessionCompleting
    | SessionCompleted
    | SessionFailing
    | SessionFailed
    | SessionCancelled
    | OutcomeReported
)
