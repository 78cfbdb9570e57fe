"""What a session is started with, checked."""

from collections.abc import Sequence
from typing import Any, Final, TypedDict

from tenuto.core.budget import UNBOUNDED, Budget, fault_of
from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.defaults import with_defaults
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.ports.schemas import Schemas
from tenuto.runtime.json_values import to_json


class Facts(TypedDict, total=False):
    """What can be said about a session besides its inputs."""

    key: str | None
    tenant: str
    user: str
    budget: Budget
    labels: Sequence[str]


_TYPES: Final = {
    "key": (str, type(None)),
    "tenant": (str,),
    "user": (str,),
    "budget": (Budget,),
    "labels": (Sequence,),
}
_IN_WORDS: Final = {
    "key": "a text or None",
    "tenant": "a text",
    "user": 'a text, "" for nobody',
    "budget": "a tenuto.Budget",
    "labels": "a list of texts",
}


def check_facts(facts: Facts) -> None:
    """Return when a session can be started with these.

    Raises:
        Rejected: one of them does not fit.
    """
    others = [name for name in facts if name not in Facts.__annotations__]
    if others:
        known = ", ".join(Facts.__annotations__)
        raise Rejected(f"A session is started with {known}; found {others[0]!r}.")
    for name, wanted in _TYPES.items():
        if name in facts and not isinstance(facts.get(name), wanted):
            raise Rejected(
                f"The {name} of a session must be {_IN_WORDS[name]}; found {facts.get(name)!r:.60}."
            )
    fault = fault_of(facts.get("budget", UNBOUNDED))
    if fault:
        raise Rejected(f"{fault[0].upper()}{fault[1:]}.")
    labels = facts.get("labels", ())
    if isinstance(labels, str) or not all(isinstance(label, str) for label in labels):
        raise Rejected(f"The labels of a session must be a list of texts; found {labels!r:.60}.")


def checked_inputs(
    inputs: dict[str, Any], definition: WorkflowDefinition, schemas: Schemas
) -> JsonObject:
    """Return the inputs of a session, with the defaults that the workflow's schema names.

    Raises:
        Rejected: they do not fit it, or are no JSON.
    """
    checked = to_json(inputs)
    if not isinstance(checked, dict):
        raise Rejected(f"Inputs are an object of names and values, found {inputs!r:.80}.")
    if definition.input_schema is not None:
        checked = with_defaults(checked, definition.input_schema)
        fault = schemas.fault(definition.input_schema, checked)
        if fault is not None:
            raise Rejected(f"The inputs do not fit workflow {definition.name!r}: {fault}.")
    return checked
