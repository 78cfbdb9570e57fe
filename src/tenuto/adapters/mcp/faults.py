"""What goes wrong at an MCP server, as the failure class that says what follows (DESIGN 3.4).

What decides is whether the server can have carried the call out:

- it cannot (it was not reached, it refused): `Transient`, or `Escalatable` where a person must act;
- nobody knows (it died, it hangs, it answers nonsense): `Transient` for a tool that may be called
  twice, else in doubt, which the runtime settles by a person (P3);
- it answered with an error: `Fatal`, which goes back to the model.
"""

from typing import Final

from tenuto.adapters.mcp.settings import Address, Command
from tenuto.adapters.mcp.telling import (
    APPROVE,
    Scene,
    Teller,
    is_nonsense,
    leaf,
    retry_after_ms,
    said_by,
    short,
)
from tenuto.core.errors import Escalatable, Fatal, Transient, WorkFailed

_NOT_DONE: Final = frozenset({408, 409, 425, 429, 503})
"""HTTP statuses that say that nothing was done, and that it may work later. Source: RFC 9110, 6585,
8470."""

_STAND_IN: Final = frozenset(
    {"Server returned an error response", "Not Found", "Session terminated"}
)
"""What the SDK says where the server said nothing but its status."""

_CLOSED: Final = "Connection closed"


