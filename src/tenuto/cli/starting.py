"""Workflows as a user names them, made ready to start: found, checked, with another model."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec

import tenuto
from tenuto.core.agent.tool_names import is_of_a_source
from tenuto.core.errors import DefinitionError, Problem, Rejected
from tenuto.core.workflow.faults import dotted
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.core.workflow.named_code import named_code

if TYPE_CHECKING:
    from tenuto.bootstrap import LoadedWorkflow


def find_workflow(target: str) -> LoadedWorkflow:
    """Return the workflow that `target` names, with all its code there.

    Raises:
        NotFound: there is no such file, module, attribute or team.
        DefinitionError: it is wrong, or names code that cannot be imported.
    """
    from tenuto.bootstrap import load_workflow

    make_importable()
    try:
        loaded = load_workflow(target)
    except SyntaxError as error:
        raise Rejected(
            f"{target!r} cannot be loaded: {error.filename}:{error.lineno}: {error.msg}."
        ) from None
    code = loaded.workflow.code if isinstance(loaded.workflow, tenuto.Workflow) else {}
    check_code(loaded.definition, known=frozenset(code), file=loaded.source)
    return loaded


def make_importable() -> None:
    """Let modules of the present folder be imported, as `python -m` does."""
    folder = os.getcwd()
    if folder not in sys.path:
        sys.path.insert(0, folder)


def check_code(
    definition: WorkflowDefinition, *, known: frozenset[str] = frozenset(), file: str = ""
) -> None:
    """Check that the functions and tools of a definition can be imported.

    Tools that are found at run time are looked for then.

    Raises:
        DefinitionError: with each that cannot.
    """
    problems: dict[str, Problem] = {}
    for path, ref in _refs(definition):
        if ref in known or ref in problems:
            continue
        place, bracket, _ = ref.partition("(")
        fault = _fault(place)
        if fault:
            problems[ref] = Problem(
                message=f"{place!r} cannot be imported: {fault}",
                path=path,
                file=file,
                hint="Write module:name, and start where that module can be imported.",
            )
        elif bracket:
            fault = _fault_of_making(ref)
            if fault:
                problems[ref] = Problem(message=fault, path=path, file=file)
    if problems:
        raise DefinitionError(list(problems.values()))


def with_model(
    workflow: tenuto.Workflow | WorkflowDefinition, model: str | None
) -> tenuto.Workflow | WorkflowDefinition:
    """Return the workflow with all its agents on `model`; as it is where that is None."""
    if model is None:
        return workflow
    if isinstance(workflow, tenuto.Workflow):
        return workflow.with_model(model)
    return _remodelled(workflow, model)


def _remodelled(definition: WorkflowDefinition, model: str) -> WorkflowDefinition:
    return msgspec.structs.replace(
        definition,
        agents=tuple(msgspec.structs.replace(agent, model=model) for agent in definition.agents),
        children=tuple(_remodelled(child, model) for child in definition.children),
    )


def _refs(definition: WorkflowDefinition) -> Iterator[tuple[str, str]]:
    """Yield where code is named, and its name."""
    for named in named_code(definition):
        of_a_source = named.kind == "tool" and is_of_a_source(named.ref)
        if named.kind != "workflow" and not of_a_source:
            yield dotted(named.path), named.ref


def _fault_of_making(ref: str) -> str:
    """Return why the tool `ref` cannot be made, or nothing."""
    from tenuto.runtime.code import CodeNotFound, imported

    try:
        imported(ref)
    except CodeNotFound as error:
        return str(error)
    return ""


def _fault(ref: str) -> str:
    """Return why `ref` cannot be imported, or nothing."""
    module_name, _, path = ref.partition(":")
    if not path:
        return "it names no module."
    try:
        found: object = importlib.import_module(module_name)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError, SyntaxError) as error:
        return f"{error}."
    return "" if callable(found) else f"it is no function but {found!r:.60}."
