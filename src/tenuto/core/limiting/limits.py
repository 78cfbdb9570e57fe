"""Whose requests are limited by which rules, and how people write that."""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Final, get_args

import msgspec

from tenuto.core.errors import Rejected
from tenuto.core.limiting.rules import Bucket, Rule, Window

_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
_RULE: Final = re.compile(r"(\d{1,7})/(\d{1,5})?([smhd])(?:\+(\d{1,7}))?")
_FORM: Final = (
    "WHO=RULE[,RULE]…, where a rule is '600/m' (at most 600 in any minute), '20/s+100' "
    "(20 a second in the long run, 100 at once) or 'off'"
)


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """The rules for each kind of who asks; nothing is limited by those that are empty."""

    user: tuple[Rule, ...] = ()
    """For each user, and each API key."""
    agent: tuple[Rule, ...] = ()
    """For each agent of an organisation, for requests that make it work."""
    organisation: tuple[Rule, ...] = ()
    """For all users and keys of an organisation together."""
    address: tuple[Rule, ...] = ()
    """For each address of clients that do not say who they are."""
    login: tuple[Rule, ...] = ()
    """For each address, for attempts to log in, and for keys that are none."""


WHO: Final = Limits.__struct_fields__

USUAL: Final = Limits(
    user=(Bucket(50, 200), Window(1_500, 60)),
    agent=(Bucket(20, 100),),
    organisation=(Bucket(200, 1_000), Window(6_000, 60)),
    address=(Bucket(20, 100),),
    login=(Bucket(1, 20), Window(60, 300)),
)
"""For a server that others can reach, unless it is told otherwise."""


def rule_text(rule: Rule) -> str:
    """Return a rule as people write it: `20/1s+100`, `600/60s`."""
    if isinstance(rule, Window):
        return f"{rule.limit}/{rule.seconds}s"
    rate = Fraction(rule.per_second).limit_denominator(99_999)
    return f"{rate.numerator}/{rate.denominator}s+{rule.burst}"


def read_limits(texts: Iterable[str], begin: Limits = USUAL) -> Limits:
    """Return `begin` with the rules that the texts name in place of its own.

    Raises:
        Rejected: a text does not say whose rules, or names a rule that there is not.
    """
    rules: dict[str, tuple[Rule, ...]] = {}
    for text in texts:
        who, equals, written = text.partition("=")
        if not equals or who not in WHO:
            raise Rejected(f"A limit is {_FORM}; WHO is {', '.join(WHO)}. Found {text!r:.60}.")
        parts = [part.strip() for part in written.split(",")]
        rules[who] = () if parts == ["off"] else tuple(_rule(part, text) for part in parts)
    return msgspec.structs.replace(begin, **rules)


def _rule(part: str, text: str) -> Rule:
    match = _RULE.fullmatch(part)
    if match is not None:
        count, seconds = int(match[1]), int(match[2] or 1) * _UNITS[match[3]]
        if count and seconds and match[4] is None:
            return Window(count, seconds)
        if count and seconds and int(match[4]):
            return Bucket(count / seconds, int(match[4]))
    raise Rejected(f"A limit is {_FORM}. Found {part!r:.40} in {text!r:.60}.")


assert set(get_args(Rule)) == {Bucket, Window}, "each rule can be written"
