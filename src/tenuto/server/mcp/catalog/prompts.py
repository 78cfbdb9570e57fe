"""Prompts of a catalogue: lists them, fills them in, completes their arguments."""

import asyncio
import base64
from typing import Any, Final

import mcp_types as types
from mcp import MCPError
from mcp.server import ServerRequestContext

from tenuto.core.errors import NotFound, Rejected
from tenuto.core.workflow.faults import meant
from tenuto.server.mcp.catalog.contents import mime_type_of, read_file
from tenuto.server.mcp.catalog.entries import Catalog, MessageEntry, PromptEntry
from tenuto.server.mcp.catalog.filling import VALUE_CHARS_MAX, filled
from tenuto.server.mcp.catalog.shelf import Shelf

PAGE: Final = 100
"""Prompts in one answer to `prompts/list`."""


class Prompts:
    """Answers what clients ask about prompts. What they give goes into texts, and nowhere else."""

    def __init__(self, catalog: Catalog, shelf: Shelf) -> None:
        self._root, self._shelf = catalog.root, shelf
        self._prompts = {entry.name: entry for entry in catalog.prompts}

    async def listed(
        self, context: ServerRequestContext[Any], params: types.PaginatedRequestParams | None
    ) -> types.ListPromptsResult:
        """Return the prompts in the order of the file.

        Raises:
            MCPError: the cursor is none that was given.
        """
        entries = list(self._prompts.values())
        start = _start(params.cursor if params is not None else None)
        more = str(start + PAGE) if start + PAGE < len(entries) else None
        return types.ListPromptsResult(
            prompts=[_told(entry) for entry in entries[start : start + PAGE]], next_cursor=more
        )

    async def get(
        self, context: ServerRequestContext[Any], params: types.GetPromptRequestParams
    ) -> types.GetPromptResult:
        """Return a prompt with the arguments filled in.

        Raises:
            MCPError: there is no such prompt, or the arguments do not fit it.
        """
        entry = self._prompts.get(params.name)
        if entry is None:
            raise _refused(
                f"Unknown prompt: {params.name!r:.200}. {meant(params.name, self._prompts)}"
            )
        values = _checked(entry, params.arguments or {})
        try:
            messages = [await self._message(message, values) for message in entry.messages]
        except (NotFound, Rejected) as error:
            raise _refused(f"Prompt {entry.name!r}: {error}") from None
        return types.GetPromptResult(description=entry.description, messages=messages)

    async def _message(self, entry: MessageEntry, values: dict[str, str]) -> types.PromptMessage:
        return types.PromptMessage(role=entry.role, content=await self._content(entry, values))

    async def _content(self, entry: MessageEntry, values: dict[str, str]) -> types.ContentBlock:
        if entry.text is not None:
            return types.TextContent(text=filled(entry.text, values))
        if entry.resource is not None:
            uri = filled(entry.resource, values)
            found = await self._shelf.read(uri)
            if found is None:
                raise NotFound(what="resource", name=uri)
            return types.EmbeddedResource(resource=found)
        name = entry.image or entry.audio
        assert name is not None, "a message has one kind of content"
        found_bytes = await asyncio.to_thread(read_file, self._root / name, name)
        data = base64.b64encode(found_bytes).decode()
        mime_type = mime_type_of(name)
        if entry.image is not None:
            return types.ImageContent(data=data, mime_type=mime_type or "image/png")
        return types.AudioContent(data=data, mime_type=mime_type or "audio/wav")

    def complete(self, prompt: str, argument: str, beginning: str) -> list[str]:
        """Return the texts that an argument may be and that begin so."""
        entry = self._prompts.get(prompt)
        arguments = entry.arguments if entry is not None else []
        return [
            choice
            for found in arguments
            if found.name == argument
            for choice in found.choices
            if choice.startswith(beginning)
        ]


def _start(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not cursor.isdecimal() or len(cursor) > 9:
        raise _refused(f"There is no page {cursor!r:.80}.")
    return int(cursor)


def _told(entry: PromptEntry) -> types.Prompt:
    return types.Prompt(
        name=entry.name,
        title=entry.title or None,
        description=entry.description,
        arguments=[
            types.PromptArgument(
                name=argument.name,
                title=argument.title or None,
                description=argument.description or None,
                required=argument.required,
            )
            for argument in entry.arguments
        ],
    )


def _checked(entry: PromptEntry, given: dict[str, str]) -> dict[str, str]:
    """Return the arguments as they are filled in.

    Raises:
        MCPError: they do not fit.
    """
    known = {argument.name: argument for argument in entry.arguments}
    faults: list[str] = []
    for name in given:
        if name not in known:
            faults.append(f"There is no argument {name!r:.80}. {meant(name[:80], known)}")
    for name, argument in known.items():
        value = given.get(name)
        if value is None:
            if argument.required:
                faults.append(f"Argument {name!r} is missing.")
        elif len(value) > VALUE_CHARS_MAX:
            faults.append(
                f"Argument {name!r} has {len(value):,} characters; "
                f"at most {VALUE_CHARS_MAX:,} are taken."
            )
        elif argument.choices and value not in argument.choices:
            choices = ", ".join(argument.choices)
            faults.append(f"Argument {name!r} is one of {choices}; found {value!r:.80}.")
    if faults:
        raise _refused(f"The arguments do not fit prompt {entry.name!r}: {' '.join(faults)}")
    return given


def _refused(message: str) -> MCPError:
    return MCPError(code=types.INVALID_PARAMS, message=message)
