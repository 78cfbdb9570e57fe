"""Guards as a file says them: a list of objects, or of the names of kinds alone."""

import msgspec

from tenuto.core.agent.guards import Guard, faults_of_guard
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.section import Section


def guards_of(section: Section) -> tuple[Guard, ...]:
    """Return the guards of a workflow or an agent."""
    value = section.get("guards")
    if value is None and "guards" not in section.data:
        return ()
    try:
        guards = msgspec.convert(_in_full(value), tuple[Guard, ...])
    except msgspec.ValidationError as error:
        # One guard that is not understood might have been the one that blocks.
        section.fault("guards", f"The guards of {section.what} cannot be read: {error}.")
        return ()
    for guard in guards:
        for fault in faults_of_guard(guard):
            section.fault("guards", f"Guard {guard.called!r} of {section.what} {fault}")
    return guards


def _in_full(value: Json) -> Json:
    if not isinstance(value, list):
        return value
    return [{"kind": guard} if isinstance(guard, str) else guard for guard in value]
