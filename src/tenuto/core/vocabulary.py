"""Names for what Tenuto is made of: ids, positions, JSON values. No rules live here."""

from typing import TYPE_CHECKING, NewType, TypeAlias

SessionId = NewType("SessionId", str)
"""Names one durable execution; unique in a store."""

TaskNo = NewType("TaskNo", int)
"""Numbers the activations of a session, from 1, in the order in which the log promises them."""

EffectId = NewType("EffectId", str)
"""`<session>:<task>`: the idempotency key of work in the world, the same after any restart."""

Version = NewType("Version", int)
"""How many events a session has; its first event has version 1."""

Position = NewType("Position", int)
"""Place of an event in the order of all sessions of a store; the first event has position 1."""

Digest = NewType("Digest", str)
"""SHA-256 of a payload, 64 lower-case hexadecimal digits."""

if TYPE_CHECKING:
    Json: TypeAlias = None | bool | int | float | str | list["Json"] | dict[str, "Json"]
    """What a payload may be. Numbers beyond 64 bits, NaN and infinities are not JSON: refused."""
else:
    # The codec reads these types at run time and takes payloads as they come.
    Json = object

JsonObject: TypeAlias = dict[str, Json]


def effect_id(session: SessionId, task: TaskNo) -> EffectId:
    """Return the id under which the outside world is asked to do the work of `task`."""
    return EffectId(f"{session}:{task}")


def task_of(effect: EffectId) -> TaskNo:
    """Return the task that `effect` belongs to."""
    return TaskNo(int(effect.rpartition(":")[2]))
