"""Simulation finds only what it makes happen: all that agents can do, in a few hundred seeds."""

from collections.abc import Iterator
from typing import Final

import msgspec
import pytest

from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.session import events as e
from tenuto.testing.simulation.running import random_site
from tenuto.testing.simulation.witness import Seen

SEEDS: Final = 300

WANTED: Final = {
    "turn ",
    *(f"turn {purpose}" for purpose in ("plan", "synthesize", "critique", "revise", "compact")),
    *(f"turn {purpose}" for purpose in ("propose", "score", "conclude")),
    *(f"spent {bound}" for bound in ("tokens", "usd", "turns", "tool_calls", "seconds")),
    *(f"call {kind}" for kind in ("tool", "agent", "message")),
    *("a share of the budget", "messages shown", "items recalled", "items kept", "labels"),
    *("a rule denies", "a rule asks", "a rule of somebody above asks", "a guard asks"),
    *("a guard blocks", "a call is in doubt", "a doubt is settled", "the memory is away"),
}


@pytest.mark.slow
def test_random_fleets_do_all_that_agents_can_do() -> None:
    missing = set(WANTED)
    for seed in range(SEEDS):
        site = random_site(seed)
        for seen in site.witness.sessions.values():
            missing -= {*happenings(seen)}
        if not missing:
            break

    assert not missing


def happenings(seen: Seen) -> Iterator[str]:
    """Yield in words what happened to the agents of a session."""
    doubted = set()
    kinds = seen.cast.kinds
    for event in seen.log:
        match event:
            case e.ChildrenStarted():
                if event.parent in seen.cast.agents:
                    yield f"call {event.kind}"
                if event.shown is not None:
                    yield "messages shown"
            case e.SessionStarted() if event.parent is not None and event.budget.tokens:
                yield "a share of the budget"
            case e.SessionPausing() if event.short:
                yield f"spent {event.short}"
            case e.TaskEscalated(ask=ask) if ask is not None:
                kind, _, place = ask.kind.partition(":")
                yield f"a {'rule' if kind == 'permission' else kind} asks"
                if kind == "permission" and place:
                    yield "a rule of somebody above asks"
            case e.TaskFailed():
                yield {"denied": "a rule denies", "guard_blocked": "a guard blocks"}.get(
                    event.failure.code, ""
                )
            case e.TaskDoubted() if seen.cast.parents.get(event.task) in seen.cast.agents:
                doubted.add(event.task)
                yield "a call is in doubt"
            case e.TaskCompleted():
                if kinds.get(event.task) == "model":
                    answer = msgspec.convert(event.output, ModelAnswer)
                    yield f"turn {answer.purpose}"
                    if answer.recalled:
                        yield "items recalled"
                if event.task in doubted:
                    yield "a doubt is settled"
                if event.labels:
                    yield "labels"
            case e.Noted(kind="memory.kept"):
                yield "items kept"
            case e.Noted(kind="memory.away"):
                yield "the memory is away"
