"""How one server is reached, and what its owner says of its tools."""

import re
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from tenuto.adapters.mcp.oauth import settings as oauth
from tenuto.adapters.mcp.questions import OnQuestion
from tenuto.core.errors import Rejected

CALL_SECONDS: Final = 60.0
CONNECT_SECONDS: Final = 30.0
"""Longer than the SDK waits for an answer to its first question (10 s), which older servers leave
unanswered."""
LIST_SECONDS: Final = 60.0
"""How long a list of tools is taken as it is from a server that does not tell of changes, or whose
tellings may be lost."""

UNTRUSTED: Final = ("untrusted",)

_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
_HEADER: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")


class Command(msgspec.Struct, frozen=True, kw_only=True):
    """A server that is a child process and speaks over its standard streams.

    `${NAME}` in an argument, a value of `env` or `cwd` is taken from the environment when the
    process starts, `${NAME:-other}` is `other` where there is none. `inherit` names variables that
    the child gets beside the few that every program needs."""

    command: tuple[str, ...]
    env: Mapping[str, str] = {}
    cwd: str = ""
    inherit: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"command {self.command[0]!r}"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """A server that is asked over streamable HTTP; `${NAME}` as in `Command`."""

    url: str
    headers: Mapping[str, str] = {}
    auth: oauth.Auth | None = None
    logins: str = ""
    """The folder of the logins, where `auth` is one."""

    def __str__(self) -> str:
        """Return the address without what may hold a secret: user, query and fragment."""
        scheme, _, rest = self.url.partition("://")
        host, slash, path = re.split(r"[?#]", rest, maxsplit=1)[0].partition("/")
        return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the owner says of a server and its tools; see `tenuto.mcp_server`."""

    timeout: float = CALL_SECONDS
    connect_timeout: float = CONNECT_SECONDS
    list_seconds: float = LIST_SECONDS
    trust: bool = False
    idempotent: tuple[str, ...] = ()
    labels: tuple[str, ...] = UNTRUSTED
    on_question: OnQuestion | None = None

    def repeats(self, tool: str) -> bool:
        """Return whether the owner says that a call of `tool` may be made twice."""
        return any(fnmatchcase(tool, glob) for glob in self.idempotent)


def faults_of(name: str, place: Command | Address, rules: Rules) -> list[str]:
    """Return what is wrong with a server's settings, in sentences; empty where nothing is."""
    faults = []
    if not _NAME.fullmatch(name):
        faults.append(f"name={name!r:.80}: a server's name has letters, digits, _ and -.")
    for key, seconds in (("timeout", rules.timeout), ("connect_timeout", rules.connect_timeout)):
        if not _is_time(seconds):
            faults.append(f"{key}={seconds!r:.40}: give seconds, more than 0.")
    for key, names in (("idempotent", rules.idempotent), ("labels", rules.labels)):
        if not _are_texts(names):
            faults.append(f"{key}={names!r:.80}: give a list of names, as ['search_*'].")
    return faults + (_of_command(place) if isinstance(place, Command) else _of_address(place))


def _of_command(place: Command) -> list[str]:
    faults = []
    if not place.command or not _are_texts(place.command) or not place.command[0]:
        faults.append(
            f"command={list(place.command)!r:.80}: give the program and its arguments as a list, "
            "as ['npx', '-y', 'some-server']."
        )
    if not _is_mapping(place.env):
        faults.append("env: give a mapping of names to texts, as {'TOKEN': '${GITHUB_TOKEN}'}.")
    if not _are_texts(place.inherit):
        faults.append("inherit: give a list of names of environment variables.")
    return faults


def _of_address(place: Address) -> list[str]:
    faults = []
    if not re.match(r"https?://[^/?#\s]|\$\{", place.url):
        faults.append(f"url={str(place)!r:.80}: give an address with http:// or https://.")
    if not _is_mapping(place.headers) or not all(map(_HEADER.fullmatch, place.headers)):
        faults.append(
            "headers: give a mapping of header names to texts, as "
            "{'Authorization': 'Bearer ${GITHUB_TOKEN}'}."
        )
    elif place.auth is not None and "authorization" in map(str.lower, place.headers):
        faults.append("auth makes the header Authorization: give one of the two.")
    if place.auth is not None:
        faults += oauth.faults_of(place.auth)
    return faults


def _is_time(value: object) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and value > 0


def _are_texts(values: Sequence[object]) -> bool:
    return not isinstance(values, str) and all(isinstance(value, str) for value in values)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(part, str) for pair in value.items() for part in pair
    )


def checked(name: str, place: Command | Address, rules: Rules) -> None:
    """Return when the settings can be used.

    Raises:
        Rejected: they cannot; the message names all that is wrong.
    """
    faults = faults_of(name, place, rules)
    if faults:
        raise Rejected(f"MCP server {name!r:.80} cannot be used. {' '.join(faults)}")
