"""A session as an OpenTelemetry trace: the shape any collector takes, and spans that say enough."""

import re
from collections.abc import Iterator

import msgspec

from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import Json, JsonObject, SessionId, TaskNo
from tenuto.views.otlp import Span, trace_id_of, trace_json
from tenuto.views.trace import Trace
from tests.views.logs import SESSION, START_MS, WRITER, Log, drafted, flow, function, mapped, node


def spans_of(log: Log, session: SessionId = SESSION) -> list[Span]:
    trace = Trace(session, log.definition)
    spans = [span for _, event in log.events for span in trace.add(event)]
    return spans + list(trace.close())


def named(log: Log, name: str) -> Span:
    (found,) = (span for span in spans_of(log) if span.name == name)
    return found


def retried() -> Log:
    log = Log(flow(function("fetch")))
    log.later(10).fail("fetch", message="connection reset")
    log.later(500).wake()
    log.later(20).complete("fetch", "text")
    return log


def test_an_agents_session_has_a_span_for_itself_each_task_turn_and_call() -> None:
    spans = spans_of(drafted())

    by_name = {span.name: span for span in spans}
    tree = {
        span.name: next((other.name for other in spans if other.span_id == span.parent_id), "")
        for span in spans
    }
    assert tree == {
        "execute_tool look": "invoke_agent writer",
        "execute_tool count": "invoke_agent writer",
        "chat offline": "invoke_agent writer",
        "invoke_agent writer": "session flow",
        "session flow": "",
    }
    assert len(spans) == 6
    assert {span.trace_id for span in spans} == {trace_id_of("s1")}
    assert by_name["session flow"].start_ms == START_MS
    assert by_name["session flow"].end_ms == START_MS + 335
    assert spans[-1].name == "session flow"


def test_model_calls_agents_and_tools_follow_the_conventions_for_generative_ai() -> None:
    spans = spans_of(drafted())

    turn = next(span for span in spans if span.name == "chat offline")
    agent = next(span for span in spans if span.name == "invoke_agent writer")
    look = next(span for span in spans if span.name == "execute_tool look")
    assert turn.kind == 3
    assert turn.facts["gen_ai.operation.name"] == "chat"
    assert turn.facts["gen_ai.provider.name"] == "offline"
    assert turn.facts["gen_ai.request.model"] == "offline"
    assert turn.facts["gen_ai.usage.input_tokens"] == 100
    assert turn.facts["gen_ai.usage.output_tokens"] == 10
    assert turn.facts["gen_ai.response.finish_reasons"] == ["tools"]
    assert turn.facts["gen_ai.conversation.id"] == "s1"
    assert agent.facts["gen_ai.operation.name"] == "invoke_agent"
    assert agent.facts["gen_ai.agent.name"] == "writer"
    assert agent.facts["gen_ai.usage.input_tokens"] == 200
    assert look.facts["gen_ai.operation.name"] == "execute_tool"
    assert look.facts["gen_ai.tool.name"] == "look"
    assert look.facts["gen_ai.tool.call.id"] == "c0"
    assert look.facts["gen_ai.tool.call.arguments"] == '{"at":"the sea"}'
    assert look.facts["gen_ai.tool.call.result"] == '{"seen":"fog"}'
    assert [event_name(event) for event in look.events] == ["tenuto.note.citation"]


def test_a_named_model_is_split_into_provider_and_model() -> None:
    agent = msgspec.structs.replace(WRITER, model="openai:gpt-5")
    log = Log(flow(node("draft", "agent", ref="writer"), agents=(agent,)))
    log.answer("done")

    turn = named(log, "chat openai:gpt-5")

    assert turn.facts["gen_ai.provider.name"] == "openai"
    assert turn.facts["gen_ai.request.model"] == "gpt-5"


