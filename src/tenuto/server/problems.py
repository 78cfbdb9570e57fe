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
from tenuto.ports.ledger import NameTaken, Outdated
from tenuto.runtime.json_values import NotJson
from tenuto.server.accounts import refusals
from tenuto.server.accounts.oidc import provider as oidc

_log = logging.getLogger("tenuto.server")

MEDIA_TYPE: Final = "application/problem+json"


class Kind(msgspec.Struct, frozen=True):
    """What a stable code stands for."""

    status: int
    title: str
    hint: str


CODES: Final[dict[str, Kind]] = {
    "bad_request": Kind(400, "The request is not well-formed", "Mend what `errors` names."),
    "not_authenticated": Kind(
        401, "Nobody is logged in", "Send `Authorization: Bearer KEY`, or log in."
    ),
    "not_permitted": Kind(403, "The permission is missing", "Ask an admin of the organisation."),
    "login_refused": Kind(403, "The login was refused", "Begin a new one, or ask an admin."),
    "foreign_page": Kind(
        403,
        "Pages of other sites may not do this",
        "Name the page's origin: `tenuto serve --allow-origin https://…`.",
    ),
    "csrf_token_missing": Kind(
        403,
        "The token against forged requests is missing",
        "Send the value of the cookie `tenuto_csrf` as `X-CSRF-Token`.",
    ),
    "not_found": Kind(404, "There is nothing there", "Check the id; lists show what there is."),
    "no_such_route": Kind(404, "There is no such route", "/docs lists the routes."),
    "method_not_allowed": Kind(
        405, "The route does not take this method", "`Allow` names those that it takes."
    ),
    "too_slow": Kind(408, "The request came too slowly", "Send it again, or in parts."),
    "conflict": Kind(409, "It does not fit the present state", "Read it again, then decide."),
    "name_taken": Kind(409, "The name is taken", "Choose another name."),
    "session_ended": Kind(
        409, "The session has ended", "Fork it to go on from an earlier version."
    ),
    "not_allowed": Kind(409, "The session does not allow this now", "Look what it waits for."),
    "outdated": Kind(412, "Somebody changed it meanwhile", "Read it again and repeat the change."),
    "too_large": Kind(413, "The body is too large", "Send less, or in parts."),
    "uri_too_long": Kind(414, "The address is too long", "Send long values in a body."),
    "unsupported_media_type": Kind(415, "The body is of another kind", "Send application/json."),
    "unknown_host": Kind(
        421,
        "The server is not known under this name",
        "Start it with `tenuto serve --allow-host NAME`.",
    ),
    "precondition_required": Kind(
        428,
        "The change does not say which version it is made for",
        "Send `If-Match` with the `ETag` that you read, or `If-Match: *` for any.",
    ),
    "rejected": Kind(422, "The request cannot be carried out", "`detail` says what to change."),
    "definition_wrong": Kind(422, "The definition is wrong", "Mend what `errors` names."),
    "key_in_flight": Kind(
        409,
        "A request with this idempotency key is being carried out",
        "Wait a moment and send it again.",
    ),
    "key_spent": Kind(
        409,
        "The request was carried out, and its answer is not kept",
        "Look whether what you asked for is there; take a new key for another one.",
    ),
    "key_reused": Kind(
        422, "The idempotency key was used for another request", "Take a new key per request."
    ),
    "too_deep": Kind(422, "The body nests too deep", "Make it flatter."),
    "too_many_streams": Kind(
        429, "Too many streams are open", "Close one; one stream can follow many sessions."
    ),
    "too_many_requests": Kind(429, "Too many requests", "Wait as long as `Retry-After` says."),
    "headers_too_large": Kind(
        431, "The headers are too large", "Send fewer or shorter headers and cookies."
    ),
    "internal": Kind(500, "The server failed", "Tell the operators the `trace_id`."),
    "provider_failed": Kind(
        502, "The provider of the login failed", "Try again, or ask who runs the provider."
    ),
    "not_ready": Kind(503, "The server is starting or stopping", "Try again in a moment."),
    "busy": Kind(503, "The server has too many connections", "Try again in a moment."),
    "store_unavailable": Kind(503, "The store cannot do it now", "Try again in a moment."),
}
"""Code of a problem to its meaning; a code never changes its meaning."""


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
        case errors.Stale():
            return ProblemError("conflict", str(error))
        case errors.StoreUnavailable() | errors.StoreOwned():
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
