"""Tools: functions that agents may call, described by their own signatures and docstrings."""

import inspect
import re
from collections.abc import Callable, Sequence
from copy import copy
from functools import partial
from typing import Annotated, Any, Final, TypedDict, Unpack, get_type_hints, overload

import msgspec

from tenuto.core import limits
from tenuto.core.agent.messages import ToolSpec
from tenuto.core.errors import DefinitionError, Problem, Rejected
from tenuto.core.pools import Pool, fault_of_name, fault_of_priority
from tenuto.core.vocabulary import JsonObject
from tenuto.sdk.pools import pool_named
from tenuto.sdk.refs import ref_of

CONTEXT = "ctx"
"""A parameter of this name gets the `Context` and is hidden from models."""

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
"""What the providers of models take as the name of a tool."""


class Rules(TypedDict, total=False):
    """What can be said about a tool besides its function."""

    name: str
    once: bool
    safe: bool
    permission: str
    labels: Sequence[str]
    retries: int | None
    timeout: float
    verify: Callable[..., Any] | None
    pool: Pool | str
    priority: int


class Tool:
    """A function with a name, a schema and rules. Calling it calls the function.

    `spec` is what a model sees. `once`: it is never run twice blindly (P3); `verify(effect_id)`
    tells whether it happened: an output if it did, None if it did not, an exception if nobody can
    tell."""

    def __init__(self, function: Callable[..., Any], **rules: Unpack[Rules]) -> None:
        named = getattr(function, "__name__", type(function).__name__)
        faults = _faults(rules, rules.get("name") or named)
        if faults:
            raise DefinitionError([Problem(message=f"Tool {named!r} {fault}") for fault in faults])
        self.function = function
        self.once, self.permission = rules.get("once", False), rules.get("permission", "")
        self.safe, self.labels = rules.get("safe", False), tuple(rules.get("labels", ()))
        retries = rules.get("retries")
        self.attempts_max = 0 if retries is None else retries + 1
        self.verify = rules.get("verify")
        self.pool, self.pools = pool_named(rules.get("pool", ""))
        self.priority = rules.get("priority", 0)
        self.timeout_ms = round(rules.get("timeout", 0.0) * 1000)
        self.ref = ref_of(function)
        description, descriptions = _documentation(function)
        self._arguments = _arguments_of(function, descriptions)
        self.takes_context = CONTEXT in inspect.signature(function).parameters
        self.spec = ToolSpec(
            name=rules.get("name") or named,
            description=description,
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
        return msgspec.structs.asdict(bound)


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...


@overload
def tool(**rules: Unpack[Rules]) -> Callable[[Callable[..., Any]], Tool]: ...


def tool(
    function: Callable[..., Any] | None = None, /, **rules: Unpack[Rules]
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Return a `Tool` made of a plain or async function; with rules, a decorator that makes one.

    The docstring tells the model what the tool does; an `Args:` section, what each argument means.

    Args:
        name: what models call it; the function's name by default.
        once: never run it twice blindly (P3).
        safe: it changes nothing in the world and tells nobody; labelled data may reach it.
        permission: name of the permission that a caller needs, as `"orders:refund"`.
        labels: what is true of all that it returns, as `["untrusted"]`.
        retries: how often a transient failure is tried again; 2 by default. A `tool` node with a
            `retry` of its own knows better.
        timeout: seconds that one attempt may take; 0: no limit.
        verify: async or plain function of the effect id, telling whether a `once` effect happened.
        pool: a `Pool`, or the name of one: its workers carry out the calls; see the guide to
            workers.
        priority: of its calls in the pool; a higher one goes first.

    Raises:
        DefinitionError: a rule does not fit, or a parameter has no type that JSON can express.

    Example:
        @tool(once=True)
        async def refund(order_id: str, amount_cents: int) -> dict:
            '''Pay an order back.'''
    """
    if function is not None:
        return Tool(function, **rules)
    return lambda decorated: Tool(decorated, **rules)


def _faults(rules: Rules, name: str) -> list[str]:
    faults = [
        f"has no rule {rule!r}; there are: {', '.join(Rules.__annotations__)}."
        for rule in rules
        if rule not in Rules.__annotations__
    ]
    if not _NAME.fullmatch(name):
        faults.append(f"is named {name!r}; models take letters, digits, _ and -: give it name=….")
    timeout: object = rules.get("timeout", 0)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float) or timeout < 0:
        faults.append(f"has timeout={timeout!r}; give seconds.")
    retries: object = rules.get("retries")
    if retries is not None and (
        isinstance(retries, bool)
        or not isinstance(retries, int)
        or not 0 <= retries < limits.ATTEMPTS_MAX
    ):
        faults.append(f"has retries={retries!r}; give 0 to {limits.ATTEMPTS_MAX - 1}.")
    labels: Sequence[object] = rules.get("labels", ())
    if isinstance(labels, str) or not all(isinstance(name, str) and name for name in labels):
        faults.append(f"has labels={labels!r:.60}; give a list of names, as ['untrusted'].")
    if rules.get("safe") and rules.get("once"):
        faults.append("is safe=True and once=True; what changes nothing may run twice.")
    pool: object = rules.get("pool", "")
    if pool != "" and not isinstance(pool, Pool) and fault_of_name(pool):
        faults.append(f"has pool={pool!r:.60}, which {fault_of_name(pool)}.")
    priority: object = rules.get("priority", 0)
    if fault_of_priority(priority):
        faults.append(f"has priority={priority!r:.60}, which {fault_of_priority(priority)}.")
    if rules.get("verify") is not None and not rules.get("once"):
        faults.append("has verify=, which is asked only about once=True; say that too.")
    return faults


def _arguments_of(
    function: Callable[..., Any], descriptions: dict[str, str]
) -> type[msgspec.Struct]:
    name = getattr(function, "__name__", type(function).__name__)
    try:
        hints = get_type_hints(function, include_extras=True)
    except (NameError, TypeError) as error:
        message = f"The annotations of tool {name!r} cannot be read: {error}."
        raise DefinitionError([Problem(message=message)]) from None
    fields: list[Any] = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name == CONTEXT:
            continue
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            message = f"Tool {name!r} takes {parameter}; a tool's arguments are passed by name."
            raise DefinitionError([Problem(message=message)])
        kind = hints.get(parameter.name, Any)
        if parameter.name in descriptions:
            kind = Annotated[kind, msgspec.Meta(description=descriptions[parameter.name])]
        fields.append((parameter.name, kind, *_default(parameter)))
    return msgspec.defstruct(f"{name}_arguments", fields, kw_only=True, forbid_unknown_fields=True)


def _default(parameter: inspect.Parameter) -> tuple[Any, ...]:
    default = parameter.default
    if default is parameter.empty:
        return ()
    # msgspec makes a new list, dict or set for each call only where the default is empty.
    if isinstance(default, list | dict | set) and default:
        return (msgspec.field(default_factory=partial(copy, default)),)
    return (default,)


def _schema_of(arguments: type[msgspec.Struct]) -> JsonObject:
    try:
        (schema,), components = msgspec.json.schema_components(
            [arguments], ref_template="#/$defs/{name}"
        )
    except TypeError as error:
        name = arguments.__name__.removesuffix("_arguments")
        message = f"The arguments of tool {name!r} cannot be described to a model: {error}"
        raise DefinitionError([Problem(message=message, hint="Use types that JSON has.")]) from None
    schema = dict(components.pop(arguments.__name__, schema))
    schema.pop("title", None)
    if components:
        schema["$defs"] = components
    schema["additionalProperties"] = False
    return schema


_SECTION: Final = re.compile(
    r"^(Args|Arguments|Parameters|Returns|Raises|Yields|Example|Examples):"
)
_ARGUMENT: Final = re.compile(r"^(\s+)\*{0,2}(\w+)(?:\s*\([^)]*\))?:\s*(.*)$")


def _documentation(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """Return what the docstring says of the tool, and of each argument in its `Args:` section."""
    text: list[str] = []
    arguments: dict[str, str] = {}
    section, indent, last = "", "", ""
    for line in (inspect.getdoc(function) or "").splitlines():
        heading = _SECTION.match(line)
        if heading is not None:
            section, indent = heading[1], ""
        elif section in ("Args", "Arguments", "Parameters"):
            found = _ARGUMENT.match(line)
            if found is not None and found[1] == (indent or found[1]):
                indent, last = found[1], found[2]
                arguments[last] = found[3]
            elif line.strip() and last:
                arguments[last] = f"{arguments[last]} {line.strip()}".strip()
        elif not section or not line.startswith((" ", "\t")):
            if line.strip() and section:
                section = ""
            if not section:
                text.append(line)
    return "\n".join(text).strip(), arguments