def test_each_attempt_has_a_span_where_there_were_several() -> None:
    spans = spans_of(retried())

    first, second, task, _ = spans
    assert (first.name, first.start_ms, first.end_ms) == ("attempt 1", START_MS, START_MS + 10)
    assert (first.error, first.facts["error.type"]) == ("connection reset", "transient_code")
    assert (second.name, second.start_ms, second.end_ms) == (
        "attempt 2",
        START_MS + 510,
        START_MS + 530,
    )
    assert second.ok and task.ok
    assert first.parent_id == second.parent_id == task.span_id
    assert task.facts["tenuto.attempts"] == 2
    assert [event_name(event) for event in task.events] == [
        "tenuto.attempt.failed",
        "tenuto.retried",
    ]


def test_an_attempt_that_a_person_gave_up_is_told_once() -> None:
    log = Log(flow(function("pay")))
    log.fail("pay", "escalatable", "which account?")
    log.give(i.DecideApproval(at_ms=log.now_ms, approved=True, by="ann"))
    log.fail("pay", "escalatable", "still unclear")
    log.give(i.DecideApproval(at_ms=log.now_ms, approved=False, by="ann"))

    spans = spans_of(log)

    assert [span.name for span in spans] == ["attempt 1", "attempt 2", "pay", "session flow"]
    assert [event_name(event) for event in spans[2].events] == [
        "tenuto.escalated",
        "tenuto.approved",
        "tenuto.retried",
        "tenuto.escalated",
        "tenuto.denied",
    ]


def test_failures_are_on_the_task_and_on_the_session() -> None:
    log = Log(flow(function("fetch")))
    log.fail("fetch", "fatal", "no such page")

    for name in ("fetch", "session flow"):
        span = named(log, name)
        assert span.error == "no such page"
        assert span.facts["error.type"] == "fatal_code"
    assert [event_name(event) for event in named(log, "session flow").events] == ["tenuto.failing"]


def test_a_skipped_node_is_a_span_without_length() -> None:
    log = Log(flow(function("a"), function("b", condition="outputs.a == 1"), edges=[("a", "b")]))
    log.complete("a", 2)

    span = named(log, "b")

    assert (span.start_ms, span.facts["tenuto.skipped"]) == (span.end_ms, True)


def test_what_is_still_open_ends_with_the_last_event_and_says_so() -> None:
    log = Log(flow(mapped("fetch", "[1, 2]")))
    log.later(70).complete(TaskNo(2), "one")

    open_spans = [span for span in spans_of(log) if span.facts.get("tenuto.open")]

    assert [span.name for span in open_spans] == ["fetch", "fetch[1]", "session flow"]
    assert {span.end_ms for span in open_spans} == {START_MS + 70}


def test_what_happens_to_the_session_is_on_its_span() -> None:
    log = Log(flow(node("mail", "wait", signal="reply"), function("use"), edges=[("mail", "use")]))
    log.give(i.SendSignal(at_ms=log.now_ms, name="reply", by="ann"))
    log.give(i.PauseSession(at_ms=log.now_ms, by="ann", reason="lunch"))
    log.complete("use")
    log.give(i.ResumeSession(at_ms=log.now_ms))

    assert [event_name(event) for event in named(log, "session flow").events] == [
        "tenuto.signal.received",
        "tenuto.pausing",
        "tenuto.paused",
        "tenuto.resumed",
    ]
    assert [event_name(event) for event in named(log, "mail").events] == ["tenuto.signal.taken"]


def test_once_and_doubt_and_map_are_told_on_their_task() -> None:
    log = Log(flow(function("pay", once=True)))
    log.give(i.BeginTask(at_ms=log.now_ms, task=TaskNo(1)))
    log.give(i.RecoverSession(at_ms=log.now_ms))
    log.give(i.CancelSession(at_ms=log.now_ms, reason="enough"))
    fetch = named(Log(flow(mapped("fetch", "[1]"))), "fetch")

    pay, session = named(log, "pay"), named(log, "session flow")

    assert [event_name(event) for event in pay.events] == [
        "tenuto.once.begun",
        "tenuto.once.doubted",
    ]
    assert pay.facts["tenuto.cancelled"] is True
    assert session.facts["tenuto.cancelled"] is True
    assert (session.ok, session.error) == (False, None)
    assert [event_name(event) for event in fetch.events] == ["tenuto.map.opened"]


