"""The words for what goes wrong at a server. None of them holds a secret."""

from typing import Any, Final

import msgspec

from tenuto.adapters.mcp.credentials import Credentials
from tenuto.adapters.mcp.heard import Heard
from tenuto.adapters.mcp.settings import Address, Command
from tenuto.core.errors import Escalatable, Rejected, Transient, WorkFailed

MESSAGE_CHARS_MAX: Final = 500

IN_DOUBT: Final = "in_doubt"
"""The code by which the runtime knows that nobody knows."""

APPROVE: Final = "then approve to try again."


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """How it stood when something went wrong."""

    heard: Heard
    said: str = ""
    """The end of the child's standard error."""
    noise: str = ""
    """What it last wrote to its standard output that is no message."""
    lost: bool = False
    """The connection is gone."""
    reason: BaseException | None = None
    """What ended it, where it was not the server's own doing."""


class Teller:
    """Makes failures that name the server."""

    def __init__(self, name: str, place: Command | Address, credentials: Credentials) -> None:
        self.server, self._place = f"MCP server {name!r}", place
        self._credentials = credentials

    def unknown(self, told: str, scene: Scene, code: str, repeats: bool) -> WorkFailed:
        """Return what follows when nobody knows whether the server did it."""
        told = self.told(told, scene)
        if repeats:
            return Transient(told, code=code)
        return Escalatable(f"{told} Nobody knows whether it was done.", code=IN_DOUBT)

    def away(self, error: BaseException) -> WorkFailed:
        told = f"cannot be reached at {self._place}: {short(error)}."
        return Transient(self.line(told), code="unavailable")

    def escalatable(self, told: str, code: str) -> WorkFailed:
        told = told if told.startswith(self.server) else f"{self.server} {told}"
        return Escalatable(self._one_line(f"{told} {APPROVE}"), code=code)

    def rejected(self, error: Rejected) -> WorkFailed:
        """Return what a person did not do, as a failure."""
        return Escalatable(self._one_line(f"{error} {self.server} got no token."), code="sign_in")

    def told(self, told: str, scene: Scene) -> str:
        """Return what happened, with what the server itself said of it."""
        parts = [f"{self.server} {told}."]
        if scene.said:
            parts.append(f"Its last words: {scene.said}.")
        if scene.noise:
            parts.append(f"It writes what is no message to its standard output: {scene.noise}.")
        return self._one_line(" ".join(parts))

    def line(self, told: str) -> str:
        return self._one_line(f"{self.server} {told}")

    def _one_line(self, told: str) -> str:
        line = " ".join(self._credentials.hide(told).split())
        return line.replace("..", ".") if len(line) <= MESSAGE_CHARS_MAX else _cut(line)


def _cut(line: str) -> str:
    """Keep beginning and end: what happened, and what to do."""
    half = MESSAGE_CHARS_MAX // 2
    return f"{line[:half]} […] {line[-half:]}"


def leaf(error: BaseException) -> BaseException:
    """Return the first cause in a group of exceptions."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


def said_by(error: BaseException) -> tuple[int | None, str]:
    """Return code and message of an error of the protocol; no code for any other."""
    from mcp import MCPError

    if isinstance(error, MCPError):
        return error.code, " ".join(error.message.split()).rstrip(".")
    return None, str(error)


def is_nonsense(error: BaseException) -> bool:
    from pydantic import ValidationError

    return isinstance(error, ValidationError | LookupError | TypeError | UnicodeError)


def short(error: BaseException) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first: Any = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{first['msg']}" + (f" at {place}" if place else "")
    said = " ".join(str(error).split()).rstrip(".")[:200]
    return said or type(error).__name__


def retry_after_ms(header: str) -> int:
    """Return what `retry-after` asks for, in its form as seconds; 0 where it asks for nothing."""
    try:
        return max(0, round(float(header or 0) * 1000))
    except (ValueError, OverflowError):
        return 0
