"""Ends the process after each commit in turn: what a session is after a crash, everywhere."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.model import Model
from tenuto.sdk.sources import Tools, sources_from
from tenuto.sdk.workflow import Workflow
from tenuto.testing.simulation.faults import Faults
from tenuto.testing.simulation.report import SimulationReport
from tenuto.testing.simulation.running import Plan, run_plan


class Parts(TypedDict, total=False):
    """What a session works with besides its workflow."""

    functions: Mapping[str, Any] | None
    """Code by the names that the workflow uses, beside or in place of its own."""
    models: Mapping[str, Model] | None
    """Providers by name; they must answer by rule, not from a script."""
    tools: Mapping[str, Tools]
    """Sources of tools by namespace, as for `tenuto.open`."""


def crash_points(
    workflow: Workflow | WorkflowDefinition,
    inputs: Mapping[str, Any] | None = None,
    **parts: Unpack[Parts],
) -> range:
    """Return the numbers of the commits of an undisturbed session: the places where it can crash.

    The workflow must come to its end by itself; its models must answer by rule, not from a script
    that a repeated request would use up.

    Example:
        @pytest.mark.parametrize("commit", crash_points(flow, {"n": 3}, models=models))
        def test_a_crash_changes_nothing(commit: int) -> None:
            crash_after(commit, flow, {"n": 3}, models=models).check()
    """
    quiet = _run(0, workflow, inputs, parts)
    quiet.check()
    return range(1, quiet.commits + 1)


def crash_after(
    commit: int,
    workflow: Workflow | WorkflowDefinition,
    inputs: Mapping[str, Any] | None = None,
    **parts: Unpack[Parts],
) -> SimulationReport:
    """Return what becomes of a session whose process dies right after commit number `commit`.

    A second process takes it up. `report.outputs` holds its output, `report.asked` how often a
    model was asked in both processes together; `report.check()` holds the promises P1 to P9."""
    return _run(commit, workflow, inputs, parts)


def _run(
    commit: int,
    workflow: Workflow | WorkflowDefinition,
    inputs: Mapping[str, Any] | None,
    parts: Parts,
) -> SimulationReport:
    plan = Plan(
        faults=Faults.none(),
        models=parts.get("models"),
        tools=sources_from(parts.get("tools", {})),
        crash_after=commit,
    )
    return run_plan(workflow, [dict(inputs or {})], plan, functions=parts.get("functions"))
