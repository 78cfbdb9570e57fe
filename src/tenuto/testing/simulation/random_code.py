"""The code that random workflows name: functions, tools, guards."""

import zlib
from collections.abc import Callable, Mapping
from typing import Any, Final, TypedDict, Unpack

import msgspec

from tenuto.core.agent.guards import GuardContext, Verdict
from tenuto.core.agent.messages import ToolSpec
from tenuto.core.agent.remembering import MEMORY_TOOLS
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.runtime.code import imported
from tenuto.runtime.context import Context
from tenuto.testing.simulation.marks import labels_in, marked

GUARD: Final = "simulated:guard"


async def _work(ctx: Context, node: str, n: Json = 1, seen: Json = None) -> JsonObject:
    """Return something for every key of the state."""
    number = n if isinstance(n, int) else 1
    ctx.note("worked", {"node": node})
    return {
        "total": number + ctx.task,
        "marks": f"{node}:{ctx.task}",
        "words": [node],
        "best": number,
        "least": number,
        "facts": {node: ctx.task},
        "names": [marked(node, labels_in(seen))],
        "rounds": 1,
        "padding": "x" * (70_000 if ctx.task % 23 == 0 else 20),
    }


async def _recover(
    ctx: Context, error: Json, inputs: JsonObject, attempt: int
) -> JsonObject | None:
    return {**inputs, "n": attempt} if ctx.task % 3 else None


async def _undo(ctx: Context, output: Json, inputs: JsonObject) -> None:
    return None


class Traits(TypedDict, total=False):
    """What can be said of a simulated tool."""

    once: bool
    safe: bool
    permission: str
    labels: tuple[str, ...]
    verify: Callable[..., Any]


class SimulatedTool:
    """A tool of random workflows: it gives the marks that it was given, and those of its labels."""

    def __init__(self, name: str, **traits: Unpack[Traits]) -> None:
        parameters: JsonObject = {"type": "object", "properties": {"what": {"type": "string"}}}
        self.spec = ToolSpec(name=name, description=f"{name} at something", parameters=parameters)
        self.once, self.verify = traits.get("once", False), traits.get("verify")
        self.safe, self.permission = traits.get("safe", False), traits.get("permission", "")
        self.labels = traits.get("labels", ())
        self.timeout_ms, self.attempts_max = 10_000, 0
        self.takes_context = False
        self.function: Callable[..., Any] = self._run

    def bind(self, arguments: JsonObject) -> dict[str, Any]:
        """See `ToolCode.bind`."""
        return dict(arguments)

    async def _run(self, what: str = "it") -> JsonObject:
        name = self.spec.name
        whom = "ann@example.com" if self.labels else name
        return {"rounds": 1, "names": [marked(name, (*self.labels, *labels_in(what)))], "to": whom}


class Studying(SimulatedTool):
    """A tool that recalls what it is asked about, and remembers what it found."""

    def __init__(self, name: str, **traits: Unpack[Traits]) -> None:
        super().__init__(name, **traits)
        self.takes_context = True
        self.function = self._study

    async def _study(self, ctx: Context, what: str = "it") -> JsonObject:
        found = await ctx.memory.recall(str(what), limit=3)
        known = labels_in(what, *(item.text for item in found))
        text = marked("words of it", (*self.labels, *known))
        await ctx.memory.remember(text)
        return {"rounds": 1, "names": [text]}


def random_code(verify: Callable[[str], Json]) -> dict[str, Any]:
    """Return the code that random workflows name; `verify` tells whether an effect happened."""

    async def ask(effect: str) -> Json:
        return verify(effect)

    tools = (
        SimulatedTool("look"),
        SimulatedTool("fetch", labels=("untrusted",)),
        SimulatedTool("open", labels=("secret",), permission="files:read", safe=True),
        SimulatedTool("pay", once=True, verify=ask, permission="orders:pay"),
        SimulatedTool("mail", once=True, permission="mail:send"),
        SimulatedTool("post", permission="news:post"),
        Studying("study", labels=("untrusted",)),
    )
    return {
        "simulated:work": _work,
        "simulated:recover": _recover,
        "simulated:undo": _undo,
        **{f"simulated:{tool.spec.name}": tool for tool in tools},
        **{ref: imported(ref) for ref in MEMORY_TOOLS},
    }


def _guard(value: Json, ctx: GuardContext) -> Verdict:
    """Judge by the bytes of the value, so that the same is said of the same."""
    number = zlib.crc32(msgspec.json.encode(value)) % 12
    if number == 0:
        return Verdict.block("it looks bad")
    if number == 1:
        return Verdict.ask("it looks strange")
    if number == 2 and isinstance(value, str):
        return Verdict.rewrite(f"{value} (seen)", "it was marked")
    return Verdict.passes()


GUARDS: Final[Mapping[str, Any]] = {GUARD: _guard}
"""Guards are the runtime's own business: no weather comes over them."""
