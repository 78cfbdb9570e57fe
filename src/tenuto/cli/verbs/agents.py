"""`tenuto agents`: who works here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
import msgspec

from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.options import json_option
from tenuto.cli.printing import faint, say, show, show_json
from tenuto.cli.starting import find_workflow
from tenuto.core.workflow.model import AgentDefinition, WorkflowDefinition
from tenuto.views.excerpts import excerpt

if TYPE_CHECKING:
    from tenuto.bootstrap import LoadedWorkflow


@click.command()
@click.argument("workflows", metavar="[WORKFLOW]…", nargs=-1)
@json_option("Print one JSON object per agent and line.")
def command(workflows: tuple[str, ...], as_json: bool) -> int:
    """List the agents of workflows; without any, of all installed teams.

    WORKFLOW is what `tenuto run` takes.

    \b
    tenuto agents
    tenuto agents flow.yaml --json
    """
    return drive(_list(workflows, as_json=as_json))


async def _list(workflows: tuple[str, ...], *, as_json: bool) -> int:
    from tenuto.bootstrap import installed_teams

    for target in workflows or sorted(installed_teams()):
        loaded = find_workflow(target)
        if as_json:
            for agent in _agents(loaded.definition):
                show_json(_json(loaded, agent), indent=False)
        else:
            _tell(loaded)
    return exit_codes.COMPLETED


def _tell(loaded: LoadedWorkflow) -> None:
    definition = loaded.definition
    show(click.style(f"{definition.name} {definition.version}", bold=True))
    if loaded.description:
        show(f"  {faint(loaded.description)}")
    agents = _agents(definition)
    if not agents:
        say("  it has no agents")
    for agent in agents:
        show(f"  {agent.name}  {faint(agent.model)}")
        about = agent.description or agent.role or agent.instructions
        if about:
            show(f"    {excerpt(about, 92)}")
        if agent.tools:
            names = ", ".join(tool.rpartition(":")[2] for tool in agent.tools)
            show(f"    tools: {names}")


def _agents(definition: WorkflowDefinition) -> list[AgentDefinition]:
    """Return the agents of a workflow and of those that it runs, each once."""
    found = {agent.name: agent for agent in definition.agents}
    for child in definition.children:
        found = {agent.name: agent for agent in _agents(child)} | found
    return list(found.values())


def _json(loaded: LoadedWorkflow, agent: AgentDefinition) -> dict[str, object]:
    told: dict[str, object] = msgspec.to_builtins(agent)
    del told["name"]
    return {
        "workflow": loaded.definition.name,
        "agent": agent.name,
        "version": agent.version,
        "role": agent.role,
        "description": agent.description,
        "model": agent.model,
        "tools": agent.tools,
        "strategy": agent.strategy,
        "turns_max": agent.turns_max,
        "instructions": agent.instructions,
        # Whatever else is said about it: memory, guards, whom it writes to.
        **told,
    }
