"""What goes wrong at an MCP server, as the failure class that says what follows (DESIGN 3.4).

What decides is whether the server can have carried the call out:

- it cannot (it was not reached, it refused): `Transient`, or `Escalatable` where a person must act;
- nobody knows (it died, it hangs, it answers nonsense): `Transient` for a tool that may be called
  twice, else in doubt, which the runtime settles by a person (P3);
- it answered with an error: `Fatal`, which goes back to the model.
"""

from typing import Any, Final

import msgspec

from tenuto.adapters.mcp.credentials import Credentials
from tenuto.adapters.mcp.settings import Address, Command
from tenuto.adapters.mcp.transports import Heard
from tenuto.core.errors import Escalatable, Fatal, Transient, WorkFailed

MESSAGE_CHARS_MAX: Final = 500

IN_DOUBT: Final = "in_doubt"
"""The code by which the runtime knows that nobody knows."""

_APPROVE: Final = "then approve to try again."

_NOT_DONE: Final = frozenset({408, 409, 425, 429, 503})
"""HTTP statuses that say that nothing was done, and that it may work later. Source: RFC 9110, 6585,
8470."""

_STAND_IN: Final = frozenset(
    {"Server returned an error response", "Not Found", "Session terminated"}
)
"""What the SDK says where the server said nothing but its status."""

_CLOSED: Final = "Connection closed"


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


