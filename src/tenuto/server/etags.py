"""Versions of things as ETags, and the conditions that requests name. Source: RFC 9110, 8.8 and
13.1."""

from typing import Final

from tenuto.server.asked import Call
from tenuto.server.problems import ProblemError

ANY: Final = "*"


def etag_of(version: int) -> str:
    """Return the ETag of a version."""
    return f'"{version}"'


def expected_by(request: Call) -> int | None:
    """Return the version that a change is made for; None: any; 0, by `If-None-Match: *`: none.

    Raises:
        ProblemError: `If-Match` is missing, or names no version.
    """
    if request.headers.get("if-none-match", "").strip() == ANY:
        return 0
    given = request.headers.get("if-match")
    if given is None:
        raise ProblemError("precondition_required", "The request has no If-Match.")
    return _version(given)


def expected_if_said(request: Call) -> int | None:
    """Return the version that a change is made for, where the request says so; None: any."""
    given = request.headers.get("if-match")
    return None if given is None else _version(given)


def _version(given: str) -> int | None:
    text = given.strip()
    if text == ANY:
        return None
    number = text.strip('"')
    if text != f'"{number}"' or not number.isdecimal() or len(number) > 15:
        raise ProblemError(
            "bad_request",
            f"If-Match is {text!r:.40}; send one ETag that this server gave, or *.",
        )
    return int(number)
