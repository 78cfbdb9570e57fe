"""Ask web servers: those on a list, and none but public ones."""

import os
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, Unpack

import tenuto
from tenuto.tools.addresses import Hosts
from tenuto.tools.asking_web import Request, WebClient
from tenuto.tools.options import UNTRUSTED, ToolOptions, refuse_others

SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing. Source: RFC 9110, section 9.2.1."""

_METHODS: Final = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")

_OURS: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer"}
    | {"accept-encoding", "expect", "idempotency-key", "proxy-authorization", "forwarded"}
)
"""Headers that say how a request is sent; a model has no say in them."""


class HttpOptions(ToolOptions, total=False):
    """What can be said about an `http` tool besides its hosts."""

    methods: Sequence[str]
    headers_from: Mapping[str, str]
    timeout: float
    bytes_max: int
    private: bool


@tenuto.tool_factory
def http(allow: Sequence[str], **options: Unpack[HttpOptions]) -> tenuto.Tool:
    """Return a tool that sends HTTP requests to the hosts on its list.

    Every address that a name has is held against the rules, and the connection is made to that very
    address; so is every redirect, of which five are followed. No proxy is used. With a method that
    changes something the tool is `once`, and each such request carries its effect id as
    `Idempotency-Key`.

    Args:
        allow: globs of host names, as `*.example.org`; with a port where it is not the usual one.
        methods: by default only GET and HEAD.
        headers_from: headers to send, each with the environment variable that holds its value, as
            `{"Authorization": "SHOP_TOKEN"}`. They are in no log, and no redirect to another host
            takes them along.
        timeout: seconds for all of a request; 30 by default.
        bytes_max: of an answer, once it is unpacked; the rest is cut off. 256 KiB by default.
        private: also addresses that are not of the public internet; for tests, and services of
            one's own.
        name: what models call it; `http` by default.
        permission: `http:read` by default, `http:write` where a method changes something.
        labels: of what comes back; `untrusted` by default.

    Raises:
        Rejected: there is no host, or an option does not fit.
    """
    refuse_others("http", options, HttpOptions)
    if isinstance(allow, str) or not allow or not all(allow):
        raise tenuto.Rejected(f"allow={allow!r} names no host; give a list, as ['*.example.org'].")
    methods = _checked_methods(options.get("methods", ("GET", "HEAD")))
    safe = SAFE.issuperset(methods)
    hosts, secrets = Hosts(allow), dict(options.get("headers_from", {}))
    client = WebClient(
        hosts,
        bytes_max=options.get("bytes_max", 256 * 1024),
        seconds_max=options.get("timeout", 30.0),
        private=options.get("private", False),
    )

    async def request(
        ctx: tenuto.Context,
        url: str,
        method: str = "GET",
        headers: dict[str, str] = {},  # noqa: B006  # the tool makes a new one for each call
        body: Any = None,
    ) -> dict[str, Any]:
        method = _allowed(method, methods)
        wanted = Request(
            method=method,
            url=url,
            headers=_headers(headers, secrets),
            body=body,
            secrets=_from_environment(secrets),
            key="" if method in SAFE else str(ctx.effect_id),
        )
        return await client.ask(wanted)

    request.__doc__ = _description(hosts, methods)
    return tenuto.Tool(
        request,
        name=options.get("name", "http"),
        permission=options.get("permission", "http:read" if safe else "http:write"),
        once=not safe,
        # Also a GET tells the server what its address holds.
        safe=False,
        labels=options.get("labels", UNTRUSTED),
    )


def _checked_methods(given: Sequence[str]) -> tuple[str, ...]:
    methods = tuple(method.upper() for method in given)
    if not methods or any(method not in _METHODS for method in methods):
        raise tenuto.Rejected(f"methods={methods!r}: there are {', '.join(_METHODS)}.")
    return methods


def _description(hosts: Hosts, methods: Sequence[str]) -> str:
    return f"""Send an HTTP request to one of these hosts: {", ".join(hosts.allow)}.

Gives `status`, `url` (after redirects), `content_type`, and `json` or `text`.

Args:
    url: http or https.
    method: {" or ".join(methods)}.
    headers: more of them.
    body: sent as JSON, or as it is if it is a text.
"""


def _allowed(method: str, methods: Sequence[str]) -> str:
    """Return the method as it is sent."""
    if method.upper() in methods:
        return method.upper()
    raise tenuto.Fatal(
        f"The method {method.upper()!r:.20} is not allowed; use {' or '.join(methods)}.",
        code="method_not_allowed",
    )


def _headers(given: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    taken = _OURS | {name.lower() for name in secrets}
    for name, value in given.items():
        fits = _HEADER_NAME.fullmatch(name) and value.isascii() and value.isprintable()
        if name.lower() in taken or not fits:
            raise tenuto.Fatal(
                f"The header {name!r:.60} cannot be given; leave it out.", code="header_not_allowed"
            )
    return dict(given)


def _from_environment(names: Mapping[str, str]) -> dict[str, str]:
    for header, variable in names.items():
        if not os.environ.get(variable):
            raise tenuto.Escalatable(
                f"The environment variable {variable!r} is not set, and the header {header!r} is "
                "taken from it. Set it, then approve to try again.",
                code="missing_secret",
            )
    return {header: os.environ[variable] for header, variable in names.items()}
