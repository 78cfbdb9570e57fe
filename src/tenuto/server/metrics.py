"""What the server does, in numbers, as Prometheus reads them.

Labels are bounded: routes are templates, methods and statuses those of HTTP.
"""

from __future__ import annotations

import hmac
from time import perf_counter
from typing import Any, Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    GCCollector,
    Histogram,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)

PATH: Final = "/metrics"
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
ALLOWED: Final = "metrics_allowed"

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class Metrics:
    """The numbers of one server."""

    def __init__(self, version: str) -> None:
        registry = self._registry = CollectorRegistry()
        self.requests = Counter(
            "tenuto_http_requests",
            "Requests that were answered.",
            ["method", "route", "status"],
            registry=registry,
        )
        self.seconds = Histogram(
            "tenuto_http_request_seconds",
            "Time from a request's head to the begin of its answer.",
            ["method", "route"],
            buckets=_SECONDS,
            registry=registry,
        )
        self._open = Gauge("tenuto_http_requests_open", "Requests under way.", registry=registry)
        self._streams = Gauge("tenuto_streams_open", "Live streams of sessions.", registry=registry)
        self._effects = Gauge(
            "tenuto_effects", "Work of sessions in this process.", ["state"], registry=registry
        )
        self._entries = Gauge("tenuto_ledger_entries", "Entries of the ledger.", registry=registry)
        Info("tenuto_build", "What runs here.", registry=registry).info({"version": version})
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)

    def begun(self) -> None:
        """Count a request that begins."""
        self._open.inc()

    def ended(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that ended."""
        self._open.dec()
        method = str(scope.get("method", ""))
        method = method if method in _METHODS else "other"
        route = str(scope.get("path_template", "none"))
        self.requests.labels(method, route, str(status)).inc()
        self.seconds.labels(method, route).observe(seconds)

    def text(self, *, streams: int, effects: tuple[int, int], entries: int) -> bytes:
        """Return all numbers, with these as of now. `effects`: that run, and that wait for room."""
        self._streams.set(streams)
        self._effects.labels("running").set(effects[0])
        self._effects.labels("queued").set(effects[1])
        self._entries.set(entries)
        return generate_latest(self._registry)


class Measured:
    """Middleware that counts requests, and lets in who has the token of the metrics."""

    def __init__(self, app: ASGIApp, metrics: Metrics, token: str) -> None:
        self._app, self._metrics = app, metrics
        self._expected = f"Bearer {token}".encode() if token else b""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        self._let_in(scope)
        begin, status, seconds = perf_counter(), 0, 0.0

        async def measuring(message: Message) -> None:
            nonlocal status, seconds
            if message["type"] == "http.response.start":
                status, seconds = message["status"], perf_counter() - begin
            await send(message)

        self._metrics.begun()
        try:
            await self._app(scope, receive, measuring)
        finally:
            self._metrics.ended(scope, status, seconds)

    def _let_in(self, scope: Scope) -> None:
        if scope["path"] != PATH or not self._expected:
            return
        kept: list[Any] = []
        for name, value in scope["headers"]:
            if name == b"authorization" and hmac.compare_digest(value, self._expected):
                scope[ALLOWED] = True  # type: ignore[typeddict-unknown-key]  # our own
            else:
                kept.append((name, value))
        scope["headers"] = kept
