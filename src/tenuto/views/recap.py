"""What a session did up to a version, no larger than what is open: a page goes on from there.

A log of a hundred thousand events need not be read by who looks at its last ones. Here stands what
they go on from: the tasks that are open, how often each node was begun and how it stands, what went
over each edge, what each agent has used, and the newest tasks that are settled.
"""

import msgspec

from tenuto.core.errors import Failure
from tenuto.core.vocabulary import Json, JsonObject, SessionId, TaskNo, Version
from tenuto.views.open_tasks import NO_TASK
from tenuto.views.timeline import RowState


class RecapTask(msgspec.Struct, kw_only=True):
    """A task as it was left. Times are in ms since 1970."""

    no: TaskNo
    node: str
    kind: str
    label: str
    parent: TaskNo = NO_TASK
    index: int = -1
    after: TaskNo = NO_TASK
    """The task whose token began it."""
    agent: str = ""
    call: Json = None
    """Of what a model asked for: the call."""
    inputs: JsonObject | None = None
    """With what it is carried out in place of what was asked for."""
    state: RowState = "running"
    why: str = ""
    """What it waits for, or why it failed, in words."""
    began: Version
    began_ms: int
    version: Version
    """Of its last change."""
    at_ms: int
    attempts: int = 1
    due_ms: int = 0
    count: int | None = None
    """Of a map: how many items it has."""
    child: SessionId | None = None
    answer: Json = None
    """Of an agent: its model's last answer."""
    failure: Failure | None = None
    asks: bool = False
    """It waits to be allowed, and was not tried yet."""


class RecapNode(msgspec.Struct, kw_only=True):
    """A node: its newest task, and how often it was begun."""

    state: RowState
    why: str = ""
    runs: int = 0
    task: TaskNo
    version: Version
    """Of the last change of anything in it."""
    count: int | None = None
    done: int = 0
    failed: int = 0
    """Of the items of the newest task, those that are settled."""


class RecapCost(msgspec.Struct, kw_only=True):
    """What an agent has used in tasks that are settled."""

    turns: int = 0
    calls: int = 0
    failures: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    usd: float = 0.0
    model_ms: int = 0


class RecapPhase(msgspec.Struct, kw_only=True):
    """When the session began to run, was paused, went on, ended."""

    version: Version
    at_ms: int
    phase: str
    why: str = ""


class Recap(msgspec.Struct, kw_only=True):
    """What a session did up to `version`. At version 0: nothing."""

    version: Version = Version(0)
    newest: Version = Version(0)
    """The version of the session when this was asked for."""
    started_ms: int = 0
    updated_ms: int = 0
    inputs: JsonObject
    output: Json = None
    failure: Failure | None = None
    phases: list[RecapPhase]
    tasks: list[RecapTask]
    """Those that are open, and the last ones at the top that are not, in the order of their
    start."""
    nodes: dict[str, RecapNode]
    flow: dict[str, dict[str, int]]
    """How many tokens went from one node to another."""
    agents: dict[str, RecapCost]
    """In the order in which they first began."""


def empty_recap() -> Recap:
    """Return what there is to tell before the first event."""
    return Recap(inputs={}, phases=[], tasks=[], nodes={}, flow={}, agents={})
