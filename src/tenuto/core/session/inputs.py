"""What arrives at a session. Time, ids and chance come with it, so that deciding stays pure."""

from typing import TypeAlias

import msgspec

from tenuto.core.agent.asks import Ask
from tenuto.core.budget import UNBOUNDED, Budget, Spending
from tenuto.core.errors import Failure
from tenuto.core.vocabulary import EffectId, Json, JsonObject, SessionId, TaskNo, Version


class Input(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What every input has: when it is taken up, in ms since 1970."""

    at_ms: int


class Note(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Something a task wants on record."""

    kind: str
    data: Json


class StartSession(Input, frozen=True, kw_only=True, gc=False):
    """Begin; the first input of every session that is no fork."""

    session: SessionId
    inputs: JsonObject
    tenant: str = "local"
    user: str = ""
    key: str | None = None
    parent: SessionId | None = None
    parent_effect: EffectId | None = None
    depth: int = 0
    budget: Budget = UNBOUNDED
    """Bounds beside those of the workflow."""
    labels: tuple[str, ...] = ()
    """Of the inputs, as `untrusted`."""
    notes: tuple[Note, ...] = ()
    """What is to be on record of how the inputs came to be."""


class ForkSession(Input, frozen=True, kw_only=True, gc=False):
    """Go on from another session's past as a new session, with `patch` replacing state keys."""

    session: SessionId
    origin: SessionId
    origin_version: Version
    patch: JsonObject = {}


class CompleteTask(Input, frozen=True, kw_only=True, gc=False):
    """The outside world did the work of a task. A task that is not open is left alone (P2)."""

    task: TaskNo
    output: Json
    notes: tuple[Note, ...] = ()
    spent: Spending | None = None
    """What a child session has spent."""
    labels: tuple[str, ...] = ()
    """Of what came back."""


class FailTask(Input, frozen=True, kw_only=True, gc=False):
    """An attempt at a task failed. `jitter` in [0, 1) spreads retries."""

    task: TaskNo
    failure: Failure
    retry_after_ms: int = 0
    jitter: float = 0.0
    notes: tuple[Note, ...] = ()
    ask: Ask | None = None
    """The attempt was not made: a person is to be asked first."""
    spent: Spending | None = None
    """What a child session has spent."""
    labels: tuple[str, ...] = ()
    """Of what came back."""
    attempts_max: int = 0
    """How often the tool itself may be tried, where its node says nothing; 0: it says nothing
    either."""


class BeginTask(Input, frozen=True, kw_only=True, gc=False):
    """A `once` effect is about to be carried out."""

    task: TaskNo


class SettleDoubt(Input, frozen=True, kw_only=True, gc=False):
    """What `verify` found out about an effect in doubt: True, False, or None for unknown."""

    task: TaskNo
    happened: bool | None
    output: Json = None
    notes: tuple[Note, ...] = ()


class RecoverSession(Input, frozen=True, kw_only=True, gc=False):
    """The session was loaded by a process that does not know what its last owner had in flight."""


class Advance(Input, frozen=True, kw_only=True, gc=False):
    """Do what follows from the state: `parent` > 0: see to that task's children; 0: route
    tokens."""

    parent: TaskNo = TaskNo(0)
    review: bool | None = None
    """Whether guards look at the output before the session ends; None: if its workflow has such."""


class Wake(Input, frozen=True, kw_only=True, gc=False):
    """A deadline may have passed."""


class SendSignal(Input, frozen=True, kw_only=True, gc=False):
    """A named piece of data for a `wait` node, now or later."""

    name: str
    data: Json = None
    by: str = ""
    notes: tuple[Note, ...] = ()
    """What guards said of the data."""
    labels: tuple[str, ...] = ()
    """Of the data."""
    key: str = ""
    """One that comes again with the same key is the same signal, and is not taken twice."""


class DecideApproval(Input, frozen=True, kw_only=True, gc=False):
    """A person's decision. `task` 0 means the only one that waits. `data` goes into the output."""

    approved: bool
    task: TaskNo = TaskNo(0)
    by: str = ""
    note: str = ""
    data: Json = None
    notes: tuple[Note, ...] = ()
    """What guards said of `note` and `data`."""
    labels: tuple[str, ...] = ()
    """Of `data`."""


class RecordChild(Input, frozen=True, kw_only=True, gc=False):
    """The child session of a `workflow` task has been started."""

    task: TaskNo
    session: SessionId


class ReleaseChild(Input, frozen=True, kw_only=True, gc=False):
    """An unwanted child session has been cancelled."""

    effect: EffectId


class ConfirmReport(Input, frozen=True, kw_only=True, gc=False):
    """The parent has recorded this session's outcome."""


class PauseSession(Input, frozen=True, kw_only=True, gc=False):
    """Stop promising new work."""

    by: str = ""
    reason: str = ""


class ResumeSession(Input, frozen=True, kw_only=True, gc=False):
    """Go on; `steps` and `budget` add to what may be spent."""

    by: str = ""
    steps: int = 0
    budget: Budget = UNBOUNDED


class CancelSession(Input, frozen=True, kw_only=True, gc=False):
    """Give the session up."""

    by: str = ""
    reason: str = ""


SessionInput: TypeAlias = (
    StartSession
    | ForkSession
    | CompleteTask
    | FailTask
    | BeginTask
    | SettleDoubt
    | RecoverSession
    | Advance
    | Wake
    | SendSignal
    | DecideApproval
    | RecordChild
    | ReleaseChild
    | ConfirmReport
    | PauseSession
    | ResumeSession
    | CancelSession
)
