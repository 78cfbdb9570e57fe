"""Permissions, and the patterns that allow them.

A permission is `resource:action`, as `sessions:start`; PERMISSIONS lists all. A pattern allows some
of them: `sessions:*` every action on sessions, `*:read` reading of everything, and
`sessions:start:workflow=research*` starting of those workflows only. What no pattern allows is
denied. A condition about something that the thing does not have allows nothing.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec

from tenuto.core.accounts.globs import glob_covers, glob_matches
from tenuto.core.errors import Rejected

PERMISSIONS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "sessions": ("read", "start", "write"),
        "approvals": ("read", "decide"),
        "agents": ("read", "write"),
        "workflows": ("read", "write"),
        "memory": ("read", "write", "manage"),
        "documents": ("read", "write"),
        "collections": ("read", "write"),
        "tools": ("read", "write", "call"),
        "models": ("read", "write"),
        "usage": ("read",),
        "audit": ("read",),
        "accounts": ("read", "write"),
        "keys": ("own", "read", "write"),
        "secrets": ("read", "write"),
        "webhooks": ("read", "write"),
        "settings": ("read", "write"),
    }
)
"""Resource to its actions. `sessions:write` is to pause, resume, cancel, signal and fork;
`memory:read` and `memory:write` are about what agents remember of the asker, `memory:manage` of
everybody; `keys:own` is to make, list, rotate and revoke one's own keys, `keys:write` everyone's;
`secrets:read` lists their names, as nothing returns a secret."""

ALL: Final = tuple(
    f"{resource}:{action}" for resource, made in PERMISSIONS.items() for action in made
)
KNOWN: Final = frozenset(ALL)

PATTERNS_MAX: Final = 200
"""Patterns of one user or key: more would make each question slow."""
PATTERN_CHARS_MAX: Final = 500

_CONDITION: Final = re.compile(r"([a-z][a-z_]{0,29})=([^,=\s]{1,200})")

Thing: TypeAlias = Mapping[str, str]
"""What a permission is asked for, by its properties: `{"workflow": "research"}`."""

Conditions: TypeAlias = tuple[tuple[str, str], ...]

NOTHING: Final[Thing] = MappingProxyType({})


class BadPermission(Rejected):
    """A text is no permission or no pattern of permissions."""

    def __init__(self, text: str, reason: str) -> None:
        self.text, self.reason = text, reason
        super().__init__(
            f"The permission {text!r} {reason}. It is resource:action, as 'sessions:read', "
            "'sessions:*', '*:read' or 'sessions:start:workflow=research*'."
        )


class Pattern(msgspec.Struct, frozen=True, kw_only=True):
    """Permissions, and what must hold of the thing that they are asked for."""

    permissions: tuple[str, ...]
    conditions: Conditions = ()


@lru_cache(4096)
def parse(text: str) -> Pattern:
    """Return what `text` allows.

    Raises:
        BadPermission: it is no pattern, or allows nothing that there is.
    """
    if len(text) > PATTERN_CHARS_MAX:
        raise BadPermission(text[:40], f"has more than {PATTERN_CHARS_MAX} characters")
    resource, colon, rest = text.partition(":")
    action, more, conditions = rest.partition(":")
    if not colon or not resource or not action:
        raise BadPermission(text, "has no resource and action")
    if resource != "*" and resource not in PERMISSIONS:
        raise BadPermission(text, f"names no resource; there are {', '.join(PERMISSIONS)}")
    resources = tuple(PERMISSIONS) if resource == "*" else (resource,)
    allowed = tuple(
        f"{one}:{act}" for one in resources for act in PERMISSIONS[one] if action in ("*", act)
    )
    if not allowed:
        actions = sorted({act for one in resources for act in PERMISSIONS[one]})
        raise BadPermission(text, f"names no action; there are {', '.join(actions)}")
    return Pattern(permissions=allowed, conditions=_conditions(text, conditions) if more else ())


def is_pattern(text: str) -> bool:
    """Return whether `text` is a pattern of permissions."""
    try:
        parse(text)
    except BadPermission:
        return False
    return True


def _conditions(text: str, conditions: str) -> Conditions:
    found: dict[str, str] = {}
    for part in conditions.split(","):
        match = _CONDITION.fullmatch(part)
        if match is None:
            raise BadPermission(text, f"has {part!r}, which is no name=pattern")
        if match[1] in found:
            raise BadPermission(text, f"names {match[1]!r} twice")
        found[match[1]] = match[2]
    return tuple(sorted(found.items()))


def check_patterns(texts: Iterable[str]) -> tuple[str, ...]:
    """Return `texts` without repetition, in their order.

    Raises:
        BadPermission: one of them is no pattern, or there are more than PATTERNS_MAX.
    """
    kept = tuple(dict.fromkeys(texts))
    if len(kept) > PATTERNS_MAX:
        raise BadPermission(kept[PATTERNS_MAX], f"is one too many; {PATTERNS_MAX} are allowed")
    for text in kept:
        parse(text)
    return kept


@lru_cache(1024)
def table(texts: tuple[str, ...]) -> Mapping[str, tuple[Conditions, ...]]:
    """Return for each permission that `texts` allow the conditions, one of which must hold.

    A text that is no pattern allows nothing: it may come from another version of this program.
    """
    found: dict[str, list[Conditions]] = {}
    for text in texts:
        if is_pattern(text):
            pattern = parse(text)
            for permission in pattern.permissions:
                found.setdefault(permission, []).append(pattern.conditions)
    # What is allowed without condition needs no other look.
    return MappingProxyType(
        {name: ((),) if () in made else tuple(made) for name, made in found.items()}
    )


def allows(texts: tuple[str, ...], permission: str, thing: Thing = NOTHING) -> bool:
    """Return whether one of the patterns allows `permission` for `thing`."""
    held = table(texts).get(permission, ())
    # Without condition, as most are: asked with each request.
    return held == ((),) or any(
        all(name in thing and glob_matches(glob, thing[name]) for name, glob in conditions)
        for conditions in held
    )


def covers(texts: tuple[str, ...], wanted: str) -> bool:
    """Return whether `texts` allow everything that the pattern `wanted` does.

    Never true where they do not. It may be false where several patterns cover it only together.

    Raises:
        BadPermission: `wanted` is no pattern.
    """
    pattern, held = parse(wanted), table(texts)
    return all(
        any(_implied(pattern.conditions, given) for given in held.get(permission, ()))
        for permission in pattern.permissions
    )


def _implied(wanted: Conditions, given: Conditions) -> bool:
    asked = dict(wanted)
    return all(name in asked and glob_covers(glob, asked[name]) for name, glob in given)
