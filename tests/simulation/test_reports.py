"""What a simulation tells: the same for the same seed, and the whole story of a failure."""

import os
import re
import subprocess
import sys
from typing import Any

import pytest

from tenuto import Agent, Workflow, tool
from tenuto.testing import Faults, simulate, simulate_random
from tests.simulation.planted import skip_tokens_lost

DIGESTS = (
    "from tenuto.testing import simulate_random\n"
    "print([simulate_random(seed).log_digest for seed in range(40)])"
)


async def double(ctx: Any, n: int) -> dict[str, int]:
    return {"total": 2 * n}


@tool
def look_up(word: str) -> str:
    """Return what a word means."""
    return f"{word}: held for its full value"


def doubling() -> Workflow:
    flow = Workflow("doubling", state={"total": "add"})
    flow.node("first", function=double, inputs={"n": "inputs.n"})
    flow.node("second", function=double, inputs={"n": "state.total"})
    flow.edge("first", "second")
    return flow


def test_the_same_seed_gives_the_same_log_to_the_byte() -> None:
    assert simulate_random(7).log_digest == simulate_random(7).log_digest
    assert simulate_random(7).log_digest != simulate_random(8).log_digest


@pytest.mark.slow
def test_the_order_of_hashes_does_not_show_in_any_log() -> None:
    outputs = {
        subprocess.run(
            [sys.executable, "-c", DIGESTS],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=120,
        ).stdout
        for seed in ("0", "4711")
    }

    assert len(outputs) == 1


def test_a_given_workflow_comes_to_its_end_on_a_quiet_day() -> None:
    report = simulate(doubling(), {"n": 4}, seed=1, faults=Faults.none(), sessions=3)

    report.check()
    assert report.statuses == {"completed": 3}
    assert report.executions == 6


@pytest.mark.parametrize("seed", range(20))
def test_a_given_workflow_keeps_the_promises_in_any_weather(seed: int) -> None:
    simulate(doubling(), {"n": 4}, seed=seed).check()


@pytest.mark.parametrize("seed", range(20))
def test_a_given_agent_is_simulated_with_its_tools(seed: int) -> None:
    flow = Workflow("asking")
    clerk = Agent("clerk", model="any:model", instructions="Answer.", tools=[look_up])
    flow.node("ask", agent=clerk, inputs={"text": "inputs.text"})

    report = simulate(flow, {"text": "tenuto?"}, seed=seed)

    report.check()


def test_functions_can_be_put_in_the_place_of_a_workflow_s_own() -> None:
    seen: list[int] = []

    async def other(ctx: Any, n: int) -> dict[str, int]:
        seen.append(n)
        return {"total": 1}

    definition = doubling().definition()
    functions = {node.ref: other for node in definition.nodes}

    simulate(definition, {"n": 9}, functions=functions, faults=Faults.none(), sessions=1).check()

    assert seen == [9, 1]


def test_a_failure_tells_its_story_and_how_to_see_it_again() -> None:
    with skip_tokens_lost():
        report = next(r for r in map(simulate_random, range(100)) if r.violation)

        with pytest.raises(AssertionError, match=r"G1: .*") as raised:
            report.check()
        again = re.search(r"reproduce: (simulate_random\(.*\)\.check\(\))", str(raised.value))
        assert again is not None
        with pytest.raises(AssertionError, match="G1"):
            eval(again[1], {"simulate_random": simulate_random, "Faults": Faults})

    assert "SessionCompleting" in str(raised.value)


def test_the_story_of_a_failure_is_made_short() -> None:
    with skip_tokens_lost():
        seeds = [s for s in range(60) if simulate_random(s, shorten=False).violation is not None]
        long = [simulate_random(seed, shorten=False).events for seed in seeds]
        short = [simulate_random(seed).events for seed in seeds]

    assert seeds
    assert sum(short) < sum(long) / 2
