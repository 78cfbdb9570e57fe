"""Numbers as people write them."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tenuto.teams.migration.moving.kinds import Found, is_bytes, is_text, none_fits, without
from tenuto.teams.migration.moving.options import text
from tenuto.teams.migration.plan import Change, ColumnPlan

SPACES: Final = r"[\s\x{a0}\x{202f}\x{2009}'’]"
CURRENCY: Final = r"(?:[$€£¥₹₽₩₪฿¢]|[A-Z]{3}|kr\.?|Kč|zł|Fr\.?|R\$|US\$)"
PLAIN: Final = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
COMMAS: Final = r"^[+-]?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]*)?$"
POINTS: Final = r"^[+-]?[0-9]{1,3}(\.[0-9]{3})+(,[0-9]*)?$"
TWO_POINTS: Final = r"^[+-]?[0-9]{1,3}((\.[0-9]{3})+,[0-9]*|(\.[0-9]{3}){2,})$"
COMMA: Final = r"^[+-]?[0-9]*,[0-9]+$"


def decimal(array: pa.Array, change: Change, column: ColumnPlan) -> Found:
    """Numbers as texts with a point, of texts with thousands separators, a currency, a comma,
    brackets or an ending minus for what is below zero.

    `point` names the sign before the fraction, `.` or `,`. Where it is not named, a single comma
    before three digits is one of thousands, as in 1,234; and a single point never is.
    """
    if is_bytes(array.type):
        return none_fits(array, pa.string())
    if not is_text(array.type):
        return array, ()
    plain = _bare(array)
    of = text(change, "point", "")
    grouped: tuple[str, ...] = {",": (POINTS,), ".": ()}.get(of, (TWO_POINTS,))
    ungrouped = () if of == "." else (COMMA,)
    if of != ",":
        is_commas = pc.match_substring_regex(plain, COMMAS)
        plain = pc.if_else(is_commas, pc.replace_substring(plain, ",", ""), plain)
    for form in grouped:
        swapped = pc.replace_substring(pc.replace_substring(plain, ".", ""), ",", ".")
        plain = pc.if_else(pc.match_substring_regex(plain, form), swapped, plain)
    for form in ungrouped:
        swapped = pc.replace_substring(plain, ",", ".")
        plain = pc.if_else(pc.match_substring_regex(plain, form), swapped, plain)
    if column.kind == "integer":
        plain = pc.replace_substring_regex(plain, r"\.0*$", "")
    whole = pc.replace_substring_regex(plain, r"^\+", "")
    return without(whole, pc.invert(pc.match_substring_regex(whole, PLAIN)))


def _bare(array: pa.Array) -> pa.Array:
    """Return texts without blanks and currencies, with a minus before what is below zero."""
    plain = pc.replace_substring_regex(array, SPACES, "")
    plain = pc.replace_substring_regex(plain, r"^\((.*)\)$", r"-\1")
    plain = pc.replace_substring_regex(plain, f"^([+-]?){CURRENCY}([+-]?)", r"\1\2")
    plain = pc.replace_substring_regex(plain, f"{CURRENCY}$", "")
    return pc.replace_substring_regex(plain, r"^([0-9.,]+)-$", r"-\1")
