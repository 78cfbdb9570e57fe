"""What a workflow is told besides its nodes and edges, read as a file would be."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias, TypedDict

import msgspec

from tenuto.core.agent.guards import Guard
from tenuto.core.budget import Budget
from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.faults import meant
from tenuto.core.workflow.model import OnFailure, StateKey
from tenuto.core.workflow.read_parts import input_schema_of, state_of
from tenuto.core.workflow.read_schemas import object_schema
from tenuto.core.workflow.section import Reading, Section

StateSpec: TypeAlias = "str | tuple[str, Any]"


class Options(TypedDict, total=False):
    """What can be said about a workflow besides its name."""

    version: str
    description: str
    state: Mapping[str, StateSpec] | None
    inputs: Mapping[str, Any] | None
    output: str
    on_failure: OnFailure
    steps: int
    budget: Budget
    guards: Sequence[Guard]


def refuse_others(what: str, options: Options) -> None:
    """Check that every option is one.

    Raises:
        DefinitionError: with the option that was perhaps meant.
    """
    known = Options.__annotations__
    others = [option for option in options if option not in known]
    if others:
        raise DefinitionError(
            [
                Problem(message=f"{what} has no option {other!r}.", hint=meant(other, known))
                for other in others
            ]
        )


def input_schema_from(inputs: Mapping[str, Any] | None) -> JsonObject | None:
    """Return the JSON Schema of a workflow's inputs, from a whole schema or from one per input.

    Raises:
        DefinitionError: it is neither.
    """
    section = _section("inputs", inputs)
    schema = input_schema_of(section)
    _refuse(section)
    return schema


def form_from(form: object) -> JsonObject | None:
    """Return the JSON Schema of a form, from a whole schema or from one per field.

    Raises:
        DefinitionError: it is neither.
    """
    section = _section("form", form)
    schema = object_schema(section, "form", "the form", each="Field")
    _refuse(section)
    return schema


def state_from(state: Mapping[str, StateSpec] | None) -> dict[str, StateKey]:
    """Return the declared state: key to reducer, or to `(reducer, initial)`.

    Raises:
        DefinitionError: a reducer does not exist.
    """
    specs: dict[str, Any] = {}
    for name, spec in (state or {}).items():
        pair = isinstance(spec, tuple) and len(spec) == 2
        specs[name] = dict(zip(("reducer", "initial"), spec, strict=True)) if pair else spec
    section = _section("state", specs)
    keys = state_of(section)
    _refuse(section)
    return keys


def _section(part: str, given: object) -> Section:
    try:
        plain = msgspec.to_builtins({} if given is None else {part: given})
    except TypeError as error:
        problem = Problem(message=f"{part!r} of the workflow is no data: {error}.", path=part)
        raise DefinitionError([problem]) from None
    return Section(Reading(), (), plain, what="the workflow")


def _refuse(section: Section) -> None:
    faults = section.reading.faults
    if faults:
        raise DefinitionError([fault.problem() for fault in faults])
