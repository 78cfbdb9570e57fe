"""What can be said about any ready-made tool, and the check that nothing else is said."""

from collections.abc import Mapping, Sequence
from typing import TypedDict

import tenuto

UNTRUSTED = ("untrusted",)
"""Label of what others have written: it may hold instructions that are not the user's."""


class ToolOptions(TypedDict, total=False):
    """What can be said about every tool here."""

    name: str
    permission: str
    labels: Sequence[str]


def refuse_others(tool: str, options: Mapping[str, object], known: type) -> None:
    """Check that each option is one of those that the TypedDict `known` lists.

    Raises:
        Rejected: one is not.
    """
    names = known.__annotations__
    for option in options:
        if option not in names:
            raise tenuto.Rejected(
                f"The tool {tool!r} has no option {option!r}; there are: {', '.join(names)}."
            )


def limits_from(given: object) -> tenuto.SandboxLimits:
    """Return limits from limits, or from some of them by name; None: all by default.

    Raises:
        Rejected: there is no such limit, or it is no number from 1 on.
    """
    if isinstance(given, tenuto.SandboxLimits):
        return given
    if given is None:
        return tenuto.SandboxLimits()
    names = tenuto.SandboxLimits.__struct_fields__
    if not isinstance(given, Mapping) or not all(name in names for name in given):
        raise tenuto.Rejected(f"limits={given!r:.80}: there are {', '.join(names)}.")
    return tenuto.SandboxLimits(**given)
