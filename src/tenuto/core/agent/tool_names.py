"""Names of tools that are found at run time: as definitions write them, and as models see them.

A source of tools has a name, its namespace; a tool of it has the id `namespace.name`. Definitions
hold ids, or patterns of ids as text, so they stay as they are when the tools of a source change.
"""

import hashlib
import re
from typing import Final

from tenuto.core import limits
from tenuto.core.agent.policy import fits

_NAMESPACE: Final = re.compile(r"[a-z0-9-]+(?:_[a-z0-9-]+)*")
"""No `__` and no `_` at the end: the first `__` of a shown name ends its namespace."""
_NAMESPACE_CHARS_MAX: Final = 32
_NAMESPACE_PATTERN: Final = re.compile(r"[a-z0-9_*?-]+")

_JOINT: Final = "__"
_SHOWN_CHARS_MAX: Final = 64
_NOT_SHOWN: Final = re.compile(r"[^A-Za-z0-9_-]")
"""What providers refuse in the name of a tool; they take 1 to 64 of the others."""
_DIGEST_CHARS: Final = 8


def namespace_fault(name: str) -> str:
    """Return what is wrong with the name of a source of tools, or nothing."""
    if _NAMESPACE.fullmatch(name) and len(name) <= _NAMESPACE_CHARS_MAX:
        return ""
    return (
        f"{name!r:.80} is no name of a source of tools: write lower-case letters, digits, - and "
        f"single _, not at the end; at most {_NAMESPACE_CHARS_MAX} characters"
    )


def tool_id(namespace: str, name: str) -> str:
    """Return the id of the tool that the source `namespace` calls `name`."""
    return f"{namespace}.{name}"


def shown_name(namespace: str, name: str) -> str:
    """Return the name under which models see a tool: `github__search_issues`.

    One that is too long, or has characters that providers refuse, ends in a digest of itself, so
    that no other tool has it."""
    plain = _NOT_SHOWN.sub("_", name)
    shown = f"{namespace}{_JOINT}{plain}"
    if plain == name and len(shown) <= _SHOWN_CHARS_MAX:
        return shown
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_CHARS]
    return f"{shown[: _SHOWN_CHARS_MAX - _DIGEST_CHARS - 1]}_{digest}"


def namespace_of(name: str) -> str:
    """Return the namespace in a shown name, or in an id; nothing where there is none."""
    before, joint, _ = name.partition(_JOINT)
    if joint and "." not in before:
        return before
    before, dot, _ = name.partition(".")
    return before if dot else ""


def is_of_a_source(ref: str) -> bool:
    """Return whether a definition's name of a tool is an id, or a pattern of ids, and no code."""
    return ":" not in ref and "." in ref


def is_pattern(ref: str) -> bool:
    """Return whether `ref` may name several tools."""
    return "*" in ref or "?" in ref


def parts_of(ref: str) -> tuple[str, str]:
    """Return the namespace and the tool's name of an id, or of a pattern, each a pattern."""
    namespace, _, name = ref.partition(".")
    return namespace, name


def is_named(ref: str, namespace: str, name: str) -> bool:
    """Return whether `ref` names this tool. `*` is any run of characters, `?` any one."""
    wanted_namespace, wanted_name = parts_of(ref)
    return fits(wanted_namespace, namespace) and fits(wanted_name, name)


def ref_fault(ref: str, *, single: bool = False) -> str:
    """Return what is wrong with a definition's name of a tool, or nothing; code is not looked at.

    `single`: it is to name one tool, not several."""
    if ":" in ref or not ("." in ref or is_pattern(ref)):
        return ""
    if single and is_pattern(ref):
        return f"{ref!r:.80} is a pattern, and one tool is wanted"
    namespace, name = parts_of(ref)
    if is_pattern(namespace):
        is_good = _NAMESPACE_PATTERN.fullmatch(namespace) is not None
    else:
        is_good = not namespace_fault(namespace)
    if not is_good or not name or not name.isprintable() or len(ref) > limits.NAME_CHARS_MAX:
        return f"{ref!r:.80} names no tools"
    return ""


REF_HINT: Final = (
    "Write source.tool, as github.search_issues, or a pattern with * and ?, as github.*; code is "
    "named as module:name."
)
