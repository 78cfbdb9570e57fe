"""What can go wrong, split by who must act.

TenutoError
+-- Rejected              the caller: the input does not fit the state or the rules
|   +-- DefinitionError   the workflow is wrong; carries every problem with its place
|   +-- NotFound          no such session, task, workflow or agent
|   +-- SessionEnded      the session has ended and takes no more inputs
|   +-- NotAllowed        the phase does not allow the input
+-- Stale                 somebody wrote first: load again and retry
+-- Fenced                another process owns the session by now; nothing was written
+-- PortError             the outside world failed; the message says which part
|   +-- StoreUnavailable  an append or a read failed and may work later
|   +-- StoreOwned        another process owns the store
+-- CorruptLog            the log contradicts itself or is of an unknown format: stop
+-- ExpressionFailed      an expression met a value that it cannot work on
+-- WorkFailed            raised by a function, tool or model to say which class of failure it is
    +-- Transient  Recoverable  Escalatable  Fatal
        Escalatable
        +-- NeedsApproval   a person must allow this very effect first
"""

from collections.abc import Sequence
from typing import ClassVar, Literal, TypeAlias

import msgspec

from tenuto.core.agent.asks import Ask
from tenuto.core.vocabulary import SessionId, Version

FailureClass: TypeAlias = Literal["transient", "recoverable", "escalatable", "fatal", "partial"]
"""What a failure calls for. Source: DESIGN 3.4."""


class Failure(msgspec.Struct, frozen=True, array_like=True, kw_only=True):
    """Why something did not work: its class, a stable code, and a sentence for people."""

    kind: FailureClass
    code: str
    message: str


class TenutoError(Exception):
    """Root of everything Tenuto raises on purpose."""


class Rejected(TenutoError):
    """The input does not fit; nothing was changed."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """One thing wrong in a definition: what, where, and what to do.

    `path` leads into the data, as `graph.nodes.fetch.inputs.url`; `line` and `column` count from 1
    and are 0 where the definition was not read from text."""

    message: str
    path: str = ""
    file: str = ""
    line: int = 0
    column: int = 0
    hint: str = ""

    def __str__(self) -> str:
        place = self.file
        if self.line:
            place = f"{place or '<text>'}:{self.line}:{self.column}"
        where = f" (at {self.path})" if self.path else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{place + ': ' if place else ''}{self.message}{where}{hint}"


class DefinitionError(Rejected):
    """A workflow or agent definition is wrong; `problems` lists all that was found in one pass."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        assert problems, "a definition error names at least one problem"
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class NotFound(Rejected):
    """Nothing of that kind has that name."""

    what = name = ""
    """Of an error that another process told of, these are not known."""

    def __init__(self, *, what: str, name: str, hint: str = "") -> None:
        self.what, self.name = what, name
        super().__init__(f"No {what} {name!r} was found.{' ' + hint if hint else ''}")


class SessionEnded(Rejected):
    """The session has ended; its log takes no more inputs."""

    def __init__(self, *, session: SessionId, phase: str, wanted: str) -> None:
        self.session, self.phase, self.wanted = session, phase, wanted
        super().__init__(
            f"Session {session!r} has ended ({phase}) and cannot {wanted}; "
            "fork it to go on from an earlier version."
        )


class NotAllowed(Rejected):
    """The session's phase, or the task named, does not allow the input."""

    def __init__(self, *, session: SessionId, wanted: str, found: str, hint: str = "") -> None:
        self.session, self.wanted, self.found = session, wanted, found
        super().__init__(
            f"Session {session!r} cannot {wanted}: {found}.{' ' + hint if hint else ''}"
        )


class Stale(TenutoError):
    """An append expected a version that is not the session's version any more."""

    def __init__(self, *, session: SessionId, expected: Version, found: Version) -> None:
        self.session, self.expected, self.found = session, expected, found
        super().__init__(
            f"Session {session!r} is at version {found}, not {expected}; load it again and retry."
        )


class Fenced(TenutoError):
    """An append came from a process that does not own the session, or no more."""

    def __init__(self, *, session: SessionId) -> None:
        self.session = session
        super().__init__(
            f"Session {session!r} is another process's by now; it goes on there. Ask again: what "
            "is asked for is passed on to its owner."
        )


class PortError(TenutoError):
    """Something outside of Tenuto failed."""


class StoreUnavailable(PortError):
    """The event store could not do it now; nothing was acknowledged."""


class StoreOwned(PortError):
    """Another process owns the store; opening it for reading only works."""


class CorruptLog(TenutoError):
    """The log cannot be what Tenuto wrote, or a newer release wrote it. Nothing was changed."""


class ExpressionFailed(TenutoError):
    """An expression could not be evaluated on the values that it met."""

    def __init__(self, *, source: str, found: str) -> None:
        self.source, self.found = source, found
        super().__init__(f"Expression {source!r} failed: {found}.")


class WorkFailed(TenutoError):
    """Raise a subclass in a function, tool or model to say what the failure calls for.

    Args:
        message: a sentence for people; never a credential.
        code: a stable name that programs can match on.
        retry_after_ms: for `Transient`, the least wait before the next attempt.
    """

    kind: ClassVar[FailureClass] = "fatal"

    def __init__(self, message: str, *, code: str = "", retry_after_ms: int = 0) -> None:
        self.code = code or type(self).__name__.lower()
        self.retry_after_ms = retry_after_ms
        super().__init__(message)


class Transient(WorkFailed):
    """It may work if tried again: a time-out, a rate limit, a service that is away."""

    kind = "transient"


class Recoverable(WorkFailed):
    """Data or code is wrong in a way that the node's `recover` can fix."""

    kind = "recoverable"


class Escalatable(WorkFailed):
    """Only a person can settle it; the session waits for one."""

    kind = "escalatable"


class NeedsApproval(Escalatable):
    """A person must allow this very effect before it is carried out."""

    def __init__(self, ask: Ask) -> None:
        self.ask = ask
        super().__init__(f"{ask.title}.", code="needs_approval")


class Fatal(WorkFailed):
    """Trying again is useless."""

    kind = "fatal"
