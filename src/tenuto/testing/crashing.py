"""Ends the process after each commit in turn: what a session is after a crash, everywhere."""

from collections.abc import Mapping
from typing import Any

from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.model import Model
from tenuto.sdk.workflow import Workflow
from tenuto.testing.simulation.faults import Faults
from tenuto.testing.simulation.report import SimulationReport
from tenuto.testing.simulation.running import Plan, run_plan


def crash_points(
    workflow: Workflow | WorkflowDefinition,
    inputs: Mapping[str, Any] | None = None,
    *,
    functions: Mapping[str, Any] | None = None,
    models: Mapping[str, Model] | None = None,
) -> range:
    """Return the numbers of the commits of an undisturbed session: the places where it can crash.

    The workflow must come to its end by itself; its models must answer by rule, not from a script
    that a repeated request would use up.

    Example:
        @pytest.mark.parametrize("commit", crash_points(flow, {"n": 3}, models=models))
        def test_a_crash_changes_nothing(commit: int) -> None:
            crash_after(commit, flow, {"n": 3}, models=models).check()
    """
    quiet = _run(workflow, inputs, functions=functions, models=models, commit=0)
    quiet.check()
    return range(1, quiet.commits + 1)


def crash_after(
    commit: int,
    workflow: Workflow | WorkflowDefinition,
    inputs: Mapping[str, Any] | None = None,
    *,
    functions: Mapping[str, Any] | None = None,
    models: Mapping[str, Model] | None = None,
) -> SimulationReport:
    """Return what becomes of a session whose process dies right after commit number `commit`.

    A second process takes it up. `report.outputs` holds its output, `report.asked` how often a
    model was asked in both processes together; `report.check()` holds the promises P1 to P9."""
    return _run(workflow, inputs, functions=functions, models=models, commit=commit)


def _run(
    workflow: Workflow | WorkflowDefinition,
    inputs: Mapping[str, Any] | None,
    *,
    functions: Mapping[str, Any] | None,
    models: Mapping[str, Model] | None,
    commit: int,
) -> SimulationReport:
    plan = Plan(faults=Faults.none(), models=models, crash_after=commit)
    return run_plan(workflow, [dict(inputs or {})], plan, functions=functions)