class Faults:
    """Makes failures of what goes wrong at one server. No message holds a secret."""

    def __init__(self, name: str, place: Command | Address, credentials: Credentials) -> None:
        self._server, self._place = f"MCP server {name!r}", place
        self._credentials = credentials

    def starting(self, error: BaseException, scene: Scene) -> WorkFailed | None:
        """Return the failure of a connection that did not come about; None for what is unknown."""
        error = leaf(error)
        if isinstance(error, WorkFailed):
            return error
        if isinstance(error, ImportError):
            return Escalatable(
                f"{self._server} needs a library that is not installed ({error.name}): "
                f"pip install 'tenuto[mcp]', {_APPROVE}",
                code="extra_missing",
            )
        if isinstance(error, TimeoutError):
            return Transient(
                self._told(f"did not get ready ({error})", scene), code="connect_timeout"
            )
        if isinstance(self._place, Command) and isinstance(error, OSError | ValueError):
            return self._not_started(self._place, error)
        return self._not_begun(error, scene)

    def _not_started(self, place: Command, error: OSError | ValueError) -> WorkFailed:
        if isinstance(error, ValueError):
            return self._escalatable(f"cannot be started: {error}", "cannot_start")
        if place.cwd and isinstance(error, FileNotFoundError | NotADirectoryError):
            found = f"its folder {place.cwd!r} or its command {place.command[0]!r} does not exist"
        elif isinstance(error, FileNotFoundError):
            found = f"there is no command {place.command[0]!r}"
        else:
            found = f"its command {place.command[0]!r} cannot be run ({error.strerror})"
        return self._escalatable(
            f"cannot be started: {found}. Install it, or give its full path,", "no_such_command"
        )

    def _not_begun(self, error: BaseException, scene: Scene) -> WorkFailed | None:
        import httpx2
        from mcp_types import UNSUPPORTED_PROTOCOL_VERSION

        if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol):
            return self._escalatable(f"has no proper address: {error}. Mend it,", "bad_address")
        if isinstance(error, httpx2.TransportError):
            return self._away(error)
        code, message = _said_by(error)
        if code == UNSUPPORTED_PROTOCOL_VERSION or "Unsupported protocol version" in message:
            return self._other_version(message)
        if scene.heard.status >= 400:
            return self._by_status(scene, message, repeats=True, begun=False)
        if self._closed(error, scene):
            if isinstance(self._place, Address):
                return Transient(self._told(f"ended the connection: {message}", scene), code="away")
            return self._escalatable(
                self._told("ended before it was ready", scene) + " Mend it,", "server_exited"
            )
        if code is not None:
            return self._escalatable(f"refuses to begin: {message}. Mend it,", "refused")
        if _is_nonsense(error):
            return self._escalatable(
                f"answers what is no MCP: {_short(error)}. Mend it,", "bad_answer"
            )
        return None

    def _other_version(self, message: str) -> WorkFailed:
        from mcp_types.version import KNOWN_PROTOCOL_VERSIONS as KNOWN

        found = message.rpartition(":")[2].strip()
        return self._escalatable(
            f"speaks a version of the protocol that this client does not ({found}); it speaks "
            f"{', '.join(KNOWN)}. Use a server that speaks one of them,",
            "protocol_version",
        )

    def listing(self, error: BaseException, scene: Scene) -> WorkFailed | None:
        """Return the failure of a list of tools that did not come; None for what is unknown."""
        failed = self._asking(leaf(error), scene, what="its list of tools", repeats=True)
        if isinstance(failed, Fatal):
            return self._escalatable(f"{failed} Mend it,", failed.code)
        return failed

    def calling(
        self, error: BaseException, scene: Scene, *, tool: str, repeats: bool
    ) -> WorkFailed | None:
        """Return the failure of a call; None for what is unknown."""
        return self._asking(leaf(error), scene, what=f"a call of {tool!r}", repeats=repeats)

    def _asking(
        self, error: BaseException, scene: Scene, *, what: str, repeats: bool
    ) -> WorkFailed | None:
        from mcp_types import PARSE_ERROR, REQUEST_TIMEOUT, URL_ELICITATION_REQUIRED

        if isinstance(error, WorkFailed):
            return error
        reason = leaf(scene.reason) if scene.reason is not None else None
        if scene.heard.unsent is not None:
            return self._away(scene.heard.unsent)
        if isinstance(error, TimeoutError):
            return self._unknown(f"gave no answer to {what} ({error})", scene, "timeout", repeats)
        code, message = _said_by(error)
        if scene.heard.status >= 400:
            return self._by_status(scene, message, repeats=repeats, what=what)
        if self._closed(error, scene):
            told = f"ended during {what}" + (f" ({_short(reason)})" if reason else "")
            return self._unknown(told, scene, "server_died", repeats)
        if code == REQUEST_TIMEOUT:
            return self._unknown(f"gave up {what}: {message}", scene, "timeout", repeats)
        if code == PARSE_ERROR or _is_nonsense(error):
            told = f"answered {what} with what makes no sense: {_short(error)}"
            return self._unknown(told, scene, "bad_answer", repeats)
        if code == URL_ELICITATION_REQUIRED:
            return self._escalatable(f"wants a person first: {message}. Do it,", "elicitation")
        if code is not None:
            return Fatal(self._line(f"refuses {what} ({code}): {message}."), code="refused")
        if type(error) is RuntimeError or "InputRequired" in type(error).__name__:
            told = f"answered {what} with what this client does not take: {_short(error)}."
            return Fatal(self._line(told), code="bad_answer")
        return None

    def _closed(self, error: BaseException, scene: Scene) -> bool:
        import anyio
        from mcp_types import CONNECTION_CLOSED

        code, message = _said_by(error)
        if code != CONNECTION_CLOSED:
            return isinstance(error, anyio.ClosedResourceError | anyio.BrokenResourceError)
        # A server may use the code for errors of its own.
        return isinstance(self._place, Address) or scene.lost or message == _CLOSED

    def _by_status(
        self, scene: Scene, message: str, *, repeats: bool, what: str = "", begun: bool = True
    ) -> WorkFailed:
        status, said = scene.heard.status, "" if message in _STAND_IN else f": {message}"
        where = f" at {self._place}"
        if status in (401, 403):
            return self._escalatable(
                f"refuses the credentials{where} ({status}){said}. Set the right ones,",
                "authentication",
            )
        if status == 404 and scene.heard.had_session:
            return Transient(
                self._line("has forgotten the session; the next use begins another."),
                code="session_ended",
            )
        if status == 404 and not begun:
            return self._escalatable(
                f"is not there: nothing answers{where} (404){said}. Set the right address,",
                "no_such_server",
            )
        if status in _NOT_DONE:
            return Transient(
                self._line(f"cannot take it now ({status}){said}."),
                code="rate_limit" if status == 429 else "unavailable",
                retry_after_ms=_retry_after_ms(scene.heard.retry_after),
            )
        if status >= 500:
            return self._unknown(
                f"failed{where} with status {status}{said}", scene, "unavailable", repeats
            )
        if not begun:
            return self._escalatable(f"refuses to begin ({status}){said}. Mend it,", "refused")
        return Fatal(self._line(f"refuses {what} ({status}){said}."), code="refused")

    def _unknown(self, told: str, scene: Scene, code: str, repeats: bool) -> WorkFailed:
        """Return what follows when nobody knows whether the server did it."""
        told = self._told(told, scene)
        if repeats:
            return Transient(told, code=code)
        return Escalatable(
            f"{told} Nobody knows whether it was done, and it may not be done twice.",
            code=IN_DOUBT,
        )

    def _away(self, error: BaseException) -> WorkFailed:
        told = f"cannot be reached at {self._place}: {_short(error)}."
        return Transient(self._line(told), code="unavailable")

    def _escalatable(self, told: str, code: str) -> WorkFailed:
        told = told if told.startswith(self._server) else f"{self._server} {told}"
        return Escalatable(self._one_line(f"{told} {_APPROVE}"), code=code)

    def _told(self, told: str, scene: Scene) -> str:
        """Return what happened, with what the server itself said of it."""
        parts = [f"{self._server} {told}."]
        if scene.said:
            parts.append(f"Its last words: {scene.said}.")
        if scene.noise:
            parts.append(f"It writes what is no message to its standard output: {scene.noise}.")
        return self._one_line(" ".join(parts))

    def _line(self, told: str) -> str:
        return self._one_line(f"{self._server} {told}")

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


def _said_by(error: BaseException) -> tuple[int | None, str]:
    """Return code and message of an error of the protocol; no code for any other."""
    from mcp import MCPError

    if isinstance(error, MCPError):
        return error.code, " ".join(error.message.split()).rstrip(".")
    return None, str(error)


def _is_nonsense(error: BaseException) -> bool:
    from pydantic import ValidationError

    return isinstance(error, ValidationError | LookupError | TypeError | UnicodeError)


def _short(error: BaseException) -> str:
    from pydantic import ValidationError

    if isinstance(error, ValidationError):
        first: Any = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        return f"{first['msg']}" + (f" at {place}" if place else "")
    said = " ".join(str(error).split()).rstrip(".")[:200]
    return said or type(error).__name__


def _retry_after_ms(header: str) -> int:
    """Return what `retry-after` asks for, in its form as seconds; 0 where it asks for nothing."""
    try:
        return max(0, round(float(header or 0) * 1000))
    except (ValueError, OverflowError):
        return 0
