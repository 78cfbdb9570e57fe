"""What speaks for two columns being the same, each from 0 to 1."""

from __future__ import annotations

from typing import Final

from tenuto.teams.migration.matching.naming import likeness
from tenuto.teams.migration.matching.sides import Side
from tenuto.teams.migration.schema import Kind, Profile

_FAMILIES: Final[dict[Kind, str]] = {
    "integer": "number",
    "decimal": "number",
    "float": "number",
    "boolean": "truth",
    "date": "moment",
    "timestamp": "moment",
    "timestamptz": "moment",
    "time": "time",
    "text": "text",
    "uuid": "text",
    "json": "text",
    "bytes": "bytes",
}
_SEMANTIC_KIN: Final = (
    frozenset({"street", "address"}),
    frozenset({"created_at", "date", "start_date"}),
    frozenset({"due_date", "date", "end_date"}),
    frozenset({"hire_date", "date", "start_date"}),
    frozenset({"updated_at", "date"}),
    frozenset({"name", "title"}),
    frozenset({"company", "name"}),
    frozenset({"full_name", "name", "last_name"}),
    frozenset({"description", "note"}),
    frozenset({"country", "country_code"}),
    frozenset({"category", "status"}),
    frozenset({"phone", "fax"}),
    frozenset({"money", "salary"}),
    frozenset({"id", "code", "foreign_id"}),
    frozenset({"percent", "money"}),
)
_TELLING: Final = frozenset(
    {
        "birth_date",
        "city",
        "country",
        "country_code",
        "currency",
        "email",
        "fax",
        "first_name",
        "flag",
        "full_name",
        "gender",
        "iban",
        "ip_address",
        "json",
        "last_name",
        "latitude",
        "longitude",
        "national_id",
        "password",
        "phone",
        "postal_code",
        "street",
        "url",
        "uuid",
    }
)
UNKNOWN: Final = 0.4


def by_name(one: Side, other: Side) -> float:
    """By the words of their names; what their tables' names say counts less."""
    plain = likeness(one.words, other.words, one.context, other.context)
    if one.described or other.described:
        described = max(
            likeness(one.described or one.words, other.words, one.context, other.context),
            likeness(one.words, other.described or other.words, one.context, other.context),
        )
        return max(plain, 0.9 * described)
    return plain


def by_type(one: Side, other: Side) -> float:
    """By the kinds of their values."""
    a, b = one.meaning.kind or one.column.type.kind, other.meaning.kind or other.column.type.kind
    if a == b:
        return 1.0
    family_a, family_b = _FAMILIES[a], _FAMILIES[b]
    if family_a == family_b:
        return 0.85
    if {family_a, family_b} == {"truth", "number"}:
        return 0.6
    if "text" in (family_a, family_b):
        return 0.45 if "bytes" not in (family_a, family_b) else 0.2
    return 0.1


def by_meaning(one: Side, other: Side) -> float:
    """By what they are for."""
    a, b = one.meaning.semantic, other.meaning.semantic
    sure = min(one.meaning.confidence, other.meaning.confidence)
    if "unknown" in (a, b):
        return UNKNOWN
    if a == b:
        return sure if a in _TELLING else 0.75 * sure + 0.1
    if any({a, b} <= kin for kin in _SEMANTIC_KIN):
        return 0.55
    return 0.0 if a in _TELLING or b in _TELLING else 0.2


def by_values(one: Side, other: Side) -> float | None:
    """By their values; None where one side has none."""
    a, b = one.profile, other.profile
    if a.rows - a.nulls <= 0 or b.rows - b.nulls <= 0:
        return None
    parts = [_patterns(a, b), _shape(a, b)]
    if a.top and b.top:
        shared = {str(value) for value, _ in a.top} & {str(value) for value, _ in b.top}
        either = {str(value) for value, _ in a.top} | {str(value) for value, _ in b.top}
        parts += [len(shared) / len(either)] * 2
    return sum(parts) / len(parts)


def _patterns(a: Profile, b: Profile) -> float:
    names = set(a.patterns) | set(b.patterns)
    if not names:
        return 0.5
    share_a = {name: a.patterns.get(name, 0) / max(a.rows - a.nulls, 1) for name in names}
    share_b = {name: b.patterns.get(name, 0) / max(b.rows - b.nulls, 1) for name in names}
    same = sum(min(share_a[name], share_b[name]) for name in names)
    most = sum(max(share_a[name], share_b[name]) for name in names)
    return same / most if most else 0.5


def _shape(a: Profile, b: Profile) -> float:
    """By how many are empty, how many differ, and how long they are."""
    nulls = 1 - abs(a.nulls / a.rows - b.nulls / b.rows)
    differ = 1 - abs(_distinct(a) - _distinct(b))
    lengths = 0.5
    if a.length_max and b.length_max:
        lengths = min(a.length_max, b.length_max) / max(a.length_max, b.length_max)
    return (nulls + differ + lengths) / 3


def _distinct(of: Profile) -> float:
    return 1.0 if of.distinct is None else of.distinct / max(of.rows - of.nulls, 1)


def by_role(one: Side, other: Side) -> float:
    """By the part they have in keys."""
    if (one.names is None) != (other.names is None):
        return 0.15
    if one.names is not None:
        return 0.8
    if one.is_key != other.is_key:
        return 0.2
    if one.is_key:
        return 1.0 if len(one.table.key) == len(other.table.key) else 0.6
    return 0.6
