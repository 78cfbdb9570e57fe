"""The model of the calling client as a model of agents: `mcp:client`."""

import re
from typing import Any, Final, Literal

import mcp_types as types
import msgspec
from mcp import MCPError
from mcp.shared.exceptions import NoBackChannelError
from pydantic import ValidationError

from tenuto.core.agent.messages import Message, ModelAnswer, ModelRequest, ToolCall, Usage
from tenuto.core.errors import Escalatable, Fatal
from tenuto.core.vocabulary import JsonObject, SessionId
from tenuto.sdk.runtime import Runtime
from tenuto.server.mcp.client.lines import Line, Lines, Sampled

PROVIDER: Final = "mcp"
CLIENT: Final = "client"
"""The name that leaves the choice to the client; any other is told to it as a hint."""
NO_CLIENT: Final = "no_sampling_client"
"""Code of the failure when nobody is there to be asked."""
GRACE_S: Final = 30.0
"""A client that comes back, or asks for the result, within so many seconds is not missed."""
TOKENS_MAX: Final = 4_096
ANSWER_CHARS_MAX: Final = 1_000_000
_NAME_CHARS_MAX: Final = 100
_CHARS_PER_TOKEN: Final = 4
_FENCED: Final = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)


class ClientModel:
    """Asks whoever has called the session for an answer of their model."""

    labels: tuple[str, ...] = ("untrusted",)
    """Of its answers: nobody here knows what gave them."""

    def __init__(self, lines: Lines | None = None, *, grace_s: float = GRACE_S) -> None:
        self.lines, self._grace_s = lines or Lines(), grace_s
        self.runtime: Runtime | None = None
        """Where sessions are looked up; set once it is there."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        """Return the answer of the client's model.

        Raises:
            Escalatable: no client is there whose model can be asked.
            Fatal: the client refuses, cannot have its model call tools, or answers nonsense.
        """
        root = await self._root(SessionId(request.session))
        lost: tuple[Line, ...] = ()
        while True:
            line = await self.lines.sampling(root, seconds=self._grace_s, but=lost)
            if line is None:
                raise Escalatable(
                    f"Agent {request.agent!r} asks the model of the client that called, and no "
                    "client is there that lets its model be asked (capability sampling). Call the "
                    "tool again from one, with the same key.",
                    code=NO_CLIENT,
                )
            if request.tools and not line.gives_tools:
                raise Fatal(
                    f"Agent {request.agent!r} has tools, and the client does not let its model "
                    "call any (capability sampling.tools).",
                    code="no_tools",
                )
            try:
                given = await line.sample(request.effect, params_of(model, request))
            except MCPError as error:
                if _is_gone(error):
                    lost = (*lost, line)
                    continue
                raise Fatal(
                    f"The client gave no answer of its model: {error.error.message:.500}",
                    code="client_refused",
                ) from None
            except ValidationError:
                raise Fatal("What the client gave is no answer of a model.") from None
            return answer_of(given, request)

    async def _root(self, session: SessionId) -> SessionId:
        """Return the session that a client has started, from one below it."""
        assert self.runtime is not None, "the face says where sessions are"
        head = await self.runtime.session(session).head()
        while head.parent is not None:
            head = await self.runtime.session(head.parent).head()
        return head.session


def _is_gone(error: MCPError) -> bool:
    """Return whether the client is away, rather than unwilling."""
    return isinstance(error, NoBackChannelError) or error.error.code == types.CONNECTION_CLOSED


def params_of(model: str, request: ModelRequest) -> types.CreateMessageRequestParams:
    """Return a request as clients take it."""
    settings = request.settings
    system = request.instructions
    if request.output_schema is not None:
        schema = msgspec.json.encode(request.output_schema).decode()
        wanted = f"Answer with JSON alone, which fits this JSON Schema: {schema}"
        system = f"{system}\n\n{wanted}".strip()
    more: dict[str, Any] = {}
    if request.tools:
        more["tools"] = [
            types.Tool(
                name=tool.name, description=tool.description, input_schema=dict(tool.parameters)
            )
            for tool in request.tools
        ]
    if model != CLIENT:
        hint = types.ModelHint(name=model)
        more["model_preferences"] = types.ModelPreferences(hints=[hint])
    temperature = settings.get("temperature")
    if isinstance(temperature, int | float):
        more["temperature"] = float(temperature)
    tokens = settings.get("max_tokens")
    return types.CreateMessageRequestParams(
        messages=[_message(message) for message in request.messages],
        system_prompt=system or None,
        max_tokens=tokens if isinstance(tokens, int) else TOKENS_MAX,
        **more,
    )


def _message(message: Message) -> types.SamplingMessage:
    blocks: list[Any] = []
    if message.text:
        blocks.append(types.TextContent(text=message.text))
    blocks += [
        types.ToolUseContent(id=call.id, name=call.tool, input=dict(call.arguments))
        for call in message.calls
    ]
    for result in message.results:
        text = result.error
        if text is None:
            value = result.value
            text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
        blocks.append(
            types.ToolResultContent(
                tool_use_id=result.id,
                content=[types.TextContent(text=text)],
                is_error=result.error is not None,
            )
        )
    content = blocks or [types.TextContent(text="")]
    role: types.Role = "assistant" if message.role == "assistant" else "user"
    return types.SamplingMessage(role=role, content=content[0] if len(content) == 1 else content)


def answer_of(given: Sampled, request: ModelRequest) -> ModelAnswer:
    """Return what the client's model said.

    Raises:
        Fatal: it is too long, or calls a tool with what is no object.
    """
    blocks = given.content if isinstance(given.content, list) else [given.content]
    text = "\n".join(block.text for block in blocks if isinstance(block, types.TextContent))
    if len(text) > ANSWER_CHARS_MAX:
        raise Fatal(f"The client's model gave {len(text):,} characters, over {ANSWER_CHARS_MAX:,}.")
    calls = tuple(
        ToolCall(id=block.id, tool=block.name, arguments=_arguments(block.input))
        for block in blocks
        if isinstance(block, types.ToolUseContent)
    )
    if request.output_schema is not None:
        fenced = _FENCED.fullmatch(text)
        text = fenced[1] if fenced is not None else text
    finish: Literal["tools", "length", "stop"] = "tools" if calls else "stop"
    if given.stop_reason == "maxTokens" and not calls:
        finish = "length"
    asked = sum(len(message.text) for message in request.messages) + len(request.instructions)
    return ModelAnswer(
        text=text,
        calls=calls,
        finish=finish,
        # Clients do not tell what was spent; budgets hold by what was said.
        usage=Usage(
            input_tokens=asked // _CHARS_PER_TOKEN, output_tokens=len(text) // _CHARS_PER_TOKEN
        ),
        model=f"{PROVIDER}:{given.model[:_NAME_CHARS_MAX]}",
    )


def _arguments(given: object) -> JsonObject:
    if not isinstance(given, dict):
        raise Fatal("The client's model calls a tool with what is no object.")
    found: JsonObject = given
    return found
