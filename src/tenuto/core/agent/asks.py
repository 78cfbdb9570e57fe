"""A question to a person about one effect, before it is carried out."""

import msgspec

from tenuto.core.vocabulary import JsonObject


class Ask(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """May this effect be carried out, with just these details? Bound to the task that asks it."""

    kind: str
    """What is asked about, as `permission`. What was granted once is not asked again of the same
    effect; another kind is."""
    title: str
    details: JsonObject = {}
    """What would be done: of a tool `tool`, `arguments` and `agent`."""
    assignees: tuple[str, ...] = ()
    """Who may decide; empty: anybody."""
    quorum: int = 1
    """How many different people must approve."""
    expires_ms: int = 0
    """After so long without a decision it counts as denied; 0: it waits."""
