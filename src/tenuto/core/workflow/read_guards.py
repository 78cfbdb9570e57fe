"""Guards as a file says them: a list of objects, or of the names of kinds alone."""

from tenuto.core.agent.guards import Guard, faults_of_guard
from tenuto.core.workflow.read_structs import structs_of
from tenuto.core.workflow.section import Section


def guards_of(section: Section) -> tuple[Guard, ...]:
    """Return the guards of a workflow or an agent."""
    value = section.data.get("guards")
    if isinstance(value, list):
        for n, guard in enumerate(value):
            if isinstance(guard, str):
                value[n] = {"kind": guard}
    what = f"guard {{n}} of {section.what}"
    return structs_of(section, "guards", Guard, what, judge=faults_of_guard)
