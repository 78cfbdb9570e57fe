"""What can be wrong with the names of tools: as an agent has them, and a node."""

from collections.abc import Iterator

from tenuto.core.agent.tool_names import REF_HINT, ref_fault
from tenuto.core.workflow.faults import Fault, Path
from tenuto.core.workflow.model import AgentDefinition, Node


def faults_of_tools(agent: AgentDefinition, path: Path) -> Iterator[Fault]:
    """Yield what is wrong with the tools of an agent. Whether they are there shows at run time."""
    seen: set[str] = set()
    for ref in agent.tools:
        if ref in seen:
            yield Fault(path, f"Agent {agent.name!r} has tool {ref!r} twice.")
        seen.add(ref)
        fault = ref_fault(ref)
        if fault:
            yield Fault(path, f"Among the tools of agent {agent.name!r}, {fault}.", REF_HINT)


def faults_of_tool(node: Node, path: Path) -> Iterator[Fault]:
    """Yield what is wrong with the tool of a `tool` node."""
    fault = ref_fault(node.ref, single=True)
    if fault:
        yield Fault(path, f"The tool of node {node.id!r} is wrong: {fault}.", REF_HINT)
