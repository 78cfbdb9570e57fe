"""What a column becomes when its values are known: what they are in truth, where that is certain,
and room for all of them. What is not certain stays as it is declared.
"""

from __future__ import annotations

from typing import Final

import msgspec

from tenuto.teams.migration.architect.dating import formats_of
from tenuto.teams.migration.architect.types import TargetType, target_type
from tenuto.teams.migration.lexicon import said_by
from tenuto.teams.migration.plan import Alternative, Change, ColumnPlan
from tenuto.teams.migration.schema import (
    Column,
    ColumnNotes,
    Kind,
    Profile,
    Scalar,
    System,
    Type,
)
from tenuto.teams.migration.scout.kinds import NEARLY_ALL, NUMBERS, Truth, truth_of, values_of
from tenuto.teams.migration.scout.patterns import FALSE_WORDS, TRUE_WORDS

SAMPLED: Final = 0.03
"""So much less certain is what was seen in a part of the rows."""
MONEY_DIGITS: Final = 12
MISFITS_MAX: Final = 0.02
"""Of the values; with more that do not fit what is declared, somebody should look."""
ZEROS: Final = ("0000-00-00", "0000-00-00 00:00:00")


Made = tuple[tuple[Change, ...], float, tuple[str, ...]]
"""Changes, how certain they are, and why."""


class Where(msgspec.Struct, frozen=True, kw_only=True):
    """From where to where."""

    source: System
    target: System
    threshold: float
    indexed: bool = False
    untyped: bool = False
    """The table's declaration says nothing about values."""


def refined(
    plan: ColumnPlan, column: Column, notes: ColumnNotes, where: Where, *, keyed: bool
) -> ColumnPlan:
    """Return the plan of a column with what its notes tell.

    Args:
        keyed: it is in a key, so that its kind is not its own affair.
    """
    plan = _with_room(plan, column, notes.profile, where)
    plan = msgspec.structs.replace(plan, semantic=notes.meaning.semantic)
    declared = _as_declared(plan, column, notes.profile)
    turned = tuple(_other_orders(declared, column, notes.profile))
    truth = None if keyed else _truth(column, notes, untyped=where.untyped)
    if truth is None:
        return with_choice(plan, declared, turned)
    other = _in_truth(column, notes.profile, truth, where)
    if other is None:
        return with_choice(plan, declared, turned)
    more = tuple(_other_orders(other, column, notes.profile))
    if other.confidence >= where.threshold:
        return with_choice(plan, other, (declared, *more))
    return with_choice(plan, declared, (other, *more))


def _truth(column: Column, notes: ColumnNotes, *, untyped: bool) -> Truth | None:
    words = said_by(column.name).all
    truth = truth_of(column, notes.profile, words, untyped=untyped)
    if notes.meaning.kind is None:
        return None
    if truth is None or truth.kind != notes.meaning.kind:
        # Somebody else said so, or the values that told it are not kept.
        said = notes.meaning.evidence[-1]
        return Truth(
            kind=notes.meaning.kind, confidence=min(notes.meaning.confidence, 0.9), evidence=said
        )
    if not notes.profile.whole:
        return msgspec.structs.replace(truth, confidence=truth.confidence - SAMPLED)
    return truth


def with_choice(plan: ColumnPlan, best: Alternative, others: tuple[Alternative, ...]) -> ColumnPlan:
    """Return the plan of a column with one way to map it, and the others beside it."""
    return msgspec.structs.replace(
        plan,
        type=best.type,
        kind=best.kind,
        precision=best.precision,
        scale=best.scale,
        changes=best.changes,
        confidence=round(best.confidence, 3),
        reasons=best.reasons,
        alternatives=others,
    )


def _with_room(plan: ColumnPlan, column: Column, profile: Profile, where: Where) -> ColumnPlan:
    """Return the plan with a type that holds every value that was seen."""
    of = column.type
    longest = profile.length_max or 0
    if of.kind == "text" and of.length and longest > of.length:
        wide = target_type(
            Type(declared="", kind="text", length=_rounded(longest) if where.indexed else None),
            where.source, where.target, indexed=where.indexed,
        )  # fmt: skip
        reason = f"{of.declared} is declared, but a text has {longest} characters."
        plan = msgspec.structs.replace(plan, type=wide.type, reasons=(*plan.reasons, reason))
    is_narrow = of.kind == "text" and not of.length and where.indexed and where.target == "mariadb"
    if is_narrow and longest and profile.bounded:
        length = max(_rounded(longest), 64)
        fits = target_type(
            Type(declared="", kind="text", length=length), where.source, where.target
        )
        reason = f"MariaDB indexes texts of a known length; the longest here has {longest}."
        plan = msgspec.structs.replace(
            plan, type=fits.type, reasons=(reason,), confidence=0.9 if length <= 768 else 0.5
        )
    if of.kind == "decimal" and of.precision is not None and _is_larger(of, profile):
        before = max(profile.digits_before or 0, of.precision - (of.scale or 0))
        after = max(profile.digits_after or 0, of.scale or 0)
        wide = target_type(
            Type(declared="", kind="decimal", precision=before + after, scale=after),
            where.source, where.target,
        )  # fmt: skip
        reason = (
            f"{of.declared} is declared, but values have {profile.digits_before} digits before "
            f"the point and {profile.digits_after} after it."
        )
        plan = msgspec.structs.replace(
            plan,
            type=wide.type,
            precision=wide.precision,
            scale=wide.scale,
            reasons=(*plan.reasons, reason),
        )
    if not plan.nullable and profile.nulls:
        reason = f"{profile.nulls} values are NULL, which a key of {where.target} does not take."
        plan = msgspec.structs.replace(plan, confidence=0.6, reasons=(*plan.reasons, reason))
    return plan


