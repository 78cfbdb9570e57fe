"""A circuit breaker for one model: what fails again and again is left alone for a while.

    closed ---- so many failures in a row ----> open
    open ------ after its rest, one request --> half_open
    half_open - it answered ------------------> closed
    half_open - it failed --------------------> open
    half_open - the request was given up -----> open, and the next one may try at once

Source: Nygard, Release It! (2007), chapter 5. Time comes in with each call.
"""

from typing import Final

import msgspec

from tenuto.core.agent.routes import CircuitState, ModelHealth

ERROR_CHARS_MAX: Final = 300


class Permit(msgspec.Struct, frozen=True):
    """Leave to ask the model once; it is given back with what came of it."""

    probe: bool
    period: int
    """Which closed time of the breaker it is from: what began before a break says nothing now."""


class Breaker:
    """The state of one model. All times are milliseconds since 1970."""

    def __init__(self, *, failures_max: int, rest_ms: int) -> None:
        assert failures_max >= 1, "a breaker opens after one failure or more"
        assert rest_ms >= 1, "a breaker rests for a while"
        self._failures_max, self._rest_ms = failures_max, rest_ms
        self._state: CircuitState = "closed"
        self._failures = 0
        self._error = ""
        self._since_ms = 0
        self._opened_ms = 0
        self._resting_until_ms = 0
        self._period = 0

    def set_limits(self, *, failures_max: int, rest_ms: int) -> None:
        """Be as strict as the strictest of the routes that share the model."""
        self._failures_max = min(self._failures_max, failures_max)
        self._rest_ms = max(self._rest_ms, rest_ms)

    def wait_ms(self, now_ms: int) -> int:
        """Return how long the model is left alone yet; 0: it may be asked.

        While a probe is under way nobody knows; then it is 1."""
        wait = max(0, self._resting_until_ms - now_ms)
        if self._state == "open":
            wait = max(wait, self._opened_ms + self._rest_ms - now_ms)
        elif self._state == "half_open":
            wait = max(wait, 1)
        return wait

    def why(self, now_ms: int) -> str:
        """Return why the model is left alone, as a code."""
        return "rate_limit" if self._resting_until_ms > now_ms else "circuit_open"

    def try_enter(self, now_ms: int) -> Permit | None:
        """Return leave to ask the model, or None while it is left alone."""
        if self.wait_ms(now_ms):
            return None
        if self._state == "open":
            self._become("half_open", now_ms)
            return Permit(probe=True, period=self._period)
        return Permit(probe=False, period=self._period)

    def succeeded(self, permit: Permit, now_ms: int) -> None:
        """Take note that the model answered."""
        if permit.period != self._period:
            return
        self._failures = 0
        if permit.probe:
            self._become("closed", now_ms)

    def failed(self, permit: Permit, now_ms: int, error: str) -> None:
        """Take note that the model failed, and why."""
        if permit.period != self._period:
            return
        self._failures += 1
        self._error = error[:ERROR_CHARS_MAX]
        if permit.probe or self._failures >= self._failures_max:
            self._opened_ms = now_ms
            self._become("open", now_ms)

    def rest(self, *, until_ms: int, error: str) -> None:
        """Take note that the model asks to be left alone until then."""
        self._resting_until_ms = max(self._resting_until_ms, until_ms)
        self._error = error[:ERROR_CHARS_MAX]

    def given_up(self, permit: Permit) -> None:
        """Take note that the request said nothing about the model; a probe may be made at once."""
        if permit.probe and permit.period == self._period and self._state == "half_open":
            self._become("open", self._opened_ms)

    def health(self, model: str) -> ModelHealth:
        """Return the state, for people."""
        return ModelHealth(
            model=model,
            state=self._state,
            failures=self._failures,
            error=self._error,
            since_ms=self._since_ms,
            rests_until_ms=self._resting_until_ms,
        )

    def _become(self, state: CircuitState, now_ms: int) -> None:
        self._state, self._since_ms = state, now_ms
        self._period += 1