def test_families_and_forks_are_linked_both_ways() -> None:
    child = flow(function("fetch"))
    outer = msgspec.structs.replace(
        flow(node("inner", "workflow", ref="flow")), name="outer", children=(child,)
    )
    parent = Log(outer)
    parent.give(i.RecordChild(at_ms=START_MS, task=TaskNo(1), session=SessionId("s2")))
    inner = Log(child)
    inner.events[0] = (
        inner.events[0][0],
        msgspec.structs.replace(inner.events[0][1], parent=SESSION, parent_effect="s1:1"),
    )
    fork = Log(flow(function("fetch")))
    fork.give(
        i.ForkSession(
            at_ms=START_MS,
            session=SessionId("s3"),
            origin=SESSION,
            origin_version=fork.state.version,
        )
    )

    down = linked(named(parent, "inner"))
    up = linked(spans_of(inner, SessionId("s2"))[-1])
    origin = linked(spans_of(fork, SessionId("s3"))[-1])

    assert down == [(trace_id_of("s2"), spans_of(inner, SessionId("s2"))[-1].span_id)]
    assert up == [(trace_id_of("s1"), named(parent, "inner").span_id)]
    assert origin == [(trace_id_of("s1"), named(parent, "session outer").span_id)]


def test_a_session_without_events_has_no_spans() -> None:
    assert list(Trace(SESSION).close()) == []


def test_a_trace_has_the_shape_of_otlp_json() -> None:
    fork = Log(flow(function("fetch")))
    fork.give(
        i.ForkSession(
            at_ms=START_MS,
            session=SESSION,
            origin=SessionId("s0"),
            origin_version=fork.state.version,
        )
    )
    failed = Log(flow(function("fetch")))
    failed.fail("fetch", "fatal")
    logs = [drafted(), retried(), fork, failed, Log(flow(mapped("fetch", "[1]")))]

    for log in logs:
        document = trace_json(spans_of(log), version="1.2.3")
        assert list(faults_of(msgspec.json.decode(msgspec.json.encode(document)))) == []


def test_the_check_of_the_shape_finds_what_is_wrong() -> None:
    document = trace_json(spans_of(drafted()), version="1.2.3")
    good = msgspec.json.encode(document).decode()

    for right, wrong in [
        ('"traceId":"', '"traceId":"Z'),
        ('"startTimeUnixNano":"', '"startTimeUnixNano":"-'),
        ('"kind":3', '"kind":"CLIENT"'),
        ('"intValue":"100"', '"intValue":100'),
        ('"parentSpanId"', '"parent_span_id"'),
        ('"status":{"code":1}', '"status":{"code":7}'),
    ]:
        assert right in good
        assert list(faults_of(msgspec.json.decode(good.replace(right, wrong, 1)))) != []


def event_name(event: Json) -> str:
    assert isinstance(event, dict) and isinstance(event["name"], str)
    return event["name"]


def linked(span: Span) -> list[tuple[Json, Json]]:
    links = [link for link in span.links if isinstance(link, dict)]
    return [(link["traceId"], link["spanId"]) for link in links]


# The shape. Source: the JSON encoding in the OTLP specification: lowerCamelCase keys and no others,
# ids in hexadecimal, 64-bit integers as decimal strings, enumerations as integers.

TRACE_ID = re.compile(r"[0-9a-f]{32}")
SPAN_ID = re.compile(r"[0-9a-f]{16}")
UINT64 = re.compile(r"\d{1,20}")
INT64 = re.compile(r"-?\d{1,19}")
SPAN_KEYS = {
    "traceId",
    "spanId",
    "traceState",
    "parentSpanId",
    "flags",
    "name",
    "kind",
    "startTimeUnixNano",
    "endTimeUnixNano",
    "attributes",
    "droppedAttributesCount",
    "events",
    "droppedEventsCount",
    "links",
    "droppedLinksCount",
    "status",
}


