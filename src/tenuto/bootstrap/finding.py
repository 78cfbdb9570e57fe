"""Finds workflows by what a user types: a file, `module:attr`, or an installed team's name."""

import importlib
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

import msgspec

from tenuto.adapters.cel import CelExpressions
from tenuto.adapters.json_schema import JsonSchemas
from tenuto.core.errors import NotFound, Rejected
from tenuto.core.vocabulary import JsonObject
from tenuto.core.workflow.compile import compile_workflow
from tenuto.core.workflow.model import AgentDefinition, WorkflowDefinition
from tenuto.core.workflow.named_code import CodeFault
from tenuto.core.workflow.read import read_workflow
from tenuto.core.workflow.read_agent import AgentText, read_agent
from tenuto.sdk.team import Team
from tenuto.sdk.workflow import Workflow

_SUFFIXES = (".yaml", ".yml", ".json")


class LoadedWorkflow(msgspec.Struct, frozen=True, kw_only=True):
    """A workflow that was found: what to start, its definition, and where it came from."""

    name: str
    workflow: Workflow | WorkflowDefinition
    definition: WorkflowDefinition
    source: str
    description: str = ""


def load_workflow(target: str) -> LoadedWorkflow:
    """Return the workflow that `target` means.

    Raises:
        NotFound: there is no such file, module, attribute or team.
        DefinitionError: it is wrong; every problem is named with its place.
    """
    if target.endswith(_SUFFIXES) or os.path.isfile(target):
        definition = read_file(target)
        return LoadedWorkflow(
            name=definition.name,
            workflow=definition,
            definition=definition,
            source=target,
            description=definition.description,
        )
    if ":" in target:
        return _loaded(_import(target), source=target)
    teams = installed_teams()
    if target in teams:
        return _loaded(_entry(teams[target]), source=f"team {target}")
    known = ", ".join(sorted(teams)) or "none"
    raise NotFound(
        what="workflow",
        name=target,
        hint=f"Give a .yaml or .json file, module:attribute, or an installed team: {known}.",
    )


def read_file(path: str) -> WorkflowDefinition:
    """Return the definition in a YAML or JSON file, checked and compiled once.

    Raises:
        NotFound: there is no such file.
        DefinitionError: it is wrong; every problem is named with line and column.
    """
    try:
        with open(path, encoding="utf-8") as file:
            text = file.read()
    except OSError as error:
        raise NotFound(what="file", name=path, hint=f"{error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise Rejected(f"{path}: the file is not UTF-8 text: {error.reason}.") from None
    _importable(os.path.dirname(os.path.abspath(path)))
    return read_text(text, file=path)


def read_text(
    text: str, *, file: str = "", sent: bool = False, code: CodeFault | None = None
) -> WorkflowDefinition:
    """Return the definition in a text of YAML or JSON, checked and compiled once.

    Args:
        text: of a workflow.
        file: what problems call it.
        sent: somebody else sent it: it may be no larger than what is read in a second or two.
        code: tells which functions, tools and workflows it may not name; None: it may name any.

    Raises:
        DefinitionError: it is wrong; every problem is named with line and column.
    """
    # Loaded here: who opens a database reads no file of a workflow.
    from tenuto.adapters.yaml import LOCAL, SENT, parse_yaml

    data, place = parse_yaml(text, file, SENT if sent else LOCAL)
    return read_workflow(
        data,
        file=file,
        place=place,
        expressions=CelExpressions(),
        schemas=_schema_fault,
        code=code,
    )


def read_agent_text(
    text: str, *, others: Sequence[AgentDefinition] = (), code: CodeFault | None = None
) -> AgentText:
    """Return the agent in a text that somebody sent, of YAML or JSON, checked; `others` are those
    that it may call.

    Raises:
        DefinitionError: it is wrong; every problem is named with line and column.
    """
    from tenuto.adapters.yaml import SENT, parse_yaml

    data, place = parse_yaml(text, bounds=SENT)
    return read_agent(
        data,
        others=others,
        place=place,
        expressions=CelExpressions(),
        schemas=_schema_fault,
        code=code,
    )


def _schema_fault(schema: JsonObject) -> str:
    """Return why something is no JSON Schema, or nothing."""
    try:
        JsonSchemas().fault(schema, None)
    except Rejected as error:
        return str(error)
    return ""


def installed_teams() -> Mapping[str, EntryPoint]:
    """Return the teams that are installed, by name."""
    return {entry.name: entry for entry in entry_points(group="tenuto.teams")}


def _entry(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except (ImportError, AttributeError) as error:
        raise NotFound(
            what="team", name=entry.name, hint=f"It is installed but does not load: {error}."
        ) from None


def _import(target: str) -> Any:
    module_name, _, path = target.partition(":")
    _importable(os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
        for part in path.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise NotFound(what="workflow", name=target, hint=f"{error}.") from None
    return found


def _loaded(found: Any, *, source: str) -> LoadedWorkflow:
    description = ""
    if isinstance(found, Team):
        found, description = found.workflow, found.description
    if isinstance(found, Workflow):
        definition = found.definition()
    elif isinstance(found, WorkflowDefinition):
        definition = found
    else:
        raise NotFound(
            what="workflow",
            name=source,
            hint=f"What is there is no Workflow, WorkflowDefinition or Team: {found!r:.80}.",
        )
    compile_workflow(definition, CelExpressions())
    return LoadedWorkflow(
        name=definition.name,
        workflow=found,
        definition=definition,
        source=source,
        description=description or definition.description,
    )


def _importable(folder: str) -> None:
    """Functions are named `module:name`; modules beside the workflow must be found."""
    if folder not in sys.path:
        sys.path.insert(0, folder)
