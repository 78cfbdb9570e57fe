"""Connections to a database, and what its errors mean.

They take the SQL that Tenuto's tables share with other databases: `?` and `:name` stand for values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final, TypeAlias
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import psycopg

from tenuto.core.errors import CorruptLog, Rejected, StoreUnavailable, TenutoError

SCHEMA: Final = "tenuto"
CONNECT_S_MAX: Final = 10
SILENT_MS_MAX: Final = 10_000
"""How long a server may leave what was sent to it unanswered by as much as TCP's acknowledgement."""
STATEMENT_MS_MAX: Final = 60_000

Values: TypeAlias = Sequence[Any] | Mapping[str, Any]

_TOKENS: Final = re.compile(r"""'(?:[^']|'')*'|"[^"]*"|\?(\d*)|(?<!:):([a-z_]+)|\buser\b|%""")
_NOTHING_DONE: Final = "Nothing was written; try again."
_ADVICE: Final = {
    "53": "The server is short of something; look at its disk, memory and connections.",
    "28": "Check the user and the password in the address, and the server's pg_hba.conf.",
    "3D": "Make the database first, as with createdb.",
    "42501": "The user may not do that; give it CREATE on the database, or a schema of its own.",
    "57P": "The server is stopping or starting; the work goes on by itself afterwards.",
}


class Connection:
    """A connection in autocommit mode; transactions begin and end by statements."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.raw = raw

    @property
    def in_transaction(self) -> bool:
        return self.raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    @property
    def is_broken(self) -> bool:
        return bool(self.raw.broken or self.raw.closed)

    def execute(self, sql: str, values: Values = ()) -> psycopg.Cursor[Any]:
        """Return the cursor with what the statement gives."""
        return self.raw.execute(translated(sql), _storable(values))

    def executemany(self, sql: str, rows: Sequence[Values]) -> None:
        """Carry out the statement for each row, all sent together."""
        with self.raw.cursor() as cursor:
            cursor.executemany(translated(sql), [_storable(row) for row in rows])

    def close(self) -> None:
        """Let the server go."""
        self.raw.close()


def connect_to(url: str, *, durability: str, readonly: bool) -> Connection:
    """Return a connection to the schema that `url` names.

    Raises:
        psycopg.Error: the server cannot be reached, or refuses.
    """
    address, schema = parted(url)
    options = {
        "search_path": f'"{schema}"',
        "timezone": "UTC",
        "statement_timeout": str(STATEMENT_MS_MAX),
        "idle_in_transaction_session_timeout": str(STATEMENT_MS_MAX),
        "synchronous_commit": "on" if durability == "sync" else "off",
        "default_transaction_read_only": "on" if readonly else "off",
        # Tables are large or will be: a plan that was made while they were small is kept.
        "enable_seqscan": "off",
        "jit": "off",
        # A client that is cut off gives up its locks as soon as the server knows of it.
        "tcp_keepalives_idle": "5",
        "tcp_keepalives_interval": "2",
        "tcp_keepalives_count": "3",
    }
    given = " ".join(f"-c {name}={_escaped(value)}" for name, value in options.items())
    raw: psycopg.Connection[Any] = psycopg.connect(
        address,
        autocommit=True,
        options=given,
        application_name="tenuto",
        connect_timeout=CONNECT_S_MAX,
        keepalives_idle=5,
        keepalives_interval=2,
        keepalives_count=3,
        tcp_user_timeout=SILENT_MS_MAX,
    )
    return Connection(raw)


def parted(url: str) -> tuple[str, str]:
    """Return the address for the driver, and the schema: `?schema=NAME` in the URL, or `tenuto`.

    Raises:
        Rejected: the schema's name is none.
    """
    parts = urlsplit(url)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    schema = query.pop("schema", SCHEMA)
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]{0,62}", schema):
        raise Rejected(
            f"A schema is named by up to 63 letters, digits and _; found {schema!r:.80}."
        )
    return urlunsplit(parts._replace(query=urlencode(query))), schema


def name_of(url: str) -> str:
    """Return how people are told of a database: its address without user and password."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"postgresql://{host}{parts.path}"


@lru_cache(maxsize=1_000)
def translated(sql: str) -> bytes:
    """Return the statement with the marks of the driver."""

    def mark(found: re.Match[str]) -> str:
        token = found[0]
        if token.startswith("?"):
            return f"%({found[1]})s" if found[1] else "%s"
        if token.startswith(":"):
            return f"%({found[2]})s"
        # A word of SQL's own, unless it is quoted; with us it is always a column.
        return '"user"' if token == "user" else token.replace("%", "%%")

    return _TOKENS.sub(mark, sql).encode()


def told(error: psycopg.Error, *, name: str, doing: str) -> TenutoError:
    """Return the error of ours that says what the server's means, and what to do."""
    state = error.sqlstate or ""
    text = " ".join(str(error).split()) or type(error).__name__
    if state.startswith("XX"):
        return CorruptLog(
            f"{name} is damaged ({text}, found while {doing}). Restore a backup of the database."
        )
    advice = next((_ADVICE[key] for key in _ADVICE if state.startswith(key)), _NOTHING_DONE)
    return StoreUnavailable(f"{doing} failed on {name} ({text}). {advice}")


@contextmanager
def telling(*, name: str, doing: str) -> Iterator[None]:
    """Turn what the driver raises inside into an error of ours."""
    try:
        yield
    except psycopg.Error as error:
        raise told(error, name=name, doing=doing) from error


def _storable(values: Values) -> Values:
    if isinstance(values, Mapping):
        return {name: _plain(value) for name, value in values.items()}
    return [_plain(value) for value in values]


def _plain(value: Any) -> Any:
    """Yes and no are 1 and 0 in Tenuto's tables."""
    return int(value) if isinstance(value, bool) else value


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(" ", "\\ ")
