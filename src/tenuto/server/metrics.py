"""What the server does, in numbers, as Prometheus reads them.

Labels are bounded: routes are templates, methods and statuses those of HTTP.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterator
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

from tenuto.core.histogram import SECONDS, Histogram
from tenuto.server.surveying import Survey

PATH: Final = "/metrics"
MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
ALLOWED: Final = "metrics_allowed"

_NANO: Final = 1_000_000_000
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Requests(Collector):
    """Requests by route. Counted in plain dicts, which takes a tenth of what counters take, and
    made into Prometheus's families when these are asked for."""

    def __init__(self) -> None:
        self.open = 0
        self._answers: dict[tuple[str, str, int], int] = {}
        self._times: dict[tuple[str, str], Histogram] = {}

    def ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one that ended."""
        self.open -= 1
        answer, place = (method, route, status), (method, route)
        self._answers[answer] = self._answers.get(answer, 0) + 1
        times = self._times.get(place)
        if times is None:
            times = self._times[place] = Histogram(SECONDS)
        times.observe(seconds)

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
            seconds.add_metric(place, _buckets(times), times.sum)
        under_way = GaugeMetricFamily("tenuto_http_requests_open", "Requests under way.")
        under_way.add_metric([], self.open)
        yield from (requests, seconds, under_way)


class Commits(Collector):
    """How long commits took to be durable; `times` is None where nothing goes to a disk."""

    def __init__(self, times: Histogram | None) -> None:
        self._times = times

    def collect(self) -> Iterator[Metric]:
        """See `Collector.collect`."""
        seconds = HistogramMetricFamily(
            "tenuto_commit_seconds",
            "Time until a commit of a session was durable, with its wait for the writer.",
        )
        if self._times is not None:
            seconds.add_metric([], _buckets(self._times), self._times.sum)
        yield seconds


class Work(Collector):
    """What sessions are and used, as of the last survey."""

    def __init__(self) -> None:
        self.survey = Survey()

    def collect(self) -> Iterator[Metric]:
        """See `Collector.collect`."""
        sessions = GaugeMetricFamily("tenuto_sessions", "Sessions by status.", labels=["status"])
        for status, count in self.survey.sessions.items():
            sessions.add_metric([status], count)
        turns = CounterMetricFamily("tenuto_model_turns", "Answers of models.", labels=["model"])
        tokens = CounterMetricFamily(
            "tenuto_model_tokens", "Tokens of models.", labels=["model", "direction"]
        )
        cached = CounterMetricFamily(
            "tenuto_model_cached_tokens",
            "Of the input tokens, those that the provider had in its own cache.",
            labels=["model"],
        )
        cost = CounterMetricFamily(
            "tenuto_model_cost_usd", "What answers cost, in US dollars.", labels=["model"]
        )
        for used in self.survey.models:
            turns.add_metric([used.group], used.turns)
            tokens.add_metric([used.group, "input"], used.input_tokens)
            tokens.add_metric([used.group, "output"], used.output_tokens)
            cached.add_metric([used.group], used.cached_tokens)
            cost.add_metric([used.group], used.cost_nano_usd / _NANO)
        yield from (sessions, turns, tokens, cached, cost)


class Metrics:
    """The numbers of one server."""

    def __init__(self, version: str, commit_times: Histogram | None = None) -> None:
        registry = self._registry = CollectorRegistry()
        self._requests, self._work = Requests(), Work()
        for collector in (self._requests, self._work, Commits(commit_times)):
            registry.register(collector)
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

    def text(
        self, survey: Survey, *, streams: int, effects: tuple[int, int], entries: int
    ) -> bytes:
        """Return all numbers, with these as of now. `effects`: that run, and that wait for room."""
        self._work.survey = survey
        self._streams.set(streams)
        self._effects.labels("running").set(effects[0])
        self._effects.labels("queued").set(effects[1])
        self._entries.set(entries)
        return generate_latest(self._registry)


def _buckets(times: Histogram) -> list[tuple[str, float]]:
    names = (*(str(float(bound)) for bound in times.bounds), "+Inf")
    return [(name, float(count)) for name, count in zip(names, times.upto(), strict=True)]


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
