"""Keeps the conversation of a task short: its own model sums it up when it has grown too long.

A summary is a turn of its own, so it is asked once, recorded, paid from the budget, and the same
after a restart. What follows is told the task and the summary in place of what was summed up.
"""

from typing import Final

import msgspec

from tenuto.core.agent.messages import Message, ModelAnswer
from tenuto.core.agent.remembering import first_text, told
from tenuto.core.agent.state import AgentState, Turn
from tenuto.core.vocabulary import JsonObject

COMPACT: Final = "compact"
"""The purpose of a turn that sums up."""

SUM_UP: Final = "sum_up"
"""The purpose of a request, outside of all sessions, that sums up what is remembered."""

ASKED: Final = (
    "Your context is nearly full: all of this conversation but the task will be taken from it. "
    "Write down, shortly and exactly, what you need to go on: what you were told to do now, what "
    "you have done, what you found (names, numbers, places, word for word where it matters), and "
    "what is still to be done. Call no tools and do not answer the task yet."
)

CHARACTERS_OF_TOKEN: Final = 4
"""Of English text, about. Source: OpenAI's help page on tokens."""
TURNS_MIN: Final = 2
"""Fewer turns are not summed up, however long they are: there must be some way forward."""
_EXCERPT: Final = 400
"""Characters of a call or a result that stand in a summary which no model wrote."""


def without_summaries(state: AgentState) -> AgentState:
    """Return the turns in which the agent worked; `state` itself where there are no others."""
    if all(turn.answer.purpose != COMPACT for turn in state.turns):
        return state
    turns = [turn for turn in state.turns if turn.answer.purpose != COMPACT]
    return AgentState(turns=turns, repairs=state.repairs)


def is_full(state: AgentState, tokens_max: int) -> bool:
    """Return whether the turns since the last summary hold more than `tokens_max` tokens."""
    fresh = _fresh(state)
    if len(fresh) < TURNS_MIN:
        return False
    usage = fresh[-1].answer.usage
    counted = usage.input_tokens + usage.output_tokens
    if counted:
        # What the provider has counted, and what has come since.
        return counted + _tokens(fresh[-1].results) > tokens_max
    return _tokens(fresh) > tokens_max


def _fresh(state: AgentState) -> list[Turn]:
    fresh: list[Turn] = []
    for turn in reversed(state.turns):
        if turn.answer.purpose == COMPACT:
            break
        fresh.append(turn)
    fresh.reverse()
    return fresh


def _tokens(value: object) -> int:
    return len(msgspec.json.encode(value)) // CHARACTERS_OF_TOKEN


def as_summary(answer: ModelAnswer, state: AgentState) -> ModelAnswer:
    """Return the answer to `COMPACT` as it is kept. A model that gave no text, or one that is
    longer than what it sums up, is stood in for by excerpts."""
    text = answer.text.strip()
    fresh = _fresh(state)
    if not text or answer.finish != "stop" or len(text) > len(msgspec.json.encode(fresh)):
        text = _excerpts(state, fresh)
    return msgspec.structs.replace(
        answer, text=text, calls=(), data=None, finish="stop", fault="", purpose=COMPACT
    )


def _excerpts(state: AgentState, fresh: list[Turn]) -> str:
    earlier = [turn.answer.text for turn in state.turns if turn.answer.purpose == COMPACT][-1:]
    lines = [text[-_EXCERPT * 4 :] for text in earlier]
    for turn in fresh:
        if turn.answer.text:
            lines.append(f"You said: {_short(turn.answer.text)}")
        for call, result in zip(turn.answer.calls, turn.results, strict=True):
            given = result.error if result is not None and result.error else result and result.value
            lines.append(
                f"You called {call.tool} with {_short(call.arguments)}; it gave {_short(given)}"
            )
    return "\n".join(lines)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…"


def summed_up(answer: ModelAnswer, first: ModelAnswer, inputs: JsonObject) -> Message:
    """Return the message that stands for all of the conversation up to a summary."""
    task = f"{first_text(inputs)}{told(first.recalled)}"
    return Message(role="user", text=f"{task}\n\nWhat you have done so far:\n{answer.text}")
