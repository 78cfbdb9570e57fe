"""The shape of a trace in OTLP/JSON: hexadecimal ids, nanoseconds as strings, camelCase.

Source: the JSON encoding of `ExportTraceServiceRequest` in the OpenTelemetry protocol, version 1;
names of attributes after OpenTelemetry's conventions for generative AI.
"""

import hashlib
from collections.abc import Iterable, Mapping
from typing import Final, TypeAlias

import msgspec

from tenuto.core.vocabulary import Json, JsonObject

INTERNAL: Final = 1
CLIENT: Final = 3
"""Kinds of spans: work inside the process, and a call that leaves it."""

_STATUS_OK: Final = 1
_STATUS_ERROR: Final = 2

Fact: TypeAlias = str | int | float | bool | list[str] | None
Facts: TypeAlias = Mapping[str, Fact]
"""Attributes by name; None leaves one out."""


class Span(msgspec.Struct, kw_only=True):
    """A span, open as long as `end_ms` is None. Times are in ms since 1970."""

    trace_id: str
    span_id: str
    parent_id: str = ""
    name: str
    kind: int = INTERNAL
    start_ms: int
    end_ms: int | None = None
    facts: dict[str, Fact]
    events: list[Json] = []
    links: list[Json] = []
    error: str | None = None
    """None: nothing is known to be wrong."""
    ok: bool = False


def trace_id_of(session: str) -> str:
    """Return the id of a session's trace, the same in every export."""
    return hashlib.sha256(session.encode()).hexdigest()[:32]


def span_id_of(name: str) -> str:
    """Return the id of the span called `name` in its trace: a session's id, or an effect's."""
    return hashlib.sha256(f"span {name}".encode()).hexdigest()[:16]


def nanoseconds(ms: int) -> str:
    """Return a moment as OTLP writes it."""
    return f"{ms}000000"


def attributes(facts: Facts) -> list[Json]:
    """Return `facts` as a list of keys and typed values."""
    return [{"key": key, "value": _value(fact)} for key, fact in facts.items() if fact is not None]


def _value(fact: str | int | float | bool | list[str]) -> Json:
    match fact:
        case bool():
            return {"boolValue": fact}
        case int():
            return {"intValue": str(fact)}
        case float():
            return {"doubleValue": fact}
        case str():
            return {"stringValue": fact}
    return {"arrayValue": {"values": [_value(part) for part in fact]}}


def span_event(name: str, at_ms: int, facts: Facts) -> Json:
    """Return a moment on a span."""
    return {"timeUnixNano": nanoseconds(at_ms), "name": name, "attributes": attributes(facts)}


def span_link(session: str, name: str, facts: Facts) -> Json:
    """Return a link to span `name` of another session's trace."""
    return {
        "traceId": trace_id_of(session),
        "spanId": span_id_of(name),
        "attributes": attributes(facts),
    }


def span_json(span: Span) -> JsonObject:
    """Return an ended span as OTLP/JSON."""
    assert span.end_ms is not None, f"span {span.name!r} is open"
    status: JsonObject = {"code": _STATUS_OK} if span.ok else {}
    if span.error is not None:
        status = {"code": _STATUS_ERROR, "message": span.error}
    told: JsonObject = {
        "traceId": span.trace_id,
        "spanId": span.span_id,
        "name": span.name,
        "kind": span.kind,
        "startTimeUnixNano": nanoseconds(span.start_ms),
        "endTimeUnixNano": nanoseconds(span.end_ms),
        "attributes": attributes(span.facts),
        "status": status,
    }
    if span.parent_id:
        told["parentSpanId"] = span.parent_id
    if span.events:
        told["events"] = span.events
    if span.links:
        told["links"] = span.links
    return told


def trace_json(spans: Iterable[Span], *, version: str) -> JsonObject:
    """Return ended `spans` as one `ExportTraceServiceRequest`; `version` is this release's."""
    scope: Json = {"name": "tenuto", "version": version}
    told: list[Json] = [span_json(span) for span in spans]
    resource: Json = {
        "attributes": attributes({"service.name": "tenuto", "service.version": version})
    }
    return {
        "resourceSpans": [
            {"resource": resource, "scopeSpans": [{"scope": scope, "spans": told}]},
        ]
    }