class Faults:
    """Makes failures of what goes wrong at one server."""

    def __init__(self, teller: Teller, place: Command | Address) -> None:
        self._teller, self._place = teller, place

    def starting(self, error: BaseException, scene: Scene) -> WorkFailed | None:
        """Return the failure of a connection that did not come about; None for what is unknown."""
        error = leaf(error)
        if isinstance(error, WorkFailed):
            return error
        if scene.heard.refused is not None:
            return scene.heard.refused
        if isinstance(error, ImportError):
            return Escalatable(
                f"{self._teller.server} needs a library that is not installed ({error.name}): "
                f"pip install 'tenuto[mcp]', {APPROVE}",
                code="extra_missing",
            )
        if isinstance(error, TimeoutError):
            return Transient(
                self._teller.told(f"did not get ready ({error})", scene), code="connect_timeout"
            )
        if is_nonsense(error):
            return self._teller.escalatable(
                f"answers what is no MCP: {short(error)}. Mend it,", "bad_answer"
            )
        if isinstance(self._place, Command) and isinstance(error, OSError | ValueError):
            return self._not_started(self._place, error)
        return self._not_begun(error, scene)

    def _not_started(self, place: Command, error: OSError | ValueError) -> WorkFailed:
        if isinstance(error, ValueError):
            return self._teller.escalatable(f"cannot be started: {error}. Mend it,", "cannot_start")
        if place.cwd and isinstance(error, FileNotFoundError | NotADirectoryError):
            found = f"its folder {place.cwd!r} or its command {place.command[0]!r} does not exist"
        elif isinstance(error, FileNotFoundError):
            found = f"there is no command {place.command[0]!r}"
        else:
            found = f"its command {place.command[0]!r} cannot be run ({error.strerror})"
        return self._teller.escalatable(
            f"cannot be started: {found}. Install it, or give its full path,", "no_such_command"
        )

    def _not_begun(self, error: BaseException, scene: Scene) -> WorkFailed | None:
        import httpx2
        from mcp_types import UNSUPPORTED_PROTOCOL_VERSION

        if isinstance(error, httpx2.InvalidURL | httpx2.UnsupportedProtocol):
            return self._teller.escalatable(
                f"has no proper address: {error}. Mend it,", "bad_address"
            )
        if isinstance(error, httpx2.TransportError):
            return self._teller.away(error)
        code, message = said_by(error)
        if code == UNSUPPORTED_PROTOCOL_VERSION or "Unsupported protocol version" in message:
            return self._other_version(message)
        if scene.heard.status >= 400:
            return self._by_status(scene, message, repeats=True, begun=False)
        if self._closed(error, scene):
            if isinstance(self._place, Address):
                return Transient(
                    self._teller.told(f"ended the connection: {message}", scene), code="away"
                )
            return self._teller.escalatable(
                self._teller.told("ended before it was ready", scene) + " Mend it,", "server_exited"
            )
        if code is not None:
            return self._teller.escalatable(f"refuses to begin: {message}. Mend it,", "refused")
        return None

    def _other_version(self, message: str) -> WorkFailed:
        from mcp_types.version import KNOWN_PROTOCOL_VERSIONS as KNOWN

        found = message.rpartition(":")[2].strip()
        return self._teller.escalatable(
            f"speaks a version of the protocol that this client does not ({found}); it speaks "
            f"{', '.join(KNOWN)}. Use a server that speaks one of them,",
            "protocol_version",
        )

    def listing(self, error: BaseException, scene: Scene) -> WorkFailed | None:
        """Return the failure of a list of tools that did not come; None for what is unknown."""
        failed = self._asking(leaf(error), scene, what="its list of tools", repeats=True)
        if isinstance(failed, Fatal):
            return self._teller.escalatable(f"{failed} Mend it,", failed.code)
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
        if isinstance(error, TimeoutError):
            # Before all else: whatever was heard last may be about telling the server of it.
            return self._teller.unknown(
                f"gave no answer to {what} ({error})", scene, "timeout", repeats
            )
        if scene.heard.refused is not None:
            return scene.heard.refused
        if scene.heard.unsent is not None:
            return self._teller.away(scene.heard.unsent)
        code, message = said_by(error)
        if scene.heard.status >= 400:
            return self._by_status(scene, message, repeats=repeats, what=what)
        if self._closed(error, scene):
            told = f"ended during {what}" + (f" ({short(reason)})" if reason else "")
            return self._teller.unknown(told, scene, "server_died", repeats)
        if code == REQUEST_TIMEOUT:
            return self._teller.unknown(f"gave up {what}: {message}", scene, "timeout", repeats)
        if code == PARSE_ERROR or is_nonsense(error):
            told = f"answered {what} with what makes no sense: {short(error)}"
            return self._teller.unknown(told, scene, "bad_answer", repeats)
        if code == URL_ELICITATION_REQUIRED:
            return self._teller.escalatable(
                f"wants a person first: {message}. Do it,", "elicitation"
            )
        if code is not None:
            return Fatal(self._teller.line(f"refuses {what} ({code}): {message}."), code="refused")
        if type(error) is RuntimeError or "InputRequired" in type(error).__name__:
            told = f"answered {what} with what this client does not take: {short(error)}."
            return Fatal(self._teller.line(told), code="bad_answer")
        return None

    def _closed(self, error: BaseException, scene: Scene) -> bool:
        import anyio
        from mcp_types import CONNECTION_CLOSED

        code, message = said_by(error)
        if code != CONNECTION_CLOSED:
            return isinstance(error, anyio.ClosedResourceError | anyio.BrokenResourceError)
        # A server may use the code for errors of its own.
        return isinstance(self._place, Address) or scene.lost or message == _CLOSED

    def _what_is_refused(self, scene: Scene) -> tuple[str, str]:
        """Return what the server does not take, and what to do."""
        if isinstance(self._place, Address) and self._place.auth is not None:
            return "refuses the token that was granted for it", "Mend it, or sign in anew"
        if scene.heard.offers_oauth:
            return "wants tokens by OAuth", "Give it auth='login', or credentials of a client"
        return "refuses the credentials", "Set the right ones"

    def _by_status(
        self, scene: Scene, message: str, *, repeats: bool, what: str = "", begun: bool = True
    ) -> WorkFailed:
        status, said = scene.heard.status, "" if message in _STAND_IN else f": {message}"
        where = f" at {self._place}"
        if status in (401, 403):
            told = self._what_is_refused(scene)
            return self._teller.escalatable(
                f"{told[0]}{where} ({status}){said}. {told[1]},", "authentication"
            )
        if status == 404 and scene.heard.had_session:
            return Transient(
                self._teller.line("has forgotten the session; the next use begins another."),
                code="session_ended",
            )
        if status == 404 and not begun:
            return self._teller.escalatable(
                f"is not there: nothing answers{where} (404){said}. Set the right address,",
                "no_such_server",
            )
        if status in _NOT_DONE:
            return Transient(
                self._teller.line(f"cannot take it now ({status}){said}."),
                code="rate_limit" if status == 429 else "unavailable",
                retry_after_ms=retry_after_ms(scene.heard.retry_after),
            )
        if status >= 500:
            return self._teller.unknown(
                f"failed{where} with status {status}{said}", scene, "unavailable", repeats
            )
        if not begun:
            return self._teller.escalatable(
                f"refuses to begin ({status}){said}. Mend it,", "refused"
            )
        return Fatal(self._teller.line(f"refuses {what} ({status}){said}."), code="refused")
