"""Problem details: what every refused request is answered with. Source: RFC 9457."""

from __future__ import annotations

import http
import logging
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from tenuto.core import errors
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.ports.anchors import AnchorsUnavailable
from tenuto.ports.collections import CollectionUnavailable
from tenuto.ports.ledger import NameTaken, Outdated
from tenuto.runtime.json_values import NotJson
from tenuto.server.accounts import refusals
from tenuto.server.accounts.oidc import provider as oidc
from tenuto.server.codes import CODES

_log = logging.getLogger("tenuto.server")

MEDIA_TYPE: Final = "application/problem+json"


class ProblemError(Exception):
    """Raised by routes to answer with the problem of a code."""

    def __init__(
        self,
        code: str,
        detail: str,
        *,
        errors: list[JsonObject] | None = None,
        headers: Mapping[str, str] | None = None,
        **members: Json,
    ) -> None:
        assert code in CODES, f"no problem has the code {code!r}"
        self.code, self.detail, self.errors = code, detail, errors
        self.headers, self.members = headers, members
        super().__init__(detail)


def answer(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Return the answer to a request that ended with `error`."""
    problem = problem_of(error)
    if problem.code == "internal":
        _log.error("request %s failed", request.scope.get("request_id", ""), exc_info=error)
    kind = CODES[problem.code]
    return Response(
        body_of(problem, request.scope),
        status_code=kind.status,
        media_type=MEDIA_TYPE,
        headers=problem.headers,
    )


def rendered(
    problem: ProblemError, scope: Mapping[str, Any]
) -> tuple[int, list[tuple[bytes, bytes]], bytes]:
    """Return status, headers and body of the answer that tells of a problem."""
    body = body_of(problem, scope)
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", str(len(body)).encode()),
        *((name.lower().encode(), text.encode()) for name, text in (problem.headers or {}).items()),
    ]
    return CODES[problem.code].status, headers, body


def body_of(problem: ProblemError, scope: Mapping[str, Any]) -> bytes:
    """Return the problem details, as JSON."""
    body = described(problem)
    body["instance"] = scope.get("path", "")
    body["trace_id"] = scope.get("request_id", "")
    return msgspec.json.encode(body)


def described(error: Exception) -> dict[str, Any]:
    """Return the problem that an error is, as it is told to who asked."""
    problem = problem_of(error)
    kind = CODES[problem.code]
    body: dict[str, Any] = {
        "type": f"/docs/errors#{problem.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        "code": problem.code,
        "hint": kind.hint,
        **problem.members,
    }
    if problem.errors:
        body["errors"] = problem.errors
    return body


def problem_of(error: Exception) -> ProblemError:
    """Return what an error means to who asked."""
    match error:
        case ProblemError():
            return error
        case refusals.AccountRefused():
            return _of_account(error)
        case errors.DefinitionError():
            return ProblemError("definition_wrong", str(error), errors=errors_of(error))
        case errors.NotFound():
            return ProblemError("not_found", str(error))
        case errors.SessionEnded():
            return ProblemError("session_ended", str(error))
        case errors.NotAllowed():
            return ProblemError("not_allowed", str(error))
        case Outdated():
            return ProblemError("outdated", str(error))
        case NameTaken():
            return ProblemError("name_taken", str(error))
        case errors.Rejected():
            return ProblemError("rejected", str(error))
        case NotJson():
            return ProblemError("rejected", f"{error}")
        case errors.Stale() | errors.Fenced():
            return ProblemError("conflict", str(error))
        case (
            errors.StoreUnavailable()
            | errors.StoreOwned()
            | AnchorsUnavailable()
            | CollectionUnavailable()
        ):
            return ProblemError("store_unavailable", str(error))
        case RecursionError():
            return ProblemError("too_deep", "What was sent nests deeper than can be read.")
        case HTTPException():
            return _of_http(error)
    return ProblemError("internal", "The request failed by a fault of the server's own.")


def errors_of(error: errors.DefinitionError) -> list[JsonObject]:
    """Return what is wrong with a definition, as `errors` of a problem."""
    return [
        {
            "message": problem.message,
            "path": problem.path,
            "line": problem.line,
            "column": problem.column,
            "suggestion": problem.hint,
        }
        for problem in error.problems
    ]


def _of_account(error: refusals.AccountRefused) -> ProblemError:
    match error:
        case refusals.NotAuthenticated():
            challenge = {"WWW-Authenticate": "Bearer"}
            return ProblemError("not_authenticated", str(error), headers=challenge)
        case oidc.ProviderFailed():
            return ProblemError("provider_failed", str(error))
        case oidc.LoginRefused():
            return ProblemError("login_refused", str(error))
        case refusals.NotPermitted():
            return ProblemError("not_permitted", str(error))
        case refusals.NoSuchAccount():
            return ProblemError("not_found", str(error))
        case refusals.TooManyAttempts():
            wait = {"Retry-After": str(error.retry_after_s)}
            return ProblemError("too_many_requests", str(error), headers=wait)
        case refusals.TooBusy():
            wait = {"Retry-After": str(error.retry_after_s)}
            return ProblemError("not_ready", str(error), headers=wait)
    return ProblemError("conflict", str(error))


_OF_STATUS: Final = {
    401: "not_authenticated",
    403: "not_permitted",
    404: "no_such_route",
    405: "method_not_allowed",
    408: "too_slow",
    413: "too_large",
    414: "uri_too_long",
    415: "unsupported_media_type",
    429: "too_many_requests",
    503: "not_ready",
}


def problem_of_status(status: int, detail: str) -> ProblemError:
    """Return the problem of an answer of which only the status is known."""
    known = "bad_request" if 400 <= status < 500 else "internal"
    return ProblemError(_OF_STATUS.get(status, known), detail or CODES[known].title)


def _of_http(error: HTTPException) -> ProblemError:
    code = _OF_STATUS.get(
        error.status_code, "bad_request" if error.status_code < 500 else "internal"
    )
    found: list[JsonObject] | None = None
    if isinstance(error, ValidationException) and isinstance(error.extra, list):
        found = [
            {"pointer": str(extra.get("key", "")), "message": str(extra.get("message", ""))}
            for extra in error.extra
            if isinstance(extra, dict)
        ]
    detail = error.detail or http.HTTPStatus(error.status_code).phrase
    return ProblemError(code, detail, errors=found, headers=error.headers)