def _rounded(length: int) -> int:
    return next((size for size in (64, 128, 191, 255, 500, 768) if size >= length), length)


def _is_larger(of: Type, profile: Profile) -> bool:
    assert of.precision is not None
    scale = of.scale or 0
    before, after = profile.digits_before or 0, profile.digits_after or 0
    return before > of.precision - scale or after > scale


def _as_declared(plan: ColumnPlan, column: Column, profile: Profile) -> Alternative:
    """Return what the declaration says, with how well the values fit it."""
    confidence, reasons = plan.confidence, list(plan.reasons)
    misfits = _misfits(column, profile)
    changes = plan.changes
    mended = _mended(column, profile)
    if mended is not None:
        changes, sure, why = mended
        confidence = min(confidence, sure)
        reasons.extend(why)
    elif misfits:
        looked = max(sum(profile.stored.values()) or profile.rows, 1)
        share = misfits / looked
        confidence = min(confidence, 0.9 if share <= MISFITS_MAX else 0.5)
        reasons.append(f"{misfits} of {looked} values do not fit {column.type.declared}.")
    if plan.nullable and plan.kind in ("date", "timestamp", "timestamptz"):
        zeros = profile.patterns.get("zero_date", 0)
        if zeros:
            reasons.append(f"{zeros} dates of zeros become NULL.")
            changes = (Change(do="null_if", options={"values": [*ZEROS]}), *changes)
    broken = profile.patterns.get("not_utf8", 0)
    bare = profile.stored.get("blob", 0) if column.type.declared else 0
    if plan.kind == "text" and broken + bare:
        reasons.append(f"{broken + bare} are bytes or no UTF-8; those are read as Latin-1.")
        changes = (Change(do="latin1"), *changes)
        confidence = min(confidence, 0.85)
    return Alternative(
        kind=plan.kind,
        type=plan.type,
        precision=plan.precision,
        scale=plan.scale,
        changes=changes,
        confidence=confidence,
        reasons=tuple(reasons),
        consequences="It stays as it is declared.",
    )


def _mended(column: Column, profile: Profile) -> Made | None:
    """Return what reads values that are what is declared, but are written in another way."""
    values, kind = values_of(profile), column.type.kind
    if not values.count:
        return None
    if kind in ("date", "timestamp"):
        if values.share("epoch_seconds", "epoch_millis") >= NEARLY_ALL:
            changes, _, _ = _from_number(profile)
            return changes, 0.85, ("They are seconds or milliseconds since 1970.",)
        found = formats_of(profile, kind)
        if found.formats:
            do = Change(do=kind, options={"formats": [*found.formats]})
            return (do,), min(found.confidence, 0.95), found.reasons
    if kind == "boolean" and profile.stored.get("text"):
        said = {str(value).strip().lower() for value, _ in profile.top}
        if said and said <= TRUE_WORDS | FALSE_WORDS:
            return (_booleans(profile),), 0.95, (f"The values are: {', '.join(sorted(said))}.",)
    is_text = kind in ("decimal", "float", "integer") and profile.stored.get("text")
    written = values.share(*(NUMBERS - {"integer"}))
    if is_text and written and values.share(*NUMBERS) >= NEARLY_ALL:
        return _decimals(profile)
    return None


def _misfits(column: Column, profile: Profile) -> int:
    """Return how many values are stored as something else than what is declared (SQLite)."""
    stored = profile.stored
    if not stored or not column.type.declared:
        return 0
    strange: dict[Kind, tuple[str, ...]] = {
        "integer": ("text", "blob", "real"),
        "decimal": ("text", "blob"),
        "float": ("text", "blob"),
        "text": ("blob",),
        "bytes": ("text", "integer", "real"),
        "date": ("integer", "real", "blob"),
        "timestamp": ("integer", "real", "blob"),
        "boolean": ("blob", "real"),
    }
    return sum(stored.get(name, 0) for name in strange.get(column.type.kind, ()))


def _in_truth(column: Column, profile: Profile, truth: Truth, where: Where) -> Alternative | None:
    made = _changes(column, profile, truth)
    if made is None:
        return None
    changes, confidence, reasons = made
    to = _type_in_truth(column, profile, truth.kind, where)
    odd = _odd_first(column, profile, truth.kind)
    return Alternative(
        kind=to.kind,
        type=to.type,
        precision=to.precision,
        scale=to.scale,
        changes=(*odd, *changes),
        confidence=min(confidence, truth.confidence),
        reasons=(truth.evidence, *reasons, *((to.reason,) if to.reason else ())),
        consequences="Values that are none of it are put aside with their rows.",
    )


