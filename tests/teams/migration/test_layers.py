"""Meta directs those who think, these make plans for those who work, and who works reports upward:
nothing goes the other way."""

import ast
from pathlib import Path
from typing import Final

import pytest

import tenuto.teams.migration
from tenuto.teams.migration.cognition import planning_workflow
from tenuto.teams.migration.execution import range_workflow, worker_workflow
from tenuto.teams.migration.flow import migration_workflow

ROOT: Final = Path(tenuto.teams.migration.__file__).parent
LAYERS: Final = {
    "meta": {
        "flow",
        "conducting",
        "rounds",
        "directing",
        "limits",
        "learning",
        "commands",
        "commands_back",
        "watching",
        "commands_later",
        "commands_shared",
        "catching_up",
    },
    "cognition": {"cognition", "scout", "architect", "resolver", "matching", "planfile"},
    "execution": {"execution", "moving", "recovery", "kora"},
}
"""Each layer's parts. The others (`plan`, `schema`, `databases`, `ddl`, …) are what all work on."""
MAY_SEE: Final = {
    "meta": {"meta", "cognition", "execution"},
    "cognition": {"cognition"},
    "execution": {"execution"},
}


def layer_of(part: str) -> str | None:
    return next((layer for layer, parts in LAYERS.items() if part in parts), None)


def parts_imported(file: Path) -> set[str]:
    """Return the parts of the team that a module imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        prefix = "tenuto.teams.migration."
        found |= {name[len(prefix) :].split(".")[0] for name in names if name.startswith(prefix)}
    return found


@pytest.mark.parametrize("layer", sorted(LAYERS))
def test_no_layer_imports_one_that_it_does_not_direct(layer: str) -> None:
    wrong = {
        f"{file.relative_to(ROOT)} imports {part}"
        for file in ROOT.rglob("*.py")
        if layer_of(file.relative_to(ROOT).parts[0].removesuffix(".py")) == layer
        for part in parts_imported(file)
        if (found := layer_of(part)) is not None and found not in MAY_SEE[layer]
    }

    assert wrong == set()


def test_sessions_are_started_downward_only() -> None:
    started = {
        workflow.name: {child.name for child in workflow.definition().children}
        for workflow in (
            migration_workflow(),
            planning_workflow(),
            worker_workflow(),
            range_workflow(),
        )
    }

    assert started == {
        "migration": {"migration-plan", "migration-worker"},
        "migration-plan": set(),
        "migration-worker": {"migration-range"},
        "migration-range": set(),
    }


def test_no_agent_of_the_team_writes_to_another_or_leaves_its_task_to_one() -> None:
    agents = [
        agent
        for workflow in (planning_workflow(), range_workflow(), migration_workflow())
        for agent in workflow.definition().agents
    ]

    assert {agent.name for agent in agents} == {
        "conductor",
        "monitor",
        "learning",
        "scout",
        "architect",
        "resolver",
        "recovery",
        "validator",
    }
    assert [agent.name for agent in agents if agent.writes_to or agent.handoffs] == []
