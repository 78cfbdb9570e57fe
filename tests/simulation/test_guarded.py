"""No fault lets an output out of a session that the guards at its borders have not seen."""

from typing import Any, Final

import pytest

import tenuto
from tenuto import Guard, Workflow
from tenuto.testing import simulate

SECRET: Final = "ghp_" + "aB3dE5" * 6


def give(ctx: tenuto.Context, text: str) -> dict[str, Any]:
    return {"text": text}


FLOW: Final = Workflow(
    "guarded",
    output="outputs.last.text",
    guards=[
        Guard.secrets(redact=True, at=["output"]),
        Guard.regex(deny="never", at=["output", "after_function"], action="ask"),
        Guard.length(50, at=["input"], cut=True),
    ],
)
FLOW.node("first", function=give, inputs={"text": "inputs.text"})
FLOW.node("hear", wait="news")
FLOW.node("last", function=give, inputs={"text": "'never ' + inputs.text"})
FLOW.edge("first", "hear").edge("hear", "last")


@pytest.mark.parametrize("seed", range(25))
def test_no_fault_lets_an_output_out_that_guards_have_not_seen(seed: int) -> None:
    report = simulate(FLOW, {"text": SECRET}, seed=seed)

    report.check()
    assert SECRET not in repr(report.outputs)
