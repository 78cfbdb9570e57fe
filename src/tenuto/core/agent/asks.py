"""A question to a person about one effect, before it is carried out."""

from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core.vocabulary import JsonObject

ROLE_PREFIX: Final = "role:"
"""Of an assignee that is everybody with a role, as `role:approver`."""


Risk: TypeAlias = Literal["unknown", "read_only", "changes", "destructive"]
"""What may come of carrying something out. read_only: it changes nothing and tells nobody. changes:
something is changed, and a second time would change no more. destructive: it must not happen twice,
and may not be undone. unknown: nothing here says so."""


def risk_of(*, safe: bool, once: bool) -> Risk:
    """Return the risk of a tool that declares these."""
    return "read_only" if safe else "destructive" if once else "changes"


class Ask(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """May this effect be carried out, with just these details? Bound to the task that asks it."""

    kind: str
    """What is asked about, as `permission`. What was granted once is not asked again of the same
    effect; another kind is."""
    title: str
    details: JsonObject = {}
    """What would be done: of a tool `tool`, `arguments`, `agent` and `risk`."""
    assignees: tuple[str, ...] = ()
    """Who may decide; empty: anybody."""
    quorum: int = 1
    """How many different people must approve."""
    expires_ms: int = 0
    """After so long without a decision it counts as denied; 0: it waits."""


def has_role(assignees: Sequence[str]) -> bool:
    """Return whether somebody may decide by a role, as `role:approver`.

    Who has which role is known where people show who they are, and is checked there."""
    return any(assignee.startswith(ROLE_PREFIX) for assignee in assignees)
