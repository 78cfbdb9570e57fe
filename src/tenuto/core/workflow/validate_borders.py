"""What is wrong with the guards of a definition.

Rules of permission are judged where they are made, in a file or in Python, and not here: what is
stored is judged again when it is loaded, and a session must not be lost to a rule that was taken.
"""

from collections.abc import Iterator

from tenuto.core.agent.guards import Guard, faults_of_guard
from tenuto.core.workflow.faults import Fault, Path
from tenuto.core.workflow.model import WorkflowDefinition


def faults_of_borders(definition: WorkflowDefinition) -> Iterator[Fault]:
    """Yield what is wrong with guards, of the workflow and of its agents."""
    parts: list[tuple[Path, str, tuple[Guard, ...]]] = [
        (("guards",), "the workflow", definition.guards)
    ]
    for agent in definition.agents:
        parts.append((("agents", agent.name, "guards"), f"agent {agent.name!r}", agent.guards))
    for path, whose, guards in parts:
        for n, guard in enumerate(guards):
            for fault in faults_of_guard(guard):
                yield Fault((*path, n), f"Guard {n + 1} of {whose} {fault}")
