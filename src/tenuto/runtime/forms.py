"""Forms: what must come with an approval or a signal."""

from collections.abc import Callable
from typing import TypeAlias

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.session import inputs as i
from tenuto.core.session.decide import needs_person
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.defaults import with_defaults
from tenuto.core.workflow.program import Program

Told: TypeAlias = i.SendSignal | i.DecideApproval
"""What somebody outside says to a session that runs."""
FaultOf: TypeAlias = Callable[[JsonObject, Json], str | None]
"""Gives why a value does not fit a schema, or None."""


def fitted(program: Program, state: SessionState, cause: Told, fault_of: FaultOf) -> Told:
    """Return what is told with the defaults of its form.

    Raises:
        Rejected: the data does not fit the form of the node that it is for.
    """
    if isinstance(cause, i.DecideApproval):
        form = _form_of_approval(program, state, cause) if cause.approved else None
        forms, what = ([] if form is None else [form]), "The answer"
    else:
        forms, what = _forms_of_signal(program, cause.name), f"Signal {cause.name!r}"
    if not forms:
        return cause
    given: Json = {} if cause.data is None else cause.data
    faults: list[str] = []
    for form in forms:
        data = with_defaults(given, form) if isinstance(given, dict) else given
        fault = fault_of(form, data)
        if fault is None:
            return msgspec.structs.replace(cause, data=data)
        faults.append(fault)
    raise Rejected(f"{what} does not fit its form: {faults[0]}. Nothing was recorded.")


def _form_of_approval(
    program: Program, state: SessionState, cause: i.DecideApproval
) -> JsonObject | None:
    """Return the form of the approval that is decided; None where that is not plain."""
    waiting = [task for task in state.tasks.values() if needs_person(task)]
    if cause.task:
        waiting = [task for task in waiting if task.no == cause.task]
    if len(waiting) != 1 or waiting[0].kind != "approval" or waiting[0].waiting:
        return None
    node = program.nodes.get(waiting[0].node)
    return node.node.form if node is not None else None


def _forms_of_signal(program: Program, name: str) -> list[JsonObject]:
    """Return the forms of the nodes that want the signal; none where one of them takes anything."""
    forms = [
        node.node.form
        for node in program.nodes.values()
        if node.node.kind == "wait" and node.node.signal == name
    ]
    known = [form for form in forms if form is not None]
    return known if len(known) == len(forms) else []
