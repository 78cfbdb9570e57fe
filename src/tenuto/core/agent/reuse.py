"""Which answers of models may be given again, and to which requests.

An answer is found by a key over all that the model saw; nothing else tells requests apart that ask
for the same. It may also be found by a question that is alike, where everything before the question
is the same to the letter.
"""

import hashlib
from collections.abc import Collection
from typing import Final

import msgspec

from tenuto.core.agent.likeness import marks_of
from tenuto.core.agent.messages import ModelAnswer, ModelRequest
from tenuto.core.agent.state import AgentState
from tenuto.core.workflow.model import AgentDefinition

CACHE_HIT: Final = "cache_hit"
"""The kind of note that tells what an answer from the cache saved."""

KEY_FORMAT: Final = 1
"""Part of every key: answers that were kept under other rules are not found."""

_NEVER: Final = frozenset({"propose", "plan"})
"""Purposes of turns that are never answered from the cache: the first lives on variety, and what
follows the second is work."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request as the cache knows it. Keys are SHA-256 sums in hex."""

    key: str
    """The same for requests that differ in nothing that a model sees."""
    scope: str = ""
    """The same for requests whose last questions may have one answer; empty: the key alone
    counts."""
    question: str = ""
    """What the embedder gets."""


def may_be_reused(request: ModelRequest, turns: AgentState, *, safe: Collection[str]) -> bool:
    """Return whether an answer may be taken from the cache, and kept there.

    Not where something may happen in the world: the request offers a tool that is not `safe`, or an
    agent to call or to leave the task to; or the conversation holds what came of one."""
    if request.purpose in _NEVER:
        return False
    if any(tool.name not in safe for tool in request.tools):
        return False
    return all(call.tool in safe for turn in turns.turns for call in turn.answer.calls)


def may_be_kept(answer: ModelAnswer, *, safe: Collection[str]) -> bool:
    """Return whether an answer is worth giving again: whole, of the right shape, a model's."""
    if answer.cached or answer.fault or answer.finish not in ("stop", "tools"):
        return False
    if not (answer.text or answer.calls or answer.data is not None):
        return False
    return all(call.tool in safe for call in answer.calls)


def asked(
    request: ModelRequest,
    agent: AgentDefinition,
    *,
    labels: tuple[str, ...],
    across_users: bool,
    same_words: bool,
) -> Asked:
    """Return the keys of a request.

    Labels of the conversation are part of them: an answer made from labelled data is found by those
    alone who bear the same labels already."""
    common = (
        KEY_FORMAT,
        request.tenant,
        None if across_users else request.user,
        agent.model,
        request.agent,
        request.instructions,
        request.tools,
        request.output_schema,
        request.settings,
        request.purpose,
        labels,
    )
    key = _digest((*common, request.inputs, request.messages))
    last = request.messages[-1]
    if agent.cache != "semantic" or request.purpose or last.role != "user":
        return Asked(key=key)
    if agent.memory is not None:
        # What it recalls stands behind the question, and is no question.
        return Asked(key=key)
    marks = marks_of(last.text, same_words=same_words)
    if marks is None:
        return Asked(key=key)
    # The first message tells the inputs; where it is no more the last one it counts to the letter.
    before = request.messages[:-1]
    return Asked(
        key=key,
        scope=_digest((*common, before, request.inputs if before else None, marks, same_words)),
        question=last.text,
    )


def _digest(value: object) -> str:
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()
