"""Pools: which calls wait in one line together, and how many of them may run when.

A tool or a node names a pool; its calls are carried out by processes that serve it. Of the calls
that wait, those of a higher priority go first; among equals tenants take turns, and the calls of
one tenant go in the order in which they came.
"""

import re
from collections.abc import Mapping
from hashlib import blake2b
from typing import Final

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.vocabulary import Json, JsonObject

PRIORITY_MAX: Final = 1_000
"""Of a call; as far below 0 is the lowest."""
KEY_CHARS_MAX: Final = 200
"""A longer key is told by its hash."""
CLAIMS_MAX: Final = 3
"""Processes that may die of a call; then it counts as failed, and its retry policy has the word."""

_DUTY: Final = "pool "
_NAME: Final = re.compile(r"[A-Za-z0-9_.-]{1,64}")
_KEY: Final = re.compile(r"tenant|user|session|arguments(\.[A-Za-z0-9_-]+)+")
_NAME_IN_WORDS: Final = "1 to 64 letters, digits, '_', '-' and '.'"


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """What a pool lets run; 0 is no limit."""

    concurrency: int = 0
    """Calls that run at once."""
    worker_concurrency: int = 0
    """Calls that run at once in one process."""
    rate: int = 0
    """Calls that begin within any `per` seconds."""
    per: float = 1.0
    key: str = ""
    """What calls are told apart by for the two limits below: `tenant`, `user`, `session`, or an
    argument of the call, as `arguments.customer`."""
    key_concurrency: int = 0
    """Calls of one key that run at once."""
    key_rate: int = 0
    """Calls of one key that begin within any `per` seconds."""


class Pool(Limits, frozen=True):
    """A line of calls, and its limits over all processes.

    Example:
        gpu = tenuto.Pool("gpu", concurrency=4)
        mail = tenuto.Pool("mail", rate=100, per=60, key="tenant", key_concurrency=2)
    """

    name: str

    @property
    def per_ms(self) -> int:
        """Return `per` in milliseconds."""
        return round(self.per * 1000)

    def check(self) -> None:
        """Check that the pool can be.

        Raises:
            Rejected: it cannot; the message says why, and what to give.
        """
        what = f"Pool {self.name!r}"
        if fault_of_name(self.name):
            raise Rejected(f"{what} has no name that a pool can have: {_NAME_IN_WORDS}.")
        for field in ("concurrency", "worker_concurrency", "rate", "key_concurrency", "key_rate"):
            value: object = getattr(self, field)
            if not isinstance(value, int) or isinstance(value, bool) or value < 0:
                raise Rejected(f"{what} has {field}={value!r}; give a number, or 0 for no limit.")
        per: object = self.per
        if not isinstance(per, int | float) or not 0.001 <= per <= 366 * 86_400:
            raise Rejected(f"{what} has per={per!r}; give seconds, 0.001 to a year.")
        if self.key and not _KEY.fullmatch(self.key):
            hint = "give tenant, user, session, or an argument as arguments.customer"
            raise Rejected(f"{what} has key={self.key!r}; {hint}.")
        if bool(self.key) != bool(self.key_concurrency or self.key_rate):
            hint = "give key= together with key_concurrency= or key_rate="
            raise Rejected(f"{what} has a key without a limit, or a limit without a key; {hint}.")


def fault_of_name(name: object) -> str:
    """Return why a pool cannot be named so, or nothing."""
    if isinstance(name, str) and _NAME.fullmatch(name):
        return ""
    return f"is no name of a pool; one has {_NAME_IN_WORDS}"


def fault_of_priority(priority: object) -> str:
    """Return why a call cannot have that priority, or nothing."""
    is_whole = isinstance(priority, int) and not isinstance(priority, bool)
    if is_whole and isinstance(priority, int) and abs(priority) <= PRIORITY_MAX:
        return ""
    return f"is no priority; give a whole number from {-PRIORITY_MAX} to {PRIORITY_MAX}"


def key_of(pool: Pool, arguments: JsonObject, facts: Mapping[str, str]) -> str:
    """Return the key of a call; `facts` are its tenant, user and session. An argument that is not
    given has the empty key."""
    if not pool.key:
        return ""
    head, *steps = pool.key.split(".")
    found: Json = arguments if head == "arguments" else facts[head]
    for step in steps:
        found = found.get(step) if isinstance(found, dict) else None
    if found is None:
        return ""
    text = found if isinstance(found, str) else msgspec.json.encode(found, order="sorted").decode()
    # The empty text, too, is not the same as nothing.
    if 0 < len(text) <= KEY_CHARS_MAX and text.isprintable():
        return text
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def duty_of(pool: str) -> str:
    """Return the duty of a member that serves a pool."""
    return _DUTY + pool


def served_by(duties: tuple[str, ...]) -> tuple[str, ...]:
    """Return the pools that a member with these duties serves."""
    return tuple(duty.removeprefix(_DUTY) for duty in duties if duty.startswith(_DUTY))