def faults_of(document: JsonObject) -> Iterator[str]:
    """Yield what is wrong with an ExportTraceServiceRequest."""
    if set(document) != {"resourceSpans"}:
        yield f"top: {sorted(document)}"
    for resource_spans in document["resourceSpans"]:
        if set(resource_spans) - {"resource", "scopeSpans", "schemaUrl"}:
            yield f"resourceSpans: {sorted(resource_spans)}"
        yield from attribute_faults(resource_spans["resource"]["attributes"])
        for scope_spans in resource_spans["scopeSpans"]:
            if set(scope_spans) - {"scope", "spans", "schemaUrl"}:
                yield f"scopeSpans: {sorted(scope_spans)}"
            if not {"name", "version"} >= set(scope_spans["scope"]):
                yield f"scope: {scope_spans['scope']}"
            for span in scope_spans["spans"]:
                yield from span_faults(span)


def span_faults(span: JsonObject) -> Iterator[str]:
    name = span.get("name")
    if set(span) - SPAN_KEYS:
        yield f"{name}: unknown keys {sorted(set(span) - SPAN_KEYS)}"
    if not name or not isinstance(name, str):
        yield f"name: {name!r}"
    if not TRACE_ID.fullmatch(span["traceId"]) or set(span["traceId"]) == {"0"}:
        yield f"{name}: traceId {span['traceId']!r}"
    for key in ("spanId", "parentSpanId"):
        if key in span and not SPAN_ID.fullmatch(span[key]):
            yield f"{name}: {key} {span[key]!r}"
    if span["kind"] not in (1, 2, 3, 4, 5):
        yield f"{name}: kind {span['kind']!r}"
    start, end = span["startTimeUnixNano"], span["endTimeUnixNano"]
    if not UINT64.fullmatch(start) or not UINT64.fullmatch(end) or int(start) > int(end):
        yield f"{name}: from {start!r} to {end!r}"
    if set(span["status"]) - {"code", "message"} or span["status"].get("code", 0) not in (0, 1, 2):
        yield f"{name}: status {span['status']!r}"
    yield from attribute_faults(span["attributes"])
    for event in span.get("events", []):
        if set(event) - {"timeUnixNano", "name", "attributes", "droppedAttributesCount"}:
            yield f"{name}: event {event!r}"
        if not UINT64.fullmatch(event["timeUnixNano"]):
            yield f"{name}: event at {event['timeUnixNano']!r}"
        yield from attribute_faults(event["attributes"])
    for link in span.get("links", []):
        if not TRACE_ID.fullmatch(link["traceId"]) or not SPAN_ID.fullmatch(link["spanId"]):
            yield f"{name}: link {link!r}"


def attribute_faults(attributes: list[JsonObject]) -> Iterator[str]:
    names = [attribute["key"] for attribute in attributes]
    if len(set(names)) != len(names):
        yield f"a key twice: {names}"
    for attribute in attributes:
        if set(attribute) != {"key", "value"} or not attribute["key"]:
            yield f"attribute {attribute!r}"
        else:
            yield from value_faults(attribute["value"])


def value_faults(value: JsonObject) -> Iterator[str]:
    if len(value) != 1:
        yield f"value {value!r}"
        return
    ((kind, content),) = value.items()
    match kind:
        case "stringValue" if isinstance(content, str):
            return
        case "boolValue" if isinstance(content, bool):
            return
        case "intValue" if isinstance(content, str) and INT64.fullmatch(content):
            return
        case "doubleValue" if isinstance(content, float | int):
            return
        case "arrayValue" if isinstance(content, dict) and set(content) == {"values"}:
            for part in content["values"]:
                yield from value_faults(part)
            return
    yield f"value {value!r}"
