"""Why a model of a route did not answer, and what it comes to when none did."""

from collections.abc import Sequence
from typing import Final

import msgspec

from tenuto.core.agent.messages import ModelAnswer, ModelRequest, Usage
from tenuto.core.errors import Escalatable, Fatal, Recoverable, Transient, WorkFailed
from tenuto.ports.schemas import Schemas

FAILOVER: Final = (WorkFailed, OSError)
"""What lets the next model be asked. Time-outs and broken connections are `OSError`s; anything
else that a model raises is a bug, and is not hidden by another model's answer."""

SAID_CHARS_MAX: Final = 300


class Miss(msgspec.Struct, frozen=True, kw_only=True):
    """One model that did not answer. As text it is what an answer's `trail` holds."""

    model: str
    code: str
    said: str
    error: WorkFailed | None = None
    """None where no model was asked, or where it gave an answer that will not do."""
    later_ms: int | None = None
    """When it may work, from now; None: waiting helps nothing."""

    def __str__(self) -> str:
        return f"{self.model}: {self.code}"


def miss_from(model: str, error: WorkFailed | OSError) -> Miss:
    """Return what a model raised as a miss."""
    if isinstance(error, TimeoutError) and not isinstance(error, WorkFailed):
        error = Transient(str(error) or f"Model {model!r} took too long.", code="timeout")
    elif isinstance(error, OSError) and not isinstance(error, WorkFailed):
        error = Transient(f"Model {model!r} cannot be reached: {error}", code="unavailable")
    later_ms = error.retry_after_ms if isinstance(error, Transient) else None
    said = str(error)[:SAID_CHARS_MAX]
    return Miss(model=model, code=error.code, said=said, error=error, later_ms=later_ms)


def none_answered(route: str, misses: Sequence[Miss]) -> WorkFailed:
    """Return the error to raise when no model of the route gave an answer that will do.

    It is transient, with the least wait, if any of them may work later; else it is for a person, if
    one can mend any; else it is what the last model said.
    """
    assert misses, "a route has one model or more, and each was asked or left alone"
    listed = "; ".join(f"{miss} ({miss.said})" for miss in misses)
    message = f"No model of the route {route!r} answered. {listed}"
    waits = [miss.later_ms for miss in misses if miss.later_ms is not None]
    if waits:
        soonest = min(waits)
        code = next(miss.code for miss in misses if miss.later_ms == soonest)
        return Transient(message, code=code, retry_after_ms=soonest)
    for kind in (Escalatable, Recoverable):
        for miss in misses:
            if isinstance(miss.error, kind):
                return kind(message, code=miss.code)
    return Fatal(message, code=misses[-1].code)


def added(one: Usage, other: Usage) -> Usage:
    """Return what both cost together."""
    return Usage(
        input_tokens=one.input_tokens + other.input_tokens,
        output_tokens=one.output_tokens + other.output_tokens,
        cost_usd=one.cost_usd + other.cost_usd,
        cached_tokens=one.cached_tokens + other.cached_tokens,
    )


def fault_of(answer: ModelAnswer) -> str:
    """Return why an answer will not do whatever the order of the route, as a code, or nothing."""
    if answer.finish == "refusal":
        return "refusal"
    if not answer.text and not answer.calls and answer.data is None:
        return "empty_answer"
    return ""


def shortcoming_of(answer: ModelAnswer, request: ModelRequest, schemas: Schemas | None) -> str:
    """Return why a dearer model may do better than this answer, as a code, or nothing."""
    if answer.finish == "length":
        return "length"
    schema = request.output_schema
    if schema is None or schemas is None or answer.calls:
        return ""
    data = answer.data
    if data is None:
        try:
            data = msgspec.json.decode(answer.text)
        except msgspec.DecodeError:
            return "misfit"
    return "misfit" if schemas.fault(schema, data) else ""
