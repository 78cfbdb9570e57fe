"""What the server does, in numbers, as Prometheus reads them.

Labels are bounded: routes are templates, methods and statuses those of HTTP.
"""

from __future__ import annotations

import hmac
from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, Final

from litestar.types import Scope
from prometheus_client import (
    CollectorRegistry,
    Gauge,
    GCCollector,
    Info,
    PlatformCollector,
    ProcessCollector,
    generate_latest,
)
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

PATH: Final = "/metrics"
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
ALLOWED: Final = "metrics_allowed"

_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
_BOUNDS: Final = (*(str(float(bound)) for bound in _SECONDS), "+Inf")


class Requests(Collector):
    """Requests by route. Counted in plain dicts, which takes a tenth of what counters take, and
    made into Prometheus's families when these are asked for."""

    def __init__(self) -> None:
        self.open = 0
        self._answers: dict[tuple[str, str, int], int] = {}
        self._times: dict[tuple[str, str], _Times] = {}

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one that ended."""
        self.open -= 1
        answer, place = (method, route, status), (method, route)
        self._answers[answer] = self._answers.get(answer, 0) + 1
        times = self._times.get(place)
        if times is None:
            times = self._times[place] = _Times()
        times.counts[bisect_left(_SECONDS, seconds)] += 1
        times.sum_s += seconds

    def collect(self) -> Iterator[Metric]:
        """See `Collector.collect`."""
        requests = CounterMetricFamily(
            "tenuto_http_requests",
            "Requests that were answered.",
            labels=["method", "route", "status"],
        )
        for (method, route, status), count in self._answers.items():
            requests.add_metric([method, route, str(status)], count)
        seconds = HistogramMetricFamily(
            "tenuto_http_request_seconds",
            "Time from a request's head to the begin of its answer.",
            labels=["method", "route"],
        )
        for place, times in self._times.items():
            upto = accumulate(times.counts)
            buckets = [(name, float(count)) for name, count in zip(_BOUNDS, upto, strict=True)]
            seconds.add_metric(place, buckets, times.sum_s)
        under_way = GaugeMetricFamily("tenuto_http_requests_open", "Requests under way.")
        under_way.add_metric([], self.open)
        yield from (requests, seconds, under_way)


class _Times:
    """How long requests took: how many within each bound, but for those before, and in all."""

    __slots__ = ("counts", "sum_s")

    def __init__(self) -> None:
        self.counts, self.sum_s = [0] * len(_BOUNDS), 0.0


class Metrics:
    """The numbers of one server."""

    def __init__(self, version: str) -> None:
        registry = self._registry = CollectorRegistry()
        self._requests = Requests()
        registry.register(self._requests)
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
        self._requests.open += 1

    def ended(self, scope: Scope, status: int, seconds: float) -> None:
        """Count a request that ended."""
        method = str(scope.get("method", ""))
        method = method if method in _METHODS else "other"
        self._requests.ended(method, str(scope.get("path_template", "none")), status, seconds)

    def text(self, *, streams: int, effects: tuple[int, int], entries: int) -> bytes:
        """Return all numbers, with these as of now. `effects`: that run, and that wait for room."""
        self._streams.set(streams)
        self._effects.labels("running").set(effects[0])
        self._effects.labels("queued").set(effects[1])
        self._entries.set(entries)
        return generate_latest(self._registry)


class Admission:
    """Who has the token of the metrics."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode() if token else b""

    def let_in(self, scope: Scope) -> None:
        """Mark a request for the metrics that has the token, which nobody else is to see."""
        if scope["path"] != PATH or not self._expected:
            return
        kept: list[Any] = []
        for name, value in scope["headers"]:
            if name == b"authorization" and hmac.compare_digest(value, self._expected):
                scope[ALLOWED] = True  # type: ignore[typeddict-unknown-key]  # our own
            else:
                kept.append((name, value))
        scope["headers"] = kept
