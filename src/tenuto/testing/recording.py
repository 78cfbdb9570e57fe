"""What a session asked of the outside world and what it got, read back from its log."""

import hashlib
from collections.abc import Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core.errors import Failure
from tenuto.core.session import events as e
from tenuto.core.session.effects import AskModel, Call, CallTool, Effect, Review, pending
from tenuto.core.session.evolve import evolve
from tenuto.core.session.scope import Memo
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Json, JsonObject, TaskNo
from tenuto.core.workflow.program import Program

Kind: TypeAlias = Literal["model", "tool", "function", "output"]

_FUNCTION_KINDS: Final = frozenset({"function", "recover", "undo"})


class Exchange(msgspec.Struct, kw_only=True):
    """One thing asked, and its final outcome: a value, or the failure that was not tried again.
    `output`: guards were asked about the output of a session."""

    kind: Kind
    name: str
    """The tool's name, the function's reference, or the model as the definition names it."""
    agent: str = ""
    """Whose turn or call it was; empty where a node did it itself."""
    turn: int = 0
    purpose: str = ""
    arguments: JsonObject
    """Of a tool or function; of a model: the inputs of the agent's task; of an output: its digest,
    since what guards have taken out of it is to stand nowhere."""
    value: Json = None
    failure: Failure | None = None
    settled: bool = False


def exchanges_of(log: Sequence[e.SessionEvent], program: Program) -> list[Exchange]:
    """Return what the session of `log` asked of models, tools and functions, in order of asking."""
    state = SessionState()
    memo: Memo = {}
    known: dict[TaskNo, Exchange] = {}
    dispatched = 0
    for event in log:
        if isinstance(event, (e.TaskCompleted, e.TaskFailed)) and event.task in known:
            asked = known[event.task]
            asked.settled = True
            if isinstance(event, e.TaskCompleted):
                asked.value = event.output
            else:
                asked.failure = event.failure
        evolve(state, event)
        if isinstance(event, e.SessionCompleted):
            for asked in known.values():
                if asked.kind == "output":
                    asked.value = event.output
        if state.promises > dispatched:
            for effect in pending(state, program, after=dispatched, memo=memo):
                _ask(effect, known)
            dispatched = state.promises
    return list(known.values())


def _ask(effect: Effect, known: dict[TaskNo, Exchange]) -> None:
    """A retry, or a person's edit, replaces what the same task asked before."""
    match effect:
        case AskModel():
            request = effect.request
            known[effect.task] = Exchange(
                kind="model",
                name=str(effect.agent.model),
                agent=effect.agent.name,
                turn=request.turn,
                purpose=request.purpose,
                arguments=request.inputs,
            )
        case CallTool():
            known[effect.task] = Exchange(
                kind="tool", name=effect.tool, agent=effect.agent.name, arguments=effect.arguments
            )
        case Call():
            kind: Kind = "function" if effect.kind in _FUNCTION_KINDS else "tool"
            known[effect.task] = Exchange(kind=kind, name=effect.ref, arguments=effect.inputs)
        case Review():
            arguments: JsonObject = {"sha256": digest_of(effect.output)}
            known[effect.task] = Exchange(kind="output", name="output", arguments=arguments)
        case _:
            pass


def digest_of(value: Json) -> str:
    """Return what two values have in common only if they are the same."""
    return hashlib.sha256(msgspec.json.encode(value, order="sorted")).hexdigest()
