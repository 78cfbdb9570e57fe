"""Requests and answers, from Tenuto's words to pydantic-ai's and back. Loads pydantic-ai."""

from collections.abc import AsyncGenerator
from typing import Any, Final, cast

import msgspec
from pydantic_ai import direct
from pydantic_ai import messages as m
from pydantic_ai.models import Model, ModelRequestParameters
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from tenuto.adapters.pydantic_ai.local import LOCAL
from tenuto.core.agent.messages import Delta, Message, ModelAnswer, ModelRequest, ToolCall, Usage
from tenuto.core.errors import Transient
from tenuto.core.vocabulary import Json, JsonObject

OUTPUT_TOOL: Final = "final_output"
"""A call of this tool is the structured output: the one way that all providers share."""

_OURS: Final = frozenset({"task"})
"""Settings that are for the `offline` model."""


async def ask(model: Model, request: ModelRequest, *, name: str) -> ModelAnswer:
    """Return the answer of `model`, which is known as `name`. Raises what pydantic-ai raises.

    Raises:
        Transient: the answer is empty.
    """
    response = await direct.model_request(
        model,
        conversation(request),
        model_settings=_settings(request),
        model_request_parameters=_parameters(request),
    )
    return answer_of(response, name=name)


async def ask_in_pieces(
    model: Model, request: ModelRequest, *, name: str
) -> AsyncGenerator[Delta | ModelAnswer, None]:
    """Return pieces of the answer's text and, last, the answer. Raises what pydantic-ai raises.

    Raises:
        Transient: the answer is empty.
    """
    stream = direct.model_request_stream(
        model,
        conversation(request),
        model_settings=_settings(request),
        model_request_parameters=_parameters(request),
    )
    shown = ""
    async with stream as events:
        async for event in events:
            text = _text_of(event)
            if text:
                shown += text
                yield Delta(text=text)
        response = events.get()
    answer = answer_of(response, name=name)
    if answer.text != shown:
        yield Delta(text=answer.text, restart=True)
    yield answer


def _text_of(event: m.ModelResponseStreamEvent) -> str:
    if isinstance(event, m.PartStartEvent) and isinstance(event.part, m.TextPart):
        return event.part.content
    if isinstance(event, m.PartDeltaEvent) and isinstance(event.delta, m.TextPartDelta):
        return event.delta.content_delta
    return ""


def conversation(request: ModelRequest) -> list[m.ModelMessage]:
    """Return the messages of a request, instructions with the last one."""
    said: list[m.ModelMessage] = []
    for message in request.messages:
        match message.role:
            case "user":
                said.append(m.ModelRequest(parts=[m.UserPromptPart(message.text)]))
            case "assistant":
                said.append(m.ModelResponse(parts=_said(message)))
            case "tool":
                said.append(m.ModelRequest(parts=_results(message)))
    if request.instructions and isinstance(said[-1], m.ModelRequest):
        said[-1].instructions = request.instructions
    return said


def _said(message: Message) -> list[m.ModelResponsePart]:
    parts: list[m.ModelResponsePart] = []
    if message.text or not message.calls:
        parts.append(m.TextPart(message.text))
    for call in message.calls:
        parts.append(m.ToolCallPart(call.tool, call.arguments, tool_call_id=call.id))
    return parts


def _results(message: Message) -> list[m.ModelRequestPart]:
    parts: list[m.ModelRequestPart] = []
    for result in message.results:
        content: Any = result.value if result.error is None else {"error": result.error}
        parts.append(m.ToolReturnPart(result.tool, content, tool_call_id=result.id))
    return parts


def _parameters(request: ModelRequest) -> ModelRequestParameters:
    tools = [
        ToolDefinition(
            name=tool.name, description=tool.description, parameters_json_schema=tool.parameters
        )
        for tool in request.tools
    ]
    if request.output_schema is None:
        return ModelRequestParameters(function_tools=tools)
    output = ToolDefinition(
        name=OUTPUT_TOOL,
        description="Give the final output, in the shape that is asked for.",
        parameters_json_schema=request.output_schema,
        kind="output",
    )
    return ModelRequestParameters(
        function_tools=tools, output_mode="tool", output_tools=[output], allow_text_output=False
    )


def _settings(request: ModelRequest) -> ModelSettings:
    given: dict[str, Any] = {n: v for n, v in request.settings.items() if n not in _OURS}
    # A retry of the client's own would be in no log and would wait without being seen.
    given["max_retries"] = 0
    if request.effect:
        headers = given.get("extra_headers")
        known = dict(headers) if isinstance(headers, dict) else {}
        given["extra_headers"] = {"Idempotency-Key": request.effect, **known}
    return cast(ModelSettings, given)


def answer_of(response: m.ModelResponse, *, name: str) -> ModelAnswer:
    """Return a response as an answer.

    Raises:
        Transient: there is nothing in it.
    """
    text = "".join(part.content for part in response.parts if isinstance(part, m.TextPart))
    wanted = [part for part in response.parts if isinstance(part, m.ToolCallPart)]
    data: Json = None
    calls: list[ToolCall] = []
    for part in wanted:
        arguments: JsonObject = part.args_as_dict()
        if part.tool_name == OUTPUT_TOOL:
            data = arguments
        else:
            calls.append(ToolCall(id=part.tool_call_id, tool=part.tool_name, arguments=arguments))
    if calls:
        # It is not done: what it gave as final output came too early.
        data = None
    elif data is not None:
        text = msgspec.json.encode(data).decode()
    refused = response.finish_reason == "content_filter"
    if refused:
        details = response.provider_details or {}
        text = text or str(details.get("refusal") or "The provider's filter held the answer back.")
    if not text and not calls:
        raise Transient(f"Model {name!r} gave an empty answer.", code="empty_answer")
    return ModelAnswer(
        text=text,
        calls=tuple(calls),
        data=data,
        finish="refusal" if refused else _finish(response, calls),
        usage=_usage(response, priced=not name.startswith(f"{LOCAL}:")),
        model=name,
    )


def _finish(response: m.ModelResponse, calls: list[ToolCall]) -> Any:
    if calls:
        return "tools"
    return "length" if response.finish_reason == "length" else "stop"


def _usage(response: m.ModelResponse, *, priced: bool) -> Usage:
    usage = response.usage
    try:
        # A server of one's own may serve a model of a name that costs money elsewhere.
        cost = float(response.cost().total_price) if priced else 0.0
    except (AssertionError, LookupError, ValueError):
        # Nobody knows what this model costs, or it costs nothing.
        cost = 0.0
    return Usage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_usd=cost,
        cached_tokens=usage.cache_read_tokens,
    )
