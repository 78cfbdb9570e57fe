"""From plain data to a catalogue; all that is wrong with it is told at once."""

import os
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mcp.shared.uri_template import InvalidUriTemplate, UriTemplate

from tenuto.core.errors import DefinitionError
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.faults import Place, meant
from tenuto.core.workflow.read_structs import structs_of
from tenuto.core.workflow.section import Reading, Section, shown
from tenuto.server.mcp.catalog.entries import Catalog, MessageEntry, PromptEntry, ResourceEntry
from tenuto.server.mcp.catalog.filling import names_in

PATH_VARIABLE: Final = "path"
_SCHEME: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:.+")
_RESERVED: Final = "tenuto:"
_NAME: Final = re.compile(r"[A-Za-z_]\w*", re.ASCII)


def read_catalog(data: Json, *, root: Path, file: str, place: Place | None = None) -> Catalog:
    """Return the catalogue that `data` describes.

    Args:
        data: what a YAML or JSON parser gave.
        root: the folder that files are found from.
        file: what problems call the text.
        place: gives line and column of a path into the data.

    Raises:
        DefinitionError: with every problem found.
    """
    reading = Reading()
    catalog = Catalog(root=root)
    if isinstance(data, dict):
        section = Section(reading, (), data, what="the catalogue")
        catalog = Catalog(
            root=root,
            resources=structs_of(
                section,
                "resources",
                ResourceEntry,
                "resource {n}",
                judge=lambda entry: _faults_of_resource(entry, root),
            ),
            prompts=structs_of(
                section,
                "prompts",
                PromptEntry,
                "prompt {n}",
                judge=lambda entry: _faults_of_prompt(entry, root),
            ),
        )
        section.close()
        _check_once(section, "resources", [entry.uri for entry in catalog.resources])
        _check_once(section, "prompts", [entry.name for entry in catalog.prompts])
    else:
        message = f"A catalogue is an object of keys and values, found {shown(data)}."
        reading.fault((), message, "Begin with resources: or prompts:, and a list.")
    if reading.faults:
        raise DefinitionError([fault.problem(file=file, place=place) for fault in reading.faults])
    return catalog


def _check_once(section: Section, key: str, names: list[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            second = [n for n, other in enumerate(names) if other == name][1]
            message = f"{name!r} stands {count} times among the {key}."
            section.reading.fault((*section.at(key), second), message, "Give each its own.")


def _faults_of_resource(entry: ResourceEntry, root: Path) -> Iterator[str]:
    sources = [key for key in ("text", "file", "folder") if getattr(entry, key) is not None]
    if len(sources) != 1:
        found = " and ".join(sources) or "none"
        yield f"has one of text, file and folder, found {found}."
        return
    if not _SCHEME.fullmatch(entry.uri):
        yield f"has uri {entry.uri!r:.80}: begin it with a scheme, as shop://terms."
        return
    if entry.uri.lower().startswith(_RESERVED):
        yield f"has uri {entry.uri!r:.80}: addresses that begin with {_RESERVED} are the server's."
    try:
        variables = UriTemplate.parse(entry.uri).variable_names
    except InvalidUriTemplate as error:
        yield f"has uri {entry.uri!r:.80}, which is no template of addresses: {error}."
        return
    if entry.folder is not None and list(variables) != [PATH_VARIABLE]:
        yield f"has a folder: end its uri with {{+path}}, alone; found {entry.uri!r:.80}."
    if entry.file is not None and variables:
        yield f"has one file, and variables in its uri {entry.uri!r:.80}; give a text."
    if entry.text is not None:
        yield from _unknown_places(entry.text, list(variables), "variable of its uri")
    if entry.file is not None and not os.path.isfile(root / entry.file):
        yield f"has file {entry.file!r:.120}, which is not there."
    if entry.folder is not None and not os.path.isdir(root / entry.folder):
        yield f"has folder {entry.folder!r:.120}, which is not there."


def _faults_of_prompt(entry: PromptEntry, root: Path) -> Iterator[str]:
    names = [argument.name for argument in entry.arguments]
    if not entry.messages:
        yield "has no messages."
    for name in names:
        if not _NAME.fullmatch(name):
            yield f"has argument {name!r:.80}: a name is letters, digits and _ only."
    for name, count in Counter(names).items():
        if count > 1:
            yield f"has argument {name!r} {count} times."
    for n, message in enumerate(entry.messages, start=1):
        for fault in _faults_of_message(message, names, root):
            yield f"has message {n}, which {fault}"


def _faults_of_message(entry: MessageEntry, names: list[str], root: Path) -> Iterator[str]:
    kinds = [
        key for key in ("text", "image", "audio", "resource") if getattr(entry, key) is not None
    ]
    if len(kinds) != 1:
        found = " and ".join(kinds) or "none"
        yield f"has one of text, image, audio and resource, found {found}."
        return
    for text in (entry.text, entry.resource):
        if text is not None:
            yield from _unknown_places(text, names, "argument of the prompt")
    for path in (entry.image, entry.audio):
        if path is not None and not os.path.isfile(root / path):
            yield f"has file {path!r:.120}, which is not there."


def _unknown_places(text: str, known: list[str], what: str) -> Iterator[str]:
    for name in names_in(text):
        if name not in known:
            hint = meant(name, known)
            yield (
                f"names {{{name}}}, which is no {what}. {hint} "
                f"Write {{{{{name}}}}} for the word in braces itself."
            )
