"""Tools: code that an agent or a node calls, and where such code comes from at run time."""

from collections.abc import Callable, Sequence
from typing import Protocol, TypeAlias, runtime_checkable

from tenuto.core.agent.messages import ToolSpec
from tenuto.core.vocabulary import JsonObject

Function: TypeAlias = Callable[..., object]


@runtime_checkable
class ToolCode(Protocol):
    """A tool as the runtime sees it; `tenuto.tool` makes them."""

    spec: ToolSpec
    function: Function
    once: bool
    safe: bool
    """It changes nothing in the world, and tells nobody."""
    attempts_max: int
    """How often a transient failure has it tried in all; 0: as often as any tool."""
    labels: tuple[str, ...]
    """What is true of all that it returns, as `untrusted`."""
    timeout_ms: int
    verify: Function | None
    takes_context: bool
    permission: str

    def bind(self, arguments: JsonObject) -> dict[str, object]:
        """Return the arguments as the function takes them.

        Raises:
            Rejected: they do not fit the tool's schema, in words for a model.
        """
        ...


@runtime_checkable
class PooledTool(Protocol):
    """A tool that may name a pool, whose workers carry its calls out."""

    ref: str
    """How other processes find it."""
    pool: str
    """Empty: it names none."""
    priority: int


class ToolSource(Protocol):
    """A place whose tools are found at run time, such as a server; they may change."""

    async def tools(self) -> Sequence[ToolCode]:
        """Return the tools that there are now, each under the name that the place gives it.

        Cheap when nothing changed: it is asked before each turn of an agent that uses it.

        Raises:
            WorkFailed: `Transient` when the place is away; `Escalatable` when a person must see to
                it.
        """
        ...

    async def close(self) -> None:
        """Let the place go."""
        ...
