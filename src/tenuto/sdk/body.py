"""Nodes from the parts that the builder takes."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.session.moments import duration_ms
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.model import Node, RetryPolicy
from tenuto.sdk.agent import Agent
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
_PLAIN: Final = (
    "once",
    "on_failure",
    "concurrency",
    "on_item_failure",
    "repeat",
    "max_iterations",
    "on_expiry",
    "on_timeout",
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
    fields |= _purpose(id, keyword, given.pop(keyword), given, work)
    fields |= _common(id, given, work)
    if given:
        raise _wrong(id, f"has parts that no {keyword} node has: {', '.join(sorted(given))}.")
    work.node = Node(**{name: value for name, value in fields.items() if name != "_inputs"})
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
            return {"ref": _callable(id, value, work)} | (
                {"kind": "tool"} if isinstance(value, Tool) else {}
            )
        case "workflow":
            work.workflows.append(value)
            return {"ref": value if isinstance(value, str) else value.name}
        case "condition":
            return {"inputs": {"result": value}}
        case "map":
            return {"items": value, "body": _body(id, given, work)}
        case "loop":
            return {"body": _body(id, given, work)}
        case "approval":
            title = value if isinstance(value, str) else id
            return {"title": title, "assignees": tuple(given.pop("assignees", ()))}
        case "wait":
            return {"signal": value}
        case "timer":
            return {"delay": literal(value) if _is_duration(value) else value}
    return {"until": value}


def _common(id: str, given: dict[str, Any], work: Work) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    inputs = given.pop("inputs", None)
    if inputs is not None:
        fields["inputs"] = {name: expression_of(value) for name, value in inputs.items()}
    updates = given.pop("updates", None)
    if updates is not None:
        fields["updates"] = {name: expression_of(value) for name, value in updates.items()}
    if "run_if" in given:
        fields["condition"] = given.pop("run_if")
    if "retry" in given:
        retry = given.pop("retry")
        fields["retry"] = RetryPolicy(max_attempts=retry) if isinstance(retry, int) else retry
    if "timeout" in given:
        fields["timeout_ms"] = duration_of(id, given.pop("timeout"))
    for name in ("recover", "compensate"):
        if name in given:
            fields[name] = _callable(id, given.pop(name), work)
    for name in _PLAIN:
        if name in given:
            fields[name] = given.pop(name)
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
        for name in ("inputs", "retry", "timeout", "once", "recover"):
            if name in given:
                parts[name] = given.pop(name)
    inner = node_of(f"{id}.do", parts)
    work.code.update(inner.code)
    work.agents += inner.agents
    work.workflows += inner.workflows
    return inner.node


def _callable(id: str, value: Any, work: Work) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, Tool):
        work.code[value.ref] = value
        return value.ref
    if not callable(value):
        raise _wrong(id, f"names {value!r}, which cannot be called.")
    ref = _ref_of(value)
    known = work.code.get(ref)
    assert known is None or known is value, "one name, one function"
    work.code[ref] = value
    return ref


def _ref_of(function: Callable[..., Any]) -> str:
    module = getattr(function, "__module__", "")
    name = getattr(function, "__qualname__", type(function).__qualname__)
    return f"{module}:{name}"


def expression_of(value: Json) -> str:
    """Return text as the expression it is, and any other value as a literal."""
    return value if isinstance(value, str) else literal(value)


def literal(value: Json) -> str:
    """Return `value` as a CEL literal. JSON is CEL, but for what text may hold."""
    if isinstance(value, str):
        return msgspec.json.encode(value).decode()
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        items = ", ".join(f"{literal(name)}: {literal(item)}" for name, item in value.items())
        return f"{{{items}}}"
    return msgspec.json.encode(value).decode()


def duration_of(id: str, value: Any) -> int:
    """Return milliseconds from seconds (number) or words ("90s", "5m").

    Raises:
        DefinitionError: it is neither.
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return round(value * 1000)
    found = duration_ms(value) if isinstance(value, str) else None
    if found is None:
        raise _wrong(id, f'has timeout={value!r}; give seconds, or words such as "90s" or "5m".')
    return found


def _is_duration(value: Any) -> bool:
    return not isinstance(value, str) or duration_ms(value) is not None


def _wrong(id: str, what: str) -> DefinitionError:
    return DefinitionError([Problem(message=f"Node {id!r} {what}", path=f"nodes.{id}")])
