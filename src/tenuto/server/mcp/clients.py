"""Which client a request comes from, among those that are connected at once."""

from collections.abc import Mapping
from typing import Any

from mcp.server import ServerRequestContext
from mcp_types.version import MODERN_PROTOCOL_VERSIONS
from starlette.requests import Request


def client_of(context: ServerRequestContext[Any]) -> str:
    """Return what names the client's connection; "" over stdio, where there is one alone."""
    request = context.request
    return request.headers.get("mcp-session-id", "") if isinstance(request, Request) else ""


def is_modern(context: ServerRequestContext[Any]) -> bool:
    """Return whether each request says for itself what its client wants (MCP 2026-07-28)."""
    return context.protocol_version in MODERN_PROTOCOL_VERSIONS


def meta_of(context: ServerRequestContext[Any]) -> Mapping[str, Any]:
    """Return the `_meta` of a request."""
    meta = (context.params or {}).get("_meta")
    return meta if isinstance(meta, Mapping) else {}
