"""Bodies of requests: how deep JSON may nest."""

import re
from typing import Any, Final

from litestar import Request

from tenuto.server.problems import ProblemError

BODY_BYTES_MAX: Final = 10_000_000
DEPTH_MAX: Final = 100
"""Levels of lists and objects in each other. Reading and writing JSON takes a frame of the stack
per level, of which there are some hundreds."""

_ESCAPES: Final = re.compile(rb"\\.", re.DOTALL)
_TEXTS: Final = re.compile(rb'"[^"]*"?')
_OTHERS: Final = bytes(set(range(256)) - set(b'[]{}"'))
_ALIKE: Final = bytes.maketrans(b"{}", b"[]")


class BoundedRequest(Request[Any, Any, Any]):
    """A request whose JSON is looked at before it is read."""

    async def json(self) -> Any:
        """Return the body's value.

        Raises:
            ProblemError: it nests too deep.
        """
        check_depth(await self.body())
        return await super().json()


def check_depth(body: bytes) -> None:
    """Return where the JSON in `body` does not nest too deep.

    Raises:
        ProblemError: it does.
    """
    if nests_deeper(body, DEPTH_MAX):
        raise ProblemError(
            "too_deep", f"The JSON nests deeper than {DEPTH_MAX} levels of lists and objects."
        )


def nests_deeper(body: bytes, levels: int) -> bool:
    """Return whether lists and objects stand in each other deeper than so many levels.

    Each round takes the innermost away, so its cost is bounded by the levels, whatever the body."""
    if body.count(b"[") + body.count(b"{") <= levels:
        return False
    if b"\\" in body:
        body = _ESCAPES.sub(b"", body)
    rest = _TEXTS.sub(b"", body.translate(_ALIKE, _OTHERS))
    for _ in range(levels):
        shorter = rest.replace(b"[]", b"")
        if len(shorter) == len(rest):
            break  # Nothing closes what it opens: no JSON, which its reader will say.
        rest = shorter
    # What is open at most at one place is what a reader goes down before it finds the fault.
    return b"[]" in rest or rest.count(b"[") > levels
