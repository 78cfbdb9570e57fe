"""Finds the code that a definition names: functions and tools, registered or importable."""

import importlib
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeAlias

import msgspec

from tenuto.core.errors import Escalatable, Rejected
from tenuto.ports.tool import ToolCode, ToolSource

Function: TypeAlias = Callable[..., Any]

MAKES_TOOLS: Final = "__tenuto_makes_tools__"
"""Marks functions that a name may have called with arguments, to make the tool that it names."""


class CodeNotFound(Escalatable):
    """The process does not have the code that a definition names."""


class Code:
    """Functions and tools by the names that definitions use."""

    def __init__(self) -> None:
        self._functions: dict[str, Function] = {}
        self._tools: dict[str, ToolCode] = {}
        self.sources: dict[str, ToolSource] = {}
        """Where tools are found at run time, by namespace."""
        self.edition = 0
        """A new number with each change of what a name stands for."""

    def tools(self) -> Mapping[str, ToolCode]:
        """Return the tools that are registered, by the names that definitions use."""
        return self._tools

    def has_tool(self, ref: str) -> bool:
        """Return whether a tool is registered under this very name."""
        return ref in self._tools

    def register(self, code: Mapping[str, Function | ToolCode]) -> None:
        """Add code under its names; a later registration replaces an earlier one."""
        for ref, found in code.items():
            known = self._tools.get(ref) or self._functions.get(ref)
            if known is found:
                continue
            self.edition += 1
            self._functions.pop(ref, None)
            self._tools.pop(ref, None)
            if isinstance(found, ToolCode):
                self._tools[ref] = found
                self._functions[ref] = found.function
            else:
                self._functions[ref] = found

    def function(self, ref: str) -> Function:
        """Return the function `ref`: registered, or imported from `module:name`.

        Raises:
            CodeNotFound: this process has no such function.
        """
        if ref not in self._functions:
            self.register({ref: imported(ref)})
        return self._functions[ref]

    def tool(self, ref: str) -> ToolCode:
        """Return the tool `ref`.

        Raises:
            CodeNotFound: this process has no such tool.
        """
        self.function(ref)
        if ref not in self._tools:
            raise CodeNotFound(
                f"{ref!r} is a plain function, not a tool; put @tool above it.",
                code="code_not_found",
            )
        return self._tools[ref]


def imported(ref: str) -> Function | ToolCode:
    """Return what `module:name` names, or what `module:factory({…})` makes.

    Raises:
        CodeNotFound: it cannot be imported or made.
    """
    place, bracket, arguments = ref.partition("(")
    found = _import(place)
    return _made(ref, found, arguments) if bracket else found


def _made(ref: str, factory: Any, arguments: str) -> ToolCode:
    if not getattr(factory, MAKES_TOOLS, False):
        raise CodeNotFound(
            f"{ref!r:.200} calls what makes no tools; put @tenuto.tool_factory above it.",
            code="code_not_found",
        )
    try:
        given = msgspec.json.decode(arguments.removesuffix(")") or "{}", type=dict[str, Any])
        tool = factory(**given)
    except (msgspec.DecodeError, TypeError, Rejected) as error:
        raise CodeNotFound(
            f"{ref!r:.200} cannot be made: {str(error).rstrip('.')}. "
            'Arguments are JSON, as in shop:lookup({"table": "orders"}).',
            code="code_not_found",
        ) from None
    assert isinstance(tool, ToolCode), "a factory of tools makes nothing else"
    return tool


def _import(ref: str) -> Function | ToolCode:
    module_name, _, path = ref.partition(":")
    hint = "Give the workflow to tenuto.open(workflows=[…]), or make its module importable"
    if not path or "<" in path:
        raise CodeNotFound(
            f"This process has no function or tool {ref!r}. {hint}; then approve to try again.",
            code="code_not_found",
        )
    try:
        found: Any = importlib.import_module(module_name)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise CodeNotFound(
            f"{ref!r} cannot be imported: {error}. {hint}; then approve to try again.",
            code="code_not_found",
        ) from None
    if not callable(found):
        raise CodeNotFound(f"{ref!r} is not callable: {found!r:.80}.", code="code_not_found")
    return found  # type: ignore[no-any-return]  # whatever is callable can be called
