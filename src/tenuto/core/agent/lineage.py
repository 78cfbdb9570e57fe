"""Permissions that narrow on their way down: what an agent has another one do must be allowed to
both.

The chain of rules that a task stands under is its capability: whoever passes work on adds a link,
and nobody below takes one away. Each link is judged by itself and all must allow, so no link can
open what another one closes.
Source of the idea: attenuation of capabilities (Macaroons, Birgisson et al., NDSS 2014).
"""

from collections.abc import Sequence

import msgspec

from tenuto.core.agent.policy import PermissionRule, Verdict, Wish, judge

PERMISSION = "permission"
"""The kind of question that a rule asks."""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """The rules that an agent sets for all who work for it; `to`: for this one and those below."""

    agent: str
    rules: tuple[PermissionRule, ...]
    to: str = ""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of the chain says of a wish."""

    verdict: Verdict
    kind: str
    """Of the question that it asks, if it does."""
    agent: str = ""
    """Whose rules these are; empty: of the process, or of who calls."""

    @property
    def wants_certain_people(self) -> bool:
        """Return whether not just anybody's approval will do."""
        rule = self.verdict.rule
        return rule is not None and (bool(rule.assignees) or rule.quorum > 1)


def judged(
    process: Sequence[PermissionRule],
    own: Sequence[PermissionRule],
    above: Sequence[Link],
    wish: Wish,
) -> tuple[Judged, ...]:
    """Return what each part of the chain says: the process, who calls, and all above, nearest
    first.

    Without rules of the process and of the agent itself, those that hold where there are none are
    judged too: what stands above can only take away."""
    found = []
    if process:
        found.append(Judged(verdict=judge(process, wish), kind=f"{PERMISSION}:process"))
    if own or not process:
        found.append(Judged(verdict=judge(own, wish), kind=PERMISSION))
    known = [tuple(own)]
    for link in above:
        # The same rules say the same of the same wish: a planner is its own worker, for one.
        if link.rules and link.rules not in known:
            known.append(link.rules)
            kind = f"{PERMISSION}:{link.agent}" + (f">{link.to}" if link.to else "")
            found.append(Judged(verdict=judge(link.rules, wish), kind=kind, agent=link.agent))
    return tuple(found)


def nothing_forbids(
    process: Sequence[PermissionRule],
    own: Sequence[PermissionRule],
    above: Sequence[Link],
    labels: Sequence[str],
) -> bool:
    """Return whether each part of the chain allows whatever who has seen data with these labels may
    wish: there is no rule, and no label."""
    return not (process or own or above or labels)


def open_question(chain: Sequence[Judged], approved: Sequence[str]) -> Judged | None:
    """Return the part of the chain whose question is to be asked next; None: all are answered.

    Those for certain people come first: whoever has approved the call has also answered all that
    want no more than somebody's approval."""
    asking = [part for part in chain if part.verdict.effect == "ask"]
    asking.sort(key=lambda part: not part.wants_certain_people)
    answered = any(kind.partition(":")[0] == PERMISSION for kind in approved)
    for part in asking:
        if part.kind not in approved and (part.wants_certain_people or not answered):
            return part
    return None
