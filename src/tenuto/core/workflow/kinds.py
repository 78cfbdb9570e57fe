"""Which fields belong to which kind of node: for reading, validation and the published schema."""

from typing import Final, Literal, TypeAlias

from tenuto.core.workflow.model import NodeKind

Keyword: TypeAlias = Literal[
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
]
"""The word in a node that says what it does."""

KIND_OF: Final[dict[str, NodeKind]] = {
    "agent": "agent",
    "tool": "tool",
    "function": "function",
    "workflow": "workflow",
    "condition": "condition",
    "map": "map",
    "loop": "loop",
    "approval": "approval",
    "wait": "wait",
    "timer": "timer",
    "timer_until": "timer",
}

_EVERY: Final = frozenset({"updates", "condition", "on_failure", "compensate"})
_WORK: Final = frozenset({"inputs", "retry", "timeout_ms", "recover", "ref"})
_POOLED: Final = frozenset({"once", "pool", "priority"})

FIELDS: Final[dict[str, frozenset[str]]] = {
    "agent": _EVERY | {"inputs", "ref", "recover"},
    "tool": _EVERY | _WORK | _POOLED,
    "function": _EVERY | _WORK | _POOLED,
    "workflow": _EVERY | _WORK,
    "condition": _EVERY | {"inputs"},
    "map": _EVERY | {"items", "body", "concurrency", "on_item_failure"},
    "loop": _EVERY | {"body", "repeat", "max_iterations"},
    "approval": _EVERY | {"inputs", "timeout_ms", "title", "assignees", "on_expiry", "form"},
    "wait": _EVERY | {"timeout_ms", "delay", "signal", "on_timeout", "form"},
    "timer": _EVERY | {"delay", "until"},
}
"""Fields that count for a node of each kind, besides `id` and `kind`."""

BODY_KINDS: Final = frozenset(
    {"agent", "tool", "function", "workflow", "approval", "wait", "timer"}
)
"""What the body of a map or loop may be."""

NOT_IN_BODY: Final[dict[str, str]] = {
    "condition": "choose the items in the map's list, or end the loop by its while",
    "on_failure": "say on the map what a failed item means: on_item_failure",
    "compensate": "put it on the map or loop itself",
}
"""Fields that a body cannot have, and what to do instead."""

WORDS: Final[dict[str, str]] = {
    "condition": "if",
    "timeout_ms": "timeout",
    "items": "map",
    "body": "do",
    "repeat": "while",
    "max_iterations": "max",
    "title": "approval",
    "signal": "wait",
    "delay": "timer",
    "until": "timer_until",
}
"""How a file writes a field, where it writes it otherwise."""


def word_of(field: str) -> str:
    """Return the key under which a file holds `field`."""
    return WORDS.get(field, field)
