"""What each built-in guard says of a value."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from tenuto.core.agent.guards import Guard, Verdict
from tenuto.core.guarding.injection import find_injections
from tenuto.core.guarding.patterns import Pattern
from tenuto.core.guarding.pii import find_pii
from tenuto.core.guarding.secrets import find_secrets
from tenuto.core.guarding.texts import Finding, replaced, texts_in, with_texts
from tenuto.core.vocabulary import Json, JsonObject

Find = Callable[[Guard, str], tuple[Finding, ...]]

SEALED: Final = Pattern(r"\[(email|phone|iban|card|ssn|ip):([A-Za-z0-9_-]{22,8000})\]")
"""A token in place of personal data: its kind, and what only the key opens."""

_REASON_CHARS_MAX: Final = 300


class Means(Protocol):
    """What checks need of the outside."""

    def fault(self, schema: JsonObject, value: Json) -> str | None:
        """Return why `value` does not fit a JSON Schema, or None if it does."""
        ...

    def seal(self, kind: str, text: str) -> str:
        """Return what only the key opens, in letters, digits, `_` and `-`."""
        ...

    def unseal(self, kind: str, sealed: str) -> str | None:
        """Return what was sealed, or None: not with this key, not for this tenant."""
        ...


def findings(guard: Guard, text: str) -> tuple[Finding, ...]:
    """Return the places that a finding guard objects to."""
    if guard.kind == "pii":
        return find_pii(text, guard.only)
    return find_secrets(text) if guard.kind == "secrets" else find_injections(text)


def judged(guard: Guard, values: Sequence[Json], means: Means, find: Find = findings) -> Verdict:
    """Return what a built-in guard says of values that pass a border together; one that rewrites
    gives as many. `find` may remember what was found before.

    Raises:
        Rejected: its schema or pattern is none.
    """
    match guard.kind:
        case "schema":
            return _schema(guard, values, means)
        case "length":
            return _length(guard, values)
        case "regex":
            return _regex(guard, values, means)
        case "pii" | "secrets" | "injection":
            return _found(guard, values, means, find)
        case "function":
            raise AssertionError("functions are asked by the runtime")


def unsealed(value: Json, means: Means) -> Json:
    """Return the value with what stands behind its tokens; those that are forged, or another
    tenant's, stay."""

    def change(text: str) -> str:
        if "[" not in text:
            return text
        return SEALED.sub(lambda found: means.unseal(found[1], found[2]) or found[0], text)

    return with_texts(value, change)


def masked(text: str) -> str:
    """Return a text for the record: secrets and personal data struck out, cut short."""
    for find in (find_secrets, find_pii):
        text = replaced(text, find(text), lambda kind, found: f"[{kind}]")
    return text if len(text) <= _REASON_CHARS_MAX else text[: _REASON_CHARS_MAX - 1] + "…"


def _schema(guard: Guard, values: Sequence[Json], means: Means) -> Verdict:
    assert guard.fits is not None, "a schema guard has a schema"
    for value in values:
        fault = means.fault(guard.fits, value)
        if fault is not None:
            return _objection(guard, masked(f"it does not fit the schema: {fault}"))
    return Verdict()


def _length(guard: Guard, values: Sequence[Json]) -> Verdict:
    if guard.chars_max:
        chars = sum(len(text) for value in values for text in texts_in(value))
        if chars > guard.chars_max:
            reason = f"it has {chars} characters, {guard.chars_max} are allowed"
            return _objection(guard, reason, lambda: _cut_texts(guard, values))
    if guard.items_max:
        items = max(map(_most_items, values), default=0)
        if items > guard.items_max:
            reason = f"a list or object has {items} items, {guard.items_max} are allowed"
            return _objection(guard, reason, lambda: [_cut_items(guard, one) for one in values])
    return Verdict()


def _cut_texts(guard: Guard, values: Sequence[Json]) -> list[Json]:
    left = guard.chars_max

    def cut(text: str) -> str:
        nonlocal left
        kept = text[:left]
        left -= len(kept)
        return kept

    return [_cut_items(guard, _map_values(value, cut)) for value in values]


def _map_values(value: Json, change: Callable[[str], str]) -> Json:
    """Names of members stay: cut short two could become one."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_map_values(item, change) for item in value]
    if isinstance(value, dict):
        return {name: _map_values(item, change) for name, item in value.items()}
    return value


def _most_items(value: Json) -> int:
    if isinstance(value, dict):
        return max([len(value), *map(_most_items, value.values())])
    if isinstance(value, list):
        return max([len(value), *map(_most_items, value)])
    return 0


def _cut_items(guard: Guard, value: Json) -> Json:
    most = guard.items_max
    if isinstance(value, list):
        return [_cut_items(guard, item) for item in (value[:most] if most else value)]
    if isinstance(value, dict):
        members = list(value.items())
        return {
            name: _cut_items(guard, item) for name, item in (members[:most] if most else members)
        }
    return value


def _regex(guard: Guard, values: Sequence[Json], means: Means) -> Verdict:
    """Patterns are matched as JSON Schema has them: in time that grows with the text alone."""
    texts = [text for value in values for text in texts_in(value)]
    for number, pattern in enumerate(guard.deny, start=1):
        if any(means.fault({"pattern": pattern}, text) is None for text in texts):
            return _objection(guard, f"it has what pattern {number} of its deny list forbids")
    for number, pattern in enumerate(guard.require, start=1):
        if not any(means.fault({"pattern": pattern}, text) is None for text in texts):
            return _objection(guard, f"it lacks what pattern {number} of its require list wants")
    return Verdict()


def _found(guard: Guard, values: Sequence[Json], means: Means, find: Find) -> Verdict:
    counts: Counter[str] = Counter()

    def places(text: str) -> tuple[Finding, ...]:
        found = find(guard, text)
        if guard.kind == "pii" and found and "[" in text:
            found = _outside_tokens(text, found, means)
        return found

    for value in values:
        for text in texts_in(value):
            counts.update(finding.kind for finding in places(text))
    if not counts:
        return Verdict()
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))

    def put(kind: str, text: str) -> str:
        if guard.kind == "pii":
            return f"[{kind}:{means.seal(kind, text)}]"
        return f"[{'secret' if guard.kind == 'secrets' else 'removed'}:{kind}]"

    def changed(text: str) -> str:
        return replaced(text, places(text), put)

    def rewritten() -> list[Json]:
        return [with_texts(value, changed) for value in values]

    return _objection(guard, f"found {told}", rewritten)


def _outside_tokens(text: str, found: tuple[Finding, ...], means: Means) -> tuple[Finding, ...]:
    """Leave out what lies in a token; but only in a true one, or anybody could hide in a false."""
    tokens = [
        match.span()
        for match in SEALED.finditer(text)
        if means.unseal(match[1], match[2]) is not None
    ]
    return tuple(
        finding
        for finding in found
        if not any(start < finding.end and finding.start < end for start, end in tokens)
    )


def _objection(
    guard: Guard, reason: str, rewritten: Callable[[], list[Json]] | None = None
) -> Verdict:
    if guard.action == "rewrite" and rewritten is not None:
        return Verdict.rewrite(rewritten(), reason)
    return Verdict(outcome="ask" if guard.action == "ask" else "block", reason=reason)
