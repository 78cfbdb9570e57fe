"""Nodes from the parts that the builder takes."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.pools import Pool, fault_of_name
from tenuto.core.session.moments import duration_ms
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.faults import meant
from tenuto.core.workflow.literals import expression_of, literal
from tenuto.core.workflow.model import Node, RetryPolicy
from tenuto.sdk.agent import Agent
from tenuto.sdk.options import form_from
from tenuto.sdk.pools import pool_named
from tenuto.sdk.refs import ref_of
from tenuto.sdk.tool import Tool

_KINDS: Final = (
    "agent",
    "tool",
    "function",
    "workflow",
    "condition",
    "map",
    "loop",
    "approval",
    "wait",
    "timer",
    "timer_until",
)
_PARTS: Final = ("inputs", "updates", "run_if", "retry", "timeout", "recover", "compensate", "pool")
KEYS_OF: Final = {
    "map": ("do",),
    "loop": ("do",),
    "approval": ("assignees", "form"),
    "wait": ("form",),
}
_PLAIN: Final = (
    "once",
    "on_failure",
    "concurrency",
    "on_item_failure",
    "repeat",
    "max_iterations",
    "on_expiry",
    "on_timeout",
    "priority",
)


class Body(msgspec.Struct, frozen=True):
    """What a map or loop does with each item or time, with inputs of its own."""

    parts: dict[str, Any]


def body(**parts: Any) -> Body:
    """Return the body of a map or loop: the same parts as `Workflow.node`, without a name."""
    return Body(parts)


class Work(msgspec.Struct, kw_only=True):
    """A node, and what it brings along."""

    node: Node
    code: dict[str, Any]
    agents: list[Agent]
    workflows: list[Any]
    pools: list[Pool] = []


def node_of(id: str, parts: Mapping[str, Any]) -> Work:
    """Return the node that `parts` describe.

    Raises:
        DefinitionError: they do not describe one.
    """
    given = {name: value for name, value in parts.items() if value is not None}
    kinds = [name for name in _KINDS if name in given and given[name] is not False]
    if len(kinds) != 1:
        found = ", ".join(kinds) or "none"
        raise _wrong(id, f"needs exactly one of {', '.join(_KINDS)}; found {found}.")
    keyword = kinds[0]
    work = Work(node=Node(id=id, kind="function"), code={}, agents=[], workflows=[])
    fields: dict[str, Any] = {"id": id, "kind": "timer" if keyword == "timer_until" else keyword}
    purpose = _purpose(id, keyword, given.pop(keyword), given, work)
    common = _common(id, keyword, given, work)
    if "pool" in given:
        common["pool"] = _pool(id, given.pop("pool"), work)
    inputs = {**purpose.pop("inputs", {}), **common.pop("inputs", {})}
    fields |= purpose | common | {"inputs": inputs}
    if given:
        name = sorted(given)[0]
        known = {*_PARTS, *_PLAIN, *KEYS_OF.get(keyword, ())} - {"signal"}
        raise _wrong(id, f"({keyword}) has no part {name!r}.", meant(name, known))
    work.node = Node(**fields)
    return work


def _purpose(
    id: str, keyword: str, value: Any, given: dict[str, Any], work: Work
) -> dict[str, Any]:
    """Return the fields that the node's kind calls for."""
    match keyword:
        case "agent":
            if not isinstance(value, Agent):
                raise _wrong(id, f"has agent={value!r}, which is no Agent.")
            work.agents.append(value)
            return {"ref": value.name}
        case "tool" | "function":
            if keyword == "tool" and callable(value) and not isinstance(value, Tool):
                value = Tool(value)
            kind = "tool" if isinstance(value, Tool) else keyword
            return {"ref": _callable(id, value, work), "kind": kind}
        case "workflow":
            work.workflows.append(value)
            return {"ref": value if isinstance(value, str) else value.name}
        case "condition":
            return {"inputs": {"result": expression_of(value)}}
        case "map":
            return {"items": expression_of(value), "body": _body(id, given, work)}
        case "loop":
            return {"body": _body(id, given, work)}
        case "approval":
            title = value if isinstance(value, str) else id
            assignees = given.pop("assignees", ())
            named = (assignees,) if isinstance(assignees, str) else tuple(assignees)
            return {"title": title, "assignees": named, "form": _form(id, given)}
        case "wait":
            return {"signal": value, "form": _form(id, given)}
        case "timer":
            return {"delay": _delay(id, value)}
    return {"until": expression_of(value)}


