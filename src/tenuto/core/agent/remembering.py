"""What an agent keeps in mind: how much it recalls, what it learns, how long its context may grow.

What was recalled stands in the first message of a task, behind the task itself: instructions and
tools, which all sessions share, stay the same before it, and so does a provider's cache of them.
"""

from collections.abc import Sequence
from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from tenuto.core.agent.messages import Message, ModelRequest, Recollection
from tenuto.core.memory.items import MemoryKind, Scope
from tenuto.core.memory.topics import SUM_UP_DEFAULT
from tenuto.core.vocabulary import Json, JsonObject

Sharing: TypeAlias = Literal["user", "agent", "team"]

RECALLED_MAX: Final = 50
RECALL_DEFAULT: Final = 5
CHARACTERS_DEFAULT: Final = 4_000

OWN_MODEL: Final = "own"

MEMORY_TOOLS: Final = (
    "tenuto.tools.memory:remember",
    "tenuto.tools.memory:recall",
    "tenuto.tools.memory:forget",
)
"""What an agent with a memory may call besides its own tools."""


class MemoryPolicy(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """How an agent uses its long-term memory."""

    recall: Annotated[int, msgspec.Meta(ge=0, le=RECALLED_MAX)] = RECALL_DEFAULT
    """Items that are recalled at most when a task begins; 0: none."""
    characters: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = CHARACTERS_DEFAULT
    """Of all recalled texts together, at most."""
    kinds: tuple[MemoryKind, ...] = ()
    """Of what is recalled. Empty: all."""
    shared: Sharing = "user"
    """Whose the items are that it keeps. `user`: its own, of the session's user. `agent`: its own,
    for all users. `team`: of the session's user, for all agents."""
    learn: bool = True
    """It keeps what it did: each task as an episode, and as a procedure where tools were called."""
    tools: bool = True
    """Its model may remember, recall and forget by itself."""
    keep_days: Annotated[float, msgspec.Meta(ge=0, le=36_500)] = 0.0
    """How long what it keeps stays there; 0: until somebody forgets it."""
    sum_up: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = SUM_UP_DEFAULT
    """When it keeps more facts than this of one user, or more of what happened, the oldest of them
    that were recalled least are summed up; 0: never."""
    summary_model: str = ""
    """Which model writes the summaries: `own` is the agent's, else `provider:model`. It is asked
    beside all sessions, so no budget pays for it. Empty: none, sentences are chosen."""


def policy_from(value: Json) -> MemoryPolicy | None:
    """Return what is said about an agent's memory: true or false, or what differs from the default.

    Raises:
        msgspec.ValidationError: it says something else.
    """
    if isinstance(value, bool) or value is None:
        return MemoryPolicy() if value else None
    return msgspec.convert(value, MemoryPolicy)


def tools_with(tools: tuple[str, ...], policy: MemoryPolicy | None) -> tuple[str, ...]:
    """Return an agent's tools, with those that its memory brings."""
    if policy is None or not policy.tools:
        return tools
    return (*tools, *(ref for ref in MEMORY_TOOLS if ref not in tools))


def own_scope(policy: MemoryPolicy, *, tenant: str, agent: str, user: str) -> Scope:
    """Return where an agent keeps what it remembers."""
    match policy.shared:
        case "agent":
            return Scope(tenant=tenant, agent=agent)
        case "team":
            return Scope(tenant=tenant, user=user)
    return Scope(tenant=tenant, agent=agent, user=user)


def seen_scopes(*, tenant: str, agent: str, user: str) -> tuple[Scope, ...]:
    """Return all scopes that an agent recalls from: its own, and those shared with it."""
    scopes = {
        Scope(tenant=tenant, agent=name, user=whose): None
        for name in (agent, "")
        for whose in (user, "")
    }
    return tuple(scopes)


def first_text(inputs: JsonObject) -> str:
    """Return the inputs of a task as its model reads them: a single text as it is, anything else as
    JSON."""
    if len(inputs) == 1:
        (only,) = inputs.values()
        if isinstance(only, str):
            return only
    return msgspec.json.encode(inputs).decode()


def told(recalled: Sequence[Recollection]) -> str:
    """Return recalled items as their agent reads them."""
    if not recalled:
        return ""
    lines = [f"- {one.text}" for one in recalled]
    return "\n\n".join(
        ["", "What you remember from earlier work; it may be out of date:\n" + "\n".join(lines)]
    )


def reminded(request: ModelRequest, recalled: Sequence[Recollection]) -> ModelRequest:
    """Return the first request of a task with what was recalled for it."""
    first = request.messages[0]
    task = first_text(request.inputs)
    text = f"{task}{told(recalled)}{first.text.removeprefix(task)}"
    messages = (Message(role="user", text=text), *request.messages[1:])
    return msgspec.structs.replace(request, messages=messages)
