"""What can be wrong with one node."""

import re
from collections.abc import Iterator
from typing import Final

from tenuto.core import limits
from tenuto.core.pools import fault_of_name, fault_of_priority
from tenuto.core.workflow.faults import Fault, Path, meant, unknown
from tenuto.core.workflow.kinds import BODY_KINDS, FIELDS, KIND_OF, NOT_IN_BODY, word_of
from tenuto.core.workflow.model import Node, RetryPolicy, WorkflowDefinition
from tenuto.core.workflow.validate_tools import faults_of_tool

_NEEDS: Final[dict[str, tuple[str, ...]]] = {
    "agent": ("ref",),
    "tool": ("ref",),
    "function": ("ref",),
    "workflow": ("ref",),
    "map": ("items", "body"),
    "loop": ("body",),
    "wait": ("signal",),
    "approval": ("title",),
}
_CHOICES: Final[dict[str, tuple[str, ...]]] = {
    "on_failure": ("fail", "continue"),
    "on_item_failure": ("fail", "collect"),
    "on_expiry": ("deny", "approve", "fail"),
    "on_timeout": ("fail", "continue"),
}
_FUNCTION: Final = re.compile(r"[^\s:]+:[^\s:]+")
_TIMEOUT_MS_MAX: Final = 10 * 366 * 86_400_000
_DEFAULTS: Final = Node(id="", kind="function")


def faults_of_node(node: Node, definition: WorkflowDefinition, path: Path) -> Iterator[Fault]:
    """Yield what is wrong with `node`, and with its body."""
    if node.kind not in FIELDS:
        yield unknown("kind of node", node.kind, FIELDS, (*path, "kind"))
        return
    yield from _of_fields(node, path)
    yield from _of_references(node, definition, path)
    yield from _of_numbers(node, path)
    if node.kind == "timer" and bool(node.delay) == bool(node.until):
        found = "both" if node.delay else "neither"
        message = f"Timer {node.id!r} needs either a delay or a moment, found {found}."
        yield Fault((*path, "until"), message)
    if node.kind == "wait" and node.delay and node.timeout_ms:
        yield Fault((*path, "delay"), f"Wait {node.id!r} has two deadlines; give it one.")
    if node.kind == "condition" and not node.inputs:
        yield Fault(path, f"Condition {node.id!r} has no expression.")
    if node.kind == "loop" and not node.repeat and not node.max_iterations:
        hint = "Give it while: an expression, or max: a number."
        yield Fault(path, f"Loop {node.id!r} has no end.", hint)
    if node.body is not None:
        yield from _of_body(node, node.body, definition, path)


def _of_fields(node: Node, path: Path) -> Iterator[Fault]:
    for field in _NEEDS.get(node.kind, ()):
        if not getattr(node, field):
            word = node.kind if field in ("ref", "title", "signal") else word_of(field)
            yield Fault((*path, field), f"Node {node.id!r} ({node.kind}) lacks {word!r}.")
    for field, options in _CHOICES.items():
        value = getattr(node, field)
        if field in FIELDS[node.kind] and value not in options:
            message = f"{word_of(field)!r} of node {node.id!r} is {value!r}; it is one of"
            yield Fault((*path, field), f"{message} {', '.join(options)}.", meant(value, options))
    for field in node.__struct_fields__:
        if field in ("id", "kind") or field in FIELDS[node.kind]:
            continue
        if getattr(node, field) != getattr(_DEFAULTS, field):
            fitting = [kind for kind in dict.fromkeys(KIND_OF.values()) if field in FIELDS[kind]]
            message = f"Node {node.id!r} ({node.kind}) cannot have {word_of(field)!r}."
            hint = f"It belongs to: {', '.join(fitting)}."
            yield Fault((*path, field), message, hint)


def _of_references(node: Node, definition: WorkflowDefinition, path: Path) -> Iterator[Fault]:
    if node.kind == "agent" and node.ref:
        agents = [agent.name for agent in definition.agents]
        if node.ref not in agents:
            yield unknown("agent", node.ref, agents, (*path, "ref"))
    if node.kind == "tool":
        yield from faults_of_tool(node, (*path, "ref"))
    functions = {"recover": node.recover, "compensate": node.compensate}
    if node.kind == "function":
        functions["ref"] = node.ref
    for field, name in functions.items():
        if name and not _FUNCTION.fullmatch(name):
            hint = "Write module:function, as shop.handlers:refund."
            yield Fault((*path, field), f"{name!r} names no function.", hint)
    for key in node.updates or ():
        if key not in definition.state:
            yield unknown("state key", key, definition.state, (*path, "updates", key))


def _of_numbers(node: Node, path: Path) -> Iterator[Fault]:
    if not 0 <= node.timeout_ms <= _TIMEOUT_MS_MAX:
        message = f"A timeout of {node.timeout_ms} ms is out of range (0 to ten years)."
        yield Fault((*path, "timeout_ms"), message)
    if not 1 <= node.concurrency <= limits.MAP_ITEMS_MAX:
        message = f"Map {node.id!r} runs {node.concurrency} items at once; 1 or more are needed."
        yield Fault((*path, "concurrency"), message)
    if node.max_iterations < 0:
        message = f"Loop {node.id!r} runs at most {node.max_iterations} times; give 1 or more."
        yield Fault((*path, "max_iterations"), message)
    if node.pool and fault_of_name(node.pool):
        yield Fault((*path, "pool"), f"{node.pool!r} {fault_of_name(node.pool)}.")
    if fault_of_priority(node.priority):
        message = f"{node.priority!r} {fault_of_priority(node.priority)}."
        yield Fault((*path, "priority"), message)
    if node.retry is not None:
        yield from _of_retry(node.retry, (*path, "retry"))


def _of_retry(retry: RetryPolicy, path: Path) -> Iterator[Fault]:
    if not 1 <= retry.max_attempts <= limits.ATTEMPTS_MAX:
        message = f"max_attempts is {retry.max_attempts}; 1 to {limits.ATTEMPTS_MAX} are allowed."
        yield Fault(path, message)
    if retry.backoff not in ("exponential", "fixed"):
        yield Fault(path, f"backoff is {retry.backoff!r}; it is exponential or fixed.")
    if retry.initial_ms < 0 or retry.max_ms < 0 or retry.factor < 1 or not 0 <= retry.jitter <= 1:
        message = "A retry waits 0 ms or more, grows by a factor of at least 1, jitter is 0 to 1."
        yield Fault(path, message)


def _of_body(node: Node, body: Node, definition: WorkflowDefinition, path: Path) -> Iterator[Fault]:
    below: Path = (*path, "body")
    if body.id != f"{node.id}.do":
        yield Fault(
            below, f"The body of {node.id!r} is named {body.id!r}, not {node.id + '.do'!r}."
        )
    if body.kind not in BODY_KINDS:
        message = f"A {body.kind} cannot be the body of {node.kind} {node.id!r}."
        yield Fault(below, message, "Make the body a workflow of its own and name that.")
        return
    for field, instead in NOT_IN_BODY.items():
        if getattr(body, field) != getattr(_DEFAULTS, field):
            message = f"The body of {node.kind} {node.id!r} cannot have {word_of(field)!r}."
            yield Fault((*below, field), message, f"Instead, {instead}.")
    if node.kind == "map" and body.updates is not None:
        message = f"The body of map {node.id!r} cannot update the state."
        hint = "Give the map itself updates: over output, the list of all results."
        yield Fault((*below, "updates"), message, hint)
    yield from faults_of_node(body, definition, below)
