"""The `offline` model: no key, no network, the same answer every time.

It extracts; it cannot reason."""

import msgspec

from tenuto.adapters.offline.answering import answer, fill
from tenuto.adapters.offline.contract import (
    EditInputs,
    PlanInputs,
    ResearchInputs,
    ReviewInputs,
    SynthesizeInputs,
    ValidateInputs,
    as_json,
    inputs_as,
)
from tenuto.adapters.offline.editing import edit
from tenuto.adapters.offline.planning import plan
from tenuto.adapters.offline.researching import Wish, kind_of, research
from tenuto.adapters.offline.reviewing import review
from tenuto.adapters.offline.synthesizing import synthesize
from tenuto.adapters.offline.thinking import PURPOSES, think
from tenuto.adapters.offline.validating import validate
from tenuto.core.agent.messages import ModelAnswer, ModelRequest, ToolCall, ToolSpec
from tenuto.core.errors import Fatal
from tenuto.core.vocabulary import JsonObject


class OfflineModel:
    """A `Model` that answers by extraction. What it does is named by `settings.task`."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """Return the answer; `model` is ignored, there is only this one.

        Raises:
            Fatal: the task is unknown, its inputs do not fit, or a tool that it needs is missing.
        """
        if request.purpose in PURPOSES:
            data = think(request)
            return ModelAnswer(text=msgspec.json.encode(data).decode(), data=data)
        match request.settings.get("task"):
            case None:
                return _free(request)
            case "plan":
                return _done(plan(inputs_as(PlanInputs, request.inputs, "plan")))
            case "research":
                found = research(inputs_as(ResearchInputs, request.inputs, "research"), request)
                return _calls(found, request) if isinstance(found, list) else _done(found)
            case "validate":
                judged = validate(inputs_as(ValidateInputs, request.inputs, "validate"), request)
                return _calls(judged, request) if isinstance(judged, list) else _done(judged)
            case "synthesize":
                return _done(synthesize(inputs_as(SynthesizeInputs, request.inputs, "synthesize")))
            case "review":
                return _done(review(inputs_as(ReviewInputs, request.inputs, "review")))
            case "edit":
                return _done(edit(inputs_as(EditInputs, request.inputs, "edit")))
            case other:
                raise Fatal(
                    f"The offline model knows no task {other!r} (settings of agent "
                    f"{request.agent!r}); it knows plan, research, validate, synthesize, review "
                    "and edit, and without a task it extracts from the inputs.",
                    code="offline_task",
                )


def _free(request: ModelRequest) -> ModelAnswer:
    if request.output_schema is None:
        return ModelAnswer(text=answer(request))
    data = fill(request.output_schema, request)
    return ModelAnswer(text=msgspec.json.encode(data).decode(), data=data)


def _done(value: msgspec.Struct) -> ModelAnswer:
    data = as_json(value)
    return ModelAnswer(text=msgspec.json.encode(data).decode(), data=data)


def _calls(wishes: list[Wish], request: ModelRequest) -> ModelAnswer:
    tools = {kind_of(tool.name): tool for tool in request.tools}
    missing = sorted({wish.tool for wish in wishes} - tools.keys())
    if missing:
        raise Fatal(
            f"The offline model needs a tool named {missing[0]!r} for this task, and agent "
            f"{request.agent!r} has {sorted(tool.name for tool in request.tools)!r}; give it one.",
            code="offline_tool_missing",
        )
    calls = tuple(
        ToolCall(
            id=f"{request.turn}.{at}",
            tool=tools[wish.tool].name,
            arguments={**_handed_on(tools[wish.tool], request), **wish.arguments},
        )
        for at, wish in enumerate(wishes, start=1)
    )
    return ModelAnswer(calls=calls, finish="tools")


def _handed_on(tool: ToolSpec, request: ModelRequest) -> JsonObject:
    """Return the arguments that the agent's inputs hold under the name of a parameter."""
    properties = tool.parameters.get("properties")
    names = properties if isinstance(properties, dict) else {}
    return {name: request.inputs[name] for name in names if name in request.inputs}
