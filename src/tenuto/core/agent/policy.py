"""Which tools may be called by whom, with what: rules as data, decided without any expression.

Deny beats ask, ask beats allow, whatever their order. A rule matches when all that it names
matches; what cannot be compared (a path that is not there, a text held against a number) makes a
rule that allows not match, and one that denies or asks match: doubt never opens anything.
"""

from collections.abc import Iterator, Sequence
from typing import Final, Literal, TypeAlias

import msgspec

from tenuto.core.agent.asks import has_role
from tenuto.core.misfits import misfit_of
from tenuto.core.vocabulary import Json, JsonObject

Effect: TypeAlias = Literal["deny", "ask", "allow"]

_STRENGTH: Final[tuple[Effect, ...]] = ("deny", "ask", "allow")


class Matcher(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """What one value of the arguments must be; of several conditions all must hold."""

    path: str
    """Names joined by dots, as `order.amount`; a number is an index of a list."""
    equals: Json | msgspec.UnsetType = msgspec.UNSET
    within: tuple[Json, ...] | msgspec.UnsetType = msgspec.UNSET
    """One of these."""
    glob: str | msgspec.UnsetType = msgspec.UNSET
    """A text of this shape: `*` any run of characters, `?` any one; case counts."""
    at_least: float | msgspec.UnsetType = msgspec.UNSET
    at_most: float | msgspec.UnsetType = msgspec.UNSET
    length_max: int | msgspec.UnsetType = msgspec.UNSET
    """Of a text, list or object."""


class PermissionRule(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One rule. What is left out matches everything; names are globs."""

    effect: Effect
    tools: tuple[str, ...] = ()
    """Names of tools; of those found at run time their ids, as `github.*`, or what models call
    them, as `github__*`."""
    permissions: tuple[str, ...] = ()
    """Permission names of tools, as `orders:*`. A tool without one matches none."""
    agents: tuple[str, ...] = ()
    tenants: tuple[str, ...] = ()
    users: tuple[str, ...] = ()
    arguments: tuple[Matcher, ...] = ()
    labels: tuple[str, ...] = ()
    """Of what the caller has seen. A rule that denies or asks matches when one of them is borne;
    one that allows must name all that are."""
    reason: str = ""
    # of `ask`
    assignees: tuple[str, ...] = ()
    quorum: int = 1
    expires_ms: int = 0


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool that somebody wants to make. `agent` is empty where a node makes it."""

    tool: str
    shown_as: str = ""
    """The name under which models know the tool, where that is another; rules may use either."""
    permission: str = ""
    arguments: JsonObject
    agent: str = ""
    tenant: str = ""
    user: str = ""
    labels: tuple[str, ...] = ()
    """Of what the caller has seen."""
    safe: bool = False
    """The tool changes nothing and tells nobody: labelled data may reach it."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What follows for a wish, and the rule that says so (None: no rule does)."""

    effect: Effect
    rule: PermissionRule | None
    reason: str


def judge(rules: Sequence[PermissionRule], wish: Wish) -> Verdict:
    """Return whether the wish is allowed, denied, or a person's to decide.

    Without any rule everything is allowed, but for a tool that names a permission, is not safe, and
    is called by who has seen labelled data: that is asked about. Where there are rules and none
    matches, a tool that names a permission is asked about; one that names none is allowed."""
    found: dict[Effect, PermissionRule] = {}
    for rule in rules:
        if rule.effect not in found and _matches(rule, wish):
            found[rule.effect] = rule
    for effect in _STRENGTH:
        if effect in found:
            rule = found[effect]
            return Verdict(effect=effect, rule=rule, reason=rule.reason or _told(rule, wish))
    if wish.labels and _is_guarded(wish):
        seen = ", ".join(wish.labels)
        reason = f"it has seen data labelled {seen}, which no rule lets reach {wish.permission!r}"
        return Verdict(effect="ask", rule=None, reason=reason)
    if rules and wish.permission:
        reason = f"no rule says anything about permission {wish.permission!r}"
        return Verdict(effect="ask", rule=None, reason=reason)
    return Verdict(effect="allow", rule=None, reason="")


def faults_of_rules(option: str, rules: object) -> Iterator[str]:
    """Return what is wrong with a list of rules, as sentences that go on after who has them."""
    if not isinstance(rules, list | tuple):
        yield f"{option}={rules!r:.60}, which is no list; write {option}=[…]."
        return
    for rule in rules:
        if not isinstance(rule, PermissionRule):
            yield f"{option}={rule!r:.60}, which is no PermissionRule."
            continue
        for fault in faults_of_rule(rule):
            yield f"a rule in {option} that {fault}"


def faults_of_rule(rule: PermissionRule) -> Iterator[str]:
    """Return what is wrong with a rule, as sentences that go on after its name."""
    fault = misfit_of(rule)
    if fault:
        yield fault
        return
    if rule.effect != "ask" and (rule.assignees or rule.quorum != 1 or rule.expires_ms):
        yield f"has effect {rule.effect!r} and says who is asked; only one that asks can."
    if rule.quorum < 1:
        yield f"wants {rule.quorum} people to approve; 1 is the least."
    named = set(rule.assignees)
    if named and rule.quorum > len(named) and not has_role(rule.assignees):
        yield (
            f"wants {rule.quorum} different people to approve, and names {len(named)}"
            " who may: it could never be granted."
        )
    if rule.expires_ms < 0:
        yield f"expires after {rule.expires_ms} ms; give a time above 0, or none."
    for matcher in rule.arguments:
        low, high = matcher.at_least, matcher.at_most
        if isinstance(low, float) and isinstance(high, float) and low > high:
            yield f"wants {matcher.path!r} to be at least {low:g} and at most {high:g}."


def fits(glob: str, text: str) -> bool:
    """Return whether the whole of `text` has the shape: `*` any run, `?` any one character.

    Nothing else has a meaning. Takes time in the product of the lengths at most: a pattern that
    searches back could be made to take for ever."""
    at = place = 0
    after_star, from_here = -1, 0
    while at < len(text):
        sign = glob[place] if place < len(glob) else ""
        if sign == "*":
            after_star, from_here = place + 1, at
            place += 1
        elif sign and sign in ("?", text[at]):
            at, place = at + 1, place + 1
        elif after_star >= 0:
            # The last star takes one character more.
            from_here += 1
            at, place = from_here, after_star
        else:
            return False
    return not glob[place:].strip("*")


def _told(rule: PermissionRule, wish: Wish) -> str:
    word = {"deny": "forbids", "ask": "wants to be asked about", "allow": "allows"}[rule.effect]
    return f"a rule {word} tool {wish.tool!r}"


def _matches(rule: PermissionRule, wish: Wish) -> bool:
    if not _is_named(rule.tools, wish.tool) and not _is_named(rule.tools, wish.shown_as):
        return False
    named = (
        (rule.permissions, wish.permission),
        (rule.agents, wish.agent),
        (rule.tenants, wish.tenant),
        (rule.users, wish.user),
    )
    if not all(_is_named(globs, name) for globs, name in named):
        return False
    doubt = rule.effect != "allow"
    if not _labels_match(rule, wish):
        return False
    return all(_holds(matcher, wish.arguments, doubt=doubt) for matcher in rule.arguments)


def _is_guarded(wish: Wish) -> bool:
    """Return whether labelled data may reach the tool only where a rule, or a person, says so."""
    return bool(wish.permission) and not wish.safe


def _labels_match(rule: PermissionRule, wish: Wish) -> bool:
    borne = [any(fits(glob, label) for glob in rule.labels) for label in wish.labels]
    if rule.effect == "allow":
        return all(borne) or not _is_guarded(wish)
    return any(borne) or not rule.labels


def _is_named(globs: tuple[str, ...], name: str) -> bool:
    if not globs:
        return True
    return bool(name) and any(fits(glob, name) for glob in globs)


def _holds(matcher: Matcher, arguments: JsonObject, *, doubt: bool) -> bool:
    """Return whether the value is as the matcher wants; `doubt` where that cannot be said."""
    value: Json = arguments
    for name in matcher.path.split("."):
        if isinstance(value, dict) and name in value:
            value = value[name]
        elif isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        else:
            return doubt
    answers = (
        _equals(matcher.equals, value),
        _within(matcher.within, value),
        _glob(matcher.glob, value),
        _bound(matcher.at_least, value, above=True),
        _bound(matcher.at_most, value, above=False),
        _length(matcher.length_max, value),
    )
    return all(doubt if answer is None else answer for answer in answers)


def _same(one: Json, other: Json) -> bool:
    """`true` is not 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def _equals(wanted: Json | msgspec.UnsetType, value: Json) -> bool | None:
    return True if isinstance(wanted, msgspec.UnsetType) else _same(wanted, value)


def _within(wanted: tuple[Json, ...] | msgspec.UnsetType, value: Json) -> bool | None:
    if isinstance(wanted, msgspec.UnsetType):
        return True
    return any(_same(one, value) for one in wanted)


def _glob(wanted: str | msgspec.UnsetType, value: Json) -> bool | None:
    if isinstance(wanted, msgspec.UnsetType):
        return True
    return fits(wanted, value) if isinstance(value, str) else None


def _bound(wanted: float | msgspec.UnsetType, value: Json, *, above: bool) -> bool | None:
    if isinstance(wanted, msgspec.UnsetType):
        return True
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return value >= wanted if above else value <= wanted


def _length(wanted: int | msgspec.UnsetType, value: Json) -> bool | None:
    if isinstance(wanted, msgspec.UnsetType):
        return True
    return len(value) <= wanted if isinstance(value, str | list | dict) else None
