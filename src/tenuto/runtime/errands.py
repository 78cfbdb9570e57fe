"""One attempt at a call, as data: all that whoever carries it out must know, here or elsewhere.

What may be done, and what follows from what came of it, is the owner's to decide; whoever carries
the attempt out only calls the function.
"""

import msgspec

from tenuto.core.agent.asks import Ask
from tenuto.core.agent.guards import Guard
from tenuto.core.agent.remembering import MemoryPolicy, own_scope, seen_scopes
from tenuto.core.errors import Failure, NeedsApproval, WorkFailed
from tenuto.core.memory.items import Source
from tenuto.core.session.effects import Call, CallTool
from tenuto.core.session.inputs import Note
from tenuto.core.vocabulary import EffectId, Json, JsonObject, SessionId, TaskNo
from tenuto.core.workflow.model import AgentDefinition
from tenuto.ports.tool import ToolCode
from tenuto.runtime.failures import Reported, failure_from, retry_after_ms, same_failure
from tenuto.runtime.record import Record
from tenuto.runtime.remembering import Keeper
from tenuto.runtime.task_memory import Remembering


class Errand(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What is to be called with what, and for whom."""

    session: SessionId
    effect: EffectId
    task: TaskNo
    node: str
    attempt: int
    ref: str
    """How a process finds the code."""
    arguments: JsonObject
    timeout_ms: int
    tenant: str
    user: str
    labels: tuple[str, ...] = ()
    tool: str = ""
    """The name of the tool, as models see it; empty: a function."""
    agent: AgentDefinition | None = None
    """Whose model called it."""
    guards: tuple[Guard, ...] = ()
    """Of its workflow."""

    @property
    def what(self) -> str:
        """Return what is called, to begin a sentence with."""
        if self.agent is not None:
            return f"Tool {self.tool!r}"
        return f"{self.ref!r} of node {self.node!r}"


class Came(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What came of an errand."""

    output: Json = None
    failure: Failure | None = None
    """None: it gave the output."""
    retry_after_ms: int = 0
    ask: Ask | None = None
    is_raised: bool = False
    """The failure was raised as one, and says what became of the work."""
    notes: tuple[Note, ...] = ()
    labels: tuple[str, ...] = ()


def errand_of(
    session: SessionId,
    effect: Call | CallTool,
    arguments: JsonObject,
    *,
    ref: str,
    tool: ToolCode | None = None,
) -> Errand:
    """Return the errand of an effect: a call of `tool`, or of the function that `ref` names."""
    agent = effect.agent if type(effect) is CallTool else None
    return Errand(
        session=session,
        effect=effect.effect,
        task=effect.task,
        node=effect.node,
        attempt=effect.attempt,
        arguments=arguments,
        ref=ref,
        tool=tool.spec.name if tool is not None else "",
        timeout_ms=effect.timeout_ms or (tool.timeout_ms if tool is not None else 0),
        tenant=effect.tenant,
        user=effect.user,
        labels=effect.labels,
        agent=agent,
        guards=effect.guards if agent is not None else (),
    )


def remembering(errand: Errand) -> Remembering:
    """Return for whom an attempt remembers: an agent's tool for the agent, a function for all."""
    agent, policy, keeper = "", MemoryPolicy(shared="team"), None
    if errand.agent is not None:
        keeper = Keeper(errand.agent, errand.guards)
        agent, policy = errand.agent.name, errand.agent.memory or MemoryPolicy()
    return Remembering(
        scope=own_scope(policy, tenant=errand.tenant, agent=agent, user=errand.user),
        seen=seen_scopes(tenant=errand.tenant, agent=agent, user=errand.user),
        effect=errand.effect,
        source=Source(errand.session, errand.task),
        labels=errand.labels,
        keep_days=policy.keep_days,
        keeper=keeper,
    )


def came_of(errand: Errand, output: Json, error: BaseException | None, record: Record) -> Came:
    """Return what came of an errand: its output, or what it raised."""
    notes, labels = tuple(record.notes), tuple(sorted(record.labels))
    if error is None:
        return Came(output=output, notes=notes, labels=labels)
    return Came(
        failure=failure_from(error, what=errand.what),
        retry_after_ms=retry_after_ms(error),
        ask=error.ask if isinstance(error, NeedsApproval) else None,
        is_raised=isinstance(error, WorkFailed),
        notes=notes,
        labels=labels,
    )


def given(came: Came, record: Record) -> Json:
    """Return the output; notes and labels are on record then.

    Raises:
        Exception: one that calls for what the failure called for where it was raised.
    """
    record.notes.extend(came.notes)
    record.labels.update(came.labels)
    failure = came.failure
    if failure is None:
        return came.output
    if came.ask is not None:
        raise NeedsApproval(came.ask)
    if came.is_raised:
        raise same_failure(failure, retry_after_ms=came.retry_after_ms)
    raise Reported(failure)


def encode_errand(errand: Errand) -> bytes:
    """Return the errand as bytes."""
    return msgspec.msgpack.encode(errand)


def decode_errand(payload: bytes) -> Errand:
    """Return the errand that was encoded.

    Raises:
        msgspec.DecodeError: it is none, or one of another release.
    """
    return msgspec.msgpack.decode(payload, type=Errand)


def encode_came(came: Came) -> bytes:
    """Return what came of an errand as bytes."""
    return msgspec.msgpack.encode(came)


def decode_came(payload: bytes) -> Came:
    """Return what came of an errand.

    Raises:
        msgspec.DecodeError: it is none, or one of another release.
    """
    return msgspec.msgpack.decode(payload, type=Came)
