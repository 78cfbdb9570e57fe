"""What a catalogue holds: resources and prompts, as its file has them."""

from pathlib import Path
from typing import Literal

import msgspec


class ResourceEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something to read: one of `text`, `file` and `folder`."""

    uri: str
    """An address, or a template of addresses (RFC 6570), as `shop://items/{id}`."""
    name: str = ""
    title: str = ""
    description: str = ""
    mime_type: str = ""
    """By default as the name of the file says, else `text/plain`."""
    text: str | None = None
    """With the variables of the template filled in."""
    file: str | None = None
    folder: str | None = None
    """Each file below it, at a template whose one variable is `{+path}`."""


class ArgumentEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a prompt is filled in with."""

    name: str
    title: str = ""
    description: str = ""
    required: bool = True
    choices: list[str] = []
    """The only texts that it may be; empty: any text."""


class MessageEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message: one of `text`, `image`, `audio` and `resource`."""

    role: Literal["user", "assistant"] = "user"
    text: str | None = None
    image: str | None = None
    """A file."""
    audio: str | None = None
    """A file."""
    resource: str | None = None
    """The address of a resource of the catalogue."""


class PromptEntry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Messages that a person picks by name."""

    name: str
    description: str
    title: str = ""
    arguments: list[ArgumentEntry] = []
    messages: list[MessageEntry]


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """All resources and prompts; files are found from `root` on."""

    root: Path = Path()
    resources: tuple[ResourceEntry, ...] = ()
    prompts: tuple[PromptEntry, ...] = ()
