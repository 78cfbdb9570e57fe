"""Limits of requests, by who asks and what for; and how much of them is left, in headers.

Source of the headers: draft-ietf-httpapi-ratelimit-headers-10 (`RateLimit-Policy` names the rules,
`RateLimit` says what is left of the tightest one and when it will be more), and `Retry-After` of
RFC 9110.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from litestar.types import Scope

from tenuto.core.limiting.limits import Limits
from tenuto.core.limiting.rules import Bucket, Rule, Verdict, tightest
from tenuto.ports.allowances import Allowance, Allowances
from tenuto.ports.clock import Clock
from tenuto.server.answering import Header
from tenuto.server.principal import Principal
from tenuto.server.problems import ProblemError

WANTED_MAX: Final = 10_000
"""Principals of which is remembered what their requests want; some 10 MB."""


class Wanted(NamedTuple):
    """What a request wants: of which rules, what these are called, and the header that says so."""

    allowances: tuple[Allowance, ...]
    names: tuple[bytes, ...]
    policies: Header


class Limiter:
    """Counts requests."""

    def __init__(self, limits: Limits, allowances: Allowances, clock: Clock) -> None:
        self._limits, self._allowances, self._clock = limits, allowances, clock
        self._wanted: dict[tuple[str, str, str], Wanted] = {}
        self._limits_known = bool(limits.user or limits.organisation or limits.agent)

    async def stranger(self, scope: Scope) -> list[Header]:
        """Return headers, after a request of somebody who is not known was counted.

        Raises:
            ProblemError: too many came from its address.
        """
        login = scope["route_handler"].opt.get("limit") == "login"
        rules = self._limits.login if login else self._limits.address
        kind = "login" if login else "address"
        return await self._take(_wanted((kind, address_of(scope), rules)))

    async def refused(self, scope: Scope) -> None:
        """Count a request with a key or a token that is none.

        Raises:
            ProblemError: too many came from its address.
        """
        await self._take(_wanted(("login", address_of(scope), self._limits.login)))

    async def known(self, scope: Scope, principal: Principal) -> list[Header]:
        """Return headers, after a request of a principal was counted.

        Raises:
            ProblemError: there are too many of its user, its organisation, or for the agent.
        """
        if not self._limits_known:
            return []
        organisation, agent = principal.organisation, agent_of(scope)
        place = organisation, principal.actor, agent
        wanted = self._wanted.get(place)
        if wanted is None:
            if len(self._wanted) >= WANTED_MAX:
                self._wanted.clear()
            limits = self._limits
            wanted = self._wanted[place] = _wanted(
                ("user", f"{organisation}/{principal.actor}", limits.user),
                ("organisation", organisation, limits.organisation),
                ("agent", f"{organisation}/{agent}", limits.agent if agent else ()),
            )
        return await self._take(wanted)

    async def _take(self, wanted: Wanted) -> list[Header]:
        if not wanted.allowances:
            return []
        verdicts = await self._allowances.take(wanted.allowances, self._clock.now_ms())
        least = tightest(verdicts)
        verdict = verdicts[least]
        headers = _headers(wanted, least, verdict)
        if verdict.allowed:
            return headers
        whose = wanted.allowances[least].key.partition(":")[0]
        seconds = _seconds(verdict.wait_ms)
        raise ProblemError(
            "too_many_requests",
            f"The limit of requests per {whose} is reached; there is room in {seconds} s.",
            headers={
                **{name.decode(): value.decode() for name, value in headers},
                "Retry-After": str(seconds),
            },
        )


def _headers(wanted: Wanted, least: int, verdict: Verdict) -> list[Header]:
    """Return what tells a client of its limits: by the verdict of the tightest of the rules."""
    reset_ms = verdict.reset_ms if verdict.allowed else verdict.wait_ms
    left = b"%b;r=%d;t=%d" % (wanted.names[least], verdict.remaining, _seconds(reset_ms))
    return [wanted.policies, (b"ratelimit", left)]


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


def _wanted(*whose: tuple[str, str, tuple[Rule, ...]]) -> Wanted:
    """Return what one request wants of the rules of each kind and place."""
    allowances: list[Allowance] = []
    names: list[str] = []
    for kind, place, rules in whose:
        for index, rule in enumerate(rules):
            allowances.append(Allowance(key=f"{kind}:{place}:{index}", rule=rule))
            names.append(f'"{kind}-{index + 1}"' if index else f'"{kind}"')
    policies = [f"{name};{_policy(one.rule)}" for name, one in zip(names, allowances, strict=True)]
    return Wanted(
        tuple(allowances),
        tuple([name.encode() for name in names]),
        (b"ratelimit-policy", ", ".join(policies).encode()),
    )


def _policy(rule: Rule) -> str:
    if isinstance(rule, Bucket):
        return f"q={rule.burst};w={max(1, round(rule.burst / rule.per_second))}"
    return f"q={rule.limit};w={rule.seconds}"


def _seconds(ms: int) -> int:
    return max(1, -(-ms // 1000))