def _type_in_truth(column: Column, profile: Profile, kind: Kind, where: Where) -> TargetType:
    if kind == "decimal":
        after = max(profile.digits_after or 0, 2)
        precision = max((profile.digits_before or 0) + after + 2, MONEY_DIGITS)
        of = Type(declared="", kind="decimal", precision=precision, scale=after)
    else:
        of = Type(declared="", kind=kind)
    return target_type(of, where.source, where.target, indexed=where.indexed)


def _odd_first(column: Column, profile: Profile, kind: Kind) -> tuple[Change, ...]:
    """Return what takes away the words for nothing, before the rest is read."""
    nothing: list[Scalar] = []
    if column.type.kind == "text" and profile.patterns.get("empty"):
        nothing.append("")
    if kind in ("date", "timestamp", "timestamptz") and profile.patterns.get("zero_date"):
        nothing += ZEROS
    if not nothing or not column.nullable:
        return ()
    trims = (Change(do="trim"),) if profile.patterns.get("padded") else ()
    return (*trims, Change(do="null_if", options={"values": nothing}))


def _changes(column: Column, profile: Profile, truth: Truth) -> Made | None:
    """Return the changes that make the values what they are, how certain, and why."""
    is_text = column.type.kind not in ("integer", "float", "decimal")
    match truth.kind:
        case "date" | "timestamp" | "timestamptz" if not is_text:
            return _from_number(profile)
        case "date" | "timestamp":
            found = formats_of(profile, truth.kind)
            do = Change(do=truth.kind, options={"formats": [*found.formats]})
            return (do,) if found.formats else (), found.confidence, found.reasons
        case "boolean" if is_text:
            return (_booleans(profile),), 1.0, ()
        case "decimal" if is_text:
            return _decimals(profile)
        case "integer":
            return (Change(do="cast", options={"kind": "integer"}),), 1.0, ()
        case _:
            return (), 1.0, ()


def _from_number(profile: Profile) -> Made:
    values = values_of(profile)
    if values.share("date_compact") == 1.0:
        formats = Change(do="date", options={"formats": ["%Y%m%d"]})
        return (Change(do="text"), formats), 1.0, ()
    unit = "ms" if values.share("epoch_millis") > 0.5 else "s"
    return (Change(do="epoch", options={"unit": unit}),), 1.0, ()


def _booleans(profile: Profile) -> Change:
    said = [str(value).strip() for value, _ in profile.top]
    options: dict[str, Scalar | list[Scalar]] = {}
    for name, known in (("true", TRUE_WORDS), ("false", FALSE_WORDS - {""})):
        words = sorted({word for word in said if word.lower() in known})
        if words:
            options[name] = [*words]
    return Change(do="boolean", options=options)


def _decimals(profile: Profile) -> Made:
    patterns = profile.patterns
    commas = patterns.get("decimal_comma", 0) + patterns.get("thousands_point", 0)
    points = patterns.get("decimal_point", 0) + patterns.get("thousands_comma", 0)
    # 1,234 and 1.234 fit a number with a point and one with thousands.
    doubtful = min(patterns.get("decimal_comma", 0), patterns.get("thousands_comma", 0)) + min(
        patterns.get("decimal_point", 0), patterns.get("thousands_point", 0)
    )
    if commas and points and not doubtful:
        why = "Some have a comma before the decimals, others a point: the last mark of each counts."
        return (Change(do="decimal"),), 0.85, (why,)
    mark = "," if commas > points else "."
    sure = 0.7 if doubtful and doubtful >= max(commas, points) else 1.0
    doubts = () if sure == 1.0 else ("1,234 may be a thousand or a bit more than one.",)
    return (Change(do="decimal", options={"decimal": mark}),), sure, doubts


def _other_orders(chosen: Alternative, column: Column, profile: Profile) -> list[Alternative]:
    """Return the way with day and month the other way round, where values allow both."""
    found = []
    for change in chosen.changes:
        formats = change.options.get("formats")
        if not isinstance(formats, list):
            continue
        turned = [_turned(str(format)) for format in formats]
        if turned != formats and formats_of(profile, chosen.kind).both_ways:
            changes = tuple(
                msgspec.structs.replace(one, options={"formats": [*turned]})
                if one is change
                else one
                for one in chosen.changes
            )
            found.append(
                msgspec.structs.replace(
                    chosen,
                    changes=changes,
                    confidence=chosen.confidence - 0.05,
                    reasons=("Day and month the other way round fits the values as well.",),
                )
            )
    return found


def _turned(format: str) -> str:
    for one, other in (("%d/%m/", "%m/%d/"), ("%d-%m-", "%m-%d-")):
        if format.startswith(one):
            return other + format[len(one) :]
        if format.startswith(other):
            return one + format[len(other) :]
    return format
