"""Limits of requests, by who asks and what for; and how much of them is left, in headers.

Source of the headers: draft-ietf-httpapi-ratelimit-headers-10 (`RateLimit-Policy` names the rules,
`RateLimit` says what is left of the tightest one and when it will be more), and `Retry-After` of
RFC 9110.
"""

from __future__ import annotations

from collections.abc import Iterator

from litestar.types import Scope

from tenuto.core.limiting.limits import Limits
from tenuto.core.limiting.rules import Bucket, Rule, Verdict, tightest
from tenuto.ports.allowances import Allowance, Allowances
from tenuto.ports.clock import Clock
from tenuto.server.principal import Principal
from tenuto.server.problems import ProblemError


class Limiter:
    """Counts requests."""

    def __init__(self, limits: Limits, allowances: Allowances, clock: Clock) -> None:
        self._limits, self._allowances, self._clock = limits, allowances, clock
        self._limits_known = bool(limits.user or limits.organisation or limits.agent)

    async def stranger(self, scope: Scope) -> dict[str, str]:
        """Return headers, after a request of somebody who is not known was counted.

        Raises:
            ProblemError: too many came from its address.
        """
        login = scope["route_handler"].opt.get("limit") == "login"
        rules = self._limits.login if login else self._limits.address
        kind = "login" if login else "address"
        return await self._take(list(_allowances(kind, address_of(scope), rules)))

    async def refused(self, scope: Scope) -> None:
        """Count a request with a key or a token that is none.

        Raises:
            ProblemError: too many came from its address.
        """
        await self._take(list(_allowances("login", address_of(scope), self._limits.login)))

    async def known(self, scope: Scope, principal: Principal) -> dict[str, str]:
        """Return headers, after a request of a principal was counted.

        Raises:
            ProblemError: there are too many of its user, its organisation, or for the agent.
        """
        if not self._limits_known:
            return {}
        limits, organisation = self._limits, principal.organisation
        wanted = [
            *_allowances("user", f"{organisation}/{principal.actor}", limits.user),
            *_allowances("organisation", organisation, limits.organisation),
        ]
        agent = agent_of(scope)
        if agent:
            wanted += _allowances("agent", f"{organisation}/{agent}", limits.agent)
        return await self._take(wanted)

    async def _take(self, wanted: list[Allowance]) -> dict[str, str]:
        if not wanted:
            return {}
        verdicts = await self._allowances.take(wanted, self._clock.now_ms())
        headers = headers_of(wanted, verdicts)
        wait_ms = max(verdict.wait_ms for verdict in verdicts)
        if not all(verdict.allowed for verdict in verdicts):
            whose = wanted[tightest(verdicts)].key.partition(":")[0]
            seconds = _seconds(wait_ms)
            raise ProblemError(
                "too_many_requests",
                f"The limit of requests per {whose} is reached; there is room in {seconds} s.",
                headers={**headers, "Retry-After": str(seconds)},
            )
        return headers


def headers_of(wanted: list[Allowance], verdicts: tuple[Verdict, ...]) -> dict[str, str]:
    """Return what tells a client of its limits."""
    policies = ", ".join(f"{_name(one)};{_policy(one.rule)}" for one in wanted)
    least = tightest(verdicts)
    left = verdicts[least]
    reset_ms = left.reset_ms if left.allowed else left.wait_ms
    return {
        "RateLimit-Policy": policies,
        "RateLimit": f"{_name(wanted[least])};r={left.remaining};t={_seconds(reset_ms)}",
    }


def address_of(scope: Scope) -> str:
    """Return where a request comes from. An IPv6 client has a network of 2^64 addresses to itself,
    so it counts by that."""
    client = scope["client"]
    host = client[0] if client else ""
    if ":" not in host or host.startswith("::ffff:"):
        return host
    from ipaddress import IPv6Network

    try:
        return str(IPv6Network((host.partition("%")[0], 64), strict=False))
    except ValueError:
        return host


def agent_of(scope: Scope) -> str:
    """Return the agent that the request makes work, as its path names it; or nothing."""
    if scope.get("method") != "POST":
        return ""
    named = scope["route_handler"].opt.get("limited_agent", "agent_id")
    return str(scope["path_params"].get(named, ""))


def counts(scope: Scope) -> bool:
    """Return whether the request is one that limits are for: probes of the platform are not."""
    opt = scope["route_handler"].opt
    return "limit" in opt or not opt.get("public", False)


def _allowances(kind: str, whose: str, rules: tuple[Rule, ...]) -> Iterator[Allowance]:
    for index, rule in enumerate(rules):
        yield Allowance(key=f"{kind}:{whose}:{index}", rule=rule)


def _name(one: Allowance) -> str:
    kind, _, rest = one.key.partition(":")
    index = int(rest.rpartition(":")[2])
    return f'"{kind}-{index + 1}"' if index else f'"{kind}"'


def _policy(rule: Rule) -> str:
    if isinstance(rule, Bucket):
        return f"q={rule.burst};w={max(1, round(rule.burst / rule.per_second))}"
    return f"q={rule.limit};w={rule.seconds}"


def _seconds(ms: int) -> int:
    return max(1, -(-ms // 1000))
