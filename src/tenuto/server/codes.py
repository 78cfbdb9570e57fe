"""Codes of problems: what each stands for, and what to do about it."""

from typing import Final

import msgspec


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
    "reading_busy": Kind(
        503,
        "The server reads as many texts as it can",
        "Try again as soon as `Retry-After` says.",
    ),
    "store_unavailable": Kind(503, "The store cannot do it now", "Try again in a moment."),
}
"""Code of a problem to its meaning; a code never changes its meaning."""
