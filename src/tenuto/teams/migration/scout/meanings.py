"""What a column is for, from its name, the name of its table, and its values.

A meaning that name and values agree on is nearly certain; of one that the name alone tells, or the
values alone, less so; and values may refute a name.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tenuto.teams.migration.lexicon import said_by
from tenuto.teams.migration.schema import Column, Kind, Meaning, Profile, Table
from tenuto.teams.migration.scout.kinds import (
    NEARLY_ALL,
    Truth,
    Values,
    is_untyped,
    truth_of,
    values_of,
)

PEOPLE: Final = frozenset(
    [
        "customer",
        "employee",
        "person",
        "user",
        "contact",
        "patient",
        "doctor",
        "student",
        "teacher",
        "author",
        "player",
        "agent",
        "manager",
        "artist",
        "composer",
    ]
)


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """What speaks for a meaning."""

    semantic: str
    words: tuple[frozenset[str], ...] = ()
    """The name has all words of one of these sets."""
    patterns: tuple[str, ...] = ()
    """Values fit one of these."""
    kinds: frozenset[Kind] = frozenset()
    """The column is of one of these; none: of any."""
    needed: bool = False
    """Values must fit, whatever the name says."""
    telling: bool = False
    """Values that fit tell enough, whatever the name says."""
    personal: bool = False


def _words(text: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(part.split()) for part in text.split("|") if part.strip())


_TEXT: Final[frozenset[Kind]] = frozenset({"text"})
_NUMBER: Final[frozenset[Kind]] = frozenset({"integer", "decimal", "float", "text"})
_DATE: Final[frozenset[Kind]] = frozenset({"date", "timestamp", "timestamptz", "text", "integer"})
_DATES: Final = (
    "date_iso", "date_ymd_slash", "date_dmy_dot", "date_dmy_slash", "date_mdy_slash",
    "date_dmy_dash", "date_mdy_dash", "date_compact", "timestamp_iso", "timestamp_zone",
    "date_dmonth", "date_monthd", "date_dmonth_dash", "zero_date", "epoch_seconds", "epoch_millis",
)  # fmt: skip


def _rule(
    semantic: str, words: str = "", patterns: str = "", kinds: frozenset[Kind] = frozenset(),
    **more: bool,
) -> Rule:  # fmt: skip
    return Rule(
        semantic=semantic,
        words=_words(words),
        patterns=tuple(patterns.split()),
        kinds=kinds,
        needed=more.get("needed", False),
        telling=more.get("telling", False),
        personal=more.get("personal", False),
    )


RULES: Final = (
    _rule("email", "email", "email", _TEXT, needed=True, telling=True, personal=True),
    _rule("iban", "iban|account number", "iban", _TEXT, needed=True, telling=True, personal=True),
    _rule("card_number", "card number|credit card", "card", _TEXT, needed=True, personal=True),
    _rule("password", "password", "", _TEXT, personal=True),
    _rule("uuid", "uuid", "uuid", frozenset({"text", "uuid"}), needed=True, telling=True),
    _rule("ip_address", "ip", "ip", _TEXT, needed=True, telling=True, personal=True),
    _rule("url", "website", "url", _TEXT, needed=True, telling=True),
    _rule("fax", "fax", "phone integer integer_padded", _TEXT, personal=True),
    _rule("phone", "phone|mobile", "phone integer integer_padded", _TEXT, personal=True),
    _rule("national_id", "ssn", "", _TEXT, personal=True),
    _rule("gender", "gender", "", frozenset({"text", "integer"}), personal=True),
    _rule("birth_date", "birth date|birth", " ".join(_DATES), _DATE, personal=True),
    _rule("first_name", "first name|first", "", _TEXT, personal=True),
    _rule("middle_name", "middle name", "", _TEXT, personal=True),
    _rule("last_name", "last name", "", _TEXT, personal=True),
    _rule("full_name", "full name|contact name|display name", "", _TEXT, personal=True),
    _rule("user_name", "user name", "", _TEXT, personal=True),
    _rule("company", "company name|company", "", _TEXT),
    _rule("postal_code", "postal", "", frozenset({"text", "integer"}), personal=True),
    _rule("house_number", "house number|house", "", _TEXT, personal=True),
    _rule("street", "street|address", "", _TEXT, personal=True),
    _rule("city", "city", "", _TEXT),
    _rule("country_code", "country code|country", "country_code", _TEXT, needed=True),
    _rule("country", "country", "", _TEXT),
    _rule("currency", "currency", "currency_code", _TEXT, needed=True),
    _rule("region", "region", "", _TEXT),
    _rule("language", "language", "", _TEXT),
    _rule("latitude", "latitude", "latitude", _NUMBER, needed=True),
    _rule("longitude", "longitude", "longitude", _NUMBER, needed=True),
    _rule("created_at", "created date|created", " ".join(_DATES), _DATE, needed=True),
    _rule("updated_at", "updated date|updated", " ".join(_DATES), _DATE, needed=True),
    _rule("deleted_at", "deleted date|deleted", " ".join(_DATES), _DATE, needed=True),
    _rule("hire_date", "hire date|hire", " ".join(_DATES), _DATE, needed=True),
    _rule("due_date", "due date|due", " ".join(_DATES), _DATE, needed=True),
    _rule("start_date", "start date|start", " ".join(_DATES), _DATE, needed=True),
    _rule("end_date", "end date|end", " ".join(_DATES), _DATE, needed=True),
    _rule("date", "date|time", " ".join(_DATES), _DATE, needed=True),
    _rule("salary", "salary", "", _NUMBER, personal=True),
    _rule("percent", "percent|discount", "percent", _NUMBER),
    _rule("quantity", "quantity|stock", "integer", frozenset({"integer", "text"})),
    _rule("money", "price|amount|total|tax|freight|balance|credit|net|premium", "", _NUMBER),
    _rule("json", "", "json", frozenset({"text", "json"}), telling=True),
    _rule("duration", "duration", "", _NUMBER),
    _rule("size", "size", "", _NUMBER),
    _rule("note", "note", "", _TEXT),
    _rule("description", "description|content", "", _TEXT),
    _rule("status", "status", "", frozenset({"text", "integer"})),
    _rule("category", "category|type|genre|priority|level|role", "", _TEXT),
    _rule("title", "title|salutation", "", _TEXT),
    _rule("name", "name", "", _TEXT),
    _rule("image", "image", "", frozenset({"bytes"})),
    _rule("path", "path|image", "", _TEXT),
    _rule("code", "code|number|reference", "", _TEXT),
    _rule("weight", "weight", "", _NUMBER),
    _rule("version", "version", "", _NUMBER),
)  # fmt: skip


def meaning_of(table: Table, column: Column, profile: Profile) -> Meaning:
    """Return what a column is for; `unknown` where nothing tells."""
    words = said_by(column.name).all
    truth = truth_of(column, profile, words, untyped=is_untyped(table))
    keyed = _keyed(table, column)
    if keyed is not None:
        return _with_truth(keyed, truth)
    if _is_flag(column, words, truth):
        evidence = truth.evidence if truth else "It is declared as a truth value."
        sure = truth.confidence if truth else 0.95
        return Meaning(
            semantic="flag",
            confidence=sure,
            evidence=(evidence,),
            kind="boolean" if truth else None,
        )
    values = values_of(profile)
    found = [
        meaning
        for rule in RULES
        if (meaning := _by(rule, table, column, words, values)) is not None
    ]
    best = max(found, key=lambda meaning: meaning.confidence, default=None)
    if best is None:
        best = _by_values(column, profile, values)
    return _with_truth(_as_person(best, table), truth)


def _keyed(table: Table, column: Column) -> Meaning | None:
    for key in table.foreign_keys:
        if column.name in key.columns:
            said = f"It is in a foreign key that names {key.table!r}."
            return Meaning(semantic="foreign_id", confidence=0.99, evidence=(said,))
    if column.name in table.key and (column.counts or len(table.key) == 1):
        return Meaning(semantic="id", confidence=0.98, evidence=("It is the primary key.",))
    return None


def _is_flag(column: Column, words: frozenset[str], truth: Truth | None) -> bool:
    if column.type.kind == "boolean":
        return truth is None or truth.kind == "boolean"
    return truth is not None and truth.kind == "boolean" and truth.confidence >= 0.6


def _by(
    rule: Rule, table: Table, column: Column, words: frozenset[str], values: Values
) -> Meaning | None:
    if rule.kinds and column.type.kind not in rule.kinds:
        return None
    # Of several sets the first says most.
    named = next((place for place, some in enumerate(rule.words) if some <= words), None)
    share = values.share(*rule.patterns) if rule.patterns else 0.0
    declared = column.type.kind in ("date", "timestamp", "timestamptz") and rule.kinds == _DATE
    fits = share >= NEARLY_ALL or declared
    if named is None:
        if not (rule.telling and fits and values.count):
            return None
        said = f"{values.counted(*rule.patterns)} look like it."
        return Meaning(
            semantic=rule.semantic, confidence=0.9, evidence=(said,), personal=rule.personal
        )
    name = f"Its name {column.name!r} says so."
    specific = 0.02 * (len(rule.words[named]) - 1) - 0.01 * min(named, 1)
    if fits and rule.patterns:
        said = (
            f"It is declared as {column.type.declared}."
            if declared and share < NEARLY_ALL
            else f"{values.counted(*rule.patterns)} look like it."
        )
        sure = 0.95 + specific
        evidence: tuple[str, ...] = (name, said)
    elif rule.needed and values.count:
        if share < 0.3:
            return None
        sure = 0.5
        evidence = (name, f"But only {values.counted(*rule.patterns)} look like it.")
    elif rule.patterns and share < 0.5 and values.count:
        sure = 0.65 + specific
        evidence = (name, f"But only {values.counted(*rule.patterns)} look like it.")
    else:
        sure, evidence = 0.8 + specific, (name,)
    return Meaning(
        semantic=rule.semantic, confidence=sure, evidence=evidence, personal=rule.personal
    )


def _by_values(column: Column, profile: Profile, values: Values) -> Meaning:
    if column.type.kind == "text" and values.count >= 50 and 1 < len(profile.top) <= 20:
        said = f"{values.count} values are {len(profile.top)} different ones."
        return Meaning(semantic="category", confidence=0.7, evidence=(said,))
    if values.share("phone") >= NEARLY_ALL:
        said = f"{values.counted('phone')} look like it."
        return Meaning(semantic="phone", confidence=0.75, evidence=(said,), personal=True)
    return Meaning(semantic="unknown", confidence=0.3, evidence=("Nothing tells what it is for.",))


def _as_person(meaning: Meaning, table: Table) -> Meaning:
    """A name in a table of people is that of a person; what says `company` stays one."""
    about = said_by(table.name).all
    if meaning.semantic == "name" and about & PEOPLE:
        return msgspec.structs.replace(
            meaning,
            semantic="full_name",
            personal=True,
            evidence=(*meaning.evidence, f"The table {table.name!r} is of people."),
        )
    return meaning


def _with_truth(meaning: Meaning, truth: Truth | None) -> Meaning:
    if truth is None:
        return meaning
    return msgspec.structs.replace(
        meaning, kind=truth.kind, evidence=(*meaning.evidence, truth.evidence)
    )
