"""The state of a session: the fold of its events, and no more than what deciding needs.

It does not grow with the number of past tasks: what is settled leaves only its node's latest
output, the reduced state, and an entry for compensation where the node asks for one. So a snapshot
of a session of a million events is as small as that of a short one (P5).

Lists that a key collects by `append` and `extend` are only ever added to in place. A task that must
keep the list as it was remembers its length, not a copy (P6).
"""

from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core.agent.asks import Ask
from tenuto.core.agent.state import AgentMessage, AgentState
from tenuto.core.budget import NOTHING, UNBOUNDED, Budget, Spending, left_of
from tenuto.core.errors import Failure
from tenuto.core.lifecycle import Phase
from tenuto.core.vocabulary import (
    Digest,
    EffectId,
    Json,
    JsonObject,
    SessionId,
    TaskNo,
    Version,
)
from tenuto.core.workflow.model import StateKey

Waiting: TypeAlias = Literal["", "retry", "recover", "recovered", "person", "verify", "doubt"]
"""Why an open task has no attempt under way, beyond what its kind says."""


CALLED: Final = frozenset({"tool", "agent", "message"})
"""Kinds of task that a model's call becomes."""

REVIEW: Final = "review"
"""Kind of the task in which guards look at the output of a session that completes. It belongs to no
node."""

WHOLE: Final = TaskNo(0)
"""Key of the session's own deadline."""


class Captured(msgspec.Struct, array_like=True, kw_only=True, gc=False):
    """What a task keeps of `state` and `outputs`. `lengths` cut lists that have grown since."""

    state: JsonObject = msgspec.field(default_factory=dict)
    outputs: JsonObject = msgspec.field(default_factory=dict)
    lengths: dict[str, int] = msgspec.field(default_factory=dict)


class Progress(msgspec.Struct, array_like=True, kw_only=True, gc=False):
    """How far a map or loop is. Results stand at their index; a loop keeps only the last."""

    total: int
    started: int = 0
    done: int = 0
    results: list[Json] = msgspec.field(default_factory=list)


class Task(msgspec.Struct, array_like=True, kw_only=True, gc=False):
    """An open task. `promised` counts promises: it orders what is to be dispatched."""

    no: TaskNo
    node: str
    kind: str
    promised: int
    started_ms: int
    captured: Captured | None = None
    parent: TaskNo = TaskNo(0)
    index: int = -1
    attempt: int = 1
    due_ms: int = 0
    waiting: Waiting = ""
    begun: bool = False
    children: int = 0
    """Open tasks below this one."""
    failure: Failure | None = None
    """The last attempt's."""
    override: JsonObject | None = None
    """Inputs that a recovery put in place of the node's."""
    recoveries: int = 0
    progress: Progress | None = None
    agent: AgentState | None = None
    child: SessionId | None = None
    ask: Ask | None = None
    """What a person is asked before the next attempt."""
    approvers: tuple[str, ...] = ()
    """Who has approved `ask` so far."""
    granted: tuple[str, ...] = ()
    """Kinds of question that were answered with yes; they hold for this task alone."""
    share: Budget | None = None
    """What is set aside for it: of a child session, all that it may spend."""
    labels: tuple[str, ...] = ()
    """Of what it has seen so far."""


class Finished(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """A task whose tokens have not been passed on yet."""

    task: TaskNo
    node: str
    skipped: bool


class Undo(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """A completed task that can be compensated."""

    task: TaskNo
    node: str
    output: Json
    captured: Captured | None
    override: JsonObject | None


class Origin(msgspec.Struct, frozen=True, array_like=True, kw_only=True, gc=False):
    """Where a fork comes from."""

    session: SessionId
    version: Version


class SessionState(msgspec.Struct, kw_only=True):
    """The fold. Only `evolve` changes it, and only the session's one owner folds."""

    version: Version = Version(0)
    phase: Phase = "initializing"
    session: SessionId = SessionId("")
    tenant: str = ""
    user: str = ""
    workflow: str = ""
    workflow_version: str = ""
    digest: Digest = Digest("")
    key: str | None = None
    parent: SessionId | None = None
    parent_effect: EffectId | None = None
    depth: int = 0
    rules: int = 0
    origin: Origin | None = None
    started_ms: int = 0
    updated_ms: int = 0

    inputs: JsonObject = {}
    keys: dict[str, StateKey] = {}
    values: JsonObject = {}
    shared: dict[str, None] = {}
    """Keys whose dict or list an open task has captured: copied before the next change."""
    outputs: JsonObject = {}

    next_task: TaskNo = TaskNo(1)
    promises: int = 0
    tasks: dict[TaskNo, Task] = {}
    """Open tasks, in the order of their last promise."""
    finished: list[Finished] = []
    tend: dict[TaskNo, None] = {}
    """Work list of `step`: parents (and inline nodes) whose next move is due. Never needed
    twice."""
    joins: dict[str, dict[str, bool]] = {}
    waves: dict[str, tuple[int, int]] = {}
    cycles: dict[str, tuple[str, ...]] = {}
    signals: dict[str, list[Json]] = {}
    signal_labels: dict[str, list[tuple[str, ...]]] = {}
    """Of the kept signals of a name, in their order, once one of them bore any."""
    signal_keys: dict[str, None] = {}
    """Of the latest signals that had one, in their order."""
    due: dict[TaskNo, int] = {}
    """Deadlines of open tasks, in ms since 1970; that of the session itself under `WHOLE`."""
    undo: list[Undo] = []
    messages: int = 0
    """Messages that agents have sent to each other."""
    unread: dict[int, AgentMessage] = {}
    """Those that not all of their addressees have been shown, by number."""
    awaiting: dict[TaskNo, None] = {}
    """Agents that have made requests which are not answered."""
    orphans: dict[EffectId, int] = {}
    """Child sessions to cancel, with their promise."""

    closing_from: Version = Version(0)
    """The version at which it began to end, well or not; 0 as long as it goes on."""

    steps: int = 0
    steps_max: int = 0
    input_labels: tuple[str, ...] = ()
    labelled: dict[str, tuple[str, ...]] = {}
    """Paths of `state` and `outputs` whose values bear labels."""
    labels_seen: tuple[str, ...] = ()
    """All labels that anything here has borne."""
    budget: Budget = UNBOUNDED
    spent: Spending = NOTHING
    reserved: Spending = NOTHING
    """What is set aside for open tasks."""
    ms_left: int = 0
    """Time that was left when it was paused, of a session whose time is bounded."""
    short: str = ""
    """The bound that was spent when it was paused."""
    pause_reason: str = ""
    output: Json = None
    failure: Failure | None = None
    ended_by: str = ""
    reported: bool = False


def left_now(state: SessionState, at_ms: int) -> Budget:
    """Return what may still be spent or set aside."""
    due = state.due.get(WHOLE)
    seconds = None if due is None else max(0, due - at_ms) / 1000
    return left_of(state.budget, state.spent.plus(state.reserved), seconds=seconds)


def next_due(state: SessionState) -> int | None:
    """Return the earliest deadline that may pass now (ms since 1970); none while paused."""
    if not state.due or state.phase in ("pausing", "paused"):
        return None
    return min(state.due.values())
