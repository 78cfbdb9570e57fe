"""Which code a definition from outside may name: what this server was given, and nothing else.

A definition names functions and tools by `module:name`, and whoever runs it imports them. That is
right for definitions of the process itself. One that came over the network could so have any
function of any installed package called, so it may name only

- what workflows that this server offers name, each for the use that it has there;
- the ready-made tools that reach nothing of this machine (`READY`), with arguments that keep it so;
- tools of sources (`github.*`), which whoever started the server connected;
- functions and tools that modules allowed by `--allow-code` themselves define.
"""

from collections.abc import Callable, Iterable, Mapping
from types import ModuleType
from typing import Any, Final, TypeAlias

import msgspec

from tenuto.core.agent.remembering import MEMORY_TOOLS
from tenuto.core.agent.tool_names import is_of_a_source
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.faults import Fault, meant
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.core.workflow.named_code import CodeFault, CodeKind, named_code
from tenuto.ports.tool import ToolCode
from tenuto.runtime.code import CodeNotFound, imported

_HTTP_SECONDS_MAX: Final = 30
_HTTP_BYTES_MAX: Final = 256 * 1024


class Domain(msgspec.Struct, frozen=True, kw_only=True):
    """What an organisation may name beside the server's code."""

    collections: frozenset[str] = frozenset()
    """Names of its collections, as `tenuto.open_collection` takes them."""
    workflows: frozenset[str] = frozenset()
    """Names of workflows that it can start."""


def _python(given: JsonObject, domain: Domain) -> str:
    return _fault_of("python", given)


def _notify(given: JsonObject, domain: Domain) -> str:
    return _fault_of("notify", given)


def _http(given: JsonObject, domain: Domain) -> str:
    # `headers_from` reads this server's environment, `private` reaches its neighbours.
    fault = _fault_of("http", given, "allow", "methods", "timeout", "bytes_max")
    for name, most in (("timeout", _HTTP_SECONDS_MAX), ("bytes_max", _HTTP_BYTES_MAX)):
        value = given.get(name, most)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= most:
            fault = fault or f"{name} is more than 0 and at most {most}"
    return fault


def _search(given: JsonObject, domain: Domain) -> str:
    # Its collection may also be a folder of this machine, or another organisation's.
    if given.get("collection") not in domain.collections:
        return f"the organisation has no collection {given.get('collection')!r:.80}"
    return _fault_of("search", given, "collection")


def _fault_of(tool: str, given: JsonObject, *known: str) -> str:
    """Rules of the process know tools by name and permission, and data by labels: none of them is
    for others to choose. A name may be longer, so that an agent can have several."""
    strange = sorted(given.keys() - {"name", *known})
    if strange:
        return f"{strange[0]!r} cannot be set over the API"
    name = given.get("name", tool)
    if not isinstance(name, str) or (name != tool and not name.startswith(f"{tool}_")):
        return f"its name is {tool!r}, or begins with '{tool}_'"
    return ""


READY: Final[Mapping[str, tuple[str, Callable[[JsonObject, Domain], str]]]] = {
    "http": ("web", _http),
    "notify": ("people", _notify),
    "python": ("sandboxed", _python),
    "search": ("documents", _search),
}
"""Ready-made tool to its module below `tenuto.tools`, and what judges its arguments. The others
work on files, databases and programs of this machine."""

_READY_PLACES: Final = {
    f"tenuto.tools{module}:{name}": judge
    for name, (below, judge) in READY.items()
    for module in ("", f".{below}")
}


class AllowedCode:
    """The code that definitions from outside may name."""

    def __init__(self, modules: Iterable[str] = ()) -> None:
        self._modules = tuple(modules)
        self._refs: dict[CodeKind, set[str]] = {
            "tool": set(MEMORY_TOOLS),
            "function": set(),
            "workflow": set(),
        }

    def allow(self, definition: WorkflowDefinition, code: Mapping[str, object]) -> None:
        """Let others name what a workflow of this server names, and the code that it brings."""
        for named in named_code(definition):
            self._refs[named.kind].add(named.ref)
        for ref, found in code.items():
            self._refs["tool" if isinstance(found, ToolCode) else "function"].add(ref)

    def judge(self, domain: Domain) -> CodeFault:
        """Return what tells why a definition of an organisation may not name something."""

        def fault_of(ref: str, kind: CodeKind) -> Fault | None:
            if kind == "workflow":
                if ref in domain.workflows:
                    return None
                return Fault((), f"There is no workflow {ref!r}.", meant(ref, domain.workflows))
            if ref in self._refs[kind]:
                return None
            if kind == "tool" and is_of_a_source(ref):
                return None
            return self._fault(ref, kind, domain)

        return fault_of

    def _fault(self, ref: str, kind: CodeKind, domain: Domain) -> Fault | None:
        place, _, arguments = ref.partition("(")
        ready = _READY_PLACES.get(place)
        if ready is not None and kind == "tool":
            return _fault_of_ready(ref, arguments, lambda given: ready(given, domain))
        if self._is_in_allowed_module(place):
            return self._fault_of_allowed(ref, kind)
        hint = meant(ref, self._refs[kind])
        if ready is not None:
            hint = f"Name it under tool or tools, as {place}({{…}})."
        return Fault((), f"This server gives no {kind} {ref!r:.200} to workflows.", hint)

    def _is_in_allowed_module(self, place: str) -> bool:
        module, _, path = place.partition(":")
        inner = any(part.startswith("_") for part in (*module.split("."), *path.split(".")))
        return bool(path) and not inner and self._is_allowed(module)

    def _is_allowed(self, module: str) -> bool:
        return any(module == one or module.startswith(f"{one}.") for one in self._modules)

    def _fault_of_allowed(self, ref: str, kind: CodeKind) -> Fault | None:
        """What is imported by an allowed module is not given by it: `shop:os.system`."""
        try:
            found: Any = imported(ref)
        except CodeNotFound as error:
            return Fault((), str(error))
        is_tool = isinstance(found, ToolCode)
        if is_tool != (kind == "tool"):
            word = "tool" if is_tool else "plain function"
            return Fault((), f"{ref!r:.200} is a {word}; name it as one.")
        origin = found.function if is_tool else found
        home = getattr(origin, "__module__", None)
        if isinstance(origin, ModuleType | type) or not self._is_allowed(str(home)):
            return Fault((), f"{ref!r:.200} is not defined in a module that this server allows.")
        return None


def _fault_of_ready(ref: str, arguments: str, judge: "_JudgesArguments") -> Fault | None:
    hint = "The guide to the server lists the ready-made tools that workflows may name over it."
    try:
        given = msgspec.json.decode(arguments.removesuffix(")") or "{}", type=dict[str, Any])
    except msgspec.DecodeError as error:
        return Fault((), f"The arguments of {ref!r:.200} are no JSON object: {error}.", hint)
    fault = judge(given)
    if fault:
        return Fault((), f"The tool {ref!r:.200} cannot be used here: {fault}.", hint)
    try:
        imported(ref)
    except CodeNotFound as error:
        return Fault((), str(error))
    return None


_JudgesArguments: TypeAlias = Callable[[JsonObject], str]