def _form(id: str, given: dict[str, Any]) -> JsonObject | None:
    try:
        return form_from(given.pop("form", None))
    except DefinitionError as error:
        problem = error.problems[0]
        raise _wrong(id, f"has a form that is none: {problem.message}", problem.hint) from None


def _common(id: str, keyword: str, given: dict[str, Any], work: Work) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    inputs = given.pop("inputs", None)
    if inputs is not None:
        fields["inputs"] = _expressions(id, "inputs", inputs)
    updates = given.pop("updates", None)
    if updates is not None:
        fields["updates"] = _expressions(id, "updates", updates)
    if "run_if" in given:
        fields["condition"] = expression_of(given.pop("run_if"))
    if "retry" in given:
        fields["retry"] = _retry(id, given.pop("retry"))
    if "timeout" in given:
        timeout = given.pop("timeout")
        if keyword == "wait" and isinstance(timeout, str) and duration_ms(timeout) is None:
            fields["delay"] = timeout
        else:
            fields["timeout_ms"] = duration_of(id, timeout)
    for name in ("recover", "compensate"):
        if name in given:
            fields[name] = _callable(id, given.pop(name), work)
    for name in _PLAIN:
        if name in given:
            fields[name] = given.pop(name)
    if "repeat" in fields:
        fields["repeat"] = expression_of(fields["repeat"])
    return fields


def _body(id: str, given: dict[str, Any], work: Work) -> Node:
    value = given.pop("do", None)
    if value is None:
        raise _wrong(id, "needs do=, the work for each time.")
    if isinstance(value, Body):
        parts = dict(value.parts)
    else:
        keyword = "function"
        if isinstance(value, Agent):
            keyword = "agent"
        elif isinstance(value, Tool):
            keyword = "tool"
        elif hasattr(value, "definition"):
            keyword = "workflow"
        parts = {keyword: value}
        for name in ("inputs", "retry", "timeout", "once", "recover", "pool", "priority"):
            if name in given:
                parts[name] = given.pop(name)
    inner = node_of(f"{id}.do", parts)
    work.code.update(inner.code)
    work.agents += inner.agents
    work.workflows += inner.workflows
    work.pools += inner.pools
    return inner.node


def _pool(id: str, value: Any, work: Work) -> str:
    if not isinstance(value, Pool) and fault_of_name(value):
        raise _wrong(id, f"has pool={value!r:.60}, which {fault_of_name(value)}.")
    name, pools = pool_named(value)
    work.pools += pools
    return name


def _callable(id: str, value: Any, work: Work) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Tool):
        work.code[value.ref] = value
        return value.ref
    if not callable(value):
        raise _wrong(id, f"names {value!r}, which cannot be called.")
    ref = ref_of(value)
    known = work.code.setdefault(ref, value)
    if known != value:
        raise _wrong(id, f"names a second function {ref!r}; give the two names of their own.")
    return ref


def _retry(id: str, value: Any) -> RetryPolicy:
    if isinstance(value, RetryPolicy):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        return RetryPolicy(max_attempts=value)
    raise _wrong(id, f"has retry={value!r:.60}; give a number of attempts, or a RetryPolicy.")


def _delay(id: str, value: Any) -> str:
    """Return the expression of a timer: seconds and words are themselves, other text is one."""
    if isinstance(value, str):
        return value if duration_ms(value) is None else literal(value)
    return literal(duration_of(id, value, part="timer"))


def duration_of(id: str, value: Any, *, part: str = "timeout") -> int:
    """Return milliseconds from seconds (number) or words ("90s", "5m").

    Raises:
        DefinitionError: it is neither.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return round(value * 1000)
    found = duration_ms(value) if isinstance(value, str) else None
    if found is None:
        raise _wrong(id, f'has {part}={value!r:.60}; give seconds, or words such as "90s" or "5m".')
    return found


def _wrong(id: str, what: str, hint: str = "") -> DefinitionError:
    return DefinitionError([Problem(message=f"Node {id!r} {what}", path=f"nodes.{id}", hint=hint)])


def _expressions(id: str, part: str, given: Any) -> dict[str, str]:
    """Return names to expressions; what is no text is a literal."""
    if not isinstance(given, Mapping):
        raise _wrong(id, f"has {part}={given!r:.60}; give a dict of names and expressions.")
    found = {}
    for name, value in given.items():
        if not isinstance(name, str):
            raise _wrong(id, f"has the name {name!r:.60} in {part}, which is no text.")
        try:
            found[name] = expression_of(value)
        except (TypeError, ValueError) as error:
            raise _wrong(id, f"has {part}[{name!r}]={value!r:.60}, no JSON: {error}.") from None
    return found
