"""Tools: functions that agents may call, described by their own signatures and docstrings."""

import inspect
from collections.abc import Callable
from copy import copy
from functools import partial
from typing import Any, TypeVar, get_type_hints, overload

import msgspec

from tenuto.core.agent.messages import ToolSpec
from tenuto.core.errors import DefinitionError, Problem, Rejected
from tenuto.core.vocabulary import JsonObject

Result = TypeVar("Result")

CONTEXT = "ctx"
"""A parameter of this name gets the `Context` and is hidden from models."""


class Tool:
    """A function with a name, a schema and rules. Calling it calls the function.

    `spec` is what a model sees. `once`: it is never run twice blindly (P3); `verify(effect_id)`
    tells whether it happened: an output if it did, None if it did not, an exception if nobody can
    tell."""

    def __init__(
        self,
        function: Callable[..., Any],
        *,
        name: str = "",
        once: bool = False,
        permission: str = "",
        timeout: float = 0.0,
        verify: Callable[..., Any] | None = None,
    ) -> None:
        self.function = function
        self.once, self.permission, self.verify = once, permission, verify
        self.timeout_ms = round(timeout * 1000)
        self.ref = f"{function.__module__}:{function.__qualname__}"
        self._arguments = _arguments_of(function)
        self.takes_context = CONTEXT in inspect.signature(function).parameters
        self.spec = ToolSpec(
            name=name or function.__name__,
            description=inspect.getdoc(function) or "",
            parameters=_schema_of(self._arguments),
        )
        self.__doc__ = function.__doc__
        self.__name__ = self.spec.name

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"Tool({self.spec.name!r})"

    def bind(self, arguments: JsonObject) -> dict[str, Any]:
        """Return the arguments as the function takes them.

        Raises:
            Rejected: they do not fit the schema; the message is for the model that sent them.
        """
        known = self._arguments.__struct_fields__
        for name in arguments:
            if name not in known:
                names = ", ".join(known) or "none"
                raise Rejected(
                    f"Tool {self.spec.name!r} has no argument {name!r}; it takes: {names}."
                )
        try:
            bound = msgspec.convert(arguments, self._arguments)
        except msgspec.ValidationError as error:
            raise Rejected(f"The arguments do not fit tool {self.spec.name!r}: {error}.") from None
        return {name: getattr(bound, name) for name in known}


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...


@overload
def tool(
    *,
    name: str = "",
    once: bool = False,
    permission: str = "",
    timeout: float = 0.0,
    verify: Callable[..., Any] | None = None,
) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(
    function: Callable[..., Any] | None = None, /, **rules: Any
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Return a `Tool` made of a plain or async function; with rules, a decorator that makes one.

    Args:
        name: what models call it; the function's name by default.
        once: never run it twice blindly (P3).
        permission: name of the permission that a caller needs, as `"orders:refund"`.
        timeout: seconds that one attempt may take; 0: no limit.
        verify: async or plain function of the effect id, telling whether a `once` effect happened.

    Raises:
        DefinitionError: a parameter has no type that JSON can express.

    Example:
        @tool(once=True)
        async def refund(order_id: str, amount_cents: int) -> dict:
            '''Pay an order back.'''
    """
    if function is not None:
        return Tool(function)
    return lambda decorated: Tool(decorated, **rules)


def _arguments_of(function: Callable[..., Any]) -> type[msgspec.Struct]:
    hints = get_type_hints(function)
    fields: list[Any] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if name == CONTEXT:
            continue
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD):
            message = f"Tool {function.__name__!r} takes *{name}; a tool's arguments have names."
            raise DefinitionError([Problem(message=message)])
        kind = hints.get(name, Any)
        if parameter.default is parameter.empty:
            fields.append((name, kind))
        else:
            # msgspec makes a new list, dict or set for each call only where the default is empty.
            default = parameter.default
            if isinstance(default, list | dict | set) and default:
                default = msgspec.field(default_factory=partial(copy, default))
            fields.append((name, kind, default))
    return msgspec.defstruct(
        f"{function.__name__}_arguments", fields, kw_only=True, forbid_unknown_fields=True
    )


def _schema_of(arguments: type[msgspec.Struct]) -> JsonObject:
    try:
        (schema,), components = msgspec.json.schema_components(
            [arguments], ref_template="#/$defs/{name}"
        )
    except TypeError as error:
        message = f"The arguments of {arguments.__name__} cannot be described to a model: {error}"
        raise DefinitionError([Problem(message=message, hint="Use types that JSON has.")]) from None
    schema = dict(components.pop(arguments.__name__, schema))
    schema.pop("title", None)
    if components:
        schema["$defs"] = components
    schema["additionalProperties"] = False
    return schema
