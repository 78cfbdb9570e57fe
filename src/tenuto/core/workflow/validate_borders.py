"""What is wrong with the guards and rules of a definition."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from tenuto.core.agent.guards import faults_of_guard
from tenuto.core.agent.policy import faults_of_rule
from tenuto.core.workflow.faults import Fault, Path
from tenuto.core.workflow.model import WorkflowDefinition

Part = TypeVar("Part")


def faults_of_borders(definition: WorkflowDefinition) -> Iterator[Fault]:
    """Yield what is wrong with guards and rules, of the workflow and of its agents."""
    yield from _of_each(
        ("guards",), definition.guards, "guard {n} of the workflow", faults_of_guard
    )
    for agent in definition.agents:
        whose, path = f"of agent {agent.name!r}", ("agents", agent.name)
        yield from _of_each(
            (*path, "guards"), agent.guards, f"guard {{n}} {whose}", faults_of_guard
        )
        yield from _of_each((*path, "policy"), agent.policy, f"rule {{n}} {whose}", faults_of_rule)
        for name, rules in agent.narrowed.items():
            what = f"rule {{n}} for {name!r} {whose}"
            yield from _of_each((*path, "narrowed", name), rules, what, faults_of_rule)


def _of_each(
    path: Path, parts: Sequence[Part], what: str, faults: Callable[[Part], Iterator[str]]
) -> Iterator[Fault]:
    for n, part in enumerate(parts):
        called = what.replace("{n}", str(n + 1))
        for fault in faults(part):
            yield Fault((*path, n), f"{called[:1].upper()}{called[1:]} {fault}")
