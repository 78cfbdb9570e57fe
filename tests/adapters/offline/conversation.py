"""An agent's turns by hand: the offline model, and the two tools over a real collection."""

import asyncio
from pathlib import Path
from typing import Final

import msgspec

from tenuto.adapters.offline import OfflineModel
from tenuto.adapters.offline.contract import Finding, Plan, Synthesis, Validation, Verdict, as_json
from tenuto.adapters.sqlite_fts import SqliteCollection
from tenuto.core.agent.messages import Message, ModelRequest, ToolCall, ToolResult, ToolSpec
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.ports.collections import Collection, PassageMissing

LIGHTHOUSES: Final = Path(__file__).parents[3] / "examples" / "research" / "lighthouses"

TOOLS: Final = tuple(
    ToolSpec(name=name, description="", parameters={}) for name in ("search", "read")
)


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """What the four tasks made of a question, one after the other."""

    plan: Plan
    findings: list[Finding]
    verdicts: list[Verdict]
    synthesis: Synthesis


def lighthouses(folder: Path) -> SqliteCollection:
    """Return the example collection, indexed in `folder`."""
    return SqliteCollection(folder / "lighthouses.index", LIGHTHOUSES)


def converse(task: str, inputs: JsonObject, collection: Collection | None = None) -> Json:
    """Return the data of the last answer, after all the tool calls that the model made."""
    data, _ = conversation(task, inputs, collection)
    return data


def conversation(
    task: str, inputs: JsonObject, collection: Collection | None = None
) -> tuple[Json, list[ToolCall]]:
    """Return the data of the last answer, and every call."""
    messages: list[Message] = []
    calls: list[ToolCall] = []
    for turn in range(1, 6):
        request = request_of(task, inputs, messages=messages, turn=turn)
        answer = asyncio.run(OfflineModel().answer("offline", request))
        if not answer.calls:
            return answer.data, calls
        assert collection is not None, "a task without tools called one"
        calls += answer.calls
        results = tuple(_called(call, collection) for call in answer.calls)
        messages.append(Message(role="assistant", calls=answer.calls))
        messages.append(Message(role="tool", results=results))
    raise AssertionError("the model did not come to an end in five turns")


def request_of(
    task: str | None, inputs: JsonObject, *, messages: list[Message], turn: int = 1
) -> ModelRequest:
    """Return a request as the runtime makes it."""
    return ModelRequest(
        agent=f"{task}er",
        instructions="",
        inputs=inputs,
        messages=tuple(messages),
        tools=TOOLS,
        output_schema=None,
        settings={"task": task} if task else {},
        turn=turn,
    )


def answered(question: str, collection: Collection, *, most: int = 4) -> Answered:
    """Return what the tasks make of `question`, in the order of the research team."""
    plan = msgspec.convert(
        converse("plan", {"question": question, "max_sub_questions": most}), type=Plan
    )
    findings: list[Finding] = []
    for part in plan.sub_questions:
        inputs: JsonObject = {"question": part, "main_question": question}
        findings.append(msgspec.convert(converse("research", inputs, collection), type=Finding))
    findings = numbered(findings)
    verdicts: list[Verdict] = []
    for finding in findings:
        claims = as_json(finding.claims)
        data = converse("validate", {"claims": claims}, collection)
        verdicts += msgspec.convert(data, type=Validation).verdicts
    inputs = {"question": question, "findings": as_json(findings), "verdicts": as_json(verdicts)}
    data = converse("synthesize", inputs)
    return Answered(
        plan=plan,
        findings=findings,
        verdicts=verdicts,
        synthesis=msgspec.convert(data, type=Synthesis),
    )


def numbered(findings: list[Finding]) -> list[Finding]:
    """Return the findings with an id for each claim."""
    replace = msgspec.structs.replace
    return [
        replace(
            finding,
            claims=[
                replace(claim, id=f"{at}.{n}") for n, claim in enumerate(finding.claims, start=1)
            ],
        )
        for at, finding in enumerate(findings, start=1)
    ]


def _called(call: ToolCall, collection: Collection) -> ToolResult:
    arguments = call.arguments
    try:
        if call.tool == "search":
            query, limit = arguments["query"], arguments["limit"]
            assert isinstance(query, str) and isinstance(limit, int)
            value = as_json(collection.search(query, limit=limit))
        else:
            file, first, last = (arguments[key] for key in ("file", "first_line", "last_line"))
            assert isinstance(file, str) and isinstance(first, int) and isinstance(last, int)
            value = as_json(collection.read(file, first_line=first, last_line=last))
    except PassageMissing as error:
        return ToolResult(id=call.id, tool=call.tool, error=str(error))
    return ToolResult(id=call.id, tool=call.tool, value=value)
