"""What a simulated model says to a request: by rule, and whatever its strategy wants of it."""

import re
import zlib
from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import structs

from tenuto.core.agent.compacting import CHARACTERS_OF_TOKEN, COMPACT
from tenuto.core.agent.messages import Message, ModelAnswer, ModelRequest, ToolCall, ToolSpec, Usage
from tenuto.core.agent.writing import REPLY, SEND
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.testing.simulation.marks import labels_in, marked

_USD_OF_TOKEN: Final = 1e-5
_REQUESTED: Final = re.compile(r"Message (\d+) from \w+ \(request\)")
_THOUGHT: Final = re.compile(r"^\d+\. ", re.MULTILINE)


def spoken(request: ModelRequest) -> ModelAnswer:
    """Return the answer to a request: each tool is called once, then there is an output.

    In how many turns it calls them hangs on the request's effect."""
    texts = [text for message in request.messages for text in texts_of(message)]
    speaker = _Speaker(request, texts)
    answer = speaker.answer()
    tokens_in = sum(map(len, texts)) // CHARACTERS_OF_TOKEN
    said = msgspec.json.encode([answer.text, answer.data, answer.calls])
    tokens_out = len(said) // CHARACTERS_OF_TOKEN
    cost = round((tokens_in + tokens_out) * _USD_OF_TOKEN, 6)
    usage = Usage(input_tokens=tokens_in, output_tokens=tokens_out, cost_usd=cost)
    return structs.replace(answer, usage=usage)


def texts_of(message: Message) -> Iterator[str]:
    """Yield all that a model reads in a message."""
    if message.text:
        yield message.text
    for part in (*message.calls, *message.results):
        yield msgspec.json.encode(part).decode()


class _Speaker:
    """One request, and what can be said to it."""

    def __init__(self, request: ModelRequest, texts: list[str]) -> None:
        self._request, self._texts = request, texts
        self._labels = labels_in(*texts)
        task = f"{request.session}/{request.agent}"
        self._mood = zlib.crc32(task.encode())

    def answer(self) -> ModelAnswer:
        request = self._request
        if request.purpose == COMPACT:
            return ModelAnswer(text=self._marked(f"{request.agent} has done much."))
        calls = self._calls()
        if calls:
            return ModelAnswer(calls=calls, finish="tools")
        if request.output_schema is not None:
            return ModelAnswer(data=self._data(request.output_schema))
        said = f"{request.agent} has read {len(request.messages)} messages."
        return ModelAnswer(text=self._marked(said))

    def _marked(self, text: str) -> str:
        return marked(text, self._labels)

    def _calls(self) -> tuple[ToolCall, ...]:
        """Return the calls of this turn: of tools that were not called yet, some or all at once."""
        request = self._request
        made = [call for message in request.messages for call in message.calls]
        called = {call.tool for call in made}
        left = [tool for tool in request.tools if tool.name not in called and tool.name != REPLY]
        if self._mood // 4 % 2:
            # What it sends then tells what it has seen.
            left.reverse()
        at_once = (len(left), 1, 2, 3)[self._mood % 4]
        calls = [(tool.name, self._arguments(tool)) for tool in left[:at_once]]
        if any(tool.name == REPLY for tool in request.tools):
            answered = {call.arguments.get("message") for call in made if call.tool == REPLY}
            for number in self._requests():
                if number not in answered and (self._mood + number) % 5:
                    calls.append((REPLY, {"message": number, "text": self._marked("so it is")}))
        return tuple(
            ToolCall(id=f"call_{request.turn}_{n}", tool=name, arguments=arguments)
            for n, (name, arguments) in enumerate(calls)
        )

    def _requests(self) -> list[int]:
        """Return the numbers of the requests that other agents have made, each once."""
        found = (int(number) for text in self._texts for number in _REQUESTED.findall(text))
        return list(dict.fromkeys(found))

    def _arguments(self, tool: ToolSpec) -> JsonObject:
        arguments = self._example(tool.parameters)
        found = arguments if isinstance(arguments, dict) else {}
        if tool.name == SEND and self._mood % 3:
            found["kind"] = "request"
        return found

    def _data(self, schema: JsonObject) -> Json:
        match self._request.purpose:
            case "plan":
                return self._plan(schema)
            case "critique":
                return {"good": bool(self._mood % 2), "faults": []}
            case "score":
                thoughts = len(_THOUGHT.findall(self._texts[-1])) or 1
                return {"scores": [float((self._mood + n) % 10) for n in range(thoughts)]}
            case "propose":
                thought: JsonObject = {"thought": self._marked("a thought"), "follows": 0}
                return {"thoughts": [thought] * (1 + self._mood % 2)}
        return self._example(schema)

    def _plan(self, schema: JsonObject) -> Json:
        """Return up to three steps: the last one comes after the others."""
        step = self._example(schema)
        steps = step.get("steps") if isinstance(step, dict) else None
        one = steps[0] if isinstance(steps, list) and steps else {}
        assert isinstance(one, dict), "the schema of a plan has steps"
        names: list[Json] = [f"s{n}" for n in range(self._mood % 4)]
        return {
            "steps": [
                {**one, "id": name, "after": names[:n] if n == 2 else []}
                for n, name in enumerate(names)
            ]
        }

    def _example(self, schema: JsonObject) -> Json:
        """Return a value that fits the usual kinds of schema."""
        for name in ("const", "default"):
            if name in schema:
                return schema[name]
        choices = schema.get("enum") or schema.get("examples")
        if isinstance(choices, list):
            return choices[self._mood % len(choices)]
        options = schema.get("anyOf") or schema.get("oneOf")
        if isinstance(options, list) and isinstance(options[0], dict):
            return self._example(options[0])
        kind = schema.get("type")
        if kind == "object" or "properties" in schema:
            properties = schema.get("properties")
            if not isinstance(properties, dict):
                return {}
            return {
                name: self._example(part)
                for name, part in properties.items()
                if isinstance(part, dict)
            }
        simple: dict[str, Json] = {"integer": 1, "number": 1.5, "boolean": True, "null": None}
        if kind == "array":
            items = schema.get("items")
            return [self._example(items)] if isinstance(items, dict) else []
        words = self._marked("words")
        return simple.get(kind, words) if isinstance(kind, str) else words
