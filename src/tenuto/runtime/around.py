"""What is done around a turn of a model and around a call of a tool, in a fixed order.

Each part may change what goes in and what comes out, or raise what stops it. What it wants on
record it adds to `notes`; they enter the log together with the outcome. What goes in passes the
parts from the first to the last, what comes out from the last to the first.
"""

from typing import Protocol, TypeAlias, runtime_checkable

from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.core.session.effects import AskModel, Call, CallTool, Verify
from tenuto.core.session.inputs import Note
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.ports.tool import ToolCode

ToolUse: TypeAlias = Call | CallTool | Verify
"""A call by a node, or by an agent's model; or what became of one that was in doubt."""


class AroundTurn(Protocol):
    """One part around the turns of models."""

    def looks_at(self, turn: AskModel) -> bool:
        """Return whether it may have anything to do with the turn; if not, it is passed by."""
        ...

    async def before(
        self, turn: AskModel, request: ModelRequest, notes: list[Note]
    ) -> ModelRequest:
        """Return the request as it is to be made. What it raises is the turn's outcome."""
        ...

    async def after(
        self, turn: AskModel, request: ModelRequest, answer: ModelAnswer, notes: list[Note]
    ) -> ModelAnswer:
        """Return the answer as it is to be recorded. What it raises is the turn's outcome."""
        ...


class AroundCall(Protocol):
    """One part around the calls of tools."""

    def looks_at(self, call: ToolUse) -> bool:
        """Return whether it may have anything to do with the call; if not, it is passed by."""
        ...

    async def before(
        self, call: ToolUse, tool: ToolCode, arguments: JsonObject, notes: list[Note]
    ) -> JsonObject:
        """Return the arguments as they are to be used. What it raises is the call's outcome."""
        ...

    async def after(self, call: ToolUse, tool: ToolCode, output: Json, notes: list[Note]) -> Json:
        """Return the output as it is to be recorded. What it raises is the call's outcome."""
        ...


@runtime_checkable
class AroundFailure(Protocol):
    """A part around the calls of tools that looks at their failures too: what a failed call says
    goes back to the model."""

    async def failed(
        self, call: ToolUse, tool: ToolCode, error: Exception, notes: list[Note]
    ) -> Exception:
        """Return the failure as it is to be recorded; it must call for the same."""
        ...


@runtime_checkable
class AroundFunction(Protocol):
    """A part around the functions of nodes, which take what they are given and are not held up."""

    def ready(self, call: Call) -> None:
        """Check that what is needed afterwards is there. What it raises is the call's outcome."""
        ...

    async def given(self, call: Call, output: Json, notes: list[Note]) -> Json:
        """Return what a function gave, as it is to be recorded. What it raises is the call's
        outcome."""
        ...


@runtime_checkable
class HoldsBack(Protocol):
    """A part around the turns of models that may have to see a whole answer first."""

    def holds_back(self, turn: AskModel) -> bool:
        """Return whether nothing may be shown of an answer while it is being given."""
        ...
